/*
 * The store of objects: what comes in from lists and watches, and what goes.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "objects_local.h"

struct objects *
objects_new(const struct objects_listener *listener)
{
	struct objects	*o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		fatal("objects");
	o->listener = *listener;
	LIST_INIT(&o->selections);
	return (o);
}

static struct link *
find_text(const struct table *t, const char *s, size_t off, uint64_t hash)
{
	struct link	*l;

	for (l = table_first(t, hash); l != NULL; l = table_next(l))
		if (strcmp((char *)l + off, s) == 0)
			return (l);
	return (NULL);
}

static struct space *
space_find(const struct objects *o, const char *name)
{
	return ((struct space *)find_text(&o->spaces, name,
	    offsetof(struct space, name), table_hash(name)));
}

/* Takes a reference. */
struct space *
space_get(struct objects *o, const char *name)
{
	struct space	*s;
	uint64_t	 hash = table_hash(name);
	size_t		 len = strlen(name) + 1;

	s = (struct space *)find_text(&o->spaces, name,
	    offsetof(struct space, name), hash);
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s) + len)) == NULL)
			fatal("objects");
		memcpy(s->name, name, len);
		table_add(&o->spaces, &s->link, hash);
	}
	s->refs++;
	return (s);
}

void
space_put(struct objects *o, struct space *s)
{
	if (--s->refs > 0)
		return;
	table_remove(&o->spaces, &s->link);
	free(s);
}

struct word *
word_get(struct objects *o, const char *text)
{
	struct word	*w;
	uint64_t	 hash = table_hash(text);
	size_t		 len = strlen(text) + 1;

	w = (struct word *)find_text(&o->words, text, offsetof(struct word, s),
	    hash);
	if (w == NULL) {
		if ((w = calloc(1, sizeof(*w) + len)) == NULL)
			fatal("objects");
		memcpy(w->s, text, len);
		table_add(&o->words, &w->link, hash);
	}
	w->refs++;
	return (w);
}

void
word_put(struct objects *o, struct word *w)
{
	if (w == NULL || --w->refs > 0)
		return;
	table_remove(&o->words, &w->link);
	free(w);
}

/* A namespace: only whether it is paused. */
static void
space_set(struct objects *o, const struct object *in, uint32_t mark)
{
	struct space	*s = space_get(o, in->name);
	bool		 changed = s->paused != in->paused;

	s->paused = in->paused;
	s->mark = mark;
	if (s->listed)
		space_put(o, s);	/* it holds a reference already */
	s->listed = true;
	if (changed && !o->quiet)
		o->listener.space(s, o->listener.arg);
}

static void
space_unlist(struct objects *o, struct space *s)
{
	bool	 changed = s->paused;

	if (!s->listed)
		return;
	s->listed = s->paused = false;
	if (changed && !o->quiet)
		o->listener.space(s, o->listener.arg);
	space_put(o, s);
}

void
objects_put(struct objects *o, const struct object *in, uint32_t mark)
{
	if (in->resource == RESOURCE_NAMESPACES)
		space_set(o, in, mark);
	else if (in->resource == RESOURCE_PODS)
		pod_set(o, in, mark);
	else
		node_set(o, in, mark);
}

void
objects_remove(struct objects *o, enum resource r, const char *ns,
    const char *name)
{
	struct space	*s = space_find(o, r == RESOURCE_NAMESPACES ? name : ns);
	struct node	*n;
	struct pod	*p;

	if (s == NULL)
		return;
	if (r == RESOURCE_NAMESPACES)
		space_unlist(o, s);
	else if (r == RESOURCE_PODS) {
		if ((p = pod_find(o, s, name)) != NULL)
			pod_drop(o, p);
	} else if ((n = node_find(o, s, resource_info(r)->kind, name)) != NULL)
		node_drop(o, n);
}

/*
 * Dropping a node may free its parent too, which a walk over the table would not
 * survive; so nodes are noted first and dropped by name.
 */
struct noted {
	struct noted	*next;
	struct space	*space;
	char		 name[];
};

struct sweep {
	struct objects	*o;
	enum kind	 kind;
	const char	*ns;
	uint32_t	 mark;
	bool		 count_only;
	size_t		 n;
	struct noted	*noted;
};

/* True if it is to be dropped. */
static bool
sweep_hits(struct sweep *sw, const struct space *s, uint32_t mark)
{
	if (mark == sw->mark || (sw->ns != NULL && strcmp(sw->ns, s->name) != 0))
		return (false);
	sw->n++;
	return (!sw->count_only);
}

static void
sweep_pod(struct link *l, void *arg)
{
	struct sweep	*sw = arg;
	struct pod	*p = (struct pod *)l;

	if (sweep_hits(sw, p->space, p->link.mark))
		pod_drop(sw->o, p);
}

static void
sweep_space(struct link *l, void *arg)
{
	struct sweep	*sw = arg;
	struct space	*s = (struct space *)l;

	if (s->listed && sweep_hits(sw, s, s->mark))
		space_unlist(sw->o, s);
}

static void
sweep_node(struct link *l, void *arg)
{
	struct sweep	*sw = arg;
	struct node	*n = (struct node *)l;
	struct noted	*noted;
	size_t		 len = strlen(n->name) + 1;

	if (n->kind != sw->kind || n->workload == NULL ||
	    !sweep_hits(sw, n->space, n->workload->mark))
		return;
	if ((noted = malloc(sizeof(*noted) + len)) == NULL)
		fatal("objects");
	memcpy(noted->name, n->name, len);
	noted->space = n->space;
	n->space->refs++;
	noted->next = sw->noted;
	sw->noted = noted;
}

static size_t
sweep(struct objects *o, enum resource r, const char *ns, uint32_t mark,
    bool count_only)
{
	struct sweep	 sw = { o, resource_info(r)->kind, ns, mark, count_only,
	    0, NULL };
	struct noted	*noted;
	struct node	*n;

	if (r == RESOURCE_NAMESPACES)
		table_each(&o->spaces, sweep_space, &sw);
	else if (r == RESOURCE_PODS)
		table_each(&o->pods, sweep_pod, &sw);
	else
		table_each(&o->nodes, sweep_node, &sw);
	while ((noted = sw.noted) != NULL) {
		sw.noted = noted->next;
		if ((n = node_find(o, noted->space, sw.kind, noted->name)) !=
		    NULL)
			node_drop(o, n);
		space_put(o, noted->space);
		free(noted);
	}
	return (sw.n);
}

size_t
objects_sweep(struct objects *o, enum resource r, const char *ns, uint32_t mark)
{
	return (sweep(o, r, ns, mark, false));
}

size_t
objects_count(struct objects *o, enum resource r, const char *ns)
{
	const struct space	*s;

	if (r != RESOURCE_PODS)
		return (sweep(o, r, ns, 0, true));
	/* There may be many, and who looks on asks often. */
	if (ns == NULL)
		return (o->pods.count);
	s = space_find(o, ns);
	return (s == NULL ? 0 : s->npods);
}

static void
free_pod(struct link *l, void *arg)
{
	pod_drop(arg, (struct pod *)l);
}

void
objects_free(struct objects *o)
{
	struct guess	*g;
	enum resource	 r;

	if (o == NULL)
		return;
	while ((g = o->guesses) != NULL) {
		o->guesses = g->next;
		free(g);
	}
	o->quiet = true;
	table_each(&o->pods, free_pod, o);
	for (r = RESOURCE_NAMESPACES; r < RESOURCE_PODS; r++)
		objects_sweep(o, r, NULL, 0);
	while (!LIST_EMPTY(&o->selections))
		objects_unselect(o, LIST_FIRST(&o->selections));
	table_clear(&o->spaces);
	table_clear(&o->words);
	table_clear(&o->nodes);
	table_clear(&o->pods);
	free(o);
}
