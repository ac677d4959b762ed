/*
 * What should be on the page, from what was reported and from the time alone.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

void
plan_at(struct incidents *core, uint64_t when)
{
	if (when < core->plan_wake)
		core->plan_wake = when;
}

/* -- time passes for each component --------------------------------------- */

/*
 * What was due and is over before a word was said of it never was: the next time it
 * waits as long as any.
 */
static void
plan_unsaid(const struct incidents *core, struct component *c)
{
	const struct webhook *w = &core->webhook;
	struct debounce *d = &c->debounce;
	enum page_status least;

	/* What a webhook has said of all of them goes on. */
	if (w->down || w->unsure || w->object.flying == OP_WEBHOOK ||
	    c->muted || !d->known || d->frozen)
		return;
	least = component_published(c);
	if (d->level >= PAGE_DEGRADED && d->level > least)
		least = d->level;
	if (d->wanted >= PAGE_DEGRADED && d->wanted > least)
		d->wanted = least;
}

/*
 * A lesser outage that lasts is a major one.  It began with the trouble that
 * led to what is shown, and ends when all is well or nothing is shown.
 */
static void
plan_escalation(struct incidents *core, struct component *c, uint64_t now)
{
	const struct debounce *d = &c->debounce;
	uint64_t began = c->outage;

	if (!c->configured || c->escalate_after == 0 ||
	    (d->known && (d->wanted == PAGE_OPERATIONAL ||
	    (d->wanted == PAGE_MAINTENANCE && c->incident == NULL))))
		began = 0;
	else if (began == 0 && d->known)
		began = d->at_least[PAGE_DEGRADED] != TIME_NEVER ?
		    d->at_least[PAGE_DEGRADED] : now;
	if (began > now)
		began = now;
	if (began != c->outage)
		c->object.dirty = true;
	if ((c->outage = began) == 0)
		c->escalated = false;
	if (began == 0 || c->escalated || c->hushed || !d->known ||
	    d->frozen || d->level < PAGE_DEGRADED)
		return;
	if (now - began >= c->escalate_after)
		c->escalated = true;
	else
		plan_at(core, began + c->escalate_after);
}

static void
plan_component(struct incidents *core, struct component *c, uint64_t now)
{
	struct debounce_rules rules = c->rules;

	order_apply(core, c, now);
	if (!c->configured || c->maintained) {
		plan_escalation(core, c, now);
		return;
	}
	if (c->silenced)
		rules.down_after = TIME_NEVER;
	/* In an outage that is public an update in progress is no news: only
	 * health ends it. */
	if (c->health == HEALTH_ROLLING && (c->incident != NULL || c->muted))
		return;
	debounce_tick(&c->debounce, &rules, now);
	if (c->muted && c->debounce.known &&
	    c->debounce.wanted == PAGE_OPERATIONAL) {
		c->muted = false;
		c->object.dirty = true;
	}
	plan_unsaid(core, c);
	plan_escalation(core, c, now);
	plan_at(core, debounce_wake(&c->debounce, &rules));
}

static void
plan_expiry(struct incidents *core, struct incident *i, uint64_t now)
{
	const struct entry *e;
	uint64_t within = 0;

	if (i->drop || i->posting || i->phase != PHASE_RESOLVED ||
	    i->resolved == 0 || incident_live(i))
		return;
	if (!i->settled) {
		TAILQ_FOREACH(e, &i->entries, entry)
			if (e->component->configured &&
			    e->component->reopen_within > within)
				within = e->component->reopen_within;
		i->forget_at = i->resolved + within;
	}
	if (now >= i->forget_at) {
		i->drop = true;
		i->object.dirty = true;
		i->settled = false;
	} else
		plan_at(core, i->forget_at);
}

void
plan_run(struct incidents *core, uint64_t now)
{
	struct component *c;
	struct incident *i;

	agenda_gather(core, now);
	core->changed = false;
	while ((c = agenda_take(core)) != NULL) {
		core->plan_wake = TIME_NEVER;
		plan_component(core, c, now);
		agenda_planned(core, c, core->plan_wake);
	}
	core->plan_wake = agenda_due(core);
	TAILQ_FOREACH(i, &core->incidents, entry)
		plan_expiry(core, i, now);
	assign_run(core, now);
}

/* -- what one incident should be changed to ------------------------------- */

static enum page_status
entry_next(const struct incident *i, const struct entry *e)
{
	const struct component *c = e->component;
	enum page_status wanted = component_wanted(c), now, said;

	if ((c->incident != NULL && c->incident != i) || component_foreign(c))
		return (PAGE_STATUS_MAX);
	/* Back, and perhaps being updated since. */
	if (c->incident == NULL && (c->set != PAGE_OPERATIONAL ||
	    c->posting != PAGE_STATUS_MAX))
		return (PAGE_STATUS_MAX);
	if (!c->configured || c->incident != i || c->maintained)
		return (PAGE_OPERATIONAL);
	/* Nothing is known since start, or it was updated for so long that the
	 * update is all that is certain. */
	if (!c->debounce.known || wanted == PAGE_MAINTENANCE)
		return (e->acked == PAGE_MAINTENANCE ? PAGE_STATUS_MAX :
		    e->acked);
	/* Nothing worse is said than what is so now, however late it is said.
	 * What a human has set and left there is not ours to keep. */
	said = e->acked == PAGE_MAINTENANCE ? PAGE_OPERATIONAL : e->acked;
	now = c->debounce.level < PAGE_DEGRADED ? PAGE_OPERATIONAL :
	    c->escalated ? PAGE_MAJOR : c->debounce.level;
	if (wanted > said && wanted > now)
		wanted = now > said ? now : said;
	return (wanted);
}

struct changes {
	bool	 worse, better, well;
};

static struct changes
incident_changes(struct incident *i)
{
	struct changes changes = { .well = true };
	struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry) {
		e->next = entry_next(i, e);
		/* What came and went before it was opened is not in it. */
		e->next_listed = e->component->on_page &&
		    strcmp(e->component->page_id, i->page_id) == 0 &&
		    (i->instatus_id != NULL || e->component->incident == i);
		if (!e->next_listed || e->next == PAGE_STATUS_MAX)
			continue;
		if (e->next != PAGE_OPERATIONAL)
			changes.well = false;
		if (e->next > e->acked)
			changes.worse = true;
		if (e->next < e->acked)
			changes.better = true;
	}
	return (changes);
}

static bool
posting_same(const struct incident *i, enum incident_phase phase)
{
	const struct entry *e;

	if (!i->posting || i->posting_phase != phase)
		return (false);
	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed != e->next_listed || e->target != e->next)
			return (false);
	return (true);
}

/* It is called after what is so now, once that is worse than before. */
static void
posting_rename(const struct incidents *core, struct incident *i)
{
	char *name = text_name(core, i);

	free(i->rename);
	i->rename = NULL;
	if (strcmp(name, i->name) != 0)
		i->rename = name;
	else
		free(name);
}

static void
posting_set(const struct incidents *core, struct incident *i,
    enum incident_phase phase, uint64_t now)
{
	struct entry *e;

	if (posting_same(i, phase))
		return;
	TAILQ_FOREACH(e, &i->entries, entry) {
		e->target = e->next;
		e->listed = e->next_listed;
	}
	i->posting = true;
	i->posting_phase = phase;
	i->refused = false;
	i->object.dirty = true;
	if (i->instatus_id == NULL) {
		i->posting_started = i->started;
		free(i->name);
		i->name = text_name(core, i);
	} else {
		i->posting_started = now > i->last_update ? now :
		    i->last_update + 1;
		if (phase == PHASE_INVESTIGATING)
			posting_rename(core, i);
	}
}

static void
posting_clear(struct incident *i)
{
	if (!i->posting)
		return;
	i->posting = i->refused = false;
	i->object.dirty = true;
}

/* Those that came and went before anything was said of them. */
static bool
detach_unsaid(struct incidents *core, struct incident *i)
{
	struct entry *e;
	bool some = false;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->component->incident == i &&
		    e->acked == PAGE_OPERATIONAL &&
		    e->next == PAGE_OPERATIONAL) {
			component_join(core, e->component, NULL);
			some = true;
		}
	return (some);
}

void
plan_incident(struct incidents *core, struct incident *i, uint64_t now)
{
	struct changes changes;

	if (i->drop)
		return;
	changes = incident_changes(i);
	if (detach_unsaid(core, i))
		changes = incident_changes(i);
	if (i->instatus_id == NULL) {
		if (!changes.well) {
			posting_set(core, i, PHASE_INVESTIGATING, now);
			return;
		}
		/* It came and went before anything was said. */
		incident_detach(core, i);
		i->posting = false;
		i->drop = true;
		i->object.dirty = true;
		core->changed = true;
	} else if (changes.well && i->phase == PHASE_RESOLVED) {
		posting_clear(i);
		incident_detach(core, i);
	} else if (changes.well) {
		posting_set(core, i, PHASE_RESOLVED, now);
	} else if (changes.worse) {
		posting_set(core, i, PHASE_INVESTIGATING, now);
	} else if (changes.better) {
		posting_set(core, i, PHASE_MONITORING, now);
	} else {
		posting_clear(i);
	}
}

/* -- without incidents ---------------------------------------------------- */

enum page_status
plan_status(const struct incidents *core, const struct component *c)
{
	enum page_status wanted = component_wanted(c);

	if (c->incident != NULL && c->incident->statuses)
		return (c->set);
	if (!c->configured || !(core->options.publish & PUBLISH_STATUSES))
		return (PAGE_OPERATIONAL);
	if (c->maintained)
		return (PAGE_MAINTENANCE);
	if (!c->debounce.known)
		return (c->set);
	if (wanted == PAGE_MAINTENANCE && c->rollout == ROLLOUT_QUIET)
		wanted = PAGE_OPERATIONAL;
	if (!(core->options.publish & PUBLISH_INCIDENTS))
		return (wanted);
	/* What a maintenance left of an incident that a human resolved. */
	if (c->muted && c->set == PAGE_MAINTENANCE)
		return (PAGE_OPERATIONAL);
	if (wanted >= PAGE_DEGRADED ||
	    (c->muted && wanted != PAGE_OPERATIONAL))
		return (c->set);
	return (wanted);
}

bool
plan_webhook(struct incidents *core)
{
	bool down = core->agenda.nshown > 0;

	/* What it was told goes on until it is over. */
	if (!(core->options.publish & PUBLISH_WEBHOOK) && !core->webhook.down)
		return (false);
	/* That all is well again takes knowing all of them. */
	return (down || (core->webhook.down && core->agenda.nunknown > 0));
}
