/*
 * The real kanata-parser in its cage: requests in, rows and descriptors out.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <cmocka.h>

#include "../../common/message_io.h"
#include "../../common/plugin.h"
#include "../../kanatad/kubeconfig.h"
#include "child.h"

#define CONF								\
	"key: hunter2\n"						\
	"webhook_url: https://h.example.org:8443/x\n"			\
	"components:\n"							\
	"    b: web\n"							\
	"    a: {watch: deploy/api, ns: x}\n"				\
	"ns: x\n"							\
	"etcd: {auth: [u, hunter3], nodes: ['127.0.0.1:2379']}\n"

/* A file as the parent opens it. */
static int
make_file(const void *bytes, size_t len)
{
	int	 fd = memfd_create("file", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	return (fd);
}

static void
ask(struct child *c, enum message_type type, const char *path,
    const void *bytes, size_t len)
{
	struct message_out	*out;
	int			 fd = make_file(bytes, len);

	child_start(c, ROLE_PARSER, "kanata-parser", NULL);
	out = message_new(type, 0);
	message_put_s(out, path);
	if (type == MSG_PARSE_CONF)
		message_put_b(out, true);
	else if (type == MSG_PARSE_KUBECONFIG) {
		message_put_s(out, "");
		message_put_b(out, true);
	}
	child_send(c, out, fd);
	close(fd);
}

/* All is said: it ends by itself. */
static void
expect_end(struct child *c)
{
	uint8_t		 byte;

	wait_readable(c->fd, CHILD_PATIENCE);
	assert_int_equal(recv(c->fd, &byte, 1, 0), 0);
	assert_int_equal(child_wait(c), 0);
}

static void
expect_error(struct child *c, const char *path, unsigned line,
    unsigned column, const char *text)
{
	struct message	*m = child_receive(c, MSG_PARSE_ERROR);

	assert_string_equal(message_get_s(m), path);
	assert_int_equal(message_get_u(m), line);
	assert_int_equal(message_get_u(m), column);
	assert_non_null(strstr(message_get_s(m), text));
	expect_end(c);
}

/* A sealed descriptor that nobody can change, with these bytes. */
static void
expect_secret(struct child *c, enum secret kind, const char *bytes)
{
	struct message	*m = child_receive(c, MSG_CONF_SECRET);
	char		*secret;
	size_t		 len;
	int		 fd;

	assert_int_equal(message_get_u(m), kind);
	fd = message_take_fd(m);
	assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK |
	    F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	secret = secret_read(fd, &len);
	assert_non_null(secret);
	assert_string_equal(secret, bytes);
	freezero(secret, len + 1);
}

static void
expect_endpoint(struct child *c, unsigned number, const char *host,
    unsigned port)
{
	struct message	*m = child_receive(c, MSG_CONF_ENDPOINT);

	assert_int_equal(message_get_u(m), number);
	message_get_u(m);
	message_get_u(m);
	assert_string_equal(message_get_s(m), host);
	assert_int_equal(message_get_u(m), port);
}

static void
test_conf(void **state)
{
	struct child	 c;
	struct message	*m;

	(void)state;
	ask(&c, MSG_PARSE_CONF, "/k.conf", CONF, strlen(CONF));
	m = child_receive(&c, MSG_PARSE_WARNING);
	assert_string_equal(message_get_s(m), "/k.conf");
	assert_int_equal(message_get_u(m), 7);
	child_receive(&c, MSG_CONF_GLOBAL);
	child_receive(&c, MSG_CONF_CLUSTER);
	expect_endpoint(&c, ENDPOINT_INSTATUS, "api.instatus.com", 443);
	expect_endpoint(&c, ENDPOINT_WEBHOOK, "h.example.org", 8443);
	expect_endpoint(&c, ENDPOINT_ETCD, "127.0.0.1", 2379);
	child_receive(&c, MSG_CONF_ETCD);
	m = child_receive(&c, MSG_CONF_COMPONENT);
	assert_string_equal(message_get_s(m), "b");
	m = child_receive(&c, MSG_CONF_COMPONENT);
	assert_string_equal(message_get_s(m), "a");
	expect_secret(&c, SECRET_INSTATUS_KEY, "hunter2");
	expect_secret(&c, SECRET_WEBHOOK_URL, "https://h.example.org:8443/x");
	m = child_receive(&c, MSG_CONF_SECRET_FILE);
	assert_int_equal(message_get_u(m), SECRET_INSTATUS_CA);
	expect_secret(&c, SECRET_ETCD_PASSWORD, "hunter3");
	child_receive(&c, MSG_PARSE_DONE);
	expect_end(&c);
}

static void
test_kubeconfig(void **state)
{
	static const char text[] =
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, user: u, "
	    "namespace: n}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://[::1]:6443/p/', "
	    "certificate-authority: ca}}]\n"
	    "users: [{name: u, user: {token: hunter2}}]\n";
	struct child	 c;
	struct message	*m;

	(void)state;
	ask(&c, MSG_PARSE_KUBECONFIG, "/d/kube", text, sizeof(text) - 1);
	m = child_receive(&c, MSG_KUBE_SERVER);
	assert_string_equal(message_get_s(m), "::1");
	assert_int_equal(message_get_u(m), 6443);
	assert_string_equal(message_get_s(m), "/p");
	assert_true(message_get_b(m));
	assert_string_equal(message_get_s(m), "");
	assert_false(message_get_b(m));
	assert_string_equal(message_get_s(m), "n");
	m = child_receive(&c, MSG_KUBE_FILE);
	assert_int_equal(message_get_u(m), SECRET_KUBE_CA);
	assert_string_equal(message_get_s(m), "/d/ca");
	expect_secret(&c, SECRET_KUBE_TOKEN, "hunter2");
	child_receive(&c, MSG_PARSE_DONE);
	expect_end(&c);
}

/* One of several files. */
static void
ask_more(struct child *c, const char *path, const char *text, bool last)
{
	struct message_out	*out = message_new(MSG_PARSE_KUBECONFIG, 0);
	int			 fd = make_file(text, strlen(text));

	message_put_s(out, path);
	message_put_s(out, "");
	message_put_b(out, last);
	child_send(c, out, fd);
	close(fd);
}

static void
test_kubeconfigs(void **state)
{
	static const char first[] =
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "users: [{name: u, user: {client-key: k, client-certificate: "
	    "c, exec: {apiVersion: client.authentication.k8s.io/v1, "
	    "interactiveMode: Never, command: ./get, "
	    "env: [{name: A, value: hunter2}]}}}]\n";
	static const char second[] =
	    "current-context: x\n"
	    "clusters: [{name: c, cluster: {server: 'https://k', "
	    "certificate-authority: ca, "
	    "proxy-url: 'http://me:hunter3@p:3128'}}]\n";
	static const struct { enum secret kind; const char *path; } files[] = {
		{ SECRET_KUBE_CA, "/two/ca" },
		{ SECRET_KUBE_CERT, "/one/c" }, { SECRET_KUBE_KEY, "/one/k" },
	};
	struct child	 c;
	struct message	*m;
	struct plugin	*plugin;
	char		*bytes;
	size_t		 len, i;

	(void)state;
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	ask_more(&c, "/one/kube", first, false);
	ask_more(&c, "/two/kube", second, true);
	m = child_receive(&c, MSG_KUBE_SERVER);
	assert_string_equal(message_get_s(m), "k");
	assert_int_equal(message_get_u(m), 443);
	message_get_s(m);
	message_get_b(m);
	message_get_s(m);
	message_get_b(m);
	message_get_s(m);
	assert_string_equal(message_get_s(m), "p");
	assert_int_equal(message_get_u(m), 3128);
	assert_false(message_get_b(m));
	expect_secret(&c, SECRET_KUBE_PROXY, "me:hunter3");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		m = child_receive(&c, MSG_KUBE_FILE);
		assert_int_equal(message_get_u(m), files[i].kind);
		assert_string_equal(message_get_s(m), files[i].path);
	}
	m = child_receive(&c, MSG_CONF_SECRET);
	assert_int_equal(message_get_u(m), SECRET_KUBE_EXEC);
	bytes = secret_read(message_take_fd(m), &len);
	assert_non_null(bytes);
	assert_non_null(plugin = plugin_unpack(bytes, len));
	assert_string_equal(plugin->arg[0], "/one/./get");
	assert_string_equal(plugin->env[0], "A=hunter2");
	plugin_free(plugin);
	freezero(bytes, len + 1);
	child_receive(&c, MSG_PARSE_DONE);
	expect_end(&c);

	/* The error names the file; what follows it is read to its end. */
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	ask_more(&c, "/one/kube", "a: [\n", false);
	ask_more(&c, "/two/kube", "b: [\n", false);
	ask_more(&c, "/three/kube", second, true);
	expect_error(&c, "/one/kube", 2, 1, "");
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	ask_more(&c, "/one/kube", first, false);
	ask_more(&c, "/two/kube", "kind: Pod\n", true);
	expect_error(&c, "/two/kube", 1, 7, "`kind: Config`");
}

/* As many as there may be, and one more, which no honest parent sends. */
static void
test_many_kubeconfigs(void **state)
{
	struct child	 c;
	unsigned	 i;

	(void)state;
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	for (i = 0; i < KUBECONFIG_FILES_MAX; i++)
		ask_more(&c, "/k", "a: b\n", i == KUBECONFIG_FILES_MAX - 1);
	expect_error(&c, "/k", 1, 1, "no `current-context`");
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	for (i = 0; i < KUBECONFIG_FILES_MAX; i++)
		ask_more(&c, "/k", "a: b\n", false);
	child_expect_log(&c, "more kubeconfigs than there may be");
	assert_int_equal(child_wait(&c), 1);
}

static void
test_webhook(void **state)
{
	static const char good[] = "https://h.example.org/hunter2\n";
	static const char plain[] = "http://h.example.org/hunter2\n";
	struct child	 c;

	(void)state;
	ask(&c, MSG_PARSE_WEBHOOK, "/hook", good, sizeof(good) - 1);
	expect_endpoint(&c, ENDPOINT_WEBHOOK, "h.example.org", 443);
	expect_secret(&c, SECRET_WEBHOOK_URL, "https://h.example.org/hunter2");
	child_receive(&c, MSG_PARSE_DONE);
	expect_end(&c);

	ask(&c, MSG_PARSE_WEBHOOK, "/hook", plain, sizeof(plain) - 1);
	expect_error(&c, "/hook", 1, 1, "plain http");
	ask(&c, MSG_PARSE_WEBHOOK, "/hook", "\n\n", 2);
	expect_error(&c, "/hook", 1, 1, "nothing in the file");
	ask(&c, MSG_PARSE_WEBHOOK, "/hook", "https://h/\0x", 12);
	expect_error(&c, "/hook", 1, 1, "a NUL byte");
}

static void
test_bad_files(void **state)
{
	static char	 huge[1024 * 1024 + 1];
	struct child	 c;
	struct message_out *out;
	int		 fd;

	(void)state;
	ask(&c, MSG_PARSE_CONF, "/k.conf", "", 0);
	expect_error(&c, "/k.conf", 1, 1, "nothing in the file");
	ask(&c, MSG_PARSE_CONF, "/k.conf", "key: k\ncomponets: {a: b}\n", 25);
	expect_error(&c, "/k.conf", 2, 1, "did you mean `components`?");
	memset(huge, '#', sizeof(huge));
	ask(&c, MSG_PARSE_CONF, "/k.conf", huge, sizeof(huge));
	expect_error(&c, "/k.conf", 0, 0, "more than 1024 KiB");
	ask(&c, MSG_PARSE_CONF, "/k.conf", huge, sizeof(huge) - 1);
	expect_error(&c, "/k.conf", 1, 1, "nothing in the file");

	/* A folder opens, and does not read. */
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	out = message_new(MSG_PARSE_CONF, 0);
	message_put_s(out, "/");
	message_put_b(out, true);
	child_send(&c, out, fd);
	close(fd);
	expect_error(&c, "/", 0, 0, "directory");
}

/* A file as large as may be, with as many rows as there can be. */
static void
test_many(void **state)
{
	struct child	 c;
	struct message	*m;
	char		*text, *t, id[32];
	unsigned	 i;

	(void)state;
	assert_non_null(text = malloc(1024 * 1024));
	t = text + sprintf(text, "key: k\ncomponents:\n");
	for (i = 0; i < CONF_COMPONENTS_MAX; i++)
		t += sprintf(t, "  c%u: p%u\n", i, i);
	ask(&c, MSG_PARSE_CONF, "/k.conf", text, (size_t)(t - text));
	free(text);
	child_receive(&c, MSG_CONF_GLOBAL);
	child_receive(&c, MSG_CONF_CLUSTER);
	child_receive(&c, MSG_CONF_ENDPOINT);
	for (i = 0; i < CONF_COMPONENTS_MAX; i++) {
		m = child_receive(&c, MSG_CONF_COMPONENT);
		snprintf(id, sizeof(id), "c%u", i);
		assert_string_equal(message_get_s(m), id);
	}
	expect_secret(&c, SECRET_INSTATUS_KEY, "k");
	child_receive(&c, MSG_CONF_SECRET_FILE);
	child_receive(&c, MSG_PARSE_DONE);
	expect_end(&c);
}

/* The parent changes its mind, or speaks nonsense. */
static void
test_parent(void **state)
{
	struct child	 c;

	(void)state;
	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	assert_int_equal(child_stop(&c), 0);

	child_start(&c, ROLE_PARSER, "kanata-parser", NULL);
	assert_int_equal(send(c.fd, "\xdd\x0f\xff\xff\xff", 5, 0), 5);
	child_expect_log(&c, "the parent sent nonsense");
	assert_int_equal(child_stop(&c), 1);

	ask(&c, MSG_PARSE_CONF, "/k.conf", CONF, strlen(CONF));
	close(c.fd);
	c.fd = -1;
	child_wait(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conf),
		cmocka_unit_test(test_kubeconfig),
		cmocka_unit_test(test_kubeconfigs),
		cmocka_unit_test(test_many_kubeconfigs),
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_parent),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
