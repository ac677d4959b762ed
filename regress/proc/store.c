/*
 * The store, caged, with the test as its parent, notifier and dialer: on the
 * embedded database, on a simulated etcd that misbehaves (regress/sim/etcdsim.py)
 * and, if there is one, on a real etcd.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "child.h"
#include "server.h"

#define SIM		"regress/sim/etcdsim.py"
#define PYTHON		"/usr/bin/python3"
#define IDS		512

/* One store and all that it said. */
struct store {
	struct child	 child;
	int		 notifier, dialer;	/* our ends, -1: none */
	unsigned	 port[2];		/* of etcd node 1 and 2; 0: refuse */
	bool		 reachable, speaks;
	char		 text[600];
	unsigned	 nstate;
	char		 answer[IDS];		/* D, F or L, by id */
	char		 why[600];		/* of the last failure */
	char		 items[8192];		/* of the last load, key=value; */
	unsigned	 nsecret_again;
	bool		 prepared, refused, shown;
	char		 rows[4096];
};

static struct store	 a, b;
static struct server	 sim, real;
static char		 dir[64];
static bool		 have_etcd;

/* -- the other ends -------------------------------------------------------- */

static void
on_notifier(struct store *s, struct message *m)
{
	const uint8_t *data;
	size_t len, used;

	assert_true(m->id < IDS);
	switch (m->type) {
	case MSG_STORE_STATE:
		s->reachable = message_get_b(m);
		s->speaks = message_get_b(m);
		strlcpy(s->text, message_get_s(m), sizeof(s->text));
		s->nstate++;
		return;
	case MSG_STORE_ITEM:
		strlcat(s->items, message_get_s(m), sizeof(s->items));
		strlcat(s->items, "=", sizeof(s->items));
		data = message_get_x(m, &len);
		used = strlen(s->items);
		snprintf(s->items + used, sizeof(s->items) - used, "%.*s",
		    (int)len, (const char *)data);
		strlcat(s->items, ";", sizeof(s->items));
		return;
	default:
		break;
	}
	/* Every request has one answer. */
	if (s->answer[m->id] != '\0')
		fail_msg("%u is answered twice", m->id);
	switch (m->type) {
	case MSG_STORE_LOADED:
		s->answer[m->id] = 'L';
		break;
	case MSG_STORE_DONE:
		s->answer[m->id] = 'D';
		break;
	case MSG_STORE_FAILED:
		s->answer[m->id] = 'F';
		strlcpy(s->why, message_get_s(m), sizeof(s->why));
		break;
	default:
		fail_msg("%s", message_name(m->type));
	}
}

static void
on_dialer(struct store *s, struct message *m)
{
	uint64_t endpoint = message_get_u(m);
	struct message_out *out;
	unsigned node = endpoint - ENDPOINT_ETCD;
	int fd = -1;

	assert_int_equal(m->type, MSG_DIAL_CONNECT);
	assert_true(node < 2);
	if (s->port[node] != 0)
		fd = server_connect(s->port[node]);
	out = message_new(fd == -1 ? MSG_DIAL_FAILED : MSG_DIAL_CONNECTED,
	    m->id);
	message_put_u(out, endpoint);
	if (fd == -1)
		message_put_s(out, "Connection refused");
	assert_int_equal(message_send(s->dialer, out, fd), 0);
	if (fd != -1)
		close(fd);
}

static void
on_parent(struct store *s, struct message *m)
{
	switch (m->type) {
	case MSG_CONF_PREPARED:
		s->prepared = true;
		break;
	case MSG_CONF_REFUSED:
		message_get_u(m);
		s->refused = true;
		strlcpy(s->why, message_get_s(m), sizeof(s->why));
		break;
	case MSG_SECRET_AGAIN:
		assert_int_equal(message_get_u(m), SECRET_ETCD_PASSWORD);
		s->nsecret_again++;
		break;
	case MSG_SHOW_STATE:
		strlcat(s->rows, message_get_s(m), sizeof(s->rows));
		strlcat(s->rows, ": ", sizeof(s->rows));
		strlcat(s->rows, message_get_s(m), sizeof(s->rows));
		strlcat(s->rows, "\n", sizeof(s->rows));
		break;
	case MSG_SHOW_END:
		s->shown = true;
		break;
	default:
		fail_msg("%s", message_name(m->type));
	}
}

static void
take_one(struct store *s, int fd, enum role me,
    void (*on)(struct store *, struct message *))
{
	static uint8_t buf[MESSAGE_MAX];
	struct message m;
	const char *why = NULL;
	int rc;

	rc = message_recv(fd, &m, ROLE_STORE, me, buf, &why);
	if (rc != 1) {
		child_expect_log(&s->child, "\n");
		fail_msg("the store ended (%s): %s", why == NULL ? "closed" :
		    why, s->child.text);
	}
	on(s, &m);
}

static void
pump(unsigned ms)
{
	struct store *both[] = { &a, &b };
	struct pollfd pfd[6];
	unsigned i;

	for (i = 0; i < 2; i++) {
		pfd[i * 3].fd = both[i]->child.pid == 0 ? -1 :
		    both[i]->child.fd;
		pfd[i * 3 + 1].fd = both[i]->notifier;
		pfd[i * 3 + 2].fd = both[i]->dialer;
	}
	for (i = 0; i < 6; i++) {
		pfd[i].events = POLLIN;
		pfd[i].revents = 0;
	}
	if (poll(pfd, 6, ms) <= 0)
		return;
	for (i = 0; i < 2; i++) {
		if (pfd[i * 3].revents != 0)
			take_one(both[i], pfd[i * 3].fd, ROLE_PARENT,
			    on_parent);
		if (pfd[i * 3 + 1].revents != 0)
			take_one(both[i], pfd[i * 3 + 1].fd, ROLE_NOTIFIER,
			    on_notifier);
		if (pfd[i * 3 + 2].revents != 0)
			take_one(both[i], pfd[i * 3 + 2].fd, ROLE_DIALER,
			    on_dialer);
	}
}

#define WAIT(what)							\
	do {								\
		uint64_t limit = ticks() + CHILD_PATIENCE;		\
									\
		while (!(what)) {					\
			if (ticks() > limit)				\
				fail_msg("not within %u ms: %s; a: %s; "	\
				    "b: %s", CHILD_PATIENCE, #what,	\
				    a.text, b.text);			\
			pump(20);					\
		}							\
	} while (0)

static void
pump_for(unsigned ms)
{
	uint64_t end = ticks() + ms;

	while (ticks() < end)
		pump(20);
}

/* -- driving a store ------------------------------------------------------- */

static void
store_start(struct store *s, const char *state_dir)
{
	const char *const args[] = { state_dir, NULL };

	memset(s, 0, sizeof(*s));
	child_start(&s->child, ROLE_STORE, "kanata-store", args);
	s->notifier = child_link(&s->child, ROLE_NOTIFIER, 0);
	s->dialer = *state_dir == '\0' ?
	    child_link(&s->child, ROLE_DIALER, 0) : -1;
}

static void
store_kill(struct store *s)
{
	if (s->child.pid == 0)
		return;
	kill(s->child.pid, SIGKILL);
	assert_int_equal(child_wait(&s->child), 128 + SIGKILL);
	s->child.pid = 0;
	close(s->notifier);
	if (s->dialer != -1)
		close(s->dialer);
	s->notifier = s->dialer = -1;
}

struct settings {
	const char	*instance, *user, *password;
	unsigned	 nodes;		/* 0: embedded */
	enum on_loss	 on_loss;
};

static void
send_secret(struct store *s, enum message_type type, const char *secret)
{
	struct message_out *m = message_new(type, 0);
	int fd = memfd_create("secret", MFD_CLOEXEC);

	message_put_u(m, SECRET_ETCD_PASSWORD);
	assert_true(write(fd, secret, strlen(secret)) > 0);
	child_send(&s->child, m, fd);
	close(fd);
}

/* Prepares; commits unless it was refused. */
static void
configure(struct store *s, const struct settings *set)
{
	struct conf *conf = conf_new();
	struct conf_node node[2] = { 0 };
	char host[] = "127.0.0.1", user[32];
	struct conf_etcd etcd = { .user = user, .nnode = set->nodes,
	    .node = node };
	struct message_out *m = message_new(MSG_CONF_BEGIN, 0);
	unsigned i;

	s->prepared = s->refused = false;
	message_put_u(m, 1);
	message_put_b(m, false);
	child_send(&s->child, m, -1);
	free(conf->global.instance);
	conf->global.instance = strdup(set->instance);
	conf->global.on_loss = set->on_loss;
	if (conf->global.rate_per_minute == 0)
		conf->global.rate_per_minute = 60;
	child_send(&s->child, conf_pack_global(&conf->global), -1);
	if (set->nodes > 0) {
		strlcpy(user, set->user == NULL ? "" : set->user, sizeof(user));
		for (i = 0; i < set->nodes; i++) {
			node[i].host = host;
			node[i].port = 2379 + i;
		}
		child_send(&s->child, conf_pack_etcd(&etcd), -1);
	}
	if (set->password != NULL)
		send_secret(s, MSG_CONF_SECRET, set->password);
	m = message_new(MSG_CONF_END, 0);
	message_put_u(m, 1);
	child_send(&s->child, m, -1);
	WAIT(s->prepared || s->refused);
	m = message_new(s->prepared ? MSG_CONF_COMMIT : MSG_CONF_ABORT, 0);
	message_put_u(m, 1);
	child_send(&s->child, m, -1);
	conf_free(conf);
}

static void
load(struct store *s, uint32_t id)
{
	s->items[0] = '\0';
	s->answer[id] = '\0';
	assert_int_equal(message_send(s->notifier, message_new(MSG_STORE_LOAD,
	    id), -1), 0);
}

static void
loads(struct store *s, uint32_t id, const char *want)
{
	load(s, id);
	WAIT(s->answer[id] != '\0');
	assert_int_equal(s->answer[id], 'L');
	assert_string_equal(s->items, want);
}

static void
put(struct store *s, uint32_t id, const char *key, const char *value)
{
	struct message_out *m;

	s->answer[id] = '\0';
	m = message_new(value == NULL ? MSG_STORE_DELETE : MSG_STORE_PUT, id);
	message_put_s(m, key);
	if (value != NULL)
		message_put_x(m, value, strlen(value));
	assert_int_equal(message_send(s->notifier, m, -1), 0);
}

static void
put_is(struct store *s, uint32_t id, const char *key, const char *value,
    char want)
{
	put(s, id, key, value);
	WAIT(s->answer[id] != '\0');
	if (s->answer[id] != want)
		fail_msg("%s: %c, %s", key, s->answer[id], s->why);
}

static void
show(struct store *s)
{
	struct message_out *m = message_new(MSG_SHOW_ASK, 7);

	message_put_u(m, SHOW_ALL);
	s->rows[0] = '\0';
	s->shown = false;
	child_send(&s->child, m, -1);
	WAIT(s->shown);
}

#define HAS(text, part)							\
	do {								\
		if (strstr(text, part) == NULL)				\
			fail_msg("no \"%s\" in \"%s\"", part, text);	\
	} while (0)

static int
setup(void **unused)
{
	(void)unused;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.notifier = a.dialer = b.notifier = b.dialer = -1;
	strlcpy(dir, "/tmp/kanata-store-XXXXXX", sizeof(dir));
	return (mkdtemp(dir) == NULL ? -1 : 0);
}

static int
teardown(void **unused)
{
	const char *const rm[] = { "rm", "-rf", dir, NULL };

	(void)unused;
	store_kill(&a);
	store_kill(&b);
	server_kill(&sim);
	server_kill(&real);
	waitpid(server_spawn(rm), NULL, 0);
	return (0);
}

/* -- embedded -------------------------------------------------------------- */

static const struct settings embedded = { .instance = "t" };

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
	for (i = 1; i <= 40; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put(&a, i, key, big);
	}
	for (i = 1; i <= 40; i++) {
		WAIT(a.answer[i] != '\0');
		done += a.answer[i] == 'D';
		failed += a.answer[i] == 'F';
	}
	assert_int_equal(done, 31);
	assert_int_equal(failed, 9);
	HAS(a.why, "full");
	load(&a, 50);
	WAIT(a.answer[50] == 'L');
}

/* -- a simulated etcd ------------------------------------------------------ */

static const struct settings publish = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_PUBLISH };
static const struct settings hold = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_HOLD };
static const struct settings with_user = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_HOLD, .user = "kanata", .password = "right" };

#define KEY(name)	"/kanata/t/" name

static void
sim_start(const char *user)
{
	char port[16];
	const char *const argv[] = { PYTHON, "-B", SIM, "--port", port,
	    "--user", user, "--password", "right", NULL };
	uint64_t limit = ticks() + CHILD_PATIENCE;

	if (sim.port == 0)
		sim.port = server_free_port();
	snprintf(port, sizeof(port), "%u", sim.port);
	sim.pid = server_spawn(argv);
	while (server_ask(sim.port, "/version", NULL, NULL, NULL, 0) != 200) {
		if (ticks() > limit)
			fail_msg("%s did not start", SIM);
		usleep(20000);
	}
}

static void
command(const char *name, const char *arguments)
{
	char path[64], reply[512];

	snprintf(path, sizeof(path), "/sim/%s", name);
	if (server_ask(sim.port, path, NULL, arguments, reply,
	    sizeof(reply)) != 200)
		fail_msg("%s: %s", name, reply);
}

static char state[65536];

static const char *
sim_state(void)
{
	assert_int_equal(server_ask(sim.port, "/sim/state", NULL, "{}", state,
	    sizeof(state)), 200);
	return (state);
}

/* What the key holds in the simulator: the JSON from its name on. */
static const char *
sim_key(const char *key)
{
	char name[128];
	const char *at;

	snprintf(name, sizeof(name), "\"%s\": {", key);
	at = strstr(sim_state(), name);
	return (at == NULL ? "" : at);
}

static bool
sim_holds(const char *key, const char *value)
{
	char start[256];

	snprintf(start, sizeof(start), "\"%s\": {\"value\": \"%s\",", key,
	    value);
	return (strncmp(sim_key(key), start, strlen(start)) == 0);
}

/* How often the key was written. */
static long
sim_version(const char *key)
{
	const char *at = strstr(sim_key(key), "\"version\": ");

	return (at == NULL ? 0 : strtol(at + 11, NULL, 10));
}

static void
store_on_sim(struct store *s, const struct settings *set)
{
	store_start(s, "");
	s->port[0] = sim.port;
	configure(s, set);
	assert_true(s->prepared);
}

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
	put_is(&a, 4, "k2", "x", 'D');
	/* What failed does not come later. */
	assert_true(sim_holds(KEY("state/k"), "1"));
	configure(&a, &publish);
	command("fault", "{\"kind\": \"no_space\", \"match\": \"kv/txn\", "
	    "\"count\": -1}");
	put_is(&a, 5, "k", "3", 'D');
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
	send_secret(&a, MSG_SECRET_FRESH, "new\n");
	WAIT(a.reachable && a.speaks);
	put_is(&a, 8, "k", "7", 'D');
	assert_true(sim_holds(KEY("state/k"), "7"));
}

/* Two replicas: one speaks, the other follows and takes over. */
static void
test_sim_two(void **unused)
{
	uint64_t began;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	store_on_sim(&b, &hold);
	WAIT(b.reachable && !b.speaks);
	WAIT(strstr(b.text, "another kanatad leads") != NULL);
	load(&b, 1);
	put_is(&b, 2, "k", "no", 'F');
	pump_for(500);
	assert_int_equal(b.answer[1], '\0');
	put_is(&a, 3, "k", "2", 'D');
	show(&b);
	HAS(b.rows, "leader: {\"host\":");
	began = ticks();
	store_kill(&a);
	WAIT(b.answer[1] == 'L' && b.speaks);
	assert_true(ticks() - began < 14000);
	assert_string_equal(b.items, "k=2;");
	put_is(&b, 3, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "3"));
}

/* A leader that stands still is overtaken; when it wakes it says nothing, and
 * loads anew before it speaks again. */
static void
test_sim_overtaken(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &publish);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	store_on_sim(&b, &publish);
	load(&b, 1);
	WAIT(strstr(b.text, "another") != NULL);
	kill(a.child.pid, SIGSTOP);
	command("expire_leases", "{}");
	WAIT(b.answer[1] == 'L' && b.speaks);
	put_is(&b, 2, "k", "2", 'D');
	put(&a, 3, "k", "late");
	kill(a.child.pid, SIGCONT);
	WAIT(a.answer[3] == 'F');
	WAIT(!a.speaks);
	assert_true(sim_holds(KEY("state/k"), "2"));
	put_is(&a, 4, "k", "late", 'F');
	HAS(a.why, "load");
	load(&a, 5);
	store_kill(&b);
	command("expire_leases", "{}");
	WAIT(a.answer[5] == 'L' && a.speaks);
	assert_string_equal(a.items, "k=2;");
	put_is(&a, 6, "k", "4", 'D');
	assert_true(sim_holds(KEY("state/k"), "4"));
}

static void
test_sim_away_publish(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &publish);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	put_is(&a, 3, "gone", "x", 'D');
	kill(sim.pid, SIGSTOP);
	put_is(&a, 4, "k", "2", 'D');
	WAIT(!a.reachable);
	assert_true(a.speaks);
	HAS(a.text, "going on from memory");
	put_is(&a, 5, "gone", NULL, 'D');
	put_is(&a, 6, "new", "y", 'D');
	/* Ten changes end as one. */
	put_is(&a, 7, "k", "3", 'D');
	put_is(&a, 8, "k", "4", 'D');
	/* A new notifier is given what is in memory. */
	close(a.notifier);
	a.notifier = child_link(&a.child, ROLE_NOTIFIER, 0);
	loads(&a, 9, "k=4;new=y;");
	/* Longer than the lease. */
	pump_for(10500);
	assert_true(a.speaks);
	put_is(&a, 10, "k", "5", 'D');
	kill(sim.pid, SIGCONT);
	WAIT(a.reachable && sim_holds(KEY("state/k"), "5"));
	WAIT(sim_holds(KEY("state/new"), "y"));
	assert_string_equal(sim_key(KEY("state/gone")), "");
	assert_true(a.speaks);
	child_expect_log(&a.child, "has all changes again");
}

static void
test_sim_away_hold(void **unused)
{
	uint64_t began;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	kill(sim.pid, SIGSTOP);
	began = ticks();
	put_is(&a, 3, "k", "2", 'F');
	assert_true(ticks() - began < 6000);
	WAIT(!a.speaks && !a.reachable);
	/* Before the lease could end. */
	assert_true(ticks() - began < 10000);
	HAS(a.text, "nothing is posted");
	kill(sim.pid, SIGCONT);
	WAIT(a.speaks && a.reachable);
	put_is(&a, 4, "other", "x", 'D');
	/* It was said to have failed. */
	WAIT(sim_holds(KEY("state/k"), "1"));
	pump_for(300);
	assert_true(sim_holds(KEY("state/k"), "1"));
	loads(&a, 5, "k=1;other=x;");
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
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_embedded),
		T(test_embedded_conf),
		T(test_embedded_much),
		T(test_sim),
		T(test_sim_conf),
		T(test_sim_faults),
		T(test_sim_lost_lease),
		T(test_sim_no_space),
		T(test_sim_login),
		T(test_sim_two),
		T(test_sim_overtaken),
		T(test_sim_away_publish),
		T(test_sim_away_hold),
		T(test_sim_failover),
		T(test_sim_late),
		T(test_sim_many),
		T(test_etcd),
		T(test_etcd_login),
	};

	signal(SIGPIPE, SIG_IGN);
	have_etcd = in_path("etcd");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
