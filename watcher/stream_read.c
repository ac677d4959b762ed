/*
 * What the API server answers, piece by piece.  A piece that is not what was
 * asked for ends the request: nothing of it is taken for a pod.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "stream.h"

static int
refuse(struct stream *st, const char *problem)
{
	st->verdict = VERDICT_PROTOCOL;
	snprintf(st->problem, sizeof(st->problem), "%s", problem);
	return (-1);
}

static json_t *
decode(struct stream *st, const char *text, size_t len)
{
	json_error_t	 error;
	json_t		*root;

	if ((root = json_loadb(text, len, 0, &error)) == NULL)
		refuse(st, "the answer is no JSON");
	return (root);
}

/* Opaque, but bounded: it goes into a path. */
static bool
set_version(char **where, const char *version)
{
	if (version == NULL || version[0] == '\0' ||
	    strlen(version) > STREAM_VERSION_MAX)
		return (false);
	free(*where);
	if ((*where = strdup(version)) == NULL)
		fatal("stream");
	return (true);
}

static int
list_rest(struct stream *st, const json_t *root)
{
	const json_t	*metadata = member(root, "metadata");
	const char	*kind = member_text(root, "kind");
	const char	*api = member_text(root, "apiVersion");
	const char	*token = member_text(metadata, "continue");

	if (kind == NULL ||
	    strcmp(kind, resource_info(st->resource)->list) != 0 ||
	    api == NULL || strcmp(api, resource_api_version(st->group)) != 0)
		return (refuse(st, "the answer is not the list asked for"));
	if (!set_version(&st->list_version,
	    member_text(metadata, "resourceVersion")))
		return (refuse(st, "a list without resourceVersion"));
	free(st->token);
	st->token = NULL;
	if (token != NULL && token[0] != '\0' &&
	    (st->token = strdup(token)) == NULL)
		fatal("stream");
	st->rest_seen = true;
	return (0);
}

int
stream_list_piece(const char *text, size_t len, int rest, void *arg)
{
	struct stream	*st = arg;
	struct object	 object;
	json_t		*root;
	const char	*problem;
	int		 result = 0;

	if ((root = decode(st, text, len)) == NULL)
		return (-1);
	if (rest)
		result = list_rest(st, root);
	else if ((problem = object_decode(&object, st->resource,
	    resource_api_version(st->group), true, root)) != NULL)
		result = refuse(st, problem);
	else
		objects_put(st->env->objects, &object, st->mark);
	json_decref(root);
	return (result);
}

/* An ERROR event bears a Status. */
static int
watch_error(struct stream *st, const json_t *status)
{
	const char	*message = member_text(status, "message");
	const char	*reason = member_text(status, "reason");
	unsigned	 seconds;

	st->verdict = VERDICT_STATUS;
	st->code = member_count(status, "code", 0);
	if (st->code == 0 && reason != NULL && (strcmp(reason, "Expired") == 0 ||
	    strcmp(reason, "Gone") == 0))
		st->code = 410;
	seconds = member_count(member(status, "details"), "retryAfterSeconds", 0);
	if (seconds > 0)
		st->retry_after = seconds > 86400 ? 86400000 :
		    (int64_t)seconds * 1000;
	snprintf(st->problem, sizeof(st->problem), "error %u in the watch: %s",
	    st->code, log_safe(message != NULL ? message : reason != NULL ?
	    reason : "no reason given"));
	return (-1);
}

/* Bookmarks are no objects: they bear nothing but the resourceVersion. */
static int
watch_bookmark(struct stream *st, const json_t *object)
{
	const char	*kind = member_text(object, "kind");

	if (kind == NULL ||
	    strcmp(kind, resource_info(st->resource)->object) != 0)
		return (refuse(st, "a bookmark of another kind than asked for"));
	if (!set_version(&st->version, member_text(member(object, "metadata"),
	    "resourceVersion")))
		return (refuse(st, "a bookmark without resourceVersion"));
	return (0);
}

static int
watch_event(struct stream *st, const char *type, const json_t *in)
{
	struct object	 object;
	const char	*problem;
	bool		 gone = strcmp(type, "DELETED") == 0;

	if (!gone && strcmp(type, "ADDED") != 0 && strcmp(type, "MODIFIED") != 0)
		return (refuse(st, "an event of unknown type"));
	if ((problem = object_decode(&object, st->resource,
	    resource_api_version(st->group), false, in)) != NULL)
		return (refuse(st, problem));
	if (!set_version(&st->version, member_text(member(in, "metadata"),
	    "resourceVersion")))
		return (refuse(st, "an event without resourceVersion"));
	st->events++;
	st->last_event = worker_now();
	if (gone)
		objects_remove(st->env->objects, st->resource, object.ns,
		    object.name);
	else
		objects_put(st->env->objects, &object, st->mark);
	return (0);
}

int
stream_watch_piece(const char *text, size_t len, int rest, void *arg)
{
	struct stream	*st = arg;
	json_t		*root;
	const json_t	*object;
	const char	*type;
	int		 result;

	(void)rest;
	if ((root = decode(st, text, len)) == NULL)
		return (-1);
	type = member_text(root, "type");
	object = member(root, "object");
	st->request_events++;
	if (type == NULL || !json_is_object(object))
		result = refuse(st, "an event without type or object");
	else if (strcmp(type, "ERROR") == 0)
		result = watch_error(st, object);
	else if (strcmp(type, "BOOKMARK") == 0)
		result = watch_bookmark(st, object);
	else
		result = watch_event(st, type, object);
	json_decref(root);
	return (result);
}
