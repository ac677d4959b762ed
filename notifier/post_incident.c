/*
 * The operations on incidents: opening one, looking whether it or an update of it
 * came through, updating it.
 */
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "post_local.h"

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

/* -- a new one ------------------------------------------------------------ */

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
		unsure = post_broken(reply, API_UNSURE,
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

void
post_incident_create(struct post *p)
{
	post_send("POST", instatus_create_body(&p->op), on_created, p,
	    "/v1/%s/incidents", p->page);
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
		bad = post_broken(reply, API_RETRY, "the answer is not a list");
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
	post_send("GET", NULL, on_incidents, p,
	    "/v1/%s/incidents?%spage=%u&per_page=%d", p->page,
	    p->everything ? "" : "%21status=RESOLVED&", p->part,
	    INSTATUS_PER_PAGE);
}

/* -- an update of one ----------------------------------------------------- */

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
	post_send("POST", instatus_update_body(&p->op), on_updated, p,
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
		bad = post_broken(reply, API_RETRY,
		    "the answer is not an incident");
		post_failed(p, &bad, true, OP_RETRY);
		return;
	}
	if (instatus_has_update(reply->json, p->op.started)) {
		log_info("%s: the update had come through", post_describe(p));
		post_done(p, OP_DONE, NULL, 0);
	} else if (i.phase == PHASE_RESOLVED && !p->op.reopen) {
		log_info("%s was resolved by somebody else; its components "
		    "stay silent until they are well", post_describe(p));
		post_done(p, OP_FOREIGN, NULL, 0);
	} else if (find) {
		log_info("%s: the update has not come through",
		    post_describe(p));
		post_done(p, OP_ABSENT, NULL, 0);
	} else if ((body = instatus_incident_body(reply->json, &p->op)) !=
	    NULL) {
		post_send("PUT", body, on_incident_put, p,
		    "/v1/%s/incidents/%s", p->page, p->instatus_id);
	} else
		send_update(p);
}

void
post_incident_update(struct post *p)
{
	post_send("GET", NULL, on_incident, p, "/v1/%s/incidents/%s", p->page,
	    p->instatus_id);
}

void
post_incident_find(struct post *p)
{
	if (p->instatus_id != NULL) {
		post_incident_update(p);
		return;
	}
	p->part = 1;
	find_next(p);
}
