/* From the health of several workloads to that of their component. */
#include <limits.h>

#include "health_local.h"

/* Where a health stands among others of the same component. */
static int
merge_rank(const struct health_view *v)
{
	switch (v->health) {
	case HEALTH_UNKNOWN:
		if (v->cause == CAUSE_DELETED)
			return (0);
		if (v->cause == CAUSE_STARTING)
			return (1);
		return (5);	/* not known to be well, so not said to be */
	case HEALTH_IDLE:
		return (2);
	case HEALTH_OK:
		return (3);
	case HEALTH_ROLLING:
		return (4);
	default:
		return (6 + (int)v->health - HEALTH_DEGRADED);
	}
}

void
health_merge(struct health_view *a, const struct health_view *b,
    const struct health_rules *rules, bool pooled)
{
	struct health_view	 old = *a;
	int			 ra = merge_rank(a), rb = merge_rank(b);

	/* What is paused says nothing beside what is not. */
	if (a->paused != b->paused) {
		if (a->paused)
			*a = *b;
		return;
	}
	if (rb > ra)
		*a = *b;
	else if (rb == ra && (a->health == HEALTH_OK ? b->since > a->since :
	    b->since < a->since))
		a->since = b->since;
	a->ready = old.ready > UINT_MAX - b->ready ? UINT_MAX :
	    old.ready + b->ready;
	a->desired = old.desired > UINT_MAX - b->desired ? UINT_MAX :
	    old.desired + b->desired;
	if (pooled && a->health >= HEALTH_DEGRADED && a->ready < a->desired)
		a->health = health_by_threshold(a->ready, a->desired, rules);
	a->look_again = old.look_again;
	if (b->look_again != 0)
		health_look_again(a, b->look_again);
}

void
health_settle(struct health_view *v, struct health_memory *m, uint64_t latest)
{
	if (v->health == HEALTH_UNKNOWN)
		return;
	if (m->health == v->health) {
		v->since = m->since;
		return;
	}
	if (v->health < m->health && latest > v->since)
		v->since = latest;
	m->health = v->health;
	m->since = v->since;
}
