/*
 * From objects to components: who belongs to whom, what is said and when
 * nothing is.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/worker.h"
#include "../../watcher/component.h"

#define OLD	1600000000000ULL
#define MIN	60000ULL

/* The clock of the worker's frame, here set by hand. */
static uint64_t now;

uint64_t
clock_now(void)
{
	return (now);
}

/* What the components ask and say. */
static enum reading reads[RESOURCE_MAX];
static struct health_view last;
static char last_id[64], said_ids[256];
static int said;

static enum reading
hook_reading(enum resource r, const char *ns, const char **why)
{
	(void)ns;
	*why = "the reason";
	return (reads[r]);
}

static bool
hook_listed(const char *ns)
{
	return (strcmp(ns, "hidden") != 0);
}

static void
hook_say(const char *id, const struct health_view *v)
{
	last = *v;
	strlcpy(last_id, id, sizeof(last_id));
	strlcat(said_ids, id, sizeof(said_ids));
	said++;
}

static struct event_base *base;
static struct components *all;
static struct objects *objects;
static struct conf *conf;
static uint32_t mark = 1;

static char *
copy(const char *s)
{
	char *p = strdup(s);

	assert_non_null(p);
	return (p);
}

/* A component that watches one thing; more by add_watch. */
static struct conf_component *
add(const char *id, enum kind kind, const char *ns, const char *what)
{
	struct conf_component *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->id = copy(id);
	c->name = copy("");
	c->cluster = copy("");
	c->group = copy("");
	c->first_ready_within = 10 * MIN;
	c->partial_below = 50;
	c->nwatch = 1;
	c->watch = calloc(2, sizeof(*c->watch));
	assert_non_null(c->watch);
	c->watch[0].kind = kind;
	c->watch[0].ns = copy(ns);
	c->watch[0].what = copy(what);
	TAILQ_INSERT_TAIL(&conf->components, c, entry);
	return (c);
}

static void
add_watch(struct conf_component *c, enum kind kind, const char *ns,
    const char *what)
{
	c->watch[1].kind = kind;
	c->watch[1].ns = copy(ns);
	c->watch[1].what = copy(what);
	c->nwatch = 2;
}

static int
setup(void **state)
{
	static const struct components_hooks hooks = { hook_reading,
	    hook_listed, hook_say };

	(void)state;
	now = 1700000000000ULL;
	memset(reads, 0, sizeof(reads));
	base = event_base_new();
	all = components_new(base, &hooks);
	objects = components_objects(all);
	conf = conf_new();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	components_free(all);
	conf_free(conf);
	event_base_free(base);
	return (0);
}

static void
put(enum resource r, json_t *root)
{
	struct object o;
	const char *why;

	assert_non_null(root);
	why = object_decode(&o, r, resource_api_version(
	    resource_info(r)->group), true, root);
	if (why != NULL)
		fail_msg("%s", why);
	objects_put(objects, &o, mark);
	json_decref(root);
}

enum pod_is { UP, DOWN, CRASH };

/* owner: "kind/name/uid" or NULL; label: the app label and the template hash. */
static void
pod(const char *ns, const char *name, const char *owner, const char *hash,
    enum pod_is is)
{
	char kind[32] = "", oname[64] = "", uid[32] = "";
	json_t *o;

	o = json_pack("{s:{s:s,s:s,s:s,s:{s:s}},s:{s:s,s:[{s:s,s:s,s:s}]}}",
	    "metadata", "namespace", ns, "name", name, "creationTimestamp",
	    "2020-09-13T12:26:40Z", "labels", "app", "web", "status", "phase",
	    "Running", "conditions", "type", "Ready", "status",
	    is == UP ? "True" : "False", "lastTransitionTime",
	    "2020-09-13T12:26:40Z");
	assert_non_null(o);
	if (is == CRASH)
		json_object_set_new(json_object_get(o, "status"),
		    "containerStatuses", json_pack("[{s:s,s:i,s:{s:{s:s}}}]",
		    "name", "c", "restartCount", 9, "state", "waiting", "reason",
		    "CrashLoopBackOff"));
	if (hash != NULL)
		json_object_set_new(json_object_get(json_object_get(o,
		    "metadata"), "labels"), "pod-template-hash",
		    json_string(hash));
	if (owner != NULL) {
		assert_int_equal(sscanf(owner, "%31[^/]/%63[^/]/%31s", kind,
		    oname, uid), 3);
		json_object_set_new(json_object_get(o, "metadata"),
		    "ownerReferences", json_pack("[{s:s,s:s,s:s,s:s,s:b}]",
		    "apiVersion", strcmp(kind, "Job") == 0 ? "batch/v1" :
		    "apps/v1", "kind", kind, "name", oname, "uid", uid,
		    "controller", 1));
	}
	put(RESOURCE_PODS, o);
}

static void
replicaset(const char *ns, const char *name, const char *uid, const char *owner,
    const char *owner_uid, const char *revision)
{
	put(RESOURCE_REPLICASETS, json_pack("{s:{s:s,s:s,s:s,s:{s:s},"
	    "s:[{s:s,s:s,s:s,s:s,s:b}]},s:{s:i}}", "metadata", "namespace", ns,
	    "name", name, "uid", uid, "annotations",
	    "deployment.kubernetes.io/revision", revision, "ownerReferences",
	    "apiVersion", "apps/v1", "kind", "Deployment", "name", owner, "uid",
	    owner_uid, "controller", 1, "spec", "replicas", 2));
}

static void
workload(enum resource r, const char *ns, const char *name, const char *uid,
    int replicas, bool rolling)
{
	put(r, json_pack("{s:{s:s,s:s,s:s,s:s},s:{s:i},s:{s:i,s:i,s:[{s:s,s:s,"
	    "s:s}]}}", "metadata", "namespace", ns, "name", name, "uid", uid,
	    "creationTimestamp", "2020-09-13T12:26:40Z", "spec", "replicas",
	    replicas, "status", "replicas", replicas, "updatedReplicas",
	    replicas, "conditions", "type", "Progressing", "status", "True",
	    "reason", rolling ? "ReplicaSetUpdated" : "NewReplicaSetAvailable"));
}

static void
namespace(const char *name, bool paused)
{
	json_t *o = json_pack("{s:{s:s,s:{}}}", "metadata", "name", name,
	    "annotations");

	if (paused)
		json_object_set_new(json_object_get(json_object_get(o,
		    "metadata"), "annotations"), "kanata/paused",
		    json_string("true"));
	put(RESOURCE_NAMESPACES, o);
}

/* A Deployment api of two in namespace a. */
static void
deployment(enum pod_is first, enum pod_is second)
{
	workload(RESOURCE_DEPLOYMENTS, "a", "api", "d1", 2, false);
	replicaset("a", "api-5d9", "r1", "api", "d1", "1");
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", first);
	pod("a", "api-5d9-y", "ReplicaSet/api-5d9/r1", "5d9", second);
}

static void
settle(void)
{
	said = 0;
	said_ids[0] = '\0';
	components_settle(all);
}

static void
expect(enum health health, enum cause cause, unsigned ready, unsigned desired)
{
	settle();
	if (said == 0)
		fail_msg("nothing was said");
	if (last.health != health || last.cause != cause ||
	    last.ready != ready || last.desired != desired)
		fail_msg("%s: %s, %s, %u of %u, %s", last_id,
		    health_name(last.health), cause_name(last.cause),
		    last.ready, last.desired, last.detail);
}

static void
expect_silence(void)
{
	settle();
	if (said != 0)
		fail_msg("said: %s", said_ids);
}

static void
test_chain(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	assert_false(components_configure(all, conf, false));
	expect(HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD, 0, 0);
	deployment(UP, UP);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	/* The same again, and what is not ours: not a word. */
	deployment(UP, UP);
	pod("a", "web-0", "StatefulSet/web/s1", NULL, CRASH);
	pod("hidden", "api", NULL, NULL, CRASH);
	workload(RESOURCE_DEPLOYMENTS, "hidden", "api", "d9", 5, false);
	expect_silence();
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", CRASH);
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 1, 2);
	assert_non_null(strstr(last.detail, "api-5d9-x"));
	objects_remove(objects, RESOURCE_PODS, "a", "api-5d9-y");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 2);
	objects_remove(objects, RESOURCE_DEPLOYMENTS, "a", "api");
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
	/* The ReplicaSet's pods of another incarnation are not its own. */
	workload(RESOURCE_DEPLOYMENTS, "a", "api", "d2", 2, false);
	expect(HEALTH_MAJOR, CAUSE_NOT_READY, 0, 2);
}

/* Pods before their workloads: it comes out the same. */
static void
test_any_order(void **state)
{
	(void)state;
	add("c", KIND_DEPLOYMENT, "a", "api");
	components_configure(all, conf, false);
	settle();
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", UP);
	pod("a", "api-5d9-y", "ReplicaSet/api-5d9/r1", "5d9", DOWN);
	expect_silence();
	replicaset("a", "api-5d9", "r1", "api", "d1", "1");
	expect_silence();
	workload(RESOURCE_DEPLOYMENTS, "a", "api", "d1", 2, false);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
}

static void
test_rollout_freshness(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	deployment(UP, UP);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	workload(RESOURCE_DEPLOYMENTS, "a", "api", "d1", 2, true);
	replicaset("a", "api-777", "r2", "api", "d1", "2");
	pod("a", "api-777-x", "ReplicaSet/api-777/r2", "777", CRASH);
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 2);
	/* An old pod that crashes is another thing. */
	pod("a", "api-777-x", "ReplicaSet/api-777/r2", "777", UP);
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", CRASH);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
}

static void
test_bare_pod(void **state)
{
	(void)state;
	add("c", KIND_ANY, "a", "one");
	add("d", KIND_POD, "a", "db-0");
	components_configure(all, conf, false);
	settle();
	pod("a", "one", NULL, NULL, UP);
	expect(HEALTH_OK, CAUSE_NONE, 1, 1);
	pod("a", "one", NULL, NULL, DOWN);
	expect(HEALTH_MAJOR, CAUSE_NOT_READY, 0, 1);
	objects_remove(objects, RESOURCE_PODS, "a", "one");
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
	pod("a", "db-0", "StatefulSet/db/s1", NULL, UP);
	expect(HEALTH_OK, CAUSE_NONE, 1, 1);
	assert_string_equal(last_id, "d");
}

/* Without the right to read workloads. */
static void
test_guess(void **state)
{
	(void)state;
	reads[RESOURCE_DEPLOYMENTS] = READING_FORBIDDEN;
	reads[RESOURCE_REPLICASETS] = READING_FORBIDDEN;
	reads[RESOURCE_STATEFULSETS] = READING_FORBIDDEN;
	reads[RESOURCE_JOBS] = READING_FORBIDDEN;
	objects_guess(objects, RESOURCE_REPLICASETS, NULL, true);
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	settle();
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", UP);
	expect(HEALTH_OK, CAUSE_NONE, 1, 1);
	pod("a", "api-5d9-y", "ReplicaSet/api-5d9/r1", "5d9", DOWN);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	/* Cut from a name only what the label says: no other "api-...". */
	pod("a", "api-web-1-x", "ReplicaSet/api-web-1/r3", "1", CRASH);
	pod("a", "api-zzz", "ReplicaSet/api-zzz/r4", NULL, CRASH);
	expect_silence();
	/* They can be read again. */
	memset(reads, 0, sizeof(reads));
	objects_guess(objects, RESOURCE_REPLICASETS, NULL, false);
	deployment(UP, UP);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
}

/* Guessing begins when pods are there already. */
static void
test_guess_late(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	deployment(UP, UP);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	reads[RESOURCE_DEPLOYMENTS] = READING_FORBIDDEN;
	reads[RESOURCE_REPLICASETS] = READING_FORBIDDEN;
	objects_sweep(objects, RESOURCE_DEPLOYMENTS, NULL, 0);
	objects_sweep(objects, RESOURCE_REPLICASETS, NULL, 0);
	objects_guess(objects, RESOURCE_REPLICASETS, "a", true);
	pod("a", "api-5d9-y", "ReplicaSet/api-5d9/r1", "5d9", DOWN);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
}

static void
test_readings(void **state)
{
	uint64_t since;

	(void)state;
	reads[RESOURCE_REPLICASETS] = READING_FIRST;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	expect(HEALTH_UNKNOWN, CAUSE_DISCONNECTED, 0, 0);
	deployment(UP, DOWN);
	expect_silence();
	reads[RESOURCE_REPLICASETS] = READING_LIVE;
	components_touch(all, RESOURCE_REPLICASETS);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	since = last.since;
	/* The watch breaks: what was known stands beside the reason. */
	now += 40000;
	reads[RESOURCE_PODS] = READING_BROKEN;
	components_touch(all, RESOURCE_PODS);
	expect(HEALTH_UNKNOWN, CAUSE_DISCONNECTED, 1, 2);
	assert_true(last.since == since);
	assert_non_null(strstr(last.detail, "the reason; before that degraded"));
	/* Back, and the same as before. */
	reads[RESOURCE_PODS] = READING_LIVE;
	components_touch(all, RESOURCE_PODS);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	assert_true(last.since == since);
	reads[RESOURCE_PODS] = READING_FORBIDDEN;
	components_touch(all, RESOURCE_PODS);
	expect(HEALTH_UNKNOWN, CAUSE_FORBIDDEN, 1, 2);
	/* Namespaces are not worth an outage; CronJobs are not asked for. */
	reads[RESOURCE_PODS] = READING_LIVE;
	reads[RESOURCE_NAMESPACES] = READING_FORBIDDEN;
	components_touch(all, RESOURCE_MAX);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	components_touch(all, RESOURCE_CRONJOBS);
	expect_silence();
}

/* A kind that is named must be readable. */
static void
test_forbidden_kind(void **state)
{
	(void)state;
	reads[RESOURCE_DEPLOYMENTS] = READING_FORBIDDEN;
	add("c", KIND_DEPLOYMENT, "", "api");
	components_configure(all, conf, false);
	expect(HEALTH_UNKNOWN, CAUSE_FORBIDDEN, 0, 0);
	assert_string_equal(last.detail, "the reason");
}

static void
test_selector(void **state)
{
	(void)state;
	add("c", KIND_SELECTOR, "", "app=web");
	assert_true(components_configure(all, conf, false));
	expect(HEALTH_UNKNOWN, CAUSE_DISCONNECTED, 0, 0);
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", UP);
	pod("a", "db-0", "StatefulSet/db/s1", NULL, UP);
	pod("a", "one", NULL, NULL, UP);
	pod("hidden", "two", NULL, NULL, CRASH);
	expect_silence();
	components_selected(all);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	pod("a", "db-0", "StatefulSet/db/s1", NULL, CRASH);
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3);
	/* A new ReplicaSet of the same Deployment is a rollout, not a lack. */
	pod("a", "db-0", "StatefulSet/db/s1", NULL, UP);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	objects_remove(objects, RESOURCE_PODS, "a", "db-0");
	objects_remove(objects, RESOURCE_PODS, "a", "one");
	expect(HEALTH_OK, CAUSE_NONE, 1, 1);
	objects_remove(objects, RESOURCE_PODS, "a", "api-5d9-x");
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
}

static void
test_paused(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	deployment(UP, DOWN);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	assert_false(last.paused);
	namespace("a", true);
	settle();
	assert_true(said == 1 && last.paused);
	namespace("a", true);
	expect_silence();
	objects_sweep(objects, RESOURCE_NAMESPACES, NULL, mark + 1);
	settle();
	assert_true(said == 1 && !last.paused);
}

static void
test_sweep(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	deployment(UP, UP);
	pod("b", "other", NULL, NULL, UP);
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	assert_int_equal(objects_count(objects, RESOURCE_PODS, NULL), 3);
	assert_int_equal(objects_count(objects, RESOURCE_PODS, "a"), 2);
	/* A second list mentions one of them. */
	mark = 2;
	pod("a", "api-5d9-x", "ReplicaSet/api-5d9/r1", "5d9", UP);
	assert_int_equal(objects_sweep(objects, RESOURCE_PODS, "a", mark), 1);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	assert_int_equal(objects_count(objects, RESOURCE_PODS, NULL), 2);
	assert_int_equal(objects_sweep(objects, RESOURCE_REPLICASETS, NULL,
	    mark), 1);
	assert_int_equal(objects_sweep(objects, RESOURCE_DEPLOYMENTS, NULL,
	    mark), 1);
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
	mark = 1;
}

/* Owner references are written by whoever may create objects. */
static void
test_hostile_owners(void **state)
{
	(void)state;
	add("c", KIND_ANY, "", "api");
	components_configure(all, conf, false);
	replicaset("a", "loop", "r1", "loop", "d1", "1");
	put(RESOURCE_DEPLOYMENTS, json_pack("{s:{s:s,s:s,s:[{s:s,s:s,s:s,s:b}]}}",
	    "metadata", "namespace", "a", "name", "loop", "ownerReferences",
	    "apiVersion", "apps/v1", "kind", "ReplicaSet", "name", "loop",
	    "controller", 1));
	put(RESOURCE_DEPLOYMENTS, json_pack("{s:{s:s,s:s,s:[{s:s,s:s,s:s,s:b}]}}",
	    "metadata", "namespace", "a", "name", "self", "ownerReferences",
	    "apiVersion", "apps/v1", "kind", "Deployment", "name", "self",
	    "controller", 1));
	pod("a", "loop-x", "ReplicaSet/loop/r1", NULL, UP);
	settle();
	objects_remove(objects, RESOURCE_DEPLOYMENTS, "a", "loop");
	objects_remove(objects, RESOURCE_DEPLOYMENTS, "a", "no such");
	objects_remove(objects, RESOURCE_PODS, "nowhere", "x");
	settle();
}

static void
test_two_watches(void **state)
{
	struct conf_component *c;

	(void)state;
	c = add("c", KIND_DEPLOYMENT, "a", "api");
	add_watch(c, KIND_STATEFULSET, "a", "db");
	components_configure(all, conf, false);
	deployment(UP, UP);
	expect(HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD, 2, 2);
	workload(RESOURCE_STATEFULSETS, "a", "db", "s1", 1, false);
	pod("a", "db-0", "StatefulSet/db/s1", NULL, UP);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	pod("a", "db-0", "StatefulSet/db/s1", NULL, CRASH);
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 2, 3);
	objects_remove(objects, RESOURCE_STATEFULSETS, "a", "db");
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
}

static void
test_reload(void **state)
{
	uint64_t since;

	(void)state;
	add("c", KIND_ANY, "", "api");
	add("d", KIND_SELECTOR, "", "app=web");
	assert_true(components_configure(all, conf, false));
	deployment(UP, DOWN);
	components_selected(all);
	settle();
	since = last.since;
	assert_int_equal(said, 2);
	/* The same again: nothing is new, nothing is said. */
	now += MIN;
	assert_false(components_configure(all, conf, false));
	expect_silence();
	components_say_all(all);
	assert_int_equal(said, 2);
	assert_true(last.since == since);
	/* Another component with the same selector needs no list. */
	add("e", KIND_SELECTOR, "", "app=web");
	assert_false(components_configure(all, conf, false));
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	assert_string_equal(said_ids, "e");
	/* All go but one, with another selector. */
	conf_free(conf);
	conf = conf_new();
	add("d", KIND_SELECTOR, "", "app in (web)");
	assert_true(components_configure(all, conf, false));
	settle();
	assert_string_equal(said_ids, "d");
	assert_int_equal(last.cause, CAUSE_DISCONNECTED);
	deployment(UP, DOWN);
	components_selected(all);
	expect(HEALTH_DEGRADED, CAUSE_NOT_READY, 1, 2);
	assert_string_equal(said_ids, "d");
}

/* What is said by time alone: the loop says it. */
static void
test_look_again(void **state)
{
	int i;

	(void)state;
	add("c", KIND_ANY, "", "one");
	components_configure(all, conf, false);
	now = OLD + 10 * MIN - 50;
	pod("a", "one", NULL, NULL, CRASH);
	expect(HEALTH_UNKNOWN, CAUSE_STARTING, 0, 1);
	now = OLD + 10 * MIN;
	said = 0;
	for (i = 0; i < 5 && said == 0; i++)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(said, 1);
	assert_int_equal(last.health, HEALTH_MAJOR);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_chain), T(test_any_order), T(test_rollout_freshness),
		T(test_bare_pod), T(test_guess), T(test_guess_late),
		T(test_readings), T(test_forbidden_kind), T(test_selector),
		T(test_paused), T(test_sweep), T(test_hostile_owners),
		T(test_two_watches), T(test_reload), T(test_look_again),
	};

	return (cmocka_run_group_tests_name("component", tests, NULL, NULL));
}
