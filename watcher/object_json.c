/*
 * JSON into facts.  Member names are those of the Kubernetes API reference
 * (core/v1, apps/v1, batch/v1, meta/v1).  Everything comes from the API server: a
 * member of the wrong type counts as missing.
 */
#include <limits.h>
#include <string.h>

#include "../common/timestamp.h"
#include "facts.h"

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

static int
number(const json_t *v)
{
	return (json_is_integer(v) ? facts_number(json_integer_value(v)) : -1);
}

unsigned
member_count(const json_t *o, const char *key, unsigned missing)
{
	int	 n = number(json_object_get(o, key));

	return (n == -1 ? missing : (unsigned)n);
}

static bool
member_true(const json_t *o, const char *key)
{
	return (json_is_true(json_object_get(o, key)));
}

static uint64_t
member_time(const json_t *o, const char *key)
{
	return (timestamp_parse(member_text(o, key)));
}

static struct text
text_of(const json_t *v)
{
	struct text	 t = { json_string_value(v), json_string_length(v) };

	return (t);
}

static struct text
get(const json_t *o, const char *key)
{
	return (text_of(json_object_get(o, key)));
}

static void
read_entries(struct facts *f, const json_t *map,
    struct text *(*wanted)(struct facts *, struct text))
{
	const char	*key;
	json_t		*v;
	struct text	*where;

	/* The iterator wants it writable, and does not write. */
	json_object_foreach((json_t *)(uintptr_t)map, key, v)
		if ((where = wanted(f, (struct text){ key, strlen(key) })) !=
		    NULL)
			*where = text_of(v);
}

static void
read_owners(struct facts *f, const json_t *refs)
{
	const json_t	*ref;
	size_t		 i;

	json_array_foreach(refs, i, ref)
		if (member_true(ref, "controller") &&
		    facts_wants_owner(f, get(ref, "kind"))) {
			f->owner = get(ref, "name");
			f->owner_uid = get(ref, "uid");
			f->owner_api = get(ref, "apiVersion");
			f->owner_kind = get(ref, "kind");
		}
}

static void
read_metadata(struct facts *f, const json_t *metadata)
{
	f->name = get(metadata, "name");
	f->ns = get(metadata, "namespace");
	f->uid = get(metadata, "uid");
	f->version = get(metadata, "resourceVersion");
	f->created = member_time(metadata, "creationTimestamp");
	f->deleted = member(metadata, "deletionTimestamp") != NULL;
	read_entries(f, member(metadata, "labels"), facts_label);
	read_entries(f, member(metadata, "annotations"), facts_annotation);
	read_owners(f, member(metadata, "ownerReferences"));
}

static void
read_conditions(struct facts *f, const json_t *status)
{
	const json_t		*v, *all = member(status, "conditions");
	struct fact_condition	*c;
	enum condition		 which;
	size_t			 i;

	json_array_foreach(all, i, v) {
		which = facts_condition(get(v, "type"));
		if (which == CONDITION_MAX)
			continue;
		/* The first of that type; one without a status is none. */
		c = &f->condition[which];
		if (c->status.p != NULL)
			continue;
		c->status = get(v, "status");
		c->reason = get(v, "reason");
		c->message = get(v, "message");
		c->since = member_time(v, "lastTransitionTime");
	}
}

static void
read_ended(struct fact_ended *e, const json_t *state)
{
	const json_t	*v = member(state, "terminated");

	e->there = json_is_object(v);
	e->exit_code = (int)member_count(v, "exitCode", 0);
	e->reason = get(v, "reason");
}

static void
read_containers(struct facts *f, const json_t *all, bool init)
{
	const json_t		*v, *waiting;
	struct fact_container	 c;
	size_t			 i;

	json_array_foreach(all, i, v) {
		waiting = member(member(v, "state"), "waiting");
		memset(&c, 0, sizeof(c));
		c.name = get(v, "name");
		c.image = get(v, "image");
		c.ready = member_true(v, "ready");
		c.restarts = (int)member_count(v, "restartCount", 0);
		c.waiting_reason = get(waiting, "reason");
		c.waiting_message = get(waiting, "message");
		read_ended(&c.ended, member(v, "state"));
		read_ended(&c.last, member(v, "lastState"));
		facts_container(f, &c, init);
	}
}

static void
read_pod(struct facts *f, const json_t *status)
{
	f->phase = get(status, "phase");
	f->reason = get(status, "reason");
	f->message = get(status, "message");
	f->started = member_time(status, "startTime");
	read_containers(f, member(status, "initContainerStatuses"), true);
	read_containers(f, member(status, "containerStatuses"), false);
}

static void
read_amount(struct fact_amount *a, const json_t *v)
{
	a->number = number(v);
	a->text = text_of(v);
}

/* A Deployment has a strategy, others an updateStrategy. */
static void
read_workload(struct facts *f, enum resource r, const json_t *spec,
    const json_t *status)
{
	const json_t	*strategy = member(spec, r == RESOURCE_DEPLOYMENTS ?
			    "strategy" : "updateStrategy");
	const json_t	*rolling = member(strategy, "rollingUpdate");

	f->strategy = get(strategy, "type");
	read_amount(&f->max_unavailable, member(rolling, "maxUnavailable"));
	read_amount(&f->max_surge, member(rolling, "maxSurge"));
	f->partition = number(member(rolling, "partition"));
	f->replicas = number(member(spec, "replicas"));
	f->min_ready = number(member(spec, "minReadySeconds"));
	f->deadline = number(member(spec, "progressDeadlineSeconds"));
	f->suspend = member_true(spec, "suspend");
	f->status_replicas = number(member(status, "replicas"));
	f->updated = number(member(status, r == RESOURCE_DAEMONSETS ?
	    "updatedNumberScheduled" : "updatedReplicas"));
	f->observed = number(member(status, "observedGeneration"));
	f->scheduled = number(member(status, "desiredNumberScheduled"));
	f->current_revision = get(status, "currentRevision");
	f->update_revision = get(status, "updateRevision");
}

void
facts_read_json(struct facts *f, enum resource r, const json_t *root)
{
	const json_t	*status = member(root, "status");

	facts_init(f);
	read_metadata(f, member(root, "metadata"));
	if (r == RESOURCE_NAMESPACES)
		return;
	read_conditions(f, status);
	if (r == RESOURCE_PODS)
		read_pod(f, status);
	else
		read_workload(f, r, member(root, "spec"), status);
}

static const char *
json_label(const struct object *o, const char *key)
{
	return (member_text(o->labels, key));
}

static bool
same(const char *a, const char *b)
{
	return (a != NULL && strcmp(a, b) == 0);
}

const char *
object_decode(struct object *o, enum resource r, const char *api_version,
    bool item, const json_t *root)
{
	const char	*kind = member_text(root, "kind");
	const char	*version = member_text(root, "apiVersion"), *why;
	struct facts	 f;

	if (!json_is_object(member(root, "metadata")))
		return ("an object without metadata");
	if ((kind != NULL || !item) && !same(kind, resource_info(r)->object))
		return ("an object of another kind than asked for");
	if ((version != NULL || !item) && !same(version, api_version))
		return ("an object of another apiVersion than asked for");
	facts_read_json(&f, r, root);
	if ((why = object_conclude(o, r, &f)) != NULL)
		return (why);
	o->label = json_label;
	o->labels = member(member(root, "metadata"), "labels");
	return (NULL);
}
