/*
 * What an operator asks of the notifier: handed on, with who it is, and answered
 * as the notifier answers.
 */
#include <stdio.h>
#include <string.h>

#include "control.h"

/* The kernel says who is at the other end; what the client says is not heard. */
static void
put_by(struct message_out *to, const struct client *client)
{
	char by[64];

	snprintf(by, sizeof(by), "uid %u", client->uid);
	message_put_s(to, by);
}

static struct message_out *
hand_on(const struct client *client, struct message *m, uint32_t id)
{
	struct message_out *to;

	if (m->type != MSG_CTL_SILENCE && m->type != MSG_CTL_MAINTENANCE)
		return (message_forward(m, id));
	to = message_new(m->type, id);
	if (m->type == MSG_CTL_SILENCE)
		message_put_s(to, message_get_s(m));
	else
		message_put_b(to, message_get_b(m));
	message_put_u(to, message_get_u(m));
	message_put_s(to, message_get_s(m));
	message_get_s(m);
	put_by(to, client);
	while (message_more(m))
		message_put_s(to, message_get_s(m));
	return (to);
}

const char *
control_order(struct client *client, struct message *m)
{
	struct child *notifier = supervise_find(ROLE_NOTIFIER, 0);
	struct question *q;

	if (client->showing)
		return ("it asks before the last answer was complete");
	if (notifier == NULL || notifier->state != CHILD_RUNNING) {
		control_answer(client, m->id, "the notifier does not run: try "
		    "again", NULL);
		return (NULL);
	}
	client->showing = client->ordering = true;
	client->show_id = m->id;
	control_wait(client, SHOW_TIME);
	q = control_question(client, notifier);
	channel_send(notifier->channel, hand_on(client, m, q->id), -1);
	return (NULL);
}

void
control_ordered(struct client *client, struct message *m)
{
	client->showing = client->ordering = false;
	channel_send(client->channel, message_forward(m, client->show_id), -1);
	control_wait(client, CLIENT_TIME);
}
