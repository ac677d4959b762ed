/*
 * The etcd engine, inside: shared by etcd.c (configuration, requests of the
 * notifier), etcd_say.c (what holds), etcd_call.c (one request to one node),
 * etcd_elect.c (login, lease, leadership), etcd_write.c (changes on their way),
 * etcd_shared.c and etcd_watch.c (what all replicas share).
 */
#ifndef KANATA_STORE_ETCD_H
#define KANATA_STORE_ETCD_H

#include <event2/event.h>

#include "../common/clock.h"
#include "../common/conf.h"
#include "../common/http.h"
#include "etcd_json.h"
#include "state.h"

#define ETCD_TIME_LIMIT		5000	/* ms for a request */
#define ETCD_LEASE_SECONDS	10
#define ETCD_LEASE_MARGIN	1000	/* ms of it that are not used */
#define ETCD_BACKOFF_MIN	200U	/* ms */
#define ETCD_BACKOFF_MAX	5000U
#define ETCD_BATCH		60	/* keys of a transaction; etcd takes 128 */
#define ETCD_BATCH_BYTES	(512 * 1024)

/* At most one request at a time in each. */
enum etcd_lane { LANE_ELECT, LANE_WRITE, LANE_SHARED, LANE_MAX };

struct etcd;
/* reply is borrowed and NULL unless ETCD_OK; text is untrusted. */
typedef void	(*etcd_done_fn)(struct etcd *, enum etcd_error,
		    const json_t *reply, const char *text);

struct etcd_call {
	struct etcd	*etcd;
	struct http_request *request;	/* NULL: the lane is free */
	unsigned	 node;
	uint64_t	 sent;		/* clock_boottime() */
	unsigned	 limit;		/* ms */
	bool		 had_token, is_login;
	etcd_done_fn	 done;
};

struct etcd_secret { char *data; size_t len; };
enum { ETCD_PASSWORD, ETCD_CA, ETCD_CERT, ETCD_KEY, ETCD_SECRETS };

struct etcd_node {
	char		*host;
	unsigned	 port;
	bool		 tls;
	struct http_server *server;
};

/* A put or delete that the notifier waits for. */
struct waiter {
	TAILQ_ENTRY(waiter) entry;
	uint32_t	 id;
	struct item	*item;
	uint64_t	 version;
	uint64_t	 until;		/* clock_ticks() */
};

/* A transaction on its way, or whose end is not known. */
struct flight {
	struct item	*item;
	struct value	*value;		/* NULL: delete */
	uint64_t	 version;
};

/* What was last said in the log. */
enum etcd_say {
	SAY_NOTHING, SAY_AWAY, SAY_ELECTION, SAY_FOLLOWER, SAY_LOAD, SAY_LEADER,
	SAY_FULL, SAY_OBSERVER
};

struct etcd {
	struct event_base *base;
	char		 identity[320];	/* of this process, JSON */
	char		 daemon[65];	/* of its parent; "": not known */

	/* etcd.c */
	char		*instance;	/* NULL: no configuration yet */
	char		*leader_key, *last_key, *state_prefix, *shared_prefix;
	bool		 publish;	/* on_loss */
	bool		 observe;
	char		*user;		/* "": no authentication */
	struct etcd_secret secret[ETCD_SECRETS], next[ETCD_SECRETS];
	struct etcd_node node[CONF_NODES_MAX];
	unsigned	 nnode;
	struct state	 state;
	bool		 loaded;	/* state is what stands in etcd, and newer */
	bool		 told;		/* the notifier has been given it */
	bool		 load_again;	/* ... but another led since */
	bool		 silenced;	/* ... and it was told to be silent */
	enum etcd_say	 said;
	bool		 said_speaks;
	unsigned	 said_again;	/* other troubles of the same kind */
	char		 said_reason[ETCD_TEXT_MAX];
	uint32_t	 load_id;	/* a load that waits for leadership */
	bool		 load_waits;

	/* etcd_call.c */
	struct etcd_call call[LANE_MAX];
	unsigned	 current;	/* node */
	unsigned	 failures;	/* in a row */
	bool		 reachable;
	char		*token;
	bool		 auth_off;	/* there is a user, but etcd wants none */
	bool		 token_suspect;	/* logged in anew for this trouble */
	char		 trouble[ETCD_TEXT_MAX];	/* "node: reason" */
	const char	*reason;	/* in trouble */

	/* etcd_elect.c */
	struct event	*elect_timer;
	struct event	*quiet_timer;	/* at the end of the lease */
	int64_t		 lease;		/* 0: none */
	uint64_t	 lease_end;	/* clock_boottime(), margin taken off */
	uint64_t	 keepalive_at;	/* clock_boottime() */
	int64_t		 leader_revision; /* create_revision; 0: not the leader */
	int64_t		 last_modified;	/* mod_revision of the last-leader key */
	bool		 last_foreign;	/* ... and it was another process */
	bool		 check;		/* is the election key still ours? */
	bool		 pulled;	/* the state was read since the election */
	bool		 led;		/* was leader, and saw no other since */
	bool		 resign;	/* the end: give the lead back */
	bool		 revoke;	/* the lease is of no use: give it back */
	char		 leader[400];	/* who else leads; "" if nobody */
	struct { char host[65]; unsigned pid; uint64_t since; }
			 leads;		/* who, this process or that one */

	/* etcd_write.c */
	struct event	*write_timer, *wait_timer;
	TAILQ_HEAD(, item) dirty;
	TAILQ_HEAD(, waiter) waiters;
	unsigned	 ndirty, nwaiter;
	struct flight	 flight[ETCD_BATCH];
	unsigned	 nflight;
	unsigned	 conflicts;	/* in a row */
	bool		 full;		/* etcd is out of space */
	bool		 warned;	/* that changes are held in memory */

	/* etcd_shared.c */
	struct event	*shared_timer;	/* pending: wait before the next try */
	struct event	*shared_deadline; /* of who waits */
	struct state	 shared;	/* the copy; wanted is what stands there */
	TAILQ_HEAD(, shared_write) shared_writes;
	unsigned	 nshared_write;
	bool		 shared_fresh;	/* read, or followed since */
	bool		 shared_known;	/* read since the start or the election */
	bool		 shared_told;	/* the notifier has all of it */
	bool		 shared_gone;	/* it remembers what we deleted */
	int64_t		 shared_revision; /* of the reading */

	/* etcd_watch.c */
	struct event	*watch_timer;	/* pending: wait before the next */
	struct http_request *watch;
	unsigned	 watch_node, watch_failures;	/* in a row */
	bool		 watch_suspect;	/* there was trouble since it began */
	struct event	*watch_deadline; /* pending: it has not answered yet */
	char		*watch_text;	/* the beginning of a message */
	size_t		 watch_len, watch_size;
	char		 watch_trouble[ETCD_TEXT_MAX];
};

/* etcd_say.c */
/* Tells main.c what holds now. */
void	 etcd_update(struct etcd *);

/* etcd.c */
/* True: this process is the leader, and its lease has not ended. */
bool	 etcd_leads(const struct etcd *);
/* True: changes are held in memory, since etcd does not take them now. */
bool	 etcd_goes_on(const struct etcd *);
/* True: the notifier may go by what is in memory. */
bool	 etcd_knows(const struct etcd *);
/* Answers a load that waits, if it can be answered now. */
void	 etcd_answer_load(struct etcd *);

/* etcd_call.c */
/* Posts the body, which is taken; the lane must be free.  Not called back when
 * cancelled. */
void	 etcd_call(struct etcd *, enum etcd_lane, const char *path, json_t *body,
	    unsigned limit, etcd_done_fn);
bool	 etcd_busy(const struct etcd *, enum etcd_lane);
void	 etcd_cancel(struct etcd *, enum etcd_lane);
/* Milliseconds to wait after an error before the next try. */
unsigned etcd_delay(const struct etcd *, enum etcd_error);
void	 etcd_forget_token(struct etcd *);
/* True: log in before anything else is asked. */
bool	 etcd_needs_login(const struct etcd *);

/* etcd_elect.c */
void	 etcd_elect_init(struct etcd *);
/* Takes the next step towards leadership, now. */
void	 etcd_elect_step(struct etcd *);
/* Takes the same step again, when it is worth it. */
void	 etcd_elect_again(struct etcd *, enum etcd_error);
/* This process does not lead, and another may: looks. */
void	 etcd_elect_deposed(struct etcd *, const char *why);
/* Another leads or led: what is in memory is not what counts. */
void	 etcd_elect_lost(struct etcd *);
/* Gives the lead back, so that another one need not wait for the lease to end, and
 * exits. */
void	 etcd_elect_resign(struct etcd *);
/* The connections were made anew: whatever was asked is forgotten. */
void	 etcd_elect_restart(struct etcd *);

/* etcd_pull.c */
void	 etcd_pull(struct etcd *);

/* etcd_leader.c */
/* What the election key holds while this process leads, with since when; its
 * length. */
size_t	 etcd_leader_value(const struct etcd *, char *buf, size_t);
bool	 etcd_leader_is_self(const struct etcd *, const char *value);
/* Remembers who it is. */
void	 etcd_leader_read(struct etcd *, const struct etcd_kv *);
struct leader_view;
void	 etcd_leader_show(const struct etcd *, struct leader_view *);

/* etcd_shared.c */
#define SHARED_VALUE_MAX	16384
void	 etcd_shared_init(struct etcd *);
/* Sends or reads what is to be, if it can be now. */
void	 etcd_shared_step(struct etcd *);
/* Takes the value. */
void	 etcd_shared_put(struct etcd *, uint32_t id, const char *key,
	    struct value *);
/* A key, as a range or the watch tells. */
void	 etcd_shared_apply(struct etcd *, const struct etcd_kv *, bool deleted);
/* The watch tells of nothing older any more. */
void	 etcd_shared_passed(struct etcd *, int64_t revision);
/* Gives all of it to the notifier, if it is known. */
void	 etcd_shared_tell(struct etcd *);
/* The notifier is gone. */
void	 etcd_shared_forget(struct etcd *);
/* Reads all of it before anything is answered: this process was elected. */
void	 etcd_shared_again(struct etcd *);
/* The connections are made anew. */
void	 etcd_shared_restart(struct etcd *);

/* etcd_watch.c */
void	 etcd_watch_init(struct etcd *);
/* Watches, at the node in use. */
void	 etcd_watch_step(struct etcd *);
void	 etcd_watch_stop(struct etcd *);

/* etcd_write.c */
void	 etcd_write_init(struct etcd *);
/* Sends what is to be written, if it can be. */
void	 etcd_write_step(struct etcd *);
/* Takes the value. */
void	 etcd_write_put(struct etcd *, uint32_t id, const char *key,
	    struct value *);
/* After what is stored, or wanted, of an item has changed: is it to be written?
 * Frees the item if nothing is left of it. */
void	 etcd_write_settle(struct etcd *, struct item *);
/* The transaction on its way is given up; its end is not known. */
void	 etcd_write_abandon(struct etcd *);
/* Nobody waits any more. */
void	 etcd_write_forget(struct etcd *);
/* Fails everybody who waits, forgets all changes and all that is stored. */
void	 etcd_write_drop(struct etcd *, const char *why);

#endif
