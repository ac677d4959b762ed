/* What is refused, where it says so and how, and how much is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grammar_read.h"
#include "parsed_asserts.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

static const struct refused bad[] = {
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

static void
test_bad(void **state)
{
	struct parsed		 p;
	struct yaml_error	 error;
	size_t			 i;
	int			 rc;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		if (bad[i].line == 0) {
			/* Found before the grammar sees it. */
			assert_null(yaml_read(bad[i].text,
			    strlen(bad[i].text), 16, &error));
			continue;
		}
		rc = read_text(&p, bad[i].text, true);
		assert_refused(&p, &bad[i]);
		assert_int_equal(rc, -1);
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
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_counts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
