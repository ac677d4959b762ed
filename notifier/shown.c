/*
 * What the page shows, as it is read now and then: components and what humans
 * have done to them, and whether our incidents are still open.
 */
#include <string.h>

#include "core.h"

void
incidents_page_begin(struct incidents *core)
{
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components)
		c->page_seen = false;
}

/* While a human has it under maintenance, that is what the page acknowledged;
 * after that, what the human left there. */
static void
component_read(struct component *c)
{
	struct entry *e;

	if (c->incident == NULL || !c->incident->statuses ||
	    (e = incident_entry(c->incident, c)) == NULL)
		return;
	if (component_foreign(c) || e->acked == PAGE_MAINTENANCE)
		if (e->acked != c->page) {
			e->acked = c->page;
			c->incident->object.dirty = true;
		}
}

void
incidents_page_component(struct incidents *core, const char *page,
    const char *id, const char *name, enum page_status status)
{
	struct component *c;

	if ((c = component_find(core, id)) == NULL)
		return;
	xreplace(&c->page_id, page);
	xreplace(&c->page_name, name);
	component_show(core, c, status);
	c->page_known = c->on_page = c->page_seen = true;
	component_read(c);
	agenda_touch(core, c);
}

void
incidents_page_end(struct incidents *core)
{
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components) {
		c->page_known = true;
		if (!c->page_seen && c->on_page)
			component_show(core, c, PAGE_STATUS_MAX);
		c->on_page = c->page_seen;
	}
	incidents_ask_again(core);
	agenda_touch_all(core);
}

void
incidents_open_begin(struct incidents *core)
{
	struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry)
		i->seen = false;
}

void
incidents_open_seen(struct incidents *core, const char *instatus_id)
{
	struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->instatus_id != NULL &&
		    strcmp(i->instatus_id, instatus_id) == 0)
			i->seen = true;
}

void
incidents_open_end(struct incidents *core,
    void (*closed)(const char *, const char *, void *), void *arg)
{
	struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry) {
		/* What is unsure may be what resolved it. */
		if (i->seen || i->instatus_id == NULL || i->unsure ||
		    i->phase == PHASE_RESOLVED)
			continue;
		incident_closed_by_human(core, i);
		closed(i->instatus_id, i->name, arg);
	}
	agenda_touch_all(core);
}
