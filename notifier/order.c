/*
 * What operators ask of a component: a silence or a maintenance, each until a
 * time.  They are input like health is; the records that say so are shared by
 * all replicas and changed by none of the core's operations.
 *
 *	operator/silence/<id>	  {"v":1,"since":..,"until":..,"reason":..,"by":..}
 *	operator/maintenance/<id> the same; without `until`: till it is ended
 *
 * Silenced, nothing new or worse is said of it; what the page shows still gets
 * better with it.  Under maintenance, that is what the page shows.
 */
#include <bsd/string.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_text.h"
#include "../common/timestamp.h"
#include "core.h"

static const char *const kind_words[ORDER_MAX] = { "silence", "maintenance" };
static const enum history kind_events[ORDER_MAX] = {
	HISTORY_SILENCE, HISTORY_MAINTENANCE
};

/* -- records -------------------------------------------------------------- */

void
order_key(enum order_kind kind, const char *id, char key[ORDER_KEY_SIZE])
{
	strlcpy(key, ORDER_PREFIX, ORDER_KEY_SIZE);
	strlcat(key, kind_words[kind], ORDER_KEY_SIZE);
	strlcat(key, "/", ORDER_KEY_SIZE);
	strlcat(key, id, ORDER_KEY_SIZE);
}

int
order_key_parse(const char *key, enum order_kind *kind, const char **id)
{
	size_t len = strlen(ORDER_PREFIX), word;
	int k;

	if (strncmp(key, ORDER_PREFIX, len) != 0)
		return (-1);
	for (k = 0; k < ORDER_MAX; k++) {
		word = strlen(kind_words[k]);
		if (strncmp(key + len, kind_words[k], word) != 0 ||
		    key[len + word] != '/')
			continue;
		*kind = (enum order_kind)k;
		*id = key + len + word + 1;
		return (**id == '\0' || strlen(*id) > ORDER_ID_MAX ? -1 : 0);
	}
	return (-1);
}

char *
order_render(const struct order *order)
{
	char since[TIMESTAMP_SIZE], until[TIMESTAMP_SIZE];
	json_t *object;

	object = json_pack("{s:i s:s s:s* s:s s:s}", "v", 1, "since",
	    timestamp_format(order->since, since), "until",
	    order->until == TIME_NEVER ? NULL :
	    timestamp_format(order->until, until), "reason", order->reason,
	    "by", order->by);
	/* Texts that came by message need not be UTF-8. */
	return (object == NULL ? NULL : json_render(object));
}

static const char *
get_text(const json_t *object, const char *name, size_t max)
{
	const char *s = json_string_value(json_object_get(object, name));

	return (s == NULL || strlen(s) > max ? "" : s);
}

/* -- what is asked now ---------------------------------------------------- */

static void
tell_order(const struct incidents *core, const struct component *c,
    enum order_kind kind, bool begins, const char *reason)
{
	struct incident_event event = {
		.kind = kind_events[kind],
		.component = c->id,
		.name = component_public(c),
		.incident = "",
		.from = !begins,
		.to = begins,
		.text = reason
	};

	core_tell(core, &event);
}

static bool
order_runs(const struct component_order *o, uint64_t now)
{
	return (o->there && now < o->until);
}

void
order_clear(struct component *c)
{
	int k;

	for (k = 0; k < ORDER_MAX; k++) {
		free(c->order[k].reason);
		free(c->order[k].by);
	}
}

bool
order_any(const struct component *c)
{
	return (c->order[ORDER_SILENCE].there ||
	    c->order[ORDER_MAINTENANCE].there);
}

int
incidents_order(struct incidents *core, enum order_kind kind, const char *id,
    const struct order *order)
{
	struct component *c = component_find(core, id);
	struct component_order *o;

	if (c == NULL && (order == NULL || core_is_full(core)))
		return (order == NULL ? 0 : -1);
	if (c == NULL)
		c = component_need(core, id);
	o = &c->order[kind];
	o->there = order != NULL;
	if (order != NULL) {
		o->since = order->since;
		o->until = order->until;
		xreplace(&o->reason, order->reason);
		xreplace(&o->by, order->by);
	}
	agenda_touch(core, c);
	return (0);
}

int
incidents_order_record(struct incidents *core, const char *key,
    const char *json, size_t len)
{
	enum order_kind kind;
	struct order order;
	json_t *object;
	const char *id, *until;
	int rc = -1;

	if (order_key_parse(key, &kind, &id) == -1)
		return (-1);
	if (len == 0)
		return (incidents_order(core, kind, id, NULL));
	object = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	until = json_string_value(json_object_get(object, "until"));
	order.since = timestamp_parse(get_text(object, "since", 64));
	order.until = until != NULL ? timestamp_parse(until) : TIME_NEVER;
	order.reason = get_text(object, "reason", ORDER_REASON_MAX);
	order.by = get_text(object, "by", ORDER_BY_MAX);
	if (json_integer_value(json_object_get(object, "v")) == 1 &&
	    order.since != 0 && order.until != 0)
		rc = incidents_order(core, kind, id, &order);
	/* What it was before must not count where that is still known. */
	if (rc == -1)
		incidents_order(core, kind, id, NULL);
	json_decref(object);
	return (rc);
}

void
incidents_orders_forget(struct incidents *core)
{
	struct component *c;
	int k;

	RB_FOREACH(c, component_tree, &core->components)
		for (k = 0; k < ORDER_MAX; k++)
			c->order[k].there = false;
	agenda_touch_all(core);
}

void
incidents_each_order(struct incidents *core, uint64_t now,
    void (*fn)(const struct order_view *, void *), void *arg)
{
	const struct component_order *o;
	struct order_view view;
	struct component *c;
	int k;

	RB_FOREACH(c, component_tree, &core->components)
		for (k = 0; k < ORDER_MAX; k++) {
			o = &c->order[k];
			if (!o->there)
				continue;
			view = (struct order_view) {
				.component = c->id,
				.name = c->name[0] != '\0' ? c->name :
				    c->page_name,
				.kind = (enum order_kind)k,
				.order = { o->since, o->until, o->reason,
				    o->by },
				.runs = order_runs(o, now),
				.maintained = order_runs(
				    &c->order[ORDER_MAINTENANCE], now)
			};
			fn(&view, arg);
		}
}

/* -- what follows for a component ----------------------------------------- */

enum page_status
component_published(const struct component *c)
{
	const struct incident *i = c->incident;
	const struct entry *e;
	enum page_status said;

	if (i == NULL || (e = incident_entry(i, c)) == NULL) {
		/* It may have been cleared since, by whomever. */
		said = c->page_known && c->page < c->set ? c->page : c->set;
		if ((c->unsure || c->object.flying == OP_STATUS) &&
		    c->posting != PAGE_STATUS_MAX && c->posting > said)
			said = c->posting;
		return (said);
	}
	said = e->acked;
	if (i->posting && e->listed && e->target != PAGE_STATUS_MAX &&
	    e->target > said && (i->unsure || i->object.flying == OP_CREATE ||
	    i->object.flying == OP_UPDATE || i->object.flying == OP_FIND))
		said = e->target;
	return (said);
}

static void
order_look(struct incidents *core, const struct component *c,
    enum order_kind kind, bool *was, uint64_t now)
{
	const struct component_order *o = &c->order[kind];
	bool runs = order_runs(o, now);

	if (runs)
		plan_at(core, o->until);
	if (runs != *was)
		tell_order(core, c, kind, runs, runs ? o->reason : "");
	*was = runs;
}

void
order_refresh(struct component *c, uint64_t now)
{
	c->silenced = order_runs(&c->order[ORDER_SILENCE], now);
	c->maintained = order_runs(&c->order[ORDER_MAINTENANCE], now);
}

void
order_apply(struct incidents *core, struct component *c, uint64_t now)
{
	const struct component_order *o = &c->order[ORDER_MAINTENANCE];
	enum page_status said;
	bool was;

	order_look(core, c, ORDER_SILENCE, &c->silenced, now);
	was = c->maintained;
	order_look(core, c, ORDER_MAINTENANCE, &c->maintained, now);
	if (o->there && o->until <= now)
		c->maintained_until = o->until;
	else if (was && !c->maintained)
		c->maintained_until = now;
	c->hushed = c->silenced;
	/* What a human resolved stays so until it is well. */
	if (c->muted && c->incident == NULL)
		return;
	if (c->maintained) {
		c->debounce.wanted = PAGE_OPERATIONAL;
		return;
	}
	if (!c->silenced)
		return;
	said = component_published(c);
	if (c->debounce.wanted > said)
		c->debounce.wanted = said;
	if ((c->hushed = said < PAGE_MAJOR))
		c->escalated = false;
}
