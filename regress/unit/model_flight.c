/*
 * What the core of the model wants done, on its way: it takes its time, gets lost,
 * and ends with the process.
 */
#include <sys/queue.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../notifier/core.h"
#include "model.h"

static bool
chance(unsigned percent)
{
	return (model_random(100) < percent);
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
		m->late_component[k].id = m->component[model_number(m,
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
		f->result = model_act(m, &f->op, f->id);
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
		model_give_order(m, k, ORDER_SILENCE);
		model_give_order(m, k, ORDER_MAINTENANCE);
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
