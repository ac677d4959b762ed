/*
 * Decodes workloads.  Field names are those of the Kubernetes API reference
 * (apps/v1, batch/v1, meta/v1).  Everything comes from the API server: a member
 * of the wrong type counts as missing.
 */
#include <limits.h>
#include <string.h>

#include "object.h"
#include "table.h"
#include "timestamp.h"

#define PAUSED		"kanata/paused"
#define REVISION	"deployment.kubernetes.io/revision"

const json_t *
member(const json_t *o, const char *key)
{
	return (json_object_get(o, key));
}

const char *
member_text(const json_t *o, const char *key)
{
	return (json_string_value(json_object_get(o, key)));
}

unsigned
member_count(const json_t *o, const char *key, unsigned missing)
{
	const json_t	*v = json_object_get(o, key);
	json_int_t	 n;

	if (!json_is_integer(v))
		return (missing);
	n = json_integer_value(v);
	return (n < 0 ? 0 : n > INT_MAX ? INT_MAX : (unsigned)n);
}

bool
member_true(const json_t *o, const char *key)
{
	return (json_is_true(json_object_get(o, key)));
}

uint64_t
member_time(const json_t *o, const char *key)
{
	return (timestamp_parse(member_text(o, key)));
}

static bool
text_is(const char *text, const char *what)
{
	return (text != NULL && strcmp(text, what) == 0);
}

const json_t *
condition_find(const json_t *status, const char *type)
{
	const json_t	*c, *all = member(status, "conditions");
	size_t		 i;

	json_array_foreach(all, i, c)
		if (text_is(member_text(c, "type"), type))
			return (c);
	return (NULL);
}

bool
condition_is(const json_t *condition, const char *status)
{
	return (text_is(member_text(condition, "status"), status));
}

const char *
object_label(const char *key, const void *object)
{
	return (member_text(((const struct object *)object)->labels, key));
}

static enum kind
owner_kind(const char *api_version, const char *kind)
{
	enum resource	 r;

	if (api_version == NULL || kind == NULL)
		return (KIND_ANY);
	for (r = RESOURCE_DEPLOYMENTS; r < RESOURCE_PODS; r++)
		if (strcmp(resource_info(r)->object, kind) == 0 &&
		    (strncmp(api_version, "apps/", 5) == 0 ||
		    strncmp(api_version, "batch/", 6) == 0))
			return (resource_info(r)->kind);
	return (KIND_ANY);
}

/* A mirror pod belongs to its Node: that is a place, not a workload. */
static void
decode_owner(struct object *o, const json_t *metadata)
{
	const json_t	*ref, *refs = member(metadata, "ownerReferences");
	const char	*kind, *uid;
	size_t		 i;

	json_array_foreach(refs, i, ref) {
		kind = member_text(ref, "kind");
		if (!member_true(ref, "controller") || text_is(kind, "Node"))
			continue;
		o->owner = member_text(ref, "name");
		if (o->owner == NULL || o->owner[0] == '\0' ||
		    strlen(o->owner) > OBJECT_NAME_MAX) {
			o->owner = NULL;
			return;
		}
		o->owner_kind = owner_kind(member_text(ref, "apiVersion"), kind);
		uid = member_text(ref, "uid");
		o->owner_uid = uid == NULL ? 0 : table_hash(uid);
		return;
	}
}

/* IntOrString: a number, or a percentage of total. */
static unsigned
int_or_percent(const json_t *v, unsigned total, unsigned missing, bool up)
{
	const char	*s;
	uint64_t	 n = 0;

	if (json_is_integer(v)) {
		json_int_t i = json_integer_value(v);

		return (i < 0 ? 0 : i > INT_MAX ? INT_MAX : (unsigned)i);
	}
	if ((s = json_string_value(v)) == NULL)
		return (missing);
	for (; *s >= '0' && *s <= '9' && n < 1000; s++)
		n = n * 10 + (*s - '0');
	if (strcmp(s, "%") != 0)
		return (missing);
	return ((unsigned)((n * total + (up ? 99 : 0)) / 100));
}

static unsigned
less(unsigned a, unsigned b)
{
	return (a > b ? a - b : 0);
}

static void
decode_deployment(struct workload_state *w, const json_t *spec,
    const json_t *status)
{
	const json_t	*strategy = member(spec, "strategy"), *c;
	const json_t	*rolling = member(strategy, "rollingUpdate");
	unsigned	 updated = member_count(status, "updatedReplicas", 0);
	unsigned	 away, surge;
	bool		 going = false, known;

	w->desired = member_count(spec, "replicas", 1);
	away = int_or_percent(member(rolling, "maxUnavailable"), w->desired,
	    w->desired / 4, false);
	surge = int_or_percent(member(rolling, "maxSurge"), w->desired,
	    (w->desired + 3) / 4, true);
	if (away == 0 && surge == 0)
		away = 1;
	w->minimum = text_is(member_text(strategy, "type"), "Recreate") ? 0 :
	    less(w->desired, away);
	w->has_deadline = member_count(spec, "progressDeadlineSeconds", 600) !=
	    INT_MAX;

	c = condition_find(status, "Progressing");
	known = c != NULL && !condition_is(c, "Unknown");
	w->progress_since = member_time(c, "lastTransitionTime");
	if (condition_is(c, "True")) {
		w->completed = text_is(member_text(c, "reason"),
		    "NewReplicaSetAvailable");
		going = !w->completed;
	} else if (condition_is(c, "False"))
		w->deadline = text_is(member_text(c, "reason"),
		    "ProgressDeadlineExceeded");
	w->rolling = going || w->deadline ||
	    member_count(status, "replicas", 0) > updated ||
	    (!known && updated < w->desired);
}

static void
decode_statefulset(struct object *o, struct workload_state *w,
    const json_t *spec, const json_t *status)
{
	const json_t	*strategy = member(spec, "updateStrategy");
	const json_t	*rolling = member(strategy, "rollingUpdate");
	const char	*current = member_text(status, "currentRevision");
	const char	*update = member_text(status, "updateRevision");
	unsigned	 away, partition = member_count(rolling, "partition", 0);

	w->desired = member_count(spec, "replicas", 1);
	away = int_or_percent(member(rolling, "maxUnavailable"), w->desired, 1,
	    true);
	w->minimum = less(w->desired, away == 0 ? 1 : away);
	if (update == NULL)
		return;
	o->update_revision = update;
	/* With a partition the revisions differ for as long as it stands. */
	w->rolling = current != NULL && strcmp(current, update) != 0 &&
	    !text_is(member_text(strategy, "type"), "OnDelete") &&
	    (partition == 0 || member_count(status, "updatedReplicas", 0) <
	    less(w->desired, partition));
}

static void
decode_daemonset(struct workload_state *w, const json_t *spec,
    const json_t *status)
{
	const json_t	*strategy = member(spec, "updateStrategy");
	const json_t	*rolling = member(strategy, "rollingUpdate");
	unsigned	 away;

	/* Before the controller has seen it, it does not say how many. */
	w->counted = member_count(status, "observedGeneration", 0) > 0;
	w->desired = member_count(status, "desiredNumberScheduled", 0);
	away = int_or_percent(member(rolling, "maxUnavailable"), w->desired, 1,
	    true);
	w->minimum = less(w->desired, away);
	w->rolling = w->counted &&
	    !text_is(member_text(strategy, "type"), "OnDelete") &&
	    member_count(status, "updatedNumberScheduled", 0) < w->desired;
}

static void
decode_job(struct workload_state *w, const json_t *spec, const json_t *status)
{
	const json_t	*complete = condition_find(status, "Complete");
	const json_t	*failed = condition_find(status, "Failed");

	w->suspended = member_true(spec, "suspend");
	w->complete = condition_is(complete, "True");
	w->failed = condition_is(failed, "True");
	if (w->complete || w->failed)
		w->finished = member_time(w->failed ? failed : complete,
		    "lastTransitionTime");
}

static void
decode_workload(struct object *o, const json_t *metadata, const json_t *root)
{
	struct workload_state	*w = &o->workload;
	const json_t		*spec = member(root, "spec");
	const json_t		*status = member(root, "status"), *c;
	const char		*s;

	w->kind = resource_info(o->resource)->kind;
	/* Foreground deletion: it is going, on purpose. */
	w->found = member(metadata, "deletionTimestamp") == NULL;
	w->paused = o->paused;
	w->counted = true;
	w->created = member_time(metadata, "creationTimestamp");
	w->min_ready = (uint64_t)member_count(spec, "minReadySeconds", 0) * 1000;
	w->replica_failure = condition_is(condition_find(status,
	    "ReplicaFailure"), "True");
	c = condition_find(status, "Available");
	if (condition_is(c, "False"))
		w->unavailable_since = member_time(c, "lastTransitionTime");

	switch (w->kind) {
	case KIND_DEPLOYMENT:
		decode_deployment(w, spec, status);
		break;
	case KIND_STATEFULSET:
		decode_statefulset(o, w, spec, status);
		break;
	case KIND_DAEMONSET:
		decode_daemonset(w, spec, status);
		break;
	case KIND_REPLICASET:
		w->desired = member_count(spec, "replicas", 1);
		s = member_text(member(metadata, "annotations"), REVISION);
		for (; s != NULL && *s >= '0' && *s <= '9' &&
		    o->revision_number < UINT32_MAX; s++)
			o->revision_number = o->revision_number * 10 +
			    (*s - '0');
		break;
	case KIND_JOB:
	case KIND_CRONJOB:
		decode_job(w, spec, status);
		break;
	default:
		break;
	}
}

static const char *
decode_name(struct object *o, const json_t *metadata)
{
	const char	*uid = member_text(metadata, "uid");

	o->name = member_text(metadata, "name");
	o->ns = member_text(metadata, "namespace");
	if (o->name == NULL || o->name[0] == '\0')
		return ("an object without a name");
	if (strlen(o->name) > OBJECT_NAME_MAX)
		return ("an object's name is too long");
	if (o->resource == RESOURCE_NAMESPACES)
		o->ns = "";
	else if (o->ns == NULL || o->ns[0] == '\0')
		return ("an object without a namespace");
	if (strlen(o->resource == RESOURCE_NAMESPACES ? o->name : o->ns) >
	    OBJECT_NAMESPACE_MAX)
		return ("a namespace's name is too long");
	o->uid = uid == NULL ? 0 : table_hash(uid);
	return (NULL);
}

const char *
object_decode(struct object *o, enum resource resource, const char *api_version,
    bool item, const json_t *root)
{
	const json_t	*metadata = member(root, "metadata");
	const char	*kind = member_text(root, "kind");
	const char	*version = member_text(root, "apiVersion"), *why;

	memset(o, 0, sizeof(*o));
	o->resource = resource;
	o->template_hash = o->revision = o->update_revision = "";
	if (!json_is_object(metadata))
		return ("an object without metadata");
	if ((kind != NULL || !item) &&
	    !text_is(kind, resource_info(resource)->object))
		return ("an object of another kind than asked for");
	if ((version != NULL || !item) && !text_is(version, api_version))
		return ("an object of another apiVersion than asked for");
	if ((why = decode_name(o, metadata)) != NULL)
		return (why);
	o->paused = member(member(metadata, "annotations"), PAUSED) != NULL;
	if (resource == RESOURCE_NAMESPACES)
		return (NULL);
	decode_owner(o, metadata);
	if (resource == RESOURCE_PODS)
		object_decode_pod(o, root);
	else
		decode_workload(o, metadata, root);
	return (NULL);
}
