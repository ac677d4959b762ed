#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/conf.h"
#include "../common/duration.h"
#include "../common/health.h"
#include "../common/json_text.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "row.h"

enum look { PLAIN, HEALTH, CAUSE, ROLLOUT, PUBLISH, WHICH, TIME, DURATION,
	    PRIVATE };

/* What is not written as it stands in a message, and what a field means that is
 * missing: what it is in kanata.conf(5).  All others are 0, false or "". */
static const struct look_row {
	const char	*name;
	enum look	 look;
	uint64_t	 missing;
} looks[] = {
	{ "health", HEALTH, HEALTH_UNKNOWN },
	{ "cause", CAUSE, CAUSE_NONE },
	{ "since", TIME, 0 },
	{ "rollout", ROLLOUT, ROLLOUT_MAINTENANCE },
	{ "publish", PUBLISH, 0 },
	{ "which", WHICH, TEMPLATE_MAX },
	{ "down_after", DURATION, 30 * 1000 },
	{ "up_after", DURATION, 60 * 1000 },
	{ "reopen_within", DURATION, 15 * 60 * 1000 },
	{ "escalate_after", DURATION, 0 },
	{ "group_wait", DURATION, 10 * 1000 },
	{ "storm", PLAIN, 5 },
	/* The watcher's, the store's and the parent's own. */
	{ "first_ready_within", PRIVATE, 10 * 60 * 1000 },
	{ "partial_below", PRIVATE, 50 },
	{ "line", PRIVATE, 0 },
	{ "instatus_url", PRIVATE, 0 },
	{ "instance", PRIVATE, 0 },
	{ "store_dir", PRIVATE, 0 },
	{ "control_socket", PRIVATE, 0 },
	{ "control_group", PRIVATE, 0 },
	{ "log_verbose", PRIVATE, 0 },
	{ "log_json", PRIVATE, 0 },
	{ "strict", PRIVATE, 0 },
	{ "replicas", PRIVATE, 1 },
	{ "on_loss", PRIVATE, 0 },
	{ "rate_per_minute", PRIVATE, 60 },
};

struct field {
	char		 name[32];
	char		 type;		/* u b s x */
	size_t		 max;
	enum look	 look;
	uint64_t	 missing;
};

/* Steps over one field of a row; false at its end or where repetitions begin. */
static bool
field_next(const char **row, struct field *f)
{
	size_t i, len;

	*row += strspn(*row, " ");
	if (**row == '\0' || **row == '*')
		return (false);
	len = strcspn(*row, ":");
	if (len >= sizeof(f->name))
		fatalx("the field %s has a long name", *row);
	memcpy(f->name, *row, len);
	f->name[len] = '\0';
	f->type = (*row)[len + 1];
	f->max = strtoul(*row + len + 2, NULL, 10);
	*row += strcspn(*row, " ");
	f->look = PLAIN;
	f->missing = 0;
	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (strcmp(looks[i].name, f->name) == 0) {
			f->look = looks[i].look;
			f->missing = looks[i].missing;
		}
	return (true);
}

/* -- out ------------------------------------------------------------------ */

static json_t *
render_publish(uint64_t what)
{
	char text[64] = "";
	unsigned bit;

	for (bit = 0; publish_name(bit) != NULL; bit++)
		if (what & 1U << bit) {
			if (text[0] != '\0')
				strlcat(text, ", ", sizeof(text));
			strlcat(text, publish_name(bit), sizeof(text));
		}
	return (json_string(text));
}

static json_t *
render_number(const struct field *f, uint64_t n)
{
	char text[DURATION_SIZE];

	switch (f->look) {
	case HEALTH:
		return (json_string(health_name((enum health)n)));
	case CAUSE:
		return (json_string(cause_name((enum cause)n)));
	case ROLLOUT:
		return (json_string(n == ROLLOUT_QUIET ? "quiet" :
		    "maintenance"));
	case PUBLISH:
		return (render_publish(n));
	case WHICH:
		return (json_string(template_name((enum template_kind)n)));
	case TIME:
		return (json_string(timestamp_format(n, text)));
	case DURATION:
		return (json_string(duration_format(n, text)));
	default:
		return (json_number(n));
	}
}

static json_t *
render_field(const struct field *f, struct message *m)
{
	const char *s;
	uint64_t n;

	switch (f->type) {
	case 'u':
		n = message_get_u(m);
		return (n == f->missing ? NULL : render_number(f, n));
	case 'b':
		return (message_get_b(m) ? json_true() : NULL);
	default:
		if ((s = message_get_s(m))[0] == '\0')
			return (NULL);
		/* A cluster's words may be no UTF-8. */
		return (json_text(s));
	}
}

json_t *
row_render(struct message_out *out, enum role from, enum role to)
{
	static uint8_t copy[MESSAGE_MAX];
	const char *row = message_fields(message_out_type(out)), *why;
	json_t *object = json_object(), *value;
	const uint8_t *bytes;
	struct message m;
	struct field f;
	size_t len;

	bytes = message_bytes(out, &len);
	memcpy(copy, bytes, len);
	if ((why = message_parse(&m, from, to, copy, len, -1)) != NULL)
		fatalx("%s: %s", message_name(message_out_type(out)), why);
	while (field_next(&row, &f)) {
		value = render_field(&f, &m);
		if (f.look == PRIVATE)
			json_decref(value);
		else if (value != NULL &&
		    json_object_set_new(object, f.name, value) == -1)
			fatalx("out of memory");
	}
	return (object);
}

/* -- in ------------------------------------------------------------------- */

static const char *
parse_publish(const char *s, uint64_t *what)
{
	const char *name;
	unsigned bit;
	size_t len;

	for (*what = 0; *s != '\0'; s += strspn(s, ", ")) {
		len = strcspn(s, ", ");
		for (bit = 0; (name = publish_name(bit)) != NULL; bit++)
			if (strlen(name) == len && strncmp(s, name, len) == 0)
				break;
		if (name == NULL)
			break;
		*what |= 1U << bit;
		s += len;
	}
	return (*what == 0 || *s != '\0' ?
	    "some of incidents, statuses, webhook" : NULL);
}

/* NULL, or what was expected. */
static const char *
parse_number(const struct field *f, const json_t *value, uint64_t *n)
{
	const char *s = json_string_value(value);

	if (f->look != PLAIN && f->look != PRIVATE && s == NULL)
		s = "";
	switch (f->look) {
	case HEALTH:
		return ((*n = health_parse(s)) == HEALTH_MAX ?
		    "ok, idle, rolling, degraded, partial, major or unknown" :
		    NULL);
	case CAUSE:
		return ((*n = cause_parse(s)) == CAUSE_MAX ?
		    "a cause as in kanatactl(8)" : NULL);
	case ROLLOUT:
		*n = strcmp(s, "quiet") == 0 ? ROLLOUT_QUIET :
		    ROLLOUT_MAINTENANCE;
		return (*n == ROLLOUT_QUIET || strcmp(s, "maintenance") == 0 ?
		    NULL : "maintenance or quiet");
	case PUBLISH:
		return (parse_publish(s, n));
	case WHICH:
		return ((*n = template_parse(s)) == TEMPLATE_MAX ?
		    "a key of texts in kanata.conf(5)" : NULL);
	case TIME:
		return ((*n = timestamp_parse(s)) == 0 ?
		    "a time such as 2026-01-01T10:00:00.000Z" : NULL);
	case DURATION:
		return (duration_parse(s, n) == -1 ?
		    "a duration such as 30s" : NULL);
	default:
		*n = (uint64_t)json_integer_value(value);
		return (!json_is_integer(value) || json_integer_value(value) < 0 ?
		    "a whole number, not negative" : NULL);
	}
}

static const char *
parse_field(const struct field *f, const json_t *value, struct message_out *out)
{
	static char why[64];
	const char *s, *expected = NULL;
	uint64_t n = f->missing;

	switch (f->type) {
	case 'u':
		if (value != NULL)
			expected = parse_number(f, value, &n);
		message_put_u(out, n);
		return (expected);
	case 'b':
		message_put_b(out, json_is_true(value));
		return (value == NULL || json_is_boolean(value) ? NULL :
		    "true or false");
	default:
		s = value == NULL ? "" : json_string_value(value);
		message_put_s(out, s != NULL ? s : "");
		if (s != NULL && strlen(s) <= f->max)
			return (NULL);
		snprintf(why, sizeof(why), "a text of at most %zu bytes",
		    f->max);
		return (why);
	}
}

/* A key that the row does not have. */
static const char *
unknown_key(const json_t *object, const char *fields)
{
	const char *key, *row;
	struct field f;
	json_t *value;
	bool known;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		known = false;
		for (row = fields; field_next(&row, &f) && !known;)
			known = strcmp(f.name, key) == 0;
		if (!known)
			return (key);
	}
	return (NULL);
}

int
row_parse(struct row *r, const json_t *object, enum message_type type,
    enum role from, enum role to, char *why, size_t size)
{
	struct message_out *out = message_new(type, 0);
	const char *fields = message_fields(type), *row = fields, *expected;
	const uint8_t *bytes;
	struct field f;
	size_t len;

	if ((expected = unknown_key(object, fields)) != NULL) {
		snprintf(why, size, "`%s`: no such key here",
		    log_safe(expected));
		return (-1);
	}
	while (field_next(&row, &f)) {
		expected = parse_field(&f, json_object_get(object, f.name),
		    out);
		if (expected != NULL) {
			snprintf(why, size, "`%s`: expected %s", f.name,
			    expected);
			return (-1);
		}
	}
	if (*row == '*')
		for (row++; field_next(&row, &f);)
			parse_field(&f, NULL, out);
	bytes = message_bytes(out, &len);
	memcpy(r->bytes, bytes, len);
	expected = message_parse(&r->m, from, to, r->bytes, len, -1);
	if (expected != NULL)
		fatalx("%s: %s", message_name(type), expected);
	return (0);
}
