/*
 * common/http.c in the cage of the notifier, with real dialers and a scripted
 * server (httpd.py).  That nothing is killed is part of the test.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/cage.h"
#include "../../common/log.h"
#include "../../common/worker.h"
#include "http_stage.h"

#define HTTPD	"regress/proc/httpd.py"

struct event_base	*base;
unsigned		 port[NOBODYS + 1];
char			*ca, *cert[KEYS], *key[KEYS];
struct child		 first, second;		/* dialers */
int			 first_link, second_link, false_link[2];
struct http_server	*plain, *tls;
bool			 hung;

/* What the frame of a worker has, for http.c. */
void
worker_peer_gone(enum role role, unsigned instance, enum channel_end end,
    const char *why)
{
	assert_int_equal(role, ROLE_DIALER);
	assert_int_equal(instance, 0);
	(void)why;
	hung = hung || end != CHANNEL_CLOSED;
}

/* -- one request and what became of it --------------------------------------- */

static void
on_done(struct http_request *req, const struct http_reply *reply, void *arg)
{
	struct result *r = arg;

	assert_false(r->done);
	r->done = true;
	r->outcome = reply->outcome;
	r->status = reply->status;
	r->retry_after = reply->retry_after;
	snprintf(r->type, sizeof(r->type), "%s", http_content_type(req));
	free(r->body);
	r->body = reply->body == NULL ? NULL : strdup(reply->body);
	if (reply->body != NULL)
		assert_int_equal(strlen(reply->body), reply->len);
	assert_true((reply->error == NULL) == (reply->outcome == HTTP_REPLY));
	snprintf(r->error, sizeof(r->error), "%s",
	    reply->error == NULL ? "" : reply->error);
}

int
on_data(struct http_request *req, const char *data, size_t len, void *arg)
{
	struct result *r = arg;

	r->npiece++;
	r->data_status = http_status(req);
	assert_true(strlen(r->pieces) + len < sizeof(r->pieces));
	strncat(r->pieces, data, len);
	return (r->stop ? -1 : 0);
}

bool
on_may_send(void *arg)
{
	struct result *r = arg;

	r->asked++;
	return (!r->may_not);
}

void
loop_until(const bool *flag)
{
	uint64_t limit = ticks() + CHILD_PATIENCE;
	struct timeval tv = { 0, 100000 };

	while (!*flag) {
		if (ticks() > limit)
			fail_msg("it did not happen");
		event_base_loopexit(base, &tv);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

void
loop_for(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

struct result *
result_reset(void)
{
	static struct result r;

	free(r.body);
	memset(&r, 0, sizeof(r));
	return (&r);
}

struct http_request *
begin(struct http_server *server, struct http_request_options o,
    struct result *r)
{
	o.done = on_done;
	o.arg = r;
	if (o.method == NULL)
		o.method = "GET";
	return (http_send(server, &o));
}

struct result *
run(struct http_server *server, struct http_request_options o)
{
	struct result *r = result_reset();

	begin(server, o, r);
	assert_false(r->done);
	loop_until(&r->done);
	return (r);
}

struct result *
get(struct http_server *server, const char *path)
{
	return (run(server, REQUEST(.path = path)));
}

void
expect(const struct result *r, enum http_outcome outcome, long status,
    const char *error)
{
	if (r->outcome != outcome || r->status != status)
		fail_msg("outcome %d, status %ld: %s", r->outcome, r->status,
		    r->error);
	if (strstr(r->error, error) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", r->error, error);
}

void
expect_body(const struct result *r, const char *what)
{
	expect(r, HTTP_REPLY, 200, "");
	if (r->body == NULL || strstr(r->body, what) == NULL)
		fail_msg("no %s in %s", what, r->body);
}

/* The number that the server gave to the connection. */
int
connection(const struct result *r)
{
	const char *at;

	expect(r, HTTP_REPLY, 200, "");
	at = strstr(r->body, "\"connection\": ");
	assert_non_null(at);
	return (atoi(at + strlen("\"connection\": ")));
}

/* How often the server has read that request. */
void
expect_count(const char *what, const char *method, int count)
{
	char path[128];
	struct result *r;

	snprintf(path, sizeof(path), "/count/%s/%s", what, method);
	r = get(tls, path);
	expect(r, HTTP_REPLY, 200, "");
	/* The server's word is a JSON string. */
	assert_int_equal(atoi(r->body + (r->body[0] == '"')), count);
}

struct http_server *
server(unsigned endpoint, const char *host, const char *tls_name)
{
	struct http_server_options o = { .endpoint = endpoint, .host = host,
	    .port = port[endpoint], .tls_name = tls_name,
	    .tls = endpoint == TLS || endpoint == MUTUAL ||
	    endpoint == RECORDS,
	    .ca = ca, .ca_len = strlen(ca) };

	return (http_server_new(&o));
}

/* -- the world, made before the cage ------------------------------------------ */

static char *
slurp(const char *dir, const char *name)
{
	char path[256], *text;
	size_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	text = secret_read(fd, &len);
	assert_non_null(text);
	return (text);
}

static void
start_server(const char *dir)
{
	int in[2], out[2];
	FILE *f;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	if (fork() == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("python3", "python3", HTTPD, dir, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	f = fdopen(out[0], "r");
	assert_non_null(f);
	if (fscanf(f, "%u %u %u %u %u %u", &port[PLAIN], &port[TLS],
	    &port[MUTUAL], &port[PROXY], &port[TLS_PROXY],
	    &port[RECORDS]) != 6)
		fail_msg("%s does not run; is this the root of the source?",
		    HTTPD);
	ca = slurp(dir, "ca.pem");
	port[CLOSED] = port[NOBODYS] = port[PLAIN];
	cert[RSA] = slurp(dir, "client-rsa.pem");
	key[RSA] = slurp(dir, "client-rsa.key");
	cert[ECDSA] = slurp(dir, "client-ecdsa.pem");
	key[ECDSA] = slurp(dir, "client-ecdsa.key");
	cert[ED25519] = slurp(dir, "client-ed25519.pem");
	key[ED25519] = slurp(dir, "client-ed25519.key");
	fclose(f);
}

static int
start_dialer(struct child *c)
{
	static char host[] = "127.0.0.1", closed[] = "127.0.0.3";
	struct conf_endpoint list[NOBODYS];
	unsigned i;

	memset(list, 0, sizeof(list));
	for (i = 0; i < NOBODYS; i++) {
		list[i].number = i;
		list[i].role = ROLE_NOTIFIER;
		list[i].host = i == CLOSED ? closed : host;
		list[i].port = port[i];
	}
	child_start(c, ROLE_DIALER, "kanata-dialer", NULL);
	child_configure(c, list, NOBODYS, NULL);
	return (child_link(c, ROLE_NOTIFIER, 0));
}

int
stage_setup(void **state)
{
	char dir[] = "/tmp/kanata-http-XXXXXX";
	char command[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	start_server(dir);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	first_link = start_dialer(&first);
	second_link = start_dialer(&second);
	channel_pair(false_link);
	base = event_base_new();
	assert_non_null(base);
	http_init(base, ROLE_NOTIFIER);
	cage_close(ROLE_NOTIFIER, NULL);
	plain = server(PLAIN, "127.0.0.1", NULL);
	tls = server(TLS, "server.test", NULL);
	return (0);
}

int
stage_setup_linked(void **state)
{
	stage_setup(state);
	http_link_dialer(first_link);
	return (0);
}

/* The cage lets nobody write to a file, which the output may be: a process
 * outside of it passes the output on. */
int
stage_main(int (*run_caged)(void))
{
	char buf[4096];
	int out[2], status;
	ssize_t n;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_TO_STDERR, "test");
	if (pipe2(out, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		setlinebuf(stdout);
		exit(run_caged());
	}
	close(out[1]);
	while ((n = read(out[0], buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, n) != n)
			fatal("write");
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fatalx("the test died of signal %d: %s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	return (WEXITSTATUS(status));
}
