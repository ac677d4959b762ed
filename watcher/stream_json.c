/*
 * Pieces of an answer in JSON.  A piece that is not what was asked for ends the
 * request: nothing of it is taken for a pod.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json_values.h"
#include "stream_local.h"

static json_t *
decode(struct stream *st, const char *text, size_t len)
{
	json_error_t	 error;
	json_t		*root = NULL;

	if (!json_values_ok(text, len))
		stream_refuse(st, "the answer has too many values");
	else if ((root = json_loadb(text, len, 0, &error)) == NULL)
		stream_refuse(st, "the answer is no JSON");
	return (root);
}

static struct text
text_of(const json_t *v)
{
	struct text	 t = { json_string_value(v), json_string_length(v) };

	return (t);
}

static int
list_rest(struct stream *st, const json_t *root)
{
	const json_t	*metadata = member(root, "metadata");

	if (!text_is(text_of(member(root, "kind")),
	    resource_info(st->resource)->list) ||
	    !text_is(text_of(member(root, "apiVersion")),
	    resource_api_version(st->group)))
		return (stream_refuse(st, "the answer is not the list asked "
		    "for"));
	return (stream_on_list(st, text_of(member(metadata, "resourceVersion")),
	    text_of(member(metadata, "continue"))));
}

int
stream_json_list(const char *text, size_t len, int rest, void *arg)
{
	struct stream	*st = arg;
	struct object	 object;
	json_t		*root;
	const char	*problem;
	int		 result;

	if ((root = decode(st, text, len)) == NULL)
		return (-1);
	if (rest)
		result = list_rest(st, root);
	else if ((problem = object_decode(&object, st->resource,
	    resource_api_version(st->group), true, root)) != NULL)
		result = stream_refuse(st, problem);
	else
		result = stream_on_item(st, &object);
	json_decref(root);
	return (result);
}

static void
read_status(struct stream_status *s, const json_t *v)
{
	s->code = (int)member_count(v, "code", 0);
	s->reason = text_of(member(v, "reason"));
	s->message = text_of(member(v, "message"));
	s->retry_after = (int)member_count(member(v, "details"),
	    "retryAfterSeconds", 0);
}

static int
on_bookmark(struct stream *st, const json_t *object)
{
	struct facts	 f;

	if (!text_is(text_of(member(object, "kind")),
	    resource_info(st->resource)->object))
		return (stream_refuse(st, "a bookmark of another kind than "
		    "asked for"));
	facts_read_json(&f, RESOURCE_NAMESPACES, object);
	return (stream_on_bookmark(st, f.version, f.initial_end));
}

static int
on_event(struct stream *st, struct text type, const json_t *in)
{
	struct object		 object;
	struct stream_status	 status;
	const char		*problem;

	if (text_is(type, "ERROR")) {
		read_status(&status, in);
		return (stream_on_error(st, &status));
	}
	if (text_is(type, "BOOKMARK"))
		return (on_bookmark(st, in));
	if ((problem = object_decode(&object, st->resource,
	    resource_api_version(st->group), false, in)) != NULL)
		return (stream_refuse(st, problem));
	return (stream_on_event(st, type, &object));
}

int
stream_json_event(const char *text, size_t len, int rest, void *arg)
{
	struct stream	*st = arg;
	json_t		*root;
	const json_t	*object;
	int		 result;

	(void)rest;
	if ((root = decode(st, text, len)) == NULL)
		return (-1);
	object = member(root, "object");
	if (!json_is_string(member(root, "type")) || !json_is_object(object))
		result = stream_refuse(st, "an event without type or object");
	else
		result = on_event(st, text_of(member(root, "type")), object);
	json_decref(root);
	return (result);
}

bool
stream_json_status(const char *body, size_t len, char *text, size_t size)
{
	struct stream_status	 s = { 0 };
	json_error_t		 error;
	json_t			*root;

	text[0] = '\0';
	if (!json_values_ok(body, len) ||
	    (root = json_loadb(body, len, 0, &error)) == NULL)
		return (false);
	read_status(&s, root);
	if (s.message.p != NULL)
		snprintf(text, size, "%s", s.message.p);
	json_decref(root);
	return (true);
}
