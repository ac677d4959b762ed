/*
 * The rules of health under long random histories of one workload: pods come, get
 * ready, fail and go, it is scaled and updated, Kanata is started again.  See
 * shrink.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../watcher/health.h"
#include "shrink.h"

#define S	1000ULL
#define MIN	(60 * S)
#define HOUR	(60 * MIN)
#define PODS	8
#define STEPS	150

static const struct health_rules rules = { 50, 10 * MIN };

struct pod {
	struct pod_state state;
	char		 name[8];
	bool		 there;
};

static struct {
	struct workload_state w;
	struct pod	 pod[PODS];
	unsigned	 named;		/* pods that there were */
	struct health_memory memory;
	struct health_view view;	/* the last one */
	bool		 judged;	/* since Kanata was started */
	uint64_t	 now;
	uint64_t	 changed;	/* the last change of the cluster */
} world;

/* -- the cluster ----------------------------------------------------------- */

static void
print_world(void)
{
	const struct pod_state *p;
	unsigned i;

	printf("%llu s: %s, wants %u, at least %u%s%s%s\n",
	    (unsigned long long)(world.now / S), kind_name(world.w.kind),
	    world.w.desired, world.w.minimum,
	    world.w.found ? "" : ", not there",
	    world.w.rolling ? ", rolling" : "",
	    world.w.deadline ? ", deadline exceeded" : "");
	for (i = 0; i < PODS; i++) {
		p = &world.pod[i].state;
		if (world.pod[i].there)
			printf("    %s: %s since %llu%s%s%s\n", p->name,
			    p->ready ? "ready" : cause_name(p->cause),
			    (unsigned long long)(p->ready_since / S),
			    p->fresh ? "" : ", old",
			    p->terminating ? ", terminating" : "",
			    p->failed ? ", failed" : "");
	}
	printf("  %s, %s, %u of %u, since %llu, again %llu\n",
	    health_name(world.view.health), cause_name(world.view.cause),
	    world.view.ready, world.view.desired,
	    (unsigned long long)(world.view.since / S),
	    (unsigned long long)(world.view.look_again / S));
}

static void
check(bool good, const char *wrong)
{
	if (good)
		return;
	if (history_explained())
		print_world();
	history_fails(wrong, -1);
}

static enum cause
random_cause(void)
{
	static const enum cause causes[] = { CAUSE_NOT_READY, CAUSE_NOT_READY,
	    CAUSE_CRASH_LOOP, CAUSE_IMAGE, CAUSE_OOM, CAUSE_CONFIG,
	    CAUSE_UNSCHEDULABLE, CAUSE_NODE_LOST };

	return (causes[model_random(sizeof(causes) / sizeof(causes[0]))]);
}

static void
pod_come(struct pod *p)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "p%u", world.named++ % 10000);
	p->there = true;
	p->state.name = p->name;
	p->state.detail = "";
	p->state.fresh = true;
	p->state.cause = CAUSE_NOT_READY;
	p->state.created = p->state.ready_since = world.now;
}

static void
pod_ready(struct pod_state *p, bool ready)
{
	if (p->ready != ready)
		p->ready_since = world.now;
	p->ready = ready;
	p->was_ready = p->was_ready || ready;
	p->cause = ready ? CAUSE_NONE : random_cause();
}

static void
pod_event(struct pod *p)
{
	if (!p->there) {
		if (world.w.kind != KIND_POD || p == world.pod)
			pod_come(p);
		return;
	}
	switch (model_random(8)) {
	case 0:
		p->state.terminating = true;
		break;
	case 1:
		p->there = false;
		break;
	case 2:
		pod_ready(&p->state, false);
		p->state.failed = true;
		p->state.cause = CAUSE_EVICTED;
		break;
	case 3:
	case 4:
		pod_ready(&p->state, false);
		break;
	default:
		if (!p->state.failed)
			pod_ready(&p->state, true);
		break;
	}
}

static void
scale(void)
{
	world.w.desired = model_random(5);
	world.w.minimum = world.w.desired > 0 ?
	    world.w.desired - model_random(2) : 0;
}

static void
rollout(void)
{
	unsigned i;

	world.w.rolling = !world.w.rolling;
	world.w.deadline = false;
	world.w.progress_since = world.now;
	for (i = 0; i < PODS; i++)
		if (world.w.rolling)
			world.pod[i].state.fresh = false;
		else if (!world.pod[i].state.fresh)
			world.pod[i].there = false;
	world.w.completed = world.w.completed || !world.w.rolling;
}

static void
cluster_event(void)
{
	world.changed = world.now;
	switch (model_random(12)) {
	case 0:
		scale();
		break;
	case 1:
		rollout();
		break;
	case 2:
		world.w.deadline = world.w.rolling && world.w.has_deadline;
		world.w.progress_since = world.now;
		break;
	case 3:
		world.w.found = model_random(4) != 0;
		break;
	default:
		pod_event(&world.pod[model_random(PODS)]);
		break;
	}
}

static void
world_new(uint64_t seed)
{
	static const enum kind kinds[] = { KIND_DEPLOYMENT, KIND_DEPLOYMENT,
	    KIND_STATEFULSET, KIND_ANY, KIND_POD };
	unsigned i;

	memset(&world, 0, sizeof(world));
	model_seed(seed);
	world.now = 1700000000 * S;
	world.w.kind = kinds[model_random(5)];
	world.w.found = true;
	world.w.counted = world.w.kind != KIND_ANY && world.w.kind != KIND_POD;
	world.w.has_deadline = world.w.kind == KIND_DEPLOYMENT;
	world.w.completed = model_random(2) == 0;
	world.w.min_ready = model_random(3) == 0 ? 20 * S : 0;
	world.w.created = world.now;
	scale();
	for (i = 0; i < PODS; i++)
		world.pod[i].state.name = world.pod[i].name;
}

/* -- what must hold -------------------------------------------------------- */

static size_t
pods_now(struct pod_state *pods, bool backwards)
{
	unsigned i;
	size_t n = 0;

	for (i = 0; i < PODS; i++)
		if (world.pod[backwards ? PODS - 1 - i : i].there)
			pods[n++] = world.pod[backwards ? PODS - 1 - i :
			    i].state;
	return (n);
}

static struct health_view
judge(struct health_memory *m, bool backwards, uint64_t now)
{
	struct pod_state pods[PODS];
	struct health_view v;
	size_t n = pods_now(pods, backwards);

	health_judge(&world.w, pods, n, &rules, now, m, &v);
	return (v);
}

/* Those that can serve, counted once more. */
static unsigned
available(void)
{
	const struct pod_state *p;
	unsigned i, n = 0;

	for (i = 0; i < PODS; i++) {
		p = &world.pod[i].state;
		n += world.pod[i].there && p->ready && !p->terminating &&
		    !p->failed && p->ready_since + world.w.min_ready <=
		    world.now;
	}
	return (n);
}

static bool
is_outage(enum health health)
{
	return (health >= HEALTH_DEGRADED);
}

/* What can be said of any look. */
static void
check_sane(const struct health_view *v)
{
	check(v->health < HEALTH_MAX && v->cause < CAUSE_MAX, "no such health");
	check(v->since != 0 && v->since <= world.now, "since a time to come");
	check(v->look_again == 0 || v->look_again > world.now,
	    "to be looked at again in the past");
	check(v->ready <= v->desired, "more are ready than are wanted");
	check(!is_outage(v->health) || v->cause != CAUSE_NONE,
	    "an outage without a cause");
	check(v->health != HEALTH_IDLE || v->desired == 0 ||
	    v->cause == CAUSE_STARTING, "idle, and some are wanted");
}

/* Capacity decides; only a rollout that is stuck is an outage with all of it. */
static void
check_capacity(const struct health_view *v)
{
	unsigned n = available(), wanted = world.w.desired;

	if (!world.w.counted || !world.w.found)
		return;
	if (wanted == 0) {
		check(v->health == HEALTH_IDLE, "scaled to zero and not idle");
		return;
	}
	if (n >= wanted && !world.w.rolling && !world.w.deadline)
		check(v->health == HEALTH_OK, "all there is and not ok");
	if (n >= wanted)
		check(v->health == HEALTH_OK || v->health == HEALTH_DEGRADED,
		    "all there is and worse than degraded");
	if (v->health == HEALTH_MAJOR)
		check(n == 0, "a major outage, and some can serve");
	if (v->health == HEALTH_OK && n < wanted)
		check(v->cause == CAUSE_STARTING, "ok without all it wants");
	if (v->health == HEALTH_ROLLING)
		check(n >= world.w.minimum, "rolling below its minimum");
}

static bool
same_view(const struct health_view *a, const struct health_view *b)
{
	return (a->health == b->health && a->cause == b->cause &&
	    a->ready == b->ready && a->desired == b->desired &&
	    a->since == b->since && a->look_again == b->look_again &&
	    strcmp(a->detail, b->detail) == 0);
}

/* The order of the pods is nothing, and neither is looking twice. */
static void
check_same(const struct health_view *v, const struct health_memory *before,
    const struct health_memory *after)
{
	struct health_memory m = *before;
	struct health_view other = judge(&m, true, world.now);

	check(same_view(v, &other), "the order of the pods matters");
	m = *after;
	other = judge(&m, false, world.now);
	check(other.health == v->health && other.since == v->since,
	    "a second look sees something else");
}

/* Until it is to be looked at again, time alone changes nothing. */
static void
check_wake(const struct health_view *v, const struct health_memory *after)
{
	uint64_t end = v->look_again != 0 ? v->look_again :
	    world.now + HOUR;
	struct health_memory m = *after;
	struct health_view later;

	later = judge(&m, false, world.now + model_random((unsigned)(end -
	    world.now)));
	check(later.health == v->health && later.since == v->since,
	    "it changed before it was to be looked at again");
}

static void
look(void)
{
	struct health_memory before = world.memory;
	struct health_view old = world.view;
	bool judged = world.judged;

	world.view = judge(&world.memory, false, world.now);
	world.judged = true;
	check_sane(&world.view);
	check_capacity(&world.view);
	check_same(&world.view, &before, &world.memory);
	check_wake(&world.view, &world.memory);
	if (judged && old.health == world.view.health)
		check(old.since == world.view.since,
		    "the same health, since another time");
}

/* The pods bear the times: a new Kanata neither waits anew nor skips a wait. */
static void
restart(void)
{
	struct health_view old = world.view;
	unsigned i, live = 0;

	memset(&world.memory, 0, sizeof(world.memory));
	world.judged = false;
	look();
	for (i = 0; i < PODS; i++)
		live += world.pod[i].there && !world.pod[i].state.terminating &&
		    !world.pod[i].state.failed;
	if (world.w.counted && world.w.found && live >= world.w.desired &&
	    is_outage(world.view.health) && is_outage(old.health) &&
	    /* What time alone does begins when its time is over. */
	    world.view.cause != CAUSE_STUCK)
		check(world.view.since <= world.changed,
		    "a restart begins the wait anew");
}

static void
history(uint64_t seed)
{
	unsigned step;

	world_new(seed);
	for (step = 0; step < STEPS; step++) {
		if (!step_begins(step))
			continue;
		cluster_event();
		look();
		world.now += model_random(4) == 0 ? model_random(20 * MIN) :
		    model_random(40 * S);
		if (world.view.look_again != 0 &&
		    world.view.look_again < world.now && model_random(2) == 0)
			world.now = world.view.look_again;
		look();
		if (model_random(8) == 0)
			restart();
	}
}

/* -- of several workloads --------------------------------------------------- */

static struct health_view
random_view(void)
{
	struct health_view v = { .health = model_random(HEALTH_MAX) };

	if (v.health == HEALTH_UNKNOWN)
		v.cause = model_random(2) == 0 ? CAUSE_DELETED :
		    CAUSE_DISCONNECTED;
	else if (is_outage(v.health))
		v.cause = random_cause();
	v.desired = v.health == HEALTH_IDLE ? 0 : 1 + model_random(4);
	v.ready = v.health == HEALTH_OK ? v.desired :
	    is_outage(v.health) && v.health != HEALTH_MAJOR ?
	    model_random(v.desired) : 0;
	v.since = 1 + model_random(100);
	v.look_again = model_random(2) * (200 + model_random(100));
	v.paused = model_random(5) == 0;
	return (v);
}

static void
merging(uint64_t seed)
{
	struct health_view a, b, ab, ba;
	unsigned step;

	(void)seed;
	for (step = 0; step < STEPS; step++) {
		if (!step_begins(step))
			continue;
		a = random_view();
		b = random_view();
		ab = a;
		health_merge(&ab, &b, &rules, false);
		ba = b;
		health_merge(&ba, &a, &rules, false);
		check(ab.health == ba.health && ab.ready == ba.ready &&
		    ab.desired == ba.desired && ab.since == ba.since &&
		    ab.look_again == ba.look_again && ab.paused == ba.paused,
		    "it matters which one comes first");
		check(ab.health == a.health || ab.health == b.health,
		    "together they are what neither is");
		if (a.paused == b.paused)
			check(!is_outage(a.health) || ab.health >= a.health,
			    "an outage is lost beside another workload");
		ab = a;
		health_merge(&ab, &b, &rules, true);
		if (a.paused == b.paused && ab.health == HEALTH_MAJOR &&
		    ab.ready < ab.desired)
			check(ab.ready == 0, "pooled, and some can serve");
	}
}

static void
test_histories(void **state)
{
	static const struct history_kind kind = { "health", history, STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.4));
}

static void
test_merging(void **state)
{
	static const struct history_kind kind = { "merged", merging, STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_merging),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
