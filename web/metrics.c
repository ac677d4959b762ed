/*
 * /metrics, as Prometheus reads it: text format 0.0.4.  Labels have names of the
 * configuration, kinds of Kubernetes and words of ours, nothing without bound.
 */
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/version.h"
#include "../common/xmalloc.h"
#include "build.h"
#include "mirror.h"
#include "route.h"
#include "web.h"

static void
put_head(struct evbuffer *out, const char *name, const char *type,
    const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help,
	    name, type);
}

/* The value of a label: \ and " are escaped.  One of two buffers in turn. */
static const char *
label(const char *value)
{
	static char buf[2][2048];
	static unsigned turn;
	/* Whatever it is, UTF-8 without control characters after this. */
	const char *p = log_safe(value);
	char *start = buf[turn++ % 2], *to = start;

	for (; *p != '\0' && to < start + sizeof(buf[0]) - 2; p++) {
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		*to++ = *p;
	}
	*to = '\0';
	return (start);
}

static void
put_gauge(struct evbuffer *out, const char *name, const char *help,
    uint64_t value)
{
	put_head(out, name, "gauge", help);
	evbuffer_add_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* -- the notifier's -------------------------------------------------------- */

static const struct {
	const char	*name, *label, *type, *help;
} rows[METRIC_MAX] = {
#define M(id, name, label, type, help)	[id] = { name, label, type, help },
	METRIC_TABLE(M)
#undef M
};

static void
put_rows(struct evbuffer *out)
{
	unsigned i;

	/* Rather nothing than zeroes that are not so. */
	if (!mirror.notifier)
		return;
	for (i = 0; i < METRIC_MAX; i++) {
		if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
			put_head(out, rows[i].name, rows[i].type, rows[i].help);
		if (rows[i].label[0] == '\0')
			evbuffer_add_printf(out, "%s", rows[i].name);
		else
			evbuffer_add_printf(out, "%s{%s}", rows[i].name,
			    rows[i].label);
		evbuffer_add_printf(out, " %llu\n",
		    (unsigned long long)mirror.metrics[i]);
	}
}

/* -- workers --------------------------------------------------------------- */

enum { UP, RESTARTS, STARTED, MEMORY, CPU, WORKER_FIGURES };

static double
worker_figure(const struct worker_row *w, unsigned figure)
{
	switch (figure) {
	case UP:
		return (w->away == 0);
	case RESTARTS:
		return (w->restarts);
	case STARTED:
		return (w->started / 1000);
	case MEMORY:
		return (w->memory);
	default:
		return (w->cpu / 1000.0);
	}
}

static void
put_workers(struct evbuffer *out)
{
	static const struct { const char *name, *type, *help; } figures[] = {
		{ "kanata_worker_up", "gauge", "1 if the process runs." },
		{ "kanata_worker_restarts_total", "counter",
		    "How often it was started again." },
		{ "kanata_worker_start_time_seconds", "gauge",
		    "When it was last started." },
		{ "kanata_worker_resident_memory_bytes", "gauge",
		    "What it has in memory; up to 5 s old." },
		{ "kanata_worker_cpu_seconds_total", "counter",
		    "Processor time of its present life; up to 5 s old." },
	};
	const struct worker_row *w;
	unsigned i;

	for (i = 0; i < WORKER_FIGURES; i++) {
		put_head(out, figures[i].name, figures[i].type,
		    figures[i].help);
		STAILQ_FOREACH(w, &mirror.workers, entry)
			evbuffer_add_printf(out, "%s{worker=\"%s\"} %.15g\n",
			    figures[i].name, label(w->name),
			    worker_figure(w, i));
	}
}

/* -- watches: one figure for each cluster and resource, of all namespaces -- */

enum { EVENTS, BYTES, WATCH_RESTARTS, OBJECTS, LAST_EVENT, KNOWN,
    WATCH_FIGURES };

static uint64_t
watch_figure(const struct watch_row *w, unsigned figure, uint64_t sum)
{
	switch (figure) {
	case EVENTS:
		return (sum + w->events);
	case BYTES:
		return (sum + w->bytes);
	case WATCH_RESTARTS:
		return (sum + w->restarts);
	case OBJECTS:
		return (sum + w->objects);
	case LAST_EVENT:
		return (w->last_event / 1000 > sum ? w->last_event / 1000 :
		    sum);
	default:
		return (sum && w->known);
	}
}

static bool
is_first(const struct watcher *watcher, const struct watch_row *row)
{
	const struct watch_row *w;

	STAILQ_FOREACH(w, &watcher->rows, entry)
		if (w == row || strcmp(w->resource, row->resource) == 0)
			break;
	return (w == row);
}

static void
put_watcher(struct evbuffer *out, const struct watcher *watcher,
    const char *name, unsigned figure)
{
	const struct watch_row *row, *w;
	uint64_t sum;

	STAILQ_FOREACH(row, &watcher->rows, entry) {
		if (!is_first(watcher, row))
			continue;
		sum = figure == KNOWN;
		STAILQ_FOREACH(w, &watcher->rows, entry)
			if (strcmp(w->resource, row->resource) == 0)
				sum = watch_figure(w, figure, sum);
		evbuffer_add_printf(out, "%s{cluster=\"%s\",resource=\"%s\"} "
		    "%llu\n", name, label(row->cluster), label(row->resource),
		    (unsigned long long)sum);
	}
}

static void
put_watches(struct evbuffer *out)
{
	static const struct { const char *name, *type, *help; } figures[] = {
		{ "kanata_watch_events_total", "counter",
		    "Objects and events that came in." },
		{ "kanata_watch_received_bytes_total", "counter",
		    "Bytes that came in." },
		{ "kanata_watch_restarts_total", "counter",
		    "Requests that ended otherwise than they should." },
		{ "kanata_watch_objects", "gauge", "Objects that are kept." },
		{ "kanata_watch_last_event_timestamp_seconds", "gauge",
		    "When the last one came; 0: never." },
		{ "kanata_watch_known", "gauge",
		    "1 if the first list is complete, or may not be read." },
	};
	const struct watcher *watcher;
	unsigned i;

	for (i = 0; i < WATCH_FIGURES; i++) {
		put_head(out, figures[i].name, figures[i].type,
		    figures[i].help);
		LIST_FOREACH(watcher, &mirror.watchers, entry)
			put_watcher(out, watcher, figures[i].name, i);
	}
}

/* -- components and incidents ---------------------------------------------- */

static void
put_components(struct evbuffer *out)
{
	unsigned count[HEALTH_MAX] = { 0 }, i;
	uint64_t now = clock_now(), lag = 0, differ = 0;
	struct component *c;

	RB_FOREACH(c, component_tree, &mirror.components) {
		count[c->health]++;
		if (c->differs == 0)
			continue;
		differ++;
		if (now > c->differs && now - c->differs > lag)
			lag = now - c->differs;
	}
	put_head(out, "kanata_components", "gauge", "Components, by health.");
	for (i = 0; i < HEALTH_MAX; i++)
		evbuffer_add_printf(out, "kanata_components{health=\"%s\"} "
		    "%u\n", health_name(i), count[i]);
	put_gauge(out, "kanata_components_differing",
	    "Components whose status on the page is not what it should be.",
	    differ);
	put_head(out, "kanata_page_lag_seconds", "gauge",
	    "For how long at most a component differs from the page.");
	evbuffer_add_printf(out, "kanata_page_lag_seconds %.3f\n",
	    lag / 1000.0);
}

static void
put_incidents(struct evbuffer *out)
{
	unsigned count[PHASE_MAX] = { 0 }, pending = 0, i;
	struct incident *in;

	RB_FOREACH(in, incident_tree, &mirror.incidents) {
		count[in->status]++;
		pending += in->pending != PHASE_MAX;
	}
	put_head(out, "kanata_incidents", "gauge",
	    "Incidents that are open or remembered, by status.");
	for (i = 0; i < PHASE_MAX; i++)
		evbuffer_add_printf(out, "kanata_incidents{status=\"%s\"} "
		    "%u\n", incident_phase_name(i), count[i]);
	put_gauge(out, "kanata_incidents_pending",
	    "Incidents with a change that the page has not acknowledged.",
	    pending);
}

/* The numbers of enum health. */
#define HEALTH_HELP	"Health: 0 unknown, 1 ok, 2 idle, 3 rolling, "	\
			"4 degraded, 5 partial, 6 major."

static void
put_health(struct evbuffer *out, const struct component *c)
{
	evbuffer_add_printf(out, "kanata_component_health{component=\"%s\","
	    "cluster=\"%s\"} %u\n", label(c->id), label(c->cluster),
	    c->health);
}

/* -- the answer ------------------------------------------------------------ */

struct scrape {
	char	*last;		/* component, NULL: not begun */
};

static void
put_all_but_health(struct evbuffer *out)
{
	put_head(out, "kanata_build_info", "gauge", "What it was built from.");
	evbuffer_add_printf(out, "kanata_build_info{version=\"%s\","
	    "commit=\"%s\"} 1\n", KANATA_VERSION, BUILD_COMMIT);
	put_gauge(out, "kanata_web_connections",
	    "Connections to kanata-web.", server_connections());
	put_workers(out);
	put_watches(out);
	put_rows(out);
	if (mirror.notifier) {
		put_components(out);
		put_incidents(out);
		put_head(out, "kanata_component_health", "gauge", HEALTH_HELP);
	}
}

static enum fill
scrape_fill(void *arg, struct evbuffer *out)
{
	struct scrape *s = arg;
	struct component find = { .id = s->last }, *c;

	if (s->last == NULL) {
		put_all_but_health(out);
		c = RB_MIN(component_tree, &mirror.components);
	} else {
		c = RB_NFIND(component_tree, &mirror.components, &find);
		if (c != NULL && component_compare(c, &find) == 0)
			c = RB_NEXT(component_tree, &mirror.components, c);
	}
	for (; c != NULL; c = RB_NEXT(component_tree, &mirror.components, c)) {
		put_health(out, c);
		if (evbuffer_get_length(out) < PIECE)
			continue;
		free(s->last);
		s->last = xstrdup(c->id);
		return (FILL_MORE);
	}
	return (FILL_END);
}

static void
scrape_end(void *arg)
{
	struct scrape *s = arg;

	free(s->last);
	free(s);
}

static void
answer_metrics(struct request *req)
{
	static const struct source source = { scrape_fill, scrape_end, false };
	struct scrape *s = xcalloc(1, sizeof(*s));

	request_reply_source(req, "text/plain; version=0.0.4; charset=utf-8",
	    &source, s);
}

const struct route metrics_routes[] = {
	{ "/metrics", METHOD_GET, answer_metrics },
	{ NULL, 0, NULL }
};
