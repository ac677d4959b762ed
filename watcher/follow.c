#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "follow.h"
#include "show_pods.h"

#define FLUSH_EVERY	100		/* ms */
#define UNREAD_MAX	(256 * 1024)	/* bytes; the rest waits */
#define CHAIN_MAX	8

static struct {
	struct channel	*channel;	/* NULL: nobody follows */
	uint32_t	 id;
	char		*cluster;
	struct components *all;
	struct event	*timer;
	uint64_t	 cursor;	/* of the pass under way, 0: none is */
	bool		 again;		/* something is stale behind it */
	bool		 complete;	/* all were sent once */
} follow;

static void
later(void)
{
	static const struct timeval	 every = { 0, FLUSH_EVERY * 1000 };

	if (!evtimer_pending(follow.timer, NULL))
		evtimer_add(follow.timer, &every);
}

static void
mark(const struct pod *p)
{
	/* The mark is ours alone. */
	((struct pod *)(uintptr_t)p)->stale = true;
}

static void
mark_each(const struct pod *p, void *arg)
{
	(void)arg;
	mark(p);
}

static void
send_stale(const struct pod *p, void *arg)
{
	(void)arg;
	if (!p->stale)
		return;
	((struct pod *)(uintptr_t)p)->stale = false;
	show_pod(follow.channel, follow.id, follow.cluster, follow.all, p);
}

/* Bucket by bucket, until the channel has enough. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct objects		*objects = components_objects(follow.all);
	struct message_out	*m;

	(void)fd;
	(void)what;
	(void)arg;
	if (follow.cursor == 0)
		follow.again = false;
	do
		follow.cursor = objects_pods_part(objects, follow.cursor,
		    send_stale, NULL);
	while (follow.cursor != 0 &&
	    channel_pending(follow.channel) < UNREAD_MAX);
	if (follow.cursor == 0 && !follow.complete) {
		follow.complete = true;
		m = message_new(MSG_PODS_PART, follow.id);
		message_put_u(m, 0);
		channel_send(follow.channel, m, -1);
	}
	if (follow.cursor != 0 || follow.again)
		later();
}

void
follow_all(void)
{
	struct objects	*objects;
	uint64_t	 cursor = 0;

	if (follow.channel == NULL)
		return;
	objects = components_objects(follow.all);
	do
		cursor = objects_pods_part(objects, cursor, mark_each, NULL);
	while (cursor != 0);
	follow.again = true;
	later();
}

void
follow_start(struct event_base *base, struct channel *channel, uint32_t id,
    const char *cluster, struct components *all)
{
	follow_stop();
	if (follow.timer == NULL && (follow.timer = evtimer_new(base, on_timer,
	    NULL)) == NULL)
		fatalx("follow: no timer");
	if ((follow.cluster = strdup(cluster)) == NULL)
		fatal("follow");
	follow.channel = channel;
	follow.id = id;
	follow.all = all;
	follow.cursor = 0;
	follow.complete = false;
	follow_all();
	event_active(follow.timer, EV_TIMEOUT, 0);
}

void
follow_stop(void)
{
	if (follow.channel == NULL)
		return;
	evtimer_del(follow.timer);
	free(follow.cluster);
	follow.cluster = NULL;
	follow.channel = NULL;
}

void
follow_pod(const struct pod *p)
{
	if (follow.channel == NULL)
		return;
	mark(p);
	follow.again = true;
	later();
}

void
follow_gone(const struct pod *p)
{
	struct message_out	*m;

	if (follow.channel == NULL)
		return;
	/* A whole cluster may go at once. */
	if (channel_pending(follow.channel) > CHANNEL_QUEUE_BYTES / 2) {
		channel_send_empty(follow.channel, MSG_PODS_LOST, follow.id);
		follow_stop();
		return;
	}
	m = message_new(MSG_POD_GONE, follow.id);
	message_put_s(m, p->space->name);
	message_put_s(m, p->name);
	channel_send(follow.channel, m, -1);
}

static void
mark_below(const struct node *n, int depth)
{
	const struct node	*child;
	const struct pod	*p;

	LIST_FOREACH(p, &n->pods, sibling)
		mark(p);
	if (depth < CHAIN_MAX)
		LIST_FOREACH(child, &n->nodes, sibling)
			mark_below(child, depth + 1);
}

void
follow_node(const struct node *n)
{
	if (follow.channel == NULL)
		return;
	mark_below(n, 0);
	follow.again = true;
	later();
}
