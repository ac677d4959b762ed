/*
 * For tests: real notifiers, caged, each with the test as its parent, dialer,
 * watcher and store, and as the Instatus that it talks to.
 */
#ifndef REGRESS_NOTIFIER_ENDS_H
#define REGRESS_NOTIFIER_ENDS_H

#include "../../common/health.h"
#include "child.h"

#define CONNS		16
#define INCIDENTS	8

/* Requests, by what they ask for. */
enum step {
	PAGES, COMPONENTS, INCIDENTS_LIST,	/* GET of a list */
	CREATE, GET_INCIDENT, UPDATE, GET_COMPONENT, PUT_COMPONENT, OTHER,
	STEPS
};

/* How a request is answered, once, instead of as it should be. */
struct hostile {
	const char	*what;
	enum step	 step;
	bool		 done;		/* it does what was asked all the same */
	/* A whole answer; else the head of one whose body is `fill` repeated
	 * `times`, or a list of so many ids, its length being that of the body
	 * plus `more`.  Then the connection is closed. */
	const char	*raw, *fill;
	size_t		 times, ids;
	long		 more;
};

struct item { const char *key, *value; };

struct conn {
	int	 fd;			/* -1: none */
	size_t	 len;
	char	 in[65536];
};

struct bed {
	struct child	 child;
	int		 dialer, watcher, store;	/* our ends, -1: gone */
	unsigned	 number;			/* of the test's beds */

	/* Instatus. */
	bool		 tls;		/* the notifier is told so */
	const struct hostile *hostile;
	bool		 struck;	/* it was answered like that */
	struct conn	 conn[CONNS];
	unsigned	 nconn, asked[STEPS];
	char		 other[1024];	/* the last request of that kind */
	bool		 clear_text;	/* a connection began with a request */
	struct {
		char	 started[40], updated[40], name[64];
		bool	 open;
	} incident[INCIDENTS];
	unsigned	 nincident;
	char		 status[2][32];	/* of c0 and c1 */

	/* The store. */
	const struct item *items;	/* what it has, until a NULL key */
	bool		 loaded;
	unsigned	 nput;
	char		 put[1024];	/* keys */

	/* The parent. */
	bool		 hung[ROLE_MAX], ponged, shown, listed;
	unsigned	 nkey_again;
	char		 rows[65536];	/* of a list */
};

/* Started, linked, with a configuration of the components c0 and c1, and a store
 * that has these items. */
void	 bed_open(struct bed *, unsigned number, bool tls,
	    const struct item *);
/* It still answers, and ends as it should. */
void	 bed_close(struct bed *);
/* The beds that pump() looks after. */
extern struct bed *beds;
extern unsigned	 nbed;

/* Takes what they say and answers it, waiting for it at most so long. */
void	 pump(unsigned ms);
#define WAIT(bed, cond)							\
	do {								\
		uint64_t limit = ticks() + CHILD_PATIENCE;		\
									\
		while (!(cond)) {					\
			if (ticks() > limit)				\
				bed_fail(bed, #cond);			\
			pump(20);					\
		}							\
	} while (0)
void	 bed_fail(struct bed *, const char *what) __attribute__((noreturn));

void	 watcher_says(struct bed *, unsigned component, enum health);
/* The store speaks for it, or not. */
void	 store_says(struct bed *, bool reachable, bool speaks);
void	 store_item(struct bed *, uint32_t id, const char *key,
	    const void *value, size_t len);

#endif
