#include <sys/queue.h>
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../notifier/core.h"
#include "../../notifier/recording.h"
#include "model.h"

static bool
chance(unsigned percent)
{
	return (model_random(100) < percent);
}

/* -- the tape: a history that kanatad replay takes ------------------------ */

/* Takes the line. */
static void
tape(const struct model *m, char *line)
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
	tape(m, recording_note(m->now, text));
}

static void
tape_conf(const struct model *m)
{
	const struct conf_component *c;

	m->conf->global.storm = m->options.storm;
	m->conf->global.group_wait = m->options.group_wait;
	m->conf->global.publish = m->options.publish;
	m->conf->global.rate_per_minute = 60;
	tape(m, recording_rules(m->now, &m->conf->global));
	TAILQ_FOREACH(c, &m->conf->components, entry)
		tape(m, recording_component(m->now, c));
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

	tape(m, recording_health(m->now, &r));
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

static void
give_order(struct model *m, unsigned n, enum order_kind kind)
{
	struct order order = { m->now, m->component[n].order[kind], "why",
	    "somebody" };
	char key[ORDER_KEY_SIZE], *record;

	order_key(kind, m->component[n].id, key);
	if (order.until == 0) {
		tape(m, recording_record(m->now, key, "", 0));
		assert(incidents_order_record(m->core, key, "", 0) == 0);
		return;
	}
	record = order_render(&order);
	assert(record != NULL);
	tape(m, recording_record(m->now, key, record, strlen(record)));
	assert(incidents_order_record(m->core, key, record,
	    strlen(record)) == 0);
	free(record);
}

void
model_order(struct model *m, unsigned n, enum order_kind kind, uint64_t ms)
{
	m->component[n].order[kind] = ms == 0 ? 0 : m->now + ms;
	give_order(m, n, kind);
}

bool
model_ordered(const struct model *m, unsigned n, enum order_kind kind)
{
	return (m->now < m->component[n].order[kind]);
}

/* Whoever asked for silence or maintenance gets it.  That the incident says once
 * more what it had said is no news. */
static void
check_orders(const struct model *m, const struct operation *op)
{
	const struct model_incident *i = NULL;
	enum page_status status;
	unsigned n;
	size_t k;

	if (op->type != OP_CREATE && op->type != OP_UPDATE &&
	    op->type != OP_STATUS)
		return;
	for (k = 0; k < m->nincident && op->type == OP_UPDATE; k++)
		if (strcmp(m->incident[k].id, op->instatus_id) == 0)
			i = &m->incident[k];
	for (k = 0; k < op->ncomponent; k++) {
		n = (unsigned)(op->component[k].id[1] - '0');
		if ((status = op->component[k].status) == PAGE_STATUS_MAX ||
		    op->again)
			continue;
		if (model_ordered(m, n, ORDER_MAINTENANCE))
			assert(status <= PAGE_MAINTENANCE);
		else if (model_ordered(m, n, ORDER_SILENCE))
			assert(status <= m->component[n].page ||
			    (i != NULL && i->said[n] != PAGE_STATUS_MAX &&
			    status <= i->said[n]));
	}
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

/* -- the page and the store ----------------------------------------------- */

static int
component_number(const struct model *m, const char *id)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		if (strcmp(m->component[n].id, id) == 0)
			return ((int)n);
	return (-1);
}

static struct model_incident *
find_incident(struct model *m, const char *id)
{
	unsigned n;

	for (n = 0; n < m->nincident; n++)
		if (strcmp(m->incident[n].id, id) == 0)
			return (&m->incident[n]);
	return (NULL);
}

static struct model_record *
find_record(struct model *m, const char *key)
{
	struct model_record *unused = NULL;
	unsigned n;

	for (n = 0; n < MODEL_RECORDS; n++) {
		if (m->record[n].value == NULL) {
			if (unused == NULL)
				unused = &m->record[n];
		} else if (strcmp(m->record[n].key, key) == 0)
			return (&m->record[n]);
	}
	assert(unused != NULL);
	snprintf(unused->key, sizeof(unused->key), "%s", key);
	return (unused);
}

const char *
model_record(const struct model *m, const char *key)
{
	unsigned n;

	for (n = 0; n < MODEL_RECORDS; n++)
		if (m->record[n].value != NULL &&
		    strcmp(m->record[n].key, key) == 0)
			return (m->record[n].value);
	return (NULL);
}

static enum operation_result
store_act(struct model *m, const struct operation *op)
{
	struct model_record *r = find_record(m, op->key);
	char *value = NULL;

	if (op->type == OP_STORE_PUT) {
		assert((value = strndup(op->value, op->value_len)) != NULL);
		/* Unchanged values are not written; a write whose answer was
		 * lost may be. */
		m->puts++;
	}
	free(r->value);
	r->value = value;
	return (OP_DONE);
}

static void
say(struct model *m, struct model_incident *i, const struct operation *op)
{
	size_t k;
	int n;

	m->posts++;
	assert(i->nupdate < MODEL_UPDATES);
	i->update[i->nupdate].started = op->started;
	i->update[i->nupdate++].phase = op->phase;
	i->phase = op->phase;
	for (n = 0; i->phase == PHASE_RESOLVED && n < MODEL_COMPONENTS; n++)
		if (i->said[n] != PAGE_STATUS_MAX)
			i->said[n] = PAGE_OPERATIONAL;
	for (k = 0; k < op->ncomponent; k++) {
		n = component_number(m, op->component[k].id);
		assert(n >= 0);
		if (op->component[k].status == PAGE_STATUS_MAX)
			continue;
		assert(!m->component[n].human);
		i->said[n] = op->component[k].status;
		if (op->statuses)
			m->component[n].page = op->component[k].status;
	}
}

static enum operation_result
create_act(struct model *m, const struct operation *op, char *id)
{
	struct model_incident *i;
	unsigned k;

	for (k = 0; k < m->nincident; k++)
		assert(m->incident[k].started != op->started ||
		    strcmp(m->incident[k].name, op->name) != 0);
	assert(m->nincident < MODEL_INCIDENTS);
	i = &m->incident[m->nincident];
	snprintf(i->id, sizeof(i->id), "i%u", m->nincident++);
	snprintf(i->name, sizeof(i->name), "%s", op->name);
	i->ours = true;
	i->started = op->started;
	for (k = 0; k < MODEL_COMPONENTS; k++)
		i->said[k] = PAGE_STATUS_MAX;
	say(m, i, op);
	snprintf(id, 16, "%s", i->id);
	return (OP_DONE);
}

static enum operation_result
find_act(struct model *m, const struct operation *op, char *id)
{
	struct model_incident *i;
	unsigned k;

	if (op->instatus_id != NULL) {
		if ((i = find_incident(m, op->instatus_id)) == NULL)
			return (OP_FOREIGN);
		for (k = 0; k < i->nupdate; k++)
			if (i->update[k].started == op->started)
				return (OP_DONE);
		return (i->phase == PHASE_RESOLVED && !op->reopen ?
		    OP_FOREIGN : OP_ABSENT);
	}
	for (k = 0; k < m->nincident; k++) {
		i = &m->incident[k];
		if (i->started == op->started &&
		    strcmp(i->name, op->name) == 0) {
			snprintf(id, 16, "%s", i->id);
			return (i->phase == PHASE_RESOLVED ? OP_FOREIGN :
			    OP_DONE);
		}
	}
	return (OP_ABSENT);
}

static enum operation_result
update_act(struct model *m, const struct operation *op)
{
	struct model_incident *i = find_incident(m, op->instatus_id);
	bool news = op->phase != (i == NULL ? PHASE_MAX : i->phase);
	unsigned k;
	int n;

	if (i == NULL)
		return (OP_ABSENT);
	assert(i->ours);
	if (i->phase == PHASE_RESOLVED && !op->reopen)
		return (OP_FOREIGN);
	for (k = 0; k < i->nupdate; k++)
		assert(i->update[k].started != op->started);
	for (k = 0; k < op->ncomponent; k++) {
		n = component_number(m, op->component[k].id);
		if (op->component[k].status != i->said[n])
			news = true;
	}
	assert(news);
	if (op->rename != NULL && strcmp(i->name, op->name) == 0)
		snprintf(i->name, sizeof(i->name), "%s", op->rename);
	say(m, i, op);
	return (OP_DONE);
}

static enum operation_result
status_act(struct model *m, const struct operation *op)
{
	struct model_component *c;
	enum page_status status = op->component->status;
	int n;

	if ((n = component_number(m, op->component->id)) == -1)
		return (OP_ABSENT);
	c = &m->component[n];
	if (c->page == status && (op->again || status == PAGE_OPERATIONAL)) {
		/* That a human did the same meanwhile is not to be seen. */
		c->human = false;
		return (OP_DONE);
	}
	if (c->page != PAGE_OPERATIONAL && c->page != op->expect &&
	    !(op->again && c->page == status))
		return (OP_FOREIGN);
	assert(!c->human);
	c->page = status;
	m->posts++;
	return (OP_DONE);
}

static enum operation_result
act(struct model *m, const struct operation *op, char *id)
{
	if (m->check != NULL)
		m->check(m, op);
	switch (op->type) {
	case OP_STORE_PUT:
	case OP_STORE_DELETE:
		return (store_act(m, op));
	case OP_CREATE:
		return (create_act(m, op, id));
	case OP_FIND:
		return (find_act(m, op, id));
	case OP_UPDATE:
		return (update_act(m, op));
	case OP_STATUS:
		return (status_act(m, op));
	case OP_WEBHOOK:
		m->triggers++;
		m->webhook_down = op->down;
		return (OP_DONE);
	default:
		abort();
	}
}

static void
trace(const struct model *m, const struct operation *op,
    enum operation_result result)
{
	static const char *const types[] = { "none", "put", "delete", "create",
	    "find", "update", "status", "webhook" };
	static const char *const results[] = { "done", "absent", "foreign",
	    "retry", "unsure", "late", "refused" };
	size_t k;

	if (!m->trace)
		return;
	printf("%8.3f %s %s: %s", (double)(m->now % 100000000) / 1000,
	    types[op->type], op->key, results[result]);
	if (op->type == OP_STORE_PUT)
		printf(" %s", op->value);
	if (op->type == OP_CREATE || op->type == OP_UPDATE)
		printf(" %s", incident_phase_name(op->phase));
	for (k = 0; k < op->ncomponent; k++)
		printf(" %s=%s", op->component[k].id,
		    page_status_name(op->component[k].status));
	printf("\n");
}

/* -- operations take their time ------------------------------------------- */

static bool
is_store(const struct operation *op)
{
	return (op->type == OP_STORE_PUT || op->type == OP_STORE_DELETE);
}

static bool
is_post(const struct operation *op)
{
	return (!is_store(op) && op->type != OP_FIND);
}

static void
late_keep(struct model *m, const struct operation *op)
{
	size_t k;

	m->late = *op;
	/* That of a component is not of the flight: the page is read. */
	snprintf(m->late_name, sizeof(m->late_name), "%s",
	    op->type == OP_CREATE || op->type == OP_UPDATE ? op->name : "");
	m->late.name = m->late_name;
	if (op->instatus_id != NULL) {
		snprintf(m->late_id, sizeof(m->late_id), "%s", op->instatus_id);
		m->late.instatus_id = m->late_id;
	}
	if (op->rename != NULL) {
		snprintf(m->late_rename, sizeof(m->late_rename), "%s",
		    op->rename);
		m->late.rename = m->late_rename;
	}
	for (k = 0; k < op->ncomponent; k++) {
		m->late_component[k].id = m->component[component_number(m,
		    op->component[k].id)].id;
		m->late_component[k].status = op->component[k].status;
	}
	m->late.component = m->late_component;
	if (m->late_within == 0)
		return;
	m->gives_up = false;
	m->late_at = m->now + 1 + model_random((unsigned)m->late_within);
	model_note(m, "this is asked for, and done later");
}

void
model_late(struct model *m)
{
	struct model_incident *i;
	char id[16];
	unsigned k;

	switch (m->late.type) {
	case OP_CREATE:
		create_act(m, &m->late, id);
		break;
	case OP_UPDATE:
		i = find_incident(m, m->late.instatus_id);
		assert(i != NULL);
		for (k = 0; k < i->nupdate; k++)
			assert(i->update[k].started != m->late.started);
		say(m, i, &m->late);
		break;
	case OP_STATUS:
		k = (unsigned)component_number(m, m->late.component->id);
		m->component[k].page = m->late.component->status;
		break;
	default:
		m->triggers++;
		m->webhook_down = m->late.down;
		break;
	}
}

/* Its time has come. */
static void
late_pass(struct model *m)
{
	if (m->late_at == 0 || m->now < m->late_at)
		return;
	m->late_at = 0;
	model_late(m);
}

static void
flight_act(struct model *m, struct model_flight *f)
{
	if (f->acted)
		return;
	late_pass(m);
	f->acted = true;
	if (is_store(&f->op) ? m->store_down :
	    (m->down || chance(m->refuse_connection)))
		f->result = OP_RETRY;
	else if (m->gives_up && is_post(&f->op)) {
		late_keep(m, &f->op);
		f->result = OP_LATE;
	} else if (!is_store(&f->op) && chance(m->lose_before))
		f->result = OP_UNSURE;
	else {
		f->result = act(m, &f->op, f->id);
		if (is_store(&f->op)) {
			if (m->store_lies || chance(m->lose_after / 4))
				f->result = OP_RETRY;
		} else if (chance(m->lose_after))
			f->result = OP_UNSURE;
	}
	trace(m, &f->op, f->result);
}

static void
flight_land(struct model *m, struct model_flight *f)
{
	uint64_t delay = 0;

	flight_act(m, f);
	f->used = false;
	if (f->result == OP_RETRY || f->result == OP_UNSURE ||
	    f->result == OP_LATE)
		delay = 1000;
	assert(incidents_done(m->core, f->op.id, f->result,
	    f->id[0] != '\0' ? f->id : NULL, delay, m->now) == 0);
}

void
model_goes_down(struct model *m, unsigned n)
{
	model_health(m, n, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
}

void
model_comes_back(struct model *m, unsigned n)
{
	model_health(m, n, HEALTH_OK);
	model_pass(m, UP_AFTER);
}

void
model_launch(struct model *m)
{
	struct model_flight *f;
	unsigned k;

	late_pass(m);
	for (k = 0; k < MODEL_FLYING; k++) {
		f = &m->flight[k];
		if (f->used)
			continue;
		memset(f, 0, sizeof(*f));
		incidents_next(m->core, m->now, true, &f->op);
		if (f->op.type == OP_NONE)
			return;
		check_orders(m, &f->op);
		f->used = true;
	}
}

void
model_land(struct model *m, bool all)
{
	unsigned k;

	for (k = 0; k < MODEL_FLYING; k++)
		if (m->flight[k].used) {
			if (all || chance(50))
				flight_land(m, &m->flight[k]);
			else if (chance(50))
				flight_act(m, &m->flight[k]);
		}
}

static bool
is_idle(const struct model *m)
{
	unsigned k;

	for (k = 0; k < MODEL_FLYING; k++)
		if (m->flight[k].used)
			return (false);
	return (true);
}

void
model_settle(struct model *m)
{
	unsigned rounds = 0;

	model_land(m, true);
	for (;;) {
		model_launch(m);
		if (is_idle(m) && incidents_wake(m->core) > m->now)
			break;
		model_land(m, true);
		assert(rounds++ < 10000);
	}
	/* Who relies on the wake misses nothing, and neither does who looks
	 * only at what was touched. */
	model_launch(m);
	assert(is_idle(m));
	agenda_touch_all(m->core);
	model_launch(m);
	assert(is_idle(m));
}

void
model_pass(struct model *m, uint64_t ms)
{
	uint64_t end = m->now + ms, wake;

	model_settle(m);
	while ((wake = incidents_wake(m->core)) <= end) {
		m->now = wake > m->now ? wake : m->now;
		model_settle(m);
	}
	m->now = end;
	model_settle(m);
}

void
model_restart(struct model *m)
{
	unsigned k;

	model_note(m, "the process dies and comes back");
	for (k = 0; k < MODEL_FLYING; k++) {
		if (m->flight[k].used && chance(50))
			flight_act(m, &m->flight[k]);
		else if (m->flight[k].used && m->gives_up &&
		    m->late_within != 0 && is_post(&m->flight[k].op) &&
		    !m->flight[k].acted)
			late_keep(m, &m->flight[k].op);
		m->flight[k].used = false;
	}
	incidents_free(m->core);
	m->core = incidents_new();
	model_configure(m);
	for (k = 0; k < m->n; k++) {
		give_order(m, k, ORDER_SILENCE);
		give_order(m, k, ORDER_MAINTENANCE);
	}
	for (k = 0; k < MODEL_RECORDS; k++)
		if (m->record[k].value != NULL &&
		    incidents_restore(m->core, m->record[k].key,
		    m->record[k].value, strlen(m->record[k].value)) == -1) {
			printf("not restored: %s %s\n", m->record[k].key,
			    m->record[k].value);
			abort();
		}
	/* Health and page come in either order. */
	if (chance(50)) {
		model_report_all(m);
		model_read(m);
	} else {
		model_read(m);
		if (chance(50))
			model_launch(m);
		model_report_all(m);
	}
}

/* -- humans --------------------------------------------------------------- */

void
model_human_create(struct model *m)
{
	struct model_incident *i;
	unsigned k;

	assert(m->nincident < MODEL_INCIDENTS);
	i = &m->incident[m->nincident];
	snprintf(i->id, sizeof(i->id), "i%u", m->nincident++);
	snprintf(i->name, sizeof(i->name), "of a human");
	i->started = m->now;
	for (k = 0; k < MODEL_COMPONENTS; k++)
		i->said[k] = PAGE_STATUS_MAX;
	model_read(m);
}

void
model_human_resolve(struct model *m, unsigned n)
{
	struct incident_part part[MODEL_COMPONENTS];
	struct incident_view view = { .part = part };
	unsigned k;

	for (k = 0; k < m->n; k++)
		if (m->incident[n].said[k] != PAGE_STATUS_MAX)
			part[view.npart++].component = m->component[k].id;
	if (view.npart > 0)
		tape(m, recording_closed(m->now, &view));
	m->incident[n].phase = PHASE_RESOLVED;
	m->incident[n].human_resolved = true;
	model_read(m);
}

void
model_human_set(struct model *m, unsigned n, enum page_status status)
{
	unsigned k;

	m->component[n].page = status;
	m->component[n].human = status == PAGE_MAINTENANCE;
	for (k = 0; k < m->n; k++)
		tape(m, recording_page(m->now, "page", m->component[k].id,
		    m->component[k].id, m->component[k].human ?
		    PAGE_MAINTENANCE : PAGE_STATUS_MAX));
	tape(m, recording_mark(m->now, RECORDING_READ, 0));
	model_read(m);
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
