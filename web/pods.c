#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "pods.h"

#define KEEP_FOR	60		/* s after the last one asked */
#define WAIT_MAX	10		/* s for the watchers to tell */
#define PODS_MAX	300000		/* of a cluster: Kubernetes is made for half
					 * of that */

/* A request that waits for all pods. */
struct waiter {
	TAILQ_ENTRY(waiter)	 entry;
	struct request		*req;
	void			(*answer)(struct request *);
	struct event		*limit;
};

static TAILQ_HEAD(, waiter)	 waiters = TAILQ_HEAD_INITIALIZER(waiters);
static bool			 following;
static uint32_t			 last_id;
static uint64_t			 asked;		/* ticks */
static struct event		*forget_timer;

/* -- following ------------------------------------------------------------- */

static void
send_follow(struct watcher *w, bool on)
{
	struct message_out *m;

	if (++last_id == 0)
		last_id = 1;
	w->pods_id = last_id;
	w->pods_complete = false;
	w->npods = 0;
	m = message_new(MSG_PODS_FOLLOW, w->pods_id);
	message_put_b(m, on);
	channel_send(w->channel, m, -1);
}

static void
forget_all(void)
{
	struct pod *p;

	while ((p = RB_MIN(pod_tree, &pods)) != NULL) {
		RB_REMOVE(pod_tree, &pods, p);
		pod_free(p);
	}
}

static void
on_forget(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { KEEP_FOR / 4, 0 };
	struct watcher *w;

	(void)fd;
	(void)what;
	(void)arg;
	if (podwatch_busy() || !TAILQ_EMPTY(&waiters) ||
	    clock_ticks() - asked < KEEP_FOR * 1000) {
		evtimer_add(forget_timer, &again);
		return;
	}
	following = false;
	LIST_FOREACH(w, &mirror.watchers, entry)
		send_follow(w, false);
	forget_all();
	/* They lie between what stays: free(3) alone gives none of it back. */
	malloc_trim(0);
}

static void
follow(void)
{
	static const struct timeval later = { KEEP_FOR, 0 };
	struct watcher *w;

	asked = clock_ticks();
	if (following)
		return;
	if (forget_timer == NULL && (forget_timer = evtimer_new(worker_base(),
	    on_forget, NULL)) == NULL)
		fatalx("cannot make a timer");
	evtimer_add(forget_timer, &later);
	following = true;
	LIST_FOREACH(w, &mirror.watchers, entry)
		send_follow(w, true);
}

static bool
is_complete(void)
{
	const struct watcher *w;

	if (LIST_EMPTY(&mirror.watchers))
		return (false);
	LIST_FOREACH(w, &mirror.watchers, entry)
		if (!w->pods_complete)
			return (false);
	return (true);
}

/* -- requests -------------------------------------------------------------- */

/* The watches of pods have had their first list (KA-16). */
static bool
is_listed(void)
{
	const struct worker_row *worker;
	const struct watcher *w;
	const struct watch_row *row;

	STAILQ_FOREACH(worker, &mirror.workers, entry)
		if (worker->away != 0 &&
		    strncmp(worker->name, "watcher/", 8) == 0)
			return (false);
	LIST_FOREACH(w, &mirror.watchers, entry) {
		if (!w->complete)
			return (false);
		STAILQ_FOREACH(row, &w->rows, entry)
			if (strcmp(row->resource, "pods") == 0 && !row->known)
				return (false);
	}
	return (!LIST_EMPTY(&mirror.watchers));
}

static void
refuse(struct request *req, const char *why)
{
	request_add_header(req, "Retry-After", "1");
	request_fail(req, 503, why);
}

static void
waiter_free(struct waiter *waiter)
{
	TAILQ_REMOVE(&waiters, waiter, entry);
	event_free(waiter->limit);
	free(waiter);
}

static void
on_waiter_gone(void *arg)
{
	waiter_free(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *waiter = arg;
	struct request *req = waiter->req;

	(void)fd;
	(void)what;
	request_wait_end(req);
	waiter_free(waiter);
	refuse(req, "the watchers have not told their pods in time");
}

static void
answer_waiters(void)
{
	void (*answer)(struct request *);
	struct waiter *waiter;
	struct request *req;

	while (is_complete() && (waiter = TAILQ_FIRST(&waiters)) != NULL) {
		req = waiter->req;
		answer = waiter->answer;
		request_wait_end(req);
		waiter_free(waiter);
		answer(req);
	}
}

void
pods_want(struct request *req, void (*answer)(struct request *))
{
	static const struct timeval limit = { WAIT_MAX, 0 };
	struct waiter *waiter;

	if (!is_listed()) {
		refuse(req, "the first list of pods is not complete");
		return;
	}
	follow();
	if (is_complete()) {
		answer(req);
		return;
	}
	if ((waiter = calloc(1, sizeof(*waiter))) == NULL ||
	    (waiter->limit = evtimer_new(worker_base(), on_limit, waiter)) ==
	    NULL)
		fatal("calloc");
	waiter->req = req;
	waiter->answer = answer;
	evtimer_add(waiter->limit, &limit);
	TAILQ_INSERT_TAIL(&waiters, waiter, entry);
	request_wait(req, on_waiter_gone, waiter);
}

/* -- what the watchers tell ------------------------------------------------ */

static char *
take_owner(struct message *m)
{
	uint64_t kind = message_get_u(m);
	const char *name = message_get_s(m);

	if (name[0] == '\0')
		return (xstrdup(""));
	return (xasprintf("%s/%s", kind == KIND_ANY ? "other" :
	    kind_name(kind), name));
}

static struct pod *
pod_take(struct message *m)
{
	struct pod *p;
	uint64_t cause;

	p = xcalloc(1, sizeof(*p));
	p->cluster = message_take_s(m);
	p->ns = message_take_s(m);
	p->name = message_take_s(m);
	p->owner = take_owner(m);
	p->ready = message_get_b(m);
	p->terminating = message_get_b(m);
	cause = message_get_u(m);
	p->cause = cause < CAUSE_MAX ? cause : CAUSE_NONE;
	p->since = message_get_u(m);
	while (message_more(m)) {
		p->component = xreallocarray(p->component, p->ncomponent + 1,
		    sizeof(*p->component));
		p->component[p->ncomponent++] = message_take_s(m);
	}
	return (p);
}

static bool
same(const struct pod *a, const struct pod *b)
{
	unsigned i;

	if (a->ready != b->ready || a->terminating != b->terminating ||
	    a->cause != b->cause || a->since != b->since ||
	    a->ncomponent != b->ncomponent || strcmp(a->owner, b->owner) != 0)
		return (false);
	for (i = 0; i < a->ncomponent; i++)
		if (strcmp(a->component[i], b->component[i]) != 0)
			return (false);
	return (true);
}

static void
pod_replace(struct pod *old, struct pod *p)
{
	if (same(old, p)) {
		pod_free(p);
		return;
	}
	RB_REMOVE(pod_tree, &pods, old);
	pod_free(old);
	RB_INSERT(pod_tree, &pods, p);
	podwatch_changed(p, POD_MODIFIED);
}

static const char *
on_pod(struct watcher *w, struct message *m)
{
	struct pod *p = pod_take(m), *old;

	if (strcmp(w->cluster, p->cluster) != 0) {
		pod_free(p);
		return ("a pod of another's cluster");
	}
	if ((old = RB_FIND(pod_tree, &pods, p)) != NULL) {
		pod_replace(old, p);
		return (NULL);
	}
	if (w->npods == PODS_MAX) {
		pod_free(p);
		return ("more pods than there can be");
	}
	w->npods++;
	RB_INSERT(pod_tree, &pods, p);
	podwatch_changed(p, POD_ADDED);
	return (NULL);
}

static void
on_pod_gone(struct watcher *w, struct message *m)
{
	struct pod find = { .cluster = w->cluster }, *p;

	find.ns = (char *)(uintptr_t)message_get_s(m);
	find.name = (char *)(uintptr_t)message_get_s(m);
	if ((p = RB_FIND(pod_tree, &pods, &find)) == NULL)
		return;
	w->npods--;
	podwatch_changed(p, POD_DELETED);
	RB_REMOVE(pod_tree, &pods, p);
	pod_free(p);
}

/* What it told is not kept up to date any more. */
static void
forget_of(struct watcher *w)
{
	struct pod *p, *next;

	podwatch_cut();
	for (p = RB_MIN(pod_tree, &pods); p != NULL; p = next) {
		next = RB_NEXT(pod_tree, &pods, p);
		if (strcmp(p->cluster, w->cluster) == 0) {
			RB_REMOVE(pod_tree, &pods, p);
			pod_free(p);
		}
	}
}

const char *
pods_dispatch(struct watcher *w, struct message *m)
{
	/* Of a time before. */
	if (!following || m->id != w->pods_id)
		return (NULL);
	switch (m->type) {
	case MSG_SHOW_POD:
		return (on_pod(w, m));
	case MSG_POD_GONE:
		on_pod_gone(w, m);
		break;
	case MSG_PODS_PART:
		w->pods_complete = true;
		answer_waiters();
		break;
	default:
		log_debug("watcher/%s: more has changed than it could tell",
		    log_safe(w->cluster));
		forget_of(w);
		send_follow(w, true);
	}
	return (NULL);
}

void
pods_watcher(struct watcher *w)
{
	if (following)
		send_follow(w, true);
}

void
pods_watcher_gone(struct watcher *w)
{
	if (following)
		forget_of(w);
}
