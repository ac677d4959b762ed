/*
 * The store, from the notifier's side: loads what is remembered, writes what
 * the core asks for, and knows whether it is for this process to speak.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "gate.h"
#include "notifier.h"
#include "tap.h"

#define VALUE_MAX	32768
#define LOAD_AGAIN	2000	/* ms */

/* A write that the store has not acknowledged. */
struct put {
	TAILQ_ENTRY(put) entry;
	char		*key, *value;	/* NULL: delete */
	uint32_t	 id;		/* of the message, 0: not sent */
	uint32_t	 op;		/* of the core, 0: it counts on it */
	unsigned	 attempt;
};

static TAILQ_HEAD(, put) writes = TAILQ_HEAD_INITIALIZER(writes);
static struct channel	*store;
static unsigned		 store_instance;
static bool		 reachable, speaks, loaded, loading;
static bool		 old;		/* the core may know of what was said */
static uint32_t		 last_id, load_id;
static unsigned		 nloaded;
static uint64_t		 until;		/* CLOCK_BOOTTIME in ms; 0: for ever */
static char		 text[512] = "no store yet";
static struct event	*timer;

/* -- writes --------------------------------------------------------------- */

static void
put_free(struct put *p)
{
	TAILQ_REMOVE(&writes, p, entry);
	free(p->key);
	free(p->value);
	free(p);
}

static void
put_send(struct put *p)
{
	struct message_out *m;

	if (store == NULL)
		return;
	if (++last_id == 0)
		last_id = 1;
	p->id = last_id;
	m = message_new(p->value != NULL ? MSG_STORE_PUT : MSG_STORE_DELETE,
	    p->id);
	message_put_s(m, p->key);
	if (p->value != NULL)
		message_put_x(m, p->value, strlen(p->value));
	channel_send(store, m, -1);
}

static void
put_send_all(void)
{
	struct put *p;

	TAILQ_FOREACH(p, &writes, entry)
		if (p->id == 0)
			put_send(p);
}

/* The store cannot be reached, but we speak: the core goes on, the write is
 * made up for later.  Not when speaking has an end: whoever speaks then knows
 * only what is stored. */
static bool
is_on_credit(void)
{
	return (speaks && !reachable && until == 0);
}

static void
put_credit(struct put *p)
{
	uint32_t op = p->op;

	p->op = p->id = 0;
	if (op != 0)
		incidents_done(core, op, OP_DONE, NULL, 0, clock_now());
	notifier_kick();
}

static struct put *
put_find(uint32_t id)
{
	struct put *p;

	TAILQ_FOREACH(p, &writes, entry)
		if (p->id == id)
			break;
	return (id != 0 ? p : NULL);
}

void
persist_start(const struct operation *op)
{
	struct put *p, *next;

	if (worker_observe()) {
		incidents_done(core, op->id, OP_DONE, NULL, 0, clock_now());
		return;
	}
	if (op->value_len > VALUE_MAX) {
		log_warnx("record %s is too large to be stored",
		    log_safe(op->key));
		incidents_done(core, op->id, OP_RETRY, NULL, BACKOFF_MAX,
		    clock_now());
		return;
	}
	for (p = TAILQ_FIRST(&writes); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->op == 0 && strcmp(p->key, op->key) == 0)
			put_free(p);
	}
	p = xcalloc(1, sizeof(*p));
	p->key = xstrdup(op->key);
	if (op->type == OP_STORE_PUT)
		p->value = xstrdup(op->value);
	p->op = op->id;
	p->attempt = op->attempt;
	TAILQ_INSERT_TAIL(&writes, p, entry);
	if (is_on_credit())
		put_credit(p);
	else
		put_send(p);
}

uint32_t
persist_id(void)
{
	if (store == NULL)
		return (0);
	if (++last_id == 0)
		last_id = 1;
	return (last_id);
}

void
persist_send(struct message_out *m)
{
	channel_send(store, m, -1);
}

/* -- loading -------------------------------------------------------------- */

static void
load_begin(void)
{
	if (store == NULL || !speaks || loaded || loading || post_flying() > 0)
		return;
	incidents_forget(core);
	tap_mark(RECORDING_FORGET, 0);
	loading = old = true;
	nloaded = 0;
	if (++last_id == 0)
		last_id = 1;
	load_id = last_id;
	channel_send_empty(store, MSG_STORE_LOAD, load_id);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	load_begin();
}

static void
on_item(struct message *m)
{
	const char *key = message_get_s(m), *value;
	size_t len;

	value = (const char *)message_get_x(m, &len);
	if (!loading || m->id != load_id)
		return;
	nloaded++;
	tap_record(key, value, len);
	if (incidents_restore(core, key, value, len) == -1)
		log_warnx("the record %s makes no sense and is ignored",
		    log_safe(key));
}

static void
on_loaded(struct message *m)
{
	if (!loading || m->id != load_id)
		return;
	loading = false;
	loaded = true;
	log_info("%u record%s from the store", nloaded,
	    nloaded == 1 ? "" : "s");
	page_soon();
	notifier_kick();
}

static void
on_done(struct message *m)
{
	struct put *p = put_find(m->id);

	if (share_done(m->id, NULL) || p == NULL)
		return;
	if (p->op != 0)
		incidents_done(core, p->op, OP_DONE, NULL, 0, clock_now());
	put_free(p);
	notifier_kick();
}

static void
on_failed(struct message *m)
{
	static const struct timeval again = { LOAD_AGAIN / 1000, 0 };
	const char *why = message_get_s(m);
	struct put *p;

	if (loading && m->id == load_id) {
		log_warnx("the store cannot be loaded: %s; again in %d s",
		    log_safe(why), LOAD_AGAIN / 1000);
		loading = false;
		evtimer_add(timer, &again);
		return;
	}
	if (share_done(m->id, why) || (p = put_find(m->id)) == NULL)
		return;
	if (is_on_credit() || p->op == 0) {
		put_credit(p);
		return;
	}
	log_warnx("%s cannot be stored: %s; again", log_safe(p->key),
	    log_safe(why));
	incidents_done(core, p->op, OP_RETRY, NULL,
	    backoff_delay(p->attempt < 3 ? p->attempt : 3, arc4random()),
	    clock_now());
	put_free(p);
	notifier_kick();
}

/* Another replica speaks: what we know is of no more use, and what we show of it
 * would soon be false. */
void
persist_rest(void)
{
	if (!old || !persist_stands_by() || post_flying() > 0)
		return;
	old = false;
	incidents_forget(core);
	tap_mark(RECORDING_FORGET, 0);
}

static void
fall_silent(void)
{
	struct put *p;

	loaded = loading = false;
	while ((p = TAILQ_FIRST(&writes)) != NULL)
		put_free(p);
}

static void
on_state(struct message *m)
{
	struct put *p, *next;

	reachable = message_get_b(m);
	speaks = message_get_b(m);
	strlcpy(text, log_safe(message_get_s(m)), sizeof(text));
	until = message_get_u(m);
	if (reachable && !speaks)
		fall_silent();
	if (reachable && speaks)
		put_send_all();
	if (is_on_credit())
		for (p = TAILQ_FIRST(&writes); p != NULL; p = next) {
			next = TAILQ_NEXT(p, entry);
			put_credit(p);
		}
	load_begin();
	notifier_kick();
}

static const char *
dispatch_store(struct channel *c, struct message *m, void *arg)
{
	(void)c;
	(void)arg;
	switch (m->type) {
	case MSG_STORE_ITEM:
		on_item(m);
		return (NULL);
	case MSG_STORE_LOADED:
		on_loaded(m);
		return (NULL);
	case MSG_STORE_DONE:
		on_done(m);
		return (NULL);
	case MSG_STORE_FAILED:
		on_failed(m);
		return (NULL);
	case MSG_STORE_STATE:
		on_state(m);
		return (NULL);
	case MSG_SHARED_BEGIN:
	case MSG_SHARED_ITEM:
	case MSG_SHARED_END:
		return (share_dispatch(m));
	default:
		return ("not a message for the notifier");
	}
}

/* -- the link ------------------------------------------------------------- */

static void
store_lost(void)
{
	struct put *p;

	channel_free(store);
	store = NULL;
	reachable = speaks = loading = false;
	strlcpy(text, "the store is being started", sizeof(text));
	TAILQ_FOREACH(p, &writes, entry)
		p->id = 0;
	share_lost();
}

static void
store_gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	(void)c;
	(void)arg;
	worker_peer_gone(ROLE_STORE, store_instance, end, why);
	store_lost();
}

void
persist_link(unsigned instance, int fd)
{
	if (timer == NULL &&
	    (timer = evtimer_new(worker_base(), on_timer, NULL)) == NULL)
		fatalx("cannot make a timer");
	store_lost();
	store_instance = instance;
	store = channel_new(worker_base(), fd, ROLE_NOTIFIER, ROLE_STORE,
	    dispatch_store, store_gone, NULL);
}

/* The store may stand still while its lease ends, or we may. */
static bool
is_overdue(void)
{
	return (until != 0 && clock_boottime() >= until);
}

bool
persist_speaks(void)
{
	return (loaded && speaks && share_known() && !is_overdue());
}

bool
persist_ready(void)
{
	load_begin();
	return (persist_speaks());
}

bool
persist_reachable(void)
{
	return (reachable);
}

bool
persist_stands_by(void)
{
	return (reachable && !speaks);
}

unsigned
persist_waiting(void)
{
	const struct put *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &writes, entry)
		n++;
	return (n);
}

const char *
persist_state(void)
{
	return (text);
}
