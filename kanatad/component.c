/*
 * Components of kanata.conf: what on the page stands for what in the cluster.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "../common/selector.h"
#include "../common/xmalloc.h"
#include "grammar.h"
#include "key.h"
#include "value.h"

#define DAY		(24 * 3600 * 1000ULL)

/* All that a component watches travels in one message. */
#define WATCH_BYTES_MAX	(MESSAGE_MAX - 4096)
#define SELECTOR_BYTES_MAX 1024

/* A component while it is read. */
struct component_section {
	struct conf_component	 c;
	const struct yaml_node	*watch, *texts;
	char			*ns;
};

struct watch_section {
	char			*selector;
};

static const char *const rollout_words[] = { "maintenance", "quiet", NULL };

#define SECTION(field)	offsetof(struct component_section, field)
static const struct key defaults_keys[] = {
	{ "down_after", KEY_DURATION, .offset = SECTION(c.down_after),
	    .max = DAY },
	{ "up_after", KEY_DURATION, .offset = SECTION(c.up_after),
	    .max = DAY },
	{ "reopen_within", KEY_DURATION, .offset = SECTION(c.reopen_within),
	    .max = 30 * DAY },
	{ "first_ready_within", KEY_DURATION,
	    .offset = SECTION(c.first_ready_within), .max = 30 * DAY },
	{ "rollout", KEY_CHOICE, .offset = SECTION(c.rollout),
	    .words = rollout_words },
	{ "partial_below", KEY_PERCENT, .offset = SECTION(c.partial_below) },
	{ "escalate_after", KEY_DURATION, .offset = SECTION(c.escalate_after),
	    .max = 30 * DAY },
};

static const struct key component_keys[] = {
	{ "name", KEY_TEXT, .offset = SECTION(c.name), .max = 255 },
	{ "watch", KEY_NODE, .offset = SECTION(watch) },
	{ "texts", KEY_NODE, .offset = SECTION(texts) },
	{ "cluster", KEY_TEXT, .offset = SECTION(c.cluster), .max = 63 },
	{ "ns", KEY_TEXT, .offset = SECTION(ns), .max = 63,
	    .check = value_is_label, .expected = "the name of a namespace" },
	{ "group", KEY_TEXT, .offset = SECTION(c.group), .max = 63 },
	{ "down_after", KEY_DURATION, .offset = SECTION(c.down_after),
	    .max = DAY },
	{ "up_after", KEY_DURATION, .offset = SECTION(c.up_after),
	    .max = DAY },
	{ "reopen_within", KEY_DURATION, .offset = SECTION(c.reopen_within),
	    .max = 30 * DAY },
	{ "first_ready_within", KEY_DURATION,
	    .offset = SECTION(c.first_ready_within), .max = 30 * DAY },
	{ "rollout", KEY_CHOICE, .offset = SECTION(c.rollout),
	    .words = rollout_words },
	{ "partial_below", KEY_PERCENT, .offset = SECTION(c.partial_below) },
	{ "escalate_after", KEY_DURATION, .offset = SECTION(c.escalate_after),
	    .max = 30 * DAY },
};

static bool
is_selector(const char *text)
{
	struct selector		*selector;
	char			 why[128];

	selector = selector_parse(text, why, sizeof(why));
	selector_free(selector);
	return (selector != NULL);
}

static const struct key watch_keys[] = {
	{ "selector", KEY_TEXT,
	    .offset = offsetof(struct watch_section, selector),
	    .max = SELECTOR_BYTES_MAX, .check = is_selector,
	    .expected = "a label selector such as app=api" },
};

/* Also what `kubectl get -o name` prints, and its short names. */
static const struct { const char *word; enum kind kind; } kinds[] = {
	{ "pod", KIND_POD }, { "po", KIND_POD },
	{ "deployment", KIND_DEPLOYMENT }, { "deploy", KIND_DEPLOYMENT },
	{ "deployment.apps", KIND_DEPLOYMENT },
	{ "statefulset", KIND_STATEFULSET }, { "sts", KIND_STATEFULSET },
	{ "statefulset.apps", KIND_STATEFULSET },
	{ "daemonset", KIND_DAEMONSET }, { "ds", KIND_DAEMONSET },
	{ "daemonset.apps", KIND_DAEMONSET },
	{ "replicaset", KIND_REPLICASET }, { "rs", KIND_REPLICASET },
	{ "replicaset.apps", KIND_REPLICASET },
	{ "job", KIND_JOB }, { "job.batch", KIND_JOB },
	{ "cronjob", KIND_CRONJOB }, { "cj", KIND_CRONJOB },
	{ "cronjob.batch", KIND_CRONJOB },
};

int
component_read_defaults(struct parsed *p, const struct yaml_node *node,
    struct conf_component *template)
{
	struct component_section s = { .c = *template };

	if (KEY_READ_MAP(p, node, defaults_keys, &s) == -1)
		return (-1);
	*template = s.c;
	return (0);
}

static enum kind
watch_kind(const char *word, size_t len)
{
	size_t	 i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].word) == len &&
		    strncasecmp(kinds[i].word, word, len) == 0)
			return (kinds[i].kind);
	return (KIND_MAX);
}

static void
watch_add(struct conf_component *c, enum kind kind, const char *ns,
    const char *what)
{
	struct conf_watch	*watch = &c->watch[c->nwatch++];

	watch->kind = kind;
	watch->ns = xstrdup(ns);
	watch->what = xstrdup(what);
}

/* "name" or "kind/name", standing at a node. */
static int
watch_read_text(struct parsed *p, const struct yaml_node *node,
    const char *text, const char *ns, struct conf_component *c)
{
	const char	*slash = strchr(text, '/'), *name = text;
	enum kind	 kind = KIND_ANY;

	if (slash != NULL) {
		name = slash + 1;
		if (strchr(name, '/') != NULL)
			return (parsed_fail(p, node, "`%s`: expected a name or "
			    "kind/name; the namespace goes into `ns`",
			    log_safe(text)));
		kind = watch_kind(text, (size_t)(slash - text));
		if (kind == KIND_MAX)
			return (parsed_fail(p, node, "`%s`: the kind is none "
			    "of pod, deployment, statefulset, daemonset, "
			    "replicaset, job, cronjob", log_safe(text)));
	}
	if (!value_is_subdomain(name))
		return (parsed_fail(p, node, "`%s` cannot be a name in "
		    "Kubernetes: lower case letters, digits, `-` and `.`",
		    log_safe(name)));
	watch_add(c, kind, ns, name);
	return (0);
}

static int
watch_read_selector(struct parsed *p, const struct yaml_node *node,
    const char *ns, struct conf_component *c)
{
	struct watch_section	 s = { .selector = NULL };
	int			 ok;

	ok = KEY_READ_MAP(p, node, watch_keys, &s);
	if (ok == 0 && s.selector == NULL)
		ok = parsed_fail(p, node, "`selector` is missing");
	if (ok == 0)
		watch_add(c, KIND_SELECTOR, ns, s.selector);
	free(s.selector);
	return (ok);
}

static int
watch_read_one(struct parsed *p, const struct yaml_node *node, const char *ns,
    struct conf_component *c)
{
	const char	*text;

	if (node->what == YAML_MAP)
		return (watch_read_selector(p, node, ns, c));
	if ((text = key_want_text(p, node, 300,
	    "a name, kind/name or {selector: ...}")) == NULL)
		return (-1);
	return (watch_read_text(p, node, text, ns, c));
}

static int
watch_read(struct parsed *p, const struct yaml_node *node, const char *ns,
    struct conf_component *c)
{
	const struct yaml_node	*one;
	size_t			 count = 1, bytes = 0;

	if (node->what == YAML_LIST) {
		count = node->count;
		if (count == 0)
			return (parsed_fail(p, node, "the list of what to "
			    "watch is empty"));
		if (count > CONF_WATCHES_MAX)
			return (parsed_fail(p, node, "more than %d to watch",
			    CONF_WATCHES_MAX));
	}
	c->watch = xcalloc(count, sizeof(*c->watch));
	if (node->what != YAML_LIST)
		return (watch_read_one(p, node, ns, c));
	for (one = node->first; one != NULL; one = one->next) {
		if (watch_read_one(p, one, ns, c) == -1)
			return (-1);
		bytes += strlen(c->watch[c->nwatch - 1].what) + strlen(ns) + 12;
		if (bytes > WATCH_BYTES_MAX)
			return (parsed_fail(p, one, "all that this component "
			    "watches is too long"));
	}
	return (0);
}

/* {watch: ..., ...}, into the component. */
static int
component_read_map(struct parsed *p, const struct yaml_node *node,
    struct conf_component *c)
{
	struct component_section s = { .c = *c };
	int			 ok;

	ok = KEY_READ_MAP(p, node, component_keys, &s);
	*c = s.c;
	if (ok == 0 && s.watch == NULL)
		ok = parsed_fail(p, node, "`%s`: `watch` is missing",
		    log_safe(c->id));
	if (ok == 0)
		ok = watch_read(p, s.watch, s.ns != NULL ? s.ns : "", c);
	if (ok == 0 && s.texts != NULL)
		ok = texts_read(p, s.texts, c);
	free(s.ns);
	return (ok);
}

/* The cluster's real name takes the place of "". */
static int
component_set_cluster(struct parsed *p, const struct yaml_node *node,
    struct conf_component *c)
{
	const struct conf_cluster	*cluster;
	const struct yaml_node		*at;

	if ((cluster = cluster_find(p, c->cluster)) == NULL) {
		at = yaml_find(node, "cluster");
		return (parsed_fail(p, at, "there is no cluster `%s`",
		    log_safe(c->cluster)));
	}
	if (c->cluster[0] == '\0') {
		free(c->cluster);
		c->cluster = xstrdup(cluster->name);
	}
	return (0);
}

/* The id and what it stands for are key and value, or the other way round. */
static int
component_read(struct parsed *p, const struct yaml_node *node, bool reverse,
    const struct conf_component *template)
{
	struct conf_component	*c;

	c = xcalloc(1, sizeof(*c));
	*c = *template;
	c->id = xstrdup(reverse ? node->text : node->key);
	c->name = xstrdup("");
	c->cluster = xstrdup("");
	c->group = xstrdup("");
	c->line = node->key_line;
	c->watch = NULL;
	c->nwatch = 0;

	TAILQ_INSERT_TAIL(&p->conf->components, c, entry);
	p->conf->ncomponent++;
	if (!value_is_id(c->id))
		return (parsed_fail_key(p, node, "`%s` cannot be a component "
		    "id: letters, digits, `-` and `_`, at most 128",
		    log_safe(c->id)));
	if (node->what == YAML_LIST)
		return (parsed_fail(p, node, "`%s`: expected the name of a pod "
		    "or workload, or {watch: ...}, found a list",
		    log_safe(c->id)));
	if (node->what == YAML_MAP) {
		if (component_read_map(p, node, c) == -1)
			return (-1);
	} else {
		c->watch = xcalloc(1, sizeof(*c->watch));
		if (reverse ?
		    watch_read_text(p, node, node->key, "", c) == -1 :
		    watch_read_one(p, node, "", c) == -1)
			return (-1);
	}
	return (component_set_cluster(p, node, c));
}

/* Pod name: component id, as the sources of the original had it (KA-3)?  Only
 * when every value is an id that cannot be a pod's name by chance, and no key is. */
static bool
component_is_reverse(const struct yaml_node *components)
{
	const struct yaml_node	*node;

	for (node = components->first; node != NULL; node = node->next)
		if (node->what != YAML_TEXT || !value_is_cuid(node->text) ||
		    value_is_cuid(node->key))
			return (false);
	return (true);
}

static int
component_compare(const void *a, const void *b)
{
	const struct yaml_node	*x = *(struct yaml_node *const *)a;
	const struct yaml_node	*y = *(struct yaml_node *const *)b;
	int			 order = strcmp(x->text, y->text);

	if (order != 0)
		return (order);
	return (x->line < y->line ? -1 : x->line > y->line);
}

/* In a reverse map an id can be there twice. */
static int
component_check_twice(struct parsed *p, const struct yaml_node *components)
{
	const struct yaml_node	**all, *node;
	size_t			 n = 0, i;
	int			 ok = 0;

	all = xcalloc(components->count, sizeof(*all));
	for (node = components->first; node != NULL; node = node->next)
		all[n++] = node;
	heapsort(all, n, sizeof(*all), component_compare);
	for (i = 1; i < n && ok == 0; i++)
		if (strcmp(all[i]->text, all[i - 1]->text) == 0)
			ok = parsed_fail(p, all[i], "component `%s` is here "
			    "twice: the first is on line %u",
			    log_safe(all[i]->text), all[i - 1]->line);
	free(all);
	return (ok);
}

/* -- namespaces of components that their cluster does not list -------------- */

/* How many components of the cluster have no `ns`; *first is the first. */
static unsigned
component_count_open(struct parsed *p, const struct conf_cluster *cluster,
    const struct conf_component **first)
{
	const struct conf_component	*c;
	unsigned			 n = 0;

	TAILQ_FOREACH(c, &p->conf->components, entry)
		if (strcmp(c->cluster, cluster->name) == 0 &&
		    c->watch[0].ns[0] == '\0' && n++ == 0)
			*first = c;
	return (n);
}

/* Gives those without `ns` the only namespace that the cluster has so far. */
static void
component_close(struct parsed *p, const struct conf_cluster *cluster)
{
	struct conf_component	*c;
	unsigned		 i;

	TAILQ_FOREACH(c, &p->conf->components, entry) {
		if (strcmp(c->cluster, cluster->name) != 0 ||
		    c->watch[0].ns[0] != '\0')
			continue;
		for (i = 0; i < c->nwatch; i++) {
			free(c->watch[i].ns);
			c->watch[i].ns = xstrdup(cluster->ns[0]);
		}
	}
}

/*
 * A component may name a namespace that its cluster does not list: it joins the
 * list, but components without `ns` must not look for their pods there.
 */
static int
component_join_ns(struct parsed *p, const struct yaml_node *node,
    const struct conf_component *c)
{
	const struct conf_component	*open = NULL;
	const struct yaml_node		*at = yaml_find(node, "ns");
	struct conf_cluster		*cluster = cluster_find(p, c->cluster);
	const char			*ns = c->watch[0].ns;

	if (ns[0] == '\0' || cluster_has_ns(cluster, ns))
		return (0);
	if (component_count_open(p, cluster, &open) > 0) {
		if (cluster->nns == 0)
			return (parsed_fail(p, at, "component `%s` (line %u) "
			    "has no `ns`: when one has, all must, or `ns` at "
			    "the top or `namespaces` of the cluster",
			    log_safe(open->id), open->line));
		if (cluster->nns > 1)
			return (parsed_fail(p, at, "`%s` is not among the "
			    "namespaces of cluster `%s`: add it there",
			    log_safe(ns), log_safe(cluster->name)));
		component_close(p, cluster);
	}
	if (cluster_add_ns(cluster, ns) == -1)
		return (parsed_fail(p, at, "cluster `%s` has more than %d "
		    "namespaces: use \"*\"", log_safe(cluster->name),
		    CONF_NAMESPACES_MAX));
	return (0);
}

int
component_read_all(struct parsed *p, const struct yaml_node *components,
    const struct conf_component *template)
{
	const struct yaml_node		*node;
	const struct conf_component	*c;
	bool				 reverse;

	if (key_want_map(p, components) == NULL)
		return (-1);
	if (components->count == 0)
		return (parsed_fail(p, components, "`components` is empty"));
	if (components->count > CONF_COMPONENTS_MAX)
		return (parsed_fail(p, components, "more than %d components",
		    CONF_COMPONENTS_MAX));
	reverse = component_is_reverse(components);
	if (reverse) {
		parsed_warn(p, components, "`components` maps pods to "
		    "component ids and is understood so: the documented form "
		    "is `<component-id>: <pod-name>`");
		if (component_check_twice(p, components) == -1)
			return (-1);
	}
	for (node = components->first; node != NULL; node = node->next)
		if (component_read(p, node, reverse, template) == -1)
			return (-1);
	c = TAILQ_FIRST(&p->conf->components);
	for (node = components->first; node != NULL; node = node->next) {
		if (component_join_ns(p, node, c) == -1)
			return (-1);
		c = TAILQ_NEXT(c, entry);
	}
	return (0);
}
