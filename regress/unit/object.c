/*
 * Decoding objects: what counts of each kind, and what is refused.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../../watcher/object.h"

static json_t *root;

/* Single quotes stand for double ones.  What is decoded borrows from root. */
static const char *
decode(struct object *o, enum resource r, const char *text)
{
	char json[8192], *p;
	json_error_t error;
	const char *api = resource_api_version(resource_info(r)->group);

	snprintf(json, sizeof(json), "%s", text);
	for (p = json; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	json_decref(root);
	if ((root = json_loads(json, 0, &error)) == NULL)
		fail_msg("%s: %s", json, error.text);
	return (object_decode(o, r, api, true, root));
}

#define META	"'metadata':{'name':'api','namespace':'a'," \
		"'creationTimestamp':'2026-01-01T00:00:00Z'"
#define T	1767225600000ULL	/* that creationTimestamp */

static void
must(struct object *o, enum resource r, const char *text)
{
	const char *why = decode(o, r, text);

	if (why != NULL)
		fail_msg("%s: %s", text, why);
}

static void
test_refuse(void **state)
{
	static const struct { const char *json, *why; } rows[] = {
		{ "{}", "an object without metadata" },
		{ "[]", "an object without metadata" },
		{ "{'metadata':[]}", "an object without metadata" },
		{ "{'metadata':{}}", "an object without a name" },
		{ "{'metadata':{'name':3}}", "an object without a name" },
		{ "{'metadata':{'name':''}}", "an object without a name" },
		{ "{'metadata':{'name':'x'}}", "an object without a namespace" },
		{ "{'kind':'Table','metadata':{'name':'x','namespace':'a'}}",
		    "an object of another kind than asked for" },
		{ "{'kind':'Pod','apiVersion':'v2',"
		    "'metadata':{'name':'x','namespace':'a'}}",
		    "an object of another apiVersion than asked for" },
		{ "{'metadata':{'name':'x','namespace':'0123456789012345678901"
		    "234567890123456789012345678901234567890123456789'}}",
		    "a namespace's name is too long" },
	};
	struct object o;
	char name[600];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(decode(&o, RESOURCE_PODS, rows[i].json),
		    rows[i].why);
	snprintf(name, sizeof(name), "{'metadata':{'name':'%0254d'}}", 7);
	assert_string_equal(decode(&o, RESOURCE_PODS, name),
	    "an object's name is too long");
	/* An event's object must say its kind. */
	must(&o, RESOURCE_PODS, "{" META "}}");
	assert_string_equal(object_decode(&o, RESOURCE_PODS, "v1", false, root),
	    "an object of another kind than asked for");
	must(&o, RESOURCE_PODS, "{'kind':'Pod','apiVersion':'v1'," META "}}");
	assert_null(object_decode(&o, RESOURCE_PODS, "v1", false, root));
}

#define COND(type, status, time)					\
	"{'type':'" type "','status':'" status "','lastTransitionTime':'" \
	time "'}"
#define UNREADY	COND("Ready", "False", "2026-01-01T01:00:00Z")

static void
test_pod_cause(void **state)
{
	static const struct {
		const char *status;
		enum cause cause;
		const char *detail;
	} rows[] = {
		{ "'phase':'Pending'", CAUSE_NOT_READY, "not ready" },
		{ "'phase':'Pending','conditions':[{'type':'PodScheduled',"
		    "'status':'False','reason':'Unschedulable','message':'0/3 "
		    "nodes'}]", CAUSE_UNSCHEDULABLE,
		    "cannot be scheduled: 0/3 nodes" },
		{ "'phase':'Running','conditions':[" UNREADY "],"
		    "'containerStatuses':[{'name':'c','ready':true},"
		    "{'name':'x','ready':false,'restartCount':3,"
		    "'state':{'waiting':{'reason':'CrashLoopBackOff'}},"
		    "'lastState':{'terminated':{'exitCode':2}}}]",
		    CAUSE_CRASH_LOOP,
		    "container x: keeps ending, exit code 2" },
		{ "'containerStatuses':[{'name':'x','restartCount':3,"
		    "'state':{'waiting':{'reason':'CrashLoopBackOff'}},"
		    "'lastState':{'terminated':{'exitCode':137,"
		    "'reason':'OOMKilled'}}}]", CAUSE_OOM,
		    "container x: out of memory" },
		/* Between two crashes it is the same. */
		{ "'containerStatuses':[{'name':'x','restartCount':3,"
		    "'state':{'running':{}},"
		    "'lastState':{'terminated':{'exitCode':2}}}]",
		    CAUSE_CRASH_LOOP,
		    "container x: keeps ending, exit code 2" },
		{ "'containerStatuses':[{'name':'x','restartCount':1,"
		    "'state':{'running':{}},"
		    "'lastState':{'terminated':{'exitCode':2}}}]",
		    CAUSE_NOT_READY, "not ready" },
		{ "'containerStatuses':[{'name':'x','restartCount':1,"
		    "'state':{'terminated':{'exitCode':2}}}]",
		    CAUSE_CRASH_LOOP,
		    "container x: keeps ending, exit code 2" },
		{ "'containerStatuses':[{'name':'x','image':'r/i:1',"
		    "'state':{'waiting':{'reason':'ErrImagePull'}}}]",
		    CAUSE_IMAGE, "container x: image r/i:1 cannot be pulled" },
		{ "'containerStatuses':[{'name':'x','image':'r/i:1',"
		    "'state':{'waiting':{'reason':'ImagePullBackOff'}}}]",
		    CAUSE_IMAGE, "container x: image r/i:1 cannot be pulled" },
		{ "'initContainerStatuses':[{'name':'i','state':{'terminated':"
		    "{'exitCode':0}}}],'containerStatuses':[{'name':'x',"
		    "'state':{'waiting':{'reason':'CreateContainerConfigError',"
		    "'message':'no secret s'}}}]", CAUSE_CONFIG,
		    "container x: CreateContainerConfigError: no secret s" },
		{ "'initContainerStatuses':[{'name':'i','restartCount':4,"
		    "'state':{'waiting':{'reason':'CrashLoopBackOff'}},"
		    "'lastState':{'terminated':{'exitCode':1}}}]",
		    CAUSE_CRASH_LOOP, "container i: keeps ending, exit code 1" },
		{ "'containerStatuses':[{'name':'x','state':{'waiting':"
		    "{'reason':'ContainerCreating'}}}]", CAUSE_NOT_READY,
		    "not ready" },
		{ "'phase':'Running','conditions':[" UNREADY ",{'type':"
		    "'ContainersReady','status':'True'}]", CAUSE_NODE_LOST,
		    "its node does not report" },
		{ "'conditions':[{'type':'Ready','status':'False','reason':"
		    "'ReadinessGatesNotReady'},{'type':'ContainersReady',"
		    "'status':'True'}]", CAUSE_NOT_READY, "not ready" },
		{ "'phase':'Running','reason':'NodeLost'", CAUSE_NODE_LOST,
		    "its node does not report" },
		{ "'phase':'Failed','reason':'Evicted','message':'disk'",
		    CAUSE_EVICTED, "Evicted: disk" },
		{ "'phase':'Failed'", CAUSE_FAILED, "failed" },
		{ "'phase':'Failed','reason':'DeadlineExceeded'", CAUSE_FAILED,
		    "failed: DeadlineExceeded" },
		{ "'phase':'Failed','containerStatuses':[{'name':'x','state':"
		    "{'terminated':{'reason':'OOMKilled'}}}]", CAUSE_OOM,
		    "container x: out of memory" },
		{ "'phase':'Succeeded'", CAUSE_NONE, "" },
		{ "'conditions':[" COND("Ready", "True", "2026-01-01T01:00:00Z")
		    "]", CAUSE_NONE, "" },
		/* Members of the wrong type count as missing. */
		{ "'phase':7,'conditions':{},'containerStatuses':'x',"
		    "'initContainerStatuses':[1,null,[]]", CAUSE_NOT_READY,
		    "not ready" },
	};
	struct object o;
	char text[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "{" META "},'status':{%s}}",
		    rows[i].status);
		must(&o, RESOURCE_PODS, text);
		if (o.pod.cause != rows[i].cause ||
		    strcmp(o.detail, rows[i].detail) != 0)
			fail_msg("%s: %s, %s", rows[i].status,
			    cause_name(o.pod.cause), o.detail);
	}
}

static void
test_pod(void **state)
{
	struct object o;

	(void)state;
	must(&o, RESOURCE_PODS, "{" META ",'uid':'u','labels':{'app':'x',"
	    "'pod-template-hash':'5d9'},'annotations':{'kanata/paused':''},"
	    "'ownerReferences':[{'kind':'Other','name':'no'},{'apiVersion':"
	    "'apps/v1','kind':'ReplicaSet','name':'api-5d9','uid':'r',"
	    "'controller':true}]},'status':{'phase':'Running','conditions':["
	    COND("Ready", "True", "2026-01-01T00:00:30Z") "]}}");
	assert_true(o.paused);
	assert_true(o.pod.ready && o.pod.was_ready && !o.pod.terminating);
	assert_true(o.pod.created == T && o.pod.ready_since == T + 30000);
	assert_string_equal(o.owner, "api-5d9");
	assert_int_equal(o.owner_kind, KIND_REPLICASET);
	assert_true(o.owner_uid != 0);
	assert_string_equal(o.template_hash, "5d9");
	assert_string_equal(o.revision, "5d9");
	assert_string_equal(object_label("app", &o), "x");
	assert_null(object_label("nope", &o));

	/* A mirror pod, a pod of something else, a StatefulSet's. */
	must(&o, RESOURCE_PODS, "{" META ",'ownerReferences':[{'apiVersion':"
	    "'v1','kind':'Node','name':'n','controller':true}]}}");
	assert_null(o.owner);
	must(&o, RESOURCE_PODS, "{" META ",'labels':{'controller-revision-hash'"
	    ":'db-1'},'ownerReferences':[{'apiVersion':'x.io/v1','kind':"
	    "'Deployment','name':'n','controller':true}]}}");
	assert_int_equal(o.owner_kind, KIND_ANY);
	assert_string_equal(o.revision, "db-1");
	assert_string_equal(o.template_hash, "");
	must(&o, RESOURCE_PODS, "{" META
	    ",'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	assert_true(o.pod.terminating);

	/* Not ready later than its first report: it was ready in between. */
	must(&o, RESOURCE_PODS, "{" META "},'status':{'startTime':"
	    "'2026-01-01T00:00:01Z','conditions':["
	    COND("Ready", "False", "2026-01-01T00:00:02Z") "]}}");
	assert_false(o.pod.was_ready);
	must(&o, RESOURCE_PODS, "{" META "},'status':{'startTime':"
	    "'2026-01-01T00:00:01Z','conditions':["
	    COND("Ready", "False", "2026-01-01T00:00:20Z") "]}}");
	assert_true(o.pod.was_ready);
}

/* A detail is cut at a character, never within one. */
static void
test_detail_cut(void **state)
{
	struct object o;
	char text[4096], message[700];
	size_t i, n;

	(void)state;
	for (n = 0; n < 3; n++) {
		memset(message, 'x', n);
		message[n] = '\0';
		for (i = 0; i < 120; i++)
			strcat(message, "\xe2\x82\xac");
		snprintf(text, sizeof(text), "{" META "},'status':{'conditions':"
		    "[{'type':'PodScheduled','status':'False','reason':"
		    "'Unschedulable','message':'%s'}]}}", message);
		must(&o, RESOURCE_PODS, text);
		i = strlen(o.detail);
		assert_in_range(i, OBJECT_DETAIL_MAX - 3, OBJECT_DETAIL_MAX);
		assert_memory_equal(o.detail + i - 3, "\xe2\x82\xac", 3);
	}
}

#define PROGRESS(status, reason)					\
	"{'type':'Progressing','status':'" status "','reason':'" reason \
	"','lastTransitionTime':'2026-01-01T00:01:00Z'}"

static void
test_deployment(void **state)
{
	static const struct {
		const char *spec, *status;
		unsigned desired, minimum;
		bool rolling, deadline, has_deadline, completed;
	} rows[] = {
		{ "", "", 1, 1, true, false, true, false },
		{ "'replicas':4", "'replicas':4,'updatedReplicas':4,"
		    "'conditions':[" PROGRESS("True", "NewReplicaSetAvailable")
		    "]", 4, 3, false, false, true, true },
		/* A pod of a finished rollout is away: no rollout. */
		{ "'replicas':4", "'replicas':4,'updatedReplicas':4,"
		    "'availableReplicas':3,'conditions':["
		    PROGRESS("True", "NewReplicaSetAvailable") "]",
		    4, 3, false, false, true, true },
		{ "'replicas':10,'strategy':{'rollingUpdate':{"
		    "'maxUnavailable':'15%','maxSurge':1}}",
		    "'conditions':[" PROGRESS("True", "ReplicaSetUpdated") "]",
		    10, 9, true, false, true, false },
		{ "'replicas':10,'strategy':{'rollingUpdate':{"
		    "'maxUnavailable':0,'maxSurge':0}}", "", 10, 9, true, false,
		    true, false },
		{ "'replicas':2,'strategy':{'type':'Recreate'}",
		    "'replicas':2,'updatedReplicas':0,'conditions':["
		    PROGRESS("True", "ReplicaSetUpdated") "]",
		    2, 0, true, false, true, false },
		{ "'replicas':2", "'replicas':3,'updatedReplicas':1,"
		    "'conditions':[" PROGRESS("False",
		    "ProgressDeadlineExceeded") "]", 2, 2, true, true, true,
		    false },
		{ "'replicas':2,'progressDeadlineSeconds':2147483647",
		    "'replicas':2,'updatedReplicas':2", 2, 2, false, false,
		    false, false },
		{ "'replicas':0", "", 0, 0, false, false, true, false },
		{ "'replicas':-5", "", 0, 0, false, false, true, false },
	};
	struct object o;
	char text[2048];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct workload_state *w = &o.workload;

		snprintf(text, sizeof(text), "{" META "},'spec':{%s},"
		    "'status':{%s}}", rows[i].spec, rows[i].status);
		must(&o, RESOURCE_DEPLOYMENTS, text);
		if (!w->found || !w->counted || w->created != T ||
		    w->desired != rows[i].desired ||
		    w->minimum != rows[i].minimum ||
		    w->rolling != rows[i].rolling ||
		    w->deadline != rows[i].deadline ||
		    w->has_deadline != rows[i].has_deadline ||
		    w->completed != rows[i].completed)
			fail_msg("%s: %u, %u, %d%d%d%d", text, w->desired,
			    w->minimum, w->rolling, w->deadline,
			    w->has_deadline, w->completed);
	}
	must(&o, RESOURCE_DEPLOYMENTS, "{" META ",'deletionTimestamp':"
	    "'2026-01-01T00:00:00Z'},'spec':{'minReadySeconds':7},'status':{"
	    "'conditions':[" COND("Available", "False", "2026-01-01T00:00:09Z")
	    "," COND("ReplicaFailure", "True", "2026-01-01T00:00:09Z") "]}}");
	assert_false(o.workload.found);
	assert_true(o.workload.replica_failure);
	assert_true(o.workload.min_ready == 7000);
	assert_true(o.workload.unavailable_since == T + 9000);
}

static void
test_others(void **state)
{
	struct object o;
	const struct workload_state *w = &o.workload;

	(void)state;
	/* StatefulSets. */
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3},"
	    "'status':{'currentRevision':'a','updateRevision':'a',"
	    "'updatedReplicas':0}}");
	assert_true(!w->rolling && w->minimum == 2 && !w->has_deadline);
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3},"
	    "'status':{'currentRevision':'a','updateRevision':'b'}}");
	assert_true(w->rolling);
	assert_string_equal(o.update_revision, "b");
	/* All are made; the last one starts. */
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3},"
	    "'status':{'currentRevision':'a','updateRevision':'b',"
	    "'updatedReplicas':3}}");
	assert_true(w->rolling);
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3,"
	    "'updateStrategy':{'type':'OnDelete'}},'status':{"
	    "'currentRevision':'a','updateRevision':'b'}}");
	assert_false(w->rolling);
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3,"
	    "'updateStrategy':{'rollingUpdate':{'partition':2}}},'status':{"
	    "'currentRevision':'a','updateRevision':'b','updatedReplicas':1}}");
	assert_false(w->rolling);
	must(&o, RESOURCE_STATEFULSETS, "{" META "},'spec':{'replicas':3,"
	    "'updateStrategy':{'rollingUpdate':{'partition':2}}},'status':{"
	    "'currentRevision':'a','updateRevision':'b','updatedReplicas':0}}");
	assert_true(w->rolling);
	/* DaemonSets. */
	must(&o, RESOURCE_DAEMONSETS, "{" META "},'status':{}}");
	assert_false(w->counted);
	must(&o, RESOURCE_DAEMONSETS, "{" META "},'spec':{'updateStrategy':{"
	    "'rollingUpdate':{'maxUnavailable':'10%'}}},'status':{"
	    "'observedGeneration':2,'desiredNumberScheduled':11,"
	    "'updatedNumberScheduled':4}}");
	assert_true(w->counted && w->rolling && w->desired == 11 &&
	    w->minimum == 9);
	/* ReplicaSets. */
	must(&o, RESOURCE_REPLICASETS, "{" META ",'annotations':{"
	    "'deployment.kubernetes.io/revision':'12'}},'spec':{'replicas':2}}");
	assert_true(o.revision_number == 12 && w->desired == 2 && !w->rolling);
	/* Jobs and CronJobs. */
	must(&o, RESOURCE_JOBS, "{" META "},'status':{'conditions':["
	    COND("Failed", "True", "2026-01-01T00:00:05Z") "]}}");
	assert_true(w->failed && !w->complete && w->finished == T + 5000);
	must(&o, RESOURCE_JOBS, "{" META "},'status':{'conditions':["
	    COND("Complete", "True", "2026-01-01T00:00:05Z") "]}}");
	assert_true(w->complete && !w->failed && w->finished == T + 5000);
	must(&o, RESOURCE_CRONJOBS, "{" META "},'spec':{'suspend':true}}");
	assert_true(w->suspended);
	/* Namespaces. */
	must(&o, RESOURCE_NAMESPACES, "{'metadata':{'name':'prod',"
	    "'annotations':{'kanata/paused':'maybe'}}}");
	assert_true(o.paused);
	assert_string_equal(o.ns, "");
}

static void
test_resources(void **state)
{
	enum kind kind;

	(void)state;
	assert_string_equal(resource_api_version("/api/v1"), "v1");
	assert_string_equal(resource_api_version("/apis/apps/v1"), "apps/v1");
	for (kind = 0; kind < KIND_MAX; kind++) {
		enum resource r = resource_of_kind(kind);

		assert_true(resource_needed(kind) & 1U << RESOURCE_PODS);
		if (r != RESOURCE_MAX)
			assert_true(resource_needed(kind) & 1U << r);
	}
	assert_int_equal(resource_of_kind(KIND_ANY), RESOURCE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_pod_cause),
		cmocka_unit_test(test_pod),
		cmocka_unit_test(test_detail_cut),
		cmocka_unit_test(test_deployment),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_resources),
	};
	int failed = cmocka_run_group_tests_name("object", tests, NULL, NULL);

	json_decref(root);
	return (failed);
}
