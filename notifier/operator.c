/*
 * What operators ask, by kanatactl or the dashboard: a silence or a maintenance
 * becomes a record that all replicas share, and is answered when it stands there.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/duration.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "../common/xmalloc.h"
#include "debounce.h"
#include "lookup.h"
#include "notifier.h"

#define DURATION_MAX	(366ULL * 24 * 3600 * 1000)
#define ORDERS_MAX	1000		/* at a time */
#define COMPONENTS_MAX	100		/* in one question */
#define KEEP		(3600 * 1000)	/* ms that a record outlives its end, so
					 * that one who makes it longer at the last
					 * moment is not overtaken */
#define SWEEP_MAX	32

/* One question, and the writes that it takes. */
struct ask {
	LIST_ENTRY(ask)	 entry;
	struct channel	*to;		/* NULL: gone */
	uint32_t	 id;
	unsigned	 left;
	char		 error[600];
	char		 text[1024];	/* if all goes well */
};

static LIST_HEAD(, ask)	 asks = LIST_HEAD_INITIALIZER(asks);
static struct event	*sweep_timer;

static void
answer(struct channel *to, uint32_t id, const char *error, const char *ok)
{
	struct message_out *m;

	m = message_new(error != NULL ? MSG_CTL_FAILED : MSG_CTL_OK, id);
	message_put_s(m, error != NULL ? error : ok);
	channel_send(to, m, -1);
}

static void
ask_done(const char *why, void *arg)
{
	struct ask *a = arg;

	if (why != NULL)
		strlcpy(a->error, why, sizeof(a->error));
	if (--a->left > 0)
		return;
	if (a->to != NULL)
		answer(a->to, a->id, a->error[0] != '\0' ? a->error : NULL,
		    a->text);
	if (a->error[0] == '\0')
		log_info("%s", log_safe(a->text));
	else
		log_warnx("an operator's order is not taken: %s",
		    log_safe(a->error));
	LIST_REMOVE(a, entry);
	free(a);
}

void
operator_forget(struct channel *c)
{
	struct ask *a;

	LIST_FOREACH(a, &asks, entry)
		if (a->to == c)
			a->to = NULL;
}

/* -- what there is --------------------------------------------------------- */

struct find {
	const char	*id;
	enum order_kind	 kind;
	unsigned	 running;
	bool		 found;
};

static void
find_order(const struct order_view *view, void *arg)
{
	struct find *f = arg;

	f->running += view->runs;
	if (view->runs && view->kind == f->kind &&
	    strcmp(view->component, f->id) == 0)
		f->found = true;
}

/* An order: for these components, until then; or its end. */
struct wish {
	enum order_kind	 kind;
	bool		 begin;
	uint64_t	 duration;
	const char	*reason, *by;
	const char	*id[COMPONENTS_MAX];
	unsigned	 n;
};

/* NULL, or a text that says why not. */
static const char *
wish_refused(const struct wish *w)
{
	static char text[512];
	struct find f = { .kind = w->kind };
	unsigned n;

	if (!w->begin && !share_known()) {
		snprintf(text, sizeof(text), "what there is to end is not known "
		    "yet (%.300s): try again", persist_state());
		return (text);
	}
	for (n = 0; n < w->n; n++) {
		f.id = w->id[n];
		f.running = 0;
		f.found = false;
		incidents_each_order(core, clock_now(), find_order, &f);
		if (!w->begin && !f.found) {
			snprintf(text, sizeof(text), "component %s is not %s",
			    log_safe(f.id), w->kind == ORDER_SILENCE ?
			    "silenced" : "under a maintenance of kanatactl");
			return (text);
		}
	}
	if (!w->begin)
		return (NULL);
	if (w->duration > DURATION_MAX)
		return ("that is too long: at most 366d");
	if (f.running + w->n > ORDERS_MAX)
		return ("too many silences and maintenances: at most 1000 at "
		    "a time");
	return (NULL);
}

static void
describe(const struct wish *w, const struct order *order, char *text,
    size_t size)
{
	char when[TIMESTAMP_SIZE];
	unsigned n;

	text[0] = '\0';
	for (n = 0; n < w->n; n++) {
		if (n == 5 && w->n > 6) {
			snprintf(when, sizeof(when), ", and %u more", w->n - n);
			strlcat(text, when, size);
			break;
		}
		strlcat(text, n == 0 ? "component " : ", ", size);
		strlcat(text, log_safe(w->id[n]), size);
	}
	if (w->kind == ORDER_SILENCE)
		strlcat(text, w->begin ? ": silenced" :
		    ": no longer silenced", size);
	else
		strlcat(text, w->begin ? ": under maintenance" :
		    ": maintenance ended", size);
	if (w->begin) {
		strlcat(text, " until ", size);
		strlcat(text, order->until == TIME_NEVER ? "it is ended" :
		    timestamp_format(order->until, when), size);
	}
	if (worker_observe())
		strlcat(text, "; with --observe nothing is stored, so only "
		    "until kanatad ends", size);
}

/* Answers at once if it is refused, else when it is written. */
static void
wish_start(struct channel *to, uint32_t id, const struct wish *w)
{
	struct order order = { .since = clock_now(), .reason = w->reason,
	    .by = w->by };
	char key[ORDER_KEY_SIZE], *record = NULL;
	const char *why = wish_refused(w);
	struct ask *a;
	unsigned n;

	order.until = w->duration == 0 ? TIME_NEVER :
	    order.since + w->duration;
	if (why == NULL && w->begin && (record = order_render(&order)) == NULL)
		why = "the reason is no UTF-8 text";
	if (why != NULL) {
		answer(to, id, why, NULL);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->to = to;
	a->id = id;
	a->left = w->n;
	describe(w, &order, a->text, sizeof(a->text));
	if (w->by[0] != '\0') {
		strlcat(a->text, ", by ", sizeof(a->text));
		strlcat(a->text, log_safe(w->by), sizeof(a->text));
	}
	LIST_INSERT_HEAD(&asks, a, entry);
	for (n = 0; n < w->n; n++) {
		order_key(w->kind, w->id[n], key);
		share_put(key, record, ask_done, a);
	}
	free(record);
}

/* The parent looks who asks; web is only as good as what it reads. */
static const char *
by_whom(bool web, const char *by)
{
	static char buf[ORDER_BY_MAX + 1];

	snprintf(buf, sizeof(buf), "%s%s", web ? "web: " : "", by);
	return (buf);
}

static void
on_silence(struct channel *to, struct message *m, bool web)
{
	const char *word = message_get_s(m);
	struct wish w = { .kind = ORDER_SILENCE, .n = 1 };
	char error[512];

	w.duration = message_get_u(m);
	w.begin = w.duration != 0;
	w.reason = message_get_s(m);
	w.by = by_whom(web, message_get_s(m));
	if ((w.id[0] = lookup_component(core, word, error,
	    sizeof(error))) == NULL)
		answer(to, m->id, error, NULL);
	else
		wish_start(to, m->id, &w);
}

static void
on_maintenance(struct channel *to, struct message *m, bool web)
{
	struct wish w = { .kind = ORDER_MAINTENANCE };
	char error[512];
	const char *id;
	unsigned n;

	w.begin = message_get_b(m);
	w.duration = message_get_u(m);
	w.reason = message_get_s(m);
	w.by = by_whom(web, message_get_s(m));
	while (message_more(m)) {
		if ((id = lookup_component(core, message_get_s(m), error,
		    sizeof(error))) == NULL) {
			answer(to, m->id, error, NULL);
			return;
		}
		for (n = 0; n < w.n && strcmp(w.id[n], id) != 0; n++)
			;
		if (n == COMPONENTS_MAX) {
			answer(to, m->id, "too many components: at most 100 at "
			    "a time", NULL);
			return;
		}
		w.id[n] = id;
		w.n = n == w.n ? n + 1 : w.n;
	}
	if (w.n == 0)
		answer(to, m->id, "no component is named", NULL);
	else
		wish_start(to, m->id, &w);
}

static void
on_history(struct channel *to, struct message *m)
{
	const char *word = message_get_s(m), *id = NULL;
	char error[512];

	if (word[0] != '\0' && (id = lookup_component(core, word, error,
	    sizeof(error))) == NULL)
		answer(to, m->id, error, NULL);
	else
		journal_show(to, m->id, id);
}

static void
on_explain(struct channel *to, struct message *m)
{
	char error[512];
	const char *id = lookup_component(core, message_get_s(m), error,
	    sizeof(error));

	if (id == NULL)
		answer(to, m->id, error, NULL);
	else
		show_explain(to, m->id, id);
}

const char *
operator_dispatch(struct channel *to, struct message *m, bool web)
{
	switch (m->type) {
	case MSG_CTL_SILENCE:
		on_silence(to, m, web);
		return (NULL);
	case MSG_CTL_MAINTENANCE:
		on_maintenance(to, m, web);
		return (NULL);
	case MSG_CTL_EXPLAIN:
		on_explain(to, m);
		return (NULL);
	case MSG_CTL_HISTORY:
		on_history(to, m);
		return (NULL);
	default:
		return ("not a message for the notifier");
	}
}

/* -- what is over ---------------------------------------------------------- */

struct sweep {
	uint64_t	 now, next;
	char		 key[SWEEP_MAX][ORDER_KEY_SIZE];
	unsigned	 n;
};

static void
sweep_order(const struct order_view *view, void *arg)
{
	struct sweep *s = arg;

	if (view->order.until == TIME_NEVER)
		return;
	if (view->order.until + KEEP > s->now) {
		if (view->order.until + KEEP < s->next)
			s->next = view->order.until + KEEP;
	} else if (s->n < SWEEP_MAX)
		order_key(view->kind, view->component, s->key[s->n++]);
}

static void
swept(const char *why, void *arg)
{
	(void)arg;
	if (why != NULL)
		log_debug("what is over cannot be removed: %s", why);
}

/* Whoever speaks removes what is over. */
static void
sweep(evutil_socket_t fd, short what, void *arg)
{
	struct sweep s = { .now = clock_now(), .next = UINT64_MAX };
	struct timeval tv;
	unsigned n;

	(void)fd;
	(void)what;
	(void)arg;
	incidents_each_order(core, s.now, sweep_order, &s);
	if (s.n == 0 && s.next == UINT64_MAX)
		return;
	for (n = 0; n < s.n && persist_speaks(); n++)
		share_put(s.key[n], NULL, swept, NULL);
	tv.tv_sec = s.n > 0 ? KEEP / 1000 : (time_t)((s.next - s.now) / 1000) +
	    1;
	tv.tv_usec = 0;
	evtimer_add(sweep_timer, &tv);
}

void
operator_look(void)
{
	static const struct timeval soon = { 1, 0 };

	if (sweep_timer == NULL && (sweep_timer = evtimer_new(worker_base(),
	    sweep, NULL)) == NULL)
		fatalx("cannot make a timer");
	evtimer_add(sweep_timer, &soon);
}
