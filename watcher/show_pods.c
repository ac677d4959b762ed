/*
 * What kanatactl shows of pods, a part at a time.  Nothing is kept between two
 * parts, so that nobody who asks and does not read costs anything.
 */
#include <string.h>

#include "component_local.h"
#include "show_pods.h"

#define PART		256	/* pods, or a few more */
#define COMPONENTS_MAX	64	/* of one pod that are named */
#define CHAIN_MAX	8	/* as far as touch_chain looks */

struct found {
	const char	*id[COMPONENTS_MAX];
	unsigned	 n;
};

static void
add(struct found *f, const char *id)
{
	unsigned	 i;

	for (i = 0; i < f->n; i++)
		if (f->id[i] == id)
			return;
	if (f->n < COMPONENTS_MAX)
		f->id[f->n++] = id;
}

/* By the name of the pod (n NULL) or of one of those that own it. */
static void
add_named(struct found *f, struct components *all, const struct pod *p,
    const struct node *n)
{
	const char	*name = n == NULL ? p->name : n->name;
	struct link	*l = table_first(&all->by_name, table_hash(name));
	struct target	*t;

	for (; l != NULL; l = table_next(l)) {
		t = (struct target *)l;
		if (t->kind != KIND_SELECTOR && strcmp(t->name, name) == 0 &&
		    (n == NULL ? target_covers_pod(all, t, p) :
		    target_covers_node(all, t, n)))
			add(f, t->component->id);
	}
}

static void
add_selected(struct found *f, struct components *all,
    const struct selection *sel)
{
	struct link	*l = table_first(&all->by_name, table_hash(sel->text));

	for (; l != NULL; l = table_next(l))
		if (((struct target *)l)->selection == sel)
			add(f, ((struct target *)l)->component->id);
}

static void
find_components(struct found *f, struct components *all, const struct pod *p)
{
	const struct membership	*m;
	const struct node	*n = p->owner;
	int			 depth;

	f->n = 0;
	add_named(f, all, p, NULL);
	for (depth = 0; n != NULL && depth < CHAIN_MAX; n = n->parent, depth++)
		add_named(f, all, p, n);
	for (m = p->membership; m != NULL; m = m->next)
		add_selected(f, all, m->selection);
}

void
show_pod(struct channel *ch, uint32_t id, const char *cluster,
    struct components *all, const struct pod *p)
{
	struct message_out	*m;
	struct found		 f;
	uint64_t		 since;
	unsigned		 i;

	find_components(&f, all, p);
	m = message_new(MSG_SHOW_POD, id);
	message_put_s(m, cluster);
	message_put_s(m, p->space->name);
	message_put_s(m, p->name);
	message_put_u(m, p->owner == NULL ? KIND_ANY : p->owner->kind);
	message_put_s(m, p->owner == NULL ? "" : p->owner->name);
	message_put_b(m, p->ready);
	message_put_b(m, p->terminating);
	message_put_u(m, p->cause);
	since = p->ready_since != 0 ? p->ready_since : p->created;
	message_put_u(m, since * 1000);
	for (i = 0; i < f.n; i++)
		message_put_s(m, f.id[i]);
	channel_send(ch, m, -1);
}

struct showing {
	struct channel		*channel;
	uint32_t		 id;
	const char		*cluster;
	struct components	*all;
	unsigned		 n;
};

static void
show(const struct pod *p, void *arg)
{
	struct showing		*s = arg;

	s->n++;
	/* Of one bucket, which is all that fails to be small: a pod of the same
	 * name in each of ten thousands of namespaces. */
	if (channel_pending(s->channel) > CHANNEL_QUEUE_BYTES / 2)
		return;
	show_pod(s->channel, s->id, s->cluster, s->all, p);
}

uint64_t
show_pods(struct channel *ch, uint32_t id, const char *cluster,
    struct components *all, uint64_t cursor)
{
	struct showing	 s = { ch, id, cluster, all, 0 };

	do
		cursor = objects_pods_part(all->objects, cursor, show, &s);
	while (cursor != 0 && s.n < PART);
	return (cursor);
}
