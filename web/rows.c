#include <stdlib.h>
#include <string.h>

#include "../common/xmalloc.h"
#include "rows.h"

int
component_compare(const struct component *a, const struct component *b)
{
	return (strcmp(a->id, b->id));
}

int
incident_compare(const struct incident *a, const struct incident *b)
{
	return (strcmp(a->key, b->key));
}

RB_GENERATE(component_tree, component, node, component_compare)
RB_GENERATE(incident_tree, incident, node, incident_compare)

/* Borrows the texts: for RB_FIND. */
struct component *
mirror_component(const char *id)
{
	struct component find = { .id = (char *)(uintptr_t)id };

	return (RB_FIND(component_tree, &mirror.components, &find));
}

struct incident *
mirror_incident(const char *key)
{
	struct incident find = { .key = (char *)(uintptr_t)key };

	return (RB_FIND(incident_tree, &mirror.incidents, &find));
}

static unsigned
take_count(struct message *m)
{
	uint64_t n = message_get_u(m);

	return (n > UINT32_MAX ? UINT32_MAX : (unsigned)n);
}

struct component *
component_take(struct message *m)
{
	struct component *c = xcalloc(1, sizeof(*c));

	c->id = message_take_s(m);
	c->name = message_take_s(m);
	c->cluster = message_take_s(m);
	c->health = take_count(m);
	c->cause = take_count(m);
	c->ready = take_count(m);
	c->desired = take_count(m);
	c->since = message_get_u(m);
	c->page = take_count(m);
	c->wanted = take_count(m);
	c->paused = message_get_b(m);
	c->incident = message_take_s(m);
	c->detail = message_take_s(m);
	if (c->health < HEALTH_MAX && c->cause < CAUSE_MAX &&
	    c->page <= PAGE_STATUS_MAX && c->wanted < PAGE_STATUS_MAX)
		return (c);
	component_free(c);
	return (NULL);
}

void
component_free(struct component *c)
{
	free(c->days);
	free(c->id);
	free(c->name);
	free(c->cluster);
	free(c->incident);
	free(c->detail);
	free(c->json);
	free(c);
}

static bool
incident_take_parts(struct incident *i, struct message *m)
{
	struct incident_component *part;
	bool ok = true;

	while (message_more(m)) {
		i->component = xreallocarray(i->component, i->ncomponent + 1,
		    sizeof(*i->component));
		part = &i->component[i->ncomponent++];
		part->id = message_take_s(m);
		part->status = take_count(m);
		part->pending = take_count(m);
		ok = ok && part->status <= PAGE_STATUS_MAX &&
		    part->pending <= PAGE_STATUS_MAX;
	}
	return (ok);
}

struct incident *
incident_take(struct message *m)
{
	struct incident *i = xcalloc(1, sizeof(*i));

	i->key = message_take_s(m);
	i->id = message_take_s(m);
	i->name = message_take_s(m);
	i->status = take_count(m);
	i->started = message_get_u(m);
	i->resolved = message_get_u(m);
	i->updated = message_get_u(m);
	i->pending = take_count(m);
	i->attempts = take_count(m);
	i->again = message_get_u(m);
	if (incident_take_parts(i, m) && i->status < PHASE_MAX &&
	    i->pending <= PHASE_MAX)
		return (i);
	incident_free(i);
	return (NULL);
}

void
incident_free(struct incident *i)
{
	unsigned n;

	for (n = 0; n < i->ncomponent; n++)
		free(i->component[n].id);
	free(i->component);
	free(i->json);
	free(i->key);
	free(i->id);
	free(i->name);
	free(i);
}

struct worker_row *
worker_row_take(struct message *m)
{
	struct worker_row *row = xcalloc(1, sizeof(*row));

	row->name = message_take_s(m);
	row->pid = message_get_u(m);
	row->state = message_take_s(m);
	row->started = message_get_u(m);
	row->restarts = message_get_u(m);
	row->landlock = message_get_u(m);
	row->death = message_take_s(m);
	row->memory = message_get_u(m);
	row->cpu = message_get_u(m);
	return (row);
}

void
worker_row_free(struct worker_row *row)
{
	free(row->name);
	free(row->state);
	free(row->death);
	free(row);
}

struct watch_row *
watch_row_take(struct message *m)
{
	struct watch_row *row = xcalloc(1, sizeof(*row));

	row->cluster = message_take_s(m);
	row->resource = message_take_s(m);
	row->ns = message_take_s(m);
	row->state = message_take_s(m);
	row->version = message_take_s(m);
	row->objects = message_get_u(m);
	row->events = message_get_u(m);
	row->bytes = message_get_u(m);
	row->restarts = message_get_u(m);
	row->last_event = message_get_u(m);
	row->error = message_take_s(m);
	row->known = message_get_b(m);
	return (row);
}

void
watch_row_free(struct watch_row *row)
{
	free(row->cluster);
	free(row->resource);
	free(row->ns);
	free(row->state);
	free(row->version);
	free(row->error);
	free(row);
}

struct silence *
silence_take(struct message *m)
{
	struct silence *s = xcalloc(1, sizeof(*s));

	s->component = message_take_s(m);
	s->name = message_take_s(m);
	s->maintenance = message_get_b(m);
	s->since = message_get_u(m);
	s->until = message_get_u(m);
	s->reason = message_take_s(m);
	s->by = message_take_s(m);
	return (s);
}

void
silence_free(struct silence *s)
{
	free(s->component);
	free(s->name);
	free(s->reason);
	free(s->by);
	free(s);
}

static bool
past_fits(const struct past *p)
{
	switch (p->kind) {
	case HISTORY_HEALTH:
		return (p->from < HEALTH_MAX && p->to < HEALTH_MAX);
	case HISTORY_PAGE:
		return (p->from <= PAGE_STATUS_MAX && p->to <= PAGE_STATUS_MAX);
	case HISTORY_INCIDENT:
		return (p->to < PHASE_MAX);
	case HISTORY_SILENCE:
	case HISTORY_MAINTENANCE:
		return (true);
	default:
		return (false);
	}
}

struct past *
past_take(struct message *m)
{
	struct past *p = xcalloc(1, sizeof(*p));

	p->time = message_get_u(m);
	p->kind = take_count(m);
	p->component = message_take_s(m);
	p->name = message_take_s(m);
	p->incident = message_take_s(m);
	p->from = take_count(m);
	p->to = take_count(m);
	p->text = message_take_s(m);
	if (past_fits(p))
		return (p);
	past_free(p);
	return (NULL);
}

void
past_free(struct past *p)
{
	free(p->component);
	free(p->name);
	free(p->incident);
	free(p->text);
	free(p);
}

static int
day_compare(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	return (x->day < y->day ? -1 : x->day > y->day);
}

const struct day *
component_day(const struct component *c, uint64_t day)
{
	const struct day find = { .day = day };

	return (c->ndays == 0 ? NULL : bsearch(&find, c->days, c->ndays,
	    sizeof(find), day_compare));
}

bool
days_take(struct component *c, struct message *m)
{
	struct day *d;
	unsigned s;

	c->first_day = message_get_u(m);
	c->ndays = 0;
	while (message_more(m)) {
		c->days = xreallocarray(c->days, c->ndays + 1, sizeof(*d));
		d = &c->days[c->ndays++];
		d->day = message_get_u(m);
		d->seconds[PAGE_OPERATIONAL] = 0;
		for (s = PAGE_MAINTENANCE; s < PAGE_STATUS_MAX; s++)
			d->seconds[s] = take_count(m);
		if (c->ndays > 1 && d->day <= d[-1].day)
			return (false);
	}
	return (true);
}
