/*
 * Why the page says of a component what it says: what is known, what is waited
 * for, what stands in the way, what comes next.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/duration.h"
#include "core.h"

struct say {
	explain_fn	 fn;
	void		*arg;
};

static void	 say(const struct say *, const char *topic, uint64_t at,
		    const char *, ...) __attribute__((format(printf, 4, 5)));

static void
say(const struct say *s, const char *topic, uint64_t at, const char *format,
    ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	s->fn(topic, at, text, s->arg);
}

/* -- what is known -------------------------------------------------------- */

static void
explain_health(const struct say *s, const struct component *c)
{
	if (!c->reported) {
		say(s, "health", c->since, "unknown: nothing watches it now, or "
		    "the first list is not complete");
		return;
	}
	say(s, "health", c->since, "%s%s%s, %u of %u ready%s%s",
	    health_name(c->health), c->cause != CAUSE_NONE ? ": " : "",
	    c->cause != CAUSE_NONE ? cause_name(c->cause) : "", c->ready,
	    c->desired, c->detail[0] != '\0' ? "; " : "", c->detail);
}

static void
explain_page(const struct say *s, const struct component *c)
{
	if (!c->page_known)
		say(s, "page", 0, "not read yet");
	else if (!c->on_page)
		say(s, "page", 0, "it is on no page that the key reaches");
	else
		say(s, "page", 0, "%s", page_status_name(c->page));
	say(s, "wanted", 0, "%s", page_status_name(c->maintained ?
	    PAGE_MAINTENANCE : component_wanted(c)));
}

static void
explain_incident(const struct say *s, const struct incidents *core,
    const struct component *c)
{
	const struct incident *i = c->incident;
	const struct entry *e;

	if (i != NULL) {
		say(s, "incident", i->started, "%s%s%s: \"%s\", %s",
		    i->object.key, i->instatus_id != NULL ? ", on the page " :
		    "", i->instatus_id != NULL ? i->instatus_id : "", i->name,
		    i->instatus_id == NULL ? "not created yet" :
		    incident_phase_name(i->phase));
		return;
	}
	TAILQ_FOREACH(i, &core->incidents, entry) {
		if ((e = incident_entry(i, c)) == NULL || i->drop)
			continue;
		if (i->phase == PHASE_RESOLVED && i->resolved != 0)
			say(s, "incident", i->resolved + c->reopen_within,
			    "%s, resolved: an outage before then opens it "
			    "again (reopen_within)", i->object.key);
		else
			say(s, "incident", i->started, "%s, which is open for "
			    "others: said to be %s in it", i->object.key,
			    page_status_name(e->acked));
	}
}

/* -- what is waited for --------------------------------------------------- */

struct change {
	uint64_t	 at;
	enum page_status to;
	bool		 worse;
};

static void
consider(struct change *change, uint64_t clock, uint64_t wait, int to,
    bool worse)
{
	if (clock == TIME_NEVER || clock > TIME_NEVER - wait ||
	    clock + wait >= change->at)
		return;
	change->at = clock + wait;
	change->to = (enum page_status)to;
	change->worse = worse;
}

/* What will be wanted, and when, if nothing is heard before. */
static struct change
next_change(const struct component *c)
{
	const struct debounce *d = &c->debounce;
	struct change change = { .at = TIME_NEVER };
	int i;

	if (!d->known || d->frozen || c->maintained)
		return (change);
	/* Of two that come at once the worse one is taken. */
	for (i = PAGE_MAJOR; i > (int)d->wanted && !c->silenced; i--)
		consider(&change, d->at_least[i], c->rules.down_after, i, true);
	for (i = PAGE_OPERATIONAL; i < (int)d->wanted; i++)
		consider(&change, d->at_most[i], c->rules.up_after, i, false);
	return (change);
}

static void
explain_waits(const struct say *s, const struct component *c, uint64_t now)
{
	struct change change = next_change(c);
	char text[DURATION_SIZE];

	if (change.at != TIME_NEVER && change.at > now)
		say(s, "wait", change.at, "until it has been %s for %s (%s)",
		    page_status_name(change.to), duration_format(change.worse ?
		    c->rules.down_after : c->rules.up_after, text),
		    change.worse ? "down_after" : "up_after");
	if (c->outage != 0 && !c->escalated)
		say(s, "wait", c->outage + c->escalate_after,
		    "until the outage counts as a major one (escalate_after)");
	if (c->cause == CAUSE_STARTING)
		say(s, "wait", 0, "until it is ready for the first time, at "
		    "most first_ready_within");
}

/* -- what stands in the way ----------------------------------------------- */

static void
explain_orders(const struct say *s, const struct component *c)
{
	const struct component_order *o = &c->order[ORDER_SILENCE];

	if (c->silenced)
		say(s, "block", o->until, "silenced%s%s%s%s: nothing new or "
		    "worse is said", o->by[0] != '\0' ? " by " : "", o->by,
		    o->reason[0] != '\0' ? ", " : "", o->reason);
	o = &c->order[ORDER_MAINTENANCE];
	if (c->maintained)
		say(s, "block", o->until == TIME_NEVER ? 0 : o->until,
		    "under a maintenance%s%s%s%s: no outage is said%s",
		    o->by[0] != '\0' ? " by " : "", o->by,
		    o->reason[0] != '\0' ? ", " : "", o->reason,
		    o->until == TIME_NEVER ? " until it is ended" : "");
}

/* A human has set what is neither well nor ours. */
static bool
is_left_alone(const struct component *c)
{
	return (c->on_page && c->incident == NULL &&
	    c->page != PAGE_OPERATIONAL && c->page != c->set &&
	    c->page != c->posting);
}

static void
explain_publish(const struct say *s, const struct incidents *core)
{
	unsigned publish = core->options.publish;

	if (!(publish & PUBLISH_INCIDENTS))
		say(s, "rule", 0, "incidents are not published (publish)");
	if (!(publish & PUBLISH_STATUSES))
		say(s, "rule", 0, "statuses are not published (publish)");
}

static void
explain_blocks(const struct say *s, const struct component *c)
{
	explain_orders(s, c);
	if (c->paused)
		say(s, "block", 0, "paused by the annotation kanata/paused: "
		    "what stands there stays");
	else if (c->health == HEALTH_UNKNOWN)
		say(s, "block", 0, "its health is not known: neither an outage "
		    "nor a recovery");
	if (component_foreign(c))
		say(s, "block", 0, "a human has it under maintenance on the "
		    "page: left alone");
	else if (is_left_alone(c))
		say(s, "block", 0, "a human has set %s on the page: left alone",
		    page_status_name(c->page));
	if (c->muted)
		say(s, "block", 0, "a human resolved its incident: silent until "
		    "it is well");
	if (c->page_known && !c->on_page)
		say(s, "block", 0, "there is nothing on the page to change: see "
		    "`kanatad list`");
}

/* How the last tries ended. */
static void
explain_tries(const struct say *s, const struct object *o, bool unsure,
    bool refused, uint64_t now)
{
	if (o->flying != OP_NONE)
		say(s, "block", 0, "%s now", o->flying == OP_STORE_PUT ||
		    o->flying == OP_STORE_DELETE ? "the store is asked" :
		    "the page is asked");
	if (refused)
		say(s, "block", 0, "the page refused it: tried again when the "
		    "page was read or something changes");
	if (unsure)
		say(s, "block", 0, "the last post may have come through: that "
		    "is looked for first");
	if (o->attempt > 0 && o->not_before > now)
		say(s, "block", o->not_before, "it failed %u time%s: tried "
		    "again then", o->attempt, o->attempt == 1 ? "" : "s");
}

bool
incidents_explain(struct incidents *core, const char *id, uint64_t now,
    explain_fn fn, void *arg)
{
	struct component *c = component_find(core, id);
	const struct say s = { fn, arg };

	if (c == NULL)
		return (false);
	/* A core that does not speak does not look. */
	order_refresh(c, now);
	explain_health(&s, c);
	explain_page(&s, c);
	explain_incident(&s, core, c);
	explain_waits(&s, c, now);
	explain_publish(&s, core);
	explain_blocks(&s, c);
	if (c->incident != NULL)
		explain_tries(&s, &c->incident->object, c->incident->unsure,
		    c->incident->refused, now);
	explain_tries(&s, &c->object, c->unsure, c->refused, now);
	return (true);
}

/* -- what comes next ------------------------------------------------------ */

static bool
is_shown(const struct component *c)
{
	enum page_status wanted = c->maintained ? PAGE_MAINTENANCE :
	    component_wanted(c);

	if (wanted == PAGE_MAINTENANCE && c->rollout == ROLLOUT_QUIET &&
	    !c->maintained)
		wanted = PAGE_OPERATIONAL;
	return (!c->on_page || c->page == wanted);
}

void
incidents_explain_next(struct incidents *core, const char *id, uint64_t now,
    explain_fn fn, void *arg)
{
	const struct component *c = component_find(core, id);
	const struct say s = { fn, arg };
	struct change change;

	if (c == NULL)
		return;
	change = next_change(c);
	if (component_foreign(c) || is_left_alone(c))
		say(&s, "next", 0, "nothing, until the human takes back what "
		    "stands on the page");
	else if (c->maintained)
		say(&s, "next", c->order[ORDER_MAINTENANCE].until == TIME_NEVER ?
		    0 : c->order[ORDER_MAINTENANCE].until, "the maintenance "
		    "ends, and the truth is shown");
	else if (!is_shown(c) && !c->muted)
		say(&s, "next", 0, "%s is posted, as soon as nothing stands in "
		    "the way", page_status_name(component_wanted(c)));
	else if (change.at != TIME_NEVER)
		say(&s, "next", change.at > now ? change.at : 0, "if it stays as "
		    "it is, %s is wanted", page_status_name(change.to));
	else if (c->silenced && component_down(c))
		say(&s, "next", c->order[ORDER_SILENCE].until, "the silence "
		    "ends, and the truth is shown");
	else
		say(&s, "next", 0, "nothing, until its health changes");
}
