/* The hash table: above all that a walk in parts survives what happens between
 * them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/table.h"

#define N	3000

struct thing {
	struct link	link;
	unsigned	seen;
	bool		in;
};

static struct table t;
static struct thing things[N];

static void
put(unsigned i)
{
	char name[32];

	snprintf(name, sizeof(name), "thing-%u", i);
	table_add(&t, &things[i].link, table_hash(name));
	things[i].in = true;
	things[i].seen = 0;
}

static void
see(const struct link *l, void *arg)
{
	(*(unsigned *)arg)++;
	things[(const struct thing *)l - things].seen++;
}

static void
see_all(struct link *l, void *arg)
{
	see(l, arg);
}

static int
clear(void **state)
{
	(void)state;
	memset(things, 0, sizeof(things));
	table_clear(&t);
	return (0);
}

static void
test_find(void **state)
{
	struct link *l;
	unsigned i, n = 0;

	(void)state;
	assert_null(table_first(&t, 1));
	for (i = 0; i < N; i++)
		put(i);
	table_each(&t, see_all, &n);
	assert_int_equal(n, N);
	for (i = 0; i < N; i++)
		assert_int_equal(things[i].seen, 1);
	for (i = 0; i < N; i += 2)
		table_remove(&t, &things[i].link);
	assert_int_equal(t.count, N / 2);
	for (i = 0; i < N; i++) {
		for (l = table_first(&t, things[i].link.hash); l != NULL &&
		    l != &things[i].link; l = table_next(l))
			;
		assert_int_equal(l != NULL, i % 2);
	}
}

/* It grows to 16 times its size meanwhile, and things go. */
static void
test_parts(void **state)
{
	unsigned i, next = 0, n = 0, round, was;
	uint64_t cursor;

	(void)state;
	assert_int_equal(table_part(&t, 0, see, &n), 0);
	for (round = 0; round < 50; round++) {
		clear(NULL);
		was = round * 4;
		for (next = 0; next < was; next++)
			put(next);
		n = 0;
		cursor = 0;
		do {
			cursor = table_part(&t, cursor, see, &n);
			for (i = 0; i < round && next < N; i++)
				put(next++);
			/* Those at the end of what was there go. */
			if (round % 2 == 1 && was > 10) {
				was--;
				table_remove(&t, &things[was].link);
				things[was].in = false;
			}
		} while (cursor != 0);
		for (i = 0; i < was; i++)
			assert_int_equal(things[i].seen, 1);
		for (; i < next; i++)
			assert_true(things[i].seen <= 1);
	}
}

/* Any number is a cursor, and leads to the end. */
static void
test_any_cursor(void **state)
{
	uint64_t cursor = 0xdeadbeefdeadbeefULL;
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		put(i);
	for (i = 0; cursor != 0; i++) {
		assert_true(i <= t.nbucket);
		cursor = table_part(&t, cursor, see, &n);
	}
}

int
main(void)
{
#define T(f)	cmocka_unit_test_teardown(f, clear)
	const struct CMUnitTest tests[] = {
		T(test_find), T(test_parts), T(test_any_cursor),
	};

	return (cmocka_run_group_tests_name("table", tests, NULL, NULL));
}
