/*
 * What web is told: all watches, when one has changed, and pods.
 */
#include "../common/log.h"
#include "../common/worker.h"
#include "cluster.h"
#include "feed.h"
#include "follow.h"
#include "streams.h"

static struct channel	*web;
static unsigned		 web_instance;
static bool		 following;
static uint64_t		 told;		/* digest of what was told */
static struct event	*timer;

static void
tell(void)
{
	told = streams_digest();
	cluster_show(web, 0);
	channel_send_empty(web, MSG_SHOW_END, 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (following && streams_digest() != told)
		tell();
}

static const char *
dispatch(struct channel *c, struct message *m, void *arg)
{
	(void)c;
	(void)arg;
	switch (m->type) {
	case MSG_FEED_ASK:
		following = true;
		tell();
		return (NULL);
	case MSG_PODS_FOLLOW:
		if (message_get_b(m))
			cluster_follow(web, m->id);
		else
			follow_stop();
		return (NULL);
	default:
		return ("not a message for a watcher");
	}
}

static void
gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	(void)arg;
	worker_peer_gone(ROLE_WEB, web_instance, end, why);
	follow_stop();
	channel_free(c);
	web = NULL;
	following = false;
}

void
feed_link(unsigned instance, int fd)
{
	static const struct timeval every = { 1, 0 };

	if (timer == NULL && ((timer = event_new(worker_base(), -1, EV_PERSIST,
	    on_timer, NULL)) == NULL || event_add(timer, &every) == -1))
		fatalx("cannot make a timer");
	follow_stop();
	channel_free(web);
	following = false;
	web_instance = instance;
	web = channel_new(worker_base(), fd, ROLE_WATCHER, ROLE_WEB, dispatch,
	    gone, NULL);
}
