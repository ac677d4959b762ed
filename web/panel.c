/* The parts of the page but for the components. */
#include <string.h>

#include "../common/clock.h"
#include "panel.h"

/* What is wrong with what is here: it may be old. */
static const char *
stale(void)
{
	if (!mirror.notifier)
		return ("the notifier is not there: what is here may be old");
	if (mirror.metrics[METRIC_STANDBY] != 0)
		return ("another kanatad leads and posts");
	if (mirror.metrics[METRIC_STORE_REACHABLE] == 0)
		return ("the store cannot be reached");
	return (NULL);
}

void
panel_summary(struct evbuffer *buf)
{
	struct component *c;
	unsigned well = 0, absent = 0, all = 0;
	const char *why = stale();

	RB_FOREACH(c, component_tree, &mirror.components) {
		all++;
		well += c->page == PAGE_OPERATIONAL;
		absent += c->page == PAGE_STATUS_MAX;
	}
	html(buf, "<div id=\"summary\"><p>%u of %u components are operational.",
	    well, all);
	if (absent > 0)
		html(buf, " Of %u it is not known, or they are not on the page.",
		    absent);
	html(buf, "</p>");
	if (why != NULL)
		html(buf, "<p class=\"problem\">Beware: %s.</p>", why);
	html(buf, "</div>");
}

/* -- incidents ------------------------------------------------------------- */

static void
past_words(struct evbuffer *buf, const struct past *p)
{
	switch (p->kind) {
	case HISTORY_HEALTH:
		html(buf, "%s: %s, was %s", panel_component_name(p->component),
		    health_name(p->to), health_name(p->from));
		break;
	case HISTORY_PAGE:
		html(buf, "%s: the page shows %s",
		    panel_component_name(p->component),
		    panel_status_words(p->to));
		break;
	case HISTORY_INCIDENT:
		html(buf, "Posted as %s", incident_phase_name(p->to));
		break;
	case HISTORY_SILENCE:
	case HISTORY_MAINTENANCE:
		html(buf, "%s: %s %s", panel_component_name(p->component),
		    p->kind == HISTORY_SILENCE ? "silence" : "maintenance",
		    p->to != 0 ? "begins" : "ends");
		break;
	default:
		break;
	}
	if (p->text[0] != '\0' && p->kind != HISTORY_INCIDENT)
		html(buf, " (%s)", p->text);
}

static bool
is_of(const struct incident *i, const struct past *p)
{
	unsigned n;

	if (p->incident[0] != '\0')
		return (strcmp(p->incident, i->key) == 0 ||
		    (i->id[0] != '\0' && strcmp(p->incident, i->id) == 0));
	if (p->time < i->started)
		return (false);
	for (n = 0; n < i->ncomponent; n++)
		if (strcmp(i->component[n].id, p->component) == 0)
			return (true);
	return (false);
}

#define TIMELINE_MAX	30	/* lines */

static void
timeline(struct evbuffer *buf, const struct incident *i)
{
	const struct past *p;
	unsigned lines = 0;

	html(buf, "<ol class=\"timeline\" reversed>");
	TAILQ_FOREACH(p, &mirror.past, entry) {
		if (!is_of(i, p))
			continue;
		if (lines++ == TIMELINE_MAX)
			break;
		html(buf, "<li>");
		html_time(buf, p->time);
		html(buf, " ");
		past_words(buf, p);
		html(buf, "</li>");
	}
	html(buf, "</ol>");
}

static void
incident(struct evbuffer *buf, const struct incident *i)
{
	unsigned n;

	html(buf, "<li><div class=\"head\"><h3>%s</h3>"
	    "<span class=\"soft\">%s since ", i->name,
	    incident_phase_name(i->status));
	html_time(buf, i->started);
	html(buf, "</span></div><p>");
	for (n = 0; n < i->ncomponent; n++)
		html(buf, "<span class=\"status %s\">%s: %s</span> ",
		    panel_status_class(i->component[n].status),
		    panel_component_name(i->component[n].id),
		    panel_status_words(i->component[n].status));
	html(buf, "</p>");
	if (i->pending != PHASE_MAX) {
		html(buf, "<p class=\"soft\">About to be posted as %s",
		    incident_phase_name(i->pending));
		if (i->attempts > 0)
			html(buf, ", failed %u times", i->attempts);
		html(buf, "</p>");
	}
	timeline(buf, i);
	html(buf, "</li>");
}

void
panel_incidents(struct evbuffer *buf)
{
	struct incident *i;
	bool any = false;

	html(buf, "<div id=\"incidents\"><ul class=\"rows\">");
	RB_FOREACH(i, incident_tree, &mirror.incidents)
		if (i->resolved == 0) {
			incident(buf, i);
			any = true;
		}
	html(buf, "</ul>%s</div>", any ? "" : "None.");
}

/* -- silences -------------------------------------------------------------- */

void
panel_silences(struct evbuffer *buf)
{
	const struct silence *s;

	html(buf, "<div id=\"silences\"><ul class=\"rows\">");
	LIST_FOREACH(s, &mirror.silences, entry) {
		html(buf, "<li>%s: %s ", panel_component_name(s->component),
		    s->maintenance ? "under maintenance" : "silenced");
		html_time(buf, s->since);
		html(buf, " by %s, ends ", s->by);
		if (s->until == 0)
			html(buf, "when somebody ends it");
		else
			html_time(buf, s->until);
		if (s->reason[0] != '\0')
			html(buf, ": %s", s->reason);
		html(buf, "</li>");
	}
	html(buf, "</ul>%s</div>", LIST_EMPTY(&mirror.silences) ? "None." : "");
}

/* -- workers and watches --------------------------------------------------- */

void
panel_workers(struct evbuffer *buf)
{
	const struct worker_row *w;

	html(buf, "<table class=\"wide\" id=\"workers\" "
	    "aria-label=\"Processes\"><thead><tr>"
	    "<th scope=\"col\">Process</th><th scope=\"col\">State</th>"
	    "<th scope=\"col\">Since</th><th scope=\"col\">Restarts</th>"
	    "<th scope=\"col\">Memory</th><th scope=\"col\">Cage</th>"
	    "<th scope=\"col\">Last death</th></tr></thead><tbody>");
	STAILQ_FOREACH(w, &mirror.workers, entry) {
		html(buf, "<tr><th scope=\"row\">%s (%u)</th><td>%s</td>"
		    "<td data-name=\"since\">", w->name,
		    (unsigned)w->pid, w->state);
		html_time(buf, w->started);
		html(buf, "</td><td data-name=\"restarts\">%u</td>"
		    "<td class=\"number\">", (unsigned)w->restarts);
		if (w->memory != 0)
			html(buf, "%u KiB", (unsigned)(w->memory / 1024));
		html(buf, "</td><td>");
		/* Without seccomp no worker starts. */
		if (w->landlock != 0)
			html(buf, "seccomp, Landlock %u",
			    (unsigned)w->landlock);
		else
			html(buf, "seccomp, no Landlock");
		html(buf, "</td><td>%s</td></tr>", w->death);
	}
	html(buf, "</tbody></table>");
}

void
panel_watches(struct evbuffer *buf)
{
	const struct watcher *watcher;
	const struct watch_row *w;

	html(buf, "<table class=\"wide\" id=\"watches\" "
	    "aria-label=\"Watches\"><thead><tr>"
	    "<th scope=\"col\">Cluster</th><th scope=\"col\">Resource</th>"
	    "<th scope=\"col\">Namespace</th><th scope=\"col\">State</th>"
	    "<th scope=\"col\">Objects</th><th scope=\"col\">Last event</th>"
	    "<th scope=\"col\">Restarts</th><th scope=\"col\">Error</th></tr>"
	    "</thead><tbody>");
	LIST_FOREACH(watcher, &mirror.watchers, entry)
		STAILQ_FOREACH(w, &watcher->rows, entry) {
			html(buf, "<tr><th scope=\"row\">%s</th><td>%s</td>"
			    "<td>%s</td>"
			    "<td>%s</td><td data-name=\"objects\">%u</td>"
			    "<td data-name=\"last event\">", w->cluster,
			    w->resource, w->ns[0] != '\0' ? w->ns : "all",
			    w->state, (unsigned)w->objects);
			html_time(buf, w->last_event);
			html(buf, "</td><td data-name=\"restarts\">%u</td>"
			    "<td>%s</td></tr>", (unsigned)w->restarts,
			    w->error);
		}
	html(buf, "</tbody></table>");
}
