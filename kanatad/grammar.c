#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "address.h"
#include "grammar.h"
#include "key.h"
#include "paths.h"
#include "value.h"

#define INSTATUS_URL	"https://api.instatus.com"
#define KEY_BYTES_MAX	1024
#define URL_BYTES_MAX	1024
#define HOUR		(3600 * 1000ULL)

struct grammar_top {
	const struct yaml_node	*key, *key_file, *webhook_url,
				*webhook_url_file, *publish, *ns, *components, *defaults,
				*etcd, *clusters, *instatus, *store, *control, *texts,
				*log, *web;
	char			*instance;
	unsigned		 replicas, on_loss, storm;
	uint64_t		 group_wait;
	bool			 strict;
};

struct grammar_instatus {
	const struct yaml_node	*url, *ca_file;
	unsigned		 rate_per_minute;
};

static const char *const on_loss_words[] = { "publish", "hold", NULL };
static const char *const log_words[] = { "brief", "verbose", NULL };
static const char *const format_words[] = { "text", "json", NULL };

#define TOP(field)	offsetof(struct grammar_top, field)
static const struct key top_keys[] = {
	{ "key", KEY_NODE, .offset = TOP(key) },
	{ "key_file", KEY_NODE, .offset = TOP(key_file) },
	{ "webhook_url", KEY_NODE, .offset = TOP(webhook_url) },
	{ "webhook_url_file", KEY_NODE, .offset = TOP(webhook_url_file) },
	{ "publish", KEY_NODE, .offset = TOP(publish) },
	{ "ns", KEY_NODE, .offset = TOP(ns) },
	{ "components", KEY_NODE, .offset = TOP(components) },
	{ "defaults", KEY_NODE, .offset = TOP(defaults) },
	{ "etcd", KEY_NODE, .offset = TOP(etcd) },
	{ "clusters", KEY_NODE, .offset = TOP(clusters) },
	{ "instatus", KEY_NODE, .offset = TOP(instatus) },
	{ "store", KEY_NODE, .offset = TOP(store) },
	{ "control", KEY_NODE, .offset = TOP(control) },
	{ "log", KEY_NODE, .offset = TOP(log) },
	{ "texts", KEY_NODE, .offset = TOP(texts) },
	{ "web", KEY_NODE, .offset = TOP(web) },
	{ "instance", KEY_TEXT, .offset = TOP(instance), .max = 63,
	    .check = value_is_word,
	    .expected = "letters, digits, `.`, `_` and `-`" },
	{ "replicas", KEY_NUMBER, .offset = TOP(replicas), .min = 1,
	    .max = 100 },
	{ "on_loss", KEY_CHOICE, .offset = TOP(on_loss),
	    .words = on_loss_words },
	{ "storm", KEY_NUMBER, .offset = TOP(storm), .min = 1,
	    .max = CONF_COMPONENTS_MAX },
	{ "group_wait", KEY_DURATION, .offset = TOP(group_wait), .max = HOUR },
	{ "strict", KEY_BOOL, .offset = TOP(strict) },
};

#define INSTATUS(field)	offsetof(struct grammar_instatus, field)
static const struct key instatus_keys[] = {
	{ "url", KEY_NODE, .offset = INSTATUS(url) },
	{ "ca_file", KEY_NODE, .offset = INSTATUS(ca_file) },
	{ "rate_per_minute", KEY_NUMBER, .offset = INSTATUS(rate_per_minute),
	    .min = 1, .max = 6000 },
};

#define GLOBAL(field)	offsetof(struct conf_global, field)
static const struct key store_keys[] = {
	{ "dir", KEY_PATH, .offset = GLOBAL(store_dir) },
};

static const struct key control_keys[] = {
	/* The size of sun_path without its NUL. */
	{ "socket", KEY_PATH, .offset = GLOBAL(control_socket), .max = 107 },
	{ "group", KEY_TEXT, .offset = GLOBAL(control_group), .max = 32,
	    .check = value_is_word, .expected = "the name of a group" },
};

struct grammar_log { unsigned level, format; };
#define LOG(field)	offsetof(struct grammar_log, field)
static const struct key log_keys[] = {
	{ "level", KEY_CHOICE, .offset = LOG(level), .words = log_words },
	{ "format", KEY_CHOICE, .offset = LOG(format), .words = format_words },
};

void
grammar_endpoint(struct parsed *p, unsigned number, enum role role,
    const char *host, unsigned port, bool tls, bool loopback)
{
	struct conf_endpoint	*endpoint;

	endpoint = xcalloc(1, sizeof(*endpoint));
	endpoint->number = number;
	endpoint->role = role;
	endpoint->host = xstrdup(host);
	endpoint->port = port;
	endpoint->tls = tls;
	endpoint->loopback = loopback;
	TAILQ_INSERT_TAIL(&p->conf->endpoints, endpoint, entry);
}

const char *
grammar_inline(struct parsed *p, const struct yaml_node *node,
    const char *instead)
{
	const char	*what = node->key != NULL ? node->key : "the password";

	if (!p->secret_ok) {
		parsed_fail(p, node, "`%s` is in a file that others can read: "
		    "chmod 0640 it or use %s", what, instead);
		return (NULL);
	}
	return (key_want_text(p, node, KEY_BYTES_MAX, "text"));
}

int
grammar_secret_file(struct parsed *p, enum secret kind,
    const struct yaml_node *node)
{
	const char	*path;

	if ((path = key_want_text(p, node, PARSED_PATH_MAX, "a path")) == NULL)
		return (-1);
	return (parsed_secret_file(p, kind, node, path));
}

/* Exactly one of a secret and its file; `needed` if it must be there. */
static int
grammar_one_of(struct parsed *p, const struct yaml_node *root,
    const struct yaml_node *there, const struct yaml_node *file,
    const char *name, bool needed)
{
	if (there != NULL && file != NULL)
		return (parsed_fail_key(p, file, "both `%s` and `%s_file`: "
		    "one of them must go", name, name));
	if (needed && there == NULL && file == NULL)
		return (parsed_fail(p, root, "`%s` (or `%s_file`) is missing",
		    name, name));
	return (0);
}

static int
grammar_key(struct parsed *p, const struct yaml_node *root,
    const struct grammar_top *top)
{
	const char	*key, *c;

	if (grammar_one_of(p, root, top->key, top->key_file, "key", true) == -1)
		return (-1);
	if (top->key_file != NULL)
		return (grammar_secret_file(p, SECRET_INSTATUS_KEY,
		    top->key_file));
	if ((key = grammar_inline(p, top->key, "key_file")) == NULL)
		return (-1);
	/* It becomes a line of an HTTP request. */
	for (c = key; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return (parsed_fail(p, top->key, "`key` has blanks or "
			    "characters that no Instatus key has"));
	parsed_secret(p, SECRET_INSTATUS_KEY, top->key, key, strlen(key));
	return (0);
}

int
grammar_webhook(struct parsed *p, const struct yaml_node *at, const char *url)
{
	struct address	 a;
	const char	*problem, *rest;

	if ((problem = address_parse_url(url, &a, &rest)) != NULL)
		return (parsed_fail(p, at, "`webhook_url`: %s", problem));
	if (!a.tls && !address_is_loopback(a.host))
		return (parsed_fail(p, at, "`webhook_url`: plain http only to "
		    "this machine, use https"));
	grammar_endpoint(p, ENDPOINT_WEBHOOK, ROLE_NOTIFIER, a.host, a.port,
	    a.tls, !a.tls);
	parsed_secret(p, SECRET_WEBHOOK_URL, at, url, strlen(url));
	return (0);
}

/* *https: certificates may be needed. */
static int
grammar_webhook_key(struct parsed *p, const struct grammar_top *top,
    bool *https)
{
	const struct yaml_node	*url = top->webhook_url;
	const char		*text;

	if (grammar_one_of(p, NULL, url, top->webhook_url_file, "webhook_url",
	    false) == -1)
		return (-1);
	if (top->webhook_url_file != NULL) {
		/* The parent has the file read by another parser. */
		p->conf->global.webhook = *https = true;
		return (grammar_secret_file(p, SECRET_WEBHOOK_URL,
		    top->webhook_url_file));
	}
	if (url == NULL)
		return (0);
	if ((text = grammar_inline(p, url, "webhook_url_file")) == NULL ||
	    grammar_webhook(p, url, text) == -1)
		return (-1);
	p->conf->global.webhook = true;
	if (TAILQ_LAST(&p->conf->endpoints, conf_endpoints)->tls)
		*https = true;
	return (0);
}

static int
grammar_publish_word(struct parsed *p, const struct yaml_node *node)
{
	struct conf_global	*g = &p->conf->global;
	const char		*word, *name;
	unsigned		 bit;

	if ((word = key_want_text(p, node, 64,
	    "incidents, statuses or webhook")) == NULL)
		return (-1);
	for (bit = 0; (name = publish_name(bit)) != NULL; bit++)
		if (strcmp(word, name) == 0)
			break;
	if (name == NULL)
		return (parsed_fail(p, node, "`publish`: expected incidents, "
		    "statuses or webhook, found `%s`", log_safe(word)));
	if (g->publish & 1U << bit)
		return (parsed_fail(p, node, "`publish`: `%s` is there twice",
		    name));
	if (1U << bit == PUBLISH_WEBHOOK && !g->webhook)
		return (parsed_fail(p, node, "`publish`: `webhook` needs "
		    "`webhook_url`"));
	g->publish |= 1U << bit;
	return (0);
}

/* After webhook_url. */
static int
grammar_publish(struct parsed *p, const struct yaml_node *list)
{
	struct conf_global	*g = &p->conf->global;
	const struct yaml_node	*node;

	if (list == NULL) {
		g->publish = publish_default(g->webhook);
		return (0);
	}
	if (list->what != YAML_LIST && grammar_publish_word(p, list) == -1)
		return (-1);
	for (node = list->first; node != NULL; node = node->next)
		if (grammar_publish_word(p, node) == -1)
			return (-1);
	if (g->publish == 0)
		return (parsed_fail(p, list, "`publish` is empty: kanatad "
		    "--observe publishes nothing"));
	if (g->webhook && !(g->publish & PUBLISH_WEBHOOK))
		parsed_warn(p, list, "`webhook_url` is not used: `publish` "
		    "has no `webhook`");
	if (g->publish & PUBLISH_WEBHOOK && g->publish & PUBLISH_INCIDENTS)
		parsed_warn(p, list, "an outage may be announced twice: by "
		    "the webhook's incident and by Kanata's");
	return (0);
}

static int
grammar_instatus_url(struct parsed *p, const struct yaml_node *node,
    char **url, bool *https)
{
	struct address	 a;
	const char	*text = INSTATUS_URL, *problem, *rest;
	size_t		 len;

	if (node != NULL && (text = key_want_text(p, node, URL_BYTES_MAX,
	    "an address")) == NULL)
		return (-1);
	if ((problem = address_parse_url(text, &a, &rest)) != NULL)
		return (parsed_fail(p, node, "`url`: %s", problem));
	if (strchr(rest, '?') != NULL)
		return (parsed_fail(p, node, "`url`: `?` cannot be in it"));
	if (!a.tls && !address_is_loopback(a.host))
		return (parsed_fail(p, node, "`url`: plain http only to this "
		    "machine, use https"));
	if (a.tls)
		*https = true;
	free(*url);
	*url = xstrdup(text);
	for (len = strlen(*url); (*url)[len - 1] == '/'; len--)
		(*url)[len - 1] = '\0';
	grammar_endpoint(p, ENDPOINT_INSTATUS, ROLE_NOTIFIER, a.host, a.port,
	    a.tls, !a.tls);
	return (0);
}

/* The page, its webhook and the certificates for both. */
static int
grammar_page(struct parsed *p, const struct yaml_node *root,
    const struct grammar_top *top)
{
	struct grammar_instatus	 in = { .rate_per_minute = 60 };
	bool			 https = false;

	if (top->instatus != NULL &&
	    KEY_READ_MAP(p, top->instatus, instatus_keys, &in) == -1)
		return (-1);
	p->conf->global.rate_per_minute = in.rate_per_minute;
	if (grammar_instatus_url(p, in.url, &p->conf->global.instatus_url,
	    &https) == -1 || grammar_webhook_key(p, top, &https) == -1 ||
	    grammar_publish(p, top->publish) == -1)
		return (-1);
	if (in.ca_file != NULL)
		return (grammar_secret_file(p, SECRET_INSTATUS_CA,
		    in.ca_file));
	if (https)
		return (parsed_secret_file(p, SECRET_INSTATUS_CA,
		    top->instatus != NULL ? top->instatus : root, PATH_CA));
	return (0);
}

static void
grammar_set(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

static int
grammar_global(struct parsed *p, const struct grammar_top *top)
{
	struct conf_global	*g = &p->conf->global;
	struct grammar_log	 log = { 0 };

	grammar_set(&g->instance, top->instance);
	grammar_set(&g->store_dir, PATH_STATE);
	grammar_set(&g->control_socket, PATH_RUN "/kanatad.sock");
	g->strict = top->strict;
	g->storm = top->storm;
	g->group_wait = top->group_wait;
	g->replicas = top->replicas;
	if (top->on_loss != UINT32_MAX)
		g->on_loss = ON_LOSS_PUBLISH + top->on_loss;
	else
		g->on_loss = top->replicas > 1 ? ON_LOSS_HOLD : ON_LOSS_PUBLISH;
	if (top->store != NULL &&
	    KEY_READ_MAP(p, top->store, store_keys, g) == -1)
		return (-1);
	if (top->control != NULL &&
	    KEY_READ_MAP(p, top->control, control_keys, g) == -1)
		return (-1);
	if (top->log != NULL &&
	    KEY_READ_MAP(p, top->log, log_keys, &log) == -1)
		return (-1);
	g->log_verbose = log.level == 1;
	g->log_json = log.format == 1;
	return (0);
}

static int
grammar_etcd(struct parsed *p, const struct yaml_node *root,
    const struct grammar_top *top)
{
	if (top->etcd == NULL && top->replicas > 1)
		return (parsed_fail_key(p, yaml_find(root, "replicas"),
		    "`replicas` above 1 needs an `etcd` section to share the "
		    "state"));
	if (top->etcd == NULL)
		return (0);
	if (top->store != NULL)
		parsed_warn(p, top->store, "`store` is not used: the state is "
		    "in etcd");
	return (etcd_read(p, top->etcd, top->strict));
}

static int
grammar_components(struct parsed *p, const struct yaml_node *root,
    const struct grammar_top *top)
{
	struct conf_component	 template = {
		.down_after = 30 * 1000,
		.up_after = 60 * 1000,
		.reopen_within = 15 * 60 * 1000,
		.first_ready_within = 10 * 60 * 1000,
		.rollout = ROLLOUT_MAINTENANCE,
		.partial_below = 50
	};

	if (top->components == NULL)
		return (parsed_fail(p, root, "`components` is missing"));
	if (top->defaults != NULL &&
	    component_read_defaults(p, top->defaults, &template) == -1)
		return (-1);
	if (top->texts != NULL && texts_read(p, top->texts, NULL) == -1)
		return (-1);
	if (cluster_read_all(p, top->clusters, top->ns) == -1)
		return (-1);
	return (component_read_all(p, top->components, &template));
}

int
grammar_read(struct parsed *p, const struct yaml_node *root)
{
	struct grammar_top	 top = {
		.replicas = 1, .on_loss = UINT32_MAX, .storm = 5,
		.group_wait = 10 * 1000
	};
	int			 ok = -1;

	p->conf = conf_new();
	top.instance = xstrdup("default");
	if (KEY_READ_MAP(p, root, top_keys, &top) == 0 &&
	    grammar_key(p, root, &top) == 0 &&
	    grammar_global(p, &top) == 0 &&
	    grammar_page(p, root, &top) == 0 &&
	    grammar_etcd(p, root, &top) == 0 &&
	    (top.web == NULL || web_read(p, top.web) == 0) &&
	    grammar_components(p, root, &top) == 0)
		ok = 0;
	free(top.instance);
	return (ok);
}
