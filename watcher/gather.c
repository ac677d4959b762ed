/*
 * From a target to its workloads and their pods, each of which health_judge
 * judges.
 */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "component_local.h"
#include "crowd.h"

#define CHAIN_MAX	4	/* Deployment, ReplicaSet, pod, and one more */
#define KEY_SIZE	(OBJECT_NAMESPACE_MAX + OBJECT_NAME_MAX + 16)

/* One buffer, it grows and stays: by an eighth, for it may be large. */
static const struct pod	**pods;
static size_t		  npods, pods_size;

static void
add_pod(const struct pod *p)
{
	if (npods == pods_size) {
		pods_size += pods_size / 8 + 64;
		if ((pods = reallocarray(pods, pods_size, sizeof(*pods))) ==
		    NULL)
			fatal("gather");
	}
	pods[npods++] = p;
}

/* Belongs to this incarnation of its owner: names come back, uids do not. */
static bool
is_owned(uint64_t owner_uid, const struct node *owner)
{
	return (owner->workload == NULL || owner->workload->uid == 0 ||
	    owner_uid == 0 || owner_uid == owner->workload->uid);
}

static void
add_pods(const struct node *n, int depth)
{
	const struct pod	*p;
	const struct node	*child;

	LIST_FOREACH(p, &n->pods, sibling)
		if (is_owned(p->owner_uid, n))
			add_pod(p);
	if (depth == CHAIN_MAX)
		return;
	LIST_FOREACH(child, &n->nodes, sibling)
		if (child->workload == NULL ||
		    is_owned(child->workload->owner_uid, n))
			add_pods(child, depth + 1);
}

/* A CronJob is as well as its last Job that finished. */
static void
last_job(const struct node *n, struct workload_state *w)
{
	const struct node		*child;
	const struct workload_state	*job;

	LIST_FOREACH(child, &n->nodes, sibling) {
		if (child->workload == NULL || child->kind != KIND_JOB)
			continue;
		job = &child->workload->state;
		if (!(job->complete || job->failed) ||
		    job->finished < w->finished)
			continue;
		w->complete = job->complete;
		w->failed = job->failed;
		w->finished = job->finished;
	}
}

static bool
node_is_paused(const struct node *n)
{
	int	 depth;

	if (n->space->paused)
		return (true);
	for (depth = 0; n != NULL && depth < CHAIN_MAX; n = n->parent, depth++)
		if (n->workload != NULL && n->workload->state.paused)
			return (true);
	return (false);
}

static struct part *
part_get(struct target *t, const char *key)
{
	struct part	*p, **last;
	size_t		 len = strlen(key) + 1;
	bool		 was_healthy = false;

	for (last = &t->parts; (p = *last) != NULL; last = &p->next) {
		if (strcmp(p->key, key) == 0) {
			p->seen = true;
			return (p);
		}
		/* What comes in place of what is gone inherits this. */
		was_healthy |= p->ghost && p->memory.was_healthy;
	}
	if ((p = calloc(1, sizeof(*p) + len)) == NULL)
		fatal("gather");
	memcpy(p->key, key, len);
	p->seen = true;
	p->memory.was_healthy = was_healthy;
	*last = p;
	return (p);
}

/* A part's view into that of the target. */
struct sum {
	struct target		*target;
	struct health_view	*view;
	uint64_t		*latest;
	uint64_t		 now;
	bool			 any;
	size_t			 npods;
};

static void
judge_part(struct sum *sum, const char *key, const struct workload_state *w,
    const struct crowd *c)
{
	const struct health_rules	*rules = &sum->target->component->rules;
	struct part			*part = part_get(sum->target, key);
	struct health_view		 v;

	sum->npods += c->n;
	health_judge_each(w, crowd_pod, c, c->n, rules, sum->now, &part->memory,
	    &v);
	if (v.since > *sum->latest)
		*sum->latest = v.since;
	if (sum->any)
		health_merge(sum->view, &v, rules,
		    sum->target->kind == KIND_SELECTOR);
	else
		*sum->view = v;
	sum->any = true;
}

static void
judge_node(struct sum *sum, const struct node *n)
{
	struct workload_state	 w;
	struct crowd		 c = { 0 };
	char			 key[KEY_SIZE];

	npods = 0;
	add_pods(n, 0);
	c.pod = pods;
	c.n = npods;
	memset(&w, 0, sizeof(w));
	if (n->workload != NULL)
		w = n->workload->state;
	else {
		w.kind = n->kind;
		w.found = true;
		w.created = crowd_oldest(&c);
	}
	w.paused = node_is_paused(n);
	crowd_mark_fresh(&c, n);
	if (n->kind == KIND_CRONJOB)
		last_job(n, &w);
	snprintf(key, sizeof(key), "%s/%d/%s", n->space->name, n->kind, n->name);
	judge_part(sum, key, &w, &c);
}

static void
judge_pod_alone(struct sum *sum, const struct pod *p)
{
	struct workload_state	 w;
	struct crowd		 c = { .pod = &p, .n = 1 };
	char			 key[KEY_SIZE];

	memset(&w, 0, sizeof(w));
	w.kind = KIND_POD;
	w.found = true;
	w.paused = p->paused || p->space->paused;
	w.created = (uint64_t)p->created * 1000;
	snprintf(key, sizeof(key), "%s/%d/%s", p->space->name, KIND_POD, p->name);
	judge_part(sum, key, &w, &c);
}

static bool
in_scope(const struct components *all, const struct target *t,
    const struct space *s)
{
	if (strcmp(t->ns, "*") == 0)
		return (true);
	if (t->ns[0] != '\0')
		return (strcmp(t->ns, s->name) == 0);
	return (all->hooks.listed(s->name));
}

/*
 * A workload that is only mentioned is one when nobody can tell better: its kind
 * is not watched or not to be read.
 */
bool
target_covers_node(const struct components *all, const struct target *t,
    const struct node *n)
{
	enum resource	 r;
	const char	*why;

	if ((t->kind != KIND_ANY && t->kind != n->kind) ||
	    !in_scope(all, t, n->space))
		return (false);
	if (n->workload != NULL)
		return (true);
	r = resource_of_kind(n->kind);
	return (r == RESOURCE_MAX ||
	    all->hooks.reading(r, n->space->name, &why) == READING_FORBIDDEN);
}

bool
target_covers_pod(const struct components *all, const struct target *t,
    const struct pod *p)
{
	return ((t->kind == KIND_ANY || t->kind == KIND_POD) &&
	    in_scope(all, t, p->space));
}

static void
judge_named(struct components *all, struct sum *sum)
{
	struct target	*t = sum->target;
	struct node	*n;
	struct pod	*p;

	for (n = objects_node(all->objects, t->name); n != NULL;
	    n = objects_node_next(n))
		if (target_covers_node(all, t, n))
			judge_node(sum, n);
	if (t->kind != KIND_ANY && t->kind != KIND_POD)
		return;
	for (p = objects_pod(all->objects, t->name); p != NULL;
	    p = objects_pod_next(p))
		if (target_covers_pod(all, t, p))
			judge_pod_alone(sum, p);
}

/* What a pod of a selection is one of many of: the workload, less the template
 * hash of a ReplicaSet. */
static size_t
group_length(const struct pod *p)
{
	size_t	 len = strlen(p->owner->name), hlen;

	if (p->owner->kind != KIND_REPLICASET || !p->has_template_hash)
		return (len);
	hlen = strlen(p->revision->s);
	if (len > hlen + 1 && p->owner->name[len - hlen - 1] == '-' &&
	    strcmp(p->owner->name + len - hlen, p->revision->s) == 0)
		len -= hlen + 1;
	return (len);
}

static int
group_compare(const void *va, const void *vb)
{
	const struct pod *const	*a = va, *const *b = vb;
	size_t			 la, lb;
	int			 c;

	if ((*a)->space != (*b)->space)
		return (strcmp((*a)->space->name, (*b)->space->name));
	if ((*a)->owner == (*b)->owner)
		return (0);
	if ((*a)->owner == NULL || (*b)->owner == NULL)
		return ((*a)->owner == NULL ? -1 : 1);
	if ((*a)->owner->kind != (*b)->owner->kind)
		return ((int)(*a)->owner->kind - (int)(*b)->owner->kind);
	la = group_length(*a);
	lb = group_length(*b);
	c = memcmp((*a)->owner->name, (*b)->owner->name, la < lb ? la : lb);
	return (c != 0 ? c : la < lb ? -1 : la > lb);
}

static void
judge_group(struct sum *sum, const struct pod **member, size_t n)
{
	struct workload_state	 w;
	struct crowd		 c = { .pod = member, .n = n };
	const struct pod	*p = member[0];
	char			 key[KEY_SIZE];

	memset(&w, 0, sizeof(w));
	w.kind = KIND_ANY;
	w.found = true;
	w.paused = p->space->paused;
	/* A Job's pods are not there to serve. */
	if (p->owner != NULL && p->owner->kind == KIND_JOB)
		w.kind = KIND_JOB;
	w.created = crowd_oldest(&c);
	if (p->owner != NULL)
		c.fresh_revision = crowd_newest_revision(&c);
	if (p->owner == NULL)
		snprintf(key, sizeof(key), "%s", p->space->name);
	else
		snprintf(key, sizeof(key), "%s/%d/%.*s", p->space->name,
		    p->owner->kind, (int)group_length(p), p->owner->name);
	judge_part(sum, key, &w, &c);
}

/* Pods of a selector, workload by workload, so that a rollout of one of them is
 * told from two that differ. */
static void
judge_selected(struct components *all, struct sum *sum)
{
	const struct space	*space = NULL;
	struct membership	*m;
	size_t			 i, from;
	bool			 covered = false;
	int			 order = 0;

	npods = 0;
	LIST_FOREACH(m, &sum->target->selection->members, entry) {
		/* Mostly it is the same one again. */
		if (m->pod->space != space) {
			space = m->pod->space;
			covered = in_scope(all, sum->target, space);
		}
		if (!covered)
			continue;
		add_pod(m->pod);
		if (npods > 1 && order == 0)
			order = group_compare(&pods[npods - 2],
			    &pods[npods - 1]);
	}
	/* Mostly it is one group. */
	if (order == 0 && npods > 0) {
		judge_group(sum, pods, npods);
		return;
	}
	/* Not qsort, which asks the kernel how much memory there is. */
	if (npods > 1 && heapsort(pods, npods, sizeof(*pods), group_compare) ==
	    -1)
		fatal("gather");
	for (from = 0, i = 1; i <= npods; i++)
		if (i == npods || group_compare(&pods[from], &pods[i]) != 0) {
			judge_group(sum, pods + from, i - from);
			from = i;
		}
}

/* Nothing is there (any more). */
static void
judge_absent(struct sum *sum)
{
	struct workload_state	 w;
	struct target		*t = sum->target;
	struct part		*p;

	memset(&w, 0, sizeof(w));
	w.kind = t->kind;
	for (p = t->parts; p != NULL; p = p->next)
		p->ghost = true;
	health_judge(&w, NULL, 0, &t->component->rules, sum->now,
	    t->parts == NULL ? &t->absent : &t->parts->memory, sum->view);
	if (sum->view->detail[0] == '\0')
		snprintf(sum->view->detail, sizeof(sum->view->detail),
		    "%s %s%s%s: %s", kind_name(t->kind), t->ns,
		    t->ns[0] == '\0' ? "" : "/", t->name,
		    t->parts == NULL ? "nothing of that name" : "is gone");
}

/* Parts that went while others are there are forgotten. */
static void
forget_unseen(struct target *t)
{
	struct part	**pp, *p;

	for (pp = &t->parts; (p = *pp) != NULL; ) {
		p->ghost = false;
		if (p->seen)
			pp = &p->next;
		else {
			*pp = p->next;
			free(p);
		}
	}
}

size_t
target_judge(struct components *all, struct target *t, uint64_t now,
    struct health_view *view, uint64_t *latest)
{
	struct sum	 sum = { t, view, latest, now, false, 0 };
	struct part	*p;

	memset(view, 0, sizeof(*view));
	for (p = t->parts; p != NULL; p = p->next)
		p->seen = false;
	if (t->kind == KIND_SELECTOR)
		judge_selected(all, &sum);
	else
		judge_named(all, &sum);
	if (sum.any)
		forget_unseen(t);
	else
		judge_absent(&sum);
	return (sum.npods);
}
