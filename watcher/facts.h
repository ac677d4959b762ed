/*
 * What matters of an object before it is judged: the same whatever it was
 * encoded in.  Decoders fill it in, object_conclude makes a struct object of it.
 */
#ifndef KANATA_WATCHER_FACTS_H
#define KANATA_WATCHER_FACTS_H

#include <jansson.h>
#include <string.h>

#include "object.h"

/* Borrowed and not NUL-terminated, but valid UTF-8 without a NUL.  p NULL: it is
 * missing. */
struct text {
	const char	*p;
	size_t		 len;
};

static inline bool
text_is(struct text t, const char *s)
{
	return (t.p != NULL && strlen(s) == t.len &&
	    memcmp(t.p, s, t.len) == 0);
}

/* Of all the conditions of all kinds, those that anybody reads. */
enum condition {
	CONDITION_READY,
	CONDITION_CONTAINERS_READY,
	CONDITION_SCHEDULED,
	CONDITION_PROGRESSING,
	CONDITION_AVAILABLE,
	CONDITION_REPLICA_FAILURE,
	CONDITION_COMPLETE,
	CONDITION_FAILED,
	CONDITION_MAX
};

/* All zero: there is none of that type. */
struct fact_condition {
	struct text	 status, reason, message;
	uint64_t	 since;		/* ms; lastTransitionTime */
};

struct fact_ended {
	bool		 there;
	int		 exit_code;
	struct text	 reason;
};

struct fact_container {
	struct text	 name, image, waiting_reason, waiting_message;
	bool		 ready;
	int		 restarts;
	struct fact_ended ended, last;	/* state, lastState */
};

/* IntOrString: text if that is there, else number. */
struct fact_amount {
	struct text	 text;
	int		 number;
};

/* Numbers are cut to 0 and INT_MAX; -1: missing. */
struct facts {
	/* metadata */
	struct text	 name, ns, uid, version;
	struct text	 owner, owner_api, owner_kind, owner_uid;
	struct text	 template_hash, revision_hash;	/* labels */
	struct text	 revision;			/* an annotation */
	uint64_t	 created;
	bool		 deleted, paused;
	struct text	 initial_end;	/* annotation of a bookmark */

	/* A workload's spec and status. */
	struct text	 strategy;
	struct fact_amount max_unavailable, max_surge;
	int		 replicas, min_ready, deadline, partition;
	bool		 suspend;
	int		 status_replicas, updated, observed, scheduled;
	struct text	 current_revision, update_revision;

	/* A pod's status. */
	struct text	 phase, reason, message;
	uint64_t	 started;
	/* The first container that says why it is not ready, of the init
	 * containers and of the others, and the first that ran out of memory. */
	struct fact_container init, main, starved;
	bool		 has_init, has_main, has_starved;

	struct fact_condition condition[CONDITION_MAX];
};

void		 facts_init(struct facts *);
/* Fills in everything.  From protobuf: false if it is none. */
void		 facts_read_json(struct facts *, enum resource, const json_t *);
bool		 facts_read_wire(struct facts *, enum resource, const void *,
		    size_t);

/* -- for these two ------------------------------------------------------------- */

/* CONDITION_MAX if nobody reads it. */
enum condition	 facts_condition(struct text type);
/* One container, in the order of the API. */
void		 facts_container(struct facts *, const struct fact_container *,
		    bool init);
/* One label or annotation.  The value is looked at only if it is wanted. */
struct text	*facts_label(struct facts *, struct text key);
struct text	*facts_annotation(struct facts *, struct text key);
/* One owner reference, of the controller; the first one counts. */
bool		 facts_wants_owner(const struct facts *, struct text kind);
/* Cut to what the numbers above may be. */
int		 facts_number(int64_t);

/* -- what it means ------------------------------------------------------------- */

/* NULL, or a static text that says what is wrong.  The object borrows of the
 * facts only what its labels are in, which the caller sets. */
const char	*object_conclude(struct object *, enum resource,
		    const struct facts *);
/* For object.c: what a pod's status says. */
void		 object_conclude_pod(struct object *, const struct facts *);

#endif
