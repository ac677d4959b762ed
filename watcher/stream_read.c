/*
 * What the API server answers, whatever it is encoded in: which decoder it is
 * for, and what the pieces that come out of it mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "stream_local.h"

#define PROTOBUF	"application/vnd.kubernetes.protobuf"
#define RETRY_MAX	86400	/* s */

/* -- which encoding ------------------------------------------------------------ */

/* The answer says what it is.  Anything else than protobuf is read as JSON, which
 * says best what is wrong with it. */
static void
choose(struct stream *st)
{
	const struct resource_info	*info = resource_info(st->resource);
	bool				 events;

	events = st->state == STREAM_WATCHING || st->streaming;
	if (strcmp(http_content_type(st->request), PROTOBUF) == 0)
		st->frame = frame_new(events ? FRAME_EVENTS : FRAME_LIST,
		    stream_wire_piece, st);
	else if (events)
		st->splitter = splitter_new(SPLIT_EVENTS, info->drop_event,
		    stream_json_event, st);
	else
		st->splitter = splitter_new(SPLIT_LIST, info->drop_item,
		    stream_json_list, st);
}

int
stream_feed(struct stream *st, const char *data, size_t len)
{
	const char	*error;

	if (st->frame == NULL && st->splitter == NULL)
		choose(st);
	if (st->frame != NULL) {
		if (frame_feed(st->frame, data, len) == 0)
			return (0);
		error = frame_error(st->frame);
	} else {
		if (splitter_feed(st->splitter, data, len) == 0)
			return (0);
		error = splitter_error(st->splitter);
	}
	return (error == NULL ? -1 : stream_refuse(st, error));
}

const char *
stream_finish(const struct stream *st)
{
	if (st->frame != NULL)
		return (frame_finish(st->frame));
	if (st->splitter != NULL)
		return (splitter_finish(st->splitter));
	return (st->state == STREAM_WATCHING || st->streaming ? NULL :
	    "the answer is empty");
}

void
stream_forget_answer(struct stream *st)
{
	splitter_free(st->splitter);
	frame_free(st->frame);
	st->splitter = NULL;
	st->frame = NULL;
	st->verdict = VERDICT_NONE;
	st->retry_after = -1;
	st->rest_seen = false;
	st->request_events = 0;
	st->bookmark = 0;
}

void
stream_status_text(const struct http_reply *reply, char *text, size_t size)
{
	char	 message[192] = "";

	if (reply->body != NULL && !stream_wire_status(reply->body, reply->len,
	    message, sizeof(message)))
		stream_json_status(reply->body, reply->len, message,
		    sizeof(message));
	snprintf(text, size, "HTTP %ld%s%s", reply->status,
	    message[0] == '\0' ? "" : ": ", log_safe(message));
}

/* -- what it means ------------------------------------------------------------- */

int
stream_refuse(struct stream *st, const char *problem)
{
	st->verdict = VERDICT_PROTOCOL;
	/* Perhaps the other encoding makes sense. */
	if (st->frame != NULL)
		st->json_only = true;
	snprintf(st->problem, sizeof(st->problem), "%s", problem);
	return (-1);
}

static char *
copy(struct text t)
{
	char	*s;

	if ((s = malloc(t.len + 1)) == NULL)
		fatal("stream");
	memcpy(s, t.p, t.len);
	s[t.len] = '\0';
	return (s);
}

/* Opaque, but bounded: it goes into a path. */
static bool
set_version(char **where, struct text version)
{
	if (version.len == 0 || version.len > STREAM_VERSION_MAX)
		return (false);
	/* Mostly it is as long as the last one. */
	if (*where != NULL && strlen(*where) == version.len) {
		memcpy(*where, version.p, version.len);
		return (true);
	}
	free(*where);
	*where = copy(version);
	return (true);
}

int
stream_on_item(struct stream *st, const struct object *o)
{
	objects_put(st->env->objects, o, st->mark);
	return (0);
}

int
stream_on_list(struct stream *st, struct text version, struct text token)
{
	if (!set_version(&st->list_version, version))
		return (stream_refuse(st, "a list without resourceVersion"));
	free(st->token);
	st->token = token.len == 0 ? NULL : copy(token);
	st->rest_seen = true;
	return (0);
}

int
stream_on_event(struct stream *st, struct text type, const struct object *o)
{
	struct text	 version = { o->version, strlen(o->version) };
	bool		 gone = text_is(type, "DELETED");

	if (!gone && !text_is(type, "ADDED") && !text_is(type, "MODIFIED"))
		return (stream_refuse(st, "an event of unknown type"));
	st->request_events++;
	st->events++;
	st->last_event = clock_now();
	/* While a list is streamed, versions come in no order. */
	if (!st->streaming && !set_version(&st->version, version))
		return (stream_refuse(st, "an event without resourceVersion"));
	if (gone)
		objects_remove(st->env->objects, st->resource, o->ns, o->name);
	else
		objects_put(st->env->objects, o, st->mark);
	return (0);
}

/* Bookmarks are no objects: they bear nothing but the resourceVersion. */
int
stream_on_bookmark(struct stream *st, struct text version,
    struct text initial_end)
{
	uint64_t	 now = clock_ticks();

	st->request_events++;
	if (!set_version(st->streaming ? &st->list_version : &st->version,
	    version))
		return (stream_refuse(st, "a bookmark without "
		    "resourceVersion"));
	if (!st->streaming) {
		st->beats |= st->bookmark != 0 &&
		    now - st->bookmark >= STREAM_BEAT_MIN &&
		    now - st->bookmark <= STREAM_BEAT_MAX;
		st->bookmark = now;
		return (0);
	}
	if (text_is(initial_end, "true")) {
		stream_listed(st);
		return (0);
	}
	/* The first one is the one that ends it, if it knows of such. */
	st->verdict = VERDICT_PLAIN;
	return (-1);
}

int
stream_on_error(struct stream *st, const struct stream_status *s)
{
	struct text	 text = s->message.p != NULL ? s->message : s->reason;
	char		 said[192];

	st->request_events++;
	st->verdict = VERDICT_STATUS;
	st->code = (unsigned)s->code;
	if (st->code == 0 && (text_is(s->reason, "Expired") ||
	    text_is(s->reason, "Gone")))
		st->code = 410;
	if (s->retry_after > 0)
		st->retry_after = (int64_t)(s->retry_after > RETRY_MAX ?
		    RETRY_MAX : s->retry_after) * 1000;
	snprintf(said, sizeof(said), "%.*s", (int)text.len, text.p == NULL ?
	    "" : text.p);
	snprintf(st->problem, sizeof(st->problem), "error %u in the watch: %s",
	    st->code, said[0] == '\0' ? "no reason given" : log_safe(said));
	return (-1);
}
