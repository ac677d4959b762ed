/*
 * Keeps the history: what the core tells while this process speaks is written
 * now and then to what all replicas share; while another one speaks, what that
 * one writes is read.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "history.h"
#include "notifier.h"

#define FLUSH		2		/* s after something happened */
#define FLUSH_AGAIN	30		/* s after a write that failed */
#define FLUSH_MAX	500		/* records at once */
#define RECORD_MAX	16384
#define DAY		86400		/* s */

static struct annals	*history;
static struct event	*flush_timer, *day_timer;
static bool		 keeping;	/* this process speaks */
static unsigned		 writing;	/* records that are not acknowledged */

static void
flush_in(time_t seconds)
{
	const struct timeval tv = { seconds, 0 };

	if (!evtimer_pending(flush_timer, NULL))
		evtimer_add(flush_timer, &tv);
}

static void
on_written(const char *why, void *arg)
{
	char *key = arg;

	writing--;
	if (why != NULL) {
		log_debug("%s is not written: %s", log_safe(key), why);
		history_again(history, key);
		flush_in(FLUSH_AGAIN);
	}
	free(key);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	char *key, *value;
	unsigned n;

	(void)fd;
	(void)what;
	(void)arg;
	/* Those of before may wait yet, and people's orders behind them. */
	for (n = writing; n < FLUSH_MAX && persist_speaks() &&
	    history_next(history, &key, &value); n++) {
		if (value != NULL && strlen(value) > RECORD_MAX) {
			log_warnx("%s is too large to be kept", log_safe(key));
			free(key);
		} else {
			writing++;
			share_put(key, value, on_written, key);
		}
		free(value);
	}
	if (persist_speaks() && history_dirty(history))
		flush_in(FLUSH);
}

static void
on_event(const struct incident_event *event, void *arg)
{
	(void)arg;
	if (!keeping || !persist_speaks())
		return;
	history_add(history, event, clock_now());
	if (history_dirty(history))
		flush_in(FLUSH);
}

/* What was told before this process spoke. */
static void
catch_up(const struct component_view *c, void *arg)
{
	struct incident_event event = {
		.kind = HISTORY_HEALTH,
		.component = c->id,
		.name = c->name,
		.incident = "",
		.to = c->health,
		.text = c->cause != CAUSE_NONE ? cause_name(c->cause) : ""
	};

	on_event(&event, arg);
	event.kind = HISTORY_PAGE;
	event.to = c->page;
	event.text = "";
	if (c->configured && c->page_known && c->on_page)
		on_event(&event, arg);
}

void
journal_look(void)
{
	bool speaks = persist_speaks();

	if (speaks == keeping)
		return;
	keeping = speaks;
	if (speaks)
		incidents_each_component(core, catch_up, NULL);
}

void
journal_record(const char *key, const char *value, size_t len)
{
	/* What we write comes back to us. */
	if (keeping && persist_speaks())
		return;
	if (history_restore(history, key, value, len) == -1)
		log_warnx("the record %s makes no sense and is ignored",
		    log_safe(key));
}

static void
day_wait(void)
{
	struct timeval tv = { 0, 0 };

	tv.tv_sec = DAY - (time_t)(clock_now() / 1000 % DAY) + 1;
	evtimer_add(day_timer, &tv);
}

static void
on_day(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	history_day(history, clock_now());
	if (persist_speaks() && history_dirty(history))
		flush_in(FLUSH);
	day_wait();
}

void
journal_init(struct event_base *base)
{
	history = history_new();
	flush_timer = evtimer_new(base, on_flush, NULL);
	day_timer = evtimer_new(base, on_day, NULL);
	if (flush_timer == NULL || day_timer == NULL)
		fatalx("cannot make a timer");
	day_wait();
	incidents_listen(core, on_event, NULL);
}

const char *
journal_state(void)
{
	return (!keeping ? "kept by whoever speaks" : writing > 0 ||
	    history_dirty(history) ? "not all written yet" : "written");
}

/* -- showing ---------------------------------------------------------------- */

struct to { struct channel *channel; uint32_t id; };

struct message_out *
show_history(const struct history_entry *e, uint32_t id)
{
	struct message_out *m = message_new(MSG_SHOW_HISTORY, id);
	struct component_view c = { .name = "" };

	if (e->component[0] != '\0')
		incidents_component(core, e->component, &c);
	message_put_u(m, e->at);
	message_put_u(m, e->kind);
	message_put_s(m, e->component);
	message_put_s(m, e->name[0] != '\0' ? e->name : c.name);
	message_put_s(m, e->incident);
	message_put_u(m, e->from);
	message_put_u(m, e->to);
	message_put_s(m, e->text);
	return (m);
}

struct message_out *
show_days(const struct history_days *d, uint32_t id)
{
	struct message_out *m = message_new(MSG_SHOW_DAYS, id);
	unsigned n;
	int s;

	message_put_s(m, d->component);
	message_put_u(m, d->first);
	for (n = 0; n < d->nday; n++) {
		message_put_u(m, d->day[n].day);
		for (s = PAGE_MAINTENANCE; s < PAGE_STATUS_MAX; s++)
			message_put_u(m, d->day[n].seconds[s]);
	}
	return (m);
}

static void
send_entry(const struct history_entry *e, void *arg)
{
	struct to *to = arg;

	channel_send(to->channel, show_history(e, to->id), -1);
}

void
journal_show(struct channel *channel, uint32_t id, const char *component)
{
	struct to to = { channel, id };

	history_each(history, component, send_entry, &to);
	channel_send_empty(channel, MSG_SHOW_END, id);
}

void
journal_show_incident(struct channel *channel, uint32_t id,
    const char *incident)
{
	struct to to = { channel, id };

	history_each_of(history, incident, send_entry, &to);
}

static bool
is_configured(const char *id)
{
	struct component_view c;

	return (incidents_component(core, id, &c) && c.configured);
}

static void
send_days(const struct history_days *d, void *arg)
{
	struct to *to = arg;

	if (is_configured(d->component))
		channel_send(to->channel, show_days(d, to->id), -1);
}

void
journal_show_days(struct channel *channel, uint32_t id)
{
	struct to to = { channel, id };

	history_each_days(history, clock_now(), send_days, &to);
}

static void
feed_entry(const struct history_entry *e, void *arg)
{
	char key[32];

	(void)arg;
	snprintf(key, sizeof(key), "%llu", (unsigned long long)e->number);
	feed_row(SHOW_HISTORY, key, show_history(e, 0));
}

static void
feed_days(const struct history_days *d, void *arg)
{
	(void)arg;
	if (is_configured(d->component))
		feed_row(SHOW_DAYS, d->component, show_days(d, 0));
}

void
journal_feed(void)
{
	uint64_t now = clock_now();

	history_each(history, NULL, feed_entry, NULL);
	/* Whole minutes: else what is down would be news all the time. */
	history_each_days(history, now - now % 60000, feed_days, NULL);
}
