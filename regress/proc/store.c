/* The store on the embedded database and, if there is one, on a real etcd. */
#include <bsd/string.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "store_ends.h"

static struct server	 real;
static bool		 have_etcd;

/* -- embedded -------------------------------------------------------------- */

static void
test_embedded(void **unused)
{
	(void)unused;
	store_start(&a, dir);
	configure(&a, &embedded);
	WAIT(a.speaks && a.reachable);
	loads(&a, 1, "");
	put_is(&a, 2, "component/c1", "{\"x\":1}", 'D');
	put_is(&a, 3, "component/c2", "two", 'D');
	put_is(&a, 4, "component/c2", NULL, 'D');
	put_is(&a, 5, "", "x", 'F');
	put_is(&a, 6, "a/../b", "x", 'F');
	HAS(a.why, "two dots");
	child_expect_log(&a.child, "a/../b");
	store_kill(&a);
	store_start(&a, dir);
	configure(&a, &embedded);
	loads(&a, 1, "component/c1={\"x\":1};");
	/* A notifier that was started anew. */
	close(a.notifier);
	a.notifier = child_link(&a.child, ROLE_NOTIFIER, 0);
	a.nstate = 0;
	WAIT(a.nstate == 1 && a.speaks);
	loads(&a, 2, "component/c1={\"x\":1};");
}

static void
test_embedded_conf(void **unused)
{
	const struct settings other = { .instance = "u" };
	const struct settings etcd = { .instance = "t", .nodes = 1 };

	(void)unused;
	store_start(&a, dir);
	configure(&a, &etcd);
	assert_true(a.refused);
	HAS(a.why, "restart kanatad");
	configure(&a, &embedded);
	assert_true(a.prepared);
	configure(&a, &other);
	assert_true(a.refused);
	HAS(a.why, "instance");
	configure(&a, &embedded);
	assert_true(a.prepared);
	show(&a);
	HAS(a.rows, "store: embedded");
	HAS(a.rows, dir);
	HAS(a.rows, "leader: this one");
	assert_int_equal(a.leader[0] - '0', LEADER_EMBEDDED);
}

/* What is sent to the notifier is bounded by what is kept. */
static void
test_embedded_much(void **unused)
{
	static char big[32768];
	unsigned i, done = 0, failed = 0;
	char key[32];

	(void)unused;
	memset(big, 'b', sizeof(big) - 1);
	store_start(&a, dir);
	configure(&a, &embedded);
	for (i = 1; i <= 136; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put(&a, i, key, big);
	}
	for (i = 1; i <= 136; i++) {
		WAIT(a.answer[i] != '\0');
		done += a.answer[i] == 'D';
		failed += a.answer[i] == 'F';
	}
	assert_int_equal(done, 127);
	assert_int_equal(failed, 9);
	HAS(a.why, "full");
	load(&a, 200);
	WAIT(a.answer[200] == 'L');
}

/* -- a real etcd ----------------------------------------------------------- */

static void
etcd_run(const char *peer, const char *client)
{
	char data[128], cluster[128];
	const char *const argv[] = { "etcd", "--name", "one", "--data-dir", data,
	    "--listen-client-urls", client, "--advertise-client-urls", client,
	    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
	    "--initial-cluster", cluster, "--auth-token-ttl", "2", NULL };
	uint64_t limit = ticks() + 60000;
	char reply[256];

	snprintf(data, sizeof(data), "%s/etcd", dir);
	snprintf(cluster, sizeof(cluster), "one=%s", peer);
	real.pid = server_spawn(argv);
	while (server_ask(real.port, "/health", NULL, NULL, reply,
	    sizeof(reply)) != 200 || strstr(reply, "true") == NULL) {
		if (ticks() > limit)
			fail_msg("etcd did not start");
		usleep(50000);
	}
}

static char peer_url[64], client_url[64];

static void
etcd_start(void)
{
	real.port = server_free_port();
	snprintf(client_url, sizeof(client_url), "http://127.0.0.1:%u",
	    real.port);
	snprintf(peer_url, sizeof(peer_url), "http://127.0.0.1:%u",
	    server_free_port());
	etcd_run(peer_url, client_url);
}

static void
etcd_ask(const char *path, const char *token, const char *body, char *reply,
    size_t size)
{
	if (server_ask(real.port, path, token, body, reply, size) != 200)
		fail_msg("%s: %s", path, reply);
}

static int
teardown_etcd(void **unused)
{
	server_kill(&real);
	return (teardown(unused));
}

static void
need_etcd(void)
{
	if (!have_etcd) {
		print_message("SKIPPED: there is no etcd in PATH\n");
		skip();
	}
}

static void
test_etcd(void **unused)
{
	char reply[4096];

	(void)unused;
	need_etcd();
	etcd_start();
	store_start(&a, "");
	a.port[0] = real.port;
	configure(&a, &publish);
	loads(&a, 1, "");
	WAIT(a.speaks && a.reachable);
	put_is(&a, 2, "component/c1", "{\"a\":1}", 'D');
	put_is(&a, 3, "component/c1", "{\"a\":2}", 'D');
	/* What is there already is not written. */
	put_is(&a, 8, "component/c1", "{\"a\":2}", 'D');
	put_is(&a, 4, "component/c2", "x", 'D');
	put_is(&a, 5, "component/c2", NULL, 'D');
	/* /kanata/t/state/ and its end */
	etcd_ask("/v3/kv/range", NULL, "{\"key\":\"L2thbmF0YS90L3N0YXRlLw==\","
	    "\"range_end\":\"L2thbmF0YS90L3N0YXRlMA==\"}", reply,
	    sizeof(reply));
	HAS(reply, "\"count\":\"1\"");
	HAS(reply, "\"value\":\"eyJhIjoyfQ==\"");
	HAS(reply, "\"version\":\"2\"");
	/* It is killed in the midst of it and comes back. */
	server_kill(&real);
	put_is(&a, 6, "component/c1", "{\"a\":3}", 'D');
	WAIT(!a.reachable);
	assert_true(a.speaks);
	etcd_run(peer_url, client_url);
	WAIT(a.reachable);
	put_is(&a, 7, "component/c3", "y", 'D');
	store_kill(&a);
	/* The lease of the old one ends by itself. */
	store_start(&b, "");
	b.port[0] = real.port;
	configure(&b, &publish);
	loads(&b, 1, "component/c1={\"a\":3};component/c3=y;");
	put_is(&b, 2, "component/c1", NULL, 'D');
}

/* More bytes at once than one request may have. */
static void
test_etcd_large(void **unused)
{
	static char value[30001];
	char key[32];
	unsigned i;

	(void)unused;
	need_etcd();
	etcd_start();
	store_start(&a, "");
	a.port[0] = real.port;
	configure(&a, &hold);
	loads(&a, 1, "");
	memset(value, 'x', sizeof(value) - 1);
	for (i = 2; i < 32; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put(&a, i, key, value);
	}
	for (i = 2; i < 32; i++)
		WAIT(a.answer[i] == 'D');
	assert_true(a.speaks && a.reachable);
}

static void
test_etcd_login(void **unused)
{
	const struct settings wrong = { .instance = "t", .nodes = 1,
	    .user = "kanata", .password = "wrong" };
	char reply[4096];

	(void)unused;
	need_etcd();
	etcd_start();
#define ASK(path, body)	etcd_ask("/v3/auth/" path, NULL, body, reply, sizeof(reply))
	ASK("user/add", "{\"name\":\"root\",\"password\":\"root\"}");
	ASK("role/add", "{\"name\":\"root\"}");
	ASK("user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
	ASK("user/add", "{\"name\":\"kanata\",\"password\":\"right\"}");
	ASK("role/add", "{\"name\":\"kanata\"}");
	/* /kanata/t/ and its end */
	ASK("role/grant", "{\"name\":\"kanata\",\"perm\":{\"permType\":"
	    "\"READWRITE\",\"key\":\"L2thbmF0YS90Lw==\",\"range_end\":"
	    "\"L2thbmF0YS90MA==\"}}");
	ASK("user/grant", "{\"user\":\"kanata\",\"role\":\"kanata\"}");
	ASK("enable", "{}");
	store_start(&a, "");
	a.port[0] = real.port;
	/* No user, then a wrong password. */
	configure(&a, &hold);
	WAIT(strstr(a.text, "user name is empty") != NULL);
	configure(&a, &wrong);
	WAIT(strstr(a.text, "authentication failed") != NULL);
	configure(&a, &with_user);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	/* The token lives for two seconds. */
	pump_for(4500);
	put_is(&a, 3, "k", "2", 'D');
	assert_true(a.speaks);
	server_kill(&real);
	etcd_run(peer_url, client_url);
	/* It has forgotten all tokens. */
	WAIT(a.reachable && a.speaks);
	put_is(&a, 4, "k", "3", 'D');
	loads(&a, 5, "k=3;");
}

/* -------------------------------------------------------------------------- */

static bool
in_path(const char *program)
{
	const char *p = getenv("PATH");
	char path[512];
	size_t len;

	for (; p != NULL && *p != '\0'; p += len + (p[len] == ':')) {
		len = strcspn(p, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)len, p, program);
		if (access(path, X_OK) == 0)
			return (true);
	}
	return (false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_embedded),
		T(test_embedded_conf),
		T(test_embedded_much),
		cmocka_unit_test_setup_teardown(test_etcd, setup,
		    teardown_etcd),
		cmocka_unit_test_setup_teardown(test_etcd_large, setup,
		    teardown_etcd),
		cmocka_unit_test_setup_teardown(test_etcd_login, setup,
		    teardown_etcd),
	};

	signal(SIGPIPE, SIG_IGN);
	have_etcd = in_path("etcd");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
