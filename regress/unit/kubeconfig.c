#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kanatad/kubeconfig.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

/* What kind and kubeadm write; "Zm9v" is "foo". */
#define FULL								\
	"apiVersion: v1\n"						\
	"clusters:\n"							\
	"- cluster:\n"							\
	"    certificate-authority-data: Q0EK\n"			\
	"    server: https://127.0.0.1:6443\n"				\
	"  name: kind\n"						\
	"- cluster:\n"							\
	"    certificate-authority: pki/ca.crt\n"			\
	"    server: https://k8s.example.org/clusters/c-1/\n"		\
	"    tls-server-name: kubernetes\n"				\
	"    extensions: [{name: x, extension: {a: [1]}}]\n"		\
	"  name: remote\n"						\
	"contexts:\n"							\
	"- context: {cluster: kind, user: cert, namespace: prod}\n"	\
	"  name: one\n"							\
	"- context: {cluster: remote, user: token}\n"			\
	"  name: two\n"							\
	"- context: {cluster: remote, user: plugin}\n"			\
	"  name: three\n"						\
	"current-context: one\n"					\
	"kind: Config\n"						\
	"preferences: {}\n"						\
	"users:\n"							\
	"- name: cert\n"						\
	"  user:\n"							\
	"    client-certificate-data: Q0VSVAo=\n"			\
	"    client-certificate: /ignored\n"				\
	"    client-key-data: S0VZCg==\n"				\
	"- name: token\n"						\
	"  user: {token: hunter2}\n"					\
	"- name: plugin\n"						\
	"  user:\n"							\
	"    exec: {command: aws, args: [eks, get-token]}\n"

/* A context with what the test is about. */
#define WITH(cluster, user)						\
	"clusters: [{name: c, cluster: {" cluster "}}]\n"		\
	"users: [{name: u, user: {" user "}}]\n"			\
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"	\
	"current-context: x\n"
#define SERVER	"server: 'https://h'"

static int
read_text(struct parsed *p, const char *text, const char *context)
{
	struct yaml_node	*root;
	int			 ok;

	parsed_init(p, "/home/u/.kube/config", true);
	root = yaml_read(text, strlen(text), KUBECONFIG_DEPTH_MAX, &p->error);
	if (root == NULL)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	ok = kubeconfig_read(p, root, context);
	yaml_tree_free(root);
	return (ok);
}

static void
read_good(struct parsed *p, const char *text, const char *context)
{
	if (read_text(p, text, context) == -1)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	assert_false(p->failed);
}

static const struct parsed_secret *
find_secret(const struct parsed *p, enum secret kind)
{
	const struct parsed_secret	*secret, *found = NULL;

	TAILQ_FOREACH(secret, &p->secrets, entry) {
		if (secret->kind == kind) {
			assert_null(found);
			found = secret;
		}
	}
	return (found);
}

static void
assert_inline(const struct parsed *p, enum secret kind, const char *bytes)
{
	const struct parsed_secret	*secret = find_secret(p, kind);

	assert_non_null(secret);
	assert_null(secret->path);
	assert_int_equal(secret->len, strlen(bytes));
	assert_string_equal(secret->bytes, bytes);
}

static void
assert_file(const struct parsed *p, enum secret kind, const char *path)
{
	const struct parsed_secret	*secret = find_secret(p, kind);

	assert_non_null(secret);
	assert_null(secret->bytes);
	assert_string_equal(secret->path, path);
}

static void
test_contexts(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, FULL, "");
	assert_string_equal(p.server.host, "127.0.0.1");
	assert_int_equal(p.server.port, 6443);
	assert_string_equal(p.server.path, "");
	assert_string_equal(p.server.tls_name, "");
	assert_string_equal(p.server.ns, "prod");
	assert_true(p.server.tls);
	assert_false(p.server.insecure);
	assert_inline(&p, SECRET_KUBE_CA, "CA\n");
	assert_inline(&p, SECRET_KUBE_CERT, "CERT\n");
	assert_inline(&p, SECRET_KUBE_KEY, "KEY\n");
	assert_null(find_secret(&p, SECRET_KUBE_TOKEN));
	parsed_clear(&p);

	read_good(&p, FULL, "two");
	assert_string_equal(p.server.host, "k8s.example.org");
	assert_int_equal(p.server.port, 443);
	assert_string_equal(p.server.path, "/clusters/c-1");
	assert_string_equal(p.server.tls_name, "kubernetes");
	assert_string_equal(p.server.ns, "");
	assert_file(&p, SECRET_KUBE_CA, "/home/u/.kube/pki/ca.crt");
	assert_inline(&p, SECRET_KUBE_TOKEN, "hunter2");
	assert_null(find_secret(&p, SECRET_KUBE_CERT));
	parsed_clear(&p);

	assert_int_equal(read_text(&p, FULL, "three"), -1);
	assert_int_equal(p.error.line, 33);
	assert_int_equal(p.error.column, 5);
	assert_non_null(strstr(p.error.text, "`exec` is not supported yet"));
	parsed_clear(&p);
	assert_int_equal(read_text(&p, FULL, "four"), -1);
	assert_string_equal(p.error.text, "there is no context `four`");
	parsed_clear(&p);
}

static void
test_json(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, "{\n\t\"kind\": \"Config\",\n"
	    "\t\"clusters\": [{\"name\": \"c\", \"cluster\": {\"server\": "
	    "\"https://h:1\"}}],\n"
	    "\t\"users\": [{\"name\": \"u\", \"user\": {\"token\": \"t\", "
	    "\"exec\": null}}],\n"
	    "\t\"contexts\": [{\"name\": \"x\", \"context\": {\"cluster\": "
	    "\"c\", \"user\": \"u\"}}],\n"
	    "\t\"current-context\": \"x\"\n}\n", "");
	assert_int_equal(p.server.port, 1);
	assert_inline(&p, SECRET_KUBE_TOKEN, "t");
	/* None is given: what the machine trusts. */
	assert_file(&p, SECRET_KUBE_CA, PATH_CA);
	parsed_clear(&p);
}

static void
test_credentials(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, WITH(SERVER, "token: a, tokenFile: run/t"), "");
	assert_file(&p, SECRET_KUBE_TOKEN, "/home/u/.kube/run/t");
	parsed_clear(&p);

	read_good(&p, WITH(SERVER, "client-certificate: /c, client-key: k, "
	    "token: '', username: '', exec: null, as-groups: []"), "");
	assert_file(&p, SECRET_KUBE_CERT, "/c");
	assert_file(&p, SECRET_KUBE_KEY, "/home/u/.kube/k");
	assert_null(find_secret(&p, SECRET_KUBE_TOKEN));
	parsed_clear(&p);

	read_good(&p, WITH(SERVER ", insecure-skip-tls-verify: true", ""), "");
	assert_true(p.server.insecure);
	assert_null(find_secret(&p, SECRET_KUBE_CA));
	assert_non_null(TAILQ_FIRST(&p.warnings));
	parsed_clear(&p);

	read_good(&p, WITH("server: 'http://localhost:8001'", ""), "");
	assert_false(p.server.tls);
	assert_null(TAILQ_FIRST(&p.secrets));
	parsed_clear(&p);

	/* No user at all, as kubectl proxy wants it. */
	read_good(&p, "clusters: [{name: c, cluster: {" SERVER "}}]\n"
	    "contexts: [{name: x, context: {cluster: c}}]\n", "x");
	parsed_clear(&p);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *error;
	} bad[] = {
		{ "text", 1, 1, "this is no kubeconfig: expected a map" },
		{ "kind: Pod\n", 1, 7, "expected `kind: Config`" },
		{ "a: b\n", 1, 1, "there is no `current-context`" },
		{ "current-context: x\n", 1, 18, "there is no context `x`" },
		{ "current-context: [x]\n", 1, 18, "expected text" },
		{ "current-context: x\ncontexts: {x: y}\n", 2, 11,
		    "`contexts`: expected a list, found a map" },
		{ "current-context: x\ncontexts: [x, [y], {}, {name: [x]}]\n",
		    1, 18, "there is no context `x`" },
		{ "current-context: x\ncontexts: [{name: x}]\n", 2, 12,
		    "`context`: expected a map, found nothing" },
		{ "current-context: x\ncontexts: [{name: x, context: y}]\n", 2,
		    31, "`context`: expected a map, found text" },
		{ "current-context: x\ncontexts: [{name: x, context: {}}]\n",
		    2, 31, "`cluster` is missing" },
		{ "current-context: x\ncontexts: [{name: x}, {name: x}]\n", 2,
		    30, "context `x` is here twice" },
		{ "current-context: x\n"
		    "contexts: [{name: x, context: {cluster: c}}]\n", 2, 41,
		    "there is no cluster `c`" },
		{ "current-context: x\n"
		    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		    "clusters: [{name: c, cluster: {" SERVER "}}]\n", 2, 50,
		    "there is no user `u`" },
		{ "current-context: x\n"
		    "contexts: [{name: x, context: {namespace: A}}]\n", 2, 43,
		    "`A` cannot be the name of a namespace" },
		{ WITH("", ""), 1, 31, "`server` is missing" },
		{ WITH("server: h", ""), 1, 40, "`server`: expected an "
		    "address that starts with https://" },
		{ WITH("server: 'http://h'", ""), 1, 40,
		    "plain http only to this machine" },
		{ WITH("server: 'https://h/?a'", ""), 1, 40, "this path" },
		{ WITH(SERVER ", proxy-url: 'http://p'", ""), 1, 53,
		    "`proxy-url` is not supported" },
		{ WITH(SERVER ", tls-server-name: 'a b'", ""), 1, 70,
		    "`tls-server-name`" },
		{ WITH(SERVER ", insecure-skip-tls-verify: maybe", ""), 1, 79,
		    "expected true or false" },
		{ WITH(SERVER ", insecure-skip-tls-verify: true, "
		    "certificate-authority: x", ""), 1, 31,
		    "one of them must go" },
		{ WITH(SERVER ", certificate-authority-data: 'hunter2!'", ""),
		    1, 81, "this is not base64" },
		{ WITH(SERVER ", certificate-authority-data: '='", ""), 1, 81,
		    "this is not base64" },
		{ WITH(SERVER, "client-certificate: c"), 2, 25,
		    "a client certificate without its key" },
		{ WITH(SERVER, "client-key: c"), 2, 25,
		    "a client key without its certificate" },
		{ WITH(SERVER, "token: \"hunter2\\r\\nx: y\""), 2, 33,
		    "`token` has blanks" },
		{ WITH(SERVER, "token: [hunter2]"), 2, 33, "expected text" },
		{ WITH(SERVER, "auth-provider: {name: gcp}"), 2, 26,
		    "`auth-provider` is not supported yet" },
		{ WITH(SERVER, "username: u, password: hunter2"), 2, 26,
		    "`username` is not supported" },
		{ WITH(SERVER, "token: t, as: admin"), 2, 36,
		    "`as` is not supported" },
		{ WITH(SERVER, "tokenFile: ~/t"), 2, 37,
		    "`~` is not understood" },
	};
	struct parsed	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		if (read_text(&p, bad[i].text, "") == 0)
			fail_msg("no error in:\n%s", bad[i].text);
		assert_true(p.failed);
		if (p.error.line != bad[i].line ||
		    p.error.column != bad[i].column ||
		    strstr(p.error.text, bad[i].error) == NULL)
			fail_msg("%u:%u: %s\nin:\n%s", p.error.line,
			    p.error.column, p.error.text, bad[i].text);
		assert_null(strstr(p.error.text, "hunter2"));
		parsed_clear(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_bad),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
