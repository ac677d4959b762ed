#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "mirror.h"
#include "pods.h"
#include "rows.h"

/* Of one watcher: there are fewer resources than that in a namespace. */
#define WATCHES_MAX	(CONF_NAMESPACES_MAX * 16)

struct mirror mirror = {
	.components = RB_INITIALIZER(&mirror.components),
	.incidents = RB_INITIALIZER(&mirror.incidents),
	.silences = LIST_HEAD_INITIALIZER(mirror.silences),
	.past = TAILQ_HEAD_INITIALIZER(mirror.past),
	.workers = STAILQ_HEAD_INITIALIZER(mirror.workers),
	.watchers = LIST_HEAD_INITIALIZER(mirror.watchers)
};

static struct {
	mirror_fn	 fn;
	void		*arg;
} followers[4];
static unsigned		 nfollower;

static mirror_answer_fn	 answer;
static struct channel	*notifier;
static unsigned		 notifier_instance;
static struct worker_rows workers_next = STAILQ_HEAD_INITIALIZER(workers_next);

void
mirror_follow(mirror_fn fn, void *arg)
{
	if (nfollower == sizeof(followers) / sizeof(followers[0]))
		fatalx("more followers than there can be");
	followers[nfollower].fn = fn;
	followers[nfollower++].arg = arg;
}

static void
changed(enum show what, const char *key)
{
	unsigned i;

	mirror.changes++;
	for (i = 0; i < nfollower; i++)
		followers[i].fn(what, key, followers[i].arg);
}

/* -- the notifier ---------------------------------------------------------- */

/* There is one for a component. */
static struct silence *
find_silence(const char *component)
{
	struct silence *s;

	LIST_FOREACH(s, &mirror.silences, entry)
		if (strcmp(s->component, component) == 0)
			return (s);
	return (NULL);
}

static const char *
on_gone(struct message *m)
{
	uint64_t what = message_get_u(m);
	const char *key = message_get_s(m);
	struct component *c;
	struct incident *i;
	struct silence *s;

	if (what == SHOW_COMPONENTS && (c = mirror_component(key)) != NULL) {
		RB_REMOVE(component_tree, &mirror.components, c);
		component_free(c);
		mirror.restructured = mirror.changes + 1;
		changed(SHOW_COMPONENTS, key);
	} else if (what == SHOW_INCIDENTS &&
	    (i = mirror_incident(key)) != NULL) {
		RB_REMOVE(incident_tree, &mirror.incidents, i);
		incident_free(i);
		changed(SHOW_INCIDENTS, key);
	} else if (what == SHOW_SILENCES &&
	    (s = find_silence(key)) != NULL) {
		LIST_REMOVE(s, entry);
		silence_free(s);
		changed(SHOW_SILENCES, key);
	}
	return (NULL);
}

static const char *
on_component(struct message *m)
{
	struct component *c = component_take(m), *old;

	if (c == NULL)
		return ("no such component can be");
	if ((old = RB_FIND(component_tree, &mirror.components, c)) != NULL) {
		RB_REMOVE(component_tree, &mirror.components, old);
		c->differs = old->differs;
		c->first_day = old->first_day;
		c->ndays = old->ndays;
		c->days = old->days;
		old->days = NULL;
		component_free(old);
	}
	/* What is not on the page cannot differ from it. */
	if (c->page == PAGE_STATUS_MAX || c->page == c->wanted)
		c->differs = 0;
	else if (c->differs == 0)
		c->differs = clock_now();
	if (RB_INSERT(component_tree, &mirror.components, c) == NULL &&
	    old == NULL)
		mirror.restructured = mirror.changes + 1;
	c->changed = mirror.changes + 1;
	changed(SHOW_COMPONENTS, c->id);
	return (NULL);
}

static const char *
on_incident(struct message *m)
{
	struct incident *i = incident_take(m), *old;

	if (i == NULL)
		return ("no such incident can be");
	if ((old = RB_FIND(incident_tree, &mirror.incidents, i)) != NULL) {
		RB_REMOVE(incident_tree, &mirror.incidents, old);
		incident_free(old);
	}
	RB_INSERT(incident_tree, &mirror.incidents, i);
	changed(SHOW_INCIDENTS, i->key);
	return (NULL);
}

static const char *
on_days(struct message *m)
{
	struct component *c = mirror_component(message_get_s(m));

	if (c == NULL)
		return (NULL);
	if (!days_take(c, m))
		return ("days that do not rise");
	c->changed = mirror.changes + 1;
	changed(SHOW_COMPONENTS, c->id);
	return (NULL);
}

static const char *
on_silence(struct message *m)
{
	struct silence *s = silence_take(m), *old;

	if ((old = find_silence(s->component)) != NULL) {
		LIST_REMOVE(old, entry);
		silence_free(old);
	}
	LIST_INSERT_HEAD(&mirror.silences, s, entry);
	changed(SHOW_SILENCES, s->component);
	return (NULL);
}

static void
past_drop(void)
{
	struct past *p = TAILQ_LAST(&mirror.past, pasts);

	TAILQ_REMOVE(&mirror.past, p, entry);
	mirror.npast--;
	past_free(p);
}

static const char *
on_past(struct message *m)
{
	struct past *p = past_take(m), *at;

	if (p == NULL)
		return ("nothing that can have happened");
	/* They may come in any order, mostly the newest last. */
	TAILQ_FOREACH(at, &mirror.past, entry)
		if (at->time <= p->time)
			break;
	if (at != NULL)
		TAILQ_INSERT_BEFORE(at, p, entry);
	else
		TAILQ_INSERT_TAIL(&mirror.past, p, entry);
	if (++mirror.npast > PAST_MAX)
		past_drop();
	changed(SHOW_HISTORY, NULL);
	return (NULL);
}

static const char *
on_metric(struct message *m)
{
	uint64_t metric = message_get_u(m);

	if (metric >= METRIC_MAX)
		return ("there is no such metric");
	mirror.metrics[metric] = message_get_u(m);
	changed(SHOW_STATE, NULL);
	return (NULL);
}

static const char *
dispatch_notifier(struct channel *c, struct message *m, void *arg)
{
	(void)c;
	(void)arg;
	switch (m->type) {
	case MSG_SHOW_COMPONENT:
		return (on_component(m));
	case MSG_SHOW_INCIDENT:
		return (on_incident(m));
	case MSG_SHOW_DAYS:
		return (on_days(m));
	case MSG_SHOW_SILENCE:
		return (on_silence(m));
	case MSG_SHOW_HISTORY:
		return (on_past(m));
	case MSG_CTL_OK:
	case MSG_CTL_FAILED:
		if (answer != NULL)
			answer(m->id, m->type == MSG_CTL_OK ? NULL :
			    message_get_s(m));
		return (NULL);
	case MSG_FEED_GONE:
		return (on_gone(m));
	case MSG_FEED_METRIC:
		return (on_metric(m));
	case MSG_SHOW_END:
		mirror.notifier = true;
		return (NULL);
	default:
		return ("not a message for web");
	}
}

static void
forget_notifier(void)
{
	struct component *c;
	struct incident *i;
	struct silence *s;

	channel_free(notifier);
	notifier = NULL;
	mirror.notifier = false;
	memset(mirror.metrics, 0, sizeof(mirror.metrics));
	while ((c = RB_MIN(component_tree, &mirror.components)) != NULL) {
		RB_REMOVE(component_tree, &mirror.components, c);
		component_free(c);
	}
	while ((i = RB_MIN(incident_tree, &mirror.incidents)) != NULL) {
		RB_REMOVE(incident_tree, &mirror.incidents, i);
		incident_free(i);
	}
	while ((s = LIST_FIRST(&mirror.silences)) != NULL) {
		LIST_REMOVE(s, entry);
		silence_free(s);
	}
	while (mirror.npast > 0)
		past_drop();
	changed(SHOW_COMPONENTS, NULL);
	changed(SHOW_INCIDENTS, NULL);
	changed(SHOW_SILENCES, NULL);
	changed(SHOW_HISTORY, NULL);
}

bool
mirror_tell(struct message_out *m)
{
	if (notifier != NULL)
		channel_send(notifier, m, -1);
	return (notifier != NULL);
}

void
mirror_answers(mirror_answer_fn fn)
{
	answer = fn;
}

static void
notifier_gone(struct channel *c, enum channel_end end, const char *why,
    void *arg)
{
	(void)c;
	(void)arg;
	worker_peer_gone(ROLE_NOTIFIER, notifier_instance, end, why);
	forget_notifier();
}

static void
notifier_link(unsigned instance, int fd)
{
	forget_notifier();
	notifier_instance = instance;
	notifier = channel_new(worker_base(), fd, ROLE_WEB, ROLE_NOTIFIER,
	    dispatch_notifier, notifier_gone, NULL);
	channel_send_empty(notifier, MSG_FEED_ASK, 1);
}

/* -- watchers -------------------------------------------------------------- */

static void
rows_replace(struct watcher *w)
{
	struct watch_row *row;

	while ((row = STAILQ_FIRST(&w->rows)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->rows, entry);
		watch_row_free(row);
	}
	STAILQ_CONCAT(&w->rows, &w->next);
	w->nnext = 0;
}

static const char *
on_watch(struct watcher *w, struct message *m)
{
	struct watch_row *row = watch_row_take(m);

	STAILQ_INSERT_TAIL(&w->next, row, entry);
	if (++w->nnext > WATCHES_MAX)
		return ("more watches than there can be");
	if (strcmp(w->cluster, row->cluster) != 0)
		return ("a watch of another's cluster");
	return (NULL);
}

static const char *
dispatch_watcher(struct channel *c, struct message *m, void *arg)
{
	struct watcher *w = arg;

	(void)c;
	switch (m->type) {
	case MSG_SHOW_WATCH:
		return (on_watch(w, m));
	case MSG_SHOW_END:
		rows_replace(w);
		w->complete = true;
		changed(SHOW_WATCHES, NULL);
		return (NULL);
	case MSG_SHOW_POD:
	case MSG_POD_GONE:
	case MSG_PODS_PART:
	case MSG_PODS_LOST:
		return (pods_dispatch(w, m));
	default:
		return ("not a message for web");
	}
}

/* It goes with its cluster, or is started again: then it tells all anew. */
static void
watcher_free(struct watcher *w)
{
	rows_replace(w);
	rows_replace(w);
	channel_free(w->channel);
	LIST_REMOVE(w, entry);
	pods_watcher_gone(w);
	free(w->cluster);
	free(w);
	changed(SHOW_WATCHES, NULL);
}

static void
watcher_gone(struct channel *c, enum channel_end end, const char *why,
    void *arg)
{
	struct watcher *w = arg;

	(void)c;
	worker_peer_gone(ROLE_WATCHER, w->instance, end, why);
	watcher_free(w);
}

static void
watcher_link(unsigned instance, int fd)
{
	struct watcher *w;

	LIST_FOREACH(w, &mirror.watchers, entry)
		if (w->instance == instance) {
			watcher_free(w);
			break;
		}
	w = xcalloc(1, sizeof(*w));
	w->instance = instance;
	w->cluster = xstrdup(worker_link_cluster());
	STAILQ_INIT(&w->rows);
	STAILQ_INIT(&w->next);
	w->channel = channel_new(worker_base(), fd, ROLE_WEB, ROLE_WATCHER,
	    dispatch_watcher, watcher_gone, w);
	LIST_INSERT_HEAD(&mirror.watchers, w, entry);
	channel_send_empty(w->channel, MSG_FEED_ASK, 1);
	pods_watcher(w);
}

void
mirror_link(enum role peer, unsigned instance, int fd)
{
	if (peer == ROLE_NOTIFIER)
		notifier_link(instance, fd);
	else if (peer == ROLE_WATCHER)
		watcher_link(instance, fd);
	else
		fatalx("a link to the %s", role_name(peer));
}

/* -- the parent ------------------------------------------------------------ */

static void
on_worker(struct message *m)
{
	struct worker_row *row = worker_row_take(m), *old;

	if (strcmp(row->state, "running") != 0) {
		row->away = clock_ticks();
		STAILQ_FOREACH(old, &mirror.workers, entry)
			if (strcmp(old->name, row->name) == 0 &&
			    old->away != 0)
				row->away = old->away;
	}
	STAILQ_INSERT_TAIL(&workers_next, row, entry);
}

static void
on_workers_end(void)
{
	struct worker_row *row;

	while ((row = STAILQ_FIRST(&mirror.workers)) != NULL) {
		STAILQ_REMOVE_HEAD(&mirror.workers, entry);
		worker_row_free(row);
	}
	STAILQ_CONCAT(&mirror.workers, &workers_next);
	mirror.heard = clock_ticks();
	changed(SHOW_WORKERS, NULL);
}

const char *
mirror_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_SHOW_WORKER:
		on_worker(m);
		return (NULL);
	case MSG_SHOW_END:
		on_workers_end();
		return (NULL);
	default:
		return ("not a message for web");
	}
}
