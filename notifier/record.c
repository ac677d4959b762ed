/*
 * The durable records: JSON that a person can read.
 *
 *	incident/<n>	{"v":1,"name":..,"rename":..,"page":..,"started":..,"id":..,
 *			"phase":..,"updated":..,"resolved":..,"statuses":false,
 *			"posting":{"phase":..,"started":..},
 *			"components":{"MAJOROUTAGE":[id..],
 *			"OPERATIONAL>PARTIALOUTAGE":[id..]}}
 *	component/<id>	{"v":1,"status":..,"posting":..,"muted":true,
 *			"outage":..}
 *	webhook		{"v":1,"state":"down","posting":"up"}
 *
 * `posting` is what is about to be said, or may have been; a pair of statuses
 * is what the page has acknowledged and what is about to be said.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_text.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "core.h"
#include "member.h"

#define RECORD_VERSION	1

static void
put_time(json_t *object, const char *key, uint64_t ms)
{
	char buf[TIMESTAMP_SIZE];

	member_put_string(object, key, timestamp_format(ms, buf));
}

static json_t *
record_new(void)
{
	json_t *object = json_object();

	member_put(object, "v", json_integer(RECORD_VERSION));
	return (object);
}

/* -- out ------------------------------------------------------------------ */

static json_t *
render_entries(const struct incident *i)
{
	json_t *components = json_object(), *list;
	const struct entry *e;
	char key[64];

	TAILQ_FOREACH(e, &i->entries, entry) {
		if (i->posting && e->listed && e->target != PAGE_STATUS_MAX &&
		    e->target != e->acked)
			snprintf(key, sizeof(key), "%s>%s",
			    page_status_name(e->acked),
			    page_status_name(e->target));
		else
			snprintf(key, sizeof(key), "%s",
			    page_status_name(e->acked));
		if ((list = json_object_get(components, key)) == NULL) {
			list = json_array();
			member_put(components, key, list);
		}
		member_append(list, json_string(e->component->id));
	}
	return (components);
}

static char *
render_incident(const struct incident *i)
{
	json_t *object, *posting;

	/* Nothing was said, and nothing is about to be. */
	if (i->drop || (i->instatus_id == NULL && !i->posting))
		return (NULL);
	object = record_new();
	member_put_string(object, "name", i->name);
	if (i->rename != NULL)
		member_put_string(object, "rename", i->rename);
	member_put_string(object, "page", i->page_id);
	put_time(object, "started", i->started);
	if (i->instatus_id != NULL) {
		member_put_string(object, "id", i->instatus_id);
		member_put_string(object, "phase", incident_phase_name(i->phase));
	}
	if (i->last_update != i->started)
		put_time(object, "updated", i->last_update);
	if (!i->statuses)
		member_put(object, "statuses", json_false());
	if (i->resolved != 0)
		put_time(object, "resolved", i->resolved);
	if (i->posting) {
		posting = json_object();
		member_put_string(posting, "phase",
		    incident_phase_name(i->posting_phase));
		put_time(posting, "started", i->posting_started);
		member_put(object, "posting", posting);
	}
	member_put(object, "components", render_entries(i));
	return (json_render(object));
}

static char *
render_component(const struct component *c)
{
	json_t *object;
	bool posting = c->posting != PAGE_STATUS_MAX;

	if (c->set == PAGE_OPERATIONAL && !posting && !c->muted &&
	    c->outage == 0)
		return (NULL);
	object = record_new();
	member_put_string(object, "status", page_status_name(c->set));
	if (posting)
		member_put_string(object, "posting", page_status_name(c->posting));
	if (c->muted)
		member_put(object, "muted", json_true());
	if (c->outage != 0)
		put_time(object, "outage", c->outage);
	return (json_render(object));
}

static char *
render_webhook(const struct webhook *w)
{
	json_t *object;

	if (!w->down && !w->posting)
		return (NULL);
	object = record_new();
	member_put_string(object, "state", w->down ? "down" : "up");
	if (w->posting)
		member_put_string(object, "posting", w->posting_down ? "down" : "up");
	return (json_render(object));
}

char *
record_render(const struct object *o)
{
	switch (o->kind) {
	case OBJECT_INCIDENT:
		return (render_incident((const struct incident *)o));
	case OBJECT_COMPONENT:
		return (render_component((const struct component *)o));
	default:
		return (render_webhook((const struct webhook *)o));
	}
}

/* -- in ------------------------------------------------------------------- */

static uint64_t
get_time(const json_t *object, const char *key)
{
	return (timestamp_parse(member_string(object, key)));
}

/* "MAJOROUTAGE" or "OPERATIONAL>MAJOROUTAGE". */
static int
parse_statuses(const char *key, enum page_status *acked,
    enum page_status *target)
{
	char word[64];
	const char *arrow = strchr(key, '>');
	size_t len = arrow != NULL ? (size_t)(arrow - key) : strlen(key);

	if (len >= sizeof(word))
		return (-1);
	memcpy(word, key, len);
	word[len] = '\0';
	*acked = page_status_parse(word);
	*target = PAGE_STATUS_MAX;
	if (arrow != NULL &&
	    (*target = page_status_parse(arrow + 1)) == PAGE_STATUS_MAX)
		return (-1);
	return (*acked == PAGE_STATUS_MAX ? -1 : 0);
}

static void
restore_entry(struct incidents *core, struct incident *i, const char *id,
    enum page_status acked, enum page_status target)
{
	struct component *c = component_need(core, id);
	struct entry *e;

	if (incident_entry(i, c) != NULL)
		return;
	e = incident_add(i, c);
	e->acked = acked;
	e->target = target;
	e->listed = target != PAGE_STATUS_MAX;
	/* In trouble, or said to be, perhaps. */
	if (((acked == PAGE_OPERATIONAL || i->phase == PHASE_RESOLVED) &&
	    (target == PAGE_STATUS_MAX ||
	    target < PAGE_DEGRADED)) || c->incident != NULL)
		return;
	component_join(core, c, i);
	c->debounce.wanted = acked;
}

static int
restore_entries(struct incidents *core, struct incident *i, json_t *components)
{
	enum page_status acked, target;
	const char *key, *id;
	json_t *list, *item;
	size_t n;

	json_object_foreach(components, key, list) {
		if (parse_statuses(key, &acked, &target) == -1)
			return (-1);
		json_array_foreach(list, n, item)
			if ((id = json_string_value(item)) != NULL &&
			    id[0] != '\0' && strlen(id) <= 128)
				restore_entry(core, i, id, acked, target);
	}
	return (TAILQ_EMPTY(&i->entries) ? -1 : 0);
}

static int
restore_posting(struct incident *i, const json_t *posting)
{
	if (posting == NULL)
		return (0);
	i->posting = i->unsure = i->restored = true;
	i->posting_phase = incident_phase_parse(member_string(posting, "phase"));
	i->posting_started = get_time(posting, "started");
	return (i->posting_phase == PHASE_MAX || i->posting_started == 0 ?
	    -1 : 0);
}

static int
restore_incident(struct incidents *core, const char *key, const char *json,
    const json_t *object)
{
	uint64_t started = get_time(object, "started");
	struct incident *i;

	if (started == 0)
		return (-1);
	i = incident_new(core, started);
	free(i->name);
	i->name = xstrdup(member_string(object, "name"));
	free(i->page_id);
	i->page_id = xstrdup(member_string(object, "page"));
	if (member_string(object, "rename")[0] != '\0')
		i->rename = xstrdup(member_string(object, "rename"));
	if (member_string(object, "id")[0] != '\0') {
		i->instatus_id = xstrdup(member_string(object, "id"));
		i->phase = incident_phase_parse(member_string(object, "phase"));
	}
	if (get_time(object, "updated") != 0)
		i->last_update = get_time(object, "updated");
	i->statuses = !json_is_false(json_object_get(object, "statuses"));
	i->resolved = get_time(object, "resolved");
	/* A record without an id is an intent: it may have come through. */
	if (strcmp(i->object.key, key) != 0 || i->page_id[0] == '\0' ||
	    i->phase == PHASE_MAX ||
	    (i->phase == PHASE_RESOLVED && i->resolved == 0) ||
	    restore_posting(i, json_object_get(object, "posting")) == -1 ||
	    (i->instatus_id == NULL && !i->posting) ||
	    restore_entries(core, i, json_object_get(object,
	    "components")) == -1) {
		incident_free(core, i);
		return (-1);
	}
	i->object.stored = xstrdup(json);
	i->object.dirty = false;
	return (0);
}

static int
restore_component(struct incidents *core, const char *key, const char *json,
    const json_t *object)
{
	const char *id = strchr(key, '/') + 1;
	enum page_status set = page_status_parse(member_string(object, "status"));
	const char *posting = member_string(object, "posting");
	struct component *c;

	if (id[0] == '\0' || strlen(id) > 128 || set == PAGE_STATUS_MAX ||
	    (posting[0] != '\0' &&
	    page_status_parse(posting) == PAGE_STATUS_MAX))
		return (-1);
	c = component_need(core, id);
	c->set = set;
	if (posting[0] != '\0') {
		c->posting = page_status_parse(posting);
		c->unsure = true;
		c->object.late_until = TIME_NEVER;
	}
	c->muted = json_is_true(json_object_get(object, "muted"));
	c->outage = get_time(object, "outage");
	if (c->incident == NULL) {
		c->debounce.wanted = set;
		if (c->muted && set < PAGE_DEGRADED)
			c->debounce.wanted = PAGE_DEGRADED;
	}
	free(c->object.stored);
	c->object.stored = xstrdup(json);
	return (0);
}

static int
restore_webhook(struct incidents *core, const char *json, const json_t *object)
{
	struct webhook *w = &core->webhook;
	const char *state = member_string(object, "state");
	const char *posting = member_string(object, "posting");

	if (strcmp(state, "down") != 0 && strcmp(state, "up") != 0)
		return (-1);
	w->down = strcmp(state, "down") == 0;
	w->object.late_until = TIME_NEVER;
	if (posting[0] != '\0') {
		w->posting = w->unsure = true;
		w->posting_down = strcmp(posting, "down") == 0;
	}
	free(w->object.stored);
	w->object.stored = xstrdup(json);
	return (0);
}

int
incidents_restore(struct incidents *core, const char *key, const char *json,
    size_t len)
{
	json_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	char *text;
	int rc = -1;

	/* As recorded histories have it. */
	if (strncmp(key, ORDER_PREFIX, strlen(ORDER_PREFIX)) == 0) {
		json_decref(object);
		return (incidents_order_record(core, key, json, len));
	}
	if (object == NULL)
		return (-1);
	if ((text = strndup(json, len)) == NULL)
		fatal("strndup");
	if (json_integer_value(json_object_get(object, "v")) != RECORD_VERSION)
		rc = -1;
	else if (strncmp(key, "incident/", 9) == 0)
		rc = restore_incident(core, key, text, object);
	else if (strncmp(key, "component/", 10) == 0)
		rc = restore_component(core, key, text, object);
	else if (strcmp(key, "webhook") == 0)
		rc = restore_webhook(core, text, object);
	free(text);
	json_decref(object);
	agenda_touch_all(core);
	return (rc);
}
