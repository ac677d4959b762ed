/*
 * Login, lease and leadership.  One step at a time, each decided anew from what
 * is known, so that any of them may fail and be taken again:
 *
 *	log in - look who leads - grant a lease - acquire - read the state -
 *	keep the lease alive and check the election key, for ever.
 *
 * The election key lives as long as the lease.  Beside it stands, without a lease,
 * who led last: if that is still this process when it leads again, nobody else
 * has changed the state in between.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_values.h"
#include "../common/log.h"
#include "../common/xmalloc.h"
#include "engine.h"
#include "etcd.h"

#define LOOK_EVERY	1000		/* ms, while another leads */
#define TTL_MAX		3600		/* believed, in seconds */
#define TOKEN_MAX	8192
/* The dialer is gone by then: there is a connection, or there is not. */
#define RESIGN_LIMIT	1000
/* A keepalive that hangs must leave time for another node. */
#define KEEPALIVE_LIMIT	(ETCD_LEASE_SECONDS * 1000 / 4)

static void
wait_for(struct etcd *e, unsigned ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
	    .tv_usec = ms % 1000 * 1000 };

	if (e->resign)
		evutil_timerclear(&tv);
	evtimer_add(e->elect_timer, &tv);
}

static void
on_elect_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	etcd_elect_step(arg);
}

static void
on_quiet_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	etcd_update(arg);
}

void
etcd_elect_init(struct etcd *e)
{
	e->elect_timer = evtimer_new(e->base, on_elect_timer, e);
	e->quiet_timer = evtimer_new(e->base, on_quiet_timer, e);
	if (e->elect_timer == NULL || e->quiet_timer == NULL)
		fatalx("libevent cannot make a timer");
}

void
etcd_elect_again(struct etcd *e, enum etcd_error error)
{
	if (error == ETCD_NO_LEASE) {
		e->lease = 0;
		etcd_elect_deposed(e, "the lease is gone");
	}
	wait_for(e, etcd_delay(e, error));
}

void
etcd_elect_deposed(struct etcd *e, const char *why)
{
	if (e->leader_revision != 0)
		log_warnx("etcd: no longer the leader: %s; trying to be "
		    "it again", why);
	e->leader_revision = 0;
	e->pulled = e->check = false;
	etcd_write_abandon(e);
	wait_for(e, 0);
}

void
etcd_elect_lost(struct etcd *e)
{
	etcd_write_drop(e, "another kanatad leads");
	if (e->told) {
		e->load_again = true;
		e->silenced = false;
	}
	e->loaded = e->told = e->led = false;
}

/* -- login ----------------------------------------------------------------- */

static bool
is_token(const char *text)
{
	const char *p;

	if (text == NULL || *text == '\0' || strlen(text) > TOKEN_MAX)
		return (false);
	for (p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return (false);
	return (true);
}

static void
on_login(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	const char *token = json_string_value(json_object_get(reply, "token"));

	switch (error) {
	case ETCD_OK:
		if (!is_token(token)) {
			log_warnx("etcd: a login was answered without a token");
			wait_for(e, ETCD_BACKOFF_MAX);
			return;
		}
		e->token = xstrdup(token);
		break;
	case ETCD_AUTH_OFF:
		log_info("etcd: authentication is not enabled there: going on "
		    "without user %s", log_safe(e->user));
		e->auth_off = true;
		break;
	case ETCD_REFUSED:
		log_warnx("etcd: user %s is refused: %s; trying again in 30 s",
		    log_safe(e->user), log_safe(text));
		/* It may have been changed since. */
		store_secret_again(SECRET_ETCD_PASSWORD);
		/* FALLTHROUGH */
	default:
		etcd_elect_again(e, error);
		return;
	}
	/* A token that was just made and refused: not at once again. */
	wait_for(e, etcd_delay(e, ETCD_RETRY));
	etcd_write_step(e);
}

static void
login(struct etcd *e)
{
	etcd_call(e, LANE_ELECT, "/v3/auth/authenticate", etcd_login(e->user,
	    e->secret[ETCD_PASSWORD].data), ETCD_TIME_LIMIT, on_login);
}

/* -- leadership ------------------------------------------------------------ */

static void
renewed(struct etcd *e, int64_t ttl)
{
	const uint64_t sent = e->call[LANE_ELECT].sent, now = clock_boottime();
	struct timeval tv = { 0 };
	uint64_t left;

	e->lease_end = sent + ttl * 1000 - ETCD_LEASE_MARGIN;
	e->keepalive_at = sent + ttl * 1000 / 3;
	left = e->lease_end > now ? e->lease_end - now + 1 : 1;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	evtimer_add(e->quiet_timer, &tv);
}

static void
on_acquire(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	(void)text;
	/* When the answer is lost, or the other one was faster, look again. */
	if (error == ETCD_OK && etcd_txn_succeeded(reply))
		e->leader_revision = etcd_revision(reply);
	etcd_elect_again(e, error);
}

static void
acquire(struct etcd *e)
{
	const size_t len = strlen(e->identity);
	json_t *txn = etcd_txn();
	struct etcd_kv kv = { 0 };
	char value[400];

	kv.value = value;
	kv.value_len = etcd_leader_value(e, value, sizeof(value));
	etcd_leader_read(e, &kv);

	etcd_txn_if_created(txn, e->leader_key, 0);
	etcd_txn_if_modified(txn, e->last_key, e->last_modified);
	etcd_txn_put(txn, e->leader_key, value, kv.value_len, e->lease);
	etcd_txn_put(txn, e->last_key, e->identity, len, 0);
	etcd_call(e, LANE_ELECT, "/v3/kv/txn", txn, ETCD_TIME_LIMIT,
	    on_acquire);
}

static void
on_grant(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	const int64_t id = etcd_int(reply, "ID"), ttl = etcd_int(reply, "TTL");

	(void)text;
	if (error != ETCD_OK) {
		etcd_elect_again(e, error);
		return;
	}
	if (id == 0 || ttl * 1000 <= 2 * ETCD_LEASE_MARGIN || ttl > TTL_MAX) {
		log_warnx("etcd: a lease of %" PRId64 " s is of no use", ttl);
		wait_for(e, ETCD_BACKOFF_MAX);
		return;
	}
	e->lease = id;
	e->full = false;
	renewed(e, ttl);
	acquire(e);
}

/* Another leads; wait for it to stop. */
static void
follow(struct etcd *e)
{
	if (e->loaded || e->led)
		etcd_elect_lost(e);
	e->revoke = e->lease != 0;
	wait_for(e, LOOK_EVERY / 2 + arc4random_uniform(LOOK_EVERY));
}

/*
 * The store that the same parent had started before this one: it is dead, since
 * there is only one at a time.
 */
static bool
is_predecessor(const struct etcd *e, const struct etcd_kv *kv)
{
	json_t *json = json_values_ok(kv->value, kv->value_len) ?
	    json_loadb(kv->value, kv->value_len, 0, NULL) : NULL;
	const char *daemon;
	bool same;

	daemon = json_string_value(json_object_get(json, "daemon"));
	same = *e->daemon != '\0' && daemon != NULL && kv->lease != 0 &&
	    strcmp(daemon, e->daemon) == 0;
	json_decref(json);
	return (same);
}

/* The election key is there: whose is it? */
static void
on_leader(struct etcd *e, const struct etcd_kv *kv)
{
	etcd_leader_read(e, kv);
	if (etcd_leader_is_self(e, kv->value) && kv->lease == e->lease) {
		/* The answer to the acquire was lost. */
		e->leader_revision = kv->create_revision;
		e->keepalive_at = 0;
		wait_for(e, 0);
	} else if (is_predecessor(e, kv)) {
		/* With its lease goes its leadership, and what it had sent and
		 * is still on its way. */
		e->lease = kv->lease;
		e->revoke = true;
		wait_for(e, 0);
	} else {
		strlcpy(e->leader, log_safe(kv->value), sizeof(e->leader));
		follow(e);
	}
}

static void
on_look(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	struct etcd_kv kv, leader = { 0 };
	int64_t last_modified = 0;
	bool last_foreign = false;
	size_t i;

	(void)text;
	if (error != ETCD_OK) {
		etcd_elect_again(e, error);
		return;
	}
	for (i = 0; i < etcd_kv_count(reply); i++) {
		if (etcd_kv_read(reply, i, &kv) == -1)
			continue;
		if (strcmp(kv.key, e->leader_key) == 0 && leader.key == NULL) {
			leader = kv;
			continue;
		}
		if (strcmp(kv.key, e->last_key) == 0) {
			last_modified = kv.mod_revision;
			last_foreign = strcmp(kv.value, e->identity) != 0;
		}
		etcd_kv_clear(&kv);
	}
	e->leader[0] = '\0';
	if (leader.key != NULL) {
		on_leader(e, &leader);
		etcd_kv_clear(&leader);
		return;
	}
	/* Kept from before the acquire: afterwards the last one is this one. */
	e->last_modified = last_modified;
	e->last_foreign = last_foreign;
	if (e->lease != 0 && clock_boottime() < e->lease_end)
		acquire(e);
	else
		etcd_call(e, LANE_ELECT, "/v3/lease/grant",
		    etcd_grant(ETCD_LEASE_SECONDS), ETCD_TIME_LIMIT, on_grant);
}

static void
look(struct etcd *e)
{
	/* The key of the leader and that of the last one begin alike. */
	etcd_call(e, LANE_ELECT, "/v3/kv/range",
	    etcd_range_prefix(e->leader_key, 16), ETCD_TIME_LIMIT, on_look);
}

static void
on_revoke(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	(void)reply;
	(void)text;
	/* If that failed, it ends by itself. */
	e->lease = 0;
	e->revoke = false;
	wait_for(e, e->leader[0] != '\0' ? LOOK_EVERY : etcd_delay(e, error));
}

/* -- the leader ------------------------------------------------------------ */

static void
on_keepalive(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	const int64_t ttl = etcd_int(reply, "TTL");

	(void)text;
	if (error == ETCD_OK && ttl * 1000 <= ETCD_LEASE_MARGIN)
		error = ETCD_NO_LEASE;
	if (error == ETCD_OK) {
		renewed(e, ttl > TTL_MAX ? TTL_MAX : ttl);
		e->check = true;
	}
	etcd_elect_again(e, error);
}

/* A key can go although its lease lives: a human deleted it. */
static void
on_check(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	struct etcd_kv kv;
	int64_t created = 0;

	(void)text;
	if (error == ETCD_OK) {
		if (etcd_kv_read(reply, 0, &kv) == 0) {
			created = kv.create_revision;
			etcd_kv_clear(&kv);
		}
		e->check = false;
		if (created != e->leader_revision) {
			etcd_elect_deposed(e, "the election key is gone");
			return;
		}
		etcd_answer_load(e);
		etcd_write_step(e);
	}
	etcd_elect_again(e, error);
}

/* -- the end --------------------------------------------------------------- */

static void
on_resigned(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	(void)e;
	(void)reply;
	if (error == ETCD_OK)
		log_info("etcd: the lead is given back");
	else
		log_info("etcd: the lead ends with its lease: %s",
		    log_safe(text));
	exit(0);
}

void
etcd_elect_resign(struct etcd *e)
{
	if (e->lease == 0)
		exit(0);
	/* What is on its way has the connection. */
	e->resign = true;
	etcd_elect_step(e);
}

/* -------------------------------------------------------------------------- */

void
etcd_elect_restart(struct etcd *e)
{
	e->revoke = e->check = false;
	wait_for(e, 0);
}

void
etcd_elect_step(struct etcd *e)
{
	const uint64_t now = clock_boottime();

	if (e->instance == NULL || etcd_busy(e, LANE_ELECT))
		return;
	evtimer_del(e->elect_timer);
	if (e->resign)
		etcd_call(e, LANE_ELECT, "/v3/lease/revoke",
		    etcd_lease(e->lease), RESIGN_LIMIT, on_resigned);
	else if (etcd_needs_login(e))
		login(e);
	else if (e->revoke)
		etcd_call(e, LANE_ELECT, "/v3/lease/revoke",
		    etcd_lease(e->lease), ETCD_TIME_LIMIT, on_revoke);
	else if (e->observe) {
		if (!e->pulled)
			etcd_pull(e);
	} else if (e->leader_revision == 0)
		look(e);
	else if (now >= e->keepalive_at)
		etcd_call(e, LANE_ELECT, "/v3/lease/keepalive",
		    etcd_lease(e->lease), KEEPALIVE_LIMIT, on_keepalive);
	else if (e->check)
		etcd_call(e, LANE_ELECT, "/v3/kv/range",
		    etcd_range(e->leader_key), KEEPALIVE_LIMIT, on_check);
	else if (!e->pulled)
		etcd_pull(e);
	else
		wait_for(e, e->keepalive_at - now);
}
