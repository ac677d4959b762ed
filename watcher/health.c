/*
 * The rules of health (DESIGN.md section 3).  Pure.
 *
 * What counts is capacity: how many of the wanted replicas can serve.  Pods that
 * were deleted, drained, evicted or completed are not looked at for themselves.
 */
#include <stdio.h>
#include <string.h>

#include "health_local.h"

/* The pods of a workload, one at a time. */
struct pods {
	health_pod_fn	 pod;
	const void	*arg;
	size_t		 n;
};

void
health_look_again(struct health_view *out, uint64_t when)
{
	if (out->look_again == 0 || when < out->look_again)
		out->look_again = when;
}

static void
blame(struct health_view *out, const struct pod_state *p)
{
	if (p == NULL || p->name[0] == '\0')
		return;
	snprintf(out->detail, sizeof(out->detail), "pod %s: %s", p->name,
	    p->detail[0] != '\0' ? p->detail :
	    cause_name(p->cause == CAUSE_NONE ? CAUSE_NOT_READY : p->cause));
}

static void
say_unknown(struct health_view *out, enum cause cause)
{
	out->health = HEALTH_UNKNOWN;
	out->cause = cause;
}

/*
 * The health is said; since is when the cluster says that it began, 0 if it does
 * not.  As long as it is the same, the first since holds.
 */
static void
remember(struct health_view *out, struct health_memory *m, uint64_t since,
    uint64_t now)
{
	if (out->health == HEALTH_UNKNOWN) {
		if (m->unknown_since == 0)
			m->unknown_since = now;
		out->since = m->unknown_since;
		return;
	}
	m->unknown_since = 0;
	if (out->health == HEALTH_OK || out->health == HEALTH_IDLE ||
	    out->health == HEALTH_ROLLING)
		m->was_healthy = true;
	if (m->health != out->health) {
		if (since == 0 || since > now)
			since = now;
		if (m->health != HEALTH_UNKNOWN && since < m->since)
			since = m->since;
		m->health = out->health;
		m->since = since > now ? now : since;
	}
	out->since = m->since;
}

/*
 * Never healthy yet, and still within the time that it has for that.  The
 * cluster's own timestamps decide, so that a restart of Kanata does not start
 * the time anew.
 */
static bool
still_first_start(const struct workload_state *w, const struct tally *t,
    const struct health_rules *rules, uint64_t now,
    const struct health_memory *m, struct health_view *out)
{
	uint64_t	 until;

	if (m->was_healthy || w->completed || t->was_ready)
		return (false);
	until = (w->created != 0 ? w->created : m->first_seen) +
	    rules->first_ready_within;
	if (now >= until)
		return (false);
	health_look_again(out, until);
	return (true);
}

/*
 * A rollout that does not get on: returns why, else CAUSE_NONE.  The since of
 * that goes to *since.
 */
static enum cause
rollout_stuck(const struct workload_state *w, const struct tally *t, bool rolling,
    const struct health_rules *rules, uint64_t now, uint64_t *since,
    struct health_view *out)
{
	const struct pod_state	*p = pod_or_null(&t->worst_fresh);
	bool			 bad = p != NULL && cause_is_bad(p->cause);

	if (!w->deadline && !rolling)
		return (CAUSE_NONE);
	if (bad) {
		*since = pod_changed(p);
		return (p->cause);
	}
	if (w->replica_failure) {
		*since = w->progress_since;
		return (CAUSE_CREATE);
	}
	if (w->deadline) {
		*since = w->progress_since;
		return (p != NULL && cause_rank(p->cause) > 1 ? p->cause :
		    CAUSE_STUCK);
	}
	if (w->has_deadline || p == NULL)
		return (CAUSE_NONE);
	if (now >= p->created + rules->first_ready_within) {
		*since = p->created + rules->first_ready_within;
		return (CAUSE_STUCK);
	}
	health_look_again(out, p->created + rules->first_ready_within);
	return (CAUSE_NONE);
}

static enum cause
missing_cause(const struct workload_state *w, const struct tally *t)
{
	if (t->worst.name != NULL && t->worst.cause != CAUSE_NONE)
		return (t->worst.cause);
	if (w->replica_failure)
		return (CAUSE_CREATE);
	if (t->gone.name != NULL && t->gone.cause != CAUSE_NONE)
		return (t->gone.cause);
	return (CAUSE_NOT_READY);
}

/*
 * More are wanted than before and what was there still serves: that is growth,
 * not an outage, for as long as a first start may take.
 */
static bool
growing(const struct tally *t, unsigned desired, const struct health_rules *rules,
    uint64_t now, struct health_memory *m, struct health_view *out)
{
	if ((m->health != HEALTH_OK && m->health != HEALTH_IDLE) ||
	    desired <= m->desired || t->available < m->desired) {
		m->grown = 0;
		return (false);
	}
	if (t->live - t->available > t->starting)
		return (false);
	if (m->grown == 0)
		m->grown = now;
	if (now >= m->grown + rules->first_ready_within)
		return (false);
	health_look_again(out, m->grown + rules->first_ready_within);
	if (t->starting_until != 0)
		health_look_again(out, t->starting_until);
	return (true);
}

enum health
health_by_threshold(unsigned ready, unsigned desired,
    const struct health_rules *rules)
{
	if (ready == 0)
		return (HEALTH_MAJOR);
	return ((uint64_t)ready * 100 < (uint64_t)desired * rules->partial_below ?
	    HEALTH_PARTIAL : HEALTH_DEGRADED);
}

/* Without a count: the pods of one revision, or those that serve if more. */
static unsigned
count_wanted(const struct workload_state *w, const struct tally *t)
{
	unsigned	 n;

	if (w->counted)
		return (w->desired);
	n = t->live - t->live_fresh;
	if (t->live_fresh > n)
		n = t->live_fresh;
	return (t->available > n ? t->available : n);
}

/* Capacity is missing and no rollout is stuck. */
static void
judge_missing(const struct workload_state *w, const struct tally *t, bool rolling,
    const struct health_rules *rules, uint64_t now, struct health_memory *m,
    struct health_view *out)
{
	unsigned	 minimum = w->counted ? w->minimum : 1;
	unsigned	 missing = out->desired - out->ready;

	if (growing(t, out->desired, rules, now, m, out)) {
		out->health = m->health;
		out->cause = CAUSE_STARTING;
		return;
	}
	/* The last pods of a rollout start when the cluster counts it as done. */
	if (!rolling && m->health == HEALTH_ROLLING && missing <= t->starting &&
	    (t->worst.name == NULL || !cause_is_bad(t->worst.cause))) {
		rolling = true;
		if (t->starting_until != 0)
			health_look_again(out, t->starting_until);
	}
	out->cause = missing_cause(w, t);
	if (rolling && t->available >= minimum)
		out->health = HEALTH_ROLLING;
	else
		out->health = health_by_threshold(out->ready, out->desired,
		    rules);
	blame(out, t->worst.name != NULL ? &t->worst : pod_or_null(&t->gone));
}

/* When the missing capacity went, by the cluster's timestamps. */
static uint64_t
missing_since(const struct workload_state *w, const struct tally *t,
    const struct health_view *out, const struct health_memory *m)
{
	/* Pods that are not there bear no timestamp: it was seen just now. */
	if (t->live < out->desired && m->health != HEALTH_UNKNOWN &&
	    out->health != m->health && out->health >= HEALTH_DEGRADED)
		return (0);
	if (w->unavailable_since != 0 && out->health == HEALTH_MAJOR &&
	    (out->desired == 1 || t->changed == 0 || t->live < out->desired))
		return (w->unavailable_since);
	return (t->changed);
}

static void
judge_replicas(const struct workload_state *w, const struct pods *pods,
    const struct health_rules *rules, uint64_t now, struct health_memory *m,
    struct health_view *out)
{
	struct tally	 t;
	struct pod_state p;
	enum cause	 stuck;
	uint64_t	 since;
	bool		 rolling;
	size_t		 i;

	memset(&t, 0, sizeof(t));
	for (i = 0; i < pods->n; i++) {
		pods->pod(pods->arg, i, &p);
		tally_add(&t, &p, w, rules, now, out);
	}
	out->desired = count_wanted(w, &t);
	out->ready = t.available < out->desired ? t.available : out->desired;
	rolling = w->counted ? w->rolling :
	    t.live_fresh > 0 && t.live_fresh < t.live;

	if (!w->counted && t.live == 0) {
		/* Scaled down, deleted or moved: nobody can tell. */
		say_unknown(out, m->was_healthy ? CAUSE_DELETED : CAUSE_STARTING);
		remember(out, m, 0, now);
		return;
	}
	if (out->desired == 0) {
		out->health = HEALTH_IDLE;
		m->desired = 0;
		m->grown = 0;
		remember(out, m, 0, now);
		return;
	}
	since = t.changed;
	stuck = rollout_stuck(w, &t, rolling, rules, now, &since, out);
	if (out->ready < out->desired &&
	    still_first_start(w, &t, rules, now, m, out)) {
		say_unknown(out, CAUSE_STARTING);
		blame(out, pod_or_null(&t.worst));
	} else if (stuck != CAUSE_NONE) {
		out->health = out->ready == out->desired ? HEALTH_DEGRADED :
		    health_by_threshold(out->ready, out->desired, rules);
		out->cause = stuck;
		if (out->health == HEALTH_MAJOR && t.changed > since)
			since = t.changed;
		if (t.worst_fresh.name != NULL)
			blame(out, &t.worst_fresh);
		else
			snprintf(out->detail, sizeof(out->detail),
			    "the rollout makes no progress");
	} else if (out->ready == out->desired) {
		out->health = HEALTH_OK;
		m->desired = out->desired;
		m->grown = 0;
	} else {
		judge_missing(w, &t, rolling, rules, now, m, out);
		since = missing_since(w, &t, out, m);
	}
	remember(out, m, since, now);
}

/* A pod that nothing replaces: the one that was named. */
static void
judge_pod(const struct workload_state *w, const struct pod_state *p,
    const struct health_rules *rules, uint64_t now, struct health_memory *m,
    struct health_view *out)
{
	struct tally	 t;
	uint64_t	 since = pod_changed(p);

	memset(&t, 0, sizeof(t));
	t.was_ready = p->was_ready;
	out->desired = 1;
	if (p->succeeded) {
		out->desired = 0;
		out->health = HEALTH_IDLE;
	} else if (p->failed) {
		out->health = HEALTH_MAJOR;
		out->cause = p->cause == CAUSE_NONE ? CAUSE_FAILED : p->cause;
		blame(out, p);
	} else if (p->terminating && p->cause != CAUSE_NODE_LOST) {
		say_unknown(out, CAUSE_DELETED);
	} else if (p->ready && !p->terminating) {
		out->ready = 1;
		out->health = HEALTH_OK;
	} else if (still_first_start(w, &t, rules, now, m, out)) {
		say_unknown(out, CAUSE_STARTING);
		blame(out, p);
	} else {
		out->health = HEALTH_MAJOR;
		out->cause = p->cause == CAUSE_NONE ? CAUSE_NOT_READY : p->cause;
		blame(out, p);
	}
	remember(out, m, since, now);
}

/*
 * A Job has no readiness: it is well until it failed, or until its pods cannot
 * even start.
 */
static void
judge_job(const struct workload_state *w, const struct pods *pods, uint64_t now,
    struct health_memory *m, struct health_view *out)
{
	struct pod_state	 worst = { 0 }, p;
	uint64_t		 since = w->finished;
	size_t			 i, active = 0;

	for (i = 0; i < pods->n; i++) {
		pods->pod(pods->arg, i, &p);
		if (p.terminating || p.succeeded || p.failed)
			continue;
		active++;
		if (!p.ready)
			pod_keep_worse(&worst, &p);
	}
	out->desired = 1;
	if (w->suspended) {
		out->desired = 0;
		out->health = HEALTH_IDLE;
	} else if (worst.name != NULL && cause_is_bad(worst.cause)) {
		out->health = HEALTH_MAJOR;
		out->cause = worst.cause;
		blame(out, &worst);
		since = pod_changed(&worst);
	} else if (w->failed) {
		out->health = HEALTH_MAJOR;
		out->cause = CAUSE_FAILED;
	} else if (w->kind == KIND_CRONJOB && !w->complete && active == 0) {
		out->desired = 0;	/* between two runs, none on record */
		out->health = HEALTH_IDLE;
	} else {
		out->ready = 1;
		out->health = HEALTH_OK;
	}
	remember(out, m, since, now);
}

void
health_judge_each(const struct workload_state *w, health_pod_fn pod,
    const void *arg, size_t npods, const struct health_rules *rules,
    uint64_t now, struct health_memory *m, struct health_view *out)
{
	struct pods		 pods = { pod, arg, npods };
	struct pod_state	 one;

	memset(out, 0, sizeof(*out));
	out->paused = w->paused;
	if (m->first_seen == 0)
		m->first_seen = now;
	if (!w->found || (w->kind == KIND_POD && npods == 0)) {
		say_unknown(out, m->was_found ? CAUSE_DELETED :
		    CAUSE_NO_WORKLOAD);
		remember(out, m, 0, now);
		return;
	}
	m->was_found = true;
	switch (w->kind) {
	case KIND_POD:
		pod(arg, 0, &one);
		judge_pod(w, &one, rules, now, m, out);
		break;
	case KIND_JOB:
	case KIND_CRONJOB:
		judge_job(w, &pods, now, m, out);
		break;
	default:
		judge_replicas(w, &pods, rules, now, m, out);
	}
}

static void
array_pod(const void *arg, size_t n, struct pod_state *p)
{
	*p = ((const struct pod_state *)arg)[n];
}

void
health_judge(const struct workload_state *w, const struct pod_state *pods,
    size_t npods, const struct health_rules *rules, uint64_t now,
    struct health_memory *m, struct health_view *out)
{
	health_judge_each(w, array_pod, pods, npods, rules, now, m, out);
}
