/*
 * What there is at Instatus: the pages that the key reaches, their components,
 * and whether our incidents are still open.  One reading at a time, never while
 * something is being posted, so that it cannot see half of it.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "page_local.h"
#include "tap.h"

#define LIST_TRIES	4
#define PAGES_MAX	1000	/* that are looked at */

struct page {
	char	*id, *name;
	bool	 wanted;		/* a component of ours was there */
};

static struct page	*pages;
static size_t		 npages;

enum step { STEP_NONE, STEP_PAGES, STEP_COMPONENTS, STEP_INCIDENTS };

static struct {
	enum step	 step;
	bool		 list;		/* for `kanatad list` */
	bool		 stale;		/* told to stop */
	uint32_t	 id;		/* of MSG_LIST_ASK */
	unsigned	 failures;	/* of the list, in a row */
	bool		 whole;		/* the pages too */
	size_t		 page;		/* which one */
	unsigned	 part;		/* of the list, from 1 */
	uint64_t	 begun;		/* ticks */
} reading;

static unsigned		 readings;	/* that were begun */
static struct event	*timer;

static void	page_next(void);

/* -- pages ---------------------------------------------------------------- */

static void
pages_clear(void)
{
	while (npages > 0) {
		npages--;
		free(pages[npages].id);
		free(pages[npages].name);
	}
	free(pages);
	pages = NULL;
}

static bool
page_known(const char *id)
{
	size_t n;

	for (n = 0; n < npages; n++)
		if (strcmp(pages[n].id, id) == 0)
			return (true);
	return (false);
}

/* False if it is there already, the list repeats itself, or if there are more than
 * anybody has. */
static bool
page_add(const struct instatus_page *from)
{
	if (npages == PAGES_MAX || page_known(from->id))
		return (false);
	pages = xreallocarray(pages, npages + 1, sizeof(*pages));
	pages[npages].id = xstrdup(from->id);
	pages[npages].name = xstrdup(from->name);
	pages[npages++].wanted = false;
	return (true);
}

/* -- for `kanatad list` --------------------------------------------------- */

static void
list_failed(const char *why)
{
	struct message_out *m = message_new(MSG_LIST_FAILED, reading.id);

	message_put_s(m, why);
	channel_send(worker_parent(), m, -1);
	reading.step = STEP_NONE;
}

static void
send_row(const struct page *page, const struct instatus_component *c)
{
	struct message_out *m = message_new(MSG_LIST_COMPONENT, reading.id);

	message_put_s(m, page->name);
	message_put_s(m, page->id);
	message_put_s(m, c->name);
	message_put_s(m, c->id);
	channel_send(worker_parent(), m, -1);
}

/* -- one part of one list ------------------------------------------------- */

static void
on_closed(const char *id, const char *name, void *arg)
{
	(void)arg;
	log_info("incident %s (%s) was closed by somebody else; its components "
	    "stay silent until they are well", log_safe(id), log_safe(name));
	tap_closed(id);
}

static void
take_components(struct page *page, const json_t *list)
{
	struct instatus_component c;
	struct component_view view;
	json_t *item;
	size_t n;

	json_array_foreach(list, n, item) {
		if (!instatus_component(item, &c))
			continue;
		if (reading.list) {
			send_row(page, &c);
			continue;
		}
		if (!incidents_component(core, c.id, &view))
			continue;
		page->wanted = true;
		incidents_page_component(core, page->id, c.id, c.name,
		    c.status);
	}
}

static void
take_incidents(const json_t *list)
{
	struct instatus_incident i;
	json_t *item;
	size_t n;

	json_array_foreach(list, n, item)
		if (instatus_incident(item, &i) && i.phase != PHASE_RESOLVED)
			incidents_open_seen(core, i.id);
}

/* The next page that has something of ours, from this one on. */
static bool
find_page(size_t from, bool incidents)
{
	for (; from < npages; from++)
		if (incidents ? incidents_open_on(core, pages[from].id) :
		    reading.list || reading.whole || pages[from].wanted) {
			reading.page = from;
			reading.part = 1;
			return (true);
		}
	return (false);
}

static void
reading_done(void)
{
	reading.step = STEP_NONE;
	if (reading.list) {
		channel_send_empty(worker_parent(), MSG_LIST_END, reading.id);
		return;
	}
	page_was_read(clock_ticks() - reading.begun, reading.whole, npages);
}

static void
step_incidents(void)
{
	if (reading.list) {
		reading_done();
		return;
	}
	reading.step = STEP_INCIDENTS;
	incidents_open_begin(core);
	if (find_page(0, true))
		page_next();
	else
		reading_done();
}

/* This list is at its end. */
static void
step_on(void)
{
	switch (reading.step) {
	case STEP_PAGES:
		reading.step = STEP_COMPONENTS;
		if (!reading.list)
			incidents_page_begin(core);
		if (find_page(0, false))
			page_next();
		else
			step_incidents();
		break;
	case STEP_COMPONENTS:
		if (find_page(reading.page + 1, false))
			page_next();
		else
			step_incidents();
		break;
	default:
		if (find_page(reading.page + 1, true)) {
			page_next();
			break;
		}
		incidents_open_end(core, on_closed, NULL);
		reading_done();
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	page_next();
}

static void
on_failure(const struct api_reply *reply)
{
	struct timeval tv;
	char text[700];
	uint64_t delay;

	if (!reading.list) {
		reading.step = STEP_NONE;
		page_not_read(reply);
		return;
	}
	if (reply->result == API_UNAUTHORISED) {
		snprintf(text, sizeof(text), "Instatus refuses the key (%s): "
		    "see `key` or `key_file` in the configuration, and "
		    "https://dashboard.instatus.com/developer", reply->error);
		list_failed(text);
		return;
	}
	if (reply->result != API_RETRY || ++reading.failures >= LIST_TRIES) {
		snprintf(text, sizeof(text), "Instatus cannot be asked: %s",
		    reply->error);
		list_failed(text);
		return;
	}
	delay = api_delay(reply, 0);
	tv.tv_sec = (time_t)(delay / 1000);
	tv.tv_usec = (suseconds_t)(delay % 1000 * 1000);
	evtimer_add(timer, &tv);
}

static void
on_reply(const struct api_reply *reply, void *arg)
{
	struct instatus_page page;
	struct api_reply broken;
	bool full, news = false;
	size_t n, k;

	/* `kanatad list` may have begun another reading meanwhile. */
	if (reading.step == STEP_NONE || (uintptr_t)arg != readings)
		return;
	if (reading.stale) {
		reading.step = STEP_NONE;
		notifier_kick();
		return;
	}
	/* A page of the account whose components are not ours to read. */
	if (reply->result == API_UNAUTHORISED &&
	    reading.step == STEP_COMPONENTS) {
		log_debug("page %s may not be read", pages[reading.page].id);
		step_on();
		return;
	}
	if (reply->result != API_OK) {
		on_failure(reply);
		return;
	}
	if (instatus_list(reply->json, &n, &full) == -1) {
		broken = *reply;
		broken.result = API_RETRY;
		strlcpy(broken.error, "the answer is not a list",
		    sizeof(broken.error));
		on_failure(&broken);
		return;
	}
	if (reading.step == STEP_PAGES) {
		for (k = 0; k < n; k++)
			if (instatus_page(reply->json, k, &page))
				news = page_add(&page) || news;
	} else {
		news = true;
		if (reading.step == STEP_COMPONENTS)
			take_components(&pages[reading.page], reply->json);
		else
			take_incidents(reply->json);
	}
	if (full && news && reading.part < INSTATUS_PAGES_MAX) {
		reading.part++;
		page_next();
	} else
		step_on();
}

/* Asks for the part of the list that is next. */
static void
page_next(void)
{
	char path[512];

	switch (reading.step) {
	case STEP_PAGES:
		snprintf(path, sizeof(path), "/v2/pages?page=%u&per_page=%d",
		    reading.part, INSTATUS_PER_PAGE);
		break;
	case STEP_COMPONENTS:
		snprintf(path, sizeof(path),
		    "/v1/%s/components?page=%u&per_page=%d",
		    pages[reading.page].id, reading.part, INSTATUS_PER_PAGE);
		break;
	default:
		snprintf(path, sizeof(path), "/v1/%s/incidents?"
		    "%%21status=RESOLVED&page=%u&per_page=%d",
		    pages[reading.page].id, reading.part, INSTATUS_PER_PAGE);
		break;
	}
	api_send("GET", path, NULL, reading.step == STEP_COMPONENTS, on_reply,
	    (void *)(uintptr_t)readings);
}

/* -- the whole ------------------------------------------------------------ */

static void
reading_start(bool list, bool whole, uint32_t id)
{
	readings++;
	memset(&reading, 0, sizeof(reading));
	reading.list = list;
	reading.id = id;
	reading.whole = whole;
	reading.begun = clock_ticks();
	reading.part = 1;
	reading.step = STEP_PAGES;
	if (whole) {
		pages_clear();
		page_next();
	} else
		step_on();
}

void
reading_begin(bool whole)
{
	reading_start(false, whole, 0);
}

void
page_list(uint32_t id)
{
	reading_start(true, true, id);
}

bool
reading_runs(void)
{
	return (reading.step != STEP_NONE);
}

void
reading_stop(void)
{
	if (reading.step != STEP_NONE && !reading.list)
		reading.stale = true;
}

void
page_init(struct event_base *base)
{
	if ((timer = evtimer_new(base, on_timer, NULL)) == NULL)
		fatalx("cannot make a timer");
}
