/*
 * `kanatactl explain`: what the core says of a component, and what else stands in
 * the way of a post.
 */
#include <string.h>

#include "notifier.h"

struct to {
	struct channel	*channel;
	uint32_t	 id;
	const char	*incident;	/* whose row is wanted */
};

static void
send_reason(const char *topic, uint64_t at, const char *text, void *arg)
{
	struct to *to = arg;
	struct message_out *m;

	/* Whoever speaks knows that. */
	if (persist_stands_by() && (strcmp(topic, "page") == 0 ||
	    strcmp(topic, "wanted") == 0))
		return;
	m = message_new(MSG_SHOW_REASON, to->id);

	message_put_s(m, topic);
	message_put_u(m, at);
	message_put_s(m, text);
	channel_send(to->channel, m, -1);
}

static void
send_incident(const struct incident_view *i, void *arg)
{
	struct to *to = arg;

	if (strcmp(i->key, to->incident) != 0)
		return;
	channel_send(to->channel, show_incident(i, to->id), -1);
	journal_show_incident(to->channel, to->id, i->key);
}

/* What holds for all components. */
static void
send_blocks(struct to *to)
{
	uint64_t ticks = clock_ticks(), when = api_when();

	if (worker_observe())
		send_reason("block", 0, "--observe: nothing is posted", to);
	if (!persist_speaks()) {
		send_reason("block", 0, persist_state(), to);
		return;
	}
	if (!persist_reachable())
		send_reason("store", 0, persist_state(), to);
	if (!page_read_once())
		send_reason("block", 0, "the page was not read yet: what humans "
		    "have set there is not known", to);
	if (strcmp(api_state(), "answers") != 0)
		send_reason("instatus", 0, api_state(), to);
	if (when > ticks)
		send_reason("block", clock_now() + (when - ticks),
		    "so many requests were sent, or Instatus wants so few, that "
		    "the next has to wait", to);
}

void
show_explain(struct channel *channel, uint32_t id, const char *component)
{
	struct to to = { channel, id, "" };
	struct component_view c;

	if (!incidents_component(core, component, &c))
		return;
	if (persist_stands_by())
		c.wanted = PAGE_STATUS_MAX;
	channel_send(channel, show_component(&c, id), -1);
	to.incident = c.incident;
	incidents_each_incident(core, send_incident, &to);
	incidents_explain(core, component, clock_now(), send_reason, &to);
	send_blocks(&to);
	if (persist_speaks())
		incidents_explain_next(core, component, clock_now(),
		    send_reason, &to);
	else
		send_reason("next", 0, "nothing here: this kanatad does not "
		    "speak", &to);
	channel_send_empty(channel, MSG_SHOW_END, id);
}
