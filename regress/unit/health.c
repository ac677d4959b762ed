/*
 * The rules of health, by table: a workload, its pods, what is remembered, and
 * what must be said.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../../watcher/health.h"

#define S	1000ULL
#define MIN	(60 * S)
#define DAY	(24 * 60 * MIN)
#define NOW	(1700000000 * S)
#define OLD	(NOW - 30 * DAY)
#define PODS	6

static const struct health_rules rules = { 50, 10 * MIN };

/* Pods: created long ago unless said otherwise. */
#define READY		{ "p", "", .ready = true, .was_ready = true,	\
			    .fresh = true, .created = OLD, .ready_since = OLD }
#define READY_AT(t)	{ "p", "", .ready = true, .was_ready = true,	\
			    .fresh = true, .created = (t), .ready_since = (t) }
#define READY_OLD	{ "p", "", .ready = true, .was_ready = true,	\
			    .created = OLD, .ready_since = OLD }
/* It was ready until t. */
#define DOWN(c, t)	{ "p", "", .was_ready = true, .fresh = true,	\
			    .cause = (c), .created = OLD, .ready_since = (t) }
#define DOWN_OLD(c, t)	{ "p", "", .was_ready = true,			\
			    .cause = (c), .created = OLD, .ready_since = (t) }
/* It came at t and was never ready. */
#define NEW(c, t)	{ "p", "", .fresh = true, .cause = (c),		\
			    .created = (t), .ready_since = (t) }
#define GOING		{ "p", "", .terminating = true, .was_ready = true, \
			    .created = OLD, .ready_since = OLD }
#define FAILED(c)	{ "p", "", .failed = true, .fresh = true,	\
			    .cause = (c), .created = OLD, .ready_since = OLD }
#define DONE		{ "p", "", .succeeded = true, .fresh = true,	\
			    .created = OLD, .ready_since = OLD }

#define NR		CAUSE_NOT_READY

/* Workloads. */
#define DEPLOYMENT_AT(n, t)	.kind = KIND_DEPLOYMENT, .found = true,		\
			.counted = true, .has_deadline = true, .desired = (n), \
			.created = (t)
#define DEPLOYMENT(n)	DEPLOYMENT_AT(n, OLD)
#define STATEFULSET_AT(n, t)	.kind = KIND_STATEFULSET, .found = true,	\
			.counted = true, .desired = (n), .minimum = (n) - 1, \
			.created = (t)
#define STATEFULSET(n)	STATEFULSET_AT(n, OLD)
#define ANY		.kind = KIND_ANY, .found = true, .created = OLD
#define POD_AT(t)	.kind = KIND_POD, .found = true, .created = (t)
#define POD		POD_AT(OLD)
#define JOB		.kind = KIND_JOB, .found = true, .counted = true, \
			.created = OLD
#define CRONJOB		.kind = KIND_CRONJOB, .found = true, .counted = true, \
			.created = OLD

/* What is remembered. */
#define WAS_OK(n)	{ .was_found = true, .was_healthy = true,	\
			    .desired = (n), .health = HEALTH_OK, .since = OLD, \
			    .first_seen = OLD }
#define WAS(h, t)	{ .was_found = true, .was_healthy = true,	\
			    .desired = 3, .health = (h), .since = (t),	\
			    .first_seen = OLD }

struct row {
	const char		*name;
	struct workload_state	 w;
	struct pod_state	 pod[PODS];
	struct health_memory	 memory;
	/* expected */
	enum health		 health;
	enum cause		 cause;
	unsigned		 ready, desired;
	uint64_t		 since;		/* 0: not checked */
	uint64_t		 look_again;
};

static const struct row rows[] = {
	/* -- all there, some, none ------------------------------------------ */
	{ "all available", { DEPLOYMENT(3) }, { READY, READY, READY },
	    WAS_OK(3), HEALTH_OK, CAUSE_NONE, 3, 3, OLD, 0 },
	{ "all available, after a restart of Kanata", { DEPLOYMENT(2) },
	    { READY, READY_AT(NOW - 5 * S) }, {0},
	    HEALTH_OK, CAUSE_NONE, 2, 2, NOW - 5 * S, 0 },
	{ "one of three", { DEPLOYMENT(3) },
	    { READY, DOWN(CAUSE_CRASH_LOOP, NOW - 40 * S), DOWN(NR, NOW - MIN) },
	    WAS_OK(3), HEALTH_PARTIAL, CAUSE_CRASH_LOOP, 1, 3, NOW - 40 * S, 0 },
	{ "two of three", { DEPLOYMENT(3) },
	    { READY, READY, DOWN(NR, NOW - 40 * S) },
	    WAS_OK(3), HEALTH_DEGRADED, NR, 2, 3, NOW - 40 * S, 0 },
	{ "half is not below half", { DEPLOYMENT(2) },
	    { READY, DOWN(NR, NOW - 40 * S) },
	    WAS_OK(2), HEALTH_DEGRADED, NR, 1, 2, NOW - 40 * S, 0 },
	{ "none", { DEPLOYMENT(2) },
	    { DOWN(CAUSE_OOM, NOW - 90 * S), DOWN(NR, NOW - 40 * S) },
	    WAS_OK(2), HEALTH_MAJOR, CAUSE_OOM, 0, 2, NOW - 40 * S, 0 },
	{ "the only one", { DEPLOYMENT(1), .unavailable_since = NOW - 70 * S },
	    { DOWN(CAUSE_NODE_LOST, NOW - 40 * S) },
	    WAS_OK(1), HEALTH_MAJOR, CAUSE_NODE_LOST, 0, 1, NOW - 70 * S, 0 },
	{ "no pods at all, seen just now", { DEPLOYMENT(2) }, {{0}},
	    WAS_OK(2), HEALTH_MAJOR, NR, 0, 2, NOW, 0 },
	{ "no pods at all, after a restart of Kanata",
	    { DEPLOYMENT(2), .unavailable_since = NOW - 5 * MIN }, {{0}},
	    {0}, HEALTH_MAJOR, NR, 0, 2, NOW - 5 * MIN, 0 },
	{ "pods cannot be created", { DEPLOYMENT(3), .replica_failure = true },
	    { READY }, WAS_OK(3), HEALTH_PARTIAL, CAUSE_CREATE, 1, 3, NOW, 0 },
	{ "a pod that was deleted and not replaced: the wait begins now",
	    { DEPLOYMENT(2) }, { READY }, WAS_OK(2),
	    HEALTH_DEGRADED, NR, 1, 2, NOW, 0 },
	{ "the last one went, the others long before",
	    { DEPLOYMENT(2), .unavailable_since = NOW - 5 * MIN },
	    { DOWN(NR, NOW - 5 * MIN), DOWN(NR, NOW - 40 * S) },
	    WAS(HEALTH_DEGRADED, NOW - 5 * MIN),
	    HEALTH_MAJOR, NR, 0, 2, NOW - 40 * S, 0 },
	{ "more are wanted, and one that was there is gone",
	    { DEPLOYMENT(4) },
	    { READY, NEW(CAUSE_NONE, NOW - 5 * S), NEW(CAUSE_NONE, NOW - 5 * S) },
	    WAS_OK(2), HEALTH_PARTIAL, NR, 1, 4, NOW, 0 },
	{ "a rollout is done, and one of its last pods crashes",
	    { DEPLOYMENT(3) },
	    { READY, READY, NEW(CAUSE_CRASH_LOOP, NOW - 5 * S),
	    NEW(CAUSE_NONE, NOW - 5 * S) },
	    WAS(HEALTH_ROLLING, NOW - MIN),
	    HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3, 0, 0 },
	{ "a rollout is stuck, and what served went later",
	    { DEPLOYMENT(1), .deadline = true, .progress_since = NOW - 9 * MIN },
	    { DOWN_OLD(NR, NOW - 40 * S), NEW(NR, NOW - 20 * MIN) },
	    WAS_OK(1), HEALTH_MAJOR, CAUSE_STUCK, 0, 1, NOW - 40 * S, 0 },
	{ "more pods than wanted", { DEPLOYMENT(2) }, { READY, READY, READY },
	    WAS_OK(2), HEALTH_OK, CAUSE_NONE, 2, 2, 0, 0 },
	{ "since stays while the health does", { DEPLOYMENT(3) },
	    { READY, READY, DOWN(NR, NOW - 5 * S) },
	    WAS(HEALTH_DEGRADED, NOW - 7 * MIN),
	    HEALTH_DEGRADED, NR, 2, 3, NOW - 7 * MIN, 0 },
	{ "since is never in the future", { DEPLOYMENT(1) },
	    { DOWN(NR, NOW + 5 * MIN) }, WAS_OK(1),
	    HEALTH_MAJOR, NR, 0, 1, NOW, 0 },
	{ "since is never before the health that was", { DEPLOYMENT(2) },
	    { READY, DOWN(NR, NOW - 9 * MIN) }, WAS(HEALTH_MAJOR, NOW - MIN),
	    HEALTH_DEGRADED, NR, 1, 2, NOW - MIN, 0 },

	/* -- minReadySeconds -------------------------------------------------- */
	{ "ready, but not for minReadySeconds",
	    { DEPLOYMENT(2), .min_ready = 30 * S },
	    { READY, READY_AT(NOW - 10 * S) }, WAS_OK(2),
	    HEALTH_DEGRADED, NR, 1, 2, 0, NOW + 20 * S },
	{ "ready for the first time, but not for minReadySeconds",
	    { DEPLOYMENT_AT(1, NOW - MIN), .min_ready = 30 * S },
	    { READY_AT(NOW - 10 * S) }, {0},
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1, 0, NOW + 20 * S },
	{ "ready for minReadySeconds",
	    { DEPLOYMENT(2), .min_ready = 30 * S },
	    { READY, READY_AT(NOW - 30 * S) }, WAS_OK(2),
	    HEALTH_OK, CAUSE_NONE, 2, 2, 0, 0 },

	/* -- on purpose ----------------------------------------------------- */
	{ "scaled to zero", { DEPLOYMENT(0) }, { GOING }, WAS_OK(3),
	    HEALTH_IDLE, CAUSE_NONE, 0, 0, NOW, 0 },
	{ "drained, replaced: nothing missing", { DEPLOYMENT(2) },
	    { READY, READY, GOING }, WAS_OK(2), HEALTH_OK, CAUSE_NONE, 2, 2, 0,
	    0 },
	{ "drained, the new one starts: capacity is missing",
	    { DEPLOYMENT(2) }, { READY, NEW(NR, NOW - 5 * S), GOING },
	    WAS_OK(2), HEALTH_DEGRADED, NR, 1, 2, NOW - 5 * S, 0 },
	{ "evicted pods that lie around", { DEPLOYMENT(2) },
	    { READY, READY, FAILED(CAUSE_EVICTED), FAILED(CAUSE_EVICTED) },
	    WAS_OK(2), HEALTH_OK, CAUSE_NONE, 2, 2, 0, 0 },
	{ "evicted and not replaced", { DEPLOYMENT(1) },
	    { FAILED(CAUSE_EVICTED) }, WAS_OK(1),
	    HEALTH_MAJOR, CAUSE_EVICTED, 0, 1, 0, 0 },
	{ "completed pods count for nothing", { DEPLOYMENT(1) },
	    { DONE, READY }, WAS_OK(1), HEALTH_OK, CAUSE_NONE, 1, 1, 0, 0 },
	{ "workload deleted", { .kind = KIND_DEPLOYMENT }, {{0}}, WAS_OK(2),
	    HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0, NOW, 0 },
	{ "no such workload", { .kind = KIND_DEPLOYMENT }, {{0}}, {0},
	    HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD, 0, 0, NOW, 0 },
	{ "paused says so, and still what it is",
	    { DEPLOYMENT(1), .paused = true }, { DOWN(NR, NOW - MIN) },
	    WAS_OK(1), HEALTH_MAJOR, NR, 0, 1, 0, 0 },

	/* -- growth ---------------------------------------------------------- */
	{ "scaled up: what was there serves", { DEPLOYMENT(5) },
	    { READY, READY, READY, NEW(NR, NOW - S), NEW(NR, NOW - S) },
	    WAS_OK(3), HEALTH_OK, CAUSE_STARTING, 3, 5, OLD, NOW + 599 * S },
	{ "scaled up, pods not made yet", { DEPLOYMENT(5) },
	    { READY, READY, READY }, WAS_OK(3),
	    HEALTH_OK, CAUSE_STARTING, 3, 5, OLD, NOW + 10 * MIN },
	{ "scaled up, new ones crash", { DEPLOYMENT(4) },
	    { READY, READY, READY, NEW(CAUSE_CRASH_LOOP, NOW - S) },
	    WAS_OK(3), HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 3, 4, NOW - S, 0 },
	{ "scaled up, an old one goes down", { DEPLOYMENT(4) },
	    { READY, READY, DOWN(NR, NOW - S), NEW(NR, NOW - S) },
	    WAS_OK(3), HEALTH_DEGRADED, NR, 2, 4, NOW - S, 0 },
	{ "scaled up, for too long", { DEPLOYMENT(4) },
	    { READY, READY, READY, NEW(CAUSE_UNSCHEDULABLE, NOW - 10 * MIN) },
	    { .was_found = true, .was_healthy = true, .desired = 3,
	    .health = HEALTH_OK, .since = OLD, .grown = NOW - 10 * MIN },
	    HEALTH_DEGRADED, CAUSE_UNSCHEDULABLE, 3, 4, 0, 0 },
	{ "woken from zero", { DEPLOYMENT(1) }, { NEW(NR, NOW - S) },
	    { .was_found = true, .was_healthy = true, .desired = 0,
	    .health = HEALTH_IDLE, .since = OLD }, HEALTH_IDLE, CAUSE_STARTING,
	    0, 1, OLD, NOW + 599 * S },

	/* -- rollouts --------------------------------------------------------- */
	{ "a rollout at full capacity is nothing",
	    { DEPLOYMENT(3), .rolling = true, .minimum = 3 },
	    { READY_OLD, READY_OLD, READY_OLD, NEW(NR, NOW - S) },
	    WAS_OK(3), HEALTH_OK, CAUSE_NONE, 3, 3, OLD, 0 },
	{ "a rollout with its minimum",
	    { DEPLOYMENT(4), .rolling = true, .minimum = 3 },
	    { READY_OLD, READY_OLD, READY_OLD, NEW(NR, NOW - S), GOING },
	    WAS_OK(4), HEALTH_ROLLING, NR, 3, 4, NOW - S, 0 },
	{ "a rollout below its minimum",
	    { DEPLOYMENT(4), .rolling = true, .minimum = 3 },
	    { READY_OLD, READY_OLD, DOWN_OLD(NR, NOW - 9 * S),
	    NEW(NR, NOW - S) }, WAS_OK(4),
	    HEALTH_DEGRADED, NR, 2, 4, NOW - S, 0 },
	{ "Recreate: none is the minimum",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 0 }, { GOING, GOING },
	    WAS_OK(2), HEALTH_ROLLING, NR, 0, 2, 0, 0 },
	{ "new pods crash while old ones serve",
	    { DEPLOYMENT(3), .rolling = true, .minimum = 3 },
	    { READY_OLD, READY_OLD, READY_OLD,
	    NEW(CAUSE_CRASH_LOOP, NOW - 20 * S) }, WAS_OK(3),
	    HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 3, 3, NOW - 20 * S, 0 },
	{ "the new image cannot be pulled",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 1 },
	    { READY_OLD, NEW(CAUSE_IMAGE, NOW - 20 * S) }, WAS_OK(2),
	    HEALTH_DEGRADED, CAUSE_IMAGE, 1, 2, NOW - 20 * S, 0 },
	{ "an old pod that crashes does not stop a rollout",
	    { DEPLOYMENT(3), .rolling = true, .minimum = 2 },
	    { READY_OLD, DOWN_OLD(CAUSE_CRASH_LOOP, NOW - MIN), READY },
	    WAS_OK(3), HEALTH_ROLLING, CAUSE_CRASH_LOOP, 2, 3, 0, 0 },
	{ "Recreate of what cannot be pulled",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 0 },
	    { NEW(CAUSE_IMAGE, NOW - 20 * S), NEW(CAUSE_IMAGE, NOW - 20 * S) },
	    WAS_OK(2), HEALTH_MAJOR, CAUSE_IMAGE, 0, 2, NOW - 20 * S, 0 },
	{ "the deadline is exceeded, old pods serve",
	    { DEPLOYMENT(3), .rolling = true, .minimum = 3, .deadline = true,
	    .progress_since = NOW - 30 * S },
	    { READY_OLD, READY_OLD, READY_OLD, NEW(NR, NOW - 11 * MIN) },
	    WAS_OK(3), HEALTH_DEGRADED, CAUSE_STUCK, 3, 3, NOW - 30 * S, 0 },
	{ "the deadline is exceeded for lack of room",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 2, .deadline = true,
	    .progress_since = NOW - 30 * S },
	    { READY_OLD, READY_OLD, NEW(CAUSE_UNSCHEDULABLE, NOW - 11 * MIN) },
	    WAS_OK(2), HEALTH_DEGRADED, CAUSE_UNSCHEDULABLE, 2, 2,
	    NOW - 30 * S, 0 },
	{ "before the deadline, lack of room is progress",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 2 },
	    { READY_OLD, READY_OLD, NEW(CAUSE_UNSCHEDULABLE, NOW - 9 * MIN) },
	    WAS_OK(2), HEALTH_OK, CAUSE_NONE, 2, 2, 0, 0 },
	{ "new pods cannot be created in a rollout",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 2,
	    .replica_failure = true, .progress_since = NOW - 15 * S },
	    { READY_OLD, READY_OLD }, WAS_OK(2),
	    HEALTH_DEGRADED, CAUSE_CREATE, 2, 2, NOW - 15 * S, 0 },
	{ "a StatefulSet's rollout with its minimum",
	    { STATEFULSET(3), .rolling = true },
	    { READY_OLD, READY_OLD, NEW(NR, NOW - S) }, WAS_OK(3),
	    HEALTH_ROLLING, NR, 2, 3, NOW - S, NOW - S + 10 * MIN },
	{ "a StatefulSet's rollout has no deadline: first_ready_within",
	    { STATEFULSET(3), .rolling = true },
	    { READY_OLD, READY_OLD, NEW(NR, NOW - 10 * MIN) }, WAS_OK(3),
	    HEALTH_DEGRADED, CAUSE_STUCK, 2, 3, NOW, 0 },
	{ "a StatefulSet of one is away while it is updated",
	    { STATEFULSET(1), .rolling = true }, { GOING }, WAS_OK(1),
	    HEALTH_ROLLING, NR, 0, 1, 0, 0 },
	{ "the tail: counted as done, the last pod starts",
	    { STATEFULSET(3) }, { READY, READY, NEW(NR, NOW - 5 * S) },
	    WAS(HEALTH_ROLLING, NOW - MIN), HEALTH_ROLLING, NR, 2, 3, NOW - MIN,
	    NOW - 5 * S + 10 * MIN },
	{ "the tail: the last pod crashes",
	    { STATEFULSET(3) }, { READY, READY, NEW(CAUSE_OOM, NOW - 5 * S) },
	    WAS(HEALTH_ROLLING, NOW - MIN), HEALTH_DEGRADED, CAUSE_OOM, 2, 3,
	    NOW - 5 * S, 0 },
	{ "after a rollout, another pod went down",
	    { STATEFULSET(3) }, { READY, READY, DOWN(NR, NOW - 5 * S) },
	    WAS(HEALTH_ROLLING, NOW - MIN), HEALTH_DEGRADED, NR, 2, 3,
	    NOW - 5 * S, 0 },
	{ "a rollout after a restart of Kanata",
	    { DEPLOYMENT(2), .rolling = true, .minimum = 1 },
	    { READY_OLD, NEW(NR, NOW - 20 * S) }, {0},
	    HEALTH_ROLLING, NR, 1, 2, NOW - 20 * S, 0 },

	/* -- never healthy yet ------------------------------------------------ */
	{ "a new workload is silent",
	    { DEPLOYMENT_AT(2, NOW - MIN), .rolling = true },
	    { NEW(NR, NOW - MIN) }, {0},
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 2, NOW, NOW + 9 * MIN },
	{ "a new workload that crashes is silent too",
	    { DEPLOYMENT_AT(1, NOW - MIN), .rolling = true },
	    { NEW(CAUSE_CRASH_LOOP, NOW - MIN) }, {0},
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1, NOW, NOW + 9 * MIN },
	{ "a new workload had its time",
	    { DEPLOYMENT_AT(1, NOW - 10 * MIN) },
	    { NEW(CAUSE_CRASH_LOOP, NOW - 9 * MIN) }, {0},
	    HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 1, NOW - 9 * MIN, 0 },
	{ "an old workload that is down when Kanata starts",
	    { DEPLOYMENT(1) }, { NEW(CAUSE_CRASH_LOOP, NOW - 2 * MIN) }, {0},
	    HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 1, NOW - 2 * MIN, 0 },
	{ "a young one that completed a rollout, when Kanata starts",
	    { DEPLOYMENT_AT(1, NOW - 5 * MIN), .completed = true },
	    { NEW(CAUSE_CRASH_LOOP, NOW - MIN) }, {0},
	    HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 1, NOW - MIN, 0 },
	{ "a young one whose pod was ready, when Kanata starts",
	    { STATEFULSET_AT(1, NOW - 5 * MIN) },
	    { DOWN(NR, NOW - MIN) }, {0},
	    HEALTH_MAJOR, NR, 0, 1, NOW - MIN, 0 },
	{ "a young one that was healthy",
	    { DEPLOYMENT_AT(1, NOW - 5 * MIN) },
	    { NEW(NR, NOW - 5 * S) }, WAS_OK(1),
	    HEALTH_MAJOR, NR, 0, 1, NOW - 5 * S, 0 },
	{ "no creation time: since it was first seen",
	    { DEPLOYMENT_AT(1, 0) }, { NEW(NR, NOW - MIN) },
	    { .first_seen = NOW - 2 * MIN },
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1, NOW, NOW + 8 * MIN },
	{ "unknown stays since when it became so",
	    { DEPLOYMENT_AT(1, NOW - MIN) }, { NEW(NR, NOW - MIN) },
	    { .unknown_since = NOW - 20 * S },
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1, NOW - 20 * S,
	    NOW + 9 * MIN },

	/* -- without the right to read workloads -------------------------------- */
	{ "uncounted: all ready", { ANY }, { READY, READY }, {0},
	    HEALTH_OK, CAUSE_NONE, 2, 2, 0, 0 },
	{ "uncounted: one not", { ANY }, { READY, DOWN(NR, NOW - MIN) }, {0},
	    HEALTH_DEGRADED, NR, 1, 2, NOW - MIN, 0 },
	{ "uncounted: none", { ANY }, { DOWN(CAUSE_OOM, NOW - MIN) }, {0},
	    HEALTH_MAJOR, CAUSE_OOM, 0, 1, NOW - MIN, 0 },
	{ "uncounted: the pods are gone", { ANY }, { GOING }, WAS_OK(2),
	    HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0, NOW, 0 },
	{ "uncounted: a surge is no lack", { ANY },
	    { READY_OLD, READY_OLD, READY_OLD, NEW(NR, NOW - S) }, WAS_OK(3),
	    HEALTH_OK, CAUSE_NONE, 3, 3, 0, NOW - S + 10 * MIN },
	{ "uncounted: two revisions, new ones crash", { ANY },
	    { READY_OLD, READY_OLD, NEW(CAUSE_IMAGE, NOW - S) }, WAS_OK(2),
	    HEALTH_DEGRADED, CAUSE_IMAGE, 2, 2, NOW - S, 0 },
	{ "uncounted: failed ones are not counted", { ANY },
	    { READY, FAILED(CAUSE_EVICTED) }, WAS_OK(1),
	    HEALTH_OK, CAUSE_NONE, 1, 1, 0, 0 },

	/* -- a bare pod ------------------------------------------------------- */
	{ "pod: ready", { POD }, { READY }, {0},
	    HEALTH_OK, CAUSE_NONE, 1, 1, OLD, 0 },
	{ "pod: not ready", { POD }, { DOWN(CAUSE_CRASH_LOOP, NOW - MIN) },
	    WAS_OK(1), HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 1, NOW - MIN, 0 },
	{ "pod: new", { POD_AT(NOW - S) }, { NEW(NR, NOW - S) }, {0},
	    HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1, NOW, NOW - S + 10 * MIN },
	{ "pod: failed", { POD }, { FAILED(CAUSE_NONE) }, WAS_OK(1),
	    HEALTH_MAJOR, CAUSE_FAILED, 0, 1, 0, 0 },
	{ "pod: evicted, nothing replaces it", { POD },
	    { FAILED(CAUSE_EVICTED) }, WAS_OK(1),
	    HEALTH_MAJOR, CAUSE_EVICTED, 0, 1, 0, 0 },
	{ "pod: completed", { POD }, { DONE }, WAS_OK(1),
	    HEALTH_IDLE, CAUSE_NONE, 0, 0, 0, 0 },
	{ "pod: being deleted", { POD }, { GOING }, WAS_OK(1),
	    HEALTH_UNKNOWN, CAUSE_DELETED, 0, 1, 0, 0 },
	{ "pod: gone", { .kind = KIND_POD }, {{0}}, WAS_OK(1),
	    HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0, 0, 0 },
	{ "pod: on a lost node", { POD },
	    { { "p", "", .terminating = true, .was_ready = true,
	    .cause = CAUSE_NODE_LOST, .created = OLD,
	    .ready_since = NOW - 5 * MIN } }, WAS_OK(1),
	    HEALTH_MAJOR, CAUSE_NODE_LOST, 0, 1, NOW - 5 * MIN, 0 },

	/* -- Jobs --------------------------------------------------------------- */
	{ "job: runs", { JOB }, { NEW(NR, NOW - S) }, {0},
	    HEALTH_OK, CAUSE_NONE, 1, 1, 0, 0 },
	{ "job: complete", { JOB, .complete = true, .finished = NOW - MIN },
	    { DONE }, {0}, HEALTH_OK, CAUSE_NONE, 1, 1, NOW - MIN, 0 },
	{ "job: failed", { JOB, .failed = true, .finished = NOW - MIN },
	    { FAILED(CAUSE_FAILED) }, {0},
	    HEALTH_MAJOR, CAUSE_FAILED, 0, 1, NOW - MIN, 0 },
	{ "job: suspended", { JOB, .suspended = true }, {{0}}, {0},
	    HEALTH_IDLE, CAUSE_NONE, 0, 0, 0, 0 },
	{ "job: one try failed, it goes on", { JOB },
	    { FAILED(CAUSE_FAILED), NEW(NR, NOW - S) }, {0},
	    HEALTH_OK, CAUSE_NONE, 1, 1, 0, 0 },
	{ "job: cannot start", { JOB }, { NEW(CAUSE_IMAGE, NOW - MIN) }, {0},
	    HEALTH_MAJOR, CAUSE_IMAGE, 0, 1, NOW - MIN, 0 },
	{ "cronjob: between runs, none on record", { CRONJOB }, {{0}}, {0},
	    HEALTH_IDLE, CAUSE_NONE, 0, 0, 0, 0 },
	{ "cronjob: the last run failed",
	    { CRONJOB, .failed = true, .finished = NOW - MIN }, {{0}}, {0},
	    HEALTH_MAJOR, CAUSE_FAILED, 0, 1, NOW - MIN, 0 },
	{ "cronjob: the last run failed, another runs",
	    { CRONJOB, .failed = true, .finished = NOW - MIN },
	    { NEW(NR, NOW - S) }, {0},
	    HEALTH_MAJOR, CAUSE_FAILED, 0, 1, NOW - MIN, 0 },
	{ "cronjob: the last run was well",
	    { CRONJOB, .complete = true, .finished = NOW - MIN }, {{0}}, {0},
	    HEALTH_OK, CAUSE_NONE, 1, 1, NOW - MIN, 0 },
	{ "cronjob: suspended", { CRONJOB, .suspended = true, .failed = true },
	    {{0}}, {0}, HEALTH_IDLE, CAUSE_NONE, 0, 0, 0, 0 },
};

static size_t
count_pods(const struct row *row)
{
	size_t n;

	for (n = 0; n < PODS && row->pod[n].name != NULL; n++)
		;
	return (n);
}

static void
check_row(const struct row *row)
{
	struct health_memory m = row->memory;
	struct health_view v;

	health_judge(&row->w, row->pod, count_pods(row), &rules, NOW, &m, &v);
	if (v.health != row->health || v.cause != row->cause ||
	    v.ready != row->ready || v.desired != row->desired)
		fail_msg("%s: %s, %s, %u of %u; expected %s, %s, %u of %u",
		    row->name, health_name(v.health), cause_name(v.cause),
		    v.ready, v.desired, health_name(row->health),
		    cause_name(row->cause), row->ready, row->desired);
	if (row->since != 0 && v.since != row->since)
		fail_msg("%s: since %lld s from now, expected %lld", row->name,
		    ((long long)v.since - (long long)NOW) / 1000,
		    ((long long)row->since - (long long)NOW) / 1000);
	if (v.since == 0 || v.since > NOW)
		fail_msg("%s: since is out of range", row->name);
	if (v.look_again != row->look_again)
		fail_msg("%s: look again in %lld ms, expected %lld", row->name,
		    (long long)v.look_again - (long long)NOW,
		    (long long)row->look_again - (long long)NOW);
	if (v.paused != row->w.paused)
		fail_msg("%s: paused is wrong", row->name);
}

static void
test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(&rows[i]);
}

/* Said twice, nothing changes; in another order of pods, neither. */
static void
test_rows_are_stable(void **state)
{
	struct health_memory m, m2;
	struct health_view v, again, other;
	struct pod_state reversed[PODS];
	size_t i, j, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		n = count_pods(row);
		m = m2 = row->memory;
		health_judge(&row->w, row->pod, n, &rules, NOW, &m, &v);
		health_judge(&row->w, row->pod, n, &rules, NOW, &m, &again);
		for (j = 0; j < n; j++)
			reversed[j] = row->pod[n - 1 - j];
		health_judge(&row->w, reversed, n, &rules, NOW, &m2, &other);
		if (v.health != again.health || v.cause != again.cause ||
		    v.since != again.since)
			fail_msg("%s: differs at the second look", row->name);
		if (row->w.kind != KIND_POD && (v.health != other.health ||
		    v.cause != other.cause || v.since != other.since ||
		    strcmp(v.detail, other.detail) != 0))
			fail_msg("%s: the order of pods shows", row->name);
	}
}

/* A whole life, with the time going on. */
static void
test_story(void **state)
{
	struct workload_state w = { DEPLOYMENT_AT(1, NOW) };
	struct pod_state pod = NEW(NR, NOW);
	struct health_memory m = {0};
	struct health_view v;

	(void)state;
	health_judge(&w, &pod, 1, &rules, NOW + S, &m, &v);
	assert_int_equal(v.cause, CAUSE_STARTING);
	pod.ready = pod.was_ready = true;
	pod.ready_since = NOW + 20 * S;
	health_judge(&w, &pod, 1, &rules, NOW + 21 * S, &m, &v);
	assert_int_equal(v.health, HEALTH_OK);
	assert_true(v.since == NOW + 20 * S);
	pod.ready = false;
	pod.cause = CAUSE_CRASH_LOOP;
	pod.ready_since = NOW + MIN;
	health_judge(&w, &pod, 1, &rules, NOW + 61 * S, &m, &v);
	assert_int_equal(v.health, HEALTH_MAJOR);
	assert_true(v.since == NOW + MIN);
	/* Kanata is started again: the same since from the cluster alone. */
	memset(&m, 0, sizeof(m));
	health_judge(&w, &pod, 1, &rules, NOW + 90 * S, &m, &v);
	assert_int_equal(v.health, HEALTH_MAJOR);
	assert_true(v.since == NOW + MIN);
	/* Deleted, and made anew: it is known by then. */
	w.found = false;
	health_judge(&w, NULL, 0, &rules, NOW + 2 * MIN, &m, &v);
	assert_int_equal(v.cause, CAUSE_DELETED);
	assert_true(v.since == NOW + 2 * MIN);
	/* The next time that nothing is known has a since of its own. */
	w.found = pod.ready = true;
	health_judge(&w, &pod, 1, &rules, NOW + 3 * MIN, &m, &v);
	assert_int_equal(v.health, HEALTH_OK);
	w.found = false;
	health_judge(&w, NULL, 0, &rules, NOW + 4 * MIN, &m, &v);
	assert_true(v.since == NOW + 4 * MIN);
}

/* Growth that never arrives becomes an outage without another event. */
static void
test_growth_ends(void **state)
{
	struct workload_state w = { DEPLOYMENT(2) };
	struct pod_state pods[2] = { READY, NEW(CAUSE_UNSCHEDULABLE, NOW) };
	struct health_memory m = WAS_OK(1);
	struct health_view v;

	(void)state;
	health_judge(&w, pods, 2, &rules, NOW, &m, &v);
	assert_int_equal(v.health, HEALTH_OK);
	assert_true(v.look_again == NOW + 10 * MIN);
	health_judge(&w, pods, 2, &rules, v.look_again, &m, &v);
	assert_int_equal(v.health, HEALTH_DEGRADED);
	assert_int_equal(v.cause, CAUSE_UNSCHEDULABLE);
}

static void
test_threshold(void **state)
{
	static const struct health_rules strict = { 90, 10 * MIN };
	struct workload_state w = { DEPLOYMENT(3) };
	struct pod_state pods[3] = { READY, READY, DOWN(NR, NOW - MIN) };
	struct health_memory m = WAS_OK(3);
	struct health_view v;

	(void)state;
	health_judge(&w, pods, 3, &strict, NOW, &m, &v);
	assert_int_equal(v.health, HEALTH_PARTIAL);
}

static void
test_detail(void **state)
{
	struct workload_state w = { DEPLOYMENT(2) };
	struct pod_state pods[2] = {
		{ "api-b", "container x: keeps ending", .was_ready = true,
		    .cause = CAUSE_CRASH_LOOP, .created = OLD },
		{ "api-a", "", .was_ready = true, .cause = CAUSE_NOT_READY,
		    .created = OLD },
	};
	struct health_memory m = WAS_OK(2);
	struct health_view v;

	(void)state;
	health_judge(&w, pods, 2, &rules, NOW, &m, &v);
	assert_string_equal(v.detail, "pod api-b: container x: keeps ending");
	/* Of two that are as bad the name decides, not which is looked at first. */
	pods[1].cause = CAUSE_CRASH_LOOP;
	health_judge(&w, pods, 2, &rules, NOW, &m, &v);
	assert_string_equal(v.detail, "pod api-a: crash-looping");
	pods[0].name = "api-0";
	health_judge(&w, pods, 2, &rules, NOW, &m, &v);
	assert_string_equal(v.detail, "pod api-0: container x: keeps ending");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_are_stable),
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_growth_ends),
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_detail),
	};

	return (cmocka_run_group_tests_name("health", tests, NULL, NULL));
}
