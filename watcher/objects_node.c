#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "objects_local.h"

struct node *
objects_node(const struct objects *o, const char *name)
{
	struct link	*l = table_first(&o->nodes, table_hash(name));

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct node *)l)->name, name) == 0)
			break;
	return ((struct node *)l);
}

struct node *
objects_node_next(const struct node *n)
{
	struct link	*l = table_next(&n->link);

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct node *)l)->name, n->name) == 0)
			break;
	return ((struct node *)l);
}

struct node *
node_find(const struct objects *o, const struct space *s, enum kind kind,
    const char *name)
{
	struct link	*l = table_first(&o->nodes, table_hash(name));
	struct node	*n;

	for (; l != NULL; l = table_next(l)) {
		n = (struct node *)l;
		if (n->space == s && n->kind == kind &&
		    strcmp(n->name, name) == 0)
			return (n);
	}
	return (NULL);
}

static void
tell(struct objects *o, const struct node *n)
{
	if (!o->quiet)
		o->listener.node(n, o->listener.arg);
}

static void
set_parent(struct objects *o, struct node *n, struct node *parent, bool guessed)
{
	struct node	*old = n->parent;

	n->guessed = guessed;
	if (old == parent)
		return;
	if (old != NULL) {
		tell(o, n);
		LIST_REMOVE(n, sibling);
	}
	n->parent = parent;
	if (parent != NULL) {
		LIST_INSERT_HEAD(&parent->nodes, n, sibling);
		tell(o, n);
	}
	if (old != NULL)
		node_release(o, old);
}

static bool
is_guessed(const struct objects *o, const struct node *n)
{
	const struct guess	*g;

	for (g = o->guesses; g != NULL; g = g->next)
		if (g->kind == n->kind && (g->ns[0] == '\0' ||
		    strcmp(g->ns, n->space->name) == 0))
			return (true);
	return (false);
}

/* Would n become its own ancestor?  Owner references are anybody's. */
static bool
is_below(const struct node *n, const struct node *top)
{
	int	 depth;

	for (depth = 0; n != NULL; n = n->parent, depth++)
		if (n == top || depth > 16)
			return (true);
	return (false);
}

/* name less a suffix that begins with '-', as node of that kind. */
static void
guess_parent(struct objects *o, struct node *n, size_t len, enum kind kind)
{
	struct node	*parent;
	char		 name[OBJECT_NAME_MAX + 1];

	if (len == 0 || len > OBJECT_NAME_MAX)
		return;
	memcpy(name, n->name, len);
	name[len] = '\0';
	parent = node_get(o, n->space, kind, name);
	if (is_below(parent, n))
		node_release(o, parent);
	else
		set_parent(o, n, parent, true);
}

/* "api-5d9c7" with the template hash 5d9c7 belongs to "api". */
void
node_hint(struct objects *o, struct node *n, const char *hash)
{
	size_t	 len = strlen(n->name), hlen = strlen(hash);

	if (n->workload != NULL || n->parent != NULL ||
	    n->kind != KIND_REPLICASET || len < hlen + 2 ||
	    n->name[len - hlen - 1] != '-' ||
	    strcmp(n->name + len - hlen, hash) != 0 || !is_guessed(o, n))
		return;
	guess_parent(o, n, len - hlen - 1, KIND_DEPLOYMENT);
}

/* "backup-28371240" was made by the CronJob "backup". */
static void
guess_cronjob(struct objects *o, struct node *n)
{
	size_t	 len = strlen(n->name), end = len;

	if (n->workload != NULL || n->parent != NULL || n->kind != KIND_JOB ||
	    !is_guessed(o, n))
		return;
	while (end > 0 && n->name[end - 1] >= '0' && n->name[end - 1] <= '9')
		end--;
	if (end == len || end < 2 || n->name[end - 1] != '-')
		return;
	guess_parent(o, n, end - 1, KIND_CRONJOB);
}

struct node *
node_get(struct objects *o, struct space *s, enum kind kind, const char *name)
{
	struct node	*n;
	size_t		 len = strlen(name) + 1;

	if ((n = node_find(o, s, kind, name)) != NULL)
		return (n);
	if ((n = calloc(1, sizeof(*n) + len)) == NULL)
		fatal("objects");
	memcpy(n->name, name, len);
	n->kind = kind;
	n->space = s;
	s->refs++;
	LIST_INIT(&n->nodes);
	LIST_INIT(&n->pods);
	table_add(&o->nodes, &n->link, table_hash(name));
	guess_cronjob(o, n);
	return (n);
}

void
node_release(struct objects *o, struct node *n)
{
	struct node	*parent;

	while (n != NULL && n->workload == NULL && LIST_EMPTY(&n->pods) &&
	    LIST_EMPTY(&n->nodes)) {
		if ((parent = n->parent) != NULL)
			LIST_REMOVE(n, sibling);
		table_remove(&o->nodes, &n->link);
		space_put(o, n->space);
		free(n);
		n = parent;
	}
}

static bool
workload_differs(const struct workload *w, const struct object *in)
{
	const struct workload_state	*a = &w->state, *b = &in->workload;

	return (w->uid != in->uid || w->owner_uid != in->owner_uid ||
	    w->revision_number != in->revision_number ||
	    strcmp(w->update_revision->s, in->update_revision) != 0 ||
	    a->found != b->found || a->paused != b->paused ||
	    a->counted != b->counted || a->rolling != b->rolling ||
	    a->deadline != b->deadline || a->has_deadline != b->has_deadline ||
	    a->completed != b->completed ||
	    a->replica_failure != b->replica_failure ||
	    a->desired != b->desired || a->minimum != b->minimum ||
	    a->min_ready != b->min_ready || a->created != b->created ||
	    a->unavailable_since != b->unavailable_since ||
	    a->progress_since != b->progress_since ||
	    a->suspended != b->suspended || a->complete != b->complete ||
	    a->failed != b->failed || a->finished != b->finished);
}

void
node_set(struct objects *o, const struct object *in, uint32_t mark)
{
	struct space	*s = space_get(o, in->ns);
	struct node	*n, *parent = NULL;
	struct workload	*w;
	struct word	*old;
	bool		 changed;

	n = node_get(o, s, resource_info(in->resource)->kind, in->name);
	space_put(o, s);
	changed = (w = n->workload) == NULL;
	if (w == NULL) {
		if ((w = calloc(1, sizeof(*w))) == NULL)
			fatal("objects");
		w->update_revision = word_get(o, "");
		n->workload = w;
	}
	w->mark = mark;
	changed |= workload_differs(w, in);
	w->state = in->workload;
	w->uid = in->uid;
	w->owner_uid = in->owner_uid;
	w->revision_number = in->revision_number;
	old = w->update_revision;
	w->update_revision = word_get(o, in->update_revision);
	word_put(o, old);
	if (in->owner != NULL) {
		parent = node_get(o, n->space, in->owner_kind, in->owner);
		if (is_below(parent, n)) {
			node_release(o, parent);
			parent = NULL;
		}
	}
	set_parent(o, n, parent, false);
	if (changed)
		tell(o, n);
}

/* The workload is gone; what it controlled may still hang below its node. */
void
node_drop(struct objects *o, struct node *n)
{
	struct workload	*w = n->workload;

	if (w == NULL)
		return;
	tell(o, n);
	n->workload = NULL;
	word_put(o, w->update_revision);
	free(w);
	if (LIST_EMPTY(&n->pods) && LIST_EMPTY(&n->nodes))
		node_release(o, n);
	else
		set_parent(o, n, NULL, false);
}

struct guessing {
	struct objects	*o;
	enum kind	 kind;
	const char	*ns;
	bool		 on;
	struct node	**node;
	size_t		 n;
};

/* Guessing makes and frees nodes, so the walk only notes whom it is about. */
static void
note_guess(struct link *l, void *arg)
{
	struct guessing	*g = arg;
	struct node	*n = (struct node *)l;

	if (n->kind != g->kind || n->workload != NULL ||
	    (g->on ? n->parent != NULL : !n->guessed) ||
	    (g->ns != NULL && strcmp(g->ns, n->space->name) != 0))
		return;
	if ((g->node = reallocarray(g->node, g->n + 1, sizeof(*g->node))) ==
	    NULL)
		fatal("objects");
	g->node[g->n++] = n;
}

static void
set_guess(struct objects *o, enum kind kind, const char *ns, bool on)
{
	struct guess	**gp, *g;

	for (gp = &o->guesses; (g = *gp) != NULL; gp = &g->next)
		if (g->kind == kind && strcmp(g->ns, ns) == 0)
			break;
	if (g == NULL && on) {
		if ((g = calloc(1, sizeof(*g))) == NULL)
			fatal("objects");
		g->kind = kind;
		memcpy(g->ns, ns, strnlen(ns, OBJECT_NAMESPACE_MAX));
		*gp = g;
	} else if (g != NULL && !on) {
		*gp = g->next;
		free(g);
	}
}

void
objects_guess(struct objects *o, enum resource r, const char *ns, bool on)
{
	struct guessing	 g = { o, resource_info(r)->kind, ns, on, NULL, 0 };
	struct node	*n;
	struct pod	*p;
	size_t		 i;

	set_guess(o, g.kind, ns == NULL ? "" : ns, on);
	table_each(&o->nodes, note_guess, &g);
	for (i = 0; i < g.n; i++) {
		n = g.node[i];
		if (!on)
			set_parent(o, n, NULL, false);
		else if (g.kind == KIND_JOB)
			guess_cronjob(o, n);
		else
			LIST_FOREACH(p, &n->pods, sibling)
				if (p->has_template_hash) {
					node_hint(o, n, p->revision->s);
					break;
				}
	}
	free(g.node);
}
