/*
 * /admin/events: parts of the page that have changed, as server-sent events.  At
 * most one look a second for each page, and a part is sent as it is then: who
 * reads slowly gets fewer.
 */
#include <sys/queue.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "admin.h"
#include "dashboard.h"
#include "panel.h"
#include "route.h"
#include "web.h"

#define EVERY		1000		/* ms between two looks */
#define BEAT		20		/* s: is it still there? */
#define LOAD_ANEW	"event: end\ndata: \n\n"

struct follower {
	LIST_ENTRY(follower) entry;
	struct request	*request;
	struct event	*timer;
	char		 token[SESSION_TOKEN + 1];
	uint64_t	 seen;		/* changes that it has */
	uint64_t	 target;	/* that it has when this look is done */
	bool		 looking;
	unsigned	 panel;		/* next one of this look */
	char		*last;		/* id of the last component */
	uint64_t	 due, spoke;	/* ticks */
};
static LIST_HEAD(, follower) followers = LIST_HEAD_INITIALIZER(followers);

static const struct panel {
	unsigned	 what;		/* bits of enum show */
	const char	*id;
	void		(*write)(struct evbuffer *);
} panels[] = {
	{ SHOW_COMPONENTS | SHOW_STATE, "summary", panel_summary },
	{ SHOW_INCIDENTS | SHOW_HISTORY, "incidents", panel_incidents },
	{ SHOW_SILENCES, "silences", panel_silences },
	{ SHOW_WORKERS, "workers", panel_workers },
	{ SHOW_WATCHES, "watches", panel_watches },
};
#define NPANEL	(sizeof(panels) / sizeof(panels[0]))

static uint64_t	 panel_changed[NPANEL];	/* mirror.changes then */
static uint64_t	 components_changed;	/* the same */

static void
put_begin(struct evbuffer *buf, const char *prefix, const char *id)
{
	html(buf, "event: put\ndata: %s", prefix);
	html(buf, "%s\ndata: ", id);
}

static void
put_panel(struct evbuffer *buf, const struct panel *p)
{
	put_begin(buf, "", p->id);
	p->write(buf);
	html(buf, "\n\n");
}

static void
put_component(struct evbuffer *buf, const struct component *c)
{
	put_begin(buf, "c:", c->id);
	panel_component(buf, c);
	html(buf, "\n\n");
}

static void
look_begin(struct follower *f)
{
	f->looking = true;
	f->target = mirror.changes;
	f->panel = 0;
}

static void
look_step(struct follower *f, struct evbuffer *buf)
{
	struct component *c = NULL;

	if (f->panel < NPANEL) {
		if (panel_changed[f->panel] > f->seen)
			put_panel(buf, &panels[f->panel]);
		f->panel++;
		return;
	}
	if (components_changed > f->seen)
		c = dashboard_next(&f->last);
	if (c != NULL && c->changed > f->seen)
		put_component(buf, c);
	if (c != NULL)
		return;
	f->looking = false;
	f->seen = f->target;
	html(buf, "id: %u\n\n", (unsigned)f->seen);
}

/* The session has ended, or the page has another list of components. */
static bool
is_over(const struct follower *f)
{
	return (session_find(f->token, clock_ticks()) == NULL ||
	    mirror.restructured > f->seen);
}

static enum fill
follower_fill(void *arg, struct evbuffer *buf)
{
	struct follower *f = arg;

	if (!mirror.notifier) {
		put_panel(buf, &panels[0]);
		return (FILL_WAIT);
	}
	if (is_over(f)) {
		html(buf, LOAD_ANEW);
		return (FILL_END);
	}
	if (!f->looking && f->seen < mirror.changes)
		look_begin(f);
	while (f->looking && evbuffer_get_length(buf) < PIECE)
		look_step(f, buf);
	if (evbuffer_get_length(buf) == 0 &&
	    clock_ticks() - f->spoke >= BEAT * 1000)
		html(buf, ":\n\n");
	if (evbuffer_get_length(buf) > 0)
		f->spoke = clock_ticks();
	return (f->looking ? FILL_MORE : FILL_WAIT);
}

static void
follower_end(void *arg)
{
	struct follower *f = arg;

	LIST_REMOVE(f, entry);
	event_free(f->timer);
	free(f->last);
	freezero(f, sizeof(*f));
}

/* -- when to look ---------------------------------------------------------- */

static void
follower_at(struct follower *f, unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	f->due = clock_ticks() + ms;
	evtimer_add(f->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct follower *f = arg;

	(void)fd;
	(void)what;
	follower_at(f, BEAT * 1000);
	/* It may be gone after. */
	request_wake(f->request);
}

static void
on_change(enum show what, const char *key, void *arg)
{
	struct follower *f;
	unsigned i;

	(void)key;
	(void)arg;
	for (i = 0; i < NPANEL; i++)
		if (panels[i].what & what)
			panel_changed[i] = mirror.changes;
	if (what == SHOW_COMPONENTS)
		components_changed = mirror.changes;
	LIST_FOREACH(f, &followers, entry)
		if (f->due > clock_ticks() + EVERY)
			follower_at(f, EVERY);
}

/* The changes that the page has: of the address, or of the event before. */
static uint64_t
seen_by(const struct request *req)
{
	const char *text = request_header(req, "Last-Event-ID");
	uint64_t n;

	if (text == NULL)
		text = request_parameter(req, "from");
	n = text == NULL ? 0 : strtoull(text, NULL, 10);
	/* Of a process before this one. */
	return (n > mirror.changes ? 0 : n);
}

static void
answer_events(struct request *req)
{
	static const struct source source =
	    { follower_fill, follower_end, true };
	const struct session *s = login_find(req);
	struct follower *f;

	if (s == NULL) {
		request_reply(req, 200, "text/event-stream", LOAD_ANEW);
		return;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL ||
	    (f->timer = evtimer_new(worker_base(), on_timer, f)) == NULL)
		fatal("calloc");
	f->request = req;
	strlcpy(f->token, s->token, sizeof(f->token));
	f->seen = seen_by(req);
	f->spoke = clock_ticks();
	LIST_INSERT_HEAD(&followers, f, entry);
	follower_at(f, BEAT * 1000);
	request_reply_source(req, "text/event-stream", &source, f);
}

void
live_init(void)
{
	mirror_follow(on_change, NULL);
}

const struct route live_routes[] = {
	{ "/admin/events", METHOD_GET, answer_events },
	{ NULL, 0, NULL }
};
