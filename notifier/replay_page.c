/*
 * The page that a replay posts to.
 */
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "replay.h"

#define SHOWN_MAX	(4 * CONF_COMPONENTS_MAX)

/* A component on the page. */
struct shown {
	RB_ENTRY(shown)	 node;
	char		*id, *page, *name;
	enum page_status status;
	bool		 human;		/* who set it */
	bool		 seen, there;
};
RB_HEAD(shown_tree, shown);

struct open {
	TAILQ_ENTRY(open) entry;
	char		*id;
	bool		 resolved;
	json_t		*components;	/* {id: null} */
};

struct stand_in {
	struct shown_tree shown;
	TAILQ_HEAD(, open) incidents;	/* the newest first */
	unsigned	 nshown, nincident;
};

static int
shown_compare(struct shown *a, struct shown *b)
{
	return (strcmp(a->id, b->id));
}

#define LOCAL	__attribute__((unused)) static
RB_PROTOTYPE_INTERNAL(shown_tree, shown, node, shown_compare, LOCAL)
RB_GENERATE_INTERNAL(shown_tree, shown, node, shown_compare, LOCAL)

struct stand_in *
stand_in_new(void)
{
	struct stand_in *p = xcalloc(1, sizeof(*p));

	RB_INIT(&p->shown);
	TAILQ_INIT(&p->incidents);
	return (p);
}

void
stand_in_free(struct stand_in *p)
{
	struct shown *s;
	struct open *i;

	while ((s = RB_MIN(shown_tree, &p->shown)) != NULL) {
		RB_REMOVE(shown_tree, &p->shown, s);
		free(s->id);
		free(s->page);
		free(s->name);
		free(s);
	}
	while ((i = TAILQ_FIRST(&p->incidents)) != NULL) {
		TAILQ_REMOVE(&p->incidents, i, entry);
		json_decref(i->components);
		free(i->id);
		free(i);
	}
	free(p);
}

static struct shown *
shown_find(struct stand_in *p, const char *id)
{
	struct shown key = { .id = (char *)(uintptr_t)id };

	return (RB_FIND(shown_tree, &p->shown, &key));
}

/* NULL: too many. */
static struct shown *
shown_need(struct stand_in *p, const char *id)
{
	struct shown *s = shown_find(p, id);

	if (s != NULL || p->nshown == SHOWN_MAX)
		return (s);
	s = xcalloc(1, sizeof(*s));
	s->id = xstrdup(id);
	s->page = xstrdup("");
	s->name = xstrdup("");
	RB_INSERT(shown_tree, &p->shown, s);
	p->nshown++;
	return (s);
}

bool
stand_in_component(struct stand_in *p, const char *page, const char *id,
    const char *name, enum page_status status)
{
	struct shown *s = shown_need(p, id);

	if (s == NULL)
		return (false);
	xreplace(&s->page, page);
	xreplace(&s->name, name);
	s->seen = true;
	if (status != PAGE_STATUS_MAX) {
		s->status = status;
		s->human = true;
	} else if (s->human) {
		s->status = PAGE_OPERATIONAL;
		s->human = false;
	}
	return (true);
}

void
stand_in_complete(struct stand_in *p)
{
	struct shown *s;

	RB_FOREACH(s, shown_tree, &p->shown) {
		s->there = s->seen;
		s->seen = false;
	}
}

/* -- incidents ------------------------------------------------------------ */

static struct open *
open_new(struct stand_in *p, const char *id)
{
	struct open *i = xcalloc(1, sizeof(*i));

	i->id = xstrdup(id);
	i->components = json_object();
	TAILQ_INSERT_HEAD(&p->incidents, i, entry);
	return (i);
}

static struct open *
open_find(struct stand_in *p, const char *id)
{
	struct open *i;

	TAILQ_FOREACH(i, &p->incidents, entry)
		if (strcmp(i->id, id) == 0)
			break;
	return (i);
}

static void
open_say(struct stand_in *p, struct open *i, const char *id,
    enum page_status status)
{
	struct shown *s = shown_need(p, id);

	json_object_set_new(i->components, id, json_null());
	if (s == NULL || status == PAGE_STATUS_MAX)
		return;
	s->status = status;
	s->human = false;
}

/* "MAJOROUTAGE": [ids], or "MAJOROUTAGE>OPERATIONAL". */
static void
record_incident(struct stand_in *p, const json_t *record)
{
	const char *id, *key, *phase;
	enum page_status status;
	json_t *list, *item;
	struct open *i;
	char word[64];
	size_t n;

	id = json_string_value(json_object_get(record, "id"));
	phase = json_string_value(json_object_get(record, "phase"));
	if (id == NULL || phase == NULL || open_find(p, id) != NULL)
		return;
	i = open_new(p, id);
	i->resolved = incident_phase_parse(phase) == PHASE_RESOLVED;
	json_object_foreach(json_object_get(record, "components"), key, list) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(key, ">"),
		    key);
		status = i->resolved ? PAGE_STATUS_MAX :
		    page_status_parse(word);
		json_array_foreach(list, n, item)
			if (json_is_string(item))
				open_say(p, i, json_string_value(item), status);
	}
}

void
stand_in_record(struct stand_in *p, const char *key, const char *text)
{
	json_t *record = json_loads(text, 0, NULL);
	const char *status;
	struct shown *s;

	if (strncmp(key, "incident/", 9) == 0)
		record_incident(p, record);
	status = json_string_value(json_object_get(record, "status"));
	if (strncmp(key, "component/", 10) == 0 && status != NULL &&
	    page_status_parse(status) != PAGE_STATUS_MAX &&
	    page_status_parse(status) != PAGE_OPERATIONAL &&
	    (s = shown_need(p, key + 10)) != NULL)
		s->status = page_status_parse(status);
	json_decref(record);
}

void
stand_in_close(struct stand_in *p, const json_t *components)
{
	struct open *i;
	json_t *item;
	size_t n;

	TAILQ_FOREACH(i, &p->incidents, entry) {
		if (i->resolved)
			continue;
		json_array_foreach((json_t *)(uintptr_t)components, n, item)
			if (json_object_get(i->components,
			    json_string_value(item)) != NULL) {
				i->resolved = true;
				return;
			}
	}
}

static void
ignore_closed(const char *id, const char *name, void *arg)
{
	(void)id;
	(void)name;
	(void)arg;
}

void
stand_in_read(struct stand_in *p, struct incidents *core)
{
	struct shown *s;
	struct open *i;

	incidents_page_begin(core);
	RB_FOREACH(s, shown_tree, &p->shown)
		if (s->there)
			incidents_page_component(core, s->page, s->id, s->name,
			    s->status);
	incidents_page_end(core);
	incidents_open_begin(core);
	TAILQ_FOREACH(i, &p->incidents, entry)
		if (!i->resolved)
			incidents_open_seen(core, i->id);
	incidents_open_end(core, ignore_closed, NULL);
}

/* -- what the core asks for ----------------------------------------------- */

static void
say_all(struct stand_in *p, struct open *i, const struct operation *op)
{
	size_t n;

	for (n = 0; n < op->ncomponent; n++)
		open_say(p, i, op->component[n].id, op->component[n].status);
	i->resolved = op->phase == PHASE_RESOLVED;
}

static enum operation_result
set_status(struct stand_in *p, const struct operation *op)
{
	struct shown *s = shown_find(p, op->component->id);

	if (s == NULL)
		return (OP_ABSENT);
	if (s->status != PAGE_OPERATIONAL && s->status != op->expect &&
	    s->status != op->component->status)
		return (OP_FOREIGN);
	s->status = op->component->status;
	return (OP_DONE);
}

enum operation_result
stand_in_act(struct stand_in *p, const struct operation *op, const char **id)
{
	struct open *i;
	char name[32];

	switch (op->type) {
	case OP_CREATE:
		snprintf(name, sizeof(name), "incident-%u", ++p->nincident);
		i = open_new(p, name);
		say_all(p, i, op);
		*id = i->id;
		return (OP_DONE);
	case OP_UPDATE:
		if ((i = open_find(p, op->instatus_id)) == NULL)
			return (OP_ABSENT);
		if (i->resolved && !op->reopen)
			return (OP_FOREIGN);
		say_all(p, i, op);
		return (OP_DONE);
	case OP_STATUS:
		return (set_status(p, op));
	case OP_FIND:
		return (OP_ABSENT);
	default:
		return (OP_DONE);
	}
}
