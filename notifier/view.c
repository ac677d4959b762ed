/*
 * What kanatactl shows of the core, and what the driver asks of it.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

bool
incidents_active(struct incidents *core)
{
	struct component *c;
	struct incident *i;

	if (core->webhook.down || core->webhook.posting)
		return (true);
	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->posting || (i->instatus_id != NULL &&
		    i->phase != PHASE_RESOLVED && !i->drop))
			return (true);
	RB_FOREACH(c, component_tree, &core->components)
		if (c->set != PAGE_OPERATIONAL || c->muted ||
		    c->posting != PAGE_STATUS_MAX ||
		    (c->configured && c->debounce.known &&
		    (c->debounce.wanted != PAGE_OPERATIONAL ||
		    c->debounce.level >= PAGE_DEGRADED)))
			return (true);
	return (false);
}

bool
incidents_open_on(const struct incidents *core, const char *page)
{
	const struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->instatus_id != NULL && i->phase != PHASE_RESOLVED &&
		    !i->drop &&
		    (page == NULL || strcmp(i->page_id, page) == 0))
			return (true);
	return (false);
}

static void
view_component(const struct component *c, struct component_view *view)
{
	*view = (struct component_view) {
		.id = c->id,
		.name = c->name[0] != '\0' ? c->name : c->page_name,
		.cluster = c->cluster_name,
		.detail = c->detail,
		.incident = c->incident != NULL ? c->incident->object.key : "",
		.health = c->health,
		.cause = c->cause,
		.ready = c->ready,
		.desired = c->desired,
		.since = c->since,
		.page = c->page,
		.wanted = component_wanted(c),
		.paused = c->paused,
		.configured = c->configured,
		.on_page = c->on_page,
		.page_known = c->page_known
	};
}

void
incidents_each_component(struct incidents *core,
    void (*fn)(const struct component_view *, void *), void *arg)
{
	struct component_view view;
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components) {
		view_component(c, &view);
		fn(&view, arg);
	}
}

bool
incidents_component(struct incidents *core, const char *id,
    struct component_view *view)
{
	const struct component *c = component_find(core, id);

	if (c != NULL)
		view_component(c, view);
	return (c != NULL);
}

void
incidents_each_incident(const struct incidents *core,
    void (*fn)(const struct incident_view *, void *), void *arg)
{
	struct operation_component *shown;
	struct incident_view view;
	const struct incident *i;
	const struct entry *e;
	size_t n;

	TAILQ_FOREACH(i, &core->incidents, entry) {
		n = 0;
		TAILQ_FOREACH(e, &i->entries, entry)
			n++;
		shown = core_alloc((n + 1) * sizeof(*shown));
		n = 0;
		TAILQ_FOREACH(e, &i->entries, entry)
			shown[n++] = (struct operation_component){
			    e->component->id, e->acked };
		view = (struct incident_view) {
			.key = i->object.key,
			.instatus_id = i->instatus_id != NULL ?
			    i->instatus_id : "",
			.name = i->name,
			.phase = i->phase,
			.started = i->started,
			.resolved = i->resolved,
			.component = shown,
			.ncomponent = n
		};
		fn(&view, arg);
		free(shown);
	}
}
