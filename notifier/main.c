/*
 * The notifier: turns health over time into what should stand on the page, and
 * makes the page agree.
 *
 * It may hold: the Instatus key and the webhook's address.  It may call:
 * nothing but what memory, the event loop and connected descriptors need
 * (common/cage.c).  It talks to: the parent, the watchers, the store, and by
 * descriptors from the dialer to Instatus.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <string.h>
#include <unistd.h>

#include "../common/http.h"
#include "../common/log.h"
#include "notifier.h"
#include "tap.h"

#define WATCHERS_MAX	(2 * CONF_CLUSTERS_MAX)

struct incidents	*core;

struct watcher {
	struct channel	*channel;	/* NULL: not in use */
	unsigned	 instance;
	char		 cluster[64];	/* that it watches, as the parent says */
};

static struct watcher	 watchers[WATCHERS_MAX];
static struct event	*timer;

/* -- work ----------------------------------------------------------------- */

void
notifier_kick(void)
{
	static const struct timeval soon = { 0, 0 };

	if (!evtimer_pending(timer, NULL))
		evtimer_add(timer, &soon);
	else
		event_active(timer, EV_TIMEOUT, 0);
}

static bool
may_post(void)
{
	unsigned n = post_flying();

	return (!page_busy(n == 0) && n < POST_FLYING_MAX && api_ready());
}

static void
sleep_until(uint64_t now)
{
	uint64_t ticks = clock_ticks(), wake = incidents_wake(core), wait;
	struct timeval tv;

	wait = wake == UINT64_MAX ? UINT64_MAX : wake > now ? wake - now : 0;
	if (page_when() < ticks)
		wait = wait < 1000 ? wait : 1000;
	else if (page_when() - ticks < wait)
		wait = page_when() - ticks;
	/* Something may wait for its turn at Instatus. */
	if (api_when() > ticks && api_when() - ticks < wait)
		wait = api_when() - ticks;
	if (wait > 3600 * 1000)
		wait = 3600 * 1000;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	evtimer_add(timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	uint64_t now = clock_now();
	struct operation op;

	(void)fd;
	(void)what;
	(void)arg;
	feed_changed();
	/* Nothing is said before it is known what was said before. */
	if (worker_conf() == NULL || !persist_ready()) {
		journal_look();
		persist_rest();
		return;
	}
	journal_look();
	for (;;) {
		incidents_next(core, now, may_post(), &op);
		if (op.type == OP_NONE)
			break;
		if (op.type == OP_STORE_PUT || op.type == OP_STORE_DELETE)
			persist_start(&op);
		else
			post_start(&op);
	}
	sleep_until(now);
}

/* -- watchers ------------------------------------------------------------- */

static struct watcher *
watcher_find(unsigned instance)
{
	unsigned n;

	for (n = 0; n < WATCHERS_MAX; n++)
		if (watchers[n].channel != NULL &&
		    watchers[n].instance == instance)
			return (&watchers[n]);
	return (NULL);
}

static bool
is_well(enum health health)
{
	return (health == HEALTH_OK || health == HEALTH_IDLE);
}

static void
log_health(const struct health_report *r, const struct component_view *before)
{
	enum health old = before->id != NULL ? before->health : HEALTH_UNKNOWN;

	/* That all is well at start is no news. */
	if (is_well(r->health) && (is_well(old) || old == HEALTH_UNKNOWN))
		log_debug("component %s: %s, %u of %u ready",
		    log_safe(r->component), health_name(r->health), r->ready,
		    r->desired);
	else
		log_info("component %s: %s%s%s, %u of %u ready%s%s%s",
		    log_safe(r->component), health_name(r->health),
		    r->cause != CAUSE_NONE ? ", " : "",
		    r->cause != CAUSE_NONE ? cause_name(r->cause) : "",
		    r->ready, r->desired, r->paused ? ", paused" : "",
		    r->detail[0] != '\0' ? ": " : "", log_safe(r->detail));
}

static const char *
on_health(struct watcher *w, struct message *m)
{
	struct component_view before = { .id = NULL };
	struct health_report r;
	int news = -1;

	if (!recording_report(m, w->instance, &r))
		return ("no such health");
	incidents_component(core, r.component, &before);
	if (before.id == NULL || !before.configured ||
	    strcmp(before.cluster, w->cluster) == 0)
		news = incidents_health(core, &r, clock_now());
	if (news != -1)
		tap_health(&r);
	if (news == -1)
		log_debug("watcher %u speaks of component %s, which is not "
		    "its own", w->instance, log_safe(r.component));
	else if (news == 1)
		log_health(&r, &before);
	return (NULL);
}

static const char *
dispatch_watcher(struct channel *c, struct message *m, void *arg)
{
	struct watcher *w = arg;
	const char *why = NULL;

	(void)c;
	switch (m->type) {
	case MSG_HEALTH_BEGIN:
		tap_mark(RECORDING_BEGIN, w->instance);
		incidents_silence_begin(core, w->instance);
		return (NULL);
	case MSG_HEALTH_SET:
		why = on_health(w, m);
		break;
	case MSG_HEALTH_END:
		tap_mark(RECORDING_END, w->instance);
		incidents_silence_end(core, w->instance, clock_now());
		break;
	default:
		return ("not a message for the notifier");
	}
	notifier_kick();
	return (why);
}

/* Nothing is known of its cluster until it is back. */
static void
watcher_close(struct watcher *w)
{
	channel_free(w->channel);
	w->channel = NULL;
	incidents_silence_begin(core, w->instance);
	incidents_silence_end(core, w->instance, clock_now());
	tap_mark(RECORDING_BEGIN, w->instance);
	tap_mark(RECORDING_END, w->instance);
	notifier_kick();
}

static void
watcher_gone(struct channel *c, enum channel_end end, const char *why,
    void *arg)
{
	struct watcher *w = arg;

	(void)c;
	worker_peer_gone(ROLE_WATCHER, w->instance, end, why);
	watcher_close(w);
}

static void
watcher_link(unsigned instance, int fd)
{
	struct watcher *w;
	unsigned n;

	if ((w = watcher_find(instance)) != NULL)
		watcher_close(w);
	for (n = 0; n < WATCHERS_MAX && watchers[n].channel != NULL; n++)
		;
	if (n == WATCHERS_MAX) {
		log_warnx("too many watchers");
		close(fd);
		return;
	}
	w = &watchers[n];
	w->instance = instance;
	strlcpy(w->cluster, worker_link_cluster(), sizeof(w->cluster));
	w->channel = channel_new(worker_base(), fd, ROLE_NOTIFIER,
	    ROLE_WATCHER, dispatch_watcher, watcher_gone, w);
}

/* -- the parent ----------------------------------------------------------- */

static const char *
on_secret_fresh(struct message *m)
{
	uint64_t kind = message_get_u(m);

	if (kind >= SECRET_MAX)
		return ("no such secret");
	api_secret_fresh((enum secret)kind, message_take_fd(m));
	return (NULL);
}

static const char *
notifier_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_SHOW_ASK:
		show_answer(m->id, message_get_u(m));
		return (NULL);
	case MSG_RECORD_ASK:
		tap_ask(m->id, message_get_b(m));
		return (NULL);
	case MSG_LIST_ASK:
		page_list(m->id);
		return (NULL);
	case MSG_SECRET_FRESH:
		return (on_secret_fresh(m));
	default:
		return (operator_dispatch(worker_parent(), m, false));
	}
}

static void
notifier_conf_commit(const struct conf *conf)
{
	struct incidents_options options = {
		.publish = conf->global.publish,
		.webhook = conf->global.webhook,
		.storm = conf->global.storm,
		.group_wait = conf->global.group_wait
	};

	api_commit(conf);
	incidents_configure(core, conf, &options, clock_now());
	tap_conf(conf);
	page_forget();
	notifier_kick();
}

static void
notifier_link(enum role peer, unsigned instance, int fd)
{
	switch (peer) {
	case ROLE_DIALER:
		http_link_dialer(fd);
		break;
	case ROLE_STORE:
		persist_link(instance, fd);
		break;
	case ROLE_WATCHER:
		watcher_link(instance, fd);
		break;
	case ROLE_WEB:
		feed_link(instance, fd);
		break;
	default:
		close(fd);
		break;
	}
}

static void
notifier_init(struct event_base *base, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	/* jansson would open a file for it, or fall back to the time. */
	json_object_seed(arc4random() | 1);
	http_init(base, ROLE_NOTIFIER);
	api_init(base);
	page_init(base);
	core = incidents_new();
	journal_init(base);
	if ((timer = evtimer_new(base, on_timer, NULL)) == NULL)
		fatalx("cannot make a timer");
}

int
main(int argc, char **argv)
{
	static const struct worker notifier = {
		.role = ROLE_NOTIFIER,
		.init = notifier_init,
		.dispatch_parent = notifier_dispatch_parent,
		.conf_prepare = api_prepare,
		.conf_commit = notifier_conf_commit,
		.conf_abort = api_abort,
		.conf_secret = api_secret,
		.link = notifier_link,
	};

	worker_run(&notifier, argc, argv);
}
