/* The page and the store of the model: what they do that they are asked for. */
#include <sys/queue.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../notifier/recording.h"
#include "model.h"

int
model_number(const struct model *m, const char *id)
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
		n = model_number(m, op->component[k].id);
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
		n = model_number(m, op->component[k].id);
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

	if ((n = model_number(m, op->component->id)) == -1)
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

enum operation_result
model_act(struct model *m, const struct operation *op, char *id)
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
		k = (unsigned)model_number(m, m->late.component->id);
		m->component[k].page = m->late.component->status;
		break;
	default:
		m->triggers++;
		m->webhook_down = m->late.down;
		break;
	}
}

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
		model_tape(m, recording_closed(m->now, &view));
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
		model_tape(m, recording_page(m->now, "page", m->component[k].id,
		    m->component[k].id, m->component[k].human ?
		    PAGE_MAINTENANCE : PAGE_STATUS_MAX));
	model_tape(m, recording_mark(m->now, RECORDING_READ, 0));
	model_read(m);
}
