/*
 * What became of an operation.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

static void
record_done(struct object *o, enum operation_type type)
{
	char *now = record_render(o);

	o->doubtful = false;
	free(o->stored);
	o->stored = NULL;
	if (type == OP_STORE_PUT) {
		o->stored = o->value;
		o->value = NULL;
	}
	/* Others may wait for it to be clean. */
	o->dirty = now == NULL ? o->stored != NULL :
	    o->stored == NULL || strcmp(now, o->stored) != 0;
	free(now);
}

/* The page has what was posted. */
static void
incident_acknowledged(struct incidents *core, struct incident *i, bool found,
    uint64_t now)
{
	struct entry *e;
	struct component *c;
	bool ours;

	TAILQ_FOREACH(e, &i->entries, entry) {
		c = e->component;
		if (!e->listed || e->target == PAGE_STATUS_MAX)
			continue;
		e->acked = e->target;
		ours = c->incident == i || e->target != PAGE_OPERATIONAL;
		/* What was found late may be older than what is there now. */
		if (i->statuses && (!found || (ours && !component_foreign(c))))
			component_show(core, c, e->target);
		/* From here on its status belongs to the incident. */
		if (i->statuses && c->set != PAGE_OPERATIONAL && ours) {
			c->set = PAGE_OPERATIONAL;
			c->object.dirty = true;
		}
		/* Posted before we started: let it improve in its own time. */
		if (i->restored && c->incident == i &&
		    c->debounce.wanted < e->acked)
			c->debounce.wanted = e->acked;
		if (c->incident == i && e->acked == PAGE_OPERATIONAL &&
		    c->debounce.wanted < PAGE_DEGRADED)
			component_join(core, c, NULL);
	}
	if (i->rename != NULL) {
		xreplace(&i->name, i->rename);
		free(i->rename);
		i->rename = NULL;
	}
	i->phase = i->posting_phase;
	i->last_update = i->posting_started;
	i->posting = i->unsure = i->refused = i->restored = false;
	i->resolved = 0;
	if (i->phase == PHASE_RESOLVED) {
		i->resolved = now;
		incident_detach(core, i);
		TAILQ_FOREACH(e, &i->entries, entry)
			e->acked = PAGE_OPERATIONAL;
	}
	i->object.dirty = true;
	incident_tell(core, i, "");
}

static void
incident_posted(struct incidents *core, struct incident *i,
    enum operation_type type, enum operation_result result,
    const char *instatus_id, uint64_t now)
{
	bool created = i->instatus_id != NULL;

	switch (result) {
	case OP_DONE:
	case OP_FOREIGN:
		if (!created && instatus_id != NULL) {
			i->instatus_id = xstrdup(instatus_id);
			i->object.dirty = true;
		}
		if (result == OP_DONE || !created)
			incident_acknowledged(core, i, type == OP_FIND, now);
		if (result == OP_FOREIGN)
			incident_closed_by_human(core, i);
		break;
	case OP_ABSENT:
		if (type == OP_FIND && i->object.begun < i->believe_at)
			i->object.not_before = i->believe_at;
		else if (type == OP_FIND)
			i->unsure = i->restored = false;
		else if (type == OP_UPDATE)
			incident_closed_by_human(core, i);
		break;
	case OP_RETRY:
		break;
	case OP_LATE:
		i->believe_at = now + BELIEVE_AFTER;
		/* FALLTHROUGH */
	case OP_UNSURE:
		i->unsure = true;
		break;
	case OP_REFUSED:
		if (type != OP_FIND)
			i->refused = true;
		break;
	}
}

static void
status_posted(struct incidents *core, struct component *c,
    enum operation_result result, uint64_t now)
{
	switch (result) {
	case OP_DONE:
		component_show(core, c, c->posting);
		/* What is set next would be undone by what it was asked before
		 * and still does, and that be taken for a human's: it is looked
		 * at once more when that is believed not to come. */
		if (now < c->object.late_until) {
			c->unsure = true;
			c->object.not_before = c->object.late_until;
			return;
		}
		c->set = c->posting;
		break;
	case OP_ABSENT:
		c->on_page = false;
		c->set = PAGE_OPERATIONAL;
		break;
	case OP_FOREIGN:
		c->set = PAGE_OPERATIONAL;
		break;
	case OP_RETRY:
		return;
	case OP_LATE:
		c->object.late_until = now + BELIEVE_AFTER;
		/* FALLTHROUGH */
	case OP_UNSURE:
		c->unsure = true;
		return;
	case OP_REFUSED:
		c->refused = true;
		c->unsure = false;
		return;
	}
	c->posting = PAGE_STATUS_MAX;
	c->unsure = false;
	c->object.dirty = true;
}

/* There is no way to look what became of a trigger: it is sent again. */
static void
webhook_posted(struct webhook *w, enum operation_result result, uint64_t now)
{
	switch (result) {
	case OP_DONE:
		w->down = w->posting_down;
		w->posting = w->unsure = false;
		w->object.dirty = true;
		break;
	case OP_LATE:
		w->object.late_until = now + BELIEVE_AFTER;
		/* FALLTHROUGH */
	case OP_UNSURE:
		w->unsure = true;
		break;
	case OP_REFUSED:
		w->refused = true;
		w->unsure = false;
		break;
	default:
		break;
	}
}

int
incidents_done(struct incidents *core, uint32_t id,
    enum operation_result result, const char *instatus_id, uint64_t delay,
    uint64_t now)
{
	struct object *o;
	enum operation_type type;

	LIST_FOREACH(o, &core->flying, entry)
		if (o->op == id)
			break;
	if (o == NULL)
		return (-1);
	LIST_REMOVE(o, entry);
	type = o->flying;
	o->flying = OP_NONE;
	o->not_before = now + delay;
	if (delay != 0 && (result == OP_RETRY || result == OP_UNSURE ||
	    result == OP_LATE || result == OP_REFUSED))
		o->attempt++;
	if (type == OP_STORE_PUT || type == OP_STORE_DELETE) {
		if (result == OP_DONE)
			record_done(o, type);
		else
			o->doubtful = true;
		return (0);
	}
	/* That a post did not come through makes the next try no more
	 * likely. */
	if (result == OP_DONE || (result == OP_ABSENT && type != OP_FIND))
		o->attempt = 0;
	if (o->kind == OBJECT_INCIDENT) {
		incident_posted(core, (struct incident *)o, type, result,
		    instatus_id, now);
		agenda_touch_incident(core, (struct incident *)o);
	} else if (o->kind == OBJECT_COMPONENT) {
		status_posted(core, (struct component *)o, result, now);
		agenda_touch(core, (struct component *)o);
	} else {
		webhook_posted((struct webhook *)o, result, now);
		agenda_touch_all(core);
	}
	return (0);
}
