#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
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

const char *
incident_status_name(unsigned status)
{
	static const char *const names[INCIDENT_STATUS_MAX] = {
		"INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"
	};

	return (status < INCIDENT_STATUS_MAX ? names[status] : "?");
}

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

static void *
zalloc(size_t size)
{
	void *p;

	if ((p = calloc(1, size)) == NULL)
		fatal("calloc");
	return (p);
}

static char *
take_text(struct message *m)
{
	char *p;

	if ((p = strdup(message_get_s(m))) == NULL)
		fatal("strdup");
	return (p);
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
	struct component *c = zalloc(sizeof(*c));

	c->id = take_text(m);
	c->name = take_text(m);
	c->cluster = take_text(m);
	c->health = take_count(m);
	c->cause = take_count(m);
	c->ready = take_count(m);
	c->desired = take_count(m);
	c->since = message_get_u(m);
	c->page = take_count(m);
	c->wanted = take_count(m);
	c->paused = message_get_b(m);
	c->incident = take_text(m);
	c->detail = take_text(m);
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
		i->component = reallocarray(i->component, i->ncomponent + 1,
		    sizeof(*i->component));
		if (i->component == NULL)
			fatal("reallocarray");
		part = &i->component[i->ncomponent++];
		part->id = take_text(m);
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
	struct incident *i = zalloc(sizeof(*i));

	i->key = take_text(m);
	i->id = take_text(m);
	i->name = take_text(m);
	i->status = take_count(m);
	i->started = message_get_u(m);
	i->resolved = message_get_u(m);
	i->updated = message_get_u(m);
	i->pending = take_count(m);
	i->attempts = take_count(m);
	i->again = message_get_u(m);
	if (incident_take_parts(i, m) && i->status < INCIDENT_STATUS_MAX &&
	    i->pending <= INCIDENT_STATUS_MAX)
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
	struct worker_row *row = zalloc(sizeof(*row));

	row->name = take_text(m);
	row->pid = message_get_u(m);
	row->state = take_text(m);
	row->started = message_get_u(m);
	row->restarts = message_get_u(m);
	row->landlock = message_get_u(m);
	row->death = take_text(m);
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
	struct watch_row *row = zalloc(sizeof(*row));

	row->cluster = take_text(m);
	row->resource = take_text(m);
	row->ns = take_text(m);
	row->state = take_text(m);
	row->version = take_text(m);
	row->objects = message_get_u(m);
	row->events = message_get_u(m);
	row->bytes = message_get_u(m);
	row->restarts = message_get_u(m);
	row->last_event = message_get_u(m);
	row->error = take_text(m);
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
	struct silence *s = zalloc(sizeof(*s));

	s->component = take_text(m);
	s->name = take_text(m);
	s->maintenance = message_get_b(m);
	s->since = message_get_u(m);
	s->until = message_get_u(m);
	s->reason = take_text(m);
	s->by = take_text(m);
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
		return (p->to < INCIDENT_STATUS_MAX);
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
	struct past *p = zalloc(sizeof(*p));

	p->time = message_get_u(m);
	p->kind = take_count(m);
	p->component = take_text(m);
	p->name = take_text(m);
	p->incident = take_text(m);
	p->from = take_count(m);
	p->to = take_count(m);
	p->text = take_text(m);
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
		c->days = reallocarray(c->days, c->ndays + 1, sizeof(*d));
		if (c->days == NULL)
			fatal("reallocarray");
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
