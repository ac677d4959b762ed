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
#include "watcher_stage.h"

struct child		 watcher;
struct server		 sim;
int			 notifier = -1;
bool			 asked_token;
struct said		 last;

static struct child	 dialer;
static unsigned		 generation = 1000;

/* -- the simulator --------------------------------------------------------- */

void
tell(const char *command, const char *json)
{
	char path[64], reply[512];
	int status;

	snprintf(path, sizeof(path), "/sim/%s", command);
	status = server_ask(sim.port, path, NULL, json, reply, sizeof(reply));
	if (status != 200)
		fail_msg("%s %s: %d %s", command, json, status, reply);
}

void
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
unsigned
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
void
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

void
fresh_token(const char *token)
{
	struct message_out *m = message_new(MSG_SECRET_FRESH, 0);
	int fd = token == NULL ? -1 : secret_fd(token);

	message_put_u(m, SECRET_KUBE_TOKEN);
	child_send(&watcher, m, fd);
	if (fd != -1)
		close(fd);
}

int
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

int
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
void
hear_all(unsigned count)
{
	hear(MSG_HEALTH_BEGIN);
	while (count-- > 0)
		take_health(hear(MSG_HEALTH_SET));
	hear(MSG_HEALTH_END);
}

/* Either a health for the notifier, or a question to the parent. */
void
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

void
expect_within(uint64_t ms, enum health health, enum cause cause,
    unsigned ready, unsigned desired)
{
	uint64_t limit = ticks() + ms;

	while (last.health != health || last.cause != cause ||
	    last.ready != ready || last.desired != desired)
		hear_either(limit);
}

void
expect(enum health health, enum cause cause, unsigned ready, unsigned desired)
{
	expect_within(CHILD_PATIENCE, health, cause, ready, desired);
}

const struct watch api[] = { { "c1", KIND_ANY, "api" },
    { NULL, 0, NULL } };

void
start_healthy(void)
{
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":3}");
	configure("a", api, TOKEN, NULL);
	hear_all(1);
	assert_int_equal(last.cause, CAUSE_DISCONNECTED);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
}
