#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/template.h"
#include "../../kanatad/grammar.h"
#include "parsed_secrets.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

/* The configuration of the original's documentation, values filled in. */
#define SEED								\
	"# Returns the webhook URL for Instatus.\n"			\
	"# Optional: true\n"						\
	"# Default: <not set>\n"					\
	"webhook_url: https://api.instatus.com/v3/integrations/custom/x\n" \
	"\n"								\
	"# Returns the Instatus key for retrieving component IDs.\n"	\
	"# You can invoke this using `<kanata-bin> list`.\n"		\
	"#\n"								\
	"# Optional: false\n"						\
	"key: hunter2hunter2\n"						\
	"\n"								\
	"# Returns the namespace to check for.\n"			\
	"# Optional: false\n"						\
	"ns: default\n"							\
	"\n"								\
	"# Map of component-id -> pod-name to post on what component.\n" \
	"# Optional: false\n"						\
	"components:\n"							\
	"    ckf01fvnxywz60a35h0oeqmj5: api\n"				\
	"\n"								\
	"# Configuration for etcd.\n"					\
	"etcd:\n"							\
	"    # Authentication if you enabled it on your etcd cluster.\n" \
	"    auth:\n"							\
	"        user: root\n"						\
	"        pass: hunter3\n"					\
	"\n"								\
	"    # List of nodes to use when connecting\n"			\
	"    nodes:\n"							\
	"        - etcd.default.svc:2379\n"

/* The least that is needed; the rest of a file follows. */
#define LEAST	"key: k\ncomponents: {a: b}\n"

static int
read_text(struct parsed *p, const char *text, bool secret_ok)
{
	struct yaml_node	*root;
	int			 ok;

	parsed_init(p, "/etc/kanata/kanata.conf", secret_ok);
	root = yaml_read(text, strlen(text), GRAMMAR_DEPTH_MAX, &p->error);
	if (root == NULL)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	ok = grammar_read(p, root);
	yaml_tree_free(root);
	return (ok);
}

static const struct conf_component *
find_component(const struct parsed *p, const char *id)
{
	const struct conf_component	*c;

	TAILQ_FOREACH(c, &p->conf->components, entry)
		if (strcmp(c->id, id) == 0)
			return (c);
	fail_msg("there is no component %s", id);
	return (NULL);
}

static void
read_good(struct parsed *p, const char *text)
{
	if (read_text(p, text, true) == -1)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	assert_false(p->failed);
}

static const struct conf_endpoint *
find_endpoint(const struct parsed *p, unsigned number)
{
	const struct conf_endpoint	*e;

	TAILQ_FOREACH(e, &p->conf->endpoints, entry)
		if (e->number == number)
			return (e);
	return (NULL);
}

static void
assert_endpoint(const struct parsed *p, unsigned number, enum role role,
    const char *host, unsigned port, bool tls, bool loopback)
{
	const struct conf_endpoint	*e = find_endpoint(p, number);

	assert_non_null(e);
	assert_int_equal(e->role, role);
	assert_string_equal(e->host, host);
	assert_int_equal(e->port, port);
	assert_int_equal(e->tls, tls);
	assert_int_equal(e->loopback, loopback);
}

static unsigned
count_warnings(const struct parsed *p, const char *text)
{
	const struct parsed_warning	*warning;
	unsigned			 n = 0;

	TAILQ_FOREACH(warning, &p->warnings, entry)
		if (strstr(warning->text, text) != NULL)
			n++;
	return (n);
}

/* Every row survives its message. */
static void
assert_packs(const struct parsed *p)
{
	const struct conf_cluster	*cluster;
	const struct conf_component	*component;
	const struct conf_endpoint	*endpoint;
	struct conf			*copy = conf_new();
	struct message			 m;
	static uint8_t			 buf[MESSAGE_MAX];
	size_t				 len;

#define ROW(out) do {							\
	const uint8_t *bytes_ = message_bytes(out, &len);		\
	memcpy(buf, bytes_, len);					\
	assert_null(message_parse(&m, ROLE_PARSER, ROLE_PARENT, buf,	\
	    len, -1));							\
	assert_null(conf_take(copy, &m));				\
} while (0)
	ROW(conf_pack_global(&p->conf->global));
	TAILQ_FOREACH(cluster, &p->conf->clusters, entry)
		ROW(conf_pack_cluster(cluster));
	TAILQ_FOREACH(endpoint, &p->conf->endpoints, entry)
		ROW(conf_pack_endpoint(endpoint));
	if (p->conf->etcd != NULL)
		ROW(conf_pack_etcd(p->conf->etcd));
	TAILQ_FOREACH(component, &p->conf->components, entry)
		ROW(conf_pack_component(component));
	assert_int_equal(copy->ncomponent, p->conf->ncomponent);
	assert_int_equal(copy->ncluster, p->conf->ncluster);
	conf_free(copy);
}

static void
test_seed(void **state)
{
	const struct conf_component	*c;
	const struct conf_cluster	*cluster;
	struct parsed			 p;

	(void)state;
	read_good(&p, SEED);
	assert_packs(&p);
	assert_true(p.conf->global.webhook);
	assert_string_equal(p.conf->global.instatus_url,
	    "https://api.instatus.com");
	assert_string_equal(p.conf->global.instance, "default");
	assert_string_equal(p.conf->global.control_group, "");
	assert_int_equal(p.conf->global.storm, 5);
	assert_int_equal(p.conf->global.group_wait, 10000);
	assert_int_equal(p.conf->global.replicas, 1);
	assert_int_equal(p.conf->global.on_loss, ON_LOSS_PUBLISH);
	assert_int_equal(p.conf->global.rate_per_minute, 60);
	assert_false(p.conf->global.strict);
	assert_false(p.conf->global.log_verbose);
	assert_false(p.conf->global.log_json);

	assert_int_equal(p.conf->ncluster, 1);
	cluster = TAILQ_FIRST(&p.conf->clusters);
	assert_string_equal(cluster->name, "default");
	assert_string_equal(cluster->kubeconfig, "");
	assert_string_equal(cluster->in_cluster,
	    "/var/run/secrets/kubernetes.io/serviceaccount");
	assert_int_equal(cluster->nns, 1);
	assert_string_equal(cluster->ns[0], "default");

	assert_int_equal(p.conf->ncomponent, 1);
	c = TAILQ_FIRST(&p.conf->components);
	assert_string_equal(c->id, "ckf01fvnxywz60a35h0oeqmj5");
	assert_string_equal(c->name, "");
	assert_string_equal(c->cluster, "default");
	assert_string_equal(c->group, "");
	assert_int_equal(c->down_after, 30000);
	assert_int_equal(c->up_after, 60000);
	assert_int_equal(c->reopen_within, 900000);
	assert_int_equal(c->first_ready_within, 600000);
	assert_int_equal(c->rollout, ROLLOUT_MAINTENANCE);
	assert_int_equal(c->partial_below, 50);
	assert_int_equal(c->escalate_after, 0);
	assert_int_equal(c->line, 19);
	assert_int_equal(c->nwatch, 1);
	assert_int_equal(c->watch[0].kind, KIND_ANY);
	assert_string_equal(c->watch[0].ns, "");
	assert_string_equal(c->watch[0].what, "api");

	assert_non_null(p.conf->etcd);
	assert_string_equal(p.conf->etcd->user, "root");
	assert_false(p.conf->etcd->tls);
	assert_int_equal(p.conf->etcd->nnode, 1);
	assert_string_equal(p.conf->etcd->node[0].host, "etcd.default.svc");
	assert_int_equal(p.conf->etcd->node[0].port, 2379);
	assert_false(p.conf->etcd->node[0].tls);

	assert_endpoint(&p, ENDPOINT_INSTATUS, ROLE_NOTIFIER,
	    "api.instatus.com", 443, true, false);
	assert_endpoint(&p, ENDPOINT_WEBHOOK, ROLE_NOTIFIER,
	    "api.instatus.com", 443, true, false);
	assert_endpoint(&p, ENDPOINT_ETCD, ROLE_STORE, "etcd.default.svc",
	    2379, false, false);
	assert_inline(&p, SECRET_INSTATUS_KEY, "hunter2hunter2");
	assert_inline(&p, SECRET_WEBHOOK_URL,
	    "https://api.instatus.com/v3/integrations/custom/x");
	assert_inline(&p, SECRET_ETCD_PASSWORD, "hunter3");
	assert_file(&p, SECRET_INSTATUS_CA, PATH_CA);
	assert_null(find_secret(&p, SECRET_ETCD_CA));
	assert_int_equal(count_warnings(&p, "plain text, the password"), 1);
	assert_int_equal(count_warnings(&p, ""), 1);
	parsed_clear(&p);
}

static void
test_reverse(void **state)
{
	const struct conf_component	*c;
	struct parsed			 p;

	(void)state;
	read_good(&p, "key: k\ncomponents:\n"
	    "  api: ckf01fvnxywz60a35h0oeqmj5\n"
	    "  sts/db: ckf01fvnxywz60a35h0oeqmj6\n");
	assert_int_equal(count_warnings(&p, "maps pods to component ids"), 1);
	c = TAILQ_FIRST(&p.conf->components);
	assert_string_equal(c->id, "ckf01fvnxywz60a35h0oeqmj5");
	assert_string_equal(c->watch[0].what, "api");
	c = TAILQ_NEXT(c, entry);
	assert_string_equal(c->id, "ckf01fvnxywz60a35h0oeqmj6");
	assert_int_equal(c->watch[0].kind, KIND_STATEFULSET);
	assert_string_equal(c->watch[0].what, "db");
	parsed_clear(&p);

	/* Could be either, or one value is no id: the documented way round. */
	read_good(&p, "key: k\ncomponents:\n"
	    "  ckf01fvnxywz60a35h0oeqmj5: ckf01fvnxywz60a35h0oeqmj6\n"
	    "  a: ckf01fvnxywz60a35h0oeqmj7\n");
	assert_string_equal(TAILQ_FIRST(&p.conf->components)->id,
	    "ckf01fvnxywz60a35h0oeqmj5");
	assert_int_equal(count_warnings(&p, ""), 0);
	parsed_clear(&p);
	read_good(&p, "key: k\ncomponents:\n"
	    "  a: ckf01fvnxywz60a35h0oeqmj7\n  b: c\n");
	assert_string_equal(TAILQ_FIRST(&p.conf->components)->id, "a");
	parsed_clear(&p);
}

static void
test_long_form(void **state)
{
	const struct conf_component	*c;
	struct parsed			 p;

	(void)state;
	read_good(&p,
	    "key_file: secret/key\n"
	    "defaults: {down_after: 10s, partial_below: 25%}\n"
	    "clusters:\n"
	    "  - {name: prod, kubeconfig: kube, context: c,\n"
	    "     namespaces: [a, b]}\n"
	    "  - {name: dev, in_cluster: /sa, namespaces: '*'}\n"
	    "components:\n"
	    "  one:\n"
	    "    name: Public API\n"
	    "    watch: [api, Deployment/web, deployment.apps/x,\n"
	    "            {selector: 'app=x,tier in (a, b)'}]\n"
	    "    ns: a\n"
	    "    group: edge\n"
	    "    up_after: 0s\n"
	    "    rollout: quiet\n"
	    "  two: {watch: ds/logs, cluster: dev, ns: kube-system}\n"
	    "  three: cj/nightly\n");
	assert_packs(&p);
	assert_file(&p, SECRET_INSTATUS_KEY, "/etc/kanata/secret/key");
	assert_int_equal(p.conf->ncluster, 2);
	assert_string_equal(TAILQ_FIRST(&p.conf->clusters)->kubeconfig,
	    "/etc/kanata/kube");
	assert_string_equal(TAILQ_FIRST(&p.conf->clusters)->context, "c");
	assert_int_equal(TAILQ_FIRST(&p.conf->clusters)->nns, 2);
	assert_string_equal(TAILQ_LAST(&p.conf->clusters,
	    conf_clusters)->in_cluster, "/sa");

	c = find_component(&p, "one");
	assert_string_equal(c->name, "Public API");
	assert_string_equal(c->cluster, "prod");
	assert_string_equal(c->group, "edge");
	assert_int_equal(c->down_after, 10000);
	assert_int_equal(c->up_after, 0);
	assert_int_equal(c->partial_below, 25);
	assert_int_equal(c->rollout, ROLLOUT_QUIET);
	assert_int_equal(c->nwatch, 4);
	assert_int_equal(c->watch[0].kind, KIND_ANY);
	assert_int_equal(c->watch[1].kind, KIND_DEPLOYMENT);
	assert_string_equal(c->watch[1].what, "web");
	assert_int_equal(c->watch[2].kind, KIND_DEPLOYMENT);
	assert_int_equal(c->watch[3].kind, KIND_SELECTOR);
	assert_string_equal(c->watch[3].what, "app=x,tier in (a, b)");
	assert_string_equal(c->watch[3].ns, "a");

	c = find_component(&p, "two");
	assert_string_equal(c->cluster, "dev");
	assert_int_equal(c->watch[0].kind, KIND_DAEMONSET);
	assert_string_equal(c->watch[0].ns, "kube-system");
	assert_int_equal(TAILQ_LAST(&p.conf->clusters, conf_clusters)->nns, 1);
	c = find_component(&p, "three");
	assert_int_equal(c->watch[0].kind, KIND_CRONJOB);
	assert_string_equal(c->watch[0].ns, "");
	assert_int_equal(c->rollout, ROLLOUT_MAINTENANCE);
	parsed_clear(&p);
}

/* A namespace that only a component names is watched, and nobody else's. */
static void
test_namespaces(void **state)
{
	const struct conf_cluster	*cluster;
	struct parsed			 p;

	(void)state;
	read_good(&p, "key: k\nns: prod\ncomponents:\n"
	    "  a: api\n  b: {watch: api, ns: staging}\n"
	    "  c: {watch: web, ns: third}\n");
	cluster = TAILQ_FIRST(&p.conf->clusters);
	assert_int_equal(cluster->nns, 3);
	assert_string_equal(cluster->ns[0], "prod");
	assert_string_equal(cluster->ns[1], "staging");
	assert_string_equal(find_component(&p, "a")->watch[0].ns,
	    "prod");
	assert_string_equal(find_component(&p, "b")->watch[0].ns,
	    "staging");
	parsed_clear(&p);

	read_good(&p, "key: k\ncomponents:\n"
	    "  a: {watch: api, ns: x}\n  b: {watch: api, ns: y}\n");
	assert_int_equal(TAILQ_FIRST(&p.conf->clusters)->nns, 2);
	parsed_clear(&p);

	read_good(&p, LEAST);
	assert_int_equal(TAILQ_FIRST(&p.conf->clusters)->nns, 0);
	parsed_clear(&p);
}

static void
test_etcd(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, LEAST "etcd:\n  auth: [root, pw]\n"
	    "  nodes: ['https://e1:2379', '[::1]:2379', 'localhost:1']\n"
	    "replicas: 3\n");
	assert_packs(&p);
	assert_int_equal(count_warnings(&p, "old form"), 1);
	assert_int_equal(count_warnings(&p, "plain text"), 0);
	assert_inline(&p, SECRET_ETCD_PASSWORD, "pw");
	assert_file(&p, SECRET_ETCD_CA, PATH_CA);
	assert_endpoint(&p, ENDPOINT_ETCD, ROLE_STORE, "e1", 2379, true,
	    false);
	assert_endpoint(&p, ENDPOINT_ETCD + 1, ROLE_STORE, "::1", 2379, false,
	    true);
	assert_int_equal(p.conf->global.replicas, 3);
	assert_int_equal(p.conf->global.on_loss, ON_LOSS_HOLD);
	parsed_clear(&p);

	read_good(&p, LEAST "etcd:\n  auth: {user: u, pass_file: /p}\n"
	    "  nodes: [e1:2379]\n"
	    "  tls: {ca_file: ca, cert_file: c, key_file: k}\n"
	    "on_loss: hold\nstrict: true\nstore: {dir: /x}\n");
	assert_true(p.conf->etcd->tls);
	assert_true(p.conf->etcd->node[0].tls);
	assert_file(&p, SECRET_ETCD_PASSWORD, "/p");
	assert_file(&p, SECRET_ETCD_CA, "/etc/kanata/ca");
	assert_file(&p, SECRET_ETCD_CERT, "/etc/kanata/c");
	assert_file(&p, SECRET_ETCD_KEY, "/etc/kanata/k");
	assert_int_equal(p.conf->global.on_loss, ON_LOSS_HOLD);
	assert_int_equal(count_warnings(&p, "`store` is not used"), 1);
	assert_int_equal(count_warnings(&p, ""), 1);
	parsed_clear(&p);
}

static void
test_page(void **state)
{
	struct parsed	 p;

	(void)state;
	read_good(&p, LEAST "webhook_url: http://127.0.0.1:8080/x\n"
	    "instatus: {url: 'http://localhost:81/base//',\n"
	    "    rate_per_minute: 120}\n");
	assert_string_equal(p.conf->global.instatus_url,
	    "http://localhost:81/base");
	assert_int_equal(p.conf->global.rate_per_minute, 120);
	assert_endpoint(&p, ENDPOINT_INSTATUS, ROLE_NOTIFIER, "localhost", 81,
	    false, true);
	assert_endpoint(&p, ENDPOINT_WEBHOOK, ROLE_NOTIFIER, "127.0.0.1",
	    8080, false, true);
	assert_null(find_secret(&p, SECRET_INSTATUS_CA));
	parsed_clear(&p);

	/* Its endpoint comes from the file, by a parser of its own. */
	read_good(&p, LEAST "webhook_url_file: /run/hook\n"
	    "instatus: {url: 'http://[::1]'}\n");
	assert_true(p.conf->global.webhook);
	assert_null(find_endpoint(&p, ENDPOINT_WEBHOOK));
	assert_file(&p, SECRET_WEBHOOK_URL, "/run/hook");
	assert_file(&p, SECRET_INSTATUS_CA, PATH_CA);
	parsed_clear(&p);
}

static void
test_publish(void **state)
{
	static const struct {
		const char	*text;
		unsigned	 what, warnings;
	} good[] = {
		{ "", PUBLISH_INCIDENTS | PUBLISH_STATUSES, 0 },
		{ "publish: statuses\n", PUBLISH_STATUSES, 0 },
		{ "publish: [incidents]\n", PUBLISH_INCIDENTS, 0 },
		{ "webhook_url: http://[::1]/x\n",
		    PUBLISH_STATUSES | PUBLISH_WEBHOOK, 0 },
		{ "webhook_url: http://[::1]/x\npublish: [webhook]\n",
		    PUBLISH_WEBHOOK, 0 },
		{ "webhook_url: http://[::1]/x\npublish: [statuses]\n",
		    PUBLISH_STATUSES, 1 },
		{ "publish: [webhook, incidents, statuses]\n"
		    "webhook_url_file: /run/hook\n", PUBLISH_ALL, 1 },
	};
	struct parsed			 p;
	const struct parsed_warning	*w;
	unsigned			 n;
	size_t				 i;

	(void)state;
	for (i = 0; i < NITEMS(good); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%s%s", LEAST,
		    "instatus: {url: 'http://[::1]'}\n", good[i].text);
		read_good(&p, text);
		assert_int_equal(p.conf->global.publish, good[i].what);
		n = 0;
		TAILQ_FOREACH(w, &p.warnings, entry)
			n++;
		assert_int_equal(n, good[i].warnings);
		parsed_clear(&p);
	}
}

static void
test_texts(void **state)
{
	struct parsed			 p;
	const struct conf_component	*c;

	(void)state;
	read_good(&p, "key: k\n"
	    "texts:\n"
	    "    name: 'About {components}'\n"
	    "    down: |\n"
	    "        Down: {count}\n"
	    "\n"
	    "        {list}\n"
	    "    private: '{id} {{{cause}}}'\n"
	    "components:\n"
	    "    a: {watch: b, texts: {line: '{component} {ready}'}}\n"
	    "    c: d\n");
	assert_string_equal(p.conf->text[TEMPLATE_NAME], "About {components}");
	assert_string_equal(p.conf->text[TEMPLATE_DOWN],
	    "Down: {count}\n\n{list}");
	assert_string_equal(p.conf->text[TEMPLATE_PRIVATE],
	    "{id} {{{cause}}}");
	assert_null(p.conf->text[TEMPLATE_WORSE]);
	c = TAILQ_FIRST(&p.conf->components);
	assert_string_equal(c->text[TEMPLATE_LINE], "{component} {ready}");
	assert_null(c->text[TEMPLATE_NAME]);
	assert_null(TAILQ_NEXT(c, entry)->text);
	parsed_clear(&p);
}

static void
test_open_file(void **state)
{
	static const struct { const char *text, *error; } bad[] = {
		{ LEAST, "`key` is in a file that others can read: "
		    "chmod 0640 it or use key_file" },
		{ "key_file: /k\ncomponents: {a: b}\nwebhook_url: "
		    "https://x/hunter2\n", "use webhook_url_file" },
		{ "key_file: /k\ncomponents: {a: b}\netcd: {nodes: [a:1], "
		    "auth: {user: u, pass: hunter2}}\n", "use pass_file" },
		{ "key_file: /k\ncomponents: {a: b}\netcd: {nodes: [a:1], "
		    "auth: [u, hunter2]}\n", "pass_file" },
	};
	struct parsed	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		assert_int_equal(read_text(&p, bad[i].text, false), -1);
		assert_non_null(strstr(p.error.text, bad[i].error));
		assert_null(strstr(p.error.text, "hunter2"));
		parsed_clear(&p);
	}
	assert_int_equal(read_text(&p, "key_file: /k\ncomponents: {a: b}\n",
	    false), 0);
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
		{ "text", 1, 1, "expected `key: value` lines, found text" },
		{ "[a]", 1, 1, "expected `key: value` lines, found a list" },
		{ "a: b\n", 1, 1, "unknown key `a`" },
		{ "componets: {a: b}\n", 1, 1,
		    "unknown key `componets`, did you mean `components`?" },
		{ "key: k\n", 1, 1, "`components` is missing" },
		{ "components: {a: b}\n", 1, 1,
		    "`key` (or `key_file`) is missing" },
		{ LEAST "key_file: x\n", 3, 1, "both `key` and `key_file`" },
		{ LEAST "webhook_url_file: x\nwebhook_url: https://x/\n", 3, 1,
		    "both `webhook_url` and `webhook_url_file`" },
		{ "key:\ncomponents: {a: b}\n", 1, 1, "`key` has no value" },
		{ "key: ''\ncomponents: {a: b}\n", 1, 6,
		    "`key`: expected text, found an empty text" },
		{ "key: [hunter2]\ncomponents: {a: b}\n", 1, 6,
		    "`key`: expected text, found a list" },
		{ "key: hunter2 x\ncomponents: {a: b}\n", 1, 6,
		    "`key` has blanks" },
		{ "key: \"hunter2\\nx\"\ncomponents: {a: b}\n", 1, 6,
		    "`key`: a line break" },
		{ LEAST "webhook_url: http://x/hunter2\n", 3, 14,
		    "`webhook_url`: plain http only to this machine" },
		{ LEAST "webhook_url: hunter2\n", 3, 14,
		    "`webhook_url`: expected an address that starts" },
		{ LEAST "webhook_url: https://a:hunter2@b/\n", 3, 14,
		    "a user name or password" },
		{ LEAST "instatus: {url: 'http://x'}\n", 3, 17,
		    "`url`: plain http only" },
		{ LEAST "instatus: {url: 'https://x/?a'}\n", 3, 17,
		    "`url`: `?`" },
		{ LEAST "instatus: x\n", 3, 11,
		    "`instatus`: expected a map, found text" },
		{ LEAST "instatus: {rate_per_minute: 0}\n", 3, 29,
		    "expected a number from 1 to 6000, found `0`" },
		{ LEAST "instatus: {ca_file: ~/ca}\n", 3, 21,
		    "`~` is not understood" },
		{ LEAST "strict: yes\n", 3, 9,
		    "expected true or false, found `yes`" },
		{ LEAST "log: {level: debug}\n", 3, 14,
		    "expected brief or verbose, found `debug`" },
		{ LEAST "group_wait: 10\n", 3, 13,
		    "`10` has no unit: write 10s" },
		{ LEAST "group_wait: ten\n", 3, 13, "expected a duration" },
		{ LEAST "group_wait: 2h\n", 3, 13, "expected 0s to 3600s" },
		{ LEAST "instance: a/b\n", 3, 11, "`instance`: expected" },
		{ LEAST "replicas: 2\n", 3, 1, "needs an `etcd` section" },
		{ LEAST "control: {group: 'a b'}\n", 3, 18,
		    "expected the name of a group" },
		{ LEAST "control: {sokcet: /x}\n", 3, 11,
		    "did you mean `socket`?" },
		{ LEAST "defaults: {name: x}\n", 3, 12,
		    "unknown key `name`" },
		{ LEAST "ns: [a, b, a]\n", 3, 12, "`a` is here twice" },
		{ LEAST "ns: [a, '*']\n", 3, 9, "it must stand alone" },
		{ LEAST "ns: []\n", 3, 5, "the list of namespaces is empty" },
		{ LEAST "ns: A\n", 3, 5, "`A` cannot be the name" },
		{ LEAST "clusters: []\n", 3, 11, "`clusters` is empty" },
		{ LEAST "clusters: {a: b}\n", 3, 11, "expected a list" },
		{ LEAST "clusters: [{context: x}]\n", 3, 12,
		    "a cluster without a `name`" },
		{ LEAST "clusters: [{name: x}, {name: x}]\n", 3, 23,
		    "cluster `x` is here twice" },
		{ LEAST "clusters: [{name: x, kubeconfig: a, in_cluster: b}]\n",
		    3, 12, "both `kubeconfig` and `in_cluster`" },
		{ LEAST "etcd: {}\n", 3, 7, "`nodes` is missing" },
		{ LEAST "etcd: {nodes: []}\n", 3, 15, "`nodes` is empty" },
		{ LEAST "etcd: {nodes: [a]}\n", 3, 16,
		    "the port is missing: expected host:port" },
		{ LEAST "etcd: {nodes: a:1}\n", 3, 15, "expected a list" },
		{ LEAST "etcd: {nodes: [a:1], auth: {user: u}}\n", 3, 28,
		    "`pass` (or `pass_file`) is missing" },
		{ LEAST "etcd: {nodes: [a:1], auth: {pass: u}}\n", 3, 28,
		    "`user` is missing" },
		{ LEAST "etcd: {nodes: [a:1], auth: [a]}\n", 3, 28,
		    "expected {user: ..., pass: ...}" },
		{ LEAST "etcd: {nodes: [a:1], tls: {key_file: x}}\n", 3, 27,
		    "go together" },
		{ LEAST "etcd: {nodes: ['http://a:1'], tls: {}}\n", 3, 16,
		    "http:// although there is a `tls` section" },
		{ LEAST "texts: {down: 'x {lst}'}\n", 3, 15,
		    "there is no field `{lst}`, did you mean `{list}`?" },
		{ LEAST "texts:\n  name: '{pod}'\n", 4, 9,
		    "there is no field `{pod}`; the fields are components, "
		    "problem, count, started, " },
		{ LEAST "texts: {name: '{list}'}\n", 3, 15,
		    "`{list}` cannot be in it; the fields are components, " },
		{ LEAST "texts: {line: '{count}'}\n", 3, 15,
		    "`{count}` cannot be in it; the fields are started, " },
		{ LEAST "texts: {line: '{'}\n", 3, 15, "a brace alone" },
		{ LEAST "texts: {down: 'a } b {list}'}\n", 3, 15,
		    "a brace alone before ` b {list}`" },
		{ LEAST "texts: {down: '{}'}\n", 3, 15, "no field `{}`" },
		{ LEAST "texts: {down: ''}\n", 3, 15, "1 to 2048 bytes" },
		{ LEAST "texts: {down: [a]}\n", 3, 15, "expected text" },
		{ LEAST "texts: {down: \"a\\tb\"}\n", 3, 15,
		    "a control character" },
		{ LEAST "texts: {name: \"a\\nb\"}\n", 3, 15, "a line break" },
		{ LEAST "texts: {dawn: a}\n", 3, 9, "did you mean `down`?" },
		{ LEAST "texts: a\n", 3, 8, "expected a map" },
		{ "key: k\ncomponents:\n  a: {watch: b, texts: {down: '{i}'}}\n",
		    3, 31, "there is no field `{i}`" },
		{ LEAST "publish: []\n", 3, 10, "`publish` is empty" },
		{ LEAST "publish: [statuses, news]\n", 3, 21,
		    "expected incidents, statuses or webhook, found `news`" },
		{ LEAST "publish: [statuses, statuses]\n", 3, 21,
		    "`statuses` is there twice" },
		{ LEAST "publish: webhook\n", 3, 10, "needs `webhook_url`" },
		{ LEAST "publish: {}\n", 3, 10, "expected incidents, " },
		{ LEAST "strict: true\netcd: {nodes: [a:1]}\n", 4, 16,
		    "refused by `strict`" },
		{ "key: k\ncomponents: {}\n", 2, 13, "`components` is empty" },
		{ "key: k\ncomponents: [a]\n", 2, 13, "expected a map" },
		{ "key: k\ncomponents:\n  a b: c\n", 3, 3,
		    "`a b` cannot be a component id" },
		{ "key: k\ncomponents:\n  a:\n  b: c\n", 3, 5,
		    "`a`: expected a name, kind/name or {selector: ...}, "
		    "found nothing" },
		{ "key: k\ncomponents:\n  a: [b]\n", 3, 6, "found a list" },
		{ "key: k\ncomponents:\n  a: B\n", 3, 6,
		    "`B` cannot be a name in Kubernetes" },
		{ "key: k\ncomponents:\n  a: svc/b\n", 3, 6,
		    "the kind is none of" },
		{ "key: k\ncomponents:\n  a: n/pod/b\n", 3, 6,
		    "the namespace goes into `ns`" },
		{ "key: k\ncomponents:\n  a: {name: x}\n", 3, 6,
		    "`watch` is missing" },
		{ "key: k\ncomponents:\n  a: {watch: []}\n", 3, 14,
		    "the list of what to watch is empty" },
		{ "key: k\ncomponents:\n  a: {watch: {selector: 'a b'}}\n", 3,
		    25, "expected a label selector" },
		{ "key: k\ncomponents:\n  a: {watch: {select: a}}\n", 3, 15,
		    "did you mean `selector`?" },
		{ "key: k\ncomponents:\n  a: {watch: {}}\n", 3, 14,
		    "`selector` is missing" },
		{ "key: k\ncomponents:\n  a: {watch: b, cluster: c}\n", 3, 26,
		    "there is no cluster `c`" },
		{ "key: k\ncomponents:\n  a: {watch: b, rollout: loud}\n", 3,
		    26, "expected maintenance or quiet" },
		{ "key: k\ncomponents:\n  a: {watch: b, partial_below: 101}\n",
		    3, 32, "expected a percentage" },
		{ "key: k\ncomponents:\n  a: b\n  c: d\n  a: e\n", 0, 0, "" },
		{ "key: k\ncomponents:\n  api: ckf01fvnxywz60a35h0oeqmj5\n"
		    "  web: ckf01fvnxywz60a35h0oeqmj5\n", 4, 8,
		    "is here twice: the first is on line 3" },
		{ "key: k\ncomponents:\n  a: b\n  c: {watch: d, ns: e}\n", 4,
		    21, "component `a` (line 3) has no `ns`" },
		{ "key: k\nns: [x, y]\ncomponents:\n  a: b\n"
		    "  c: {watch: d, ns: e}\n", 5, 21,
		    "`e` is not among the namespaces of cluster `default`" },
		{ "key: k\ncomponents:\n  a: {watch: b, name: \"x\\ny\"}\n", 3,
		    23, "a line break or another control character" },
	};
	struct parsed		 p;
	struct yaml_error	 error;
	size_t			 i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		if (bad[i].line == 0) {
			/* Found before the grammar sees it. */
			assert_null(yaml_read(bad[i].text,
			    strlen(bad[i].text), 16, &error));
			continue;
		}
		if (read_text(&p, bad[i].text, true) == 0)
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

/* Limits of the protocol hold for what the grammar lets through. */
static void
test_limits(void **state)
{
	struct parsed	 p;
	char		*text, *t;
	unsigned	 i;

	(void)state;
	assert_non_null(text = malloc(1024 * 1024));
	t = text + sprintf(text, "key: k\ncomponents:\n");
	for (i = 0; i < CONF_COMPONENTS_MAX; i++)
		t += sprintf(t, "  c%u: p%u\n", i, i);
	read_good(&p, text);
	assert_int_equal(p.conf->ncomponent, CONF_COMPONENTS_MAX);
	parsed_clear(&p);
	sprintf(t, "  one: more\n");
	assert_int_equal(read_text(&p, text, true), -1);
	assert_non_null(strstr(p.error.text, "more than 10000 components"));
	parsed_clear(&p);

	/* 64 selectors of the greatest length do not fit in one message. */
	t = text + sprintf(text, "key: k\ncomponents: {a: {watch: [");
	for (i = 0; i < CONF_WATCHES_MAX; i++)
		t += sprintf(t, "{selector: '%*s'},", 1024, "app=x");
	sprintf(t, "]}}\n");
	assert_int_equal(read_text(&p, text, true), -1);
	assert_non_null(strstr(p.error.text, "is too long"));
	parsed_clear(&p);

	t = text + sprintf(text, "key: k\ncomponents: {a: {watch: [");
	for (i = 0; i < CONF_WATCHES_MAX; i++)
		t += sprintf(t, "{selector: '%*s'},", 900, "app=x");
	sprintf(t, "]}}\n");
	read_good(&p, text);
	assert_packs(&p);
	parsed_clear(&p);

	t = text + sprintf(text, LEAST "ns: [");
	for (i = 0; i < CONF_NAMESPACES_MAX; i++)
		t += sprintf(t, "%063u,", i);
	strcpy(t, "]\n");
	read_good(&p, text);
	assert_packs(&p);
	parsed_clear(&p);
	strcpy(t, "x]\n");
	assert_int_equal(read_text(&p, text, true), -1);
	assert_non_null(strstr(p.error.text, "more than 256 namespaces"));
	parsed_clear(&p);
	free(text);
}

/* A list of so many is taken, one more is refused. */
static void
refused_beyond(const char *begin, const char *item, unsigned count,
    const char *end, const char *why)
{
	struct parsed	 p;
	char		 text[16384], *t;
	unsigned	 i;

	t = text + sprintf(text, LEAST "%s", begin);
	for (i = 0; i <= count; i++) {
		t += sprintf(t, "%s%u, ", item, i);
		strcpy(t, end);
		if (i == count - 1) {
			read_good(&p, text);
			assert_packs(&p);
			parsed_clear(&p);
		}
	}
	assert_int_equal(read_text(&p, text, true), -1);
	if (strstr(p.error.text, why) == NULL)
		fail_msg("%s", p.error.text);
	parsed_clear(&p);
}

static void
test_counts(void **state)
{
	struct parsed	 p;
	char		 text[8192], *t;
	unsigned	 i;

	(void)state;
	refused_beyond("etcd: {nodes: [", "h:1", CONF_NODES_MAX, "]}\n",
	    "`nodes`: more than 16");
	/* Each with a name of its own. */
	refused_beyond("ns: [", "n", CONF_NAMESPACES_MAX, "]\n",
	    "more than 256 namespaces");
	t = text + sprintf(text, LEAST "clusters:\n");
	for (i = 0; i < CONF_CLUSTERS_MAX; i++)
		t += sprintf(t, "- {name: c%u}\n", i);
	read_good(&p, text);
	assert_packs(&p);
	parsed_clear(&p);
	sprintf(t, "- {name: more}\n");
	assert_int_equal(read_text(&p, text, true), -1);
	assert_non_null(strstr(p.error.text, "`clusters`: more than 64"));
	parsed_clear(&p);
	for (i = 0; i < 2; i++) {
		sprintf(text, LEAST "texts: {down: '%0*d'}\n",
		    TEMPLATE_BYTES_MAX + i, 0);
		assert_int_equal(read_text(&p, text, true), i == 0 ? 0 : -1);
		parsed_clear(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_long_form),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_etcd),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_open_file),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_counts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
