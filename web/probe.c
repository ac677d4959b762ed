/*
 * /healthz: the process tree is alive.  /readyz: it does what it is for.  What is
 * wrong is named, one line for each thing; why is not for everybody.
 */
#include <event2/buffer.h>
#include <stdarg.h>
#include <string.h>

#include "../common/log.h"
#include "mirror.h"
#include "route.h"
#include "web.h"

#define SILENT_MAX	20000		/* ms; the parent tells every 5 s */
#define AWAY_MAX	120000		/* ms; it is started again after 60 s at
					 * most */

static uint64_t	 started;

void
probe_init(void)
{
	started = clock_ticks();
}

static void
check_parent(struct evbuffer *out)
{
	uint64_t heard = mirror.heard != 0 ? mirror.heard : started;

	if (clock_ticks() - heard > SILENT_MAX)
		evbuffer_add_printf(out, "kanatad: nothing heard of it for "
		    "%llu s\n", (unsigned long long)(clock_ticks() - heard) /
		    1000);
}

/* Those that have been away for so long, in ms. */
static void
check_workers(struct evbuffer *out, uint64_t away)
{
	const struct worker_row *w;

	STAILQ_FOREACH(w, &mirror.workers, entry)
		if (w->away != 0 && clock_ticks() - w->away >= away)
			evbuffer_add_printf(out, "%s: %s\n",
			    log_safe(w->name), log_safe(w->state));
}

static void
check_watches(struct evbuffer *out)
{
	const struct watcher *watcher;
	const struct watch_row *w;

	LIST_FOREACH(watcher, &mirror.watchers, entry) {
		if (!watcher->complete)
			evbuffer_add_printf(out, "watcher/%s: it has not told "
			    "yet\n", log_safe(watcher->cluster));
		STAILQ_FOREACH(w, &watcher->rows, entry)
			if (!w->known)
				evbuffer_add_printf(out, "%s: %s in %s: the "
				    "first list is not complete (%s)\n",
				    log_safe(w->cluster), log_safe(w->resource),
				    log_safe(w->ns), log_safe(w->state));
	}
}

static void
check_notifier(struct evbuffer *out)
{
	const uint64_t *metric = mirror.metrics;

	if (!mirror.notifier)
		evbuffer_add_printf(out, "notifier: it has not told yet\n");
	else if (metric[METRIC_STORE_REACHABLE] == 0)
		evbuffer_add_printf(out, "store: it cannot be reached\n");
	else if (metric[METRIC_LEADER] == 0 && metric[METRIC_STANDBY] == 0)
		evbuffer_add_printf(out, "store: it is being read\n");
	else if (metric[METRIC_LEADER] != 0 && metric[METRIC_PAGE_READ] == 0)
		evbuffer_add_printf(out, "page: it has not been read\n");
}

static void
answer(struct request *req, struct evbuffer *wrong)
{
	int code = evbuffer_get_length(wrong) == 0 ? 200 : 503;

	if (code == 200)
		evbuffer_add_printf(wrong, "ok\n");
	request_reply_buffer(req, code, "text/plain; charset=utf-8", wrong);
	evbuffer_free(wrong);
}

static struct evbuffer *
new_buffer(void)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf == NULL)
		fatalx("out of memory");
	return (buf);
}

static void
answer_healthz(struct request *req)
{
	struct evbuffer *wrong = new_buffer();

	check_parent(wrong);
	check_workers(wrong, AWAY_MAX);
	answer(req, wrong);
}

static void
answer_readyz(struct request *req)
{
	struct evbuffer *wrong = new_buffer();

	check_parent(wrong);
	check_workers(wrong, 0);
	check_watches(wrong);
	check_notifier(wrong);
	answer(req, wrong);
}

const struct route probe_routes[] = {
	{ "/healthz", METHOD_GET, answer_healthz },
	{ "/readyz", METHOD_GET, answer_readyz },
	{ NULL, 0, NULL }
};
