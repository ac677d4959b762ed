/*
 * The watcher in its cage, with a real dialer and a Kubernetes API that is
 * simulated.  The test is its parent and its notifier.
 */
#include <sys/mman.h>

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/health.h"
#include "../../common/message_io.h"
#include "../../common/show.h"
#include "child.h"
#include "server.h"

#define TOKEN	"t0ken-of-the-test"

static struct child watcher, dialer;
static struct server sim;
static int notifier = -1;
static unsigned generation = 1000;
static bool asked_token;	/* MSG_SECRET_AGAIN came */

/* The last health of the component that was said. */
static struct {
	char		 id[129];
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;
	bool		 paused;
	char		 detail[513];
	unsigned	 said;		/* messages so far */
} last;

/* -- the simulator --------------------------------------------------------- */

static void
tell(const char *command, const char *json)
{
	char path[64], reply[512];
	int status;

	snprintf(path, sizeof(path), "/sim/%s", command);
	status = server_ask(sim.port, path, NULL, json, reply, sizeof(reply));
	if (status != 200)
		fail_msg("%s %s: %d %s", command, json, status, reply);
}

static void
sim_start(unsigned port, const char *bookmark)
{
	char number[16];
	const char *argv[] = { "/usr/bin/python3", "regress/sim/kubesim.py",
	    "--port", number, "--token", TOKEN, "--termination", "0",
	    "--bookmark", bookmark, NULL };
	uint64_t limit = ticks() + CHILD_PATIENCE;
	int fd;

	sim.port = port == 0 ? server_free_port() : port;
	snprintf(number, sizeof(number), "%u", sim.port);
	sim.pid = server_spawn(argv);
	while ((fd = server_connect(sim.port)) == -1) {
		if (ticks() > limit)
			fail_msg("the simulator does not listen");
		usleep(50000);
	}
	close(fd);
}

/* How often the text is in the simulator's state. */
static unsigned
state_counts(const char *text)
{
	static char reply[1 << 20];
	const char *s;
	unsigned n = 0;

	assert_int_equal(server_ask(sim.port, "/sim/state", NULL, "{}", reply,
	    sizeof(reply)), 200);
	for (s = reply; (s = strstr(s, text)) != NULL; s++)
		n++;
	return (n);
}

/* -- what the parent does -------------------------------------------------- */

static int
secret_fd(const char *text)
{
	int fd = memfd_create("secret", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

static void
send_row(struct message_out *m)
{
	child_send(&watcher, m, -1);
}

static void
send_generation(enum message_type type)
{
	struct message_out *m = message_new(type, 0);

	message_put_u(m, generation);
	send_row(m);
}

static char empty[] = "";

/* A component in a message: "id", its kind and what it watches. */
struct watch { const char *id; enum kind kind; const char *what; };

static void
send_component(const struct watch *w)
{
	struct conf_watch cw = { w->kind, empty, strdup(w->what) };
	struct conf_component c = { .id = strdup(w->id), .name = empty,
	    .cluster = empty, .group = empty, .down_after = 30000,
	    .up_after = 60000, .reopen_within = 900000,
	    .first_ready_within = 600000, .partial_below = 50, .line = 7,
	    .nwatch = 1, .watch = &cw };

	send_row(conf_pack_component(&c));
	free(cw.what);
	free(c.id);
}

static void
send_cluster(const char *ns)
{
	char name[] = "prod", *copy = strdup(ns);
	struct conf_cluster c = { .name = name, .nns = 1, .ns = &copy };
	char **text[] = { &c.kubeconfig, &c.context, &c.in_cluster, &c.path,
	    &c.tls_name, &c.host };
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(*text); i++)
		*text[i] = empty;
	send_row(conf_pack_cluster(&c));
	free(copy);
}

static struct conf_endpoint *
endpoint(void)
{
	static char host[] = "127.0.0.1";
	static struct conf_endpoint ep;

	ep.number = ENDPOINT_CLUSTER;
	ep.role = ROLE_WATCHER;
	ep.host = host;
	ep.port = sim.port;
	ep.loopback = true;
	return (&ep);
}

/* Prepared and committed, or refused with that in the reason. */
static void
configure(const char *ns, const struct watch *w, const char *token,
    const char *refused)
{
	struct message_out *m = message_new(MSG_CONF_BEGIN, 0);
	struct message *in;
	int fd;

	generation++;
	message_put_u(m, generation);
	message_put_b(m, false);
	send_row(m);
	send_cluster(ns);
	send_row(conf_pack_endpoint(endpoint()));
	for (; w->id != NULL; w++)
		send_component(w);
	m = message_new(MSG_CONF_SECRET, 0);
	message_put_u(m, SECRET_KUBE_TOKEN);
	fd = secret_fd(token);
	child_send(&watcher, m, fd);
	close(fd);
	send_generation(MSG_CONF_END);
	in = child_receive(&watcher, refused == NULL ? MSG_CONF_PREPARED :
	    MSG_CONF_REFUSED);
	assert_int_equal(message_get_u(in), generation);
	if (refused != NULL && strstr(message_get_s(in), refused) == NULL)
		fail_msg("not refused for %s", refused);
	send_generation(refused == NULL ? MSG_CONF_COMMIT : MSG_CONF_ABORT);
}

static void
fresh_token(const char *token)
{
	struct message_out *m = message_new(MSG_SECRET_FRESH, 0);
	int fd = token == NULL ? -1 : secret_fd(token);

	message_put_u(m, SECRET_KUBE_TOKEN);
	child_send(&watcher, m, fd);
	if (fd != -1)
		close(fd);
}

static int
setup(void **state)
{
	struct message_out *m;
	int fd;

	(void)state;
	sim_start(0, "1");
	child_start(&watcher, ROLE_WATCHER, "kanata-watcher", NULL);
	child_start(&dialer, ROLE_DIALER, "kanata-dialer", NULL);
	child_configure(&dialer, endpoint(), 1, NULL);
	fd = child_link(&dialer, ROLE_WATCHER, 0);
	m = message_new(MSG_PROC_LINK, 0);
	message_put_u(m, ROLE_DIALER);
	message_put_u(m, 0);
	message_put_s(m, "");
	child_send(&watcher, m, fd);
	close(fd);
	notifier = child_link(&watcher, ROLE_NOTIFIER, 0);
	memset(&last, 0, sizeof(last));
	asked_token = false;
	return (0);
}

static int
teardown(void **state)
{
	int status;

	(void)state;
	close(notifier);
	if ((status = child_stop(&watcher)) != 0)
		fail_msg("the watcher ended with %d", status);
	assert_int_equal(child_stop(&dialer), 0);
	server_kill(&sim);
	return (0);
}

/* -- what the notifier hears ----------------------------------------------- */

static struct message *
hear(enum message_type type)
{
	return (receive(notifier, ROLE_WATCHER, ROLE_NOTIFIER, type));
}

static void
take_health(struct message *m)
{
	snprintf(last.id, sizeof(last.id), "%s", message_get_s(m));
	last.health = message_get_u(m);
	last.cause = message_get_u(m);
	last.ready = message_get_u(m);
	last.desired = message_get_u(m);
	last.since = message_get_u(m);
	last.paused = message_get_b(m);
	snprintf(last.detail, sizeof(last.detail), "%s", message_get_s(m));
	last.said++;
}

/* Messages of that many components between BEGIN and END. */
static void
hear_all(unsigned count)
{
	hear(MSG_HEALTH_BEGIN);
	while (count-- > 0)
		take_health(hear(MSG_HEALTH_SET));
	hear(MSG_HEALTH_END);
}

/* Either a health for the notifier, or a question to the parent. */
static void
hear_either(uint64_t limit)
{
	struct pollfd pfd[2] = { { .fd = notifier, .events = POLLIN },
	    { .fd = watcher.fd, .events = POLLIN } };
	uint64_t now = ticks();

	if (now > limit || poll(pfd, 2, limit - now) <= 0)
		fail_msg("still %s: %s, %s, %u of %u, %s", last.id,
		    health_name(last.health), cause_name(last.cause),
		    last.ready, last.desired, last.detail);
	if (pfd[1].revents != 0) {
		assert_int_equal(message_get_u(child_receive(&watcher,
		    MSG_SECRET_AGAIN)), SECRET_KUBE_TOKEN);
		asked_token = true;
	}
	if (pfd[0].revents != 0)
		take_health(hear(MSG_HEALTH_SET));
}

static void
expect_within(uint64_t ms, enum health health, enum cause cause,
    unsigned ready, unsigned desired)
{
	uint64_t limit = ticks() + ms;

	while (last.health != health || last.cause != cause ||
	    last.ready != ready || last.desired != desired)
		hear_either(limit);
}

static void
expect(enum health health, enum cause cause, unsigned ready, unsigned desired)
{
	expect_within(CHILD_PATIENCE, health, cause, ready, desired);
}

static const struct watch api[] = { { "c1", KIND_ANY, "api" },
    { NULL, 0, NULL } };

static void
start_healthy(void)
{
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":3}");
	configure("a", api, TOKEN, NULL);
	hear_all(1);
	assert_int_equal(last.cause, CAUSE_DISCONNECTED);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
}

/* -- the tests ------------------------------------------------------------- */

static void
test_story(void **state)
{
	uint64_t since;

	(void)state;
	start_healthy();
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":1}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3);
	since = last.since;
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
	assert_true(last.since >= since);
	tell("heal", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":0}");
	expect(HEALTH_IDLE, CAUSE_NONE, 0, 0);
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":2}");
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	tell("annotate", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\","
	    "\"key\":\"kanata/paused\",\"value\":\"\"}");
	while (!last.paused)
		hear_either(ticks() + CHILD_PATIENCE);
	tell("delete", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
}

/* Through a rollout no outage is said; through one that crashes, it is. */
static void
test_rollout(void **state)
{
	unsigned said;

	(void)state;
	start_healthy();
	said = last.said;
	tell("rollout", "{\"ns\":\"a\",\"name\":\"api\",\"duration\":1}");
	while (state_counts("\"a/api-") < 4)
		usleep(20000);
	tell("annotate", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\","
	    "\"key\":\"kanata/paused\",\"value\":\"\"}");
	while (!last.paused || last.health != HEALTH_OK) {
		hear_either(ticks() + CHILD_PATIENCE);
		if (last.health > HEALTH_ROLLING)
			fail_msg("a rollout is %s, %s, %u of %u",
			    health_name(last.health), cause_name(last.cause),
			    last.ready, last.desired);
	}
	assert_true(last.said > said);
	tell("rollout", "{\"ns\":\"a\",\"name\":\"api\",\"crash_new\":true}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 3, 3);
}

/* Many pages, and nothing said of what is nobody's. */
static void
test_pages(void **state)
{
	unsigned said;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"bulk\",\"count\":1700}");
	start_healthy();
	said = last.said;
	tell("touch_pods", "{\"count\":500,\"ns\":\"a\",\"prefix\":\"bulk\"}");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":1}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3);
	assert_in_range(last.said, said + 1, said + 3);
}

/* The past is compacted away while the watch is cut: what was deleted meanwhile
 * is found out by a list. */
static void
gone(const char *form)
{
	char json[64];

	start_healthy();
	tell("pod", "{\"ns\":\"a\",\"name\":\"other\"}");
	tell("fault", "{\"kind\":\"status\",\"code\":503,\"watch\":true,"
	    "\"count\":12}");
	tell("drop_watches", "{}");
	tell("delete", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\"}");
	snprintf(json, sizeof(json), "{\"form\":\"%s\",\"drop\":true}", form);
	tell("compact", json);
	tell("clear", "{}");
	expect_within(40000, HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
}

static void
test_gone_status(void **state)
{
	(void)state;
	gone("http");
}

static void
test_gone_stream(void **state)
{
	(void)state;
	gone("stream");
}

static void
test_token(void **state)
{
	(void)state;
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":3}");
	configure("a", api, "another-token", NULL);
	hear_all(1);
	while (last.cause != CAUSE_DISCONNECTED ||
	    strstr(last.detail, "401") == NULL)
		hear_either(ticks() + CHILD_PATIENCE);
	/* One that cannot be used changes nothing; the next one does. */
	fresh_token(NULL);
	fresh_token("a b");
	child_expect_log(&watcher, "the last one stays in use");
	fresh_token(TOKEN);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	assert_null(strstr(watcher.text, TOKEN));
}

/* A 401 asks for another token, but not at once again and again. */
static void
test_token_asked(void **state)
{
	uint64_t begin;
	unsigned i;

	(void)state;
	start_healthy();
	asked_token = false;
	tell("reset_counts", "{}");
	tell("token", "{\"token\":\"new-token\"}");
	tell("drop_watches", "{}");
	begin = ticks();
	while (!asked_token)
		hear_either(begin + CHILD_PATIENCE);
	/* The one that was refused is no news for any of the streams. */
	for (i = 0; i < 20; i++) {
		fresh_token(TOKEN);
		usleep(50000);
	}
	assert_in_range(state_counts("watch=true"), 1, 60);
	fresh_token("new-token");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
}

/* Workloads that may not be read are guessed from their pods. */
static void
test_forbidden(void **state)
{
	static const struct watch named[] = {
	    { "c1", KIND_DEPLOYMENT, "api" }, { NULL, 0, NULL } };

	(void)state;
	tell("forbid", "{\"resource\":\"deployments\"}");
	tell("forbid", "{\"resource\":\"replicasets\"}");
	tell("forbid", "{\"resource\":\"statefulsets\"}");
	tell("forbid", "{\"resource\":\"daemonsets\"}");
	tell("forbid", "{\"resource\":\"jobs\"}");
	tell("forbid", "{\"resource\":\"namespaces\"}");
	start_healthy();
	child_expect_log(&watcher, "deployments in a: HTTP 403");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":2}");
	expect(HEALTH_PARTIAL, CAUSE_CRASH_LOOP, 1, 3);
	/* But not what the configuration calls a Deployment. */
	configure("a", named, TOKEN, NULL);
	hear_all(1);
	expect(HEALTH_UNKNOWN, CAUSE_FORBIDDEN, 0, 0);
}

/* Whatever the server answers, and then again as it should. */
static void
fault(const char *json)
{
	start_healthy();
	tell("fault", json);
	tell("drop_watches", "{}");
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":4}");
	expect(HEALTH_OK, CAUSE_NONE, 4, 4);
}

#define FAULT(name, json)						\
static void								\
test_fault_##name(void **state)						\
{									\
	(void)state;							\
	fault("{\"kind\":" json ",\"match\":\"/pods\"}");		\
}
FAULT(html, "\"html\",\"count\":2")
FAULT(half, "\"half\",\"count\":2")
FAULT(garbage, "\"garbage\",\"count\":2")
FAULT(wrong_kind, "\"wrong_kind\",\"count\":2")
FAULT(deep, "\"deep\",\"count\":2")
FAULT(utf8, "\"badutf8\",\"count\":2")
FAULT(huge, "\"huge\",\"count\":1")
FAULT(error_event, "\"error_event\",\"count\":2")
FAULT(too_many, "\"status\",\"code\":429,\"count\":2")

/* The server is away, and comes back as another that knows nothing of before. */
static void
test_away(void **state)
{
	unsigned port;

	(void)state;
	start_healthy();
	port = sim.port;
	server_kill(&sim);
	child_expect_log(&watcher, "next try in");
	sim_start(port, "1");
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":2}");
	expect_within(60000, HEALTH_OK, CAUSE_NONE, 2, 2);
}

static void
test_reload(void **state)
{
	static const struct watch two[] = { { "c1", KIND_ANY, "api" },
	    { "c2", KIND_SELECTOR, "app=web" }, { NULL, 0, NULL } };
	static const struct watch bad[] = { { "c1", KIND_ANY, "api" },
	    { "c2", KIND_SELECTOR, "app = = web" }, { NULL, 0, NULL } };

	(void)state;
	start_healthy();
	tell("deployment", "{\"ns\":\"a\",\"name\":\"web\",\"replicas\":2,"
	    "\"labels\":{\"app\":\"web\"}}");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
	tell("reset_counts", "{}");
	/* What cannot be run changes nothing. */
	configure("a", bad, TOKEN, "line 7: component c2: selector");
	configure("a", api, TOKEN, NULL);
	hear_all(1);
	assert_int_equal(last.health, HEALTH_MAJOR);
	assert_int_equal(state_counts("watch=true"), 0);
	assert_int_equal(state_counts("limit=500"), 0);
	/* A new selector lists the pods, and nothing else. */
	configure("a", two, TOKEN, NULL);
	hear_all(2);
	assert_string_equal(last.id, "c2");
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	assert_int_equal(state_counts("limit=500"), 1);
	/* Another namespace: the old one is forgotten. */
	configure("b", api, TOKEN, NULL);
	hear_all(1);
	expect(HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD, 0, 0);
}

/* A notifier that comes later is told everything. */
static void
test_new_notifier(void **state)
{
	(void)state;
	start_healthy();
	close(notifier);
	notifier = child_link(&watcher, ROLE_NOTIFIER, 0);
	hear_all(1);
	assert_int_equal(last.health, HEALTH_OK);
	assert_int_equal(last.ready, 3);
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
}

/* Of whatever type. */
static void
receive_any(struct message *m)
{
	static uint8_t buf[MESSAGE_MAX];
	const char *why = "";

	wait_readable(watcher.fd, CHILD_PATIENCE);
	if (message_recv(watcher.fd, m, ROLE_WATCHER, ROLE_PARENT, buf,
	    &why) != 1)
		fail_msg("no message: %s", why);
}

static int
compare_names(const void *a, const void *b)
{
	return (strcmp(a, b));
}

static void
test_show(void **state)
{
	struct message_out *m;
	struct message *in;
	unsigned i, pods = 0;
	const char *resource, *ns, *text;

	(void)state;
	start_healthy();
	m = message_new(MSG_SHOW_ASK, 42);
	message_put_u(m, SHOW_WATCHES);
	child_send(&watcher, m, -1);
	for (i = 0; i < 7; i++) {
		in = child_receive(&watcher, MSG_SHOW_WATCH);
		assert_int_equal(in->id, 42);
		assert_string_equal(message_get_s(in), "prod");
		resource = message_get_s(in);
		ns = message_get_s(in);
		text = message_get_s(in);
		assert_string_equal(ns, "a");
		assert_string_equal(text, "watching");
		assert_true(message_get_s(in)[0] != '\0');
		if (strcmp(resource, "pods") == 0)
			pods = message_get_u(in);
	}
	assert_int_equal(pods, 3);
	assert_int_equal(child_receive(&watcher, MSG_SHOW_END)->id, 42);
}

/* Pods by parts, each asked for; a cursor of any value does no harm. */
static void
test_show_pods(void **state)
{
	static char names[2000][64];
	struct message_out *m;
	struct message in;
	uint64_t cursor = 0, any = 12345678901234567ULL;
	unsigned n = 0, parts = 0, i;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"p\",\"count\":1500}");
	start_healthy();
	do {
		m = message_new(MSG_PODS_ASK, 43);
		message_put_u(m, any != 0 ? any : cursor);
		child_send(&watcher, m, -1);
		for (receive_any(&in); in.type == MSG_SHOW_POD;
		    receive_any(&in)) {
			assert_int_equal(in.id, 43);
			assert_string_equal(message_get_s(&in), "prod");
			assert_string_equal(message_get_s(&in), "a");
			assert_true(n < 2000);
			snprintf(names[n++], sizeof(names[0]), "%.63s",
			    message_get_s(&in));
		}
		assert_int_equal(in.type, MSG_PODS_PART);
		cursor = message_get_u(&in);
		if (any != 0) {
			any = cursor = n = 0;
			continue;
		}
		parts++;
	} while (cursor != 0 || parts == 0);
	assert_int_equal(n, 1503);
	assert_in_range(parts, 4, 10);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (i = 1; i < n; i++)
		assert_string_not_equal(names[i - 1], names[i]);
}

/* -- what web is told ------------------------------------------------------ */

static int	web = -1;

static struct message *
web_receive(void)
{
	static uint8_t buf[MESSAGE_MAX];
	static struct message m;
	const char *why = "";

	wait_readable(web, CHILD_PATIENCE);
	if (message_recv(web, &m, ROLE_WATCHER, ROLE_WEB, buf, &why) != 1)
		fail_msg("no message to web: %s", why);
	return (&m);
}

/* The watches, until one of pods says whether it is known. */
static void
web_wait_known(bool known)
{
	struct message *m;
	bool pods, found = false;
	unsigned i;

	while (!found) {
		m = web_receive();
		if (m->type != MSG_SHOW_WATCH)
			continue;
		message_get_s(m);
		pods = strcmp(message_get_s(m), "pods") == 0;
		for (i = 0; i < 3; i++)
			message_get_s(m);
		for (i = 0; i < 5; i++)
			message_get_u(m);
		message_get_s(m);
		found = pods && message_get_b(m) == known;
	}
}

static void
web_follow(uint32_t id, bool on)
{
	struct message_out *m = message_new(MSG_PODS_FOLLOW, id);

	message_put_b(m, on);
	assert_int_equal(message_send(web, m, -1), 0);
}

/* All pods with that id; how many. */
static unsigned
web_receive_pods(uint32_t id)
{
	struct message *m;
	unsigned n;

	for (n = 0; (m = web_receive())->type != MSG_PODS_PART;)
		if (m->type == MSG_SHOW_POD) {
			assert_int_equal(m->id, id);
			n++;
		}
	assert_int_equal(m->id, id);
	assert_int_equal(message_get_u(m), 0);
	return (n);
}

/* The next news of pods of that type; other messages pass by. */
static struct message *
web_wait_pod(enum message_type type, const char *name)
{
	struct message *m;

	for (;;) {
		m = web_receive();
		if (m->type != MSG_SHOW_POD && m->type != MSG_POD_GONE)
			continue;
		if (m->type == MSG_SHOW_POD)
			message_get_s(m);
		assert_string_equal(message_get_s(m), "a");
		if (strcmp(message_get_s(m), name) == 0 && m->type == type)
			return (m);
	}
}

static void
test_feed(void **state)
{
	struct message *m;
	unsigned n;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"p\",\"count\":1500}");
	start_healthy();
	web = child_link(&watcher, ROLE_WEB, 0);
	assert_int_equal(message_send(web, message_new(MSG_FEED_ASK, 1), -1),
	    0);
	web_wait_known(true);
	web_follow(7, true);
	assert_int_equal(web_receive_pods(7), 1503);
	tell("pod", "{\"ns\":\"a\",\"name\":\"late\"}");
	assert_int_equal(web_wait_pod(MSG_SHOW_POD, "late")->id, 7);
	tell("delete_pod", "{\"ns\":\"a\",\"name\":\"late\"}");
	m = web_wait_pod(MSG_POD_GONE, "late");
	assert_int_equal(m->id, 7);
	/* Anew, from the beginning; and not at all. */
	web_follow(8, true);
	assert_int_equal(web_receive_pods(8), 1503);
	web_follow(9, false);
	tell("pod", "{\"ns\":\"a\",\"name\":\"unseen\"}");
	/* It may be heard of before the pods are asked for, or after. */
	web_follow(10, true);
	if ((n = web_receive_pods(10)) != 1504) {
		assert_int_equal(n, 1503);
		assert_int_equal(web_wait_pod(MSG_SHOW_POD, "unseen")->id, 10);
	}
	close(web);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_story), T(test_rollout), T(test_pages),
		T(test_gone_status), T(test_gone_stream), T(test_token),
		T(test_token_asked), T(test_forbidden),
		T(test_fault_html), T(test_fault_half), T(test_fault_garbage),
		T(test_fault_wrong_kind), T(test_fault_deep),
		T(test_fault_utf8), T(test_fault_huge),
		T(test_fault_error_event), T(test_fault_too_many),
		T(test_away), T(test_reload), T(test_new_notifier),
		T(test_show), T(test_show_pods), T(test_feed),
	};

	return (cmocka_run_group_tests_name("watcher", tests, NULL, NULL));
}
