/*
 * Pieces of an answer in protobuf, as stream_json.c for JSON.  Field numbers are
 * those of k8s.io/apimachinery pkg/apis/meta/v1 generated.proto.
 */
#include <stdio.h>
#include <string.h>

#include "stream_local.h"
#include "wire.h"

/* ListMeta */
#define LIST_RESOURCE_VERSION	2
#define LIST_CONTINUE		3

/* WatchEvent, and the RawExtension of pkg/runtime within */
#define EVENT_TYPE		1
#define EVENT_OBJECT		2
#define EXTENSION_RAW		1

/* Status, StatusDetails */
#define STATUS_MESSAGE		3
#define STATUS_REASON		4
#define STATUS_DETAILS		5
#define STATUS_CODE		6
#define DETAILS_RETRY_AFTER	5

static int
no_protobuf(struct stream *st)
{
	return (stream_refuse(st, "the answer is no protobuf"));
}

static int
list_type(struct stream *st, const void *p, size_t len)
{
	struct envelope	 e = { 0 };

	if (!envelope_type(&e, (struct text){ p, len }))
		return (no_protobuf(st));
	if (!text_is(e.kind, resource_info(st->resource)->list) ||
	    !text_is(e.api_version, resource_api_version(st->group)))
		return (stream_refuse(st, "the answer is not the list asked "
		    "for"));
	return (0);
}

static int
list_meta(struct stream *st, const void *p, size_t len)
{
	struct wire		 w;
	struct wire_field	 f;
	struct text		 version = { 0 }, token = { 0 };
	bool			 valid = true;
	int			 more = 0;

	wire_open(&w, p, len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.number == LIST_RESOURCE_VERSION)
			valid = wire_text(&f, &version);
		else if (f.number == LIST_CONTINUE)
			valid = wire_text(&f, &token);
	if (!valid || more == -1)
		return (no_protobuf(st));
	return (stream_on_list(st, version, token));
}

static int
list_item(struct stream *st, const void *p, size_t len)
{
	struct object	 object;
	const char	*problem;

	if ((problem = object_decode_wire(&object, st->resource, p, len)) !=
	    NULL)
		return (stream_refuse(st, problem));
	return (stream_on_item(st, &object));
}

static bool
read_details(struct stream_status *s, struct text details)
{
	struct wire		 w;
	struct wire_field	 f;
	int			 more;

	wire_open(&w, details.p, details.len);
	while ((more = wire_next(&w, &f)) == 1)
		if (f.number == DETAILS_RETRY_AFTER)
			s->retry_after = facts_number((int64_t)f.value);
	return (more == 0);
}

static bool
read_status(struct stream_status *s, struct text status)
{
	struct wire		 w;
	struct wire_field	 f;
	bool			 valid = true;
	int			 more = 0;

	memset(s, 0, sizeof(*s));
	wire_open(&w, status.p, status.len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		switch (f.number) {
		case STATUS_MESSAGE:
			valid = wire_text(&f, &s->message);
			break;
		case STATUS_REASON:
			valid = wire_text(&f, &s->reason);
			break;
		case STATUS_DETAILS:
			valid = f.bytes.p == NULL || read_details(s, f.bytes);
			break;
		case STATUS_CODE:
			s->code = facts_number((int64_t)f.value);
			break;
		}
	return (valid && more == 0);
}

static int
on_bookmark(struct stream *st, const struct envelope *e)
{
	struct facts	 f;

	if (!text_is(e->kind, resource_info(st->resource)->object))
		return (stream_refuse(st, "a bookmark of another kind than "
		    "asked for"));
	if (!facts_read_wire(&f, RESOURCE_NAMESPACES, e->raw.p, e->raw.len))
		return (no_protobuf(st));
	return (stream_on_bookmark(st, f.version, f.initial_end));
}

static int
on_event(struct stream *st, struct text type, const struct envelope *e)
{
	struct object		 object;
	struct stream_status	 status;
	const char		*problem;

	if (text_is(type, "ERROR")) {
		if (!read_status(&status, e->raw))
			return (no_protobuf(st));
		return (stream_on_error(st, &status));
	}
	if (text_is(type, "BOOKMARK"))
		return (on_bookmark(st, e));
	if (!text_is(e->kind, resource_info(st->resource)->object))
		return (stream_refuse(st, "an object of another kind than asked "
		    "for"));
	if (!text_is(e->api_version, resource_api_version(st->group)))
		return (stream_refuse(st, "an object of another apiVersion than "
		    "asked for"));
	if ((problem = object_decode_wire(&object, st->resource, e->raw.p,
	    e->raw.len)) != NULL)
		return (stream_refuse(st, problem));
	return (stream_on_event(st, type, &object));
}

/* The bytes of a RawExtension; p NULL if there are none. */
static bool
read_extension(struct text *raw, struct text extension)
{
	struct wire		 w;
	struct wire_field	 f;
	int			 more;

	wire_open(&w, extension.p, extension.len);
	while ((more = wire_next(&w, &f)) == 1)
		if (f.number == EXTENSION_RAW)
			*raw = f.bytes;
	return (more == 0);
}

static int
event(struct stream *st, const void *p, size_t len)
{
	struct wire		 w;
	struct wire_field	 f;
	struct text		 type = { 0 }, raw = { 0 };
	struct envelope		 e;
	const char		*problem;
	bool			 valid = true;
	int			 more = 0;

	wire_open(&w, p, len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.number == EVENT_TYPE)
			valid = wire_text(&f, &type);
		else if (f.number == EVENT_OBJECT && f.bytes.p != NULL)
			valid = read_extension(&raw, f.bytes);
	if (!valid || more == -1)
		return (no_protobuf(st));
	if (type.p == NULL || raw.p == NULL)
		return (stream_refuse(st, "an event without type or object"));
	if ((problem = envelope_open(&e, raw.p, raw.len)) != NULL)
		return (stream_refuse(st, problem));
	return (on_event(st, type, &e));
}

int
stream_wire_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	struct stream	*st = arg;

	switch (piece) {
	case FRAME_EVENT:
		return (event(st, p, len));
	case FRAME_TYPE:
		return (list_type(st, p, len));
	case FRAME_META:
		return (list_meta(st, p, len));
	case FRAME_ITEM:
		return (list_item(st, p, len));
	}
	return (-1);
}

bool
stream_wire_status(const char *body, size_t len, char *text, size_t size)
{
	struct stream_status	 s;
	struct envelope		 e;

	text[0] = '\0';
	if (envelope_open(&e, body, len) != NULL)
		return (false);
	if (text_is(e.kind, "Status") && read_status(&s, e.raw) &&
	    s.message.p != NULL)
		snprintf(text, size, "%.*s", (int)s.message.len, s.message.p);
	return (true);
}
