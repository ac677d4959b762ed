/*
 * Changes on their way to etcd.
 *
 * What is to be written is not a queue of requests but the difference between
 * what each key should hold and what is known to stand there, so ten changes
 * while etcd is away end as the last one.  One transaction at a time carries
 * many keys.  It compares the election key's create_revision, and for each key the
 * mod_revision that is known: when an answer was lost, sending the change again
 * is at the same time the question whether it was applied, and a late copy of it
 * can undo nothing.  When a comparison fails, the answer says what stands there.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "engine.h"
#include "etcd.h"

#define WAITERS_MAX	16384
#define CONFLICTS_MAX	3
/* One that hangs must leave time for another node before nobody waits any more. */
#define WRITE_LIMIT	(ETCD_TIME_LIMIT / 2)

static void
set_timer(struct event *timer, uint64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
	    .tv_usec = ms % 1000 * 1000 };

	evtimer_add(timer, &tv);
}

void
etcd_write_settle(struct etcd *e, struct item *item)
{
	bool dirty = !item->is_flying && (item->is_unsure ||
	    !value_same(item->wanted, item->stored));

	if (dirty != item->is_dirty) {
		item->is_dirty = dirty;
		if (dirty) {
			TAILQ_INSERT_TAIL(&e->dirty, item, dirty);
			e->ndirty++;
		} else {
			TAILQ_REMOVE(&e->dirty, item, dirty);
			e->ndirty--;
		}
	}
	if (!dirty && item->holds == 0 && item->wanted == NULL &&
	    item->stored == NULL)
		state_remove(&e->state, item);
}

static void
promise(struct item *item)
{
	value_free(item->promised);
	item->promised = value_ref(item->wanted);
}

/* -- who waits ------------------------------------------------------------- */

static void
waiter_free(struct etcd *e, struct waiter *w)
{
	struct item *item = w->item;

	TAILQ_REMOVE(&e->waiters, w, entry);
	e->nwaiter--;
	item->holds--;
	free(w);
	etcd_write_settle(e, item);
}

static void
waiter_fail(struct etcd *e, struct waiter *w, const char *why)
{
	struct item *item = w->item;

	store_failed(w->id, why);
	/* It was said to have failed, so it must not happen later. */
	if (w->version == item->version)
		state_want(&e->state, item, value_ref(item->promised));
	waiter_free(e, w);
}

/* The change stands in memory, and that has to do. */
static void
waiter_promise(struct etcd *e, struct waiter *w)
{
	if (w->version == w->item->version)
		promise(w->item);
	store_done(w->id);
	waiter_free(e, w);
}

static void
warn_memory(struct etcd *e)
{
	if (e->observe)
		return;
	if (!e->warned)
		log_warnx("etcd takes no changes (%s): they are held in memory "
		    "and written later; what kanatad does before that is "
		    "forgotten if it ends", e->trouble);
	e->warned = true;
}

static void
on_wait_timer(evutil_socket_t fd, short what, void *arg)
{
	struct etcd *e = arg;
	struct waiter *w;
	char text[ETCD_TEXT_MAX + 64];
	uint64_t now = clock_ticks();

	(void)fd;
	(void)what;
	strlcpy(text, "not written to etcd in time: ", sizeof(text));
	strlcat(text, e->trouble, sizeof(text));
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL && w->until <= now) {
		if (e->publish && e->led) {
			warn_memory(e);
			waiter_promise(e, w);
		} else
			waiter_fail(e, w, text);
	}
	if (w != NULL)
		set_timer(e->wait_timer, w->until - now);
}

static void
wait_add(struct etcd *e, uint32_t id, struct item *item)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->id = id;
	w->item = item;
	w->version = item->version;
	w->until = clock_ticks() + ETCD_TIME_LIMIT;
	item->holds++;
	if (TAILQ_EMPTY(&e->waiters))
		set_timer(e->wait_timer, ETCD_TIME_LIMIT);
	TAILQ_INSERT_TAIL(&e->waiters, w, entry);
	e->nwaiter++;
}

void
etcd_write_forget(struct etcd *e)
{
	struct waiter *w;

	/* Whoever asks next is given what they wanted. */
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL) {
		promise(w->item);
		waiter_free(e, w);
	}
}

/* -- the transaction ------------------------------------------------------- */

static void
land(struct etcd *e, struct flight *f, bool unsure)
{
	struct item *item = f->item;

	value_free(f->value);
	item->is_flying = false;
	/* Written again in any case: only that tells what stands there. */
	if (unsure)
		item->is_unsure = true;
	item->holds--;
	etcd_write_settle(e, item);
}

static void
land_all(struct etcd *e, bool unsure)
{
	unsigned i;

	for (i = 0; i < e->nflight; i++)
		land(e, &e->flight[i], unsure);
	e->nflight = 0;
}

void
etcd_write_abandon(struct etcd *e)
{
	etcd_cancel(e, LANE_WRITE);
	land_all(e, true);
}

/* It stands in etcd as it was sent. */
static void
confirm(struct etcd *e, const struct flight *f)
{
	struct waiter *w, *next;
	struct item *item = f->item;

	value_free(item->promised);
	item->promised = value_ref(f->version == item->version ?
	    item->wanted : f->value);
	TAILQ_FOREACH_SAFE(w, &e->waiters, entry, next)
		if (w->item == item && w->version <= f->version) {
			store_done(w->id);
			waiter_free(e, w);
		}
}

static void
set_stored(struct item *item, struct value *value, int64_t mod_revision)
{
	value_free(item->stored);
	item->stored = value;
	item->mod_revision = mod_revision;
	item->is_unsure = false;
}

static void
succeeded(struct etcd *e, int64_t revision)
{
	struct flight *f;
	unsigned i;

	for (i = 0; i < e->nflight; i++) {
		f = &e->flight[i];
		set_stored(f->item, value_ref(f->value),
		    f->value == NULL ? 0 : revision);
		confirm(e, f);
	}
	land_all(e, false);
	e->conflicts = 0;
	e->full = false;
	if (e->warned && e->ndirty == 0) {
		log_info("etcd has all changes again");
		e->warned = false;
	}
}

/*
 * A comparison failed.  The answer holds the election key and all the keys as
 * they are.
 */
static enum etcd_error
learn(struct etcd *e, const json_t *reply)
{
	struct flight *f;
	struct etcd_kv kv;
	int64_t created = 0;
	unsigned i;

	if (etcd_kv_read(etcd_txn_range(reply, 0), 0, &kv) == 0) {
		created = kv.create_revision;
		etcd_kv_clear(&kv);
	}
	if (created != e->leader_revision) {
		etcd_elect_deposed(e, "the election key is not ours");
		return (ETCD_OK);
	}
	for (i = 0; i < e->nflight; i++) {
		f = &e->flight[i];
		if (etcd_txn_range(reply, i + 1) == NULL)
			return (ETCD_GARBAGE);
		if (etcd_kv_read(etcd_txn_range(reply, i + 1), 0, &kv) == 0) {
			set_stored(f->item, value_new(kv.value, kv.value_len),
			    kv.mod_revision);
			etcd_kv_clear(&kv);
		} else
			set_stored(f->item, NULL, 0);
		if (value_same(f->item->stored, f->value))
			confirm(e, f);
	}
	land_all(e, false);
	/* Somebody writes there all the time: slowly. */
	return (++e->conflicts > CONFLICTS_MAX ? ETCD_RETRY : ETCD_OK);
}

static void
on_write(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	unsigned delay;

	(void)text;
	if (error == ETCD_OK) {
		if (etcd_txn_succeeded(reply))
			succeeded(e, etcd_revision(reply));
		else
			error = learn(e, reply);
	}
	land_all(e, error == ETCD_RETRY || error == ETCD_GARBAGE ||
	    error == ETCD_TOKEN);
	if (error != ETCD_OK) {
		delay = etcd_delay(e, error);
		set_timer(e->write_timer, delay > 0 ? delay : 1);
	}
	if (error == ETCD_TOKEN)
		etcd_elect_step(e);
	etcd_write_step(e);
}

static void
load_flight(struct etcd *e, struct item *item)
{
	struct flight *f = &e->flight[e->nflight++];

	f->item = item;
	f->value = value_ref(item->wanted);
	f->version = item->version;
	item->holds++;
	item->is_flying = true;
	etcd_write_settle(e, item);
}

/* Fills the flight; deletes are all that an etcd without space takes. */
static void
load_flights(struct etcd *e, bool deletes_only)
{
	struct item *item, *next;
	size_t bytes = 0;

	TAILQ_FOREACH_SAFE(item, &e->dirty, dirty, next) {
		if (deletes_only && item->wanted != NULL)
			continue;
		if (item->wanted != NULL)
			bytes += item->wanted->len;
		if (e->nflight == ETCD_BATCH ||
		    (e->nflight > 0 && bytes > ETCD_BATCH_BYTES))
			return;
		load_flight(e, item);
	}
}

static void
add_operation(struct etcd *e, json_t *txn, const struct flight *f)
{
	char key[512];

	strlcpy(key, e->state_prefix, sizeof(key));
	strlcat(key, f->item->key, sizeof(key));
	etcd_txn_if_modified(txn, key, f->item->mod_revision);
	if (f->value == NULL)
		etcd_txn_delete(txn, key);
	else
		etcd_txn_put(txn, key, f->value->data, f->value->len, 0);
	etcd_txn_else_range(txn, key);
}

void
etcd_write_step(struct etcd *e)
{
	json_t *txn;
	unsigned i;

	if (e->ndirty == 0 || etcd_busy(e, LANE_WRITE) || !etcd_leads(e) ||
	    etcd_needs_login(e) || evtimer_pending(e->write_timer, NULL))
		return;
	if (e->full)
		load_flights(e, true);
	if (e->nflight == 0)
		load_flights(e, false);
	txn = etcd_txn();
	etcd_txn_if_created(txn, e->leader_key, e->leader_revision);
	etcd_txn_else_range(txn, e->leader_key);
	for (i = 0; i < e->nflight; i++)
		add_operation(e, txn, &e->flight[i]);
	etcd_call(e, LANE_WRITE, "/v3/kv/txn", txn, WRITE_LIMIT, on_write);
}

static void
on_write_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	etcd_write_step(arg);
}

void
etcd_write_init(struct etcd *e)
{
	TAILQ_INIT(&e->dirty);
	TAILQ_INIT(&e->waiters);
	state_init(&e->state);
	e->write_timer = evtimer_new(e->base, on_write_timer, e);
	e->wait_timer = evtimer_new(e->base, on_wait_timer, e);
	if (e->write_timer == NULL || e->wait_timer == NULL)
		fatalx("libevent cannot make a timer");
}

void
etcd_write_drop(struct etcd *e, const char *why)
{
	struct waiter *w;

	etcd_write_abandon(e);
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL)
		waiter_fail(e, w, why);
	if (e->ndirty > 0)
		log_warnx("etcd: %u changes that were held in memory are "
		    "dropped: %s", e->ndirty, why);
	TAILQ_INIT(&e->dirty);
	e->ndirty = 0;
	e->warned = false;
	state_clear(&e->state);
}

void
etcd_write_put(struct etcd *e, uint32_t id, const char *key,
    struct value *value)
{
	struct item *item;
	const char *why = NULL;

	if (!e->loaded || e->load_again)
		why = "this kanatad does not lead: load first";
	else if (e->nwaiter >= WAITERS_MAX)
		why = "too many changes wait for etcd";
	else if (value != NULL)
		why = state_no_room(&e->state, key, value->len);
	if (why != NULL) {
		value_free(value);
		log_warnx("\"%s\" is not stored: %s", log_safe(key), why);
		store_failed(id, why);
		return;
	}
	item = state_need(&e->state, key);
	if (value_same(item->wanted, value))
		value_free(value);
	else
		state_want(&e->state, item, value);
	if (!item->is_flying && !item->is_unsure &&
	    value_same(item->wanted, item->stored)) {
		promise(item);
		store_done(id);
		etcd_write_settle(e, item);
		return;
	}
	if (etcd_goes_on(e)) {
		warn_memory(e);
		promise(item);
		store_done(id);
	} else
		wait_add(e, id, item);
	etcd_write_settle(e, item);
	etcd_write_step(e);
}
