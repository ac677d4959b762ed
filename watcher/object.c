/*
 * What the facts about an object mean: who it is, whom it belongs to, and of a
 * workload what it wants.
 */
#include <limits.h>
#include <string.h>

#include "facts.h"
#include "table.h"

const char *
object_label(const char *key, const void *object)
{
	const struct object	*o = object;

	return (o->label == NULL ? NULL : o->label(o, key));
}

/* A copy in the object; "" if it is missing or longer than any name. */
static const char *
keep(struct object *o, size_t *used, struct text t)
{
	char	*s = o->texts + *used;

	if (t.len > OBJECT_NAME_MAX)
		t.len = 0;
	if (t.len > 0)
		memcpy(s, t.p, t.len);
	s[t.len] = '\0';
	*used += t.len + 1;
	return (s);
}

static unsigned
count(int n, unsigned missing)
{
	return (n == -1 ? missing : (unsigned)n);
}

static bool
is_true(const struct fact_condition *c)
{
	return (text_is(c->status, "True"));
}

static bool
is_false(const struct fact_condition *c)
{
	return (text_is(c->status, "False"));
}

static uint64_t
hash_of(struct text t)
{
	return (t.p == NULL ? 0 : table_hash_bytes(t.p, t.len));
}

static enum kind
owner_kind(const struct facts *f)
{
	enum resource	 r;

	if (f->owner_api.len < 6 || (memcmp(f->owner_api.p, "apps/", 5) != 0 &&
	    memcmp(f->owner_api.p, "batch/", 6) != 0))
		return (KIND_ANY);
	for (r = RESOURCE_DEPLOYMENTS; r < RESOURCE_PODS; r++)
		if (text_is(f->owner_kind, resource_info(r)->object))
			return (resource_info(r)->kind);
	return (KIND_ANY);
}

/* IntOrString: a number, or a percentage of total. */
static unsigned
amount(const struct fact_amount *a, unsigned total, unsigned missing, bool up)
{
	const char	*s = a->text.p, *end;
	uint64_t	 n = 0;

	if (s == NULL)
		return (count(a->number, missing));
	for (end = s + a->text.len; s < end && *s >= '0' && *s <= '9' &&
	    n < 1000; s++)
		n = n * 10 + (*s - '0');
	if (end - s != 1 || *s != '%')
		return (missing);
	return ((unsigned)((n * total + (up ? 99 : 0)) / 100));
}

static unsigned
less(unsigned a, unsigned b)
{
	return (a > b ? a - b : 0);
}

static void
conclude_deployment(struct workload_state *w, const struct facts *f)
{
	const struct fact_condition	*c;
	unsigned			 updated = count(f->updated, 0);
	unsigned			 away, surge;
	bool				 going = false, known;

	w->desired = count(f->replicas, 1);
	away = amount(&f->max_unavailable, w->desired, w->desired / 4, false);
	surge = amount(&f->max_surge, w->desired, (w->desired + 3) / 4, true);
	if (away == 0 && surge == 0)
		away = 1;
	w->minimum = text_is(f->strategy, "Recreate") ? 0 :
	    less(w->desired, away);
	w->has_deadline = f->deadline != INT_MAX;

	c = &f->condition[CONDITION_PROGRESSING];
	known = c->status.p != NULL && !text_is(c->status, "Unknown");
	w->progress_since = c->since;
	if (is_true(c)) {
		w->completed = text_is(c->reason, "NewReplicaSetAvailable");
		going = !w->completed;
	} else if (is_false(c))
		w->deadline = text_is(c->reason, "ProgressDeadlineExceeded");
	w->rolling = going || w->deadline ||
	    count(f->status_replicas, 0) > updated ||
	    (!known && updated < w->desired);
}

static void
conclude_statefulset(struct object *o, const struct facts *f, size_t *used)
{
	struct workload_state	*w = &o->workload;
	unsigned		 away, partition = count(f->partition, 0);

	w->desired = count(f->replicas, 1);
	away = amount(&f->max_unavailable, w->desired, 1, true);
	w->minimum = less(w->desired, away == 0 ? 1 : away);
	o->update_revision = keep(o, used, f->update_revision);
	/* With a partition the revisions differ for as long as it stands. */
	w->rolling = o->update_revision[0] != '\0' &&
	    f->current_revision.p != NULL &&
	    !text_is(f->current_revision, o->update_revision) &&
	    !text_is(f->strategy, "OnDelete") &&
	    (partition == 0 || count(f->updated, 0) <
	    less(w->desired, partition));
}

static void
conclude_daemonset(struct workload_state *w, const struct facts *f)
{
	unsigned	 away;

	/* Before the controller has seen it, it does not say how many. */
	w->counted = f->observed > 0;
	w->desired = count(f->scheduled, 0);
	away = amount(&f->max_unavailable, w->desired, 1, true);
	w->minimum = less(w->desired, away);
	w->rolling = w->counted && !text_is(f->strategy, "OnDelete") &&
	    count(f->updated, 0) < w->desired;
}

static void
conclude_replicaset(struct object *o, const struct facts *f)
{
	size_t	 i;

	o->workload.desired = count(f->replicas, 1);
	for (i = 0; i < f->revision.len && f->revision.p[i] >= '0' &&
	    f->revision.p[i] <= '9' && o->revision_number < UINT32_MAX; i++)
		o->revision_number = o->revision_number * 10 +
		    (f->revision.p[i] - '0');
}

static void
conclude_job(struct workload_state *w, const struct facts *f)
{
	const struct fact_condition	*complete, *failed;

	complete = &f->condition[CONDITION_COMPLETE];
	failed = &f->condition[CONDITION_FAILED];
	w->suspended = f->suspend;
	w->complete = is_true(complete);
	w->failed = is_true(failed);
	if (w->complete || w->failed)
		w->finished = w->failed ? failed->since : complete->since;
}

static void
conclude_workload(struct object *o, const struct facts *f, size_t *used)
{
	struct workload_state		*w = &o->workload;
	const struct fact_condition	*c = &f->condition[CONDITION_AVAILABLE];

	w->kind = resource_info(o->resource)->kind;
	/* Foreground deletion: it is going, on purpose. */
	w->found = !f->deleted;
	w->paused = o->paused;
	w->counted = true;
	w->created = f->created;
	w->min_ready = (uint64_t)count(f->min_ready, 0) * 1000;
	w->replica_failure = is_true(&f->condition[CONDITION_REPLICA_FAILURE]);
	if (is_false(c))
		w->unavailable_since = c->since;

	switch (w->kind) {
	case KIND_DEPLOYMENT:
		conclude_deployment(w, f);
		break;
	case KIND_STATEFULSET:
		conclude_statefulset(o, f, used);
		break;
	case KIND_DAEMONSET:
		conclude_daemonset(w, f);
		break;
	case KIND_REPLICASET:
		conclude_replicaset(o, f);
		break;
	case KIND_JOB:
	case KIND_CRONJOB:
		conclude_job(w, f);
		break;
	default:
		break;
	}
}

static const char *
conclude_name(struct object *o, const struct facts *f, size_t *used)
{
	bool	 bare = o->resource == RESOURCE_NAMESPACES;

	if (f->name.len == 0)
		return ("an object without a name");
	if (f->name.len > OBJECT_NAME_MAX)
		return ("an object's name is too long");
	if (!bare && f->ns.len == 0)
		return ("an object without a namespace");
	if ((bare ? f->name.len : f->ns.len) > OBJECT_NAMESPACE_MAX)
		return ("a namespace's name is too long");
	o->name = keep(o, used, f->name);
	o->ns = bare ? "" : keep(o, used, f->ns);
	return (NULL);
}

static void
conclude_owner(struct object *o, const struct facts *f, size_t *used)
{
	if (f->owner.len == 0 || f->owner.len > OBJECT_NAME_MAX)
		return;
	o->owner = keep(o, used, f->owner);
	o->owner_kind = owner_kind(f);
	o->owner_uid = hash_of(f->owner_uid);
}

const char *
object_conclude(struct object *o, enum resource r, const struct facts *f)
{
	const char	*why;
	size_t		 used = 0;

	memset(o, 0, offsetof(struct object, detail));
	o->detail[0] = '\0';
	o->resource = r;
	o->template_hash = o->revision = o->update_revision = "";
	o->version = keep(o, &used, f->version);
	if ((why = conclude_name(o, f, &used)) != NULL)
		return (why);
	o->paused = f->paused;
	if (r == RESOURCE_NAMESPACES)
		return (NULL);
	conclude_owner(o, f, &used);
	if (r == RESOURCE_PODS) {
		o->template_hash = keep(o, &used, f->template_hash);
		o->revision = o->template_hash[0] != '\0' ? o->template_hash :
		    keep(o, &used, f->revision_hash);
		object_conclude_pod(o, f);
	} else {
		o->uid = hash_of(f->uid);
		conclude_workload(o, f, &used);
	}
	return (NULL);
}
