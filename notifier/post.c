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
#include "../common/xmalloc.h"
#include "gate.h"
#include "post_local.h"

#define MISSING_TRIES	3

static unsigned flying;

unsigned
post_flying(void)
{
	return (flying);
}

static char *
copy_or_null(const char *s)
{
	return (s == NULL ? NULL : xstrdup(s));
}

static struct post *
post_new(const struct operation *op)
{
	struct post *p = xcalloc(1, sizeof(*p));
	size_t n;

	p->component = xcalloc(op->ncomponent + 1, sizeof(*p->component));
	p->component_id = xcalloc(op->ncomponent + 1,
	    sizeof(*p->component_id));
	p->op = *op;
	p->op.page = p->page = copy_or_null(op->page);
	p->op.instatus_id = p->instatus_id = copy_or_null(op->instatus_id);
	p->op.name = p->name = copy_or_null(op->name);
	p->op.message = p->message = copy_or_null(op->message);
	p->op.private = p->private = copy_or_null(op->private);
	p->op.rename = p->rename = copy_or_null(op->rename);
	p->op.key = p->key = copy_or_null(op->key);
	for (n = 0; n < op->ncomponent; n++) {
		p->component_id[n] = xstrdup(op->component[n].id);
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

static enum metric
metric_of(enum operation_result result)
{
	switch (result) {
	case OP_DONE:
		return (METRIC_POSTS_DONE);
	case OP_ABSENT:
		return (METRIC_POSTS_ABSENT);
	case OP_FOREIGN:
		return (METRIC_POSTS_FOREIGN);
	case OP_RETRY:
		return (METRIC_POSTS_RETRIED);
	case OP_REFUSED:
		return (METRIC_POSTS_REFUSED);
	default:
		return (METRIC_POSTS_UNSURE);
	}
}

void
post_done(struct post *p, enum operation_result result, const char *id,
    uint64_t delay)
{
	/* What only looked is no post. */
	if (p->op.type != OP_FIND)
		feed_count(metric_of(result));
	incidents_done(core, p->op.id, result, id, delay, clock_now());
	post_free(p);
	notifier_kick();
}

const char *
post_describe(const struct post *p)
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

void
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
		    "again", post_describe(p), reply->error);
		page_soon();
		break;
	case OP_ABSENT:
	case OP_FOREIGN:
		log_warnx("%s: it is not there any more", post_describe(p));
		break;
	default:
		log_warnx("%s: %s; %s in %llu.%llu s", post_describe(p),
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

void
post_send(const char *method, char *body, api_done_fn done, struct post *p,
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

struct api_reply
post_broken(const struct api_reply *reply, enum api_result result,
    const char *why)
{
	struct api_reply r = *reply;

	if (r.result != API_OK)
		return (r);
	r.result = result;
	strlcpy(r.error, why, sizeof(r.error));
	return (r);
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
	log_info("%s is shown as %s", post_describe(p),
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
		bad = post_broken(reply, API_RETRY,
		    "the answer is not a component");
		post_failed(p, &bad, true, OP_ABSENT);
		return;
	}
	if (c.status == wanted && (p->op.again || wanted == PAGE_OPERATIONAL))
		post_done(p, OP_DONE, NULL, 0);
	else if (c.status == PAGE_OPERATIONAL || c.status == p->op.expect ||
	    (p->op.again && c.status == wanted))
		post_send("PUT", instatus_status_body(wanted), on_status_put, p,
		    "/v1/%s/components/%s", p->page, p->component_id[0]);
	else {
		log_info("%s: somebody else has set it to %s; left alone",
		    post_describe(p), page_status_name(c.status));
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

/* -- all of them ---------------------------------------------------------- */

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
		post_observe(op);
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
		post_incident_create(p);
		break;
	case OP_STATUS:
		post_send("GET", NULL, on_component, p, "/v1/%s/components/%s",
		    p->page, p->component_id[0]);
		break;
	case OP_WEBHOOK:
		api_webhook(op->down, on_triggered, p);
		break;
	case OP_FIND:
		post_incident_find(p);
		break;
	default:
		post_incident_update(p);
		break;
	}
}
