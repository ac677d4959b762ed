/*
 * The list of the last changes: chunks of entries in a ring of slots, each one
 * record of the store.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_text.h"
#include "../common/json_values.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "../common/xmalloc.h"
#include "history_local.h"
#include "member.h"

struct annals *
history_new(void)
{
	struct annals *h = xcalloc(1, sizeof(*h));

	RB_INIT(&h->members);
	return (h);
}

static char *
copy(const char *s, size_t max)
{
	char *p;

	/* Not within a character. */
	if (strlen(s) > max)
		while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
			max--;
	if ((p = strndup(s, max)) == NULL)
		fatal("strndup");
	return (p);
}

static void
chunk_clear(struct chunk *c)
{
	while (c->n > 0) {
		struct entry *e = &c->entry[--c->n];

		free(e->component);
		free(e->incident);
		free(e->name);
		free(e->text);
	}
	c->bytes = 0;
	c->number = 0;
	c->dirty = false;
}

static void
history_forget(struct annals *h)
{
	unsigned n;

	for (n = 0; n < CHUNKS; n++)
		chunk_clear(&h->chunk[n]);
	h->last = 0;
	members_clear(h);
}

void
history_free(struct annals *h)
{
	history_forget(h);
	free(h);
}

/* -- words ---------------------------------------------------------------- */

static int
value_of(enum history kind, const char *word, unsigned *value)
{
	switch (kind) {
	case HISTORY_HEALTH:
		for (*value = 0; *value < HEALTH_MAX; ++*value)
			if (strcmp(health_name(*value), word) == 0)
				return (0);
		return (-1);
	case HISTORY_PAGE:
		*value = page_status_parse(word);
		return (*value < PAGE_STATUS_MAX ||
		    strcmp(word, "none") == 0 ? 0 : -1);
	case HISTORY_INCIDENT:
		*value = incident_phase_parse(word);
		return (*value < PHASE_MAX ? 0 : -1);
	default:
		*value = strcmp(word, "begins") == 0;
		return (0);
	}
}

/* -- what happens --------------------------------------------------------- */

/* There is room for one more, of so many bytes. */
static struct chunk *
chunk_with_room(struct annals *h, size_t bytes)
{
	struct chunk *c = &h->chunk[h->last % CHUNKS];

	if (h->last != 0 && c->n < CHUNK_ENTRIES &&
	    c->bytes + bytes <= CHUNK_BYTES)
		return (c);
	h->last++;
	c = &h->chunk[h->last % CHUNKS];
	chunk_clear(c);
	c->number = h->last;
	return (c);
}

static struct entry *
entry_add(struct annals *h, enum history kind, uint64_t at)
{
	/* The longest that an entry can be as JSON, escapes left out. */
	struct chunk *c = chunk_with_room(h, 200);
	struct entry *e = &c->entry[c->n++];

	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->at = at;
	c->dirty = true;
	return (e);
}

static void
entry_fill(struct annals *h, struct entry *e, const char *component,
    const char *incident, const char *name, const char *text)
{
	struct chunk *c = &h->chunk[h->last % CHUNKS];

	e->component = copy(component, 128);
	e->incident = copy(incident, 64);
	e->name = copy(name, NAME_MAX_BYTES);
	e->text = copy(text, TEXT_MAX_BYTES);
	/* JSON may need more bytes for some characters. */
	c->bytes += 120 + strlen(e->component) + strlen(e->incident) +
	    2 * (strlen(e->name) + strlen(e->text));
}

/* Whether it is news, and what was before. */
static bool
is_news(struct annals *h, const struct incident_event *event, unsigned *from,
    uint64_t now)
{
	struct member *m;

	*from = event->from;
	if (event->kind == HISTORY_INCIDENT)
		return (true);
	/* One that was seen already, by the one who spoke before. */
	if (event->kind != HISTORY_HEALTH && event->kind != HISTORY_PAGE)
		return (history_last(h, event->kind, event->component) !=
		    (int)event->to);
	/* That nothing is known for a while is none. */
	if (event->kind == HISTORY_HEALTH && event->to == HEALTH_UNKNOWN)
		return (false);
	if ((m = member_need(h, event->component, now)) == NULL)
		return (false);
	if (event->kind == HISTORY_PAGE) {
		*from = m->status;
		return (member_shows(h, m, event->to, now));
	}
	*from = m->health;
	m->health = event->to;
	/* As long as nothing was wrong, idle is as good as ok. */
	return (*from != event->to &&
	    (*from > HEALTH_IDLE || event->to > HEALTH_IDLE));
}

void
history_add(struct annals *h, const struct incident_event *event,
    uint64_t now)
{
	struct entry *e;
	unsigned from;

	if (!is_news(h, event, &from, now))
		return;
	e = entry_add(h, event->kind, now);
	e->from = from;
	e->to = event->to;
	/* What a component is called now is known without it. */
	entry_fill(h, e, event->component, event->incident,
	    event->kind == HISTORY_INCIDENT ? event->name : "", event->text);
}

/* -- records -------------------------------------------------------------- */

static void
put(json_t *object, const char *key, const char *text)
{
	if (text[0] != '\0')
		member_put_string(object, key, text);
}

static json_t *
render_entry(const struct entry *e)
{
	char at[TIMESTAMP_SIZE];
	json_t *object = json_object();

	put(object, "at", timestamp_format(e->at, at));
	put(object, "kind", history_name(e->kind));
	put(object, "component", e->component);
	put(object, "incident", e->incident);
	if (e->kind == HISTORY_HEALTH || e->kind == HISTORY_PAGE)
		put(object, "from", history_word(e->kind, e->from, "none"));
	put(object, "to", history_word(e->kind, e->to, "none"));
	put(object, "name", e->name);
	put(object, "text", e->text);
	return (object);
}

static char *
render_chunk(const struct chunk *c)
{
	json_t *entries = json_array();
	unsigned n;

	for (n = 0; n < c->n; n++)
		json_array_append_new(entries, render_entry(&c->entry[n]));
	return (json_render(json_pack("{s:i s:I s:o}", "v", 1, "n",
	    (json_int_t)c->number, "entries", entries)));
}

static int
restore_entry(struct chunk *c, const json_t *object)
{
	struct entry e = { .at = timestamp_parse(member_string(object, "at")) };
	const char *from = member_string(object, "from");

	e.kind = history_parse(member_string(object, "kind"));
	if (e.kind == HISTORY_MAX || e.at == 0 ||
	    value_of(e.kind, member_string(object, "to"), &e.to) == -1 ||
	    (from[0] != '\0' && value_of(e.kind, from, &e.from) == -1))
		return (-1);
	e.component = copy(member_string(object, "component"), 128);
	e.incident = copy(member_string(object, "incident"), 64);
	e.name = copy(member_string(object, "name"), NAME_MAX_BYTES);
	e.text = copy(member_string(object, "text"), TEXT_MAX_BYTES);
	c->bytes += 120 + strlen(e.component) + strlen(e.incident) +
	    2 * (strlen(e.name) + strlen(e.text));
	c->entry[c->n++] = e;
	return (0);
}

static int
restore_chunk(struct annals *h, const char *slot, const json_t *object)
{
	json_int_t number = json_integer_value(json_object_get(object, "n"));
	const json_t *entries = json_object_get(object, "entries"), *entry;
	struct chunk *c;
	char name[16];
	size_t n;

	if (number <= 0 || number > INT32_MAX)
		return (-1);
	snprintf(name, sizeof(name), "%02u", (unsigned)number % CHUNKS);
	if (strcmp(slot, name) != 0)
		return (-1);
	c = &h->chunk[number % CHUNKS];
	chunk_clear(c);
	c->number = (unsigned)number;
	json_array_foreach(entries, n, entry)
		if (c->n == CHUNK_ENTRIES || restore_entry(c, entry) == -1)
			return (-1);
	if (c->number > h->last)
		h->last = c->number;
	return (0);
}

int
history_restore(struct annals *h, const char *key, const char *json,
    size_t len)
{
	json_t *object = NULL;
	int rc = -1;

	if (strncmp(key, HISTORY_PREFIX, strlen(HISTORY_PREFIX)) != 0)
		return (-1);
	key += strlen(HISTORY_PREFIX);
	if (len > 0) {
		if (!json_values_ok(json, len) || (object = json_loadb(json,
		    len, JSON_REJECT_DUPLICATES, NULL)) == NULL)
			return (-1);
		if (json_integer_value(json_object_get(object, "v")) != 1)
			goto out;
	}
	if (strncmp(key, "days/", 5) == 0)
		rc = member_restore(h, key + 5, object);
	else if (object == NULL)
		rc = 0;
	else if (strncmp(key, "log/", 4) == 0)
		rc = restore_chunk(h, key + 4, object);
	else if (strncmp(key, "first/", 6) == 0)
		rc = first_restore(h, key + 6, object);
 out:
	json_decref(object);
	return (rc);
}

bool
history_next(struct annals *h, char **key, char **value)
{
	struct chunk *c;
	unsigned n;

	for (n = 0; n < CHUNKS; n++) {
		c = &h->chunk[n];
		if (!c->dirty)
			continue;
		c->dirty = false;
		*key = xasprintf(HISTORY_PREFIX "log/%02u", n);
		*value = render_chunk(c);
		return (true);
	}
	return (members_next(h, key, value));
}

bool
history_dirty(const struct annals *h)
{
	unsigned n;

	for (n = 0; n < CHUNKS; n++)
		if (h->chunk[n].dirty)
			return (true);
	return (h->ndirty > 0);
}

void
history_again(struct annals *h, const char *key)
{
	unsigned slot;

	if (sscanf(key, HISTORY_PREFIX "log/%u", &slot) == 1) {
		if (slot < CHUNKS && h->chunk[slot].number != 0)
			h->chunk[slot].dirty = true;
	} else
		members_again(h, key + strlen(HISTORY_PREFIX));
}

/* -- looking -------------------------------------------------------------- */

static void
view(const struct entry *e, uint64_t number,
    void (*fn)(const struct history_entry *, void *), void *arg)
{
	struct history_entry v = {
		.number = number,
		.at = e->at,
		.kind = e->kind,
		.from = e->from,
		.to = e->to,
		.component = e->component,
		.incident = e->incident,
		.name = e->name,
		.text = e->text
	};

	fn(&v, arg);
}

/* It is of an incident that this component is in, as far as is remembered. */
static bool
concerns(const struct annals *h, const char *incident, const char *component)
{
	const struct chunk *c;
	unsigned n, k;

	for (n = 0; n < CHUNKS; n++) {
		c = &h->chunk[n];
		for (k = 0; k < c->n; k++)
			if (strcmp(c->entry[k].component, component) == 0 &&
			    strcmp(c->entry[k].incident, incident) == 0)
				return (true);
	}
	return (false);
}

static bool
wanted(const struct annals *h, const struct entry *e, const char *component,
    const char *incident)
{
	if (incident != NULL)
		return (strcmp(e->incident, incident) == 0);
	if (component == NULL || strcmp(e->component, component) == 0)
		return (true);
	return (e->kind == HISTORY_INCIDENT &&
	    concerns(h, e->incident, component));
}

static void
each(struct annals *h, const char *component, const char *incident,
    void (*fn)(const struct history_entry *, void *), void *arg)
{
	unsigned number = h->last >= CHUNKS ? h->last - CHUNKS + 1 : 1, k;
	const struct chunk *c;

	for (; number <= h->last; number++) {
		c = &h->chunk[number % CHUNKS];
		if (c->number != number)
			continue;
		for (k = 0; k < c->n; k++)
			if (wanted(h, &c->entry[k], component, incident))
				view(&c->entry[k], (uint64_t)number *
				    CHUNK_ENTRIES + k, fn, arg);
	}
}

void
history_each(struct annals *h, const char *component,
    void (*fn)(const struct history_entry *, void *), void *arg)
{
	each(h, component, NULL, fn, arg);
}

void
history_each_of(struct annals *h, const char *incident,
    void (*fn)(const struct history_entry *, void *), void *arg)
{
	each(h, NULL, incident, fn, arg);
}

int
history_last(const struct annals *h, enum history kind, const char *component)
{
	unsigned number, back, k;
	const struct chunk *c;

	for (back = 0; back < CHUNKS && back < h->last; back++) {
		number = h->last - back;
		c = &h->chunk[number % CHUNKS];
		for (k = c->number == number ? c->n : 0; k > 0; k--)
			if (c->entry[k - 1].kind == kind &&
			    strcmp(c->entry[k - 1].component, component) == 0)
				return ((int)c->entry[k - 1].to);
	}
	return (-1);
}
