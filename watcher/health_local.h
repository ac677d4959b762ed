/* What the files of the rules of health share. */
#ifndef KANATA_WATCHER_HEALTH_LOCAL_H
#define KANATA_WATCHER_HEALTH_LOCAL_H

#include "health.h"

/* What one look at the pods of a workload found. */
struct tally {
	unsigned	 live;		/* neither ending nor ended */
	unsigned	 live_fresh;
	unsigned	 available;	/* ready, and for minReadySeconds */
	unsigned	 starting;	/* new, nothing wrong with them yet ... */
	uint64_t	 starting_until; /* ... before this time; 0: for ever */
	bool		 was_ready;	/* one of them was ready once */
	uint64_t	 changed;	/* the last change of any of them */
	struct pod_state worst;		/* that lacks; name NULL: none does */
	struct pod_state worst_fresh;	/* of the newest revision */
	struct pod_state gone;		/* failed or ending */
};

/* health.c */
enum health	 health_by_threshold(unsigned ready, unsigned desired,
		    const struct health_rules *);
/* At that time, or earlier if something else wants it. */
void		 health_look_again(struct health_view *, uint64_t when);

/* health_tally.c */
/* The higher, the better it explains what is wrong. */
int		 cause_rank(enum cause);
/* It will not become ready by waiting. */
bool		 cause_is_bad(enum cause);
/* When, by the cluster's timestamps; ms. */
uint64_t	 pod_changed(const struct pod_state *);
/* Keeps in a the one that explains more. */
void		 pod_keep_worse(struct pod_state *a, const struct pod_state *);
/* NULL if there is none. */
const struct pod_state *pod_or_null(const struct pod_state *);
/* Counts one; out is told when to look again. */
void		 tally_add(struct tally *, const struct pod_state *,
		    const struct workload_state *, const struct health_rules *,
		    uint64_t now, struct health_view *out);

#endif
