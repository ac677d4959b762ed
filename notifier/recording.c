#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_text.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "core.h"
#include "member.h"
#include "recording.h"
#include "row.h"

#define VERSION		1
#define WATCHERS_MAX	1000	/* numbers of them */

static const struct { enum recording_kind kind; const char *word; } marks[] = {
	{ RECORDING_FORGET, "forget" },
	{ RECORDING_READ, "read" },
	{ RECORDING_BEGIN, "begin" },
	{ RECORDING_END, "end" },
};
#define MARKS	(sizeof(marks) / sizeof(marks[0]))

/* -- out ------------------------------------------------------------------ */

static json_t *
line_new(uint64_t at)
{
	char text[TIMESTAMP_SIZE];
	json_t *line = json_object();

	member_put(line, "at", json_string(timestamp_format(at, text)));
	return (line);
}

static char *
line_of(uint64_t at, const char *key, json_t *value)
{
	json_t *line = line_new(at);

	member_put(line, key, value);
	return (json_render(line));
}

char *
recording_head(void)
{
	return (json_render(json_pack("{s:i}", "history", VERSION)));
}

char *
recording_mark(uint64_t at, enum recording_kind kind, unsigned watcher)
{
	json_t *line = line_new(at);
	size_t n;

	if (watcher != 0)
		member_put(line, "watcher", json_integer(watcher));
	for (n = 0; n < MARKS; n++)
		if (marks[n].kind == kind)
			member_put(line, "mark", json_string(marks[n].word));
	return (json_render(line));
}

char *
recording_rules(uint64_t at, const struct conf_global *g)
{
	return (line_of(at, "rules", row_render(conf_pack_global(g),
	    ROLE_PARENT, ROLE_NOTIFIER)));
}

char *
recording_component(uint64_t at, const struct conf_component *c)
{
	return (line_of(at, "component", row_render(conf_pack_component(c),
	    ROLE_PARENT, ROLE_NOTIFIER)));
}

char *
recording_text(uint64_t at, const char *component, enum template_kind kind,
    const char *text)
{
	return (line_of(at, "text", row_render(conf_pack_text(component, kind,
	    text), ROLE_PARENT, ROLE_NOTIFIER)));
}

char *
recording_record(uint64_t at, const char *key, const char *text, size_t len)
{
	json_t *record = json_object(), *value;

	member_put(record, "key", json_text(key));
	/* What the store has is ours, but others may write there too. */
	if (len == 0)
		value = json_null();
	else if ((value = json_loadb(text, len, 0, NULL)) == NULL)
		value = json_object();
	member_put(record, "value", value);
	return (line_of(at, "record", record));
}

char *
recording_page(uint64_t at, const char *page, const char *id, const char *name,
    enum page_status status)
{
	json_t *object = json_object();

	member_put(object, "page", json_text(page));
	member_put(object, "id", json_text(id));
	member_put(object, "name", json_text(name));
	if (status != PAGE_STATUS_MAX)
		member_put(object, "status",
		    json_string(page_status_name(status)));
	return (line_of(at, "page", object));
}

char *
recording_health(uint64_t at, const struct health_report *r)
{
	struct message_out *m = message_new(MSG_HEALTH_SET, 0);
	json_t *line = line_new(at);

	message_put_s(m, r->component);
	message_put_u(m, r->health);
	message_put_u(m, r->cause);
	message_put_u(m, r->ready);
	message_put_u(m, r->desired);
	message_put_u(m, r->since);
	message_put_b(m, r->paused);
	message_put_s(m, r->detail);
	if (r->cluster != 0)
		member_put(line, "watcher", json_integer(r->cluster));
	member_put(line, "health", row_render(m, ROLE_WATCHER, ROLE_NOTIFIER));
	return (json_render(line));
}

char *
recording_closed(uint64_t at, const struct incident_view *i)
{
	json_t *components = json_array(), *closed = json_object();
	size_t n, bytes = 0;

	for (n = 0; n < i->npart && bytes < RECORDING_LINE_MAX / 2; n++) {
		bytes += strlen(i->part[n].component) + 3;
		if (json_array_append_new(components,
		    json_text(i->part[n].component)) == -1)
			fatalx("out of memory");
	}
	member_put(closed, "components", components);
	return (line_of(at, "closed", closed));
}

char *
recording_note(uint64_t at, const char *text)
{
	return (line_of(at, "note", json_text(text)));
}

/* -- in ------------------------------------------------------------------- */

struct why { char *text; size_t size; };

static int
refuse(const struct why *why, const char *what, const char *expected)
{
	snprintf(why->text, why->size, "`%s`: expected %s", what, expected);
	return (-1);
}

static int
read_row(struct recording_line *l, const json_t *value, const struct why *why)
{
	static struct row row;
	enum message_type type = l->kind == RECORDING_RULES ? MSG_CONF_GLOBAL :
	    l->kind == RECORDING_COMPONENT ? MSG_CONF_COMPONENT :
	    l->kind == RECORDING_TEXT ? MSG_CONF_TEXT : MSG_HEALTH_SET;

	if (!json_is_object(value))
		return (refuse(why, l->key, "an object"));
	if (row_parse(&row, value, type, type == MSG_HEALTH_SET ?
	    ROLE_WATCHER : ROLE_PARENT, ROLE_NOTIFIER, why->text,
	    why->size) == -1)
		return (-1);
	l->row = &row.m;
	if (type == MSG_HEALTH_SET &&
	    member_string(value, "component")[0] == '\0')
		return (refuse(why, "component", "the id of one"));
	if (type == MSG_CONF_COMPONENT && member_string(value, "id")[0] == '\0')
		return (refuse(why, "id", "that of a component"));
	return (0);
}

static int
read_mark(struct recording_line *l, const json_t *value, const struct why *why)
{
	const char *word = json_string_value(value);
	size_t n;

	for (n = 0; n < MARKS; n++)
		if (word != NULL && strcmp(marks[n].word, word) == 0) {
			l->kind = marks[n].kind;
			return (0);
		}
	return (refuse(why, "mark", "forget, read, begin or end"));
}

static int
read_record(struct recording_line *l, const json_t *value, const struct why *why)
{
	const json_t *record = json_object_get(value, "value");

	l->key = member_string(value, "key");
	if (l->key[0] == '\0')
		return (refuse(why, "key", "that of a record in the store"));
	l->text = "";
	if (json_is_null(record))
		return (0);
	if (!json_is_object(record))
		return (refuse(why, "value", "an object, or null"));
	if ((l->value = json_dumps(record, JSON_COMPACT)) == NULL)
		fatalx("out of memory");
	l->text = l->value;
	return (0);
}

static int
read_page(struct recording_line *l, const json_t *value, const struct why *why)
{
	const char *status = member_string(value, "status");

	l->page = member_string(value, "page");
	l->id = member_string(value, "id");
	l->name = member_string(value, "name");
	l->status = status[0] == '\0' ? PAGE_STATUS_MAX :
	    page_status_parse(status);
	if (l->page[0] == '\0')
		return (refuse(why, "page", "the id of a page"));
	if (l->id[0] == '\0' || strlen(l->id) > 128)
		return (refuse(why, "id", "that of a component"));
	if (status[0] != '\0' && l->status == PAGE_STATUS_MAX)
		return (refuse(why, "status", "OPERATIONAL, UNDERMAINTENANCE, "
		    "DEGRADEDPERFORMANCE, PARTIALOUTAGE or MAJOROUTAGE"));
	return (0);
}

static int
read_closed(struct recording_line *l, const json_t *value, const struct why *why)
{
	const json_t *item;
	size_t n;

	l->components = json_object_get(value, "components");
	if (!json_is_array(l->components))
		return (refuse(why, "components", "an array of ids"));
	json_array_foreach((json_t *)(uintptr_t)l->components, n, item)
		if (!json_is_string(item))
			return (refuse(why, "components", "an array of ids"));
	return (0);
}

static int
read_note(struct recording_line *l, const json_t *value, const struct why *why)
{
	l->text = json_string_value(value);
	return (l->text != NULL ? 0 : refuse(why, "note", "a text"));
}

static const struct {
	const char	*key;
	enum recording_kind kind;
	int		(*read)(struct recording_line *, const json_t *,
			    const struct why *);
} kinds[] = {
	{ "rules", RECORDING_RULES, read_row },
	{ "component", RECORDING_COMPONENT, read_row },
	{ "text", RECORDING_TEXT, read_row },
	{ "health", RECORDING_HEALTH, read_row },
	{ "mark", RECORDING_READ, read_mark },
	{ "record", RECORDING_RECORD, read_record },
	{ "page", RECORDING_PAGE, read_page },
	{ "closed", RECORDING_CLOSED, read_closed },
	{ "note", RECORDING_NOTE, read_note },
};

/* What kind the line is, by the one key that says it. */
static int
read_kind(struct recording_line *l, const struct why *why)
{
	const size_t all = sizeof(kinds) / sizeof(kinds[0]);
	size_t n, found = all;
	const char *key;
	json_t *value;

	json_object_foreach(l->json, key, value) {
		if (strcmp(key, "at") == 0 || strcmp(key, "watcher") == 0)
			continue;
		for (n = 0; n < all && strcmp(kinds[n].key, key) != 0; n++)
			;
		if (n == all || found != all)
			return (refuse(why, log_safe(key), "one of rules, "
			    "component, text, health, mark, record, page, "
			    "closed, note"));
		found = n;
	}
	if (found == all)
		return (refuse(why, "at", "beside it one of rules, component, "
		    "text, health, mark, record, page, closed, note"));
	l->kind = kinds[found].kind;
	l->key = kinds[found].key;
	return (kinds[found].read(l, json_object_get(l->json, l->key), why));
}

static int
read_head(struct recording_line *l, const struct why *why)
{
	l->kind = RECORDING_HEAD;
	if (json_integer_value(json_object_get(l->json, "history")) == VERSION)
		return (0);
	return (refuse(why, "history", "1, the only version there is"));
}

int
recording_read(struct recording_line *l, const char *text, size_t len, char *buf,
    size_t size)
{
	const struct why why = { buf, size };
	const json_t *watcher;
	json_error_t error;

	memset(l, 0, sizeof(*l));
	l->column = 1;
	l->json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (l->json == NULL && error.column > 0)
		l->column = (unsigned)error.column;
	if (!json_is_object(l->json)) {
		snprintf(buf, size, "expected an object of JSON: %s",
		    l->json != NULL ? "this is none" : log_safe(error.text));
		return (-1);
	}
	if (json_object_get(l->json, "history") != NULL)
		return (read_head(l, &why));
	if ((l->at = timestamp_parse(member_string(l->json, "at"))) == 0)
		return (refuse(&why, "at", "a time such as "
		    "2026-01-01T10:00:00.000Z"));
	watcher = json_object_get(l->json, "watcher");
	if (watcher != NULL && (!json_is_integer(watcher) ||
	    json_integer_value(watcher) < 0 ||
	    json_integer_value(watcher) > WATCHERS_MAX))
		return (refuse(&why, "watcher", "the number of one"));
	l->watcher = (unsigned)json_integer_value(watcher);
	return (read_kind(l, &why));
}

void
recording_line_clear(struct recording_line *l)
{
	free(l->value);
	json_decref(l->json);
	memset(l, 0, sizeof(*l));
}

bool
recording_report(struct message *m, unsigned watcher, struct health_report *r)
{
	uint64_t health, cause, ready, desired;

	r->cluster = watcher;
	r->component = message_get_s(m);
	health = message_get_u(m);
	cause = message_get_u(m);
	ready = message_get_u(m);
	desired = message_get_u(m);
	r->since = message_get_u(m);
	r->paused = message_get_b(m);
	r->detail = message_get_s(m);
	if (health >= HEALTH_MAX || cause >= CAUSE_MAX || ready > UINT32_MAX ||
	    desired > UINT32_MAX || r->component[0] == '\0')
		return (false);
	r->health = (enum health)health;
	r->cause = (enum cause)cause;
	r->ready = (unsigned)ready;
	r->desired = (unsigned)desired;
	return (true);
}
