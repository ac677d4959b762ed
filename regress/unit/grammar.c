#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/template.h"
#include "grammar_read.h"
#include "parsed_asserts.h"

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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
