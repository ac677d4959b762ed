/*
 * Carries the core's operations out, one or two requests each: looks before it
 * writes, so that nothing is said twice and nothing of a human is overwritten.
 */
#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "gate.h"
#include "notifier.h"

#define MISSING_TRIES	3

/* An operation with texts of its own: those of the core may change
 * meanwhile. */
struct post {
	struct operation op;
	char		*page, *instatus_id, *name, *message, *private, *key;
	char		*rename;
	struct operation_component *component;
	char		**component_id;
	unsigned	 part;		/* of a list */
	bool		 everything;	/* resolved incidents too */
};

static unsigned flying;

unsigned
post_flying(void)
{
	return (flying);
}

static char *
copy(const char *s)
{
	char *p = NULL;

	if (s != NULL && (p = strdup(s)) == NULL)
		fatal("strdup");
	return (p);
}

static struct post *
post_new(const struct operation *op)
{
	struct post *p;
	size_t n;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (p->component = calloc(op->ncomponent + 1,
	    sizeof(*p->component))) == NULL ||
	    (p->component_id = calloc(op->ncomponent + 1,
	    sizeof(*p->component_id))) == NULL)
		fatal("calloc");
	p->op = *op;
	p->op.page = p->page = copy(op->page);
	p->op.instatus_id = p->instatus_id = copy(op->instatus_id);
	p->op.name = p->name = copy(op->name);
	p->op.message = p->message = copy(op->message);
	p->op.private = p->private = copy(op->private);
	p->op.rename = p->rename = copy(op->rename);
	p->op.key = p->key = copy(op->key);
	for (n = 0; n < op->ncomponent; n++) {
		p->component_id[n] = copy(op->component[n].id);
		p->component[n].id = p->component_id[n];
		p->component[n].status = op->component[n].status;
	}
	p->op.component = p->component;
	flying++;
	return (p);
}

static void
post_free(struct post *p)
{
	size_t n;

	for (n = 0; n < p->op.ncomponent; n++)
		free(p->component_id[n]);
	free(p->component_id);
	free(p->component);
	free(p->page);
	free(p->instatus_id);
	free(p->name);
	free(p->message);
	free(p->private);
	free(p->rename);
	free(p->key);
	free(p);
	flying--;
}

static void
count(const struct operation *op, enum operation_result result)
{
	static const enum metric metrics[] = {
		[OP_DONE] = METRIC_POSTS_DONE, [OP_ABSENT] = METRIC_POSTS_ABSENT,
		[OP_FOREIGN] = METRIC_POSTS_FOREIGN,
		[OP_RETRY] = METRIC_POSTS_RETRIED,
		[OP_UNSURE] = METRIC_POSTS_UNSURE,
		[OP_REFUSED] = METRIC_POSTS_REFUSED
	};

	/* That only looked. */
	if (op->type != OP_FIND)
		feed_count(metrics[result]);
}

static void
post_done(struct post *p, enum operation_result result, const char *id,
    uint64_t delay)
{
	count(&p->op, result);
	incidents_done(core, p->op.id, result, id, delay, clock_now());
	post_free(p);
	notifier_kick();
}

/* What it is called in the log. */
static const char *
describe(const struct post *p)
{
	static char text[512];

	switch (p->op.type) {
	case OP_STATUS:
		snprintf(text, sizeof(text), "component %s (%s)",
		    log_safe(p->component_id[0]), log_safe(p->name));
		break;
	case OP_WEBHOOK:
		snprintf(text, sizeof(text), "webhook");
		break;
	default:
		snprintf(text, sizeof(text), "incident %s (%s)",
		    log_safe(p->instatus_id != NULL ? p->instatus_id :
		    p->key), log_safe(p->name));
		break;
	}
	return (text);
}

/*
 * The request failed.  looking: it only looked, so nothing was done; lost says
 * what a 404 means.
 */
static void
post_failed(struct post *p, const struct api_reply *reply, bool looking,
    enum operation_result lost)
{
	uint64_t delay = api_delay(reply, p->op.attempt);
	enum operation_result result = OP_RETRY;
	bool find = p->op.type == OP_FIND;

	/* One 404 alone is believed of nothing: the list that is read next, or
	 * more of them, say so. */
	if (reply->result == API_MISSING)
		result = lost == OP_REFUSED || p->op.attempt >= MISSING_TRIES ?
		    lost : OP_RETRY;
	else if (reply->result == API_REFUSED)
		result = find ? OP_RETRY : OP_REFUSED;
	else if (reply->result == API_UNSURE && !looking)
		result = api_late(reply) ? OP_LATE : OP_UNSURE;
	switch (result) {
	case OP_REFUSED:
		log_warnx("%s: refused: %s; the page is read, then it is tried "
		    "again", describe(p), reply->error);
		page_soon();
		break;
	case OP_ABSENT:
	case OP_FOREIGN:
		log_warnx("%s: it is not there any more", describe(p));
		break;
	default:
		log_warnx("%s: %s; %s in %llu.%llu s", describe(p),
		    reply->error, result == OP_UNSURE || result == OP_LATE ?
		    "looking whether it came through" : "again",
		    (unsigned long long)delay / 1000,
		    (unsigned long long)delay % 1000 / 100);
		break;
	}
	if (reply->result == API_MISSING)
		page_soon();
	post_done(p, result, NULL, delay);
}

static void
send_to(const char *method, char *body, api_done_fn done, struct post *p,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

static void
send_to(const char *method, char *body, api_done_fn done, struct post *p,
    const char *format, ...)
{
	char path[640];
	va_list ap;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	/* While it looked, another one may have begun to speak. */
	if (strcmp(method, "GET") != 0 && !persist_speaks()) {
		free(body);
		post_done(p, OP_RETRY, NULL, 0);
		return;
	}
	api_send(method, path, body, false, done, p);
}

/* An answer that is no answer. */
static struct api_reply
broken(const struct api_reply *reply, enum api_result result, const char *why)
{
	struct api_reply r = *reply;

	if (r.result != API_OK)
		return (r);
	r.result = result;
	strlcpy(r.error, why, sizeof(r.error));
	return (r);
}

/* What visitors are not told. */
static void
log_private(const struct post *p, const char *id)
{
	const char *line = p->private;
	char text[1024];
	size_t len;

	for (; line != NULL && *line != '\0'; line += len + (line[len] != '\0')) {
		len = strcspn(line, "\n");
		snprintf(text, sizeof(text), "%.*s", (int)len, line);
		log_info("incident %s: %s", id, log_safe(text));
	}
}

/* -- a new incident ------------------------------------------------------- */

static void
on_created(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;
	struct instatus_incident i;
	struct api_reply unsure;

	if (reply->result != API_OK) {
		post_failed(p, reply, false, OP_REFUSED);
		return;
	}
	if (!instatus_incident(reply->json, &i)) {
		unsure = broken(reply, API_UNSURE,
		    "the answer has no id of an incident");
		post_failed(p, &unsure, false, OP_REFUSED);
		return;
	}
	log_info("incident %s (%s) opened, %zu component%s", log_safe(i.id),
	    log_safe(p->name), p->op.ncomponent,
	    p->op.ncomponent == 1 ? "" : "s");
	log_private(p, i.id);
	post_done(p, OP_DONE, i.id, 0);
}

/* -- was it opened? ------------------------------------------------------- */

static void	find_next(struct post *);

static void
on_found(struct post *p, const struct instatus_incident *i)
{
	log_info("incident %s (%s) had come through", log_safe(i->id),
	    log_safe(p->name));
	post_done(p, i->phase == PHASE_RESOLVED ? OP_FOREIGN : OP_DONE, i->id,
	    0);
}

static void
on_incidents(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;
	struct instatus_incident i;
	struct api_reply bad;
	json_t *item;
	size_t n, k;
	bool full;

	if (reply->result != API_OK ||
	    instatus_list(reply->json, &n, &full) == -1) {
		bad = broken(reply, API_RETRY, "the answer is not a list");
		post_failed(p, &bad, true, OP_RETRY);
		return;
	}
	json_array_foreach(reply->json, k, item)
		if (instatus_incident(item, &i) &&
		    i.started == p->op.started &&
		    strcmp(i.name, p->name) == 0) {
			on_found(p, &i);
			return;
		}
	/* All that are open; then the newest of all, in case that somebody
	 * has resolved it already. */
	if (full && !p->everything && p->part < INSTATUS_PAGES_MAX) {
		p->part++;
		find_next(p);
	} else if (!p->everything) {
		p->everything = true;
		p->part = 1;
		find_next(p);
	} else {
		log_info("incident %s (%s) has not come through", p->key,
		    log_safe(p->name));
		post_done(p, OP_ABSENT, NULL, 0);
	}
}

static void
find_next(struct post *p)
{
	send_to("GET", NULL, on_incidents, p,
	    "/v1/%s/incidents?%spage=%u&per_page=%d", p->page,
	    p->everything ? "" : "%21status=RESOLVED&", p->part,
	    INSTATUS_PER_PAGE);
}

/* -- an update of an incident --------------------------------------------- */

static void
on_updated(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;

	if (reply->result != API_OK) {
		post_failed(p, reply, false, OP_ABSENT);
		return;
	}
	log_info("incident %s (%s) %s", log_safe(p->instatus_id),
	    log_safe(p->name), p->op.phase == PHASE_RESOLVED ? "resolved" :
	    p->op.reopen ? "opened again" :
	    p->op.phase == PHASE_MONITORING ? "updated: it gets better" :
	    "updated");
	log_private(p, p->instatus_id);
	post_done(p, OP_DONE, NULL, 0);
}

static void
send_update(struct post *p)
{
	send_to("POST", instatus_update_body(&p->op), on_updated, p,
	    "/v1/%s/incidents/%s/incident-updates", p->page, p->instatus_id);
}

static void
on_incident_put(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;

	/* It says the same however often it is said. */
	if (reply->result != API_OK)
		post_failed(p, reply, true, OP_ABSENT);
	else
		send_update(p);
}

/* The incident as it stands, before it is updated or instead of it. */
static void
on_incident(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;
	bool find = p->op.type == OP_FIND;
	struct instatus_incident i;
	struct api_reply bad;
	char *body;

	if (reply->result != API_OK) {
		post_failed(p, reply, true, find ? OP_FOREIGN : OP_ABSENT);
		return;
	}
	if (!instatus_incident(reply->json, &i)) {
		bad = broken(reply, API_RETRY, "the answer is not an incident");
		post_failed(p, &bad, true, OP_RETRY);
		return;
	}
	if (instatus_has_update(reply->json, p->op.started)) {
		log_info("%s: the update had come through", describe(p));
		post_done(p, OP_DONE, NULL, 0);
	} else if (i.phase == PHASE_RESOLVED && !p->op.reopen) {
		log_info("%s was resolved by somebody else; its components "
		    "stay silent until they are well", describe(p));
		post_done(p, OP_FOREIGN, NULL, 0);
	} else if (find) {
		log_info("%s: the update has not come through", describe(p));
		post_done(p, OP_ABSENT, NULL, 0);
	} else if ((body = instatus_incident_body(reply->json, &p->op)) !=
	    NULL) {
		send_to("PUT", body, on_incident_put, p,
		    "/v1/%s/incidents/%s", p->page, p->instatus_id);
	} else
		send_update(p);
}

/* -- the status of one component ------------------------------------------ */

static void
on_status_put(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;

	if (reply->result != API_OK) {
		post_failed(p, reply, false, OP_ABSENT);
		return;
	}
	log_info("%s is shown as %s", describe(p),
	    page_status_name(p->component->status));
	post_done(p, OP_DONE, NULL, 0);
}

static void
on_component(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;
	enum page_status wanted = p->component->status;
	struct instatus_component c;
	struct api_reply bad;

	if (reply->result != API_OK || !instatus_component(reply->json, &c)) {
		bad = broken(reply, API_RETRY, "the answer is not a component");
		post_failed(p, &bad, true, OP_ABSENT);
		return;
	}
	if (c.status == wanted && (p->op.again || wanted == PAGE_OPERATIONAL))
		post_done(p, OP_DONE, NULL, 0);
	else if (c.status == PAGE_OPERATIONAL || c.status == p->op.expect ||
	    (p->op.again && c.status == wanted))
		send_to("PUT", instatus_status_body(wanted), on_status_put, p,
		    "/v1/%s/components/%s", p->page, p->component_id[0]);
	else {
		log_info("%s: somebody else has set it to %s; left alone",
		    describe(p), page_status_name(c.status));
		page_soon();
		post_done(p, OP_FOREIGN, NULL, 0);
	}
}

/* -- the webhook ---------------------------------------------------------- */

static void
on_triggered(const struct api_reply *reply, void *arg)
{
	struct post *p = arg;

	if (reply->result != API_OK) {
		post_failed(p, reply, false, OP_REFUSED);
		return;
	}
	log_info("webhook: trigger %s", p->op.down ? "down" : "up");
	post_done(p, OP_DONE, NULL, 0);
}

/* -- what it would do ----------------------------------------------------- */

static void
observe(const struct operation *op)
{
	const char *id = NULL;
	size_t n;

	switch (op->type) {
	case OP_CREATE:
		log_info("observe: would create incident \"%s\"",
		    log_safe(op->name));
		id = "observed";
		break;
	case OP_UPDATE:
		log_info("observe: would update incident %s (%s) as %s",
		    log_safe(op->instatus_id), log_safe(op->name),
		    incident_phase_name(op->phase));
		break;
	case OP_STATUS:
		log_info("observe: would show component %s (%s) as %s",
		    log_safe(op->component->id), log_safe(op->name),
		    page_status_name(op->component->status));
		break;
	case OP_WEBHOOK:
		log_info("observe: would trigger the webhook: %s",
		    op->down ? "down" : "up");
		break;
	default:
		incidents_done(core, op->id, OP_ABSENT, NULL, 0, clock_now());
		return;
	}
	if (op->type == OP_CREATE || op->type == OP_UPDATE)
		for (n = 0; n < op->ncomponent; n++)
			log_info("observe:     %s %s",
			    log_safe(op->component[n].id),
			    op->component[n].status == PAGE_STATUS_MAX ?
			    "as it is" :
			    page_status_name(op->component[n].status));
	incidents_done(core, op->id, OP_DONE, id, 0, clock_now());
}

/* An id from the configuration or the store becomes part of a path. */
static bool
ids_fit(const struct operation *op)
{
	return ((op->page == NULL || instatus_id_ok(op->page)) &&
	    (op->instatus_id == NULL || instatus_id_ok(op->instatus_id)) &&
	    (op->type != OP_STATUS || instatus_id_ok(op->component->id)));
}

void
post_start(const struct operation *op)
{
	struct post *p;

	if (worker_observe()) {
		observe(op);
		return;
	}
	if (!ids_fit(op)) {
		log_warnx("%s: an id that cannot be one; not posted",
		    log_safe(op->key));
		incidents_done(core, op->id, OP_REFUSED, NULL, BACKOFF_MAX,
		    clock_now());
		return;
	}
	/* Opened only on fresh knowledge of what humans have set. */
	if (op->type == OP_CREATE && !page_fresh()) {
		page_soon();
		incidents_done(core, op->id, OP_RETRY, NULL, 0, clock_now());
		return;
	}
	p = post_new(op);
	switch (op->type) {
	case OP_CREATE:
		send_to("POST", instatus_create_body(&p->op), on_created, p,
		    "/v1/%s/incidents", p->page);
		break;
	case OP_STATUS:
		send_to("GET", NULL, on_component, p, "/v1/%s/components/%s",
		    p->page, p->component_id[0]);
		break;
	case OP_WEBHOOK:
		api_webhook(op->down, on_triggered, p);
		break;
	case OP_FIND:
		if (op->instatus_id == NULL) {
			p->part = 1;
			find_next(p);
			break;
		}
		/* FALLTHROUGH */
	default:
		send_to("GET", NULL, on_incident, p, "/v1/%s/incidents/%s",
		    p->page, p->instatus_id);
		break;
	}
}
