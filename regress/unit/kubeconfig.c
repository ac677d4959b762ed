#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/plugin.h"
#include "../../kanatad/kubeconfig.h"
#include "parsed_asserts.h"

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
	"    exec:\n"							\
	"      apiVersion: client.authentication.k8s.io/v1beta1\n"	\
	"      command: aws\n"						\
	"      args: [eks, get-token]\n"				\
	"      env: [{name: AWS_PROFILE, value: p=1}, {name: E}]\n"	\
	"      installHint: |\n"					\
	"        Get it.\n"

/* A context with what the test is about. */
#define WITH(cluster, user)						\
	"clusters: [{name: c, cluster: {" cluster "}}]\n"		\
	"users: [{name: u, user: {" user "}}]\n"			\
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"	\
	"current-context: x\n"
#define SERVER	"server: 'https://h'"

/* text[i] is the file path[i]. */
static int
read_files(struct parsed *p, size_t count, const char *const *path,
    const char *const *text, const char *context)
{
	static char		 paths[KUBECONFIG_FILES_MAX][64];
	struct kubeconfig_file	 file[KUBECONFIG_FILES_MAX];
	size_t			 i;
	int			 ok;

	parsed_init(p, path[0], true);
	for (i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s", path[i]);
		file[i].path = paths[i];
		file[i].root = yaml_read(text[i], strlen(text[i]),
		    KUBECONFIG_DEPTH_MAX, &p->error);
		if (file[i].root == NULL)
			fail_msg("%u:%u: %s", p->error.line, p->error.column,
			    p->error.text);
	}
	ok = kubeconfig_read(p, file, count, context);
	while (count > 0)
		yaml_tree_free(file[--count].root);
	return (ok);
}

static int
read_text(struct parsed *p, const char *text, const char *context)
{
	static const char *const path[] = { "/home/u/.kube/config" };

	return (read_files(p, 1, path, &text, context));
}

static void
read_good(struct parsed *p, const char *text, const char *context)
{
	if (read_text(p, text, context) == -1)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	assert_false(p->failed);
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

	read_good(&p, FULL, "three");
	assert_null(find_secret(&p, SECRET_KUBE_TOKEN));
	assert_non_null(find_secret(&p, SECRET_KUBE_EXEC));
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

/* -- exec plugins -------------------------------------------------------------- */

#define V1	"apiVersion: client.authentication.k8s.io/v1, "		\
		"interactiveMode: Never, "
#define BETA	"apiVersion: client.authentication.k8s.io/v1beta1, "
#define EXEC(rest)	WITH(SERVER, "exec: {" rest "}")

static struct plugin *
find_plugin(const struct parsed *p)
{
	const struct parsed_secret	*secret;
	struct plugin			*plugin;

	assert_non_null(secret = find_secret(p, SECRET_KUBE_EXEC));
	assert_null(secret->path);
	assert_non_null(plugin = plugin_unpack(secret->bytes, secret->len));
	return (plugin);
}

static void
assert_info(const char *text, const char *context, const char *info,
    const char *ca_file)
{
	struct plugin	*plugin;
	struct parsed	 p;
	char		 both[2048];

	read_good(&p, text, context);
	plugin = find_plugin(&p);
	snprintf(both, sizeof(both), "%s%s", plugin->info_head,
	    plugin->info_tail);
	assert_string_equal(both, info);
	assert_string_equal(plugin->ca_file, ca_file);
	plugin_free(plugin);
	parsed_clear(&p);
}

static void
test_exec(void **state)
{
	struct plugin	*plugin;
	struct parsed	 p;

	(void)state;
	read_good(&p, FULL, "three");
	plugin = find_plugin(&p);
	assert_int_equal(plugin->narg, 3);
	assert_string_equal(plugin->arg[0], "aws");
	assert_string_equal(plugin->arg[2], "get-token");
	assert_null(plugin->arg[3]);
	assert_int_equal(plugin->nenv, 2);
	assert_string_equal(plugin->env[0], "AWS_PROFILE=p=1");
	assert_string_equal(plugin->env[1], "E=");
	assert_string_equal(plugin->hint, "Get it.\n");
	plugin_free(plugin);
	parsed_clear(&p);

	/* As client-go: only what has a slash is a path. */
	read_good(&p, EXEC(V1 "command: bin/x, args: null, env: null"), "");
	plugin = find_plugin(&p);
	assert_int_equal(plugin->narg, 1);
	assert_string_equal(plugin->arg[0], "/home/u/.kube/bin/x");
	plugin_free(plugin);
	parsed_clear(&p);

	/* A certificate of its own goes along, a token takes its place. */
	read_good(&p, WITH(SERVER, "client-certificate: c, client-key: k, "
	    "exec: {" V1 "command: x}"), "");
	assert_non_null(find_secret(&p, SECRET_KUBE_EXEC));
	assert_non_null(find_secret(&p, SECRET_KUBE_CERT));
	parsed_clear(&p);
	read_good(&p, WITH(SERVER, "token: t, exec: {" V1 "command: x}"), "");
	assert_null(find_secret(&p, SECRET_KUBE_EXEC));
	assert_non_null(strstr(TAILQ_FIRST(&p.warnings)->text,
	    "`exec` is not used"));
	parsed_clear(&p);
}

#define INFO(version, rest)						\
	"{\"apiVersion\":\"client.authentication.k8s.io/" version "\","	\
	"\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false" rest

static void
test_exec_info(void **state)
{
	(void)state;
	assert_info(FULL, "three", INFO("v1beta1", "}}"), "");
	assert_info(EXEC(V1 "command: x"), "", INFO("v1", "}}"), "");
	assert_info(EXEC(V1 "command: x, provideClusterInfo: true"), "",
	    INFO("v1", ",\"cluster\":{\"server\":\"https://h\"}}}"), "");
	assert_info(WITH(SERVER ", certificate-authority: ca, "
	    "tls-server-name: n, proxy-url: 'http://p:1'",
	    "exec: {" V1 "command: x, provideClusterInfo: true}"), "",
	    INFO("v1", ",\"cluster\":{\"server\":\"https://h\","
	    "\"tls-server-name\":\"n\",\"proxy-url\":\"http://p:1\","
	    "\"certificate-authority-data\":\"\"}}}"),
	    "/home/u/.kube/ca");
	assert_info(WITH(SERVER ", certificate-authority-data: \"Q0 EK\", "
	    "disable-compression: true, extensions: [{name: other, "
	    "extension: 1}, {name: client.authentication.k8s.io/exec, "
	    "extension: {a: [1, -2.5e3, 01, '1', true, Off, 'no', null, \"x\\n\\\"\"], "
	    "b: {}}}]",
	    "exec: {" V1 "command: x, provideClusterInfo: true}"), "",
	    INFO("v1", ",\"cluster\":{\"server\":\"https://h\","
	    "\"disable-compression\":true,\"config\":{\"a\":[1,-2.5e3,"
	    "\"01\",\"1\",true,false,\"no\",null,\"x\\u000a\\\"\"],\"b\":{}},"
	    "\"certificate-authority-data\":\"Q0EK\"}}}"), "");
	assert_info(WITH(SERVER ", insecure-skip-tls-verify: true",
	    "exec: {" V1 "command: x, provideClusterInfo: true}"), "",
	    INFO("v1", ",\"cluster\":{\"server\":\"https://h\","
	    "\"insecure-skip-tls-verify\":true}}}"), "");
}

/* -- proxies ------------------------------------------------------------------- */

static void
test_proxy(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, WITH(SERVER, ""), "");
	assert_string_equal(p.server.proxy_host, "");
	parsed_clear(&p);
	read_good(&p, WITH(SERVER ", proxy-url: 'http://p:3128/'", ""), "");
	assert_string_equal(p.server.host, "h");
	assert_string_equal(p.server.proxy_host, "p");
	assert_int_equal(p.server.proxy_port, 3128);
	assert_false(p.server.proxy_tls);
	assert_null(find_secret(&p, SECRET_KUBE_PROXY));
	parsed_clear(&p);
	read_good(&p, WITH(SERVER ", proxy-url: 'https://u:hunter%32@p'", ""),
	    "");
	assert_int_equal(p.server.proxy_port, 443);
	assert_true(p.server.proxy_tls);
	assert_inline(&p, SECRET_KUBE_PROXY, "u:hunter%32");
	parsed_clear(&p);
}

/* -- several files ------------------------------------------------------------- */

#define FIRST								\
	"users: [{name: u, user: {tokenFile: t}}]\n"			\
	"contexts: [{name: b, context: {cluster: c, user: u}}]\n"
#define SECOND								\
	"current-context: a\n"						\
	"clusters: [{name: c, cluster: {server: 'https://two', "		\
	"certificate-authority: ca}}]\n"				\
	"users: [{name: u, user: {token: hunter2}}, "			\
	"{name: v, user: {token: v}}]\n"				\
	"contexts: [{name: a, context: {cluster: c, user: v}}, "	\
	"{name: b, context: {cluster: d, user: v}}]\n"
#define THIRD								\
	"current-context: b\n"						\
	"clusters: [{name: c, cluster: {server: 'https://three'}}, "	\
	"{name: d, cluster: {proxy-url: 'socks5://x', server: 'https://d'}}]\n"

static void
test_files(void **state)
{
	static const char *const path[] = { "/one/k", "/two/k", "/three/k" };
	static const char *const text[] = { FIRST, SECOND, THIRD };
	static const char *const reverse[] = { THIRD, SECOND, FIRST };
	static const char *const broken[] = { FIRST, "kind: Pod\n" };
	struct parsed	 p;

	(void)state;
	/* current-context, context, cluster and user are in the second. */
	assert_int_equal(read_files(&p, 3, path, text, ""), 0);
	assert_string_equal(p.server.host, "two");
	assert_file(&p, SECRET_KUBE_CA, "/two/ca");
	assert_inline(&p, SECRET_KUBE_TOKEN, "v");
	parsed_clear(&p);
	/* A context of the first, its cluster in the second; each path starts
	 * where it stands. */
	assert_int_equal(read_files(&p, 3, path, text, "b"), 0);
	assert_string_equal(p.server.host, "two");
	assert_file(&p, SECRET_KUBE_CA, "/two/ca");
	assert_file(&p, SECRET_KUBE_TOKEN, "/one/t");
	parsed_clear(&p);
	/* The other way round everything is different, and wrong: said where. */
	assert_int_equal(read_files(&p, 3, path, reverse, ""), -1);
	assert_string_equal(p.error_path, "/one/k");
	assert_int_equal(p.error.line, 2);
	assert_non_null(strstr(p.error.text, "SOCKS"));
	parsed_clear(&p);
	assert_int_equal(read_files(&p, 3, path, text, "x"), -1);
	assert_string_equal(p.error_path, "/one/k");
	assert_non_null(strstr(p.error.text,
	    "there is no context `x` in any of the kubeconfigs"));
	parsed_clear(&p);
	assert_int_equal(read_files(&p, 1, path, text, "b"), -1);
	assert_string_equal(p.error_path, "/one/k");
	assert_string_equal(p.error.text, "there is no cluster `c`");
	parsed_clear(&p);
	assert_int_equal(read_files(&p, 2, path, broken, "b"), -1);
	assert_string_equal(p.error_path, "/two/k");
	parsed_clear(&p);
}

/* Which of two files an error is in. */
static void
test_files_at_fault(void **state)
{
	static const char *const path[] = { "/one/k", "/two/k" };
	static const struct {
		const char *text[2], *path, *error;
	} rows[] = {
		{ { "kind: Config\n", "kind: Config\n" }, "/one/k",
		    "there is no `current-context`" },
		{ { "kind: Config\n", "current-context: [x]\n" }, "/two/k",
		    "`current-context`: expected text" },
		{ { "kind: Config\n", "current-context: x\n" }, "/two/k",
		    "there is no context `x`" },
		{ { "current-context: x\nclusters: [{name: c, cluster: {"
		    SERVER "}}]\n", "contexts: [{name: x, context: {cluster: c, "
		    "user: u}}]\n" }, "/two/k", "there is no user `u`" },
		{ { "current-context: x\nusers: [{name: u, user: {token: "
		    "'a b'}}]\ncontexts: [{name: x, context: {cluster: c, "
		    "user: u}}]\n", "clusters: [{name: c, cluster: {" SERVER
		    "}}]\n" }, "/one/k", "`token` has blanks" },
	};
	struct parsed	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		assert_int_equal(read_files(&p, 2, path, rows[i].text, ""), -1);
		assert_string_equal(p.error_path, rows[i].path);
		if (strstr(p.error.text, rows[i].error) == NULL)
			fail_msg("row %zu: %s", i, p.error.text);
		parsed_clear(&p);
	}
}

/* The plugin of one file is told of the cluster of another. */
static void
test_files_of_a_plugin(void **state)
{
	static const char *const path[] = { "/one/k", "/two/k" };
	static const char	 head[] = "current-context: x\nusers: [{name: "
				    "u, user: {exec: {" V1 "command: bin/x, "
				    "provideClusterInfo: true, args: ['";
	static const char	 tail[] = "']}}}]\ncontexts: [{name: x, "
				    "context: {cluster: c, user: u}}]\n";
	static char		 one[PLUGIN_BYTES_MAX + 1000], two[200 * 1024];
	const char		*text[] = { one, two };
	struct plugin		*plugin;
	struct parsed		 p;

	(void)state;
	snprintf(one, sizeof(one), "%s%s", head, tail);
	snprintf(two, sizeof(two), "clusters: [{name: c, cluster: {" SERVER
	    ", certificate-authority: ca}}]\n");
	assert_int_equal(read_files(&p, 2, path, text, ""), 0);
	plugin = find_plugin(&p);
	assert_string_equal(plugin->arg[0], "/one/bin/x");
	assert_string_equal(plugin->ca_file, "/two/ca");
	plugin_free(plugin);
	parsed_clear(&p);
	/* More than can be handed on, of either. */
	snprintf(one, sizeof(one), "%s%0*d%s", head, PLUGIN_BYTES_MAX, 0, tail);
	assert_int_equal(read_files(&p, 2, path, text, ""), -1);
	assert_string_equal(p.error_path, "/one/k");
	assert_string_equal(p.error.text, "`exec`: more than 256 KiB of it");
	parsed_clear(&p);
	snprintf(one, sizeof(one), "%s%s", head, tail);
	snprintf(two, sizeof(two), "clusters: [{name: c, cluster: {" SERVER
	    ", certificate-authority-data: '%0*d'}}]\n", 120 * 1024, 0);
	assert_int_equal(read_files(&p, 2, path, text, ""), -1);
	assert_string_equal(p.error_path, "/one/k");
	assert_non_null(strstr(p.error.text, "what the plugin is to be told is "
	    "more than 120 KiB"));
	parsed_clear(&p);
}

static const struct refused bad[] = {
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
	{ WITH(SERVER ", proxy-url: 'socks5://hunter2@p'", ""), 1, 64,
	    "`proxy-url`: a SOCKS proxy is not supported" },
	{ WITH(SERVER ", proxy-url: 'p:1'", ""), 1, 64,
	    "`proxy-url`: expected a proxy that starts with" },
	{ WITH(SERVER ", proxy-url: 'http://p/x'", ""), 1, 64,
	    "a proxy has no path" },
	{ WITH(SERVER ", proxy-url: 'http://u:hunter2@'", ""), 1, 64,
	    "the address has no host" },
	{ WITH("server: 'http://[::1]', proxy-url: 'http://p'", ""),
	    1, 67, "a plain http `server`" },
	{ EXEC("command: x"), 2, 32, "`apiVersion` is missing" },
	{ EXEC("apiVersion: v1"), 2, 45, "expected "
	    "client.authentication.k8s.io/v1 or v1beta1" },
	{ EXEC("apiVersion: client.authentication.k8s.io/v1alpha1, "
	    "command: x"), 2, 45, "v1alpha1 is no more" },
	{ EXEC("apiVersion: client.authentication.k8s.io/v1, "
	    "command: x"), 2, 32, "`interactiveMode` is missing" },
	{ EXEC(BETA "interactiveMode: Always, command: x"), 2, 100,
	    "a daemon has none" },
	{ EXEC(BETA "interactiveMode: Perhaps, command: x"), 2, 100,
	    "expected Never or IfAvailable" },
	{ EXEC(BETA), 2, 32, "`command` is missing" },
	{ EXEC(BETA "command: ~/x"), 2, 92, "`~`" },
	{ EXEC(BETA "command: x, args: x"), 2, 101,
	    "`args`: expected a list, found text" },
	{ EXEC(BETA "command: x, args: [[]]"), 2, 102,
	    "`args`: expected text, found a list" },
	{ EXEC(BETA "command: x, env: {A: hunter2}"), 2, 100,
	    "`env`: expected a list, found a map" },
	{ EXEC(BETA "command: x, env: [hunter2]"), 2, 101,
	    "`env`: expected a map" },
	{ EXEC(BETA "command: x, env: [{value: hunter2}]"), 2, 101,
	    "expected the `name`" },
	{ EXEC(BETA "command: x, env: [{name: a=b}]"), 2, 108,
	    "expected the `name`" },
	{ EXEC(BETA "command: x, provideClusterInfo: 1"), 2, 115,
	    "expected true or false" },
	{ WITH(SERVER, "exec: x"), 2, 32, "`exec`: expected a map" },
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
	    "`auth-provider` is not supported: kubectl has none" },
	{ WITH(SERVER, "username: u, password: hunter2"), 2, 26,
	    "`username` is not supported" },
	{ WITH(SERVER, "token: t, as: admin"), 2, 36,
	    "`as` is not supported" },
	{ WITH(SERVER, "tokenFile: ~/t"), 2, 37,
	    "`~` is not understood" },
};

static void
test_bad(void **state)
{
	struct parsed	 p;
	size_t		 i;
	int		 rc;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		rc = read_text(&p, bad[i].text, "");
		assert_refused(&p, &bad[i]);
		assert_int_equal(rc, -1);
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
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_exec_info),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_at_fault),
		cmocka_unit_test(test_files_of_a_plugin),
		cmocka_unit_test(test_bad),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
