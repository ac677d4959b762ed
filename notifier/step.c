/*
 * From the difference between what should be on the page and what it has
 * acknowledged to the next operation.
 */
#include <bsd/stdlib.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* What the store is asked comes first, it holds up the rest; then the worst
 * news. */
enum {
	URGENCY_STORE	= 1000,
	URGENCY_WORSE	= 100,		/* + severity */
	URGENCY_STATUS	= 50,		/* + severity */
	URGENCY_BETTER	= 10
};

/* ms: what was posted before the start may still be on its way to the page;
 * looking too early would miss it. */
#define LOOK_AFTER	5000

/* -- the record of any object --------------------------------------------- */

/* OP_NONE: the store has what it should have. */
static enum operation_type
record_ready(struct object *o)
{
	free(o->value);
	o->value = record_render(o);
	if (o->value == NULL && (o->stored != NULL || o->doubtful))
		return (OP_STORE_DELETE);
	if (o->value != NULL && (o->stored == NULL || o->doubtful ||
	    strcmp(o->value, o->stored) != 0))
		return (OP_STORE_PUT);
	o->dirty = false;
	return (OP_NONE);
}

/* The store does not have it yet. */
static bool
record_waits(struct object *o)
{
	return (o->dirty && (o->flying != OP_NONE ||
	    record_ready(o) != OP_NONE));
}

/* -- what can be started -------------------------------------------------- */

/* It may still do what it was asked and gave no answer to: what is asked now would
 * be undone by that. */
static bool
is_late(struct incidents *core, struct object *o, uint64_t now)
{
	if (o->late_until <= now)
		return (false);
	if (o->late_until < core->step_wake)
		core->step_wake = o->late_until;
	return (true);
}

static bool
too_early(struct incidents *core, struct incident *i, uint64_t now)
{
	if (!i->restored)
		return (false);
	if (i->look_at == 0) {
		i->look_at = now + LOOK_AFTER;
		i->believe_at = now + BELIEVE_AFTER;
	}
	if (i->look_at <= now)
		return (false);
	if (i->look_at < core->step_wake)
		core->step_wake = i->look_at;
	return (true);
}

static enum operation_type
incident_ready(struct incidents *core, struct incident *i, uint64_t now,
    bool post, int *urgency)
{
	const struct entry *e;
	enum operation_type type;
	bool held = false;

	TAILQ_FOREACH(e, &i->entries, entry) {
		/* What the page has is not known, or is being changed. */
		if (!e->component->page_known ||
		    e->component->object.flying == OP_STATUS ||
		    (e->component->unsure && e->component->incident == i &&
		    !i->unsure))
			held = true;
		/* The silence of its components is remembered first. */
		if (i->drop && record_waits(&e->component->object))
			return (OP_NONE);
	}
	if (post && !held && !i->unsure)
		plan_incident(core, i, now);
	*urgency = URGENCY_STORE;
	if (i->object.dirty && (type = record_ready(&i->object)) != OP_NONE)
		return (type);
	i->settled = post && !held && !i->posting;
	if (!post || held || !i->posting || i->refused)
		return (OP_NONE);
	*urgency = URGENCY_BETTER;
	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed && e->target != PAGE_STATUS_MAX &&
		    e->target > e->acked &&
		    URGENCY_WORSE + (int)e->target > *urgency)
			*urgency = URGENCY_WORSE + (int)e->target;
	if (i->unsure)
		return (too_early(core, i, now) ? OP_NONE : OP_FIND);
	return (i->instatus_id == NULL ? OP_CREATE : OP_UPDATE);
}

/* The page must show what we set, or nothing, to be changed. */
static bool
component_ours(const struct component *c)
{
	return (c->page == PAGE_OPERATIONAL || c->page == c->set);
}

static void
component_plan(struct incidents *core, struct component *c)
{
	enum page_status target;

	if (c->unsure)
		return;
	target = plan_status(core, c);
	if (target != c->set && !c->on_page) {
		/* There is nothing left to be cleared. */
		if (target == PAGE_OPERATIONAL) {
			c->set = PAGE_OPERATIONAL;
			c->object.dirty = true;
			agenda_touch(core, c);
		}
		target = c->set;
	} else if (target != c->set && !component_ours(c)) {
		/* A human set it: no longer ours, left as it is. */
		if (c->set != PAGE_OPERATIONAL) {
			c->set = PAGE_OPERATIONAL;
			c->object.dirty = true;
			agenda_touch(core, c);
		}
		target = PAGE_OPERATIONAL;
	}
	if (target == c->set)
		target = PAGE_STATUS_MAX;
	if (target == c->posting)
		return;
	/* Written down before, so that what is set is known to be ours, and
	 * what is cleared not believed to be set. */
	c->object.dirty = true;
	c->posting = target;
	c->refused = false;
	agenda_touch(core, c);
}

/* An incident that says something of it is on its way to the page, or what the
 * store has of one is older than what is known: it would claim it again after
 * a restart. */
static bool
component_said(const struct component *c)
{
	struct incident *i;
	const struct entry *e;
	bool posted;

	TAILQ_FOREACH(e, &c->entries, of_component) {
		i = e->incident;
		posted = i->posting && (i->unsure ||
		    i->object.flying == OP_CREATE ||
		    i->object.flying == OP_UPDATE);
		if (i->drop || record_waits(&i->object) ||
		    (posted && e->listed && e->target != PAGE_STATUS_MAX))
			return (true);
	}
	return (false);
}

static enum operation_type
component_ready(struct incidents *core, struct component *c, bool post,
    int *urgency)
{
	enum operation_type type;

	if (post && c->page_known)
		component_plan(core, c);
	*urgency = URGENCY_STORE;
	if (c->object.dirty && (type = record_ready(&c->object)) != OP_NONE)
		return (type);
	if (!post || !c->page_known || c->posting == PAGE_STATUS_MAX ||
	    c->refused || component_said(c))
		return (OP_NONE);
	*urgency = c->posting == PAGE_OPERATIONAL ? URGENCY_BETTER :
	    URGENCY_STATUS + (int)c->posting;
	return (OP_STATUS);
}

static enum operation_type
webhook_ready(struct incidents *core, struct webhook *w, uint64_t now,
    bool post, int *urgency)
{
	enum operation_type type;
	bool down;

	if (!core->options.webhook) {
		if (w->object.stored != NULL || w->down) {
			w->down = w->posting = w->unsure = false;
			w->object.dirty = true;
		}
		post = false;
	}
	if (post && !w->unsure) {
		down = plan_webhook(core);
		if (w->posting != (down != w->down)) {
			w->posting = !w->posting;
			w->posting_down = down;
			w->refused = false;
			w->object.dirty = true;
		}
	}
	*urgency = URGENCY_STORE;
	if (w->object.dirty && (type = record_ready(&w->object)) != OP_NONE)
		return (type);
	if (!post || !w->posting || w->refused)
		return (OP_NONE);
	/* The same once more does no harm. */
	if (!w->unsure && is_late(core, &w->object, now))
		return (OP_NONE);
	*urgency = w->posting_down ? URGENCY_WORSE + PAGE_MAJOR :
	    URGENCY_BETTER;
	return (OP_WEBHOOK);
}

static enum operation_type
object_ready(struct incidents *core, struct object *o, uint64_t now, bool post,
    int *urgency)
{
	if (o->flying != OP_NONE)
		return (OP_NONE);
	if (o->late_until == TIME_NEVER)
		o->late_until = now + BELIEVE_AFTER;
	if (o->not_before > now) {
		if (o->not_before < core->step_wake)
			core->step_wake = o->not_before;
		return (OP_NONE);
	}
	switch (o->kind) {
	case OBJECT_INCIDENT:
		return (incident_ready(core, (struct incident *)o, now, post,
		    urgency));
	case OBJECT_COMPONENT:
		return (component_ready(core, (struct component *)o, post,
		    urgency));
	default:
		return (webhook_ready(core, (struct webhook *)o, now, post,
		    urgency));
	}
}

/* -- starting it ---------------------------------------------------------- */

static int
worse_first(const void *va, const void *vb)
{
	const struct operation_component *a = va, *b = vb;
	int as = a->status == PAGE_STATUS_MAX ? -1 : (int)a->status;
	int bs = b->status == PAGE_STATUS_MAX ? -1 : (int)b->status;

	if (as != bs)
		return (as > bs ? -1 : 1);
	return (strcmp(a->id, b->id));
}

static void
incident_fill(const struct incidents *core, struct incident *i,
    struct operation *op)
{
	const struct entry *e;
	size_t n = 0;

	TAILQ_FOREACH(e, &i->entries, entry)
		n++;
	free(i->component);
	i->component = xcalloc(n + 1, sizeof(*i->component));
	i->ncomponent = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed)
			i->component[i->ncomponent++] =
			    (struct operation_component){ e->component->id,
			    e->target };
	heapsort(i->component, i->ncomponent, sizeof(*i->component),
	    worse_first);
	free(i->message);
	i->message = text_message(core, i);
	free(i->private);
	i->private = text_private(core, i);
	op->page = i->page_id;
	op->instatus_id = i->instatus_id;
	op->name = i->name;
	op->rename = i->rename;
	op->message = i->message;
	op->private = i->private;
	op->started = i->posting_started;
	op->phase = i->posting_phase;
	op->reopen = i->phase == PHASE_RESOLVED && i->instatus_id != NULL;
	op->component = i->component;
	op->ncomponent = i->ncomponent;
	op->statuses = i->statuses;
}

static void
object_start(struct incidents *core, struct object *o,
    enum operation_type type, uint64_t now, struct operation *op)
{
	struct component *c;

	if (++core->last_op == 0)
		core->last_op = 1;
	o->flying = type;
	o->begun = now;
	o->op = core->last_op;
	LIST_INSERT_HEAD(&core->flying, o, entry);
	op->type = type;
	op->id = o->op;
	op->attempt = o->attempt;
	op->key = o->key;
	if (type == OP_STORE_PUT) {
		op->value = o->value;
		op->value_len = strlen(o->value);
	} else if (type == OP_STORE_DELETE) {
		return;
	} else if (o->kind == OBJECT_INCIDENT) {
		incident_fill(core, (struct incident *)o, op);
	} else if (o->kind == OBJECT_COMPONENT) {
		c = (struct component *)o;
		c->shown.id = c->id;
		c->shown.status = c->posting;
		op->page = c->page_id;
		op->name = component_public(c);
		op->component = &c->shown;
		op->ncomponent = 1;
		op->expect = c->set;
		op->again = c->unsure;
	} else {
		op->down = ((struct webhook *)o)->posting_down;
	}
}

static void
consider(struct incidents *core, struct object *o, uint64_t now, bool post,
    struct object **best, enum operation_type *best_type, int *best_urgency)
{
	enum operation_type type;
	int urgency = 0;

	type = object_ready(core, o, now, post, &urgency);
	if (type == OP_NONE || urgency <= *best_urgency)
		return;
	*best = o;
	*best_type = type;
	*best_urgency = urgency;
}

/* It has nothing to do until something of it changes. */
static bool
component_idle(const struct component *c, uint64_t now, bool post)
{
	return (post && c->posting == PAGE_STATUS_MAX && !c->object.dirty &&
	    c->object.flying == OP_NONE && c->object.not_before <= now);
}

/* What was dropped and is in no store any more. */
static void
incidents_sweep(struct incidents *core)
{
	struct incident *i, *next;

	for (i = TAILQ_FIRST(&core->incidents); i != NULL; i = next) {
		next = TAILQ_NEXT(i, entry);
		if (i->drop && !i->object.dirty && i->object.stored == NULL &&
		    i->object.flying == OP_NONE) {
			incident_free(core, i);
			core->changed = true;
		}
	}
}

void
incidents_next(struct incidents *core, uint64_t now, bool post,
    struct operation *op)
{
	struct object *best = NULL;
	enum operation_type type = OP_NONE;
	struct incident *i;
	struct component *c, *next;
	int urgency = 0;

	memset(op, 0, sizeof(*op));
	if (core->changed || now >= core->plan_wake ||
	    now < core->agenda.gathered)
		plan_run(core, now);
	core->step_wake = TIME_NEVER;
	TAILQ_FOREACH(i, &core->incidents, entry) {
		if (i->settled)
			continue;
		consider(core, &i->object, now, post, &best, &type, &urgency);
		if (urgency == URGENCY_STORE)
			break;
	}
	if (urgency < URGENCY_STORE)
		consider(core, &core->webhook.object, now, post, &best, &type,
		    &urgency);
	if (urgency < URGENCY_STORE)
		for (c = TAILQ_FIRST(&core->agenda.work); c != NULL; c = next) {
			next = TAILQ_NEXT(c, list[LIST_WORK]);
			consider(core, &c->object, now, post, &best, &type,
			    &urgency);
			if (urgency == URGENCY_STORE)
				break;
			if (component_idle(c, now, post))
				agenda_idle(core, c);
		}
	incidents_sweep(core);
	if (best != NULL)
		object_start(core, best, type, now, op);
	if (core->changed)
		core->step_wake = now;
}

uint64_t
incidents_wake(const struct incidents *core)
{
	if (core->changed)
		return (0);
	return (core->plan_wake < core->step_wake ? core->plan_wake :
	    core->step_wake);
}
