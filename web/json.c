#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "json.h"

json_t *
json_time(uint64_t ms)
{
	time_t t = ms / 1000;
	struct tm tm;
	char buf[32];

	if (ms == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return (json_null());
	return (json_string(buf));
}

static json_t *
json_status(unsigned status)
{
	return (status >= PAGE_STATUS_MAX ? json_null() :
	    json_string(page_status_name(status)));
}

/* Without its detail: that names images, Secrets and nodes, and anybody may ask. */
static json_t *
pack_component(const struct component *c)
{
	return (json_pack(
	    "{s:o s:o s:o s:s s:s s:o s:o s:o s:o s:s s:b s:o}",
	    "id", json_text(c->id), "name", json_text(c->name),
	    "cluster", json_text(c->cluster), "health", health_name(c->health),
	    "cause", cause_name(c->cause), "ready", json_number(c->ready),
	    "desired", json_number(c->desired), "since", json_time(c->since),
	    "page", json_status(c->page), "wanted", page_status_name(c->wanted),
	    "paused", c->paused, "incident", c->incident[0] == '\0' ?
	    json_null() : json_text(c->incident)));
}

const char *
json_component(struct component *c)
{
	if (c->json == NULL)
		c->json = json_render(pack_component(c));
	return (c->json);
}

static json_t *
pack_incident(const struct incident *i)
{
	json_t *parts = json_array();
	unsigned n;

	for (n = 0; n < i->ncomponent; n++)
		json_array_append_new(parts, json_pack("{s:o s:o s:o}", "id",
		    json_text(i->component[n].id), "status",
		    json_status(i->component[n].status), "pending",
		    json_status(i->component[n].pending)));
	return (json_pack("{s:o s:o s:o s:s s:o s:o s:o s:o s:o s:o}",
	    "key", json_text(i->key), "id", i->id[0] == '\0' ? json_null() :
	    json_text(i->id), "name", json_text(i->name), "status",
	    incident_phase_name(i->status), "started", json_time(i->started),
	    "updated", json_time(i->updated), "resolved",
	    json_time(i->resolved), "pending",
	    i->pending == PHASE_MAX ? json_null() :
	    json_string(incident_phase_name(i->pending)), "attempts",
	    json_number(i->attempts), "components", parts));
}

const char *
json_incident(struct incident *i)
{
	if (i->json == NULL)
		i->json = json_render(pack_incident(i));
	return (i->json);
}

static int
add(const char *text, size_t len, void *arg)
{
	return (evbuffer_add(arg, text, len));
}

void
json_put(struct evbuffer *buf, json_t *value)
{
	if (value == NULL ||
	    json_dump_callback(value, add, buf, JSON_COMPACT) == -1)
		fatalx("out of memory");
	json_decref(value);
}

/* -- lists ----------------------------------------------------------------- */

struct list {
	json_next_fn	 next;
	bool		 begun;
	char		*last;		/* key, NULL: none yet */
};

static enum fill
list_fill(void *arg, struct evbuffer *buf)
{
	struct list *list = arg;
	const char *key, *item;
	char *copy;

	if (!list->begun)
		evbuffer_add(buf, "[", 1);
	list->begun = true;
	while (evbuffer_get_length(buf) < PIECE) {
		if ((item = list->next(list->last, &key)) == NULL) {
			evbuffer_add(buf, "]\n", 2);
			return (FILL_END);
		}
		if (list->last != NULL)
			evbuffer_add(buf, ",\n", 2);
		copy = xstrdup(key);
		free(list->last);
		list->last = copy;
		evbuffer_add(buf, item, strlen(item));
	}
	return (FILL_MORE);
}

static void
list_end(void *arg)
{
	struct list *list = arg;

	free(list->last);
	free(list);
}

void
json_reply_list(struct request *req, json_next_fn next)
{
	static const struct source source = { list_fill, list_end, false };
	struct list *list = xcalloc(1, sizeof(*list));

	list->next = next;
	request_reply_source(req, "application/json", &source, list);
}
