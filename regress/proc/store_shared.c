/* What all replicas share: written by one, told to all, kept. */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "store_ends.h"

#define KEY1	"operator/silence/c1"

static bool
told(const struct store *s, const char *key, const char *value)
{
	const char *is = shared_value(s, key);

	return (is != NULL && strcmp(is, value) == 0);
}

static void
share_is(struct store *s, uint32_t id, const char *key, const char *value,
    char want)
{
	share(s, id, key, value);
	WAIT(s->answer[id] != '\0');
	if (s->answer[id] != want)
		fail_msg("%s: %c, %s", key, s->answer[id], s->why);
}

static void
test_embedded(void **unused)
{
	(void)unused;
	store_start(&a, dir);
	configure(&a, &embedded);
	WAIT(a.shared_known);
	assert_string_equal(a.shared, "");
	share_is(&a, 1, KEY1, "one", 'D');
	assert_true(told(&a, KEY1, "one"));
	share_is(&a, 2, "history/c1", "h", 'D');
	share_is(&a, 3, "operator/silence/c2", "two", 'D');
	share_is(&a, 4, "operator/silence/c2", "", 'D');
	assert_true(told(&a, "operator/silence/c2", ""));
	share_is(&a, 5, "a//b", "x", 'F');
	child_expect_log(&a.child, "a//b");
	put_is(&a, 6, KEY1, "state", 'D');
	store_kill(&a);
	store_start(&a, dir);
	configure(&a, &embedded);
	WAIT(a.shared_known);
	assert_string_equal(a.shared, "history/c1=h;" KEY1 "=one;");
	/* It is apart from the state. */
	loads(&a, 1, KEY1 "=state;");
	/* A notifier that is new gets all of it. */
	close(a.notifier);
	a.notifier = child_link(&a.child, ROLE_NOTIFIER, 0);
	a.shared_known = false;
	WAIT(a.shared_known);
	assert_string_equal(a.shared, "history/c1=h;" KEY1 "=one;");
}

static void
two(void)
{
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	store_on_sim(&b, &hold);
	WAIT(b.reachable && !b.speaks);
	WAIT(a.shared_known && b.shared_known);
}

static void
two_that_share(void)
{
	two();
	share_is(&a, 2, KEY1, "one", 'D');
	WAIT(told(&b, KEY1, "one"));
}

/* All that were asked, from 2 on, are answered alike. */
static void
answers_are(const struct store *s, uint32_t last, char want)
{
	uint32_t id;

	for (id = 2; id <= last; id++)
		WAIT(s->answer[id] != '\0');
	for (id = 2; id <= last; id++)
		assert_int_equal(s->answer[id], want);
}

static void
test_two(void **unused)
{
	(void)unused;
	two();
	/* Given to the one that does not lead, it holds for both. */
	share_is(&b, 2, KEY1, "one", 'D');
	assert_true(told(&b, KEY1, "one"));
	WAIT(told(&a, KEY1, "one"));
	share_is(&a, 2, KEY1, "two", 'D');
	WAIT(told(&b, KEY1, "two"));
	assert_true(sim_holds(KEY("shared/" KEY1), "two"));
	share_is(&a, 3, KEY1, "", 'D');
	WAIT(told(&b, KEY1, ""));
	/* Somebody does it with etcdctl. */
	command("put", "{\"key\": \"" KEY("shared/" KEY1) "\", "
	    "\"value\": \"by hand\"}");
	WAIT(told(&a, KEY1, "by hand") && told(&b, KEY1, "by hand"));
	/* History is for the leader to write. */
	share_is(&b, 4, "history/c1", "b", 'F');
	HAS(b.why, "does not lead");
	share_is(&a, 5, "history/c1", "a", 'D');
	WAIT(told(&b, "history/c1", "a"));
}

/* The heir knows what was given to either, before it speaks. */
static void
test_takeover(void **unused)
{
	(void)unused;
	two();
	share_is(&a, 2, KEY1, "one", 'D');
	load(&b, 3);
	store_kill(&a);
	WAIT(b.answer[3] == 'L');
	assert_true(told(&b, KEY1, "one"));
	share_is(&b, 4, "history/c1", "b", 'D');
	store_on_sim(&a, &hold);
	WAIT(a.shared_known);
	assert_true(told(&a, KEY1, "one"));
	assert_true(told(&a, "history/c1", "b"));
}

/* A load is not answered before what is shared is known. */
static void
test_known_first(void **unused)
{
	(void)unused;
	sim_start("");
	command("put", "{\"key\": \"" KEY("shared/" KEY1) "\", "
	    "\"value\": \"there\"}");
	store_start(&a, "");
	a.port[0] = sim.port;
	load(&a, 1);
	configure(&a, &hold);
	WAIT(a.answer[1] == 'L');
	assert_true(a.shared_known);
	assert_true(told(&a, KEY1, "there"));
}

static void
test_watch_ends(void **unused)
{
	(void)unused;
	two();
	command("end_watches", "{}");
	share_is(&a, 2, KEY1, "one", 'D');
	WAIT(told(&b, KEY1, "one"));
	/* What it would have told of is gone. */
	command("end_watches", "{\"compact\": true}");
	command("put", "{\"key\": \"" KEY("shared/operator/x") "\", "
	    "\"value\": \"new\"}");
	command("delete", "{\"key\": \"" KEY("shared/" KEY1) "\"}");
	WAIT(told(&a, "operator/x", "new") && told(&b, "operator/x", "new"));
	WAIT(told(&a, KEY1, "") && told(&b, KEY1, ""));
}

static int
watches_so_far(void)
{
	const char *at = strstr(sim_state(), "\"watches_asked\": ");

	assert_non_null(at);
	return (atoi(at + strlen("\"watches_asked\": ")));
}

/* A node that once was silent may have left the watch in silence, too. */
static void
test_watch_suspect(void **unused)
{
	int before;

	(void)unused;
	two_that_share();
	before = watches_so_far();
	command("fault", "{\"kind\": \"nothing\", \"match\": \"kv/range\"}");
	WAIT(watches_so_far() > before);
	share_is(&a, 3, KEY1, "two", 'D');
	WAIT(told(&b, KEY1, "two"));
}

/* A watch that is not even acknowledged, on a connection that died in silence. */
static void
test_watch_unanswered(void **unused)
{
	int before;

	(void)unused;
	two_that_share();
	before = watches_so_far();
	command("fault", "{\"kind\": \"nothing\", \"match\": \"v3/watch\"}");
	command("end_watches", "{}");
	/* Two, and the one that was in vain again. */
	WAIT(watches_so_far() > before + 2);
	share_is(&a, 3, KEY1, "two", 'D');
	WAIT(told(&b, KEY1, "two"));
}

/* Whoever asks is told that etcd cannot be reached, and nobody that it was done. */
static void
test_unreachable(void **unused)
{
	(void)unused;
	two();
	server_kill(&sim);
	share(&b, 2, KEY1, "one");
	share(&b, 3, KEY1, "two");
	share(&b, 4, KEY1, "three");
	answers_are(&b, 4, 'F');
	HAS(b.why, "etcd");
	child_expect_log(&a.child, "etcd");
	child_expect_log(&b.child, "etcd");
}

/* The answer is lost: it is asked again, and says the same. */
static void
test_lost_answer(void **unused)
{
	(void)unused;
	two();
	command("fault", "{\"kind\": \"close_after\", \"match\": \"kv/txn\"}");
	share_is(&b, 2, KEY1, "one", 'D');
	WAIT(told(&a, KEY1, "one"));
	command("fault", "{\"kind\": \"no_space\", \"match\": \"kv/txn\"}");
	share_is(&b, 3, KEY1, "two", 'F');
	HAS(b.why, "space");
	child_expect_log(&b.child, "space");
}

/* Two orders for one thing: each is answered as it went. */
static void
test_same_key(void **unused)
{
	(void)unused;
	two();
	command("fault", "{\"kind\": \"close_after\", \"match\": \"kv/txn\"}");
	share(&b, 2, KEY1, "one");
	share(&b, 3, KEY1, "two");
	share(&b, 4, "operator/silence/c2", "other");
	share(&b, 5, KEY1, "three");
	answers_are(&b, 5, 'D');
	assert_true(sim_holds(KEY("shared/" KEY1), "three"));
	WAIT(told(&a, KEY1, "three"));
	assert_true(told(&b, KEY1, "three"));
}

/* That nothing can be watched keeps nobody from writing. */
static void
test_no_watch(void **unused)
{
	unsigned n;
	int before;

	(void)unused;
	two();
	before = watches_so_far();
	command("fault", "{\"kind\": \"unavailable\", \"match\": \"watch\", "
	    "\"count\": -1}");
	command("end_watches", "{}");
	/* Until the next try is a while away. */
	WAIT(watches_so_far() >= before + 8);
	for (n = 2; n < 5; n++) {
		share_is(&a, n, KEY1, n % 2 == 0 ? "one" : "two", 'D');
		share_is(&b, n, KEY1, n % 2 == 0 ? "two" : "one", 'D');
	}
	assert_true(told(&b, KEY1, "two"));
	child_expect_log(&a.child, "cannot be watched");
	child_expect_log(&b.child, "cannot be watched");
}

/* Who leads no more writes no history, not even what waited. */
static void
test_deposed(void **unused)
{
	char key[64];
	uint32_t id;

	(void)unused;
	two();
	command("fault", "{\"kind\": \"unavailable\", \"match\": \"kv/txn\", "
	    "\"count\": -1}");
	command("expire_leases", "{}");
	for (id = 2; a.speaks && id < 100; id++) {
		snprintf(key, sizeof(key), "history/c%u", id);
		share(&a, id, key, "late");
		pump_for(300);
	}
	assert_false(a.speaks);
	command("clear", "{}");
	while (--id >= 2) {
		WAIT(a.answer[id] != '\0');
		assert_int_equal(a.answer[id], 'F');
	}
	HAS(sim_state(), "requests");
	assert_null(strstr(sim_state(), "history/c"));
	child_expect_log(&a.child, "etcd");
	child_expect_log(&b.child, "etcd");
}

/* What the watch tells late is no news. */
static void
test_late_watch(void **unused)
{
	(void)unused;
	two();
	command("hold_watches", "{\"hold\": true}");
	share_is(&b, 2, KEY1, "one", 'D');
	share_is(&b, 3, KEY1, "", 'D');
	share_is(&b, 4, "operator/silence/c2", "one", 'D');
	/* What it never heard of, too. */
	share_is(&a, 2, "operator/silence/c2", "", 'D');
	share_is(&a, 3, "operator/silence/c3", "end", 'D');
	command("hold_watches", "{\"hold\": false}");
	WAIT(told(&b, "operator/silence/c3", "end"));
	assert_string_equal(b.shared, KEY1 "=one;" KEY1 "=;"
	    "operator/silence/c2=one;operator/silence/c2=;"
	    "operator/silence/c3=end;");
	share_is(&b, 5, KEY1, "again", 'D');
	WAIT(told(&a, KEY1, "again"));
	assert_string_equal(a.shared, "operator/silence/c3=end;"
	    KEY1 "=one;" KEY1 "=;" KEY1 "=again;");
	/* And it may be made anew. */
	share_is(&a, 4, "operator/silence/c2", "new", 'D');
	WAIT(told(&b, "operator/silence/c2", "new"));
}

static void
test_nonsense(void **unused)
{
	static char large[16386], text[sizeof(large) + 128];

	(void)unused;
	sim_start("");
	command("put", "{\"key\": \"" KEY("shared/a//b") "\", "
	    "\"value\": \"x\"}");
	store_on_sim(&a, &hold);
	WAIT(a.shared_known);
	child_expect_log(&a.child, "a//b");
	command("put", "{\"key\": \"" KEY("shared/..") "\", "
	    "\"value\": \"x\"}");
	command("put", "{\"key\": \"" KEY("shared/ok") "\", "
	    "\"value\": \"x\"}");
	WAIT(told(&a, "ok", "x"));
	assert_null(shared_value(&a, ".."));
	assert_null(shared_value(&a, "a//b"));
	/* What is too large is none, here as where it is read anew. */
	memset(large, 'x', sizeof(large) - 1);
	snprintf(text, sizeof(text), "{\"key\": \"" KEY("shared/ok") "\", "
	    "\"value\": \"%s\"}", large);
	command("put", text);
	WAIT(told(&a, "ok", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_embedded),
		T(test_two),
		T(test_takeover),
		T(test_known_first),
		T(test_watch_ends),
		T(test_watch_suspect),
		T(test_watch_unanswered),
		T(test_unreachable),
		T(test_lost_answer),
		T(test_same_key),
		T(test_no_watch),
		T(test_deposed),
		T(test_late_watch),
		T(test_nonsense),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
