/*
 * What an answer of the gateway means: errors that say how to go on, or what
 * cannot be an answer of an etcd.  Every byte is chosen by the server.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "../common/json_values.h"
#include "etcd_json.h"

/* Of an answer that is no JSON, for the log. */
#define WORDS_MAX	120

static const char *const error_names[] = {
	"ok", "try another", "log in anew", "login refused",
	"authentication is off", "not allowed", "no space", "lease is gone",
	"not an answer of an etcd", "request refused"
};

const char *
etcd_error_name(enum etcd_error error)
{
	return (error_names[error]);
}

/* Codes of gRPC (grpc/grpc doc/statuscodes.md). */
enum { INVALID_ARGUMENT = 3, NOT_FOUND = 5, PERMISSION_DENIED = 7,
	RESOURCE_EXHAUSTED = 8, UNIMPLEMENTED = 12, UNAUTHENTICATED = 16 };

/*
 * Texts are those of etcd's api/v3rpc/rpctypes/error.go, the same since 3.4; where
 * one code has several meanings, only the text tells them apart.
 */
static enum etcd_error
classify(int64_t code, const char *text)
{
	static const struct { const char *text; enum etcd_error error; } known[] = {
		{ "invalid auth token", ETCD_TOKEN },
		{ "revision of auth store is old", ETCD_TOKEN },
		{ "user name is empty", ETCD_TOKEN },
		{ "authentication is not enabled", ETCD_AUTH_OFF },
		{ "authentication failed", ETCD_REFUSED },
		{ "permission denied", ETCD_DENIED },
		{ "database space exceeded", ETCD_NO_SPACE },
		{ "requested lease not found", ETCD_NO_LEASE },
		{ "not leader", ETCD_RETRY },
		{ "not a primary lessor", ETCD_RETRY },
		{ "not primary lessor", ETCD_RETRY }
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(text, known[i].text) != NULL)
			return (known[i].error);
	switch (code) {
	case UNAUTHENTICATED:
		return (ETCD_TOKEN);
	case PERMISSION_DENIED:
		return (ETCD_DENIED);
	case INVALID_ARGUMENT:
	case UNIMPLEMENTED:
		return (ETCD_BUG);
	default:
		/* Unavailable, deadline exceeded, too many requests ... */
		return (ETCD_RETRY);
	}
}

/*
 * {"error":"text","code":N,"message":"text"}, or from a stream
 * {"error":{"grpc_code":N,"message":"text"}}.
 */
static enum etcd_error
read_error(const json_t *json, char text[ETCD_TEXT_MAX])
{
	const json_t *error = json_object_get(json, "error");
	int64_t code;

	if (json_is_object(error)) {
		code = etcd_int(error, "grpc_code");
		if (code == 0)
			code = etcd_int(error, "code");
		strlcpy(text, etcd_string(error, "message", "no reason given"),
		    ETCD_TEXT_MAX);
	} else {
		code = etcd_int(json, "code");
		strlcpy(text, etcd_string(json, "error", etcd_string(json,
		    "message", "no reason given")), ETCD_TEXT_MAX);
	}
	return (classify(code, text));
}

/* etcd refuses some requests in plain words; a proxy may be in between. */
static void
say_garbage(long status, const char *body, size_t len, char text[ETCD_TEXT_MAX])
{
	size_t n = 0;

	while (n < len && n < WORDS_MAX && body[n] != '\n' && body[n] != '\r' &&
	    body[n] != '\0')
		n++;
	snprintf(text, ETCD_TEXT_MAX, "HTTP status %ld and no JSON%s%s%.*s",
	    status, status == 404 ? " (etcd 3.4 or later is needed)" : "",
	    n > 0 ? ": " : "", (int)n, body);
}

enum etcd_error
etcd_read(long status, const char *body, size_t len, json_t **reply,
    char text[ETCD_TEXT_MAX])
{
	enum etcd_error error;
	json_error_t where;
	json_t *json;

	*reply = NULL;
	if (!json_values_ok(body, len)) {
		snprintf(text, ETCD_TEXT_MAX, "the answer has too many values");
		return (ETCD_GARBAGE);
	}
	/* A stream's answer may be followed by more: the first value counts. */
	json = json_loadb(body, len, JSON_DISABLE_EOF_CHECK, &where);
	if (!json_is_object(json)) {
		json_decref(json);
		say_garbage(status, body, len, text);
		return (ETCD_GARBAGE);
	}
	if (json_object_get(json, "error") != NULL || status / 100 != 2) {
		error = read_error(json, text);
		json_decref(json);
		return (error);
	}
	/* Streams wrap what they say. */
	if (json_is_object(json_object_get(json, "result"))) {
		*reply = json_incref(json_object_get(json, "result"));
		json_decref(json);
	} else
		*reply = json;
	return (ETCD_OK);
}
