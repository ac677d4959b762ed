#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "cluster.h"
#include "follow.h"
#include "renew.h"
#include "server.h"
#include "show_pods.h"
#include "stream.h"

#define TICK		5	/* s between looks at the streams */
#define TOKEN_AGAIN	60000	/* ms; projected tokens rotate (client-go
				 * transport/token_source.go) */
#define TOKEN_URGENT	10000	/* ms; after a 401 not more often */

TAILQ_HEAD(stream_queue, stream);

static void	 on_plugin(struct execcred *, const char *);

static struct cluster {
	struct cluster_hooks hooks;
	struct components *components;
	struct stream_env env;
	struct stream_queue streams;
	struct credentials credentials;
	char		*name;
	bool		 wide;		/* one stream for all namespaces */
	unsigned	 nns;		/* what a watch without ns means */
	char		**ns;
	struct event	*tick;
	bool		 plain_lists;	/* the server cannot stream them */
	uint64_t	 token_asked;	/* ticks */
	bool		 waiting;	/* for what the exec plugin gives */
	const char	*plugin_problem;
} cluster;

static bool
same(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

static bool
hook_listed(const char *ns)
{
	unsigned	 i;

	for (i = 0; i < cluster.nns; i++)
		if (strcmp(cluster.ns[i], "*") == 0 ||
		    strcmp(cluster.ns[i], ns) == 0)
			return (true);
	return (false);
}

/* Is the stream among those that a watch in ns (NULL: without one) reads? */
static bool
reads(const struct stream *st, const char *ns)
{
	if (st->ns == NULL)
		return (true);
	return (ns == NULL ? hook_listed(st->ns) : strcmp(st->ns, ns) == 0);
}

static enum reading
hook_reading(enum resource resource, const char *ns, const char **why)
{
	static const int	 badness[] = {
		[READING_LIVE] = 0, [READING_FORBIDDEN] = 1,
		[READING_BROKEN] = 2, [READING_FIRST] = 3
	};
	static char		 text[512];
	struct stream		*st;
	enum reading		 r, worst = READING_LIVE;
	const char		*w;
	bool			 any = false;

	*why = NULL;
	TAILQ_FOREACH(st, &cluster.streams, entry) {
		if (st->resource != resource || !reads(st, ns))
			continue;
		any = true;
		r = stream_reading(st, &w);
		if (badness[r] <= badness[worst])
			continue;
		worst = r;
		snprintf(text, sizeof(text), "%s", w == NULL ? "" : w);
		*why = text;
	}
	return (any ? worst : READING_FORBIDDEN);
}

static void
hook_say(const char *id, const struct health_view *v)
{
	cluster.hooks.say(id, v);
}

/* Pods come after what owns them, or after that has failed once. */
static void
start_pods(void)
{
	struct stream	*pods, *st;

	TAILQ_FOREACH(pods, &cluster.streams, entry) {
		if (pods->resource != RESOURCE_PODS ||
		    pods->state != STREAM_IDLE)
			continue;
		TAILQ_FOREACH(st, &cluster.streams, entry)
			if (st != pods && same(st->ns, pods->ns) &&
			    !st->synced && st->error[0] == '\0')
				break;
		if (st == NULL)
			stream_start(pods);
	}
}

/* New selectors are complete when every list that they wait for is. */
static void
on_started(void)
{
	const struct stream	*st;

	start_pods();
	TAILQ_FOREACH(st, &cluster.streams, entry)
		if (st->reselect)
			return;
	components_selected(cluster.components);
}

static void
on_changed(struct stream *st)
{
	components_touch(cluster.components, st->resource);
}

static void
ask_token(uint64_t not_within)
{
	uint64_t	 now = clock_ticks();

	if (cluster.credentials.token.p == NULL || cluster.credentials.plugin ||
	    (cluster.token_asked != 0 &&
	    now - cluster.token_asked < not_within))
		return;
	cluster.token_asked = now;
	cluster.hooks.want_token();
}

static void
on_unauthorized(void)
{
	ask_token(TOKEN_URGENT);
	renew_refused();
}

static void
on_tick(int fd, short what, void *arg)
{
	struct stream	*st;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(st, &cluster.streams, entry)
		stream_tick(st);
	ask_token(TOKEN_AGAIN);
}

void
cluster_init(struct event_base *base, const struct cluster_hooks *hooks)
{
	static const struct components_hooks	 below = { hook_reading,
	    hook_listed, hook_say };
	static const struct timeval		 tick = { TICK, 0 };

	cluster.hooks = *hooks;
	cluster.components = components_new(base, &below);
	TAILQ_INIT(&cluster.streams);
	cluster.env.base = base;
	cluster.env.objects = components_objects(cluster.components);
	cluster.env.plain_lists = &cluster.plain_lists;
	cluster.env.changed = on_changed;
	cluster.env.started = on_started;
	cluster.env.unauthorized = on_unauthorized;
	renew_init(base, &(struct renew_hooks){ hooks->want_plugin, on_plugin });
	if ((cluster.tick = event_new(base, -1, EV_PERSIST, on_tick, NULL)) ==
	    NULL || event_add(cluster.tick, &tick) == -1)
		fatalx("cluster: no timer");
}

const char *
cluster_check(const struct conf *conf, const struct credentials *c)
{
	static char			 text[512];
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	const struct conf_component	*cc;
	struct selector			*sel;
	const char			*problem;
	char				 why[128];
	unsigned			 i;

	if (cl == NULL || TAILQ_NEXT(cl, entry) != NULL || cl->nns == 0)
		return ("a watcher needs one cluster and its namespaces");
	if ((problem = server_check(conf, c)) != NULL)
		return (problem);
	TAILQ_FOREACH(cc, &conf->components, entry)
		for (i = 0; i < cc->nwatch; i++) {
			if (cc->watch[i].kind != KIND_SELECTOR)
				continue;
			if ((sel = selector_parse(cc->watch[i].what, why,
			    sizeof(why))) == NULL) {
				snprintf(text, sizeof(text), "line %u: component "
				    "%s: selector \"%s\": %s", cc->line,
				    log_safe(cc->id),
				    log_safe(cc->watch[i].what), why);
				return (text);
			}
			selector_free(sel);
		}
	return (NULL);
}

/* -- the server -------------------------------------------------------------- */

static void
make_server(const struct conf *conf)
{
	cluster.plain_lists = false;
	http_server_free(cluster.env.server);
	cluster.env.server = server_make(conf, &cluster.credentials);
}

static bool
same_namespaces(const struct conf_cluster *cl)
{
	unsigned	 i;

	for (i = 0; i < cl->nns && i < cluster.nns; i++)
		if (strcmp(cl->ns[i], cluster.ns[i]) != 0)
			return (false);
	return (cl->nns == cluster.nns);
}

static void
set_namespaces(const struct conf *conf, const struct conf_cluster *cl)
{
	const struct conf_component	*cc;
	unsigned			 i;

	for (i = 0; i < cluster.nns; i++)
		free(cluster.ns[i]);
	free(cluster.ns);
	if ((cluster.ns = calloc(cl->nns, sizeof(*cluster.ns))) == NULL)
		fatal("cluster");
	cluster.nns = cl->nns;
	cluster.wide = false;
	for (i = 0; i < cl->nns; i++) {
		cluster.ns[i] = xstrdup(cl->ns[i]);
		if (strcmp(cl->ns[i], "*") == 0)
			cluster.wide = true;
	}
	TAILQ_FOREACH(cc, &conf->components, entry)
		for (i = 0; i < cc->nwatch; i++)
			if (strcmp(cc->watch[i].ns, "*") == 0)
				cluster.wide = true;
}

/* -- which streams ------------------------------------------------------------ */

static void
want(enum resource resource, const char *ns)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &cluster.streams, entry)
		if (st->resource == resource && same(st->ns, ns))
			break;
	if (st == NULL) {
		st = stream_new(&cluster.env, resource, ns);
		TAILQ_INSERT_TAIL(&cluster.streams, st, entry);
	}
	st->wanted = true;
}

static void
want_all(unsigned need, const char *ns)
{
	enum resource	 r;

	need |= 1U << RESOURCE_NAMESPACES;
	for (r = 0; r < RESOURCE_MAX; r++)
		if ((need & 1U << r) != 0)
			want(r, ns);
}

static void
want_watch(const struct conf_watch *w)
{
	unsigned	 need = resource_needed(w->kind), i;

	if (cluster.wide)
		want_all(need, NULL);
	else if (w->ns[0] != '\0')
		want_all(need, w->ns);
	else
		for (i = 0; i < cluster.nns; i++)
			want_all(need, cluster.ns[i]);
}

/* Streams that stay wanted are not touched. */
static void
set_streams(const struct conf *conf)
{
	const struct conf_component	*cc;
	struct stream			*st, *next;
	unsigned			 i;

	TAILQ_FOREACH(st, &cluster.streams, entry)
		st->wanted = false;
	TAILQ_FOREACH(cc, &conf->components, entry)
		for (i = 0; i < cc->nwatch; i++)
			want_watch(&cc->watch[i]);
	for (st = TAILQ_FIRST(&cluster.streams); st != NULL; st = next) {
		next = TAILQ_NEXT(st, entry);
		if (st->wanted)
			continue;
		TAILQ_REMOVE(&cluster.streams, st, entry);
		stream_free(st);
	}
}

static void
start_streams(void)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &cluster.streams, entry)
		if (st->resource != RESOURCE_PODS)
			stream_start(st);
	start_pods();
}

static void
tell_plugin_problem(const char *problem)
{
	struct stream	*st;

	if (problem == cluster.plugin_problem)
		log_debug("%s: exec plugin: %s", log_safe(cluster.name), problem);
	else
		log_warnx("%s: exec plugin: %s; %s", log_safe(cluster.name),
		    problem, cluster.waiting ? "nothing is read until it gives "
		    "a credential" : "the last credential stays in use");
	cluster.plugin_problem = problem;
	if (cluster.waiting)
		TAILQ_FOREACH(st, &cluster.streams, entry)
			snprintf(st->error, sizeof(st->error),
			    "exec plugin: %s", problem);
}

/* Asked as nobody, the server would only say no. */
static void
wait_for_plugin(bool reselect)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &cluster.streams, entry) {
		stream_stop(st);
		if (reselect && st->resource == RESOURCE_PODS &&
		    st->state != STREAM_IDLE)
			st->reselect = true;
		snprintf(st->error, sizeof(st->error), "the exec plugin has "
		    "not given a credential yet");
	}
}

void
cluster_configure(const struct conf *conf, struct credentials *c)
{
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	struct credentials		 old = cluster.credentials;
	struct stream			*st;
	bool				 moved, new_server, new_token, fresh;
	bool				 elsewhere;

	moved = server_moved(conf);
	/* It is good until the plugin has given another. */
	if (cl->plugin && !moved)
		credentials_keep_plugin(c, &old);
	elsewhere = moved || !same_namespaces(cl);
	new_server = moved || !credentials_same_tls(&old, c);
	new_token = !credentials_same_token(&old, c);
	cluster.credentials = *c;
	memset(c, 0, sizeof(*c));
	cluster.env.authorization = cluster.credentials.authorization;
	free(cluster.name);
	cluster.name = xstrdup(cl->name);
	cluster.env.cluster = cluster.name;

	if (new_server || new_token)
		TAILQ_FOREACH(st, &cluster.streams, entry)
			stream_stop(st);
	set_namespaces(conf, cl);
	set_streams(conf);
	fresh = components_configure(cluster.components, conf, elsewhere);
	if (new_server) {
		cluster.env.path = server_remember(conf);
		make_server(conf);
	}
	credentials_clear(&old);
	if (cl->plugin)
		renew_start();
	else
		renew_stop();
	if ((cluster.waiting = cl->plugin && !cluster.credentials.plugin)) {
		wait_for_plugin(fresh);
		return;
	}
	TAILQ_FOREACH(st, &cluster.streams, entry) {
		if (fresh && st->resource == RESOURCE_PODS &&
		    st->state != STREAM_IDLE) {
			st->reselect = true;
			stream_stop(st);
			stream_resume(st, true);
		} else if (new_server || new_token)
			stream_resume(st, moved);
	}
	cluster.token_asked = clock_ticks();
	start_streams();
	on_started();
	follow_all();
}

/*
 * What the exec plugin gave.  Only another certificate needs other connections
 * (client-go plugin/pkg/client/auth/exec).
 */
static void
on_plugin(struct execcred *x, const char *problem)
{
	struct stream	*st;
	bool		 new_server;

	if (problem != NULL) {
		tell_plugin_problem(problem);
		return;
	}
	cluster.plugin_problem = NULL;
	new_server = credentials_take_plugin(&cluster.credentials, x);
	cluster.env.authorization = cluster.credentials.authorization;
	if (new_server || cluster.waiting)
		TAILQ_FOREACH(st, &cluster.streams, entry)
			stream_stop(st);
	if (new_server)
		make_server(worker_conf());
	TAILQ_FOREACH(st, &cluster.streams, entry) {
		if (new_server || cluster.waiting)
			stream_resume(st, cluster.waiting);
		else
			stream_retry_token(st);
		if (cluster.waiting)
			st->error[0] = '\0';
	}
	if (!cluster.waiting)
		return;
	cluster.waiting = false;
	start_streams();
	on_started();
}

void
cluster_fresh_token(int fd)
{
	struct stream	*st;
	const char	*problem;

	problem = credentials_take(&cluster.credentials, SECRET_KUBE_TOKEN, fd);
	if (problem != NULL)
		log_warnx("%s: %s; the last one stays in use",
		    log_safe(cluster.name), problem);
	cluster.env.authorization = cluster.credentials.authorization;
	TAILQ_FOREACH(st, &cluster.streams, entry)
		stream_retry_token(st);
}

void
cluster_say_all(void)
{
	components_say_all(cluster.components);
}

uint64_t
cluster_digest(void)
{
	const struct stream	*st;
	uint64_t		 sum = 0;

	TAILQ_FOREACH(st, &cluster.streams, entry)
		sum = (sum ^ (st->events + st->bytes + st->restarts)) *
		    0x100000001b3 + ((unsigned)st->state << 4 |
		    st->synced << 3 | st->forbidden << 2 |
		    (st->broken_since != 0) << 1 | (st->error[0] != '\0'));
	return (sum);
}

void
cluster_show(struct channel *ch, uint32_t id)
{
	const struct stream	*st;
	struct message_out	*m;
	uint64_t		 n;

	TAILQ_FOREACH(st, &cluster.streams, entry) {
		n = objects_count(cluster.env.objects, st->resource, st->ns);
		m = message_new(MSG_SHOW_WATCH, id);
		message_put_s(m, cluster.name);
		message_put_s(m, resource_info(st->resource)->name);
		message_put_s(m, st->ns == NULL ? "*" : st->ns);
		message_put_s(m, stream_state_name(st));
		message_put_s(m, st->version == NULL ? "" : st->version);
		message_put_u(m, n);
		message_put_u(m, st->events);
		message_put_u(m, st->bytes);
		message_put_u(m, st->restarts);
		message_put_u(m, st->last_event);
		message_put_s(m, st->error);
		message_put_b(m, st->synced || st->forbidden);
		channel_send(ch, m, -1);
	}
}

uint64_t
cluster_show_pods(struct channel *ch, uint32_t id, uint64_t cursor)
{
	return (show_pods(ch, id, cluster.name, cluster.components, cursor));
}

void
cluster_follow(struct channel *ch, uint32_t id)
{
	follow_start(cluster.env.base, ch, id, cluster.name,
	    cluster.components);
}
