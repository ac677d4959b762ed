/*
 * Which incident an outage belongs to: one of its own, that of its group, that
 * of a storm, or the one that it was in before.
 */
#include <bsd/stdlib.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* A component that is down, or on its way there; sorted by page and time. */
struct down {
	struct component *component;
	uint64_t	 start;
};
struct downs {
	struct down	*down, *later;	/* later: of these, not due yet */
	size_t		 n, nlater, candidates;
	const struct component *joined;	/* the last that found an incident */
};

static bool
is_watched(const struct component *c)
{
	return (c->configured && c->on_page && !c->muted && !c->silenced &&
	    !c->maintained && !component_foreign(c));
}

static bool
is_candidate(const struct component *c)
{
	return (is_watched(c) && c->incident == NULL && component_down(c) &&
	    c->debounce.wanted >= PAGE_DEGRADED);
}

/* When an outage has lasted long enough to be public. */
static uint64_t
due_at(const struct component *c)
{
	return (c->debounce.at_least[PAGE_DEGRADED] + c->rules.down_after);
}

static int
down_compare(const void *va, const void *vb)
{
	const struct down *a = va, *b = vb;
	int order;

	if ((order = strcmp(a->component->page_id, b->component->page_id)) != 0)
		return (order);
	if (a->start != b->start)
		return (a->start < b->start ? -1 : 1);
	return (strcmp(a->component->id, b->component->id));
}

/* Worst first, then the one that waits longest. */
static int
candidate_compare(const void *va, const void *vb)
{
	const struct component *a = *(struct component *const *)va;
	const struct component *b = *(struct component *const *)vb;
	enum page_status aw = component_wanted(a), bw = component_wanted(b);

	if (aw != bw)
		return (aw > bw ? -1 : 1);
	if (due_at(a) != due_at(b))
		return (due_at(a) < due_at(b) ? -1 : 1);
	return (strcmp(a->id, b->id));
}

static void
downs_collect(struct incidents *core, struct downs *downs)
{
	struct component *c;
	struct down d;
	size_t n = 0;

	memset(downs, 0, sizeof(*downs));
	TAILQ_FOREACH(c, &core->agenda.down, list[LIST_DOWN]) {
		downs->candidates += is_candidate(c);
		n++;
	}
	if (downs->candidates == 0)
		return;
	downs->down = xcalloc(n, sizeof(d));
	downs->later = xcalloc(n, sizeof(d));
	TAILQ_FOREACH(c, &core->agenda.down, list[LIST_DOWN]) {
		if (!is_watched(c))
			continue;
		d.component = c;
		d.start = c->debounce.at_least[PAGE_DEGRADED];
		downs->down[downs->n++] = d;
		if (c->incident == NULL &&
		    c->debounce.wanted < PAGE_DEGRADED)
			downs->later[downs->nlater++] = d;
	}
	heapsort(downs->down, downs->n, sizeof(d), down_compare);
	heapsort(downs->later, downs->nlater, sizeof(d), down_compare);
}

/* The first of them that went down on this page at that time or later. */
static size_t
first_from(const struct down *downs, size_t n, const char *page,
    uint64_t start)
{
	size_t low = 0, high = n, middle;
	const struct down *d;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		d = &downs[middle];
		order = strcmp(d->component->page_id, page);
		if (order < 0 || (order == 0 && d->start < start))
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

/* Those that went down together with one: from, up to end. */
struct window {
	uint64_t	 earliest, latest;
	size_t		 from, end;
	bool		 storm;
};

static struct window
window_of(const struct incidents *core, const struct downs *downs,
    const struct component *c)
{
	uint64_t start = c->debounce.at_least[PAGE_DEGRADED];
	uint64_t wait = core->options.group_wait;
	struct window w = { .latest = start + wait };

	w.earliest = start > wait ? start - wait : 0;
	w.from = first_from(downs->down, downs->n, c->page_id, w.earliest);
	w.end = first_from(downs->down, downs->n, c->page_id, w.latest + 1);
	w.storm = w.end - w.from > core->options.storm;
	return (w);
}

static bool
same_group(const struct component *a, const struct component *b)
{
	return (a->group[0] != '\0' && strcmp(a->group, b->group) == 0);
}

/*
 * Until when to wait for others that are on their way down, 0: not at all.
 * Only those count that are due within group_wait.
 */
static uint64_t
wait_for_others(const struct incidents *core, const struct downs *downs,
    const struct window *w, const struct component *c, uint64_t now)
{
	const struct down *d = downs->later, *last = d + downs->nlater;
	uint64_t due, until = 0;

	for (d += first_from(d, downs->nlater, c->page_id, 0); d < last &&
	    strcmp(d->component->page_id, c->page_id) == 0; d++) {
		if (!same_group(c, d->component) && !(w->storm &&
		    d->start >= w->earliest && d->start <= w->latest))
			continue;
		due = due_at(d->component);
		if (due <= now || due > due_at(c) + core->options.group_wait)
			continue;
		if (until == 0 || due < until)
			until = due;
	}
	return (until);
}

static bool
has_room(const struct incident *i, const struct component *c)
{
	return (!i->drop && strcmp(i->page_id, c->page_id) == 0 &&
	    i->bytes + strlen(c->id) < INCIDENT_RECORD_MAX);
}

static struct incident *
find_by_group(const struct incidents *core, const struct component *c)
{
	struct incident *i;
	const struct entry *e;

	if (c->group[0] == '\0')
		return (NULL);
	TAILQ_FOREACH(i, &core->incidents, entry) {
		if (i->members == 0 || !has_room(i, c))
			continue;
		TAILQ_FOREACH(e, &i->entries, entry)
			if (e->component->incident == i &&
			    same_group(e->component, c))
				return (i);
	}
	return (NULL);
}

static struct incident *
find_by_storm(const struct downs *downs, const struct window *w,
    const struct component *c)
{
	struct incident *i;
	uint64_t start;
	size_t n;

	/* Mostly it is the one that the last was added to. */
	if (w->storm && downs->joined != NULL) {
		start = downs->joined->debounce.at_least[PAGE_DEGRADED];
		if (start >= w->earliest && start <= w->latest &&
		    has_room(downs->joined->incident, c))
			return (downs->joined->incident);
	}
	for (n = w->from; w->storm && n < w->end; n++) {
		i = downs->down[n].component->incident;
		if (i != NULL && has_room(i, c))
			return (i);
	}
	return (NULL);
}

/* One of its components is listed by another that is open now. */
static bool
is_split(const struct incident *i)
{
	const struct entry *e, *other;

	TAILQ_FOREACH(e, &i->entries, entry)
		TAILQ_FOREACH(other, &e->component->entries, of_component)
			if (other->incident != i &&
			    incident_live(other->incident))
				return (true);
	return (false);
}

/* The one that it was in before: open for others, or resolved not long ago. */
static struct incident *
find_earlier(const struct component *c, bool live, uint64_t now)
{
	struct incident *i, *found = NULL;
	const struct entry *e;

	TAILQ_FOREACH(e, &c->entries, of_component) {
		i = e->incident;
		if (i->drop || strcmp(i->page_id, c->page_id) != 0 ||
		    incident_live(i) != live)
			continue;
		if (!live && (i->phase != PHASE_RESOLVED || is_split(i) ||
		    now >= i->resolved + c->reopen_within))
			continue;
		if (found == NULL || i->resolved > found->resolved)
			found = i;
	}
	return (found);
}

static bool
is_started(const struct incidents *core, uint64_t started)
{
	const struct incident *i;

	TAILQ_FOREACH(i, &core->incidents, entry)
		if (i->started == started)
			return (true);
	return (false);
}

/*
 * The timestamp by which an incident is found again: the second is when the
 * outage began, for people; the millisecond makes it unique.
 */
static uint64_t
unique_started(const struct incidents *core, const struct component *c,
    uint64_t now)
{
	uint64_t started = c->debounce.at_least[PAGE_DEGRADED];

	/* What was known as maintenance was no outage, and what was one before
	 * has an incident of its own. */
	if (started < c->maintained_until)
		started = c->maintained_until;
	if (started > now)
		started = now;
	started += now % 1000 - started % 1000;
	if (started > now)
		started = now;
	while (is_started(core, started))
		started++;
	return (started);
}

/* An intent that was given up must be out of the store before the next one. */
static bool
is_being_dropped(const struct component *c)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &c->entries, of_component)
		if (e->incident->drop)
			return (true);
	return (false);
}

static void
assign(struct incidents *core, struct downs *downs, struct component *c,
    uint64_t now)
{
	struct window w = window_of(core, downs, c);
	struct incident *i;
	uint64_t until;

	if (is_being_dropped(c))
		return;
	if ((until = wait_for_others(core, downs, &w, c, now)) != 0) {
		plan_at(core, until);
		return;
	}
	if ((i = find_earlier(c, true, now)) == NULL &&
	    (i = find_by_group(core, c)) == NULL &&
	    (i = find_by_storm(downs, &w, c)) == NULL &&
	    (i = find_earlier(c, false, now)) == NULL) {
		i = incident_new(core, unique_started(core, c, now));
		free(i->page_id);
		i->page_id = xstrdup(c->page_id);
	}
	if (!incident_live(i) && !i->posting)
		i->statuses = core->options.publish & PUBLISH_STATUSES;
	if (incident_entry(i, c) == NULL)
		incident_add(i, c);
	component_join(core, c, i);
	downs->joined = c;
}

void
assign_run(struct incidents *core, uint64_t now)
{
	struct component *c, **candidate;
	struct downs downs;
	size_t n = 0, k;

	if (!(core->options.publish & PUBLISH_INCIDENTS))
		return;
	downs_collect(core, &downs);
	if (downs.candidates == 0)
		return;
	candidate = xcalloc(downs.candidates, sizeof(*candidate));
	TAILQ_FOREACH(c, &core->agenda.down, list[LIST_DOWN])
		if (is_candidate(c))
			candidate[n++] = c;
	heapsort(candidate, n, sizeof(*candidate), candidate_compare);
	for (k = 0; k < n; k++)
		assign(core, &downs, candidate[k], now);
	free(candidate);
	free(downs.down);
	free(downs.later);
}
