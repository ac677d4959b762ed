#include <bsd/sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "notifier.h"
#include "tap.h"

#define RECORDERS_MAX	8
#define PART_BYTES	(64 * 1024)
/* Of lines that the client has not read; more than how things stand can take
 * with the largest configuration. */
#define UNREAD_MAX	(64 * 1024 * 1024)

struct line {
	STAILQ_ENTRY(line) entry;
	size_t		 len;
	char		 text[];
};

struct recorder {
	LIST_ENTRY(recorder) entry;
	uint32_t	 id;		/* of the questions */
	bool		 asked;		/* another part is wanted */
	size_t		 bytes;		/* unread */
	STAILQ_HEAD(, line) lines;
};

static LIST_HEAD(, recorder) recorders = LIST_HEAD_INITIALIZER(recorders);
static unsigned	 nrecorder;
static char	*last_page;	/* lines of the page as they were last told */

static void
recorder_free(struct recorder *r)
{
	struct line *l;

	while ((l = STAILQ_FIRST(&r->lines)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->lines, entry);
		free(l);
	}
	LIST_REMOVE(r, entry);
	free(r);
	nrecorder--;
	if (nrecorder == 0) {
		free(last_page);
		last_page = NULL;
	}
}

static void
send_end_of_part(uint32_t id, bool lost)
{
	struct message_out *m = message_new(MSG_RECORD_PART, id);

	message_put_b(m, lost);
	channel_send(worker_parent(), m, -1);
}

/* What is wanted and there. */
static void
send_part(struct recorder *r)
{
	struct message_out *m;
	struct line *l;
	size_t sent = 0;

	if (!r->asked || STAILQ_EMPTY(&r->lines))
		return;
	while (sent < PART_BYTES && (l = STAILQ_FIRST(&r->lines)) != NULL) {
		m = message_new(MSG_RECORD_LINE, r->id);
		message_put_s(m, l->text);
		channel_send(worker_parent(), m, -1);
		sent += l->len;
		r->bytes -= l->len;
		STAILQ_REMOVE_HEAD(&r->lines, entry);
		free(l);
	}
	r->asked = false;
	send_end_of_part(r->id, false);
}

static void
recorder_add(struct recorder *r, const char *text)
{
	size_t len = strlen(text);
	struct line *l;

	if ((l = malloc(sizeof(*l) + len + 1)) == NULL)
		fatal("malloc");
	l->len = len;
	memcpy(l->text, text, len + 1);
	STAILQ_INSERT_TAIL(&r->lines, l, entry);
	r->bytes += len;
}

/* To one recorder or to all (NULL).  Takes the text. */
static void
tell(struct recorder *one, char *text)
{
	struct recorder *r, *next;

	if (strlen(text) > RECORDING_LINE_MAX) {
		log_warnx("a line is too long to be recorded");
		free(text);
		return;
	}
	for (r = LIST_FIRST(&recorders); r != NULL; r = next) {
		next = LIST_NEXT(r, entry);
		if (one != NULL && r != one)
			continue;
		recorder_add(r, text);
		send_part(r);
		if (r->bytes > UNREAD_MAX) {
			send_end_of_part(r->id, true);
			recorder_free(r);
		}
	}
	free(text);
}

/* -- how things stand ------------------------------------------------------ */

/* What only the log gets does not change what is posted. */
static void
tell_texts(struct recorder *r, const char *component, char *const *text)
{
	int kind;

	for (kind = 0; text != NULL && kind < TEMPLATE_PRIVATE; kind++)
		if (text[kind] != NULL)
			tell(r, recording_text(clock_now(), component,
			    (enum template_kind)kind, text[kind]));
}

static void
tell_conf(struct recorder *r, const struct conf *conf)
{
	const struct conf_component *c;
	uint64_t now = clock_now();

	tell(r, recording_rules(now, &conf->global));
	tell_texts(r, "", conf->text);
	TAILQ_FOREACH(c, &conf->components, entry) {
		tell(r, recording_component(now, c));
		tell_texts(r, c->id, c->text);
	}
}

static void
tell_record(const char *key, const char *json, void *arg)
{
	tell(arg, recording_record(clock_now(), key, json, strlen(json)));
}

static void
tell_order(const struct order_view *o, void *arg)
{
	char key[ORDER_KEY_SIZE], *json = order_render(&o->order);

	order_key(o->kind, o->component, key);
	if (json != NULL)
		tell_record(key, json, arg);
	free(json);
}

static void
print_component(const struct component_view *c, void *arg)
{
	char *line;

	if (!c->on_page)
		return;
	line = recording_page(0, c->page_id, c->id, c->page_name,
	    c->human ? c->page : PAGE_STATUS_MAX);
	fprintf(arg, "%s\n", line);
	free(line);
}

/* The page without times: it is told anew only when something is different. */
static char *
print_page(void)
{
	char *text;
	size_t len;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		fatal("open_memstream");
	incidents_each_component(core, print_component, f);
	if (fclose(f) != 0)
		fatal("open_memstream");
	return (text);
}

static void
tell_component(const struct component_view *c, void *arg)
{
	uint64_t now = clock_now();

	if (c->on_page)
		tell(arg, recording_page(now, c->page_id, c->id, c->page_name,
		    c->human ? c->page : PAGE_STATUS_MAX));
}

static void
tell_page(struct recorder *r)
{
	incidents_each_component(core, tell_component, r);
	tell(r, recording_mark(clock_now(), RECORDING_READ, 0));
}

static void
tell_health(const struct component_view *c, void *arg)
{
	struct health_report r = {
		.cluster = c->watcher,
		.component = c->id,
		.health = c->health,
		.cause = c->cause,
		.ready = c->ready,
		.desired = c->desired,
		.since = c->since,
		.paused = c->paused,
		.detail = c->detail
	};

	if (c->reported)
		tell(arg, recording_health(c->heard, &r));
}

static void
recorder_new(uint32_t id)
{
	struct recorder *r;

	if (nrecorder == RECORDERS_MAX) {
		send_end_of_part(id, true);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->id = id;
	STAILQ_INIT(&r->lines);
	LIST_INSERT_HEAD(&recorders, r, entry);
	nrecorder++;
	tell(r, recording_head());
	if (worker_conf() != NULL)
		tell_conf(r, worker_conf());
	incidents_each_record(core, tell_record, r);
	incidents_each_order(core, clock_now(), tell_order, r);
	if (page_read_once())
		tell_page(r);
	incidents_each_component(core, tell_health, r);
	r->asked = true;
	send_part(r);
}

void
tap_ask(uint32_t id, bool more)
{
	struct recorder *r;

	LIST_FOREACH(r, &recorders, entry)
		if (r->id == id)
			break;
	if (r == NULL && more)
		recorder_new(id);
	else if (r != NULL && more) {
		r->asked = true;
		send_part(r);
	} else if (r != NULL)
		recorder_free(r);
}

/* -- as it happens --------------------------------------------------------- */

void
tap_conf(const struct conf *conf)
{
	if (nrecorder > 0)
		tell_conf(NULL, conf);
}

void
tap_health(const struct health_report *r)
{
	if (nrecorder > 0)
		tell(NULL, recording_health(clock_now(), r));
}

void
tap_mark(enum recording_kind kind, unsigned watcher)
{
	if (nrecorder > 0)
		tell(NULL, recording_mark(clock_now(), kind, watcher));
}

void
tap_record(const char *key, const char *json, size_t len)
{
	if (nrecorder > 0)
		tell(NULL, recording_record(clock_now(), key, json, len));
}

void
tap_order(const char *key, const char *json, size_t len)
{
	const struct order ended = { .since = clock_now(),
	    .until = clock_now(), .reason = "", .by = "" };
	char *record;

	if (nrecorder == 0)
		return;
	if (len > 0) {
		tap_record(key, json, len);
		return;
	}
	if ((record = order_render(&ended)) == NULL)
		fatalx("out of memory");
	tap_record(key, record, strlen(record));
	free(record);
}

void
tap_page(void)
{
	char *text;

	if (nrecorder == 0)
		return;
	text = print_page();
	if (last_page == NULL || strcmp(text, last_page) != 0)
		tell_page(NULL);
	free(last_page);
	last_page = text;
}

static void
tell_closed(const struct incident_view *i, void *arg)
{
	if (strcmp(i->instatus_id, arg) == 0)
		tell(NULL, recording_closed(clock_now(), i));
}

void
tap_closed(const char *instatus_id)
{
	if (nrecorder > 0)
		incidents_each_incident(core, tell_closed,
		    (void *)(uintptr_t)instatus_id);
}
