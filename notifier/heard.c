/*
 * What the watchers say of components.
 */
#include "core.h"

static enum page_status
health_level(enum health health)
{
	switch (health) {
	case HEALTH_ROLLING:
		return (PAGE_MAINTENANCE);
	case HEALTH_DEGRADED:
		return (PAGE_DEGRADED);
	case HEALTH_PARTIAL:
		return (PAGE_PARTIAL);
	case HEALTH_MAJOR:
		return (PAGE_MAJOR);
	default:
		return (PAGE_OPERATIONAL);
	}
}

static void
tell_health(const struct incidents *core, const struct component *c,
    const struct health_report *r)
{
	struct incident_event event = {
		.kind = HISTORY_HEALTH,
		.component = c->id,
		.name = component_public(c),
		.incident = "",
		.from = c->health,
		.to = r->health,
		.text = r->cause != CAUSE_NONE ? cause_name(r->cause) : ""
	};

	core_tell(core, &event);
}

int
incidents_health(struct incidents *core, const struct health_report *r,
    uint64_t now)
{
	struct component *c = component_find(core, r->component);
	bool news;

	if (c == NULL) {
		if (core_is_full(core))
			return (-1);
		c = component_need(core, r->component);
	}
	if (c->reported && c->cluster != r->cluster)
		return (-1);
	c->cluster = r->cluster;
	news = c->health != r->health || c->cause != r->cause ||
	    c->paused != r->paused;
	if (news)
		tell_health(core, c, r);
	c->reported = c->said = true;
	c->health = r->health;
	c->cause = r->cause;
	c->ready = r->ready;
	c->desired = r->desired;
	c->since = r->since;
	c->heard = now;
	c->paused = r->paused;
	xreplace(&c->detail, r->detail);
	if (component_silent(c))
		debounce_freeze(&c->debounce, now);
	else
		debounce_report(&c->debounce, health_level(c->health),
		    c->since, now);
	agenda_touch(core, c);
	return (news);
}

void
incidents_silence_begin(struct incidents *core, unsigned cluster)
{
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components)
		if (c->cluster == cluster)
			c->said = false;
}

void
incidents_silence_end(struct incidents *core, unsigned cluster, uint64_t now)
{
	struct component *c;

	RB_FOREACH(c, component_tree, &core->components)
		if (c->reported && c->cluster == cluster && !c->said)
			component_unknown(c, now);
	agenda_touch_all(core);
}
