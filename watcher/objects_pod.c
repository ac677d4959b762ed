#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "objects_local.h"

struct pod *
objects_pod(const struct objects *o, const char *name)
{
	struct link	*l = table_first(&o->pods, table_hash(name));

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct pod *)l)->name, name) == 0)
			break;
	return ((struct pod *)l);
}

struct pod *
objects_pod_next(const struct pod *p)
{
	struct link	*l = table_next(&p->link);

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct pod *)l)->name, p->name) == 0)
			break;
	return ((struct pod *)l);
}

static struct pod *
find(const struct objects *o, const struct space *s, const char *name,
    uint64_t hash)
{
	struct link	*l = table_first(&o->pods, hash);
	struct pod	*p;

	for (; l != NULL; l = table_next(l)) {
		p = (struct pod *)l;
		if (p->space == s && strcmp(p->name, name) == 0)
			return (p);
	}
	return (NULL);
}

struct pod *
pod_find(const struct objects *o, const struct space *s, const char *name)
{
	return (find(o, s, name, table_hash(name)));
}

struct part {
	void	(*fn)(const struct pod *, void *);
	void	*arg;
};

static void
part_pod(const struct link *l, void *arg)
{
	struct part	*part = arg;

	part->fn((const struct pod *)l, part->arg);
}

uint64_t
objects_pods_part(const struct objects *o, uint64_t cursor,
    void (*fn)(const struct pod *, void *), void *arg)
{
	struct part	 part = { fn, arg };

	return (table_part(&o->pods, cursor, part_pod, &part));
}

static struct pod *
pod_new(struct objects *o, struct space *s, const char *name, uint64_t hash)
{
	struct pod	*p;
	size_t		 len = strlen(name) + 1;

	/* The name begins where padding would. */
	if ((p = calloc(1, offsetof(struct pod, name) + len)) == NULL)
		fatal("objects");
	memcpy(p->name, name, len);
	p->space = s;
	s->refs++;
	s->npods++;
	table_add(&o->pods, &p->link, hash);
	return (p);
}

static void
pod_disown(struct objects *o, struct pod *p)
{
	struct node	*owner = p->owner;

	if (owner == NULL)
		return;
	LIST_REMOVE(p, sibling);
	p->owner = NULL;
	node_release(o, owner);
}

static bool
pod_own(struct objects *o, struct pod *p, const struct object *in)
{
	struct node	*old = p->owner, *n;

	if (old == NULL && in->owner == NULL)
		return (false);
	if (old != NULL && in->owner != NULL && old->kind == in->owner_kind &&
	    strcmp(old->name, in->owner) == 0 && p->owner_uid == in->owner_uid)
		return (false);
	if (old != NULL && !o->quiet)
		o->listener.pod(p, o->listener.arg);
	pod_disown(o, p);
	p->owner_uid = in->owner_uid;
	if (in->owner == NULL)
		return (true);
	n = node_get(o, p->space, in->owner_kind, in->owner);
	p->owner = n;
	LIST_INSERT_HEAD(&n->pods, p, sibling);
	if (p->has_template_hash)
		node_hint(o, n, p->revision->s);
	return (true);
}

static bool
set_word(struct objects *o, struct word **wp, const char *text)
{
	struct word	*old = *wp;

	if (old != NULL && strcmp(old->s, text) == 0)
		return (false);
	*wp = word_get(o, text);
	word_put(o, old);
	return (true);
}

static bool
set_detail(struct objects *o, struct pod *p, const char *detail)
{
	struct word	*old = p->detail;

	if (detail[0] != '\0')
		return (set_word(o, &p->detail, detail));
	p->detail = NULL;
	word_put(o, old);
	return (old != NULL);
}

static uint32_t
seconds(uint64_t ms)
{
	return (ms / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ms / 1000));
}

/* True if something of it is new. */
static bool
set_status(struct pod *p, const struct object *in)
{
	const struct pod_state	*s = &in->pod;
	uint32_t	 created = seconds(s->created);
	uint32_t	 ready_since = seconds(s->ready_since);
	/* It stays the same pod while its creationTimestamp does. */
	bool	 was = s->was_ready || (p->was_ready && p->created == created);
	bool	 changed;

	changed = p->created != created || p->ready_since != ready_since ||
	    p->cause != s->cause || p->ready != s->ready ||
	    p->was_ready != was || p->terminating != s->terminating ||
	    p->succeeded != s->succeeded || p->failed != s->failed ||
	    p->paused != in->paused;
	p->created = created;
	p->ready_since = ready_since;
	p->cause = s->cause;
	p->ready = s->ready;
	p->was_ready = was;
	p->terminating = s->terminating;
	p->succeeded = s->succeeded;
	p->failed = s->failed;
	p->paused = in->paused;
	return (changed);
}

void
pod_set(struct objects *o, const struct object *in, uint32_t mark)
{
	struct space	*s = space_get(o, in->ns);
	uint64_t	 hash = table_hash(in->name);
	struct pod	*p = find(o, s, in->name, hash);
	bool		 changed = p == NULL;

	if (p == NULL)
		p = pod_new(o, s, in->name, hash);
	space_put(o, s);
	p->link.mark = mark;
	p->has_template_hash = in->template_hash[0] != '\0';
	changed |= set_word(o, &p->revision, in->revision);
	changed |= pod_own(o, p, in);
	changed |= set_status(p, in);
	changed |= set_detail(o, p, in->detail);
	changed |= selections_match(o, p, in);
	if (changed && !o->quiet)
		o->listener.pod(p, o->listener.arg);
}

void
pod_drop(struct objects *o, struct pod *p)
{
	if (!o->quiet)
		o->listener.pod(p, o->listener.arg);
	if (!o->quiet && o->listener.pod_gone != NULL)
		o->listener.pod_gone(p, o->listener.arg);
	selections_leave(p);
	pod_disown(o, p);
	table_remove(&o->pods, &p->link);
	word_put(o, p->revision);
	p->space->npods--;
	space_put(o, p->space);
	word_put(o, p->detail);
	free(p);
}
