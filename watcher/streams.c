/*
 * The streams of a cluster: which ones its watches need, in which order they
 * start, and how much can be believed of what they have read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/xmalloc.h"
#include "streams.h"

struct stream_queue	 streams = TAILQ_HEAD_INITIALIZER(streams);

static struct {
	bool		 wide;		/* one stream for all namespaces */
	unsigned	 nns;		/* what a watch without ns means */
	char		**ns;
} places;

static bool
same(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

bool
streams_listed(const char *ns)
{
	unsigned	 i;

	for (i = 0; i < places.nns; i++)
		if (strcmp(places.ns[i], "*") == 0 ||
		    strcmp(places.ns[i], ns) == 0)
			return (true);
	return (false);
}

/* Is the stream among those that a watch in ns (NULL: without one) reads? */
static bool
reads(const struct stream *st, const char *ns)
{
	if (st->ns == NULL)
		return (true);
	return (ns == NULL ? streams_listed(st->ns) : strcmp(st->ns, ns) == 0);
}

enum reading
streams_reading(enum resource resource, const char *ns, const char **why)
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
	TAILQ_FOREACH(st, &streams, entry) {
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

void
streams_start_pods(void)
{
	struct stream	*pods, *st;

	TAILQ_FOREACH(pods, &streams, entry) {
		if (pods->resource != RESOURCE_PODS ||
		    pods->state != STREAM_IDLE)
			continue;
		TAILQ_FOREACH(st, &streams, entry)
			if (st != pods && same(st->ns, pods->ns) &&
			    !st->synced && st->error[0] == '\0')
				break;
		if (st == NULL)
			stream_start(pods);
	}
}

bool
streams_same_namespaces(const struct conf_cluster *cl)
{
	unsigned	 i;

	for (i = 0; i < cl->nns && i < places.nns; i++)
		if (strcmp(cl->ns[i], places.ns[i]) != 0)
			return (false);
	return (cl->nns == places.nns);
}

static void
set_namespaces(const struct conf *conf, const struct conf_cluster *cl)
{
	const struct conf_component	*cc;
	unsigned			 i;

	for (i = 0; i < places.nns; i++)
		free(places.ns[i]);
	free(places.ns);
	places.ns = xcalloc(cl->nns, sizeof(*places.ns));
	places.nns = cl->nns;
	places.wide = false;
	for (i = 0; i < cl->nns; i++) {
		places.ns[i] = xstrdup(cl->ns[i]);
		if (strcmp(cl->ns[i], "*") == 0)
			places.wide = true;
	}
	TAILQ_FOREACH(cc, &conf->components, entry)
		for (i = 0; i < cc->nwatch; i++)
			if (strcmp(cc->watch[i].ns, "*") == 0)
				places.wide = true;
}

static void
want(const struct stream_env *env, enum resource resource, const char *ns)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &streams, entry)
		if (st->resource == resource && same(st->ns, ns))
			break;
	if (st == NULL) {
		st = stream_new(env, resource, ns);
		TAILQ_INSERT_TAIL(&streams, st, entry);
	}
	st->wanted = true;
}

static void
want_all(const struct stream_env *env, unsigned need, const char *ns)
{
	enum resource	 r;

	need |= 1U << RESOURCE_NAMESPACES;
	for (r = 0; r < RESOURCE_MAX; r++)
		if ((need & 1U << r) != 0)
			want(env, r, ns);
}

static void
want_watch(const struct stream_env *env, const struct conf_watch *w)
{
	unsigned	 need = resource_needed(w->kind), i;

	if (places.wide)
		want_all(env, need, NULL);
	else if (w->ns[0] != '\0')
		want_all(env, need, w->ns);
	else
		for (i = 0; i < places.nns; i++)
			want_all(env, need, places.ns[i]);
}

void
streams_configure(const struct stream_env *env, const struct conf *conf)
{
	const struct conf_component	*cc;
	struct stream			*st, *next;
	unsigned			 i;

	set_namespaces(conf, TAILQ_FIRST(&conf->clusters));
	TAILQ_FOREACH(st, &streams, entry)
		st->wanted = false;
	TAILQ_FOREACH(cc, &conf->components, entry)
		for (i = 0; i < cc->nwatch; i++)
			want_watch(env, &cc->watch[i]);
	for (st = TAILQ_FIRST(&streams); st != NULL; st = next) {
		next = TAILQ_NEXT(st, entry);
		if (st->wanted)
			continue;
		TAILQ_REMOVE(&streams, st, entry);
		stream_free(st);
	}
}

void
streams_start(void)
{
	struct stream	*st;

	TAILQ_FOREACH(st, &streams, entry)
		if (st->resource != RESOURCE_PODS)
			stream_start(st);
	streams_start_pods();
}

uint64_t
streams_digest(void)
{
	const struct stream	*st;
	uint64_t		 sum = 0;

	TAILQ_FOREACH(st, &streams, entry)
		sum = (sum ^ (st->events + st->bytes + st->restarts)) *
		    0x100000001b3 + ((unsigned)st->state << 4 |
		    st->synced << 3 | st->forbidden << 2 |
		    (st->broken_since != 0) << 1 | (st->error[0] != '\0'));
	return (sum);
}

void
streams_show(struct channel *ch, uint32_t id, const char *cluster)
{
	const struct stream	*st;
	struct message_out	*m;
	uint64_t		 n;

	TAILQ_FOREACH(st, &streams, entry) {
		n = objects_count(st->env->objects, st->resource, st->ns);
		m = message_new(MSG_SHOW_WATCH, id);
		message_put_s(m, cluster);
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
