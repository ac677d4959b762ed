/*
 * The model that the core is tested against: components, their health, what
 * operators ask; its page and store (model_page.c) and its time (model_flight.c).
 */
#include <sys/queue.h>
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../notifier/core.h"
#include "../../notifier/recording.h"
#include "model.h"

/* -- the tape: a history that kanatad replay takes ------------------------ */

void
model_tape(const struct model *m, char *line)
{
	if (m->tape)
		printf("%s\n", line);
	free(line);
}

void
model_note(const struct model *m, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	model_tape(m, recording_note(m->now, text));
}

static void
tape_conf(const struct model *m)
{
	const struct conf_component *c;

	m->conf->global.storm = m->options.storm;
	m->conf->global.group_wait = m->options.group_wait;
	m->conf->global.publish = m->options.publish;
	m->conf->global.rate_per_minute = 60;
	model_tape(m, recording_rules(m->now, &m->conf->global));
	TAILQ_FOREACH(c, &m->conf->components, entry)
		model_tape(m, recording_component(m->now, c));
}

/* -- setting up ----------------------------------------------------------- */

static char *
copy(const char *s)
{
	char *p = strdup(s);

	assert(p != NULL);
	return (p);
}

struct conf_component *
model_conf(struct model *m, unsigned n)
{
	struct conf_component *c;

	TAILQ_FOREACH(c, &m->conf->components, entry)
		if (strcmp(c->id, m->component[n].id) == 0)
			return (c);
	return (NULL);
}

static void
add_component(struct model *m, const char *id, uint64_t down_after,
    uint64_t up_after, uint64_t reopen_within)
{
	struct conf_component *c = calloc(1, sizeof(*c));

	assert(c != NULL);
	c->id = copy(id);
	c->name = copy("");
	c->cluster = copy("");
	c->group = copy("");
	c->down_after = down_after;
	c->up_after = up_after;
	c->reopen_within = reopen_within;
	TAILQ_INSERT_TAIL(&m->conf->components, c, entry);
	m->conf->ncomponent++;
}

void
model_configure(struct model *m)
{
	tape_conf(m);
	incidents_configure(m->core, m->conf, &m->options, m->now);
}

struct model *
model_new(unsigned n, uint64_t down_after, uint64_t up_after,
    uint64_t reopen_within)
{
	struct model *m = calloc(1, sizeof(*m));
	unsigned k;

	assert(m != NULL && n <= MODEL_COMPONENTS);
	m->incident = calloc(MODEL_INCIDENTS, sizeof(*m->incident));
	assert(m->incident != NULL);
	m->now = 1767225600000;		/* 2026-01-01 */
	m->n = n;
	m->options.publish = PUBLISH_INCIDENTS | PUBLISH_STATUSES;
	m->options.webhook = true;
	m->options.storm = 5;
	m->options.group_wait = 10000;
	m->conf = conf_new();
	for (k = 0; k < n; k++) {
		snprintf(m->component[k].id, sizeof(m->component[k].id), "c%u",
		    k);
		m->component[k].health = HEALTH_OK;
		m->component[k].since = m->now - 3600000;
		add_component(m, m->component[k].id, down_after, up_after,
		    reopen_within);
	}
	m->core = incidents_new();
	model_configure(m);
	model_read(m);
	model_report_all(m);
	return (m);
}

struct model *
model_world(unsigned n)
{
	model_seed(1);
	return (model_new(n, DOWN_AFTER, UP_AFTER, REOPEN));
}

void
model_group(struct model *m, unsigned n, const char *name)
{
	struct conf_component *c = model_conf(m, n);

	free(c->group);
	c->group = copy(name);
	model_configure(m);
}

void
model_remove(struct model *m, unsigned n)
{
	struct conf_component *c = model_conf(m, n);

	TAILQ_REMOVE(&m->conf->components, c, entry);
	free(c->id);
	free(c->name);
	free(c->cluster);
	free(c->group);
	free(c);
	m->conf->ncomponent--;
	model_configure(m);
}

void
model_free(struct model *m)
{
	unsigned k;

	for (k = 0; k < MODEL_RECORDS; k++)
		free(m->record[k].value);
	incidents_free(m->core);
	conf_free(m->conf);
	free(m->incident);
	free(m);
}

/* -- the cluster ---------------------------------------------------------- */

void
model_report(struct model *m, unsigned n)
{
	struct model_component *c = &m->component[n];
	struct health_report r = {
		.component = c->id,
		.health = c->silent ? HEALTH_UNKNOWN : c->health,
		.since = c->silent ? c->silent_at : c->since,
		.paused = c->paused,
		.detail = c->detail != NULL ? c->detail : "",
		.cause = c->cause,
		.ready = c->ready,
		.desired = c->desired
	};

	model_tape(m, recording_health(m->now, &r));
	incidents_health(m->core, &r, m->now);
}

void
model_report_all(struct model *m)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		model_report(m, n);
}

void
model_health(struct model *m, unsigned n, enum health health)
{
	if (m->component[n].health == health)
		return;
	m->component[n].health = health;
	m->component[n].since = m->now;
	model_report(m, n);
}

void
model_silence(struct model *m, unsigned n, bool silent)
{
	m->component[n].silent = silent;
	m->component[n].silent_at = m->now;
	model_report(m, n);
}

void
model_give_order(struct model *m, unsigned n, enum order_kind kind)
{
	struct order order = { m->now, m->component[n].order[kind], "why",
	    "somebody" };
	char key[ORDER_KEY_SIZE], *record;

	order_key(kind, m->component[n].id, key);
	if (order.until == 0) {
		model_tape(m, recording_record(m->now, key, "", 0));
		assert(incidents_order_record(m->core, key, "", 0) == 0);
		return;
	}
	record = order_render(&order);
	assert(record != NULL);
	model_tape(m, recording_record(m->now, key, record, strlen(record)));
	assert(incidents_order_record(m->core, key, record,
	    strlen(record)) == 0);
	free(record);
}

void
model_order(struct model *m, unsigned n, enum order_kind kind, uint64_t ms)
{
	m->component[n].order[kind] = ms == 0 ? 0 : m->now + ms;
	model_give_order(m, n, kind);
}

bool
model_ordered(const struct model *m, unsigned n, enum order_kind kind)
{
	return (m->now < m->component[n].order[kind]);
}

static void
ignore_closed(const char *id, const char *name, void *arg)
{
	(void)id;
	(void)name;
	(void)arg;
}

void
model_read(struct model *m)
{
	unsigned n;

	incidents_page_begin(m->core);
	for (n = 0; n < m->n; n++)
		incidents_page_component(m->core, "page", m->component[n].id,
		    m->component[n].id, m->component[n].page);
	incidents_page_end(m->core);
	incidents_open_begin(m->core);
	for (n = 0; n < m->nincident; n++)
		if (m->incident[n].phase != PHASE_RESOLVED)
			incidents_open_seen(m->core, m->incident[n].id);
	incidents_open_end(m->core, ignore_closed, NULL);
}

/* -- looking -------------------------------------------------------------- */

unsigned
model_open(const struct model *m, int component)
{
	const struct model_incident *i;
	unsigned n, open = 0;

	for (n = 0; n < m->nincident; n++) {
		i = &m->incident[n];
		open += i->ours && i->phase != PHASE_RESOLVED &&
		    (component == -1 ||
		    i->said[component] != PAGE_STATUS_MAX);
	}
	return (open);
}

struct model_incident *
model_last(struct model *m)
{
	assert(m->nincident > 0);
	return (&m->incident[m->nincident - 1]);
}

void
model_print(const struct model *m)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		printf("%s: %s for %llu ms, page %s%s%s\n", m->component[n].id,
		    health_name(m->component[n].health),
		    (unsigned long long)(m->now - m->component[n].since),
		    page_status_name(m->component[n].page),
		    m->component[n].silent ? ", silent" : "",
		    m->component[n].human ? ", by a human" : "");
	for (n = 0; n < MODEL_RECORDS; n++)
		if (m->record[n].value != NULL)
			printf("%s %s\n", m->record[n].key, m->record[n].value);
}

/* -- histories ------------------------------------------------------------ */

static struct model *model;

void
wrong(const char *what, unsigned n)
{
	if (history_explained())
		model_print(model);
	history_fails(what, (int)n);
}

struct model *
model_begin(uint64_t seed, unsigned n)
{
	model_seed(seed);
	if (n == 0)
		n = 1 + model_random(MODEL_COMPONENTS);
	model = model_new(n, DOWN_AFTER, UP_AFTER, REOPEN);
	model->trace = getenv("KANATA_TRACE") != NULL;
	return (model);
}

void
model_tell(struct model *m)
{
	char *head = recording_head();

	m->tape = history_explained();
	if (m->tape)
		printf("%s\n", head);
	free(head);
	model_configure(m);
	model_report_all(m);
}

void
model_random_rules(struct model *m, bool anything)
{
	struct conf_component *c;
	unsigned n;

	m->options.storm = model_random(3) == 0 ? 2 : 5;
	if (anything)
		m->options.publish = 1 + model_random(PUBLISH_ALL);
	for (n = 0; n < m->n; n++) {
		c = model_conf(m, n);
		if (model_random(3) == 0) {
			free(c->group);
			c->group = copy("edge");
		}
		c->rollout = model_random(4) == 0 ? ROLLOUT_QUIET :
		    ROLLOUT_MAINTENANCE;
		if (model_random(3) == 0)
			c->escalate_after = ESCALATE_AFTER;
	}
}

enum health
model_random_health(void)
{
	static const enum health some[] = { HEALTH_OK, HEALTH_OK, HEALTH_OK,
	    HEALTH_IDLE, HEALTH_ROLLING, HEALTH_DEGRADED, HEALTH_PARTIAL,
	    HEALTH_MAJOR, HEALTH_MAJOR };

	return (some[model_random(sizeof(some) / sizeof(some[0]))]);
}

void
model_check_open(struct model *m)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		if (model_open(m, (int)n) > 1)
			wrong("in two open incidents", n);
}
