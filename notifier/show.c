/*
 * What kanatactl show asks of the notifier.
 */
#include <stdio.h>
#include <string.h>

#include "debounce.h"
#include "notifier.h"

#define ROW_BYTES	48000	/* of the components in one row */

struct message_out *
show_component(const struct component_view *c, uint32_t id)
{
	struct message_out *m = message_new(MSG_SHOW_COMPONENT, id);

	message_put_s(m, c->id);
	message_put_s(m, c->name);
	message_put_s(m, c->cluster);
	message_put_u(m, c->health);
	message_put_u(m, c->cause);
	message_put_u(m, c->ready);
	message_put_u(m, c->desired);
	message_put_u(m, c->since);
	message_put_u(m, c->on_page ? c->page : PAGE_STATUS_MAX);
	message_put_u(m, c->wanted);
	message_put_b(m, c->paused);
	message_put_s(m, c->incident);
	message_put_s(m, c->detail);
	return (m);
}

struct message_out *
show_incident(const struct incident_view *i, uint32_t id)
{
	struct message_out *m = message_new(MSG_SHOW_INCIDENT, id);
	size_t n, bytes = 0;

	message_put_s(m, i->key);
	message_put_s(m, i->instatus_id);
	message_put_s(m, i->name);
	message_put_u(m, i->phase);
	message_put_u(m, i->started);
	message_put_u(m, i->resolved);
	message_put_u(m, i->updated);
	message_put_u(m, i->pending);
	message_put_u(m, i->attempts);
	message_put_u(m, i->again);
	for (n = 0; n < i->npart; n++) {
		bytes += strlen(i->part[n].component) + 16;
		if (bytes > ROW_BYTES)
			break;
		message_put_s(m, i->part[n].component);
		message_put_u(m, i->part[n].status);
		message_put_u(m, i->part[n].pending);
	}
	return (m);
}

struct message_out *
show_order(const struct order_view *o, uint32_t id)
{
	struct message_out *m = message_new(MSG_SHOW_SILENCE, id);

	message_put_s(m, o->component);
	message_put_s(m, o->name);
	message_put_b(m, o->kind == ORDER_MAINTENANCE);
	message_put_u(m, o->order.since);
	message_put_u(m, o->order.until == TIME_NEVER ? 0 : o->order.until);
	message_put_s(m, o->order.reason);
	message_put_s(m, o->order.by);
	return (m);
}

static void
send_order(const struct order_view *o, void *arg)
{
	uint32_t id = *(uint32_t *)arg;

	if (o->runs)
		channel_send(worker_parent(), show_order(o, id), -1);
}

static void
send_component(const struct component_view *c, void *arg)
{
	uint32_t id = *(uint32_t *)arg;
	struct component_view view = *c;

	/* Whoever speaks knows what should stand there. */
	if (persist_stands_by())
		view.wanted = PAGE_STATUS_MAX;
	if (c->configured)
		channel_send(worker_parent(), show_component(&view, id), -1);
}

static void
send_incident(const struct incident_view *i, void *arg)
{
	uint32_t id = *(uint32_t *)arg;

	channel_send(worker_parent(), show_incident(i, id), -1);
	journal_show_incident(worker_parent(), id, i->key);
}

static void
send_state(uint32_t id, const char *name, const char *text)
{
	struct message_out *m = message_new(MSG_SHOW_STATE, id);

	message_put_s(m, name);
	message_put_s(m, text);
	channel_send(worker_parent(), m, -1);
}

/* Nothing is posted from here: what that means for the rows above. */
static void
send_silent(uint32_t id)
{
	char text[512];

	if (persist_stands_by())
		snprintf(text, sizeof(text), "not known here, ask the one that "
		    "speaks; what it has published is in `kanatactl show "
		    "history` (%.300s)", persist_state());
	else
		snprintf(text, sizeof(text), "as they were known last: nothing "
		    "is posted now (%.400s)", persist_state());
	send_state(id, "incidents", text);
}

static void
send_unknown_orders(uint32_t id)
{
	char text[512];

	snprintf(text, sizeof(text), "not known yet (%.400s)", persist_state());
	send_state(id, "silences", text);
}

void
show_answer(uint32_t id, uint64_t what)
{
	if (what & SHOW_COMPONENTS)
		incidents_each_component(core, send_component, &id);
	if (what & SHOW_INCIDENTS)
		incidents_each_incident(core, send_incident, &id);
	if (what & SHOW_INCIDENTS && !persist_speaks())
		send_silent(id);
	if (what & SHOW_DAYS)
		journal_show_days(worker_parent(), id);
	if (what & SHOW_SILENCES)
		incidents_each_order(core, clock_now(), send_order, &id);
	if (what & SHOW_SILENCES && !share_known())
		send_unknown_orders(id);
	if (what & SHOW_STATE) {
		send_state(id, "instatus", api_state());
		send_state(id, "pages", page_state());
		send_state(id, "store", persist_state());
		send_state(id, "history", journal_state());
		if (worker_observe())
			send_state(id, "observe", "nothing is posted");
	}
	channel_send_empty(worker_parent(), MSG_SHOW_END, id);
}
