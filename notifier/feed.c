/*
 * What web is told: all rows, and then each that has changed.  Every so often all
 * of them are made and compared by a hash with what was sent, so that nothing that
 * changes them needs to know.
 */
#include <sys/queue.h>

#include <bsd/sys/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "notifier.h"

#define EVERY_LEAST	100		/* ms between two looks */
#define EVERY_SHARE	20		/* ... and so many times what one took */
#define UNREAD_MAX	(1024 * 1024)	/* bytes; the rest waits */

struct row {
	RB_ENTRY(row)	 node;
	unsigned	 what;		/* a bit of enum show */
	uint64_t	 hash;
	bool		 seen;
	char		 key[];
};

static int
row_compare(const struct row *a, const struct row *b)
{
	if (a->what != b->what)
		return (a->what < b->what ? -1 : 1);
	return (strcmp(a->key, b->key));
}

RB_HEAD(row_tree, row);
#define LOCAL	__attribute__((unused)) static
RB_PROTOTYPE_INTERNAL(row_tree, row, node, row_compare, LOCAL)
RB_GENERATE_INTERNAL(row_tree, row, node, row_compare, LOCAL)

static struct row_tree	 rows = RB_INITIALIZER(&rows);
static struct channel	*web;
static unsigned		 web_instance;
static uint32_t		 asked;		/* id to answer when all was sent */
static bool		 following, more;
static uint64_t		 took;		/* ms, the last look */
static struct event	*timer;
static uint64_t		 metrics[METRIC_MAX];

void
feed_count(enum metric metric)
{
	metrics[metric]++;
}

/* FNV-1a. */
static uint64_t
hash_of(const uint8_t *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325;

	while (len-- > 0)
		hash = (hash ^ *data++) * 0x100000001b3;
	return (hash);
}

/* The row of that key; new ones have no hash that anything has. */
static struct row *
row_get(unsigned what, const char *key)
{
	size_t len = strlen(key) + 1;
	struct row *r, *find;

	find = xcalloc(1, sizeof(*find) + len);
	find->what = what;
	memcpy(find->key, key, len);
	if ((r = RB_INSERT(row_tree, &rows, find)) == NULL)
		return (find);
	free(find);
	return (r);
}

static void
row_free(struct row *r)
{
	RB_REMOVE(row_tree, &rows, r);
	free(r);
}

void
feed_row(unsigned what, const char *key, struct message_out *m)
{
	const uint8_t *data;
	uint64_t hash;
	struct row *r;
	size_t len;

	data = message_bytes(m, &len);
	hash = hash_of(data, len);
	r = row_get(what, key);
	r->seen = true;
	if (r->hash == hash)
		return;
	if (channel_pending(web) > UNREAD_MAX) {
		more = true;
		return;
	}
	r->hash = hash;
	channel_send(web, m, -1);
}

static void
on_component(const struct component_view *c, void *arg)
{
	(void)arg;
	if (c->configured)
		feed_row(SHOW_COMPONENTS, c->id, show_component(c, 0));
}

static void
on_incident(const struct incident_view *i, void *arg)
{
	(void)arg;
	feed_row(SHOW_INCIDENTS, i->key, show_incident(i, 0));
}

/* One for a component: what the page shows counts for more. */
static void
on_order(const struct order_view *o, void *arg)
{
	(void)arg;
	if (o->runs && !(o->kind == ORDER_SILENCE && o->maintained))
		feed_row(SHOW_SILENCES, o->component, show_order(o, 0));
}

static void
feed_metrics(void)
{
	struct message_out *m;
	char key[16];
	unsigned i;

	metrics[METRIC_LEADER] = persist_speaks();
	metrics[METRIC_STANDBY] = persist_stands_by();
	metrics[METRIC_STORE_REACHABLE] = persist_reachable();
	metrics[METRIC_STORE_WAITING] = persist_waiting();
	metrics[METRIC_PAGE_READ] = page_read_at() / 1000;
	for (i = 0; i < METRIC_MAX; i++) {
		m = message_new(MSG_FEED_METRIC, 0);
		message_put_u(m, i);
		message_put_u(m, metrics[i]);
		snprintf(key, sizeof(key), "%u", i);
		feed_row(SHOW_STATE, key, m);
	}
}

/* What was not seen is there no more. */
static void
drop_unseen(void)
{
	struct message_out *m;
	struct row *r, *next;

	RB_FOREACH_SAFE(r, row_tree, &rows, next) {
		if (r->seen) {
			r->seen = false;
			continue;
		}
		m = message_new(MSG_FEED_GONE, 0);
		message_put_u(m, r->what);
		message_put_s(m, r->key);
		channel_send(web, m, -1);
		row_free(r);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	uint64_t began = clock_ticks();

	(void)fd;
	(void)what;
	(void)arg;
	if (!following)
		return;
	more = false;
	incidents_each_component(core, on_component, NULL);
	incidents_each_incident(core, on_incident, NULL);
	incidents_each_order(core, clock_now(), on_order, NULL);
	journal_feed();
	feed_metrics();
	drop_unseen();
	took = clock_ticks() - began;
	if (more)
		feed_changed();
	else if (asked != 0) {
		channel_send_empty(web, MSG_SHOW_END, asked);
		asked = 0;
	}
}

void
feed_changed(void)
{
	uint64_t wait = took * EVERY_SHARE + EVERY_LEAST;
	struct timeval tv = { wait / 1000, wait % 1000 * 1000 };

	if (following && !evtimer_pending(timer, NULL))
		evtimer_add(timer, &tv);
}

/* -- the link ----------------------------------------------------------------- */

static void
forget(void)
{
	struct row *r;

	while ((r = RB_MIN(row_tree, &rows)) != NULL)
		row_free(r);
	following = false;
	asked = 0;
}

static const char *
dispatch_web(struct channel *c, struct message *m, void *arg)
{
	static const struct timeval soon = { 0, 0 };

	(void)arg;
	/* Orders are of somebody who has logged in there. */
	if (m->type != MSG_FEED_ASK && (worker_conf() == NULL ||
	    worker_conf()->web == NULL || !worker_conf()->web->users))
		return ("it passes orders on, but it has no users");
	if (m->type != MSG_FEED_ASK)
		return (operator_dispatch(c, m, true));
	if (m->id == 0)
		return ("it asks without an id");
	forget();
	following = true;
	asked = m->id;
	evtimer_add(timer, &soon);
	return (NULL);
}

static void
web_gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	(void)arg;
	worker_peer_gone(ROLE_WEB, web_instance, end, why);
	forget();
	operator_forget(c);
	channel_free(c);
	web = NULL;
}

void
feed_link(unsigned instance, int fd)
{
	if (timer == NULL &&
	    (timer = evtimer_new(worker_base(), on_timer, NULL)) == NULL)
		fatalx("cannot make a timer");
	forget();
	operator_forget(web);
	channel_free(web);
	web_instance = instance;
	web = channel_new(worker_base(), fd, ROLE_NOTIFIER, ROLE_WEB,
	    dispatch_web, web_gone, NULL);
}
