/*
 * Whether all that must be remembered has room in the store at the worst: every
 * component is down, each has a history, and as many orders as there may be.
 */
#include <sys/queue.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../notifier/history.h"
#include "../../store/state.h"

#define S	1000ULL
#define DAY	(86400 * S)
#define N	CONF_COMPONENTS_MAX
#define ORDERS	1000

static struct incidents	*core;
static struct conf	*conf;
static struct annals	*history;
static struct state	 state, shared;
static uint64_t		 now = 1767225600000ULL;
static unsigned		 n, created, largest;

/* As a deployment of a namespace may be named. */
static char *
id_of(unsigned i)
{
	static char id[64];

	snprintf(id, sizeof(id), "production/checkout-service-%05u", i);
	return (id);
}

static char *
text(const char *s)
{
	char *p = strdup(s);

	assert_non_null(p);
	return (p);
}

static void
stand(struct state *to, const char *key, const char *value,
    const char *(*no_room)(const struct state *, const char *, size_t))
{
	struct item *item;
	const char *why;

	if (value == NULL) {
		if ((item = state_find(to, key)) != NULL)
			state_remove(to, item);
		return;
	}
	if (strlen(value) > largest)
		largest = (unsigned)strlen(value);
	if ((why = no_room(to, key, strlen(value))) != NULL)
		fail_msg("%s after %u keys, %zu bytes: %s", key, to->count,
		    to->bytes, why);
	state_want(to, state_need(to, key), value_new(value, strlen(value)));
}

static void
work(void)
{
	struct operation op;
	char id[32];

	for (;;) {
		incidents_next(core, now, true, &op);
		if (op.type == OP_NONE)
			return;
		/* As long as those of the page are. */
		snprintf(id, sizeof(id), "clxxxxxxxxxxxxxxxxxx%05u", created++);
		if (op.type == OP_STORE_PUT || op.type == OP_STORE_DELETE)
			stand(&state, op.key, op.type == OP_STORE_PUT ?
			    op.value : NULL, state_no_room);
		incidents_done(core, op.id, OP_DONE,
		    op.type == OP_CREATE ? id : NULL, 0, now);
	}
}

static void
on_event(const struct incident_event *event, void *arg)
{
	(void)arg;
	history_add(history, event, now);
}

static void
configure(unsigned publish)
{
	struct incidents_options options = { .publish = publish, .storm = 5,
	    .group_wait = 10 * S };
	struct conf_component *c;
	unsigned i;

	created = largest = 0;
	state_init(&state);
	state_init(&shared);
	shared.max = SHARED_BYTES_MAX;
	history = history_new();
	conf = conf_new();
	core = incidents_new();
	incidents_listen(core, on_event, NULL);
	for (i = 0; i < n; i++) {
		assert_non_null(c = calloc(1, sizeof(*c)));
		c->id = text(id_of(i));
		c->name = text("");
		c->cluster = text("");
		c->group = text("");
		c->down_after = 30 * S;
		c->up_after = 60 * S;
		c->reopen_within = 900 * S;
		TAILQ_INSERT_TAIL(&conf->components, c, entry);
		conf->ncomponent++;
	}
	incidents_configure(core, conf, &options, now);
	incidents_page_begin(core);
	for (i = 0; i < n; i++)
		incidents_page_component(core, "page", id_of(i), id_of(i),
		    PAGE_OPERATIONAL);
	incidents_page_end(core);
	work();
}

static void
pass(uint64_t ms)
{
	uint64_t until = now + ms, wake;

	while ((wake = incidents_wake(core)) <= until) {
		now = wake > now ? wake : now;
		work();
	}
	now = until;
}

/* apart: one after the other. */
static void
all_are(enum health health, bool apart)
{
	struct health_report r = { .health = health, .detail = "" };
	unsigned i;

	for (i = 0; i < n; i++) {
		r.since = now;
		r.component = id_of(i);
		incidents_health(core, &r, now);
		work();
		if (apart)
			pass(60 * S);
	}
	pass(120 * S);
}

static void
keep_history(void)
{
	char *key, *value;

	history_day(history, now);
	while (history_next(history, &key, &value)) {
		stand(&shared, key, value, shared_no_room);
		free(key);
		free(value);
	}
}

static void
keep_orders(void)
{
	char key[ORDER_KEY_SIZE], reason[ORDER_REASON_MAX + 1] = "",
	    by[ORDER_BY_MAX + 1] = "", *record;
	struct order order = { now, now + DAY, reason, by };
	unsigned i;

	memset(reason, '"', sizeof(reason) - 1);
	memset(by, 'x', sizeof(by) - 1);
	assert_non_null(record = order_render(&order));
	for (i = 0; i < ORDERS; i++) {
		order_key(i % 2 == 0 ? ORDER_SILENCE : ORDER_MAINTENANCE,
		    id_of(i), key);
		stand(&shared, key, record, shared_no_room);
	}
	free(record);
}

static void
clear(void)
{
	history_free(history);
	incidents_free(core);
	conf_free(conf);
	state_clear(&state);
	state_clear(&shared);
}

static void
all_down(unsigned components, unsigned publish, bool apart)
{
	n = components;
	configure(publish);
	all_are(HEALTH_OK, false);
	all_are(HEALTH_MAJOR, apart);
	keep_history();
	print_message("%u down: %u keys, %zu bytes; shared %u keys, %zu bytes; "
	    "at most %u in one\n", n, state.count, state.bytes, shared.count,
	    shared.bytes, largest);
	assert_true(state.count > 0 && shared.count > n);
}

static void
test_together(void **unused)
{
	unsigned day;

	(void)unused;
	all_down(N, PUBLISH_INCIDENTS | PUBLISH_STATUSES, false);
	keep_orders();
	/* They stay so, until no more days are kept. */
	for (day = 0; day < 6; day++) {
		now += DAY;
		keep_history();
	}
	print_message("later: shared %u keys, %zu bytes\n", shared.count,
	    shared.bytes);
	clear();
}

static void
test_statuses_alone(void **unused)
{
	(void)unused;
	all_down(N, PUBLISH_STATUSES, false);
	assert_true(state.count >= N);
	clear();
}

/* Each has an incident of its own: counted for some, and for all by that. */
static void
test_each_alone(void **unused)
{
	(void)unused;
	all_down(N / 20, PUBLISH_INCIDENTS | PUBLISH_STATUSES, true);
	assert_true(created >= n);
	assert_true(state.bytes * 20 <= STATE_BYTES_MAX);
	assert_true(state.count * 20 <= STATE_ITEMS_MAX);
	clear();
}

/* However much of it there is, an order has room. */
static void
test_history_full(void **unused)
{
	char key[64], *value;
	const char *why = NULL;
	unsigned i;

	(void)unused;
	state_init(&shared);
	shared.max = SHARED_BYTES_MAX;
	assert_non_null(value = calloc(1, 16001));
	memset(value, 'x', 16000);
	for (i = 0; why == NULL && i < 1000; i++) {
		snprintf(key, sizeof(key), "history/log/%u", i);
		if ((why = shared_no_room(&shared, key, 16000)) == NULL)
			state_want(&shared, state_need(&shared, key),
			    value_new(value, 16000));
	}
	assert_non_null(why);
	assert_non_null(strstr(why, "history"));
	/* What is there may change. */
	assert_null(shared_no_room(&shared, "history/log/1", 16000));
	keep_orders();
	state_clear(&shared);
	/* Nor do many small ones keep it out. */
	for (i = 0; i < STATE_ITEMS_MAX; i++) {
		snprintf(key, sizeof(key), "history/days/%u", i);
		if (shared_no_room(&shared, key, 1) == NULL)
			state_want(&shared, state_need(&shared, key),
			    value_new(value, 1));
	}
	keep_orders();
	state_clear(&shared);
	free(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_statuses_alone),
		cmocka_unit_test(test_each_alone),
		cmocka_unit_test(test_history_full),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
