/* The store on a simulated etcd that misbehaves. */
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

static void
test_sim(void **unused)
{
	long version;

	(void)unused;
	sim_start("");
	store_start(&a, "");
	a.port[0] = sim.port;
	/* Asked before there is a configuration. */
	load(&a, 1);
	configure(&a, &publish);
	WAIT(a.answer[1] == 'L' && a.speaks && a.reachable);
	assert_string_equal(a.items, "");
	assert_string_equal(a.text, "leader");
	child_expect_log(&a.child, "plain text");
	put_is(&a, 2, "component/c1", "one", 'D');
	assert_true(sim_holds(KEY("state/component/c1"), "one"));
	put_is(&a, 3, "component/c1", "two", 'D');
	put_is(&a, 4, "component/c2", "x", 'D');
	put_is(&a, 5, "component/c2", NULL, 'D');
	assert_true(sim_holds(KEY("state/component/c1"), "two"));
	assert_string_equal(sim_key(KEY("state/component/c2")), "");
	/* Unchanged: not written. */
	version = sim_version(KEY("state/component/c1"));
	assert_int_equal(version, 2);
	put_is(&a, 6, "component/c1", "two", 'D');
	assert_int_equal(sim_version(KEY("state/component/c1")), 2);
	/* The election key goes with its lease, the other one stays. */
	assert_non_null(strstr(sim_key(KEY("leader")), "\"lease\": 75878620"));
	assert_non_null(strstr(sim_key(KEY("leader.last")), "\"lease\": 0"));
	put_is(&a, 7, "..", "x", 'F');
	show(&a);
	HAS(a.rows, "store: etcd, /kanata/t/, reachable, 1 keys");
	HAS(a.rows, "127.0.0.1:2379, warning: plain text");
	HAS(a.rows, "leader: this one");
	loads(&a, 8, "component/c1=two;");
}

static void
test_sim_conf(void **unused)
{
	const struct settings other = { .instance = "u", .nodes = 1 };
	const struct settings slash = { .instance = "t/u", .nodes = 1 };
	const struct settings no_password = { .instance = "t", .nodes = 1,
	    .user = "kanata" };

	(void)unused;
	sim_start("");
	store_start(&a, "");
	a.port[0] = sim.port;
	configure(&a, &embedded);
	assert_true(a.refused);
	HAS(a.why, "restart kanatad");
	configure(&a, &slash);
	assert_true(a.refused);
	configure(&a, &no_password);
	assert_true(a.refused);
	HAS(a.why, "no password");
	configure(&a, &publish);
	WAIT(a.speaks);
	configure(&a, &other);
	assert_true(a.refused);
	HAS(a.why, "instance");
	/* The same again: nothing is disturbed. */
	a.nstate = 0;
	configure(&a, &publish);
	assert_true(a.prepared);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "v", 'D');
	assert_int_equal(a.nstate, 0);
	/* Another node: connections are made anew, leadership stays. */
	configure(&a, &(struct settings){ .instance = "t", .nodes = 2,
	    .on_loss = ON_LOSS_HOLD });
	a.port[1] = sim.port;
	put_is(&a, 3, "k", "w", 'D');
	assert_true(sim_holds(KEY("state/k"), "w"));
}

static void
test_sim_faults(void **unused)
{
	static const char *const kinds[] = { "not_leader", "unavailable",
	    "close", "garbage", "html", "nothing", "close_after",
	    "nothing_after", "slow" };
	char fault[128], key[32], full[64];
	unsigned i;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(fault, sizeof(fault), "{\"kind\": \"%s\", \"match\": "
		    "\"kv/txn\"}", kinds[i]);
		command("fault", fault);
		snprintf(key, sizeof(key), "k%u", i);
		snprintf(full, sizeof(full), KEY("state/k%u"), i);
		put_is(&a, 10 + i, key, "v", 'D');
		if (!sim_holds(full, "v") || sim_version(full) != 1)
			fail_msg("%s: %s", kinds[i], sim_key(full));
		command("clear", "{}");
	}
	/* The same on the way to leadership. */
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		store_kill(&a);
		command("expire_leases", "{}");
		snprintf(fault, sizeof(fault), "{\"kind\": \"%s\", \"match\": "
		    "\"%s\"}", kinds[i], i % 3 == 0 ? "kv/range" :
		    i % 3 == 1 ? "lease/grant" : "kv/txn");
		command("fault", fault);
		store_on_sim(&a, &hold);
		load(&a, 1);
		WAIT(a.answer[1] == 'L' && a.speaks);
		HAS(a.items, "k0=v;k1=v;");
		command("clear", "{}");
	}
}

static void
test_sim_lost_lease(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	command("expire_leases", "{}");
	/* Nobody else led: it goes on with what it has. */
	put_is(&a, 3, "k", "2", 'D');
	assert_true(sim_holds(KEY("state/k"), "2"));
	WAIT(a.speaks);
	/* Somebody takes the key away, the lease lives. */
	command("delete", "{\"key\": \"" KEY("leader") "\"}");
	put_is(&a, 4, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "3"));
	/* Somebody writes with etcdctl: what the notifier says counts. */
	command("put", "{\"key\": \"" KEY("state/k") "\", \"value\": \"x\"}");
	put_is(&a, 5, "k", "4", 'D');
	assert_true(sim_holds(KEY("state/k"), "4"));
}

static void
test_sim_no_space(void **unused)
{
	uint32_t id;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	command("fault", "{\"kind\": \"no_space\", \"match\": \"kv/txn\", "
	    "\"count\": -1}");
	put_is(&a, 3, "k", "2", 'F');
	HAS(a.why, "space exceeded");
	HAS(a.text, "out of space");
	assert_true(a.speaks);
	command("clear", "{}");
	/* Tried every few seconds; who asks just after one still hears of it. */
	for (id = 4; id == 4 || a.answer[id - 1] != 'D'; id++) {
		assert_true(id < 8);
		put(&a, id, "k2", "x");
		WAIT(a.answer[id] != '\0');
	}
	/* What failed does not come later. */
	assert_true(sim_holds(KEY("state/k"), "1"));
	configure(&a, &publish);
	command("fault", "{\"kind\": \"no_space\", \"match\": \"kv/txn\", "
	    "\"count\": -1}");
	put_is(&a, 9, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "1"));
	child_expect_log(&a.child, "held in memory");
	command("clear", "{}");
	WAIT(sim_holds(KEY("state/k"), "3"));
	child_expect_log(&a.child, "has all changes again");
}

static void
test_sim_login(void **unused)
{
	(void)unused;
	sim_start("kanata");
	store_on_sim(&a, &with_user);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	/* The token ends. */
	command("expire_tokens", "{}");
	put_is(&a, 3, "k", "2", 'D');
	assert_true(sim_holds(KEY("state/k"), "2"));
	/* ... and a connection closed without a word stands for that. */
	command("expire_tokens", "{}");
	command("fault", "{\"kind\": \"close\", \"match\": \"kv/txn\"}");
	put_is(&a, 4, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "3"));
	/* Authentication is switched off and on again. */
	command("login", "{}");
	put_is(&a, 5, "k", "4", 'D');
	command("expire_tokens", "{}");
	put_is(&a, 6, "k", "5", 'D');
	command("login", "{\"user\": \"kanata\", \"password\": \"right\"}");
	put_is(&a, 7, "k", "6", 'D');
	assert_true(sim_holds(KEY("state/k"), "6"));
	/* The password is changed; the parent reads the new one. */
	command("login", "{\"user\": \"kanata\", \"password\": \"new\"}");
	WAIT(a.nsecret_again > 0);
	WAIT(!a.reachable);
	HAS(a.text, "authentication failed");
	assert_null(strstr(a.text, "right"));
	send_secret(&a, MSG_SECRET_FRESH, SECRET_ETCD_PASSWORD, "new\n");
	WAIT(a.reachable && a.speaks);
	put_is(&a, 8, "k", "7", 'D');
	assert_true(sim_holds(KEY("state/k"), "7"));
}

static void
test_sim_failover(void **unused)
{
	const struct settings two = { .instance = "t", .nodes = 2,
	    .on_loss = ON_LOSS_HOLD };

	(void)unused;
	sim_start("");
	store_start(&a, "");
	a.port[1] = sim.port;
	configure(&a, &two);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	/* The other node is back, this one goes. */
	a.port[0] = sim.port;
	a.port[1] = 0;
	command("fault", "{\"kind\": \"close\", \"count\": 1}");
	put_is(&a, 3, "k", "2", 'D');
	assert_true(a.speaks);
	assert_true(sim_holds(KEY("state/k"), "2"));
	show(&a);
	HAS(a.rows, "etcd node 1: 127.0.0.1:2379, warning: plain text, not "
	    "encrypted, in use");
}

/* What is open on the page is not known: nothing may be posted, however long. */
static void
test_sim_late(void **unused)
{
	(void)unused;
	store_start(&a, "");
	configure(&a, &publish);
	load(&a, 1);
	put_is(&a, 2, "k", "1", 'F');
	WAIT(strstr(a.text, "Connection refused") != NULL);
	HAS(a.text, "not known");
	assert_false(a.reachable);
	assert_false(a.speaks);
	child_expect_log(&a.child, "what is open on the page is not known");
	pump_for(1000);
	assert_int_equal(a.answer[1], '\0');
	sim_start("");
	command("put", "{\"key\": \"" KEY("state/k") "\", \"value\": \"old\"}");
	command("put", "{\"key\": \"" KEY("state/a b") "\", \"value\": \"?\"}");
	a.port[0] = sim.port;
	WAIT(a.answer[1] == 'L' && a.speaks);
	assert_string_equal(a.items, "k=old;");
	child_expect_log(&a.child, "is ignored");
}

/* More than one transaction takes. */
static void
test_sim_many(void **unused)
{
	char key[32];
	unsigned i;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	for (i = 2; i < 402; i++) {
		snprintf(key, sizeof(key), "k%03u", i);
		put(&a, i, key, "v");
	}
	for (i = 2; i < 402; i++)
		WAIT(a.answer[i] == 'D');
	assert_true(sim_holds(KEY("state/k002"), "v"));
	assert_true(sim_holds(KEY("state/k401"), "v"));
	store_kill(&a);
	command("expire_leases", "{}");
	store_on_sim(&a, &hold);
	load(&a, 1);
	WAIT(a.answer[1] == 'L');
	HAS(a.items, "k002=v;");
	HAS(a.items, "k401=v;");
}

static void
make_certificate(char *cert, char *key, size_t size, const char *name)
{
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec",
	    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
	    "-subj", "/CN=etcd", "-addext", "subjectAltName=IP:127.0.0.1",
	    "-keyout", key, "-out", cert, NULL };
	int status;

	snprintf(cert, size, "%s/%s.pem", dir, name);
	snprintf(key, size, "%s/%s.key", dir, name);
	assert_true(waitpid(server_spawn(argv), &status, 0) > 0);
	assert_int_equal(status, 0);
}

static void
test_sim_tls(void **unused)
{
	char cert[128], key[128], other[128], other_key[128];
	struct settings set = { .instance = "t", .nodes = 1,
	    .on_loss = ON_LOSS_HOLD, .ca = cert };

	(void)unused;
	make_certificate(cert, key, sizeof(cert), "cert");
	make_certificate(other, other_key, sizeof(other), "other");
	sim_start_tls(cert, key);
	store_start(&a, "");
	a.port[0] = sim.port;
	/* Nobody that is known has signed it. */
	set.ca = other;
	configure(&a, &set);
	WAIT(strstr(a.text, "certificate") != NULL);
	assert_false(a.speaks);
	set.ca = cert;
	configure(&a, &set);
	loads(&a, 1, "");
	WAIT(a.speaks && a.reachable);
	put_is(&a, 2, "k", "1", 'D');
	show(&a);
	HAS(a.rows, "127.0.0.1:2379, TLS");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sim),
		T(test_sim_conf),
		T(test_sim_faults),
		T(test_sim_lost_lease),
		T(test_sim_no_space),
		T(test_sim_login),
		T(test_sim_failover),
		T(test_sim_late),
		T(test_sim_many),
		T(test_sim_tls),
	};

	signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
