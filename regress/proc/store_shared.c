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
	const char *at = strstr(sim_state(), "\"watch\": ");

	return (at == NULL ? 0 : atoi(at + strlen("\"watch\": ")));
}

/* A node that once was silent may have left the watch in silence, too. */
static void
test_watch_suspect(void **unused)
{
	int before;

	(void)unused;
	two();
	share_is(&a, 2, KEY1, "one", 'D');
	WAIT(told(&b, KEY1, "one"));
	before = watches_so_far();
	command("fault", "{\"kind\": \"nothing\", \"match\": \"kv/range\"}");
	WAIT(watches_so_far() > before);
	share_is(&a, 3, KEY1, "two", 'D');
	WAIT(told(&b, KEY1, "two"));
}

/* Whoever asks is told that etcd cannot be reached. */
static void
test_unreachable(void **unused)
{
	(void)unused;
	two();
	server_kill(&sim);
	share_is(&b, 2, KEY1, "one", 'F');
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

static void
test_nonsense(void **unused)
{
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
		T(test_unreachable),
		T(test_lost_answer),
		T(test_nonsense),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
