#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json_text.h"
#include "../common/json_values.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "instatus.h"
#include "member.h"

/* -- what an answer means ------------------------------------------------- */

/* {"error":{"code":..,"message":..}}; in practice also {"error":".."} and
 * {"message":".."}.  The text is what the server chose. */
static const char *
error_message(const json_t *json)
{
	const json_t *error = json_object_get(json, "error");
	const char *s;

	if ((s = json_string_value(json_object_get(error, "message"))) == NULL)
		s = json_string_value(error);
	if (s == NULL)
		s = json_string_value(json_object_get(json, "message"));
	return (s);
}

static void
judge_status(const struct http_reply *http, bool write, struct api_reply *r)
{
	const char *said = error_message(r->json);

	if (http->status == 401 || http->status == 403)
		r->result = API_UNAUTHORISED;
	else if (http->status == 404)
		r->result = API_MISSING;
	else if (http->status == 429)
		r->result = API_RETRY;
	else if (http->status == 408 || http->status >= 500)
		r->result = write ? API_UNSURE : API_RETRY;
	else if (http->status >= 400)
		r->result = API_REFUSED;
	else
		r->result = API_RETRY;	/* a redirect is not followed */
	snprintf(r->error, sizeof(r->error), "HTTP status %ld%s%s",
	    http->status, said != NULL ? ": " : "",
	    said != NULL ? log_safe(said) : "");
}

void
instatus_judge(const struct http_reply *http, bool write, struct api_reply *r)
{
	json_error_t error;

	memset(r, 0, sizeof(*r));
	r->retry_after = -1;
	switch (http->outcome) {
	case HTTP_REPLY:
		break;
	case HTTP_NOT_SENT:
		r->result = API_RETRY;
		snprintf(r->error, sizeof(r->error), "%s", http->error);
		return;
	default:
		r->result = write ? API_UNSURE : API_RETRY;
		snprintf(r->error, sizeof(r->error), "%s", http->error != NULL ?
		    http->error : "no complete answer");
		return;
	}
	r->status = http->status;
	r->retry_after = http->retry_after;
	if (http->body != NULL && json_values_ok(http->body, http->len))
		r->json = json_loadb(http->body, http->len,
		    JSON_REJECT_DUPLICATES, &error);
	if (http->status < 200 || http->status > 299) {
		judge_status(http, write, r);
		return;
	}
	if (r->json != NULL || (write && http->len == 0)) {
		r->result = API_OK;
		return;
	}
	r->result = write ? API_UNSURE : API_RETRY;
	snprintf(r->error, sizeof(r->error),
	    "the answer %s (HTTP status %ld, %zu bytes)",
	    json_values_ok(http->body, http->len) ? "is not JSON" :
	    "has too many values", http->status, http->len);
}

bool
instatus_id_ok(const char *id)
{
	size_t n;

	if (id == NULL)
		return (false);
	for (n = 0; id[n] != '\0'; n++)
		if (n >= INSTATUS_ID_MAX || (!isalnum((unsigned char)id[n]) &&
		    id[n] != '-' && id[n] != '_'))
			return (false);
	return (n > 0);
}

/* -- bodies --------------------------------------------------------------- */

static json_t *
ids_of(const struct operation *op)
{
	json_t *ids = json_array();
	size_t n;

	for (n = 0; n < op->ncomponent; n++)
		member_append(ids, json_string(op->component[n].id));
	return (ids);
}

static json_t *
statuses_of(const struct operation *op)
{
	json_t *statuses = json_array(), *one;
	size_t n;

	for (n = 0; op->statuses && n < op->ncomponent; n++) {
		if (op->component[n].status == PAGE_STATUS_MAX)
			continue;
		one = json_object();
		member_put_string(one, "id", op->component[n].id);
		member_put_string(one, "status",
		    page_status_name(op->component[n].status));
		member_append(statuses, one);
	}
	return (statuses);
}

static json_t *
common_body(const struct operation *op)
{
	json_t *body = json_object();
	char started[TIMESTAMP_SIZE];

	member_put_string(body, "message", op->message);
	member_put(body, "components", ids_of(op));
	member_put_string(body, "started", timestamp_format(op->started, started));
	member_put_string(body, "status", incident_phase_name(op->phase));
	member_put(body, "notify", json_true());
	member_put(body, "statuses", statuses_of(op));
	return (body);
}

char *
instatus_create_body(const struct operation *op)
{
	json_t *body = common_body(op);

	member_put_string(body, "name", op->name);
	member_put(body, "shouldPublish", json_true());
	return (json_render(body));
}

char *
instatus_update_body(const struct operation *op)
{
	return (json_render(common_body(op)));
}

char *
instatus_status_body(enum page_status status)
{
	json_t *body = json_object();

	member_put_string(body, "status", page_status_name(status));
	return (json_render(body));
}

static bool
has_component(const json_t *components, const char *id)
{
	const char *other;
	json_t *one;
	size_t n;

	json_array_foreach(components, n, one) {
		other = json_string_value(json_object_get(one, "id"));
		if (other != NULL && strcmp(other, id) == 0)
			return (true);
	}
	return (false);
}

/*
 * Clients report that PUT validates the whole incident, so it is sent back
 * whole, and that an incident update alone does not change which components it
 * has.
 */
char *
instatus_incident_body(const json_t *incident, const struct operation *op)
{
	const json_t *components = json_object_get(incident, "components");
	struct instatus_incident i;
	const char *name;
	bool all = true;
	size_t n;
	json_t *body;

	if (!json_is_array(components) || !instatus_incident(incident, &i) ||
	    i.phase == PHASE_MAX || i.started == 0)
		return (NULL);
	for (n = 0; n < op->ncomponent; n++)
		all = all && has_component(components, op->component[n].id);
	name = i.name;
	if (op->rename != NULL && strcmp(i.name, op->name) == 0)
		name = op->rename;
	if (all && json_array_size(components) == op->ncomponent &&
	    name == i.name)
		return (NULL);
	body = json_object();
	member_put_string(body, "name", name);
	member_put(body, "components", ids_of(op));
	member_put(body, "started", json_deep_copy(json_object_get(incident,
	    "started")));
	member_put_string(body, "status", incident_phase_name(i.phase));
	member_put(body, "notify", json_false());
	return (json_render(body));
}

/* -- replies -------------------------------------------------------------- */

int
instatus_list(const json_t *json, size_t *n, bool *full)
{
	if (!json_is_array(json))
		return (-1);
	*n = json_array_size(json);
	*full = *n >= INSTATUS_PER_PAGE;
	return (0);
}

bool
instatus_page(const json_t *list, size_t n, struct instatus_page *page)
{
	const json_t *item = json_array_get(list, n);

	page->id = member_string(item, "id");
	page->name = member_string(item, "name");
	return (instatus_id_ok(page->id));
}

bool
instatus_component(const json_t *json, struct instatus_component *c)
{
	c->id = member_string(json, "id");
	c->name = member_string(json, "name");
	c->status = page_status_parse(member_string(json, "status"));
	return (instatus_id_ok(c->id) && c->status != PAGE_STATUS_MAX);
}

bool
instatus_incident(const json_t *json, struct instatus_incident *i)
{
	i->id = member_string(json, "id");
	i->name = member_string(json, "name");
	i->started = timestamp_parse(member_string(json, "started"));
	i->phase = incident_phase_parse(member_string(json, "status"));
	return (instatus_id_ok(i->id));
}

bool
instatus_has_update(const json_t *incident, uint64_t started)
{
	const json_t *updates = json_object_get(incident, "updates");
	json_t *update;
	size_t n;

	json_array_foreach(updates, n, update)
		if (timestamp_parse(member_string(update, "started")) == started)
			return (true);
	return (false);
}
