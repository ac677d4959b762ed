/*
 * What the tests of the watcher share: the watcher, its parent, its notifier, the
 * simulated cluster.
 */
#ifndef REGRESS_WATCHER_STAGE_H
#define REGRESS_WATCHER_STAGE_H

#include "../../common/conf.h"
#include "../../common/health.h"
#include "child.h"
#include "server.h"

#define TOKEN	"t0ken-of-the-test"

/* The last health of a component that was said. */
struct said {
	char		 id[129];
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;
	bool		 paused;
	char		 detail[513];
	unsigned	 said;		/* messages so far */
};

extern struct child	 watcher;
extern struct server	 sim;
extern int		 notifier;	/* the watcher's link to it, our end */
extern bool		 asked_token;	/* MSG_SECRET_AGAIN came */
extern struct said	 last;

int	 setup(void **);
int	 teardown(void **);

/* The simulator: at this port, 0: a free one, with a bookmark each so many
 * seconds; told something. */
void	 sim_start(unsigned port, const char *bookmark);
void	 tell(const char *command, const char *json);
/* How often the text is in its state. */
unsigned state_counts(const char *text);

/* A component in a message: "id", its kind and what it watches. */
struct watch { const char *id; enum kind kind; const char *what; };
extern const struct watch api[];	/* c1, any of the name api */

/* Prepared and committed, or refused with that in the reason. */
void	 configure(const char *ns, const struct watch *, const char *token,
	    const char *refused);
/* NULL: it cannot be read. */
void	 fresh_token(const char *token);

/* Messages of that many components between BEGIN and END. */
void	 hear_all(unsigned count);
/* Either a health for the notifier, or a question to the parent; until then. */
void	 hear_either(uint64_t limit);
void	 expect_within(uint64_t ms, enum health, enum cause, unsigned ready,
	    unsigned desired);
void	 expect(enum health, enum cause, unsigned ready, unsigned desired);
/* The deployment api has its three pods, and that was heard. */
void	 start_healthy(void);

#endif
