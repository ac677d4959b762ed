/*
 * For tests: a real store, caged, with the test as its parent, notifier and
 * dialer; and the simulated etcd that it can be put on.
 */
#ifndef REGRESS_STORE_ENDS_H
#define REGRESS_STORE_ENDS_H

#include "../../common/show.h"
#include "child.h"
#include "server.h"

#define IDS		512

/* One store and all that it said. */
struct store {
	struct child	 child;
	int		 notifier, dialer;	/* our ends, -1: none */
	unsigned	 port[2];		/* of etcd node 1 and 2; 0: refuse */
	bool		 reachable, speaks;
	uint64_t	 until;
	char		 text[600];
	unsigned	 nstate;
	char		 answer[IDS];		/* D, F or L, by id */
	char		 why[600];		/* of the last failure */
	char		 items[8192];		/* of the last load, key=value; */
	char		 shared[8192];		/* what it tells, key=value; */
	bool		 shared_known;
	unsigned	 nsecret_again;
	bool		 prepared, refused, shown;
	char		 leader[128];		/* enum leader, host */
	uint64_t	 leader_pid, leader_since, leader_left;
	char		 rows[4096];
};

extern struct store	 a, b;
extern struct server	 sim;
extern char		 dir[64];	/* of the test that runs */

/* Before and after each test. */
int	 setup(void **);
int	 teardown(void **);
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Takes what the stores say, waiting for it at most so long. */
void	 pump(unsigned ms);
void	 pump_for(unsigned ms);

#define WAIT(what)							\
	do {								\
		uint64_t limit = ticks() + CHILD_PATIENCE;		\
									\
		while (!(what)) {					\
			if (ticks() > limit)				\
				fail_msg("not within %u ms: %s; a: %s; "	\
				    "b: %s", CHILD_PATIENCE, #what,	\
				    a.text, b.text);			\
			pump(20);					\
		}							\
	} while (0)
#define HAS(text, part)							\
	do {								\
		if (strstr(text, part) == NULL)				\
			fail_msg("no \"%s\" in \"%s\"", part, text);	\
	} while (0)

void	 store_start(struct store *, const char *argument);
void	 store_kill(struct store *);

struct settings {
	const char	*instance, *user, *password;
	unsigned	 nodes;		/* 0: embedded */
	enum on_loss	 on_loss;
	bool		 observe;
	const char	*ca;		/* file; node 1 over TLS */
};
extern const struct settings embedded, publish, hold, with_user;

/* Prepares; commits unless it was refused. */
void	 configure(struct store *, const struct settings *);
void	 send_secret(struct store *, enum message_type, enum secret,
	    const char *);
void	 load(struct store *, uint32_t id);
/* Loads and expects this, "key=value;" for each. */
void	 loads(struct store *, uint32_t id, const char *want);
/* A NULL value deletes. */
void	 put(struct store *, uint32_t id, const char *key, const char *value);
/* ... and expects D or F. */
void	 put_is(struct store *, uint32_t id, const char *key,
	    const char *value, char want);
/* The same of what all replicas share. */
void	 share(struct store *, uint32_t id, const char *key,
	    const char *value);
/* The last that was told of the key; "": it is not there, NULL: nothing. */
const char *shared_value(const struct store *, const char *key);
/* What kanatactl would be shown, into rows. */
void	 show(struct store *);

#define KEY(name)	"/kanata/t/" name
void	 sim_start(const char *user);
/* The same over TLS, with a certificate that is made for it. */
void	 sim_start_tls(const char *cert, const char *key);
/* A control command of the simulator. */
void	 command(const char *name, const char *arguments);
/* What the key holds there: the JSON from its name on, "" if it is not there. */
/* What it says of itself, as JSON; until the next call. */
const char *sim_state(void);
const char *sim_key(const char *key);
bool	 sim_holds(const char *key, const char *value);
/* How often the key was written. */
long	 sim_version(const char *key);
/* Started, configured, its node being the simulator. */
void	 store_on_sim(struct store *, const struct settings *);

#endif
