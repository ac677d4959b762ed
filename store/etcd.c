/*
 * The etcd engine: any number of kanatad share state and elect one that speaks.
 * Configuration, and what the notifier asks.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "engine.h"
#include "etcd.h"

static struct etcd etcd;

/* Who this is, for a person who reads the election key. */
static void
make_identity(struct etcd *e, const char *daemon)
{
	char host[65];
	unsigned char random[8];
	char *p;

	/* It stands in JSON, too. */
	if (strspn(daemon, "0123456789abcdefABCDEF") == strlen(daemon))
		strlcpy(e->daemon, daemon, sizeof(e->daemon));

	if (gethostname(host, sizeof(host) - 1) == -1)
		strlcpy(host, "unknown", sizeof(host));
	host[sizeof(host) - 1] = '\0';
	/* It stands in JSON. */
	for (p = host; *p != '\0'; p++)
		if (strchr("\"\\", *p) != NULL || *p < ' ' || *p > '~')
			*p = '_';
	arc4random_buf(random, sizeof(random));
	snprintf(e->identity, sizeof(e->identity), "{\"host\":\"%s\","
	    "\"pid\":%ld,\"kanatad\":%ld,\"daemon\":\"%s\","
	    "\"id\":\"%02x%02x%02x%02x%02x%02x%02x%02x\"}", host,
	    (long)getpid(), (long)getppid(), e->daemon, random[0], random[1], random[2], random[3],
	    random[4], random[5], random[6], random[7]);
}

void
etcd_init(struct event_base *base, const char *daemon)
{
	http_init(base, ROLE_STORE);
	etcd_json_init();
	etcd.base = base;
	etcd.user = xstrdup("");
	make_identity(&etcd, daemon);
	etcd_elect_init(&etcd);
	etcd_write_init(&etcd);
	etcd_shared_init(&etcd);
}

/* -- what holds ------------------------------------------------------------ */

bool
etcd_leads(const struct etcd *e)
{
	return (e->leader_revision != 0 && e->pulled &&
	    clock_boottime() < e->lease_end);
}

bool
etcd_goes_on(const struct etcd *e)
{
	return (e->observe || (e->publish && e->led &&
	    !(etcd_leads(e) && e->reachable && !e->full)));
}

bool
etcd_knows(const struct etcd *e)
{
	return (e->loaded && (e->observe || etcd_leads(e) ||
	    (e->publish && e->led)));
}

/* -- what the notifier asks ------------------------------------------------ */

void
etcd_answer_load(struct etcd *e)
{
	struct item *item;

	if (!e->load_waits || !etcd_knows(e) || !e->shared_known)
		return;
	for (item = state_first(&e->state); item != NULL;
	    item = state_next(item))
		if (item->wanted != NULL)
			store_item(e->load_id, item->key, item->wanted);
	e->load_waits = e->load_again = false;
	e->told = true;
	store_loaded(e->load_id);
	etcd_update(e);
}

static void
etcd_load(uint32_t id)
{
	if (etcd.load_waits)
		store_failed(etcd.load_id, "it was asked for again");
	etcd.load_waits = true;
	etcd.load_id = id;
	etcd_answer_load(&etcd);
}

static void
etcd_put(uint32_t id, const char *key, struct value *value)
{
	etcd_write_put(&etcd, id, key, value);
}

static void
etcd_forget(void)
{
	etcd.load_waits = false;
	/* A new notifier loads in any case. */
	etcd.told = etcd.load_again = false;
	etcd_write_forget(&etcd);
	etcd_shared_forget(&etcd);
	etcd_update(&etcd);
}

static void
etcd_stop(void)
{
	etcd_elect_resign(&etcd);
}

static void
etcd_put_shared(uint32_t id, const char *key, struct value *value)
{
	etcd_shared_put(&etcd, id, key, value);
}

static void
etcd_tell_shared(void)
{
	etcd_shared_tell(&etcd);
}

static void
etcd_leader(struct leader_view *view)
{
	etcd_leader_show(&etcd, view);
}

static void
show_node(const struct etcd *e, unsigned n,
    void (*row)(const char *, const char *))
{
	const struct etcd_node *node = &e->node[n];
	char text[512], name[32];

	snprintf(name, sizeof(name), "etcd node %u", n + 1);
	snprintf(text, sizeof(text), "%.300s:%u%s%s", node->host, node->port,
	    node->tls ? ", TLS" : ", warning: plain text, not encrypted",
	    n == e->current ? ", in use" : "");
	row(name, text);
}

static void
etcd_show(void (*row)(const char *, const char *))
{
	struct etcd *e = &etcd;
	char text[512];
	unsigned i;

	if (e->instance == NULL) {
		row("store", "etcd, not configured yet");
		return;
	}
	snprintf(text, sizeof(text), "etcd, /kanata/%.63s/, %s, %u keys, %zu "
	    "bytes, %u not written%s%.300s", e->instance, e->reachable ?
	    "reachable" : "unreachable", e->state.count, e->state.bytes,
	    e->ndirty + e->nflight, e->reachable || *e->trouble == '\0' ?
	    "" : ": ", e->reachable ? "" : e->trouble);
	row("store", text);
	for (i = 0; i < e->nnode; i++)
		show_node(e, i, row);
	if (e->observe)
		row("leader", "none wanted: observing");
	else if (etcd_leads(e))
		row("leader", "this one");
	else if (e->leader[0] != '\0')
		row("leader", e->leader);
	else if (e->publish && e->led)
		row("leader", "not known; going on from memory");
	else
		row("leader", "not known");
}

/* -- configuration --------------------------------------------------------- */

static void
secrets_wipe(struct etcd_secret *s)
{
	unsigned i;

	for (i = 0; i < ETCD_SECRETS; i++)
		if (s[i].data != NULL) {
			freezero(s[i].data, s[i].len);
			s[i].data = NULL;
			s[i].len = 0;
		}
}

static int
secret_slot(enum secret secret)
{
	switch (secret) {
	case SECRET_ETCD_PASSWORD:
		return (ETCD_PASSWORD);
	case SECRET_ETCD_CA:
		return (ETCD_CA);
	case SECRET_ETCD_CERT:
		return (ETCD_CERT);
	case SECRET_ETCD_KEY:
		return (ETCD_KEY);
	default:
		return (-1);
	}
}

/* Takes the descriptor. */
static const char *
take_secret(struct etcd_secret *set, enum secret secret, int fd)
{
	static char text[256];
	const int slot = secret_slot(secret);
	size_t len;
	char *data;

	if (slot == -1) {
		close(fd);
		return ("a secret that is not for etcd");
	}
	if ((data = secret_read(fd, &len)) == NULL) {
		snprintf(text, sizeof(text), "%s: %s", secret_name(secret),
		    strerror(errno));
		return (text);
	}
	if (set[slot].data != NULL)
		freezero(set[slot].data, set[slot].len);
	set[slot].data = data;
	set[slot].len = len;
	return (NULL);
}

static const char *
etcd_conf_secret(enum secret secret, int fd)
{
	return (take_secret(etcd.next, secret, fd));
}

static bool
node_tls(const struct conf_etcd *conf, unsigned n)
{
	return (conf->tls || conf->node[n].tls);
}

static const char *
etcd_prepare(const struct conf *conf)
{
	const struct conf_etcd *c = conf->etcd;
	unsigned i;

	if (c == NULL)
		return ("the store runs on etcd and cannot change to the "
		    "embedded database while it runs: restart kanatad");
	if (etcd.instance != NULL &&
	    strcmp(etcd.instance, conf->global.instance) != 0)
		return ("the instance cannot change while kanatad runs: "
		    "restart it");
	if (*conf->global.instance == '\0' ||
	    strchr(conf->global.instance, '/') != NULL)
		return ("the instance is no name for a key in etcd");
	if (c->nnode == 0 || c->nnode > CONF_NODES_MAX)
		return ("etcd needs 1 to 16 nodes");
	if (*c->user != '\0' && etcd.next[ETCD_PASSWORD].data == NULL)
		return ("etcd has a user but no password");
	if ((etcd.next[ETCD_CERT].data == NULL) !=
	    (etcd.next[ETCD_KEY].data == NULL))
		return ("etcd needs a client certificate and its key, or none");
	for (i = 0; i < c->nnode; i++)
		if (node_tls(c, i) && etcd.next[ETCD_CA].data == NULL)
			return ("etcd over TLS needs a CA to check it by");
	return (NULL);
}

static bool
same_secrets(const struct etcd_secret *a, const struct etcd_secret *b)
{
	unsigned i;

	for (i = 0; i < ETCD_SECRETS; i++)
		if (a[i].len != b[i].len || (a[i].len > 0 &&
		    memcmp(a[i].data, b[i].data, a[i].len) != 0))
			return (false);
	return (true);
}

static bool
same_nodes(const struct etcd *e, const struct conf_etcd *c)
{
	unsigned i;

	if (e->nnode != c->nnode)
		return (false);
	for (i = 0; i < c->nnode; i++)
		if (strcmp(e->node[i].host, c->node[i].host) != 0 ||
		    e->node[i].port != c->node[i].port ||
		    e->node[i].tls != node_tls(c, i))
			return (false);
	return (true);
}

static void
node_open(struct etcd *e, unsigned n)
{
	struct etcd_node *node = &e->node[n];
	const struct http_server_options o = {
		.endpoint = ENDPOINT_ETCD + n,
		.tls = node->tls,
		.host = node->host,
		.port = node->port,
		.ca = e->secret[ETCD_CA].data,
		.ca_len = e->secret[ETCD_CA].len,
		.cert = e->secret[ETCD_CERT].data,
		.cert_len = e->secret[ETCD_CERT].len,
		.key = e->secret[ETCD_KEY].data,
		.key_len = e->secret[ETCD_KEY].len,
	};

	node->server = http_server_new(&o);
	if (!node->tls)
		log_warnx("etcd node %s:%u is spoken to in plain text: who can "
		    "listen reads the password and the state; write "
		    "https://%s:%u or a tls section", log_safe(node->host),
		    node->port, log_safe(node->host), node->port);
}

/* Connections made anew; lease and leadership stay. */
static void
nodes_replace(struct etcd *e, const struct conf_etcd *c)
{
	unsigned i;

	etcd_cancel(e, LANE_ELECT);
	etcd_write_abandon(e);
	etcd_shared_restart(e);
	for (i = 0; i < e->nnode; i++) {
		http_server_free(e->node[i].server);
		free(e->node[i].host);
	}
	memset(e->node, 0, sizeof(e->node));
	e->nnode = c->nnode;
	for (i = 0; i < e->nnode; i++) {
		e->node[i].host = xstrdup(c->node[i].host);
		e->node[i].port = c->node[i].port;
		e->node[i].tls = node_tls(c, i);
		node_open(e, i);
	}
	e->current = 0;
	e->failures = 0;
	e->token_suspect = false;
	/* Of trouble before there is no more to say. */
	e->trouble[0] = '\0';
	e->reason = e->trouble;
	if (e->said == SAY_AWAY)
		e->said = SAY_NOTHING;
	etcd_forget_token(e);
	free(e->user);
	e->user = xstrdup(c->user);
	etcd_elect_restart(e);
}

static char *
make_key(const char *instance, const char *name)
{
	char *key;

	key = xasprintf("/kanata/%s/%s", instance, name);
	return (key);
}

static void
etcd_commit(const struct conf *conf)
{
	struct etcd *e = &etcd;
	const bool same = e->instance != NULL && same_nodes(e, conf->etcd) &&
	    strcmp(e->user, conf->etcd->user) == 0 &&
	    same_secrets(e->secret, e->next);

	e->publish = conf->global.on_loss == ON_LOSS_PUBLISH ||
	    (conf->global.on_loss == ON_LOSS_AUTO &&
	    conf->global.replicas <= 1);
	e->observe = worker_observe();
	secrets_wipe(e->secret);
	memcpy(e->secret, e->next, sizeof(e->secret));
	memset(e->next, 0, sizeof(e->next));
	if (e->instance == NULL) {
		e->instance = xstrdup(conf->global.instance);
		e->leader_key = make_key(e->instance, "leader");
		e->last_key = make_key(e->instance, "leader.last");
		e->state_prefix = make_key(e->instance, "state/");
		e->shared_prefix = make_key(e->instance, "shared/");
	}
	if (!same)
		nodes_replace(e, conf->etcd);
	etcd_update(e);
	etcd_answer_load(e);
}

static void
etcd_abort(void)
{
	secrets_wipe(etcd.next);
}

static void
etcd_secret_fresh(enum secret secret, int fd)
{
	struct etcd *e = &etcd;
	const char *why;

	if (fd == -1)
		return;
	if ((why = take_secret(e->secret, secret, fd)) != NULL) {
		log_warnx("etcd: the secret that was read anew is of no use: "
		    "%s", why);
		return;
	}
	etcd_forget_token(e);
	/* The wait for a refused password is over. */
	etcd_elect_step(e);
}

const struct engine engine_etcd = {
	.name = "etcd",
	.load = etcd_load,
	.put = etcd_put,
	.forget = etcd_forget,
	.stop = etcd_stop,
	.shared_put = etcd_put_shared,
	.shared_tell = etcd_tell_shared,
	.leader = etcd_leader,
	.show = etcd_show,
	.conf_prepare = etcd_prepare,
	.conf_commit = etcd_commit,
	.conf_abort = etcd_abort,
	.conf_secret = etcd_conf_secret,
	.secret_fresh = etcd_secret_fresh,
};
