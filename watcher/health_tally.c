/*
 * What one look at the pods of a workload finds: how many serve, and which of
 * the others explains best what is wrong.
 */
#include <string.h>

#include "health_local.h"

int
cause_rank(enum cause cause)
{
	switch (cause) {
	case CAUSE_IMAGE:
		return (9);
	case CAUSE_CONFIG:
		return (8);
	case CAUSE_OOM:
		return (7);
	case CAUSE_CRASH_LOOP:
		return (6);
	case CAUSE_NODE_LOST:
		return (5);
	case CAUSE_UNSCHEDULABLE:
		return (4);
	case CAUSE_FAILED:
		return (3);
	case CAUSE_EVICTED:
		return (2);
	case CAUSE_NOT_READY:
		return (1);
	default:
		return (0);
	}
}

bool
cause_is_bad(enum cause cause)
{
	return (cause == CAUSE_IMAGE || cause == CAUSE_CONFIG ||
	    cause == CAUSE_OOM || cause == CAUSE_CRASH_LOOP);
}

uint64_t
pod_changed(const struct pod_state *p)
{
	return (p->ready_since > p->created ? p->ready_since : p->created);
}

/* The name decides between equals, so that the order of the pods never shows. */
void
pod_keep_worse(struct pod_state *a, const struct pod_state *b)
{
	int	 ra, rb;

	if (a->name != NULL) {
		ra = cause_rank(a->cause);
		rb = cause_rank(b->cause);
		if (ra != rb ? ra > rb : strcmp(a->name, b->name) <= 0)
			return;
	}
	*a = *b;
}

const struct pod_state *
pod_or_null(const struct pod_state *p)
{
	return (p->name == NULL ? NULL : p);
}

void
tally_add(struct tally *t, const struct pod_state *p,
    const struct workload_state *w, const struct health_rules *rules,
    uint64_t now, struct health_view *out)
{
	bool	 waits = p->ready && p->ready_since + w->min_ready > now;

	if (pod_changed(p) > t->changed)
		t->changed = pod_changed(p);
	/* Ready, but not for as long as it takes, it has not served yet. */
	if (waits)
		health_look_again(out, p->ready_since + w->min_ready);
	else if (p->was_ready)
		t->was_ready = true;
	if (p->terminating || p->succeeded || p->failed) {
		if (p->failed || p->terminating)
			pod_keep_worse(&t->gone, p);
		return;
	}
	t->live++;
	if (p->fresh)
		t->live_fresh++;
	if (p->ready) {
		t->starting += waits;
		t->available += !waits;
		return;
	}
	pod_keep_worse(&t->worst, p);
	if (p->fresh)
		pod_keep_worse(&t->worst_fresh, p);
	if (p->was_ready || cause_is_bad(p->cause) ||
	    now >= p->created + rules->first_ready_within)
		return;
	t->starting++;
	if (t->starting_until == 0 || p->created + rules->first_ready_within <
	    t->starting_until)
		t->starting_until = p->created + rules->first_ready_within;
}
