/*
 * For each component and day, how long the page showed what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/json_text.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "../common/xmalloc.h"
#include "history_local.h"

#define DAY_MS		86400000ULL
#define DAY_SECONDS	86400U
#define DAY_SIZE	16		/* "2026-11-30" */

static int
member_compare(const struct member *a, const struct member *b)
{
	return (strcmp(a->id, b->id));
}

#define LOCAL	__attribute__((unused)) static
RB_PROTOTYPE_INTERNAL(member_tree, member, node, member_compare, LOCAL)
RB_GENERATE_INTERNAL(member_tree, member, node, member_compare, LOCAL)

static const char *
day_format(unsigned day, char buf[DAY_SIZE])
{
	char when[TIMESTAMP_SIZE];

	timestamp_format(day * DAY_MS, when);
	snprintf(buf, DAY_SIZE, "%.10s", when);
	return (buf);
}

/* 0: it is none. */
static unsigned
day_parse(const char *text)
{
	char when[TIMESTAMP_SIZE];

	if (text == NULL || strlen(text) != 10)
		return (0);
	snprintf(when, sizeof(when), "%sT00:00:00Z", text);
	return ((unsigned)(timestamp_parse(when) / DAY_MS));
}

static void
mark(struct annals *h, bool *dirty)
{
	if (!*dirty)
		h->ndirty++;
	*dirty = true;
}

/* -- members -------------------------------------------------------------- */

static struct member *
member_find(struct annals *h, const char *id)
{
	struct member *m = RB_ROOT(&h->members);
	int order;

	while (m != NULL && (order = strcmp(id, m->id)) != 0)
		m = order < 0 ? RB_LEFT(m, node) : RB_RIGHT(m, node);
	return (m);
}

static struct member *
member_new(struct annals *h, const char *id, unsigned first)
{
	struct member *m;

	if (h->nmember >= MEMBERS_MAX)
		return (NULL);
	m = xcalloc(1, sizeof(*m));
	m->id = xstrdup(id);
	m->first = first;
	m->health = HEALTH_OK;
	m->status = PAGE_OPERATIONAL;
	RB_INSERT(member_tree, &h->members, m);
	h->nmember++;
	return (m);
}

/* The record of those that are known since today, with room for one more. */
static struct first *
first_today(struct annals *h, unsigned day, size_t bytes)
{
	struct first *f = h->nfirst > 0 ? &h->first[h->nfirst - 1] : NULL;

	if (f != NULL && f->day == day && f->bytes + bytes <= FIRST_BYTES)
		return (f);
	/* After years of changes: what is known longest is not told apart. */
	if (h->nfirst == FIRSTS_MAX)
		return (f);
	f = &h->first[h->nfirst++];
	memset(f, 0, sizeof(*f));
	f->day = day;
	return (f);
}

struct member *
member_need(struct annals *h, const char *id, uint64_t now)
{
	struct member *m = member_find(h, id);
	size_t bytes = 2 * strlen(id) + 3;
	struct first *f;
	int health;

	if (m != NULL || h->nmember >= MEMBERS_MAX)
		return (m);
	f = first_today(h, (unsigned)(now / DAY_MS), bytes);
	f->bytes += bytes;
	mark(h, &f->dirty);
	m = member_new(h, id, (unsigned)(f - h->first));
	if ((health = history_last(h, HISTORY_HEALTH, id)) != -1)
		m->health = (enum health)health;
	m->at = now;
	return (m);
}

void
members_clear(struct annals *h)
{
	struct member *m;

	while ((m = RB_ROOT(&h->members)) != NULL) {
		RB_REMOVE(member_tree, &h->members, m);
		free(m->id);
		free(m->day);
		free(m);
	}
	h->nmember = h->nday = h->nfirst = h->ndirty = 0;
}

/* -- time ----------------------------------------------------------------- */

static void
drop_before(struct annals *h, struct member *m, unsigned day)
{
	unsigned n = 0;

	while (n < m->nday && m->day[n].day < day)
		n++;
	if (n == 0)
		return;
	m->nday -= n;
	h->nday -= n;
	memmove(m->day, m->day + n, m->nday * sizeof(*m->day));
	mark(h, &m->dirty);
}

static struct history_day *
day_need(struct annals *h, struct member *m, unsigned day)
{
	struct history_day *d;

	/* What is far ahead is nonsense; a day may be a clock set back. */
	while (m->nday > 0 && m->day[m->nday - 1].day > day + 1) {
		m->nday--;
		h->nday--;
	}
	if (m->nday > 0 && m->day[m->nday - 1].day >= day)
		return (&m->day[m->nday - 1]);
	if (m->nday == HISTORY_DAYS)
		drop_before(h, m, m->day[0].day + 1);
	if (h->nday >= DAYS_MAX)
		return (NULL);
	m->day = xreallocarray(m->day, m->nday + 1, sizeof(*m->day));
	d = &m->day[m->nday++];
	h->nday++;
	memset(d, 0, sizeof(*d));
	d->day = day;
	return (d);
}

/* Adds up the whole seconds until now. */
static void
add_up(struct annals *h, struct member *m, uint64_t now)
{
	uint64_t oldest = now - now % DAY_MS - (HISTORY_DAYS - 1) * DAY_MS;
	struct history_day *d;
	uint64_t end, seconds;

	if (m->at < oldest)
		m->at = oldest;
	if (m->status == PAGE_OPERATIONAL || m->status == PAGE_STATUS_MAX)
		m->at = now;
	while (m->at + 1000 <= now) {
		end = m->at - m->at % DAY_MS + DAY_MS;
		seconds = ((end < now ? end : now) - m->at + 999) / 1000;
		/* The last second of a day may have begun in it. */
		if (end >= now)
			seconds = (now - m->at) / 1000;
		if ((d = day_need(h, m, (unsigned)(m->at / DAY_MS))) != NULL)
			d->seconds[m->status] = d->seconds[m->status] +
			    seconds > DAY_SECONDS ? DAY_SECONDS :
			    d->seconds[m->status] + (unsigned)seconds;
		m->at = end < now ? end : m->at + seconds * 1000;
	}
}

bool
member_shows(struct annals *h, struct member *m, enum page_status status,
    uint64_t now)
{
	if (m->status == status)
		return (false);
	/* A second that has begun counts: what was shown leaves a trace. */
	add_up(h, m, now + 999);
	m->status = status;
	m->at = now;
	mark(h, &m->dirty);
	return (true);
}

void
history_day(struct annals *h, uint64_t now)
{
	unsigned oldest = (unsigned)(now / DAY_MS) - HISTORY_DAYS + 1;
	struct member *m;

	RB_FOREACH(m, member_tree, &h->members) {
		if (m->status != PAGE_OPERATIONAL &&
		    m->status != PAGE_STATUS_MAX) {
			add_up(h, m, now);
			mark(h, &m->dirty);
		}
		drop_before(h, m, oldest);
	}
}

void
history_each_days(struct annals *h, uint64_t now,
    void (*fn)(const struct history_days *, void *), void *arg)
{
	struct history_days view;
	struct member *m;

	RB_FOREACH(m, member_tree, &h->members) {
		add_up(h, m, now);
		view = (struct history_days) {
			.component = m->id,
			/* If that is lost: since there is something. */
			.first = h->first[m->first].day != 0 ?
			    h->first[m->first].day : m->nday > 0 ?
			    m->day[0].day : (unsigned)(now / DAY_MS),
			.day = m->day,
			.nday = m->nday
		};
		fn(&view, arg);
	}
}

/* -- records -------------------------------------------------------------- */

static json_t *
render_day(const struct history_day *d)
{
	return (json_pack("[i i i i]", (int)d->seconds[PAGE_MAINTENANCE],
	    (int)d->seconds[PAGE_DEGRADED], (int)d->seconds[PAGE_PARTIAL],
	    (int)d->seconds[PAGE_MAJOR]));
}

/* NULL: there is nothing to remember. */
static char *
render_member(const struct member *m)
{
	char at[TIMESTAMP_SIZE], day[DAY_SIZE];
	json_t *days;
	unsigned n;

	if (m->nday == 0 && m->status == PAGE_OPERATIONAL)
		return (NULL);
	days = json_object();
	for (n = 0; n < m->nday; n++)
		if (json_object_set_new(days, day_format(m->day[n].day, day),
		    render_day(&m->day[n])) == -1)
			fatalx("out of memory");
	return (json_render(json_pack("{s:i s:s s:s s:o}", "v", 1, "status",
	    m->status < PAGE_STATUS_MAX ? page_status_name(m->status) : "none",
	    "at", timestamp_format(m->at, at), "days", days)));
}

static char *
render_first(struct annals *h, unsigned n)
{
	json_t *ids = json_array();
	char day[DAY_SIZE];
	struct member *m;

	/* What is no UTF-8 cannot be written. */
	RB_FOREACH(m, member_tree, &h->members)
		if (m->first == n)
			json_array_append_new(ids, json_string(m->id));
	return (json_render(json_pack("{s:i s:s s:o}", "v", 1, "day",
	    day_format(h->first[n].day, day), "components", ids)));
}

bool
members_next(struct annals *h, char **key, char **value)
{
	struct member *m;
	unsigned n;

	if (h->ndirty == 0)
		return (false);
	for (n = 0; n < h->nfirst; n++)
		if (h->first[n].dirty) {
			h->first[n].dirty = false;
			h->ndirty--;
			*key = xasprintf(HISTORY_PREFIX "first/%03u", n);
			*value = render_first(h, n);
			return (true);
		}
	RB_FOREACH(m, member_tree, &h->members) {
		if (!m->dirty)
			continue;
		m->dirty = false;
		h->ndirty--;
		*value = render_member(m);
		if (*value == NULL && !m->stored)
			continue;
		m->stored = *value != NULL;
		*key = xasprintf(HISTORY_PREFIX "days/%s", m->id);
		return (true);
	}
	return (false);
}

void
members_again(struct annals *h, const char *key)
{
	struct member *m;
	unsigned n;

	if (sscanf(key, "first/%u", &n) == 1) {
		if (n < h->nfirst)
			mark(h, &h->first[n].dirty);
	} else if (strncmp(key, "days/", 5) == 0 &&
	    (m = member_find(h, key + 5)) != NULL) {
		m->stored = true;
		mark(h, &m->dirty);
	}
}

static void
member_forget(struct annals *h, struct member *m)
{
	h->nday -= m->nday;
	m->nday = 0;
	m->status = PAGE_OPERATIONAL;
}

static int
restore_days(struct annals *h, struct member *m, json_t *days)
{
	static const enum page_status order[] = { PAGE_MAINTENANCE,
	    PAGE_DEGRADED, PAGE_PARTIAL, PAGE_MAJOR };
	struct history_day *d;
	unsigned day, last = 0;
	const char *name;
	json_t *list;
	json_int_t s;
	size_t n;

	json_object_foreach(days, name, list) {
		if ((day = day_parse(name)) <= last || json_array_size(list) !=
		    sizeof(order) / sizeof(order[0]))
			return (-1);
		last = day;
		if ((d = day_need(h, m, day)) == NULL)
			return (0);
		for (n = 0; n < sizeof(order) / sizeof(order[0]); n++) {
			s = json_integer_value(json_array_get(list, n));
			if (s < 0 || s > DAY_SECONDS)
				return (-1);
			d->seconds[order[n]] = (unsigned)s;
		}
	}
	return (0);
}

int
member_restore(struct annals *h, const char *id, const json_t *object)
{
	const char *status = json_string_value(json_object_get(object,
	    "status"));
	const char *at = json_string_value(json_object_get(object, "at"));
	struct member *m = member_find(h, id);
	enum page_status is;

	if (id[0] == '\0' || strlen(id) > 128)
		return (-1);
	if (m == NULL && (object == NULL ||
	    (m = member_new(h, id, 0)) == NULL))
		return (0);
	member_forget(h, m);
	m->stored = object != NULL;
	if (object == NULL)
		return (0);
	if (status == NULL || at == NULL || timestamp_parse(at) == 0)
		return (-1);
	is = page_status_parse(status);
	if ((is == PAGE_STATUS_MAX && strcmp(status, "none") != 0) ||
	    restore_days(h, m, json_object_get(object, "days")) == -1) {
		member_forget(h, m);
		return (-1);
	}
	m->status = is;
	m->at = timestamp_parse(at);
	return (0);
}

int
first_restore(struct annals *h, const char *slot, const json_t *object)
{
	unsigned n, day = day_parse(json_string_value(json_object_get(object,
	    "day")));
	const json_t *list = json_object_get(object, "components"), *item;
	struct member *m;
	struct first *f;
	const char *id;
	size_t k;

	if (sscanf(slot, "%u", &n) != 1 || n >= FIRSTS_MAX || day == 0 ||
	    !json_is_array(list))
		return (-1);
	while (h->nfirst <= n)
		memset(&h->first[h->nfirst++], 0, sizeof(h->first[0]));
	f = &h->first[n];
	f->day = day;
	f->bytes = 0;
	json_array_foreach(list, k, item) {
		id = json_string_value(item);
		if (id == NULL || id[0] == '\0' || strlen(id) > 128)
			return (-1);
		f->bytes += 2 * strlen(id) + 3;
		if ((m = member_find(h, id)) == NULL &&
		    (m = member_new(h, id, n)) == NULL)
			return (0);
		m->first = n;
	}
	return (0);
}
