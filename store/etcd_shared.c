/*
 * What all replicas share beside the state: below shared/, operator/.. written by
 * any of them and history/.. by the leader alone.  Each keeps a copy of it, read
 * once and then followed by a watch (etcd_watch.c), so that what one was told
 * holds for all at once and nobody asks for it again and again.
 *
 * A write is answered when it stands in etcd, or fails after a few seconds: a
 * person waits for it.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "engine.h"
#include "etcd.h"

#define WRITES_MAX	4096
#define WAIT_AGAIN	500		/* ms, for what is on its way */
#define NO_LEADER	"this kanatad does not lead"

struct shared_write {
	TAILQ_ENTRY(shared_write) entry;
	uint32_t	 id;		/* 0: nobody waits any more */
	char		*key;
	struct value	*value;		/* NULL: delete */
	int64_t		 lead;		/* history: of which lead it tells */
	bool		 flying;	/* sent, and not answered yet */
	bool		 unsure;	/* sent, and the answer was lost */
	uint64_t	 until;		/* clock_ticks() */
};

static void
set_timer(struct event *timer, uint64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
	    .tv_usec = ms % 1000 * 1000 };

	evtimer_add(timer, &tv);
}

/* -- the copy -------------------------------------------------------------- */

/*
 * The key now holds that; takes the value, NULL: nothing.  What we deleted is
 * remembered (stays), since the watch may have to tell of older values yet.
 */
static void
apply(struct etcd *e, const char *key, struct value *value,
    int64_t mod_revision, bool stays)
{
	struct item *item = state_find(&e->shared, key);
	const char *why;

	/* The answer to a write and the watch tell the same. */
	if (item != NULL)
		item->is_seen = true;
	if (item != NULL && mod_revision < item->mod_revision) {
		value_free(value);
		return;
	}
	if (value != NULL && (why = state_no_room(&e->shared, key,
	    value->len)) != NULL) {
		log_warnx("etcd: \"%s\" is ignored: %s", log_safe(key), why);
		value_free(value);
		value = NULL;
	}
	if (item == NULL && value == NULL && !stays)
		return;
	if (item == NULL)
		item = state_need(&e->shared, key);
	item->is_seen = true;
	item->mod_revision = mod_revision;
	if (value_same(item->wanted, value))
		value_free(value);
	else {
		state_want(&e->shared, item, value);
		if (e->shared_told)
			store_shared_item(key, value);
	}
	if (item->wanted == NULL && stays)
		e->shared_gone = true;
	else if (item->wanted == NULL)
		state_remove(&e->shared, item);
}

void
etcd_shared_passed(struct etcd *e, int64_t revision)
{
	struct item *item, *next;

	if (!e->shared_gone)
		return;
	e->shared_gone = false;
	for (item = state_first(&e->shared); item != NULL; item = next) {
		next = state_next(item);
		if (item->wanted == NULL && item->mod_revision <= revision)
			state_remove(&e->shared, item);
		else if (item->wanted == NULL)
			e->shared_gone = true;
	}
}

void
etcd_shared_apply(struct etcd *e, const struct etcd_kv *kv, bool deleted)
{
	const size_t len = strlen(e->shared_prefix);
	const char *key = kv->key + len, *why;
	struct value *value = NULL;

	if (strncmp(kv->key, e->shared_prefix, len) != 0)
		return;
	if ((why = state_key_refused(key)) == NULL &&
	    kv->value_len > SHARED_VALUE_MAX)
		why = "the value is larger than 16 KiB";
	if (why != NULL)
		log_warnx("etcd: \"%s\" is ignored: %s", log_safe(kv->key),
		    why);
	else if (!deleted && kv->value_len > 0)
		value = value_new(kv->value, kv->value_len);
	/* What was there before is there no more, whatever it is now. */
	apply(e, key, value, kv->mod_revision, false);
}

void
etcd_shared_tell(struct etcd *e)
{
	struct item *item;

	if (!e->shared_known)
		return;
	store_shared_begin();
	for (item = state_first(&e->shared); item != NULL;
	    item = state_next(item))
		store_shared_item(item->key, item->wanted);
	store_shared_end();
	e->shared_told = true;
}

static void
on_range(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	struct item *item, *next;
	struct etcd_kv kv;
	size_t i;

	(void)text;
	if (error != ETCD_OK) {
		/* Who wants to write does not wait for that. */
		set_timer(e->watch_timer, etcd_delay(e, error) + 1);
		return;
	}
	for (item = state_first(&e->shared); item != NULL;
	    item = state_next(item))
		item->is_seen = false;
	for (i = 0; i < etcd_kv_count(reply); i++)
		if (etcd_kv_read(reply, i, &kv) == 0) {
			etcd_shared_apply(e, &kv, false);
			etcd_kv_clear(&kv);
		}
	for (item = state_first(&e->shared); item != NULL; item = next) {
		next = state_next(item);
		if (item->is_seen)
			continue;
		if (e->shared_told && item->wanted != NULL)
			store_shared_item(item->key, NULL);
		state_remove(&e->shared, item);
	}
	e->shared_gone = false;
	e->shared_revision = etcd_revision(reply);
	e->shared_fresh = true;
	if (!e->shared_known) {
		e->shared_known = true;
		if (!e->shared_told)
			etcd_shared_tell(e);
		etcd_answer_load(e);
	}
	etcd_shared_step(e);
}

/* -- writes ---------------------------------------------------------------- */

/* why: NULL if it is done. */
static void
write_end(struct etcd *e, struct shared_write *w, const char *why)
{
	TAILQ_REMOVE(&e->shared_writes, w, entry);
	e->nshared_write--;
	if (w->id != 0 && why == NULL)
		store_done(w->id);
	else if (w->id != 0)
		store_failed(w->id, why);
	free(w->key);
	value_free(w->value);
	free(w);
}

static void
landed(struct etcd *e, int64_t revision, const char *why)
{
	struct shared_write *w, *next;

	TAILQ_FOREACH_SAFE(w, &e->shared_writes, entry, next) {
		if (!w->flying)
			continue;
		/* First: whoever has the answer knows the change. */
		if (why == NULL)
			apply(e, w->key, value_ref(w->value), revision, true);
		write_end(e, w, why);
	}
}

static void
wait_until(struct etcd *e, uint64_t until)
{
	const uint64_t now = clock_ticks();

	set_timer(e->shared_deadline, until > now ? until - now : WAIT_AGAIN);
}

/* Those whose time is over; what is on its way is answered when it is back. */
static void
give_up(struct etcd *e)
{
	struct shared_write *w;
	char why[ETCD_TEXT_MAX + 128];

	while ((w = TAILQ_FIRST(&e->shared_writes)) != NULL && !w->flying &&
	    w->until <= clock_ticks()) {
		strlcpy(why, "etcd does not answer", sizeof(why));
		if (*e->trouble != '\0') {
			strlcpy(why, "etcd cannot be used: ", sizeof(why));
			strlcat(why, e->trouble, sizeof(why));
		}
		if (w->unsure)
			strlcat(why, "; whether it was done is not known: look "
			    "with `kanatactl show silences`", sizeof(why));
		write_end(e, w, why);
	}
	if (w != NULL)
		wait_until(e, w->until);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	give_up(arg);
}

static void
on_write(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	struct shared_write *w;
	char why[ETCD_TEXT_MAX + 64];

	if (error == ETCD_OK && etcd_txn_succeeded(reply))
		landed(e, etcd_revision(reply), NULL);
	else if (error == ETCD_OK)
		landed(e, 0, NO_LEADER);
	else if (error != ETCD_RETRY && error != ETCD_GARBAGE &&
	    error != ETCD_TOKEN) {
		strlcpy(why, "etcd does not take it: ", sizeof(why));
		strlcat(why, log_safe(text), sizeof(why));
		landed(e, 0, why);
	} else {
		/* It may have been done: it says the same again. */
		TAILQ_FOREACH(w, &e->shared_writes, entry) {
			w->unsure |= w->flying;
			w->flying = false;
		}
		give_up(e);
		set_timer(e->shared_timer, etcd_delay(e, error) + 1);
	}
	/* It does not log in by itself. */
	if (error == ETCD_TOKEN)
		etcd_elect_step(e);
	etcd_shared_step(e);
}

/* etcd refuses a transaction that has a key twice. */
static bool
flies(const struct etcd *e, const char *key)
{
	const struct shared_write *w;

	TAILQ_FOREACH(w, &e->shared_writes, entry) {
		if (!w->flying)
			break;
		if (strcmp(w->key, key) == 0)
			return (true);
	}
	return (false);
}

/*
 * The first of them, and those after it that want the same guard.  Each has its
 * turn, even if a later one replaces it: that one may fail.
 */
static void
send_writes(struct etcd *e)
{
	struct shared_write *w = TAILQ_FIRST(&e->shared_writes);
	const bool history = shared_is_history(w->key);
	json_t *txn = etcd_txn();
	char key[512];
	unsigned n = 0;

	if (history)
		etcd_txn_if_created(txn, e->leader_key, e->leader_revision);
	for (; w != NULL && n < ETCD_BATCH && shared_is_history(w->key) == history &&
	    !flies(e, w->key); w = TAILQ_NEXT(w, entry), n++) {
		strlcpy(key, e->shared_prefix, sizeof(key));
		strlcat(key, w->key, sizeof(key));
		if (w->value == NULL)
			etcd_txn_delete(txn, key);
		else
			etcd_txn_put(txn, key, w->value->data, w->value->len,
			    0);
		w->flying = true;
	}
	etcd_call(e, LANE_SHARED, "/v3/kv/txn", txn, ETCD_TIME_LIMIT / 2,
	    on_write);
}

/* History is of a lead: when that is over another one may have written since. */
static void
drop_history(struct etcd *e)
{
	struct shared_write *w, *next;

	TAILQ_FOREACH_SAFE(w, &e->shared_writes, entry, next)
		if (shared_is_history(w->key) && (!etcd_leads(e) ||
		    w->lead != e->leader_revision))
			write_end(e, w, NO_LEADER);
}

void
etcd_shared_put(struct etcd *e, uint32_t id, const char *key,
    struct value *value)
{
	struct shared_write *w;
	const char *why = NULL;

	if (e->instance == NULL)
		why = "the store is not configured yet";
	else if (e->nshared_write >= WRITES_MAX)
		why = "too many changes wait for etcd";
	else if (value != NULL)
		why = shared_no_room(&e->shared, key, value->len);
	if (why == NULL && !e->observe && !etcd_leads(e) && shared_is_history(key))
		why = NO_LEADER;
	if (why != NULL) {
		value_free(value);
		store_failed(id, why);
		return;
	}
	if (e->observe) {
		apply(e, key, value, INT64_MAX, false);
		store_done(id);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->key = xstrdup(key);
	w->id = id;
	w->value = value;
	w->lead = e->leader_revision;
	w->until = clock_ticks() + ETCD_TIME_LIMIT;
	if (TAILQ_EMPTY(&e->shared_writes))
		wait_until(e, w->until);
	TAILQ_INSERT_TAIL(&e->shared_writes, w, entry);
	e->nshared_write++;
	etcd_shared_step(e);
}

void
etcd_shared_forget(struct etcd *e)
{
	struct shared_write *w;

	TAILQ_FOREACH(w, &e->shared_writes, entry)
		w->id = 0;
	e->shared_told = false;
}

/* -------------------------------------------------------------------------- */

void
etcd_shared_step(struct etcd *e)
{
	bool writes;

	if (e->instance == NULL || etcd_busy(e, LANE_SHARED) ||
	    etcd_needs_login(e) || evtimer_pending(e->shared_timer, NULL))
		return;
	drop_history(e);
	writes = !TAILQ_EMPTY(&e->shared_writes);
	if (!e->reachable && !writes)
		return;
	if (writes)
		send_writes(e);
	else if (evtimer_pending(e->watch_timer, NULL))
		return;
	else if (!e->shared_fresh)
		etcd_call(e, LANE_SHARED, "/v3/kv/range",
		    etcd_range_prefix(e->shared_prefix, STATE_ITEMS_MAX),
		    ETCD_TIME_LIMIT, on_range);
	else
		etcd_watch_step(e);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	etcd_shared_step(arg);
}

void
etcd_shared_init(struct etcd *e)
{
	TAILQ_INIT(&e->shared_writes);
	state_init(&e->shared);
	e->shared.max = SHARED_BYTES_MAX;
	e->shared_timer = evtimer_new(e->base, on_timer, e);
	e->shared_deadline = evtimer_new(e->base, on_deadline, e);
	if (e->shared_timer == NULL || e->shared_deadline == NULL)
		fatalx("libevent cannot make a timer");
	etcd_watch_init(e);
}

void
etcd_shared_again(struct etcd *e)
{
	e->shared_fresh = e->shared_known = false;
	etcd_watch_stop(e);
	evtimer_del(e->watch_timer);
	etcd_shared_step(e);
}

void
etcd_shared_restart(struct etcd *e)
{
	struct shared_write *w;

	etcd_cancel(e, LANE_SHARED);
	etcd_watch_stop(e);
	e->shared_fresh = false;
	TAILQ_FOREACH(w, &e->shared_writes, entry) {
		w->unsure |= w->flying;
		w->flying = false;
	}
}
