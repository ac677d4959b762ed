/* See store_ends.h. */
#include <sys/mman.h>

#include <bsd/string.h>
#include <poll.h>
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

#define SIM		"regress/sim/etcdsim.py"
#define PYTHON		"/usr/bin/python3"

struct store	 a, b;
struct server	 sim;
char		 dir[64];

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
		s->until = message_get_u(m);
		s->nstate++;
		return;
	case MSG_SHARED_BEGIN:
		s->shared[0] = '\0';
		s->shared_known = false;
		return;
	case MSG_SHARED_ITEM:
		strlcat(s->shared, message_get_s(m), sizeof(s->shared));
		strlcat(s->shared, "=", sizeof(s->shared));
		data = message_get_x(m, &len);
		used = strlen(s->shared);
		snprintf(s->shared + used, sizeof(s->shared) - used, "%.*s;",
		    (int)len, (const char *)data);
		return;
	case MSG_SHARED_END:
		s->shared_known = true;
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
	case MSG_SHOW_LEADER:
		snprintf(s->leader, sizeof(s->leader), "%llu ",
		    (unsigned long long)message_get_u(m));
		strlcat(s->leader, message_get_s(m), sizeof(s->leader));
		s->leader_pid = message_get_u(m);
		s->leader_since = message_get_u(m);
		s->leader_left = message_get_u(m);
		message_get_s(m);
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

void
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

void
pump_for(unsigned ms)
{
	uint64_t end = ticks() + ms;

	while (ticks() < end)
		pump(20);
}

/* -- driving a store ------------------------------------------------------- */

void
store_start(struct store *s, const char *argument)
{
	const char *const args[] = { argument, NULL };

	memset(s, 0, sizeof(*s));
	child_start(&s->child, ROLE_STORE, "kanata-store", args);
	s->notifier = child_link(&s->child, ROLE_NOTIFIER, 0);
	s->dialer = *argument == '\0' || strncmp(argument, "etcd:", 5) == 0 ?
	    child_link(&s->child, ROLE_DIALER, 0) : -1;
}

void
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

void
send_secret(struct store *s, enum message_type type, enum secret kind,
    const char *secret)
{
	struct message_out *m = message_new(type, 0);
	int fd = memfd_create("secret", MFD_CLOEXEC);

	message_put_u(m, kind);
	assert_true(write(fd, secret, strlen(secret)) > 0);
	child_send(&s->child, m, fd);
	close(fd);
}

static void
send_file(struct store *s, const char *path)
{
	char text[8192] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	send_secret(s, MSG_CONF_SECRET, SECRET_ETCD_CA, text);
}

void
configure(struct store *s, const struct settings *set)
{
	struct conf *conf = conf_new();
	struct conf_node node[2] = { 0 };
	char host[] = "127.0.0.1", user[32];
	struct conf_etcd etcd = { .user = user, .nnode = set->nodes,
	    .node = node, .tls = set->ca != NULL };
	struct message_out *m = message_new(MSG_CONF_BEGIN, 0);
	unsigned i;

	s->prepared = s->refused = false;
	message_put_u(m, 1);
	message_put_b(m, set->observe);
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
		send_secret(s, MSG_CONF_SECRET, SECRET_ETCD_PASSWORD,
		    set->password);
	if (set->ca != NULL)
		send_file(s, set->ca);
	m = message_new(MSG_CONF_END, 0);
	message_put_u(m, 1);
	child_send(&s->child, m, -1);
	WAIT(s->prepared || s->refused);
	m = message_new(s->prepared ? MSG_CONF_COMMIT : MSG_CONF_ABORT, 0);
	message_put_u(m, 1);
	child_send(&s->child, m, -1);
	conf_free(conf);
}

void
load(struct store *s, uint32_t id)
{
	s->items[0] = '\0';
	s->answer[id] = '\0';
	assert_int_equal(message_send(s->notifier, message_new(MSG_STORE_LOAD,
	    id), -1), 0);
}

void
loads(struct store *s, uint32_t id, const char *want)
{
	load(s, id);
	WAIT(s->answer[id] != '\0');
	assert_int_equal(s->answer[id], 'L');
	assert_string_equal(s->items, want);
}

void
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

void
share(struct store *s, uint32_t id, const char *key, const char *value)
{
	struct message_out *m = message_new(MSG_SHARED_PUT, id);

	s->answer[id] = '\0';
	message_put_s(m, key);
	message_put_x(m, value, strlen(value));
	assert_int_equal(message_send(s->notifier, m, -1), 0);
}

const char *
shared_value(const struct store *s, const char *key)
{
	static char value[600];
	const char *p = s->shared, *found = NULL;
	size_t len = strlen(key);

	for (; *p != '\0'; p = strchr(p, ';') + 1)
		if (strncmp(p, key, len) == 0 && p[len] == '=')
			found = p + len + 1;
	if (found == NULL)
		return (NULL);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, ";"),
	    found);
	return (value);
}

void
put_is(struct store *s, uint32_t id, const char *key, const char *value,
    char want)
{
	put(s, id, key, value);
	WAIT(s->answer[id] != '\0');
	if (s->answer[id] != want)
		fail_msg("%s: %c, %s", key, s->answer[id], s->why);
}

void
show(struct store *s)
{
	struct message_out *m = message_new(MSG_SHOW_ASK, 7);

	message_put_u(m, SHOW_ALL);
	s->rows[0] = '\0';
	s->shown = false;
	child_send(&s->child, m, -1);
	WAIT(s->shown);
}

int
setup(void **unused)
{
	(void)unused;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.notifier = a.dialer = b.notifier = b.dialer = -1;
	strlcpy(dir, "/tmp/kanata-store-XXXXXX", sizeof(dir));
	return (mkdtemp(dir) == NULL ? -1 : 0);
}

int
teardown(void **unused)
{
	const char *const rm[] = { "rm", "-rf", dir, NULL };

	(void)unused;
	store_kill(&a);
	store_kill(&b);
	server_kill(&sim);
	waitpid(server_spawn(rm), NULL, 0);
	return (0);
}

/* -- a simulated etcd ------------------------------------------------------ */

const struct settings embedded = { .instance = "t" };
const struct settings publish = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_PUBLISH };
const struct settings hold = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_HOLD };
const struct settings with_user = { .instance = "t", .nodes = 1,
    .on_loss = ON_LOSS_HOLD, .user = "kanata", .password = "right" };

static void
sim_run(const char *const *argv)
{
	uint64_t limit = ticks() + CHILD_PATIENCE;
	int fd;

	sim.pid = server_spawn(argv);
	while ((fd = server_connect(sim.port)) == -1) {
		if (ticks() > limit)
			fail_msg("%s did not start", SIM);
		usleep(20000);
	}
	close(fd);
}

void
sim_start_tls(const char *cert, const char *key)
{
	char port[16];
	const char *const argv[] = { PYTHON, "-B", SIM, "--port", port,
	    "--cert", cert, "--key", key, NULL };

	sim.port = server_free_port();
	snprintf(port, sizeof(port), "%u", sim.port);
	sim_run(argv);
}

void
sim_start(const char *user)
{
	char port[16];
	const char *const argv[] = { PYTHON, "-B", SIM, "--port", port,
	    "--user", user, "--password", "right", NULL };

	if (sim.port == 0)
		sim.port = server_free_port();
	snprintf(port, sizeof(port), "%u", sim.port);
	sim_run(argv);
}

void
command(const char *name, const char *arguments)
{
	char path[64], reply[512];

	snprintf(path, sizeof(path), "/sim/%s", name);
	if (server_ask(sim.port, path, NULL, arguments, reply,
	    sizeof(reply)) != 200)
		fail_msg("%s: %s", name, reply);
}

static char state[65536];

const char *
sim_state(void)
{
	assert_int_equal(server_ask(sim.port, "/sim/state", NULL, "{}", state,
	    sizeof(state)), 200);
	return (state);
}

const char *
sim_key(const char *key)
{
	char name[128];
	const char *at;

	snprintf(name, sizeof(name), "\"%s\": {", key);
	at = strstr(sim_state(), name);
	return (at == NULL ? "" : at);
}

bool
sim_holds(const char *key, const char *value)
{
	char start[256];

	snprintf(start, sizeof(start), "\"%s\": {\"value\": \"%s\",", key,
	    value);
	return (strncmp(sim_key(key), start, strlen(start)) == 0);
}

long
sim_version(const char *key)
{
	const char *at = strstr(sim_key(key), "\"version\": ");

	return (at == NULL ? 0 : strtol(at + 11, NULL, 10));
}

void
store_on_sim(struct store *s, const struct settings *set)
{
	store_start(s, "");
	s->port[0] = sim.port;
	configure(s, set);
	assert_true(s->prepared);
}
