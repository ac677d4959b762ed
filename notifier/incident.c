/*
 * The core's objects.  rules.c configures them, heard.c hears how they do, plan.c
 * decides what should be on the page, shown.c hears what is there, step.c works on
 * the difference, outcome.c hears what became of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* A watcher may name what is not configured here yet, but not without end. */
#define COMPONENTS_MAX	(2 * CONF_COMPONENTS_MAX)

static int
component_compare(struct component *a, struct component *b)
{
	return (strcmp(a->id, b->id));
}

RB_GENERATE(component_tree, component, node, component_compare)

/* -- components ----------------------------------------------------------- */

struct component *
component_find(struct incidents *core, const char *id)
{
	struct component *c = RB_ROOT(&core->components);
	int order;

	while (c != NULL && (order = strcmp(id, c->id)) != 0)
		c = order < 0 ? RB_LEFT(c, node) : RB_RIGHT(c, node);
	return (c);
}

struct component *
component_need(struct incidents *core, const char *id)
{
	struct component *c;
	int k;

	if ((c = component_find(core, id)) != NULL)
		return (c);
	c = xcalloc(1, sizeof(*c));
	c->object.kind = OBJECT_COMPONENT;
	c->object.key = xasprintf("component/%s", id);
	c->id = xstrdup(id);
	c->name = xstrdup("");
	c->group = xstrdup("");
	c->cluster_name = xstrdup("");
	c->ns = xstrdup("");
	c->workload = xstrdup("");
	c->detail = xstrdup("");
	c->page_id = xstrdup("");
	c->page_name = xstrdup("");
	c->cause = CAUSE_DISCONNECTED;
	c->set = PAGE_OPERATIONAL;
	c->posting = PAGE_STATUS_MAX;
	for (k = 0; k < ORDER_MAX; k++) {
		c->order[k].reason = xstrdup("");
		c->order[k].by = xstrdup("");
	}
	c->due = TIME_NEVER;
	TAILQ_INIT(&c->entries);
	debounce_init(&c->debounce, PAGE_OPERATIONAL);
	RB_INSERT(component_tree, &core->components, c);
	core->ncomponent++;
	return (c);
}

static void
object_clear(struct object *o)
{
	if (o->flying != OP_NONE)
		LIST_REMOVE(o, entry);
	free(o->key);
	free(o->stored);
	free(o->value);
}

void
component_free(struct incidents *core, struct component *c)
{
	agenda_remove(core, c);
	RB_REMOVE(component_tree, &core->components, c);
	core->ncomponent--;
	object_clear(&c->object);
	order_clear(c);
	free(c->id);
	free(c->name);
	free(c->group);
	free(c->cluster_name);
	free(c->ns);
	free(c->workload);
	rules_texts(&c->text, NULL);
	free(c->detail);
	free(c->page_id);
	free(c->page_name);
	free(c);
}

bool
core_is_full(const struct incidents *core)
{
	return (core->ncomponent >= COMPONENTS_MAX);
}

void
component_show(struct incidents *core, struct component *c,
    enum page_status status)
{
	struct incident_event event = {
		.kind = HISTORY_PAGE,
		.component = c->id,
		.name = component_public(c),
		.incident = c->incident != NULL ? c->incident->object.key : "",
		.from = c->page,
		.to = status,
		.text = ""
	};

	/* What it showed before is not known: it may be news. */
	if (c->page == status && c->page_known && c->on_page)
		return;
	c->page = status;
	core_tell(core, &event);
}

bool
component_foreign(const struct component *c)
{
	return (c->on_page && c->page == PAGE_MAINTENANCE &&
	    c->set != PAGE_MAINTENANCE && c->posting != PAGE_MAINTENANCE);
}

bool
component_silent(const struct component *c)
{
	return (c->health == HEALTH_UNKNOWN || c->paused);
}

enum page_status
component_wanted(const struct component *c)
{
	return (c->escalated ? PAGE_MAJOR : c->debounce.wanted);
}

const char *
component_public(const struct component *c)
{
	if (c->name[0] != '\0')
		return (c->name);
	return (c->page_name[0] != '\0' ? c->page_name : "A component");
}

bool
component_down(const struct component *c)
{
	return (c->debounce.known && !c->debounce.frozen &&
	    c->debounce.level >= PAGE_DEGRADED);
}

void
component_join(struct incidents *core, struct component *c, struct incident *i)
{
	if (c->incident != NULL)
		c->incident->members--;
	c->incident = i;
	if (i != NULL)
		i->members++;
	agenda_touch(core, c);
}

/* -- incidents ------------------------------------------------------------ */

struct incident *
incident_new(struct incidents *core, uint64_t started)
{
	struct incident *i = xcalloc(1, sizeof(*i));

	i->object.kind = OBJECT_INCIDENT;
	i->object.key = xasprintf("incident/%llu",
	    (unsigned long long)started);
	TAILQ_INIT(&i->entries);
	i->name = xstrdup("");
	i->page_id = xstrdup("");
	i->started = i->last_update = started;
	TAILQ_INSERT_TAIL(&core->incidents, i, entry);
	return (i);
}

void
incident_free(struct incidents *core, struct incident *i)
{
	struct entry *e;

	incident_detach(core, i);
	while ((e = TAILQ_FIRST(&i->entries)) != NULL) {
		TAILQ_REMOVE(&i->entries, e, entry);
		TAILQ_REMOVE(&e->component->entries, e, of_component);
		agenda_touch(core, e->component);
		free(e);
	}
	TAILQ_REMOVE(&core->incidents, i, entry);
	object_clear(&i->object);
	free(i->name);
	free(i->rename);
	free(i->page_id);
	free(i->instatus_id);
	free(i->message);
	free(i->private);
	free(i->component);
	free(i);
}

struct entry *
incident_entry(const struct incident *i, const struct component *c)
{
	struct entry *e;

	TAILQ_FOREACH(e, &c->entries, of_component)
		if (e->incident == i)
			return (e);
	return (NULL);
}

struct entry *
incident_add(struct incident *i, struct component *c)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->incident = i;
	e->component = c;
	e->acked = PAGE_OPERATIONAL;
	TAILQ_INSERT_TAIL(&c->entries, e, of_component);
	i->bytes += strlen(c->id) + 3;
	i->object.dirty = true;
	TAILQ_INSERT_TAIL(&i->entries, e, entry);
	return (e);
}

bool
incident_live(const struct incident *i)
{
	return (!i->drop && (i->members > 0 ||
	    (i->instatus_id != NULL && i->phase != PHASE_RESOLVED)));
}

void
incident_detach(struct incidents *core, struct incident *i)
{
	struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->component->incident == i)
			component_join(core, e->component, NULL);
}

void
incident_tell(const struct incidents *core, const struct incident *i,
    const char *text)
{
	struct incident_event event = {
		.kind = HISTORY_INCIDENT,
		.component = "",
		.name = i->name,
		.incident = i->object.key,
		.to = i->phase,
		.text = text
	};

	core_tell(core, &event);
}

void
incident_closed_by_human(struct incidents *core, struct incident *i)
{
	struct entry *e;
	struct component *c;

	TAILQ_FOREACH(e, &i->entries, entry) {
		c = e->component;
		if (c->incident != i)
			continue;
		component_join(core, c, NULL);
		c->muted = c->configured &&
		    c->debounce.wanted != PAGE_OPERATIONAL;
		/* It is for us to clear what we set, once all is well: by the
		 * incident, unless something else was set since. */
		if (e->acked != PAGE_OPERATIONAL && i->statuses &&
		    (c->set == PAGE_OPERATIONAL || c->page != c->set))
			c->set = component_foreign(c) ? PAGE_OPERATIONAL :
			    e->acked;
		c->object.dirty = true;
	}
	i->posting = i->unsure = false;
	i->phase = PHASE_RESOLVED;
	i->drop = true;
	i->object.dirty = true;
	i->settled = false;
	incident_tell(core, i, "closed by somebody else");
}

/* -- the whole ------------------------------------------------------------ */

struct incidents *
incidents_new(void)
{
	struct incidents *core = xcalloc(1, sizeof(*core));

	RB_INIT(&core->components);
	agenda_init(&core->agenda);
	TAILQ_INIT(&core->incidents);
	LIST_INIT(&core->flying);
	core->webhook.object.kind = OBJECT_WEBHOOK;
	core->webhook.object.key = xstrdup("webhook");
	core->plan_wake = core->step_wake = TIME_NEVER;
	return (core);
}

void
incidents_free(struct incidents *core)
{
	struct incident *i;
	struct component *c;

	if (core == NULL)
		return;
	while ((i = TAILQ_FIRST(&core->incidents)) != NULL)
		incident_free(core, i);
	while ((c = RB_ROOT(&core->components)) != NULL)
		component_free(core, c);
	object_clear(&core->webhook.object);
	rules_texts(&core->text, NULL);
	free(core);
}

void
core_tell(const struct incidents *core, struct incident_event *event)
{
	if (core->listener != NULL)
		core->listener(event, core->listener_arg);
}

void
incidents_listen(struct incidents *core,
    void (*fn)(const struct incident_event *, void *), void *arg)
{
	core->listener = fn;
	core->listener_arg = arg;
}

static void
object_forget(struct object *o)
{
	if (o->flying != OP_NONE)
		LIST_REMOVE(o, entry);
	o->flying = OP_NONE;
	free(o->stored);
	o->stored = NULL;
	o->dirty = o->doubtful = false;
	o->not_before = o->late_until = 0;
	o->attempt = 0;
}

void
incidents_forget(struct incidents *core)
{
	struct incident *i;
	struct component *c;

	while ((i = TAILQ_FIRST(&core->incidents)) != NULL)
		incident_free(core, i);
	RB_FOREACH(c, component_tree, &core->components) {
		object_forget(&c->object);
		c->muted = c->unsure = c->refused = false;
		c->set = PAGE_OPERATIONAL;
		c->posting = PAGE_STATUS_MAX;
		c->debounce.wanted = PAGE_OPERATIONAL;
		c->outage = 0;
		c->escalated = false;
		c->page_known = c->on_page = false;
	}
	object_forget(&core->webhook.object);
	core->webhook.down = core->webhook.posting = false;
	core->webhook.unsure = core->webhook.refused = false;
	agenda_touch_all(core);
}

/* What the page refused may be right now that more is known of it; each object
 * still waits longer after each refusal. */
void
incidents_ask_again(struct incidents *core)
{
	struct component *c;
	struct incident *i;

	RB_FOREACH(c, component_tree, &core->components)
		c->refused = false;
	TAILQ_FOREACH(i, &core->incidents, entry)
		i->refused = false;
	core->webhook.refused = false;
}

void
component_unknown(struct component *c, uint64_t now)
{
	c->reported = false;
	c->health = HEALTH_UNKNOWN;
	c->cause = CAUSE_DISCONNECTED;
	c->since = now;
	debounce_freeze(&c->debounce, now);
}
