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
#include "streams.h"

#define TICK		5	/* s between looks at the streams */
#define TOKEN_AGAIN	60000	/* ms; projected tokens rotate (client-go
				 * transport/token_source.go) */
#define TOKEN_URGENT	10000	/* ms; after a 401 not more often */

static void	 on_plugin(struct execcred *, const char *);

static struct cluster {
	struct cluster_hooks hooks;
	struct components *components;
	struct stream_env env;
	struct credentials credentials;
	char		*name;
	struct event	*tick;
	bool		 plain_lists;	/* the server cannot stream them */
	uint64_t	 token_asked;	/* ticks */
	bool		 waiting;	/* for what the exec plugin gives */
	const char	*plugin_problem;
} cluster;

/* New selectors are complete when every list that they wait for is. */
static void
on_started(void)
{
	const struct stream	*st;

	streams_start_pods();
	TAILQ_FOREACH(st, &streams, entry)
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
	bool		 refused = false;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(st, &streams, entry) {
		stream_tick(st);
		refused |= st->state == STREAM_WAITING && st->unauthorized;
	}
	ask_token(refused ? TOKEN_URGENT : TOKEN_AGAIN);
}

void
cluster_init(struct event_base *base, const struct cluster_hooks *hooks)
{
	const struct components_hooks	 below = { streams_reading,
	    streams_listed, hooks->say };
	static const struct timeval	 tick = { TICK, 0 };

	cluster.hooks = *hooks;
	cluster.components = components_new(base, &below);
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

/* -- the credential -------------------------------------------------------- */

static void
make_server(const struct conf *conf)
{
	cluster.plain_lists = false;
	http_server_free(cluster.env.server);
	cluster.env.server = server_make(conf, &cluster.credentials);
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
		TAILQ_FOREACH(st, &streams, entry)
			snprintf(st->error, sizeof(st->error),
			    "exec plugin: %s", problem);
}

/* Asked as nobody, the server would only say no. */
static void
wait_for_plugin(bool reselect)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &streams, entry) {
		stream_hold(st, "the exec plugin has not given a credential "
		    "yet");
		if (reselect && st->resource == RESOURCE_PODS &&
		    st->state != STREAM_IDLE)
			st->reselect = true;
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
	elsewhere = moved || !streams_same_namespaces(cl);
	new_server = moved || !credentials_same_tls(&old, c);
	new_token = !credentials_same_token(&old, c);
	cluster.credentials = *c;
	memset(c, 0, sizeof(*c));
	cluster.env.authorization = cluster.credentials.authorization;
	free(cluster.name);
	cluster.name = xstrdup(cl->name);
	cluster.env.cluster = cluster.name;

	if (new_server || new_token)
		TAILQ_FOREACH(st, &streams, entry)
			stream_stop(st);
	streams_configure(&cluster.env, conf);
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
	TAILQ_FOREACH(st, &streams, entry) {
		if (fresh && st->resource == RESOURCE_PODS &&
		    st->state != STREAM_IDLE) {
			st->reselect = true;
			stream_stop(st);
			stream_resume(st, true);
		} else if (new_server || new_token)
			stream_resume(st, moved);
	}
	cluster.token_asked = clock_ticks();
	streams_start();
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
	unsigned	 tokens = cluster.credentials.tokens;
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
		TAILQ_FOREACH(st, &streams, entry)
			stream_stop(st);
	if (new_server)
		make_server(worker_conf());
	TAILQ_FOREACH(st, &streams, entry) {
		if (new_server || cluster.waiting)
			stream_resume(st, cluster.waiting);
		else if (cluster.credentials.tokens != tokens)
			stream_retry_token(st);
		if (cluster.waiting)
			st->error[0] = '\0';
	}
	if (!cluster.waiting)
		return;
	cluster.waiting = false;
	streams_start();
	on_started();
}

/* One that was refused is no reason to try again at once. */
void
cluster_fresh_token(int fd)
{
	unsigned	 tokens = cluster.credentials.tokens;
	struct stream	*st;
	const char	*problem;

	problem = credentials_take(&cluster.credentials, SECRET_KUBE_TOKEN, fd);
	if (problem != NULL)
		log_warnx("%s: %s; the last one stays in use",
		    log_safe(cluster.name), problem);
	cluster.env.authorization = cluster.credentials.authorization;
	TAILQ_FOREACH(st, &streams, entry)
		if (cluster.credentials.tokens != tokens)
			stream_retry_token(st);
}

void
cluster_say_all(void)
{
	components_say_all(cluster.components);
}

void
cluster_show(struct channel *ch, uint32_t id)
{
	streams_show(ch, id, cluster.name);
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
