/*
 * What is asked of the API server, and in which encoding ("Efficient detection of
 * changes", "Streaming lists", "Alternate representations of resources" in the
 * Kubernetes API concepts).
 */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "stream_local.h"

#define LIST_TIMEOUT	300000	/* ms for a page */
#define LIST_IDLE	30000	/* ms without a byte of it */

#define PROTOBUF	"application/vnd.kubernetes.protobuf"
#define JSON		"application/json"
#define STREAM		";stream=watch"

/* Percent-encoded: everything but letters, digits and - . _ ~ */
static char *
encode(const char *s)
{
	static const char	 hex[] = "0123456789ABCDEF";
	char			*out, *p;

	if ((out = p = malloc(strlen(s) * 3 + 1)) == NULL)
		fatal("stream");
	for (; *s != '\0'; s++) {
		unsigned char c = *s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
			*p++ = c;
		else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p = '\0';
	return (out);
}

/* The path up to and with the query; the caller frees. */
static char *
make_path(const struct stream *st, const char *query)
{
	const char	*name = resource_info(st->resource)->name;
	char		*ns = st->ns == NULL ? NULL : encode(st->ns), *path;
	int		 n;

	if (ns == NULL)
		n = asprintf(&path, "%s%s/%s?%s", st->env->path, st->group, name,
		    query);
	else if (st->resource == RESOURCE_NAMESPACES)
		n = asprintf(&path, "%s%s/%s?fieldSelector=metadata.name%%3D%s&%s",
		    st->env->path, st->group, name, ns, query);
	else
		n = asprintf(&path, "%s%s/namespaces/%s/%s?%s", st->env->path,
		    st->group, ns, name, query);
	if (n == -1)
		fatal("stream");
	free(ns);
	return (path);
}

static int
on_data(struct http_request *request, const char *data, size_t len, void *arg)
{
	struct stream	*st = arg;

	(void)request;
	st->bytes += len;
	/* Changes go on for ever where the end is never marked. */
	if (st->streaming && clock_ticks() - st->started < LIST_TIMEOUT)
		stream_quiet(st);
	if (stream_feed(st, data, len) == -1)
		return (-1);
	if (st->state == STREAM_WATCHING && st->broken_since != 0 &&
	    st->request_events > 0)
		stream_is_well(st);
	return (0);
}

/* seconds: how long the server is to go on; 0: until the list is complete. */
static void
request(struct stream *st, enum stream_state state, const char *query,
    unsigned seconds)
{
	struct http_request_options	 options;
	char				*path = make_path(st, query);

	stream_forget_answer(st);
	st->state = state;
	st->started = clock_ticks();
	memset(&options, 0, sizeof(options));
	options.method = "GET";
	options.path = path;
	options.authorization = st->env->authorization;
	if (seconds == 0) {
		options.accept = st->json_only ? JSON : PROTOBUF "," JSON;
		options.timeout = LIST_TIMEOUT;
		options.idle_timeout = LIST_IDLE;
	} else {
		options.accept = st->json_only ? JSON STREAM :
		    PROTOBUF STREAM "," JSON STREAM;
		/* Who never ends it may be what is left of a server that was
		 * replaced, however much it says. */
		options.timeout = (seconds + STREAM_MARGIN) * 1000;
		options.idle_timeout = st->beats ? STREAM_SILENCE : 0;
	}
	options.data = on_data;
	options.done = stream_done;
	options.arg = st;
	st->request = http_send(st->env->server, &options);
	free(path);
}

static unsigned
watch_seconds(void)
{
	return (STREAM_WATCH_MAX / 2 +
	    arc4random_uniform(STREAM_WATCH_MAX / 2 + 1));
}

static void
list_page(struct stream *st)
{
	char	*token, *query;

	token = st->token == NULL ? NULL : encode(st->token);
	if (asprintf(&query, "limit=%d%s%s", STREAM_PAGE,
	    token == NULL ? "" : "&continue=", token == NULL ? "" : token) == -1)
		fatal("stream");
	free(token);
	st->streaming = false;
	request(st, STREAM_LISTING, query, 0);
	free(query);
}

/*
 * A watch that begins with everything there is, in its newest state, and goes on
 * as a watch after the bookmark that ends it.
 */
static void
list_streamed(struct stream *st)
{
	unsigned	 seconds = watch_seconds();
	char		*query;

	if (asprintf(&query, "watch=true&allowWatchBookmarks=true"
	    "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
	    "&timeoutSeconds=%u", seconds) == -1)
		fatal("stream");
	st->streaming = true;
	request(st, STREAM_LISTING, query, seconds);
	free(query);
	stream_quiet(st);
}

void
stream_list(struct stream *st)
{
	if (st->token == NULL) {
		/* Never 0, which is for what was never listed. */
		if (++st->mark == 0)
			st->mark = 1;
		if (st->synced)
			stream_broken(st);
	}
	if (st->token == NULL && !st->in_pages && st->env->plain_lists != NULL &&
	    !*st->env->plain_lists)
		list_streamed(st);
	else
		list_page(st);
}

void
stream_watch(struct stream *st)
{
	unsigned	 seconds = watch_seconds();
	char		*version, *query;

	version = encode(st->version);
	if (asprintf(&query, "watch=true&allowWatchBookmarks=true"
	    "&resourceVersion=%s&timeoutSeconds=%u", version, seconds) == -1)
		fatal("stream");
	free(version);
	st->streaming = false;
	request(st, STREAM_WATCHING, query, seconds);
	free(query);
}
