/*
 * What kanatactl shows of the core, and what the driver asks of it.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

bool
incidents_active(struct incidents *core)
{
	const struct incident *i;

	if (core->webhook.down || core->webhook.posting)
		return (true);
	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->posting || (i->instatus_id != NULL &&
		    i->phase != PHASE_RESOLVED && !i->drop))
			return (true);
	return (agenda_active(core));
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

/* What should stand on the page, as far as that is ours to say. */
static enum page_status
should_show(const struct incidents *core, const struct component *c, bool human)
{
	enum page_status wanted = component_wanted(c);

	if (human || !(core->options.publish & PUBLISH_STATUSES))
		return (c->page);
	if (c->maintained)
		return (PAGE_MAINTENANCE);
	if (c->muted)
		return (c->page);
	return (wanted == PAGE_MAINTENANCE && c->rollout == ROLLOUT_QUIET ?
	    PAGE_OPERATIONAL : wanted);
}

static void
view_component(const struct incidents *core, const struct component *c,
    struct component_view *view)
{
	bool human = component_foreign(c) || (c->incident == NULL &&
	    c->page != PAGE_OPERATIONAL && c->page != c->set &&
	    c->page != c->posting);

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
		.wanted = should_show(core, c, human),
		.paused = c->paused,
		.configured = c->configured,
		.on_page = c->on_page,
		.page_known = c->page_known,
		.page_id = c->page_id,
		.page_name = c->page_name,
		.human = human,
		.reported = c->reported,
		.watcher = c->cluster,
		.heard = c->heard
	};
}

void
incidents_each_component(struct incidents *core,
    void (*fn)(const struct component_view *, void *), void *arg)
{
	struct component_view view;
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components) {
		view_component(core, c, &view);
		fn(&view, arg);
	}
}

bool
incidents_component(struct incidents *core, const char *id,
    struct component_view *view)
{
	const struct component *c = component_find(core, id);

	if (c != NULL)
		view_component(core, c, view);
	return (c != NULL);
}

static struct incident_part *
view_parts(const struct incident *i, size_t *n)
{
	struct incident_part *part;
	const struct entry *e;

	*n = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		++*n;
	part = xcalloc(*n + 1, sizeof(*part));
	*n = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		part[(*n)++] = (struct incident_part){ e->component->id,
		    e->acked, i->posting && e->listed && e->target != e->acked ?
		    e->target : PAGE_STATUS_MAX };
	return (part);
}

void
incidents_each_incident(const struct incidents *core,
    void (*fn)(const struct incident_view *, void *), void *arg)
{
	const struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry) {
		struct incident_view view = {
			.key = i->object.key,
			.instatus_id = i->instatus_id != NULL ?
			    i->instatus_id : "",
			.name = i->name,
			.phase = i->phase,
			.pending = i->posting ? i->posting_phase : PHASE_MAX,
			.started = i->started,
			.updated = i->last_update,
			.resolved = i->resolved,
			.attempts = i->object.attempt,
			.again = i->posting ? i->object.not_before : 0
		};
		struct incident_part *part = view_parts(i, &view.npart);

		view.part = part;
		fn(&view, arg);
		free(part);
	}
}

void
incidents_each_record(struct incidents *core,
    void (*fn)(const char *, const char *, void *), void *arg)
{
	struct incident *i;
	struct component *c;

	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->object.stored != NULL)
			fn(i->object.key, i->object.stored, arg);
	RB_FOREACH(c, component_tree, &core->components)
		if (c->object.stored != NULL)
			fn(c->object.key, c->object.stored, arg);
	if (core->webhook.object.stored != NULL)
		fn(core->webhook.object.key, core->webhook.object.stored, arg);
}
