/* The history: what is news, how long the page showed what, and its records. */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../notifier/history.h"

#define S		1000ULL
#define DAY		(86400 * S)
#define MIDNIGHT	1767225600000ULL	/* 2026-01-01 */
#define FIRST		20454			/* that day */

static struct annals *h;
static uint64_t	 now;

/* What a store would hold. */
static struct { char key[64]; char *value; } record[200];
static unsigned	 nrecord, nwrite;
static size_t	 longest;

static int
setup(void **state)
{
	(void)state;
	h = history_new();
	now = MIDNIGHT + 12 * 3600 * S;
	nrecord = nwrite = 0;
	longest = 0;
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	history_free(h);
	while (nrecord > 0)
		free(record[--nrecord].value);
	return (0);
}

static void
happens(enum history kind, const char *component, unsigned to)
{
	struct incident_event event = {
		.kind = kind,
		.component = component,
		.name = "",
		.incident = "",
		.to = to,
		.text = ""
	};

	history_add(h, &event, now);
}

static void
store_all(void)
{
	char *key, *value;
	unsigned n;

	while (history_next(h, &key, &value)) {
		nwrite++;
		for (n = 0; n < nrecord && strcmp(record[n].key, key) != 0; n++)
			;
		assert_true(n < 200);
		if (n == nrecord) {
			nrecord++;
			record[n].value = NULL;
		}
		if (value != NULL && strlen(value) > longest)
			longest = strlen(value);
		strlcpy(record[n].key, key, sizeof(record[n].key));
		free(record[n].value);
		record[n].value = value;
		free(key);
	}
	assert_false(history_dirty(h));
}

/* As after a takeover: in any order. */
static void
again(void)
{
	unsigned n;

	store_all();
	history_free(h);
	h = history_new();
	for (n = nrecord; n > 0; n--)
		if (record[n - 1].value != NULL)
			assert_int_equal(history_restore(h, record[n - 1].key,
			    record[n - 1].value,
			    strlen(record[n - 1].value)), 0);
	assert_false(history_dirty(h));
}

static char	 list[8192];

static void
add_entry(const struct history_entry *e, void *arg)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%d %s %s %u>%u %s;", (int)e->kind,
	    e->component, e->incident, e->from, e->to, e->name);
	strlcat(list, line, sizeof(list));
}

static const char *
listed(const char *component)
{
	list[0] = '\0';
	history_each(h, component, add_entry, NULL);
	return (list);
}

static void
test_news(void **state)
{
	(void)state;
	/* That all is well at first is none; nor is it that nothing is known. */
	happens(HISTORY_HEALTH, "a", HEALTH_OK);
	happens(HISTORY_HEALTH, "a", HEALTH_UNKNOWN);
	happens(HISTORY_HEALTH, "a", HEALTH_IDLE);
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	assert_string_equal(listed(NULL), "");
	happens(HISTORY_HEALTH, "a", HEALTH_MAJOR);
	happens(HISTORY_HEALTH, "a", HEALTH_UNKNOWN);
	happens(HISTORY_HEALTH, "a", HEALTH_MAJOR);
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	happens(HISTORY_HEALTH, "a", HEALTH_OK);
	assert_string_equal(listed(NULL), "0 a  2>6 ;1 a  0>4 ;0 a  6>1 ;");
	/* The same after a restart. */
	again();
	happens(HISTORY_HEALTH, "a", HEALTH_OK);
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	assert_string_equal(listed(NULL), "0 a  2>6 ;1 a  0>4 ;0 a  6>1 ;");
}

static void
test_orders(void **state)
{
	(void)state;
	happens(HISTORY_SILENCE, "a", 1);
	again();
	happens(HISTORY_SILENCE, "a", 1);
	happens(HISTORY_MAINTENANCE, "a", 1);
	happens(HISTORY_SILENCE, "b", 1);
	happens(HISTORY_SILENCE, "a", 0);
	happens(HISTORY_SILENCE, "a", 1);
	assert_string_equal(listed("a"), "3 a  0>1 ;4 a  0>1 ;3 a  0>0 ;"
	    "3 a  0>1 ;");
}

static void
test_incidents(void **state)
{
	struct incident_event event = { .kind = HISTORY_INCIDENT,
	    .component = "", .name = "a is down", .incident = "incident/1",
	    .to = PHASE_INVESTIGATING, .text = "" };
	struct incident_event page = { .kind = HISTORY_PAGE, .component = "a",
	    .name = "A", .incident = "incident/1", .to = PAGE_MAJOR,
	    .text = "" };

	(void)state;
	history_add(h, &page, now);
	history_add(h, &event, now);
	happens(HISTORY_HEALTH, "b", HEALTH_MAJOR);
	again();
	assert_string_equal(listed("a"), "1 a incident/1 0>4 ;"
	    "2  incident/1 0>0 a is down;");
	assert_string_equal(listed("b"), "0 b  1>6 ;");
	list[0] = '\0';
	history_each_of(h, "incident/1", add_entry, NULL);
	assert_string_equal(list, "1 a incident/1 0>4 ;"
	    "2  incident/1 0>0 a is down;");
}

static void
count_entry(const struct history_entry *e, void *arg)
{
	uint64_t *at = arg;

	/* In order, none twice. */
	assert_true(e->at > at[0]);
	at[0] = e->at;
	at[1]++;
}

/* However much happens, it is bounded, and the newest is there. */
static void
test_bounded(void **state)
{
	struct incident_event event = { .kind = HISTORY_INCIDENT,
	    .component = "", .incident = "incident/1767225600000",
	    .to = PHASE_MAX - 1 };
	char name[300], text[300];
	uint64_t seen[2] = { 0, 0 };
	unsigned n;

	(void)state;
	memset(name, '"', sizeof(name) - 1);
	memset(text, 'x', sizeof(text) - 1);
	name[sizeof(name) - 1] = text[sizeof(text) - 1] = '\0';
	event.name = name;
	event.text = text;
	for (n = 0; n < 5000; n++) {
		now += S;
		event.name = n % 5 == 0 ? name : "short";
		history_add(h, &event, now);
		if (n % 100 == 0)
			store_all();
	}
	history_each(h, NULL, count_entry, seen);
	assert_int_equal(seen[0], now);
	assert_true(seen[1] > 500 && seen[1] <= 2048);
	again();
	n = (unsigned)seen[1];
	seen[0] = seen[1] = 0;
	history_each(h, NULL, count_entry, seen);
	assert_int_equal(seen[1], n);
	assert_int_equal(seen[0], now);
	assert_true(nrecord <= 32);
	assert_true(longest <= 16384);
}

static void
add_days(const struct history_days *d, void *arg)
{
	const struct history_day *day;
	char line[128];
	unsigned n;

	(void)arg;
	snprintf(line, sizeof(line), "%s %u:", d->component, d->first - FIRST);
	strlcat(list, line, sizeof(list));
	for (n = 0; n < d->nday; n++) {
		day = &d->day[n];
		snprintf(line, sizeof(line), " %u/%u,%u,%u,%u",
		    day->day - FIRST, day->seconds[PAGE_MAINTENANCE],
		    day->seconds[PAGE_DEGRADED], day->seconds[PAGE_PARTIAL],
		    day->seconds[PAGE_MAJOR]);
		strlcat(list, line, sizeof(list));
	}
	strlcat(list, ";", sizeof(list));
}

static const char *
days(void)
{
	list[0] = '\0';
	history_each_days(h, now, add_days, NULL);
	return (list);
}

static void
test_days(void **state)
{
	(void)state;
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	happens(HISTORY_PAGE, "b", PAGE_MAINTENANCE);
	now += 90 * S;
	happens(HISTORY_PAGE, "b", PAGE_OPERATIONAL);
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	now += 30 * S;
	assert_string_equal(days(), "a 0: 0/0,0,0,30;b 0: 0/90,0,0,0;");
	happens(HISTORY_PAGE, "a", PAGE_DEGRADED);
	/* Over midnight, and over a restart. */
	now = MIDNIGHT + DAY - 10 * S;
	again();
	now = MIDNIGHT + DAY + 20 * S;
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	happens(HISTORY_PAGE, "c", PAGE_OPERATIONAL);
	now += 3600 * S;
	assert_string_equal(days(), "a 0: 0/0,43080,0,30 1/0,20,0,0;"
	    "b 0: 0/90,0,0,0;c 1:;");
	again();
	assert_string_equal(days(), "a 0: 0/0,43080,0,30 1/0,20,0,0;"
	    "b 0: 0/90,0,0,0;c 1:;");
	/* What is not on the page is not counted. */
	happens(HISTORY_PAGE, "c", PAGE_STATUS_MAX);
	now += 3600 * S;
	assert_non_null(strstr(days(), "c 1:;"));
	/* However short it was; asked in between or not. */
	happens(HISTORY_PAGE, "b", PAGE_PARTIAL);
	now += S / 5;
	happens(HISTORY_PAGE, "b", PAGE_MAJOR);
	now += S * 11 / 10;
	assert_non_null(strstr(days(), "b 0: 0/90,0,0,0 1/0,0,1,1;"));
	now += S / 10;
	happens(HISTORY_PAGE, "b", PAGE_OPERATIONAL);
	assert_non_null(strstr(days(), "b 0: 0/90,0,0,0 1/0,0,1,2;"));
}

/* What it was before is said with what it becomes. */
static void
test_from(void **state)
{
	(void)state;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	happens(HISTORY_PAGE, "a", PAGE_DEGRADED);
	assert_string_equal(listed(NULL), "1 a  0>4 ;1 a  4>2 ;");
}

static void
keep_name(const struct history_entry *e, void *arg)
{
	(void)arg;
	strlcpy(list, e->name, sizeof(list));
}

/* A long name is not cut within a character. */
static void
test_long_name(void **state)
{
	struct incident_event event = { .kind = HISTORY_INCIDENT,
	    .component = "", .incident = "incident/1", .text = "" };
	char name[302] = "";
	unsigned n;

	(void)state;
	for (n = 0; n < 150; n++)
		strlcat(name, "\xc3\xa9", sizeof(name));
	event.name = name;
	history_add(h, &event, now);
	again();
	history_each(h, NULL, keep_name, NULL);
	assert_int_equal(strlen(list), 254);
	assert_memory_equal(list, name, 254);
}

/* Whatever the clock does: no day is longer than one, none comes twice. */
static void
test_clock_set_back(void **state)
{
	(void)state;
	now = MIDNIGHT + DAY;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	now += 20 * 3600 * S;
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	now = MIDNIGHT + DAY;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	now += 20 * 3600 * S;
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	now = MIDNIGHT + 12 * 3600 * S;
	happens(HISTORY_PAGE, "a", PAGE_DEGRADED);
	now += 10 * S;
	assert_string_equal(days(), "a 1: 1/0,10,0,86400;");
	again();
	assert_string_equal(days(), "a 1: 1/0,10,0,86400;");
}

/* Days far ahead, by a clock that was wrong once, go when it is right. */
static void
test_days_ahead(void **state)
{
	static const char record_of_2030[] = "{\"v\":1,\"status\":"
	    "\"OPERATIONAL\",\"at\":\"2026-01-01T00:00:00Z\",\"days\":"
	    "{\"2026-01-01\":[0,0,0,7],\"2030-01-01\":[0,0,0,9]}}";

	(void)state;
	assert_int_equal(history_restore(h, "history/days/a", record_of_2030,
	    strlen(record_of_2030)), 0);
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	now += 10 * S;
	assert_non_null(strstr(days(), ": 0/0,0,0,17;"));
}

static void
count_days(const struct history_days *d, void *arg)
{
	*(unsigned *)arg += d->nday;
}

/* However many are down for however long, memory is bounded; what is read again
 * and again, as another one writes it, takes no more. */
static void
test_days_are_bounded(void **state)
{
	unsigned n, sum = 0;
	char id[16];

	(void)state;
	for (n = 0; n < 600; n++) {
		snprintf(id, sizeof(id), "c%u", n);
		happens(HISTORY_PAGE, id, PAGE_MAJOR);
	}
	for (n = 0; n < 80; n++) {
		now += DAY;
		history_day(h, now);
	}
	history_each_days(h, now, count_days, &sum);
	assert_int_equal(sum, 40000);
	history_free(h);
	h = history_new();
	now = MIDNIGHT + 12 * 3600 * S;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	for (n = 0; n < 80; n++) {
		now += DAY;
		history_day(h, now);
	}
	store_all();
	for (n = 0; n < nrecord; n++)
		if (strcmp(record[n].key, "history/days/a") == 0)
			break;
	assert_true(n < nrecord);
	for (sum = 0; sum < 600; sum++)
		assert_int_equal(history_restore(h, record[n].key,
		    record[n].value, strlen(record[n].value)), 0);
	happens(HISTORY_PAGE, "b", PAGE_MAJOR);
	now += 10 * S;
	assert_non_null(strstr(days(), "b 80: 80/0,0,0,10;"));
}

/* What was never written is not deleted, nor is what is not there any more
 * written. */
static void
test_nothing_to_delete(void **state)
{
	unsigned n;

	(void)state;
	happens(HISTORY_PAGE, "a", PAGE_STATUS_MAX);
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	store_all();
	for (n = 0; n < nrecord; n++)
		assert_string_not_equal(record[n].key, "history/days/a");
	history_free(h);
	h = history_new();
	history_again(h, "history/log/01");
	assert_false(history_dirty(h));
}

/* Days that are over are written, old ones go. */
static void
test_old_days(void **state)
{
	unsigned n;

	(void)state;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	store_all();
	for (n = 0; n < 200; n++) {
		now += DAY;
		history_day(h, now);
		assert_true(history_dirty(h));
	}
	again();
	days();
	assert_non_null(strstr(list, "a 0: 111/0,0,0,86400 "));
	assert_non_null(strstr(list, " 200/0,0,0,43200;"));
	happens(HISTORY_PAGE, "a", PAGE_OPERATIONAL);
	for (n = 0; n < 90; n++) {
		now += DAY;
		history_day(h, now);
	}
	store_all();
	assert_string_equal(days(), "a 0:;");
	/* Nothing is left to be remembered but that it is known. */
	for (n = 0; n < nrecord; n++)
		if (strcmp(record[n].key, "history/days/a") == 0)
			assert_null(record[n].value);
}

/* What is quiet costs nothing. */
static void
test_many(void **state)
{
	char id[32];
	unsigned n;

	(void)state;
	for (n = 0; n < 10000; n++) {
		snprintf(id, sizeof(id), "ckf01fvnxywz50a35nh%05u", n);
		happens(HISTORY_PAGE, id, PAGE_OPERATIONAL);
	}
	store_all();
	assert_true(nwrite < 60);
	assert_true(longest <= 16384);
	for (n = 0; n < 10000; n++) {
		snprintf(id, sizeof(id), "ckf01fvnxywz50a35nh%05u", n);
		happens(HISTORY_PAGE, id, PAGE_OPERATIONAL);
	}
	assert_false(history_dirty(h));
}

static void
test_write_failed(void **state)
{
	char *key, *value;

	(void)state;
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	while (history_next(h, &key, &value)) {
		history_again(h, key);
		/* Each comes again. */
		if (++nwrite == 9) {
			free(key);
			free(value);
			break;
		}
		free(key);
		free(value);
	}
	assert_int_equal(nwrite, 9);
	again();
	assert_string_equal(listed(NULL), "1 a  0>4 ;");
}

static void
test_nonsense(void **state)
{
	static const char *const bad[][2] = {
		{ "history/log/00", "" "{" },
		{ "history/log/00", "{\"v\":1,\"n\":1,\"entries\":[]}" },
		{ "history/log/01", "{\"v\":1,\"n\":1,\"entries\":[{}]}" },
		{ "history/log/01", "{\"v\":1,\"n\":1,\"entries\":[{\"at\":"
		    "\"2026-01-01T00:00:00Z\",\"kind\":\"page\","
		    "\"to\":\"PURPLE\"}]}" },
		{ "history/log/01", "{\"v\":2,\"n\":1,\"entries\":[]}" },
		{ "history/log/01", "{\"v\":1,\"n\":-1}" },
		{ "history/first/000", "{\"v\":1}" },
		{ "history/first/999", "{\"v\":1,\"day\":\"2026-01-01\","
		    "\"components\":[]}" },
		{ "history/first/000", "{\"v\":1,\"day\":\"2026-01-01\","
		    "\"components\":[1]}" },
		{ "history/days/a", "{\"v\":1,\"status\":\"PURPLE\",\"at\":"
		    "\"2026-01-01T00:00:00Z\"}" },
		{ "history/days/a", "{\"v\":1,\"status\":\"OPERATIONAL\"}" },
		{ "history/days/a", "{\"v\":1,\"status\":\"OPERATIONAL\","
		    "\"at\":\"2026-01-01T00:00:00Z\",\"days\":"
		    "{\"2026-01-02\":[1,2,3]}}" },
		{ "history/days/a", "{\"v\":1,\"status\":\"OPERATIONAL\","
		    "\"at\":\"2026-01-01T00:00:00Z\",\"days\":"
		    "{\"2026-01-02\":[1,2,3,99999999]}}" },
		{ "history/days/a", "{\"v\":1,\"status\":\"OPERATIONAL\","
		    "\"at\":\"2026-01-01T00:00:00Z\",\"days\":"
		    "{\"2026-01-02\":[1,2,3,4],\"2026-01-01\":[1,2,3,4]}}" },
		{ "history/days/", "{\"v\":1}" },
		{ "history/other", "{\"v\":1}" },
		{ "operator/silence/a", "{\"v\":1}" },
	};
	unsigned n;

	(void)state;
	for (n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		if (history_restore(h, bad[n][0], bad[n][1],
		    strlen(bad[n][1])) != -1)
			fail_msg("taken: %s %s", bad[n][0], bad[n][1]);
	/* It goes on all the same. */
	happens(HISTORY_PAGE, "a", PAGE_MAJOR);
	now += 5 * S;
	again();
	assert_non_null(strstr(days(), "a 0: 0/0,0,0,5;"));
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_news),
		T(test_orders),
		T(test_incidents),
		T(test_bounded),
		T(test_from),
		T(test_long_name),
		T(test_days),
		T(test_clock_set_back),
		T(test_days_ahead),
		T(test_days_are_bounded),
		T(test_nothing_to_delete),
		T(test_old_days),
		T(test_many),
		T(test_write_failed),
		T(test_nonsense),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
