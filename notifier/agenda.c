/*
 * Which components are to be looked at, and when: what is told of one costs
 * nothing for the thousands beside it.
 *
 * Touched is what something was told of, or done with, since it was last planned;
 * due is what time alone will change.  What was planned anew may have something
 * to do until it is found to have nothing (`work`), and the incidents that it is
 * in are looked at again, too.
 */
#include <string.h>

#include "core.h"

static int
due_compare(struct component *a, struct component *b)
{
	if (a->due != b->due)
		return (a->due < b->due ? -1 : 1);
	return (strcmp(a->id, b->id));
}

#define LOCAL	__attribute__((unused)) static
RB_PROTOTYPE_INTERNAL(due_tree, component, due_node, due_compare, LOCAL)
RB_GENERATE_INTERNAL(due_tree, component, due_node, due_compare, LOCAL)

void
agenda_init(struct agenda *a)
{
	TAILQ_INIT(&a->touched);
	TAILQ_INIT(&a->down);
	TAILQ_INIT(&a->work);
	RB_INIT(&a->due);
}

static void
list_set(struct component_list *list, struct component *c, enum agenda_list n,
    bool in)
{
	if (in && !c->listed[n])
		TAILQ_INSERT_TAIL(list, c, list[n]);
	else if (!in && c->listed[n])
		TAILQ_REMOVE(list, c, list[n]);
	c->listed[n] = in;
}

void
agenda_touch(struct incidents *core, struct component *c)
{
	list_set(&core->agenda.touched, c, LIST_TOUCHED, true);
	core->changed = true;
}

void
agenda_touch_incident(struct incidents *core, struct incident *i)
{
	struct entry *e;

	i->settled = false;
	TAILQ_FOREACH(e, &i->entries, entry)
		agenda_touch(core, e->component);
}

void
agenda_touch_all(struct incidents *core)
{
	core->agenda.all = true;
	core->changed = true;
}

static void
touch_everything(struct incidents *core)
{
	struct component *c;
	struct incident *i;

	RB_FOREACH(c, component_tree, &core->components)
		agenda_touch(core, c);
	TAILQ_FOREACH(i, &core->incidents, entry)
		i->settled = false;
	core->agenda.all = false;
}

static void
object_clock_back(struct object *o, uint64_t now)
{
	o->not_before = 0;
	if (o->late_until > now)
		o->late_until = now + BELIEVE_AFTER;
}

/* The clock was set back: what was to be tried again soon is not to wait until it
 * has caught up. */
static void
clock_back(struct incidents *core, uint64_t now)
{
	struct component *c;
	struct incident *i;

	RB_FOREACH(c, component_tree, &core->components)
		object_clock_back(&c->object, now);
	TAILQ_FOREACH(i, &core->incidents, entry) {
		object_clock_back(&i->object, now);
		if (i->look_at > now)
			i->look_at = 0;
		if (i->believe_at > now)
			i->believe_at = now + BELIEVE_AFTER;
	}
	object_clock_back(&core->webhook.object, now);
}

void
agenda_gather(struct incidents *core, uint64_t now)
{
	struct agenda *a = &core->agenda;
	struct component *c;

	if (now < a->gathered)
		clock_back(core, now);
	/* What was to come may be over then. */
	if (a->all || now < a->gathered)
		touch_everything(core);
	a->gathered = now;
	while ((c = RB_MIN(due_tree, &a->due)) != NULL && c->due <= now) {
		RB_REMOVE(due_tree, &a->due, c);
		c->due = TIME_NEVER;
		agenda_touch(core, c);
	}
}

struct component *
agenda_take(struct incidents *core)
{
	struct component *c = TAILQ_FIRST(&core->agenda.touched);

	if (c != NULL)
		list_set(&core->agenda.touched, c, LIST_TOUCHED, false);
	return (c);
}

static void
due_set(struct agenda *a, struct component *c, uint64_t due)
{
	if (c->due != TIME_NEVER)
		RB_REMOVE(due_tree, &a->due, c);
	c->due = due;
	if (due != TIME_NEVER)
		RB_INSERT(due_tree, &a->due, c);
}

static void
count(unsigned *n, bool *was, bool is)
{
	*n = *n + is - *was;
	*was = is;
}

/* Something of ours is on the page, or may be soon. */
static bool
is_active(const struct component *c)
{
	return (c->set != PAGE_OPERATIONAL || c->muted ||
	    c->posting != PAGE_STATUS_MAX ||
	    (c->configured && c->debounce.known &&
	    (c->debounce.wanted != PAGE_OPERATIONAL ||
	    c->debounce.level >= PAGE_DEGRADED)));
}

void
agenda_planned(struct incidents *core, struct component *c, uint64_t due)
{
	struct agenda *a = &core->agenda;
	struct entry *e;

	due_set(a, c, due);
	list_set(&a->down, c, LIST_DOWN, component_down(c));
	list_set(&a->work, c, LIST_WORK, true);
	TAILQ_FOREACH(e, &c->entries, of_component)
		e->incident->settled = false;
	count(&a->nactive, &c->counted.active, is_active(c));
	count(&a->nshown, &c->counted.shown, c->configured &&
	    c->debounce.wanted >= PAGE_DEGRADED && c->on_page &&
	    !component_foreign(c));
	count(&a->nunknown, &c->counted.unknown, c->configured &&
	    !c->debounce.known);
}

void
agenda_idle(struct incidents *core, struct component *c)
{
	list_set(&core->agenda.work, c, LIST_WORK, false);
}

void
agenda_remove(struct incidents *core, struct component *c)
{
	struct agenda *a = &core->agenda;

	due_set(a, c, TIME_NEVER);
	list_set(&a->touched, c, LIST_TOUCHED, false);
	list_set(&a->down, c, LIST_DOWN, false);
	list_set(&a->work, c, LIST_WORK, false);
	count(&a->nactive, &c->counted.active, false);
	count(&a->nshown, &c->counted.shown, false);
	count(&a->nunknown, &c->counted.unknown, false);
}

uint64_t
agenda_due(const struct incidents *core)
{
	const struct component *c;

	c = RB_MIN(due_tree, (struct due_tree *)(uintptr_t)&core->agenda.due);
	return (c != NULL ? c->due : TIME_NEVER);
}

bool
agenda_active(const struct incidents *core)
{
	const struct component *c;

	if (core->agenda.nactive > 0 || core->agenda.all)
		return (true);
	TAILQ_FOREACH(c, &core->agenda.touched, list[LIST_TOUCHED])
		if (is_active(c))
			return (true);
	return (false);
}
