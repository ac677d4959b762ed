/* What a client is shown: asked of the workers for it, and handed on as fast as it
 * reads. */
#include <stdlib.h>
#include <unistd.h>

#include "../common/show.h"
#include "../common/usage.h"
#include "../common/xmalloc.h"
#include "control.h"

#define UNREAD_MAX	(256 * 1024)	/* bytes; then no more is asked for */

static uint32_t	 last_question;

static const char *
state_name(const struct child *child)
{
	switch (child->state) {
	case CHILD_DEAD:
		return ("waiting to be started again");
	case CHILD_STARTING:
		return ("starting");
	case CHILD_PREPARING:
	case CHILD_PREPARED:
		return ("preparing");
	case CHILD_RUNNING:
		return ("running");
	case CHILD_STOPPING:
		return ("stopping");
	}
	return ("?");
}

/* child NULL: the parent itself. */
static void
send_worker(struct channel *to, uint32_t id, const struct child *child)
{
	struct message_out *m = message_new(MSG_SHOW_WORKER, id);

	message_put_s(m, child == NULL ? "kanatad" : child->name);
	message_put_u(m, child == NULL ? (unsigned)getpid() :
	    (unsigned)child->pid);
	message_put_s(m, child == NULL ? "running" : state_name(child));
	message_put_u(m, child == NULL ? main_started : child->started);
	message_put_u(m, child == NULL ? 0 : child->restarts);
	message_put_u(m, child == NULL ? main_landlock : child->landlock);
	message_put_s(m, child == NULL ? "" : child->death);
	message_put_u(m, child == NULL ? usage_memory() : child->memory);
	message_put_u(m, child == NULL ? usage_cpu() : child->cpu);
	channel_send(to, m, -1);
}

static void
send_workers(struct channel *to, uint32_t id)
{
	const struct child *child;

	send_worker(to, id, NULL);
	TAILQ_FOREACH(child, &children, entry)
		if (child->role != ROLE_PARSER)
			send_worker(to, id, child);
}

void
control_tell_web(void)
{
	struct child *web = supervise_find(ROLE_WEB, 0);

	if (web == NULL || web->state != CHILD_RUNNING)
		return;
	send_workers(web->channel, 0);
	channel_send_empty(web->channel, MSG_SHOW_END, 0);
}

void
control_showed(struct client *client)
{
	if (!client->showing || !TAILQ_EMPTY(&client->questions))
		return;
	client->showing = false;
	if (client->ordering) {
		client->ordering = false;
		control_answer(client, client->show_id, "the notifier ended or "
		    "did not answer in time: look with `kanatactl show "
		    "silences` whether it was done", NULL);
	} else if (client->recording) {
		client->recording = false;
		control_answer(client, client->show_id, "the recording ends here: the "
		    "notifier ended, or it was not read fast enough", NULL);
	} else
		channel_send_empty(client->channel, MSG_SHOW_END,
		    client->show_id);
	control_wait(client, CLIENT_TIME);
}

static void
record_ask(const struct question *q, bool more)
{
	struct message_out *m = message_new(MSG_RECORD_ASK, q->id);

	message_put_b(m, more);
	channel_send(q->child->channel, m, -1);
}

static void
ask_part(struct question *q)
{
	struct message_out *m = message_new(MSG_PODS_ASK, q->id);

	message_put_u(m, q->cursor);
	channel_send(q->child->channel, m, -1);
}

/* Parts are asked for as fast as the client reads them. */
void
control_ask_more(evutil_socket_t fd, short event, void *arg)
{
	static const struct timeval soon = { 0, 10 * 1000 };
	struct client *client = arg;
	struct question *q;

	(void)fd;
	(void)event;
	if (channel_pending(client->channel) > UNREAD_MAX) {
		evtimer_add(client->more, &soon);
		return;
	}
	TAILQ_FOREACH(q, &client->questions, entry)
		if (q->waits && client->recording) {
			q->waits = false;
			record_ask(q, true);
		} else if (q->waits) {
			q->waits = false;
			ask_part(q);
			control_wait(client, SHOW_TIME);
		}
}

struct question *
control_question(struct client *client, struct child *child)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->child = child;
	q->id = ++last_question;
	TAILQ_INSERT_TAIL(&client->questions, q, entry);
	return (q);
}

static void
ask(struct client *client, struct child *child, uint64_t what)
{
	struct message_out *m;
	struct question *q;

	if (child->state != CHILD_RUNNING) {
		m = message_new(MSG_SHOW_STATE, client->show_id);
		message_put_s(m, child->name);
		message_put_s(m, "does not run: no answer from it");
		channel_send(client->channel, m, -1);
		return;
	}
	q = control_question(client, child);
	if (what == SHOW_PODS) {
		ask_part(q);
		return;
	}
	m = message_new(MSG_SHOW_ASK, q->id);
	message_put_u(m, what);
	channel_send(child->channel, m, -1);
}

const char *
control_show(struct client *client, struct message *m)
{
	uint64_t what = message_get_u(m);
	struct child *child;

	if (client->showing)
		return ("it asks before the last answer was complete");
	client->showing = true;
	client->show_id = m->id;
	control_wait(client, SHOW_TIME);
	if (what & SHOW_WORKERS)
		send_workers(client->channel, m->id);
	TAILQ_FOREACH(child, &children, entry) {
		if ((child->role == ROLE_NOTIFIER && what & (SHOW_COMPONENTS |
		    SHOW_INCIDENTS | SHOW_STATE | SHOW_SILENCES |
		    SHOW_DAYS)) ||
		    (child->role == ROLE_WATCHER && what & SHOW_WATCHES) ||
		    (child->role == ROLE_STORE && what & (SHOW_STATE |
		    SHOW_LEADER)))
			ask(client, child, what & ~(uint64_t)SHOW_PODS);
		if (child->role == ROLE_WATCHER && what & SHOW_PODS)
			ask(client, child, SHOW_PODS);
	}
	control_showed(client);
	return (NULL);
}

/* Until the client goes: it may be silent as long as it likes. */
const char *
control_record(struct client *client, uint32_t id)
{
	struct child *notifier = supervise_find(ROLE_NOTIFIER, 0);

	if (client->showing)
		return ("it asks before the last answer was complete");
	if (notifier == NULL || notifier->state != CHILD_RUNNING) {
		control_answer(client, id, "the notifier does not run: try again",
		    NULL);
		return (NULL);
	}
	client->showing = client->recording = true;
	client->show_id = id;
	event_del(client->timer);
	record_ask(control_question(client, notifier), true);
	return (NULL);
}

void
control_forget(struct client *client)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&client->questions)) != NULL) {
		if (client->recording)
			record_ask(q, false);
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
	}
}

static struct question *
question_find(const struct child *child, uint32_t id, struct client **owner)
{
	struct client *client;
	struct question *q;

	TAILQ_FOREACH(client, &clients, entry)
		TAILQ_FOREACH(q, &client->questions, entry)
			if (q->child == child && q->id == id) {
				*owner = client;
				return (q);
			}
	return (NULL);
}

static void
question_done(struct client *client, struct question *q)
{
	TAILQ_REMOVE(&client->questions, q, entry);
	free(q);
	control_showed(client);
}

const char *
control_dispatch(struct child *child, struct message *m)
{
	struct client *client;
	struct question *q;

	/* The client may be gone: then so is the question. */
	if ((q = question_find(child, m->id, &client)) == NULL)
		return (m->id > 0 && m->id <= last_question ? NULL :
		    "an answer that nobody asked for");
	if (m->type == MSG_SHOW_END) {
		client->ordering = false;
		question_done(client, q);
	} else if (m->type == MSG_CTL_OK || m->type == MSG_CTL_FAILED) {
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
		control_ordered(client, m);
	} else if (m->type == MSG_PODS_PART) {
		if ((q->cursor = message_get_u(m)) == 0)
			question_done(client, q);
		else {
			q->waits = true;
			control_ask_more(-1, 0, client);
		}
	} else if (m->type == MSG_RECORD_PART) {
		if (message_get_b(m))
			question_done(client, q);
		else {
			q->waits = true;
			control_ask_more(-1, 0, client);
		}
	} else
		channel_send(client->channel, message_forward(m,
		    client->show_id), -1);
	return (NULL);
}

void
control_child_gone(struct child *child)
{
	struct client *client;
	struct question *q, *next;

	TAILQ_FOREACH(client, &clients, entry) {
		for (q = TAILQ_FIRST(&client->questions); q != NULL; q = next) {
			next = TAILQ_NEXT(q, entry);
			if (q->child != child)
				continue;
			TAILQ_REMOVE(&client->questions, q, entry);
			free(q);
		}
		control_showed(client);
	}
}
