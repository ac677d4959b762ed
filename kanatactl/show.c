/* The rows of `kanatactl show`, as text or as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "../common/conf.h"
#include "../common/health.h"
#include "../common/log.h"
#include "kanatactl.h"

/* RFC 3339, UTC; one of four static buffers. */
const char *
show_when(uint64_t ms)
{
	static char buf[4][32];
	static unsigned turn;
	char *p = buf[turn++ % 4];
	time_t t = ms / 1000;
	struct tm tm;

	if (ms == 0 || gmtime_r(&t, &tm) == NULL)
		return ("-");
	strftime(p, sizeof(buf[0]), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return (p);
}

void
show_heading(struct showing *show, enum message_type type, const char *title)
{
	if (show->last != type)
		printf("%s%s\n", show->last == MESSAGE_TYPES ? "" : "\n", title);
	show->last = type;
}

void
show_append(struct showing *show, const char *array, json_t *row)
{
	json_t *rows = json_object_get(show->document, array);

	if (rows == NULL) {
		rows = json_array();
		json_object_set_new(show->document, array, rows);
	}
	if (row == NULL || json_array_append_new(rows, row) == -1)
		fatalx("out of memory");
}

/* "-": it is on no page, or not known here. */
static const char *
show_status(uint64_t status)
{
	return (status < PAGE_STATUS_MAX ? page_status_name(status) : "-");
}

static void
show_component(struct showing *show, struct message *m)
{
	const char *id = message_get_s(m), *name = message_get_s(m),
	    *cluster = message_get_s(m);
	uint64_t health = message_get_u(m), cause = message_get_u(m),
	    ready = message_get_u(m), desired = message_get_u(m),
	    since = message_get_u(m), page = message_get_u(m),
	    wanted = message_get_u(m);
	bool paused = message_get_b(m);
	const char *incident = message_get_s(m), *detail = message_get_s(m);

	if (health != HEALTH_OK && health != HEALTH_IDLE &&
	    health != HEALTH_ROLLING)
		show->bad = true;
	if (show->as_json) {
		show_append(show, "components", json_pack(
		    "{s:o s:o s:o s:s s:s s:o s:o s:s s:s s:s s:b s:o s:o}",
		    "id", json_text(id), "name", json_text(name), "cluster",
		    json_text(cluster), "health", health_name(health), "cause",
		    cause_name(cause), "ready", json_number(ready), "desired",
		    json_number(desired), "since", show_when(since), "page",
		    show_status(page), "wanted", show_status(wanted),
		    "paused", paused, "incident", json_text(incident), "detail",
		    json_text(detail)));
		return;
	}
	show_heading(show, m->type, "COMPONENT");
	printf("%s  %s  %s  %llu/%llu  page %s", log_safe(id),
	    name[0] == '\0' ? "-" : log_safe(name), health_name(health),
	    (unsigned long long)ready, (unsigned long long)desired,
	    show_status(page));
	if (wanted != page)
		printf(" (wanted %s)", show_status(wanted));
	printf("  since %s", show_when(since));
	if (cause != CAUSE_NONE)
		printf("  %s", cause_name(cause));
	if (paused)
		printf("  paused");
	if (incident[0] != '\0')
		printf("  incident %s", log_safe(incident));
	if (detail[0] != '\0')
		printf("  (%s)", log_safe_long(detail));
	putchar('\n');
}

static json_t *
show_part(struct showing *show, struct message *m)
{
	const char *component = message_get_s(m);
	uint64_t status = message_get_u(m), pending = message_get_u(m);

	if (show->as_json)
		return (json_pack("{s:o s:s s:s*}", "id", json_text(component),
		    "status", page_status_name(status), "pending",
		    pending < PAGE_STATUS_MAX ? page_status_name(pending) :
		    NULL));
	printf("  %s %s", log_safe(component), page_status_name(status));
	if (pending < PAGE_STATUS_MAX)
		printf(" (pending %s)", page_status_name(pending));
	return (NULL);
}

static void
show_incident(struct showing *show, struct message *m)
{
	const char *key = message_get_s(m), *id = message_get_s(m),
	    *name = message_get_s(m);
	uint64_t status = message_get_u(m), started = message_get_u(m),
	    resolved = message_get_u(m), updated = message_get_u(m),
	    pending = message_get_u(m), attempts = message_get_u(m),
	    again = message_get_u(m);
	json_t *components = json_array(), *part;

	strlcpy(show->incident, key, sizeof(show->incident));

	if (!show->as_json) {
		show_heading(show, m->type, "INCIDENT");
		printf("%s  %s  %s  started %s  updated %s  resolved %s",
		    log_safe(key), id[0] == '\0' ? "-" : log_safe(id),
		    incident_phase_name(status), show_when(started),
		    show_when(updated), show_when(resolved));
		if (pending < PHASE_MAX)
			printf("  pending %s", incident_phase_name(pending));
		if (attempts > 0)
			printf("  failed %llu times, again %s",
			    (unsigned long long)attempts, show_when(again));
		printf("  \"%s\"", log_safe(name));
	}
	while (message_more(m))
		if ((part = show_part(show, m)) != NULL)
			json_array_append_new(components, part);
	if (show->as_json)
		show_append(show, "incidents", json_pack(
		    "{s:o s:o s:o s:s s:s s:s s:s s:s* s:o s:s s:O}", "key",
		    json_text(key), "id", json_text(id), "name",
		    json_text(name), "status", incident_phase_name(status),
		    "started", show_when(started), "updated",
		    show_when(updated), "resolved", show_when(resolved),
		    "pending", pending < PHASE_MAX ?
		    incident_phase_name(pending) : NULL, "attempts",
		    json_number(attempts), "again", show_when(again),
		    "components", components));
	else
		putchar('\n');
	json_decref(components);
}

static void
show_worker(struct showing *show, struct message *m)
{
	const char *name = message_get_s(m), *state, *death;
	uint64_t pid = message_get_u(m), started, restarts, landlock, memory,
	    cpu;
	time_t up;

	state = message_get_s(m);
	started = message_get_u(m);
	restarts = message_get_u(m);
	landlock = message_get_u(m);
	death = message_get_s(m);
	memory = message_get_u(m);
	cpu = message_get_u(m);
	if (strcmp(state, "running") != 0)
		show->bad = true;
	up = pid == 0 ? 0 : time(NULL) - (time_t)(started / 1000);
	if (show->as_json) {
		show_append(show, "workers", json_pack(
		    "{s:o s:o s:s s:s s:o s:o s:o s:o s:o s:o}", "name",
		    json_text(name), "pid", json_number(pid), "state", state,
		    "started", show_when(started), "uptime", json_number(up < 0 ? 0 : up),
		    "restarts", json_number(restarts), "landlock",
		    json_number(landlock), "death", json_text(death), "memory",
		    json_number(memory), "cpu_ms", json_number(cpu)));
		return;
	}
	show_heading(show, m->type, "WORKER");
	printf("%s  pid %llu  %s  up %lld s  restarts %llu  landlock %llu",
	    log_safe(name), (unsigned long long)pid, log_safe(state),
	    (long long)(up < 0 ? 0 : up), (unsigned long long)restarts,
	    (unsigned long long)landlock);
	if (memory > 0)
		printf("  memory %llu KiB", (unsigned long long)memory / 1024);
	if (death[0] != '\0')
		printf("  last death: %s", log_safe_long(death));
	putchar('\n');
}

static void
show_watch(struct showing *show, struct message *m)
{
	const char *cluster = message_get_s(m), *resource = message_get_s(m),
	    *ns = message_get_s(m), *state = message_get_s(m),
	    *version = message_get_s(m), *error;
	uint64_t objects = message_get_u(m), events = message_get_u(m),
	    bytes = message_get_u(m), restarts = message_get_u(m),
	    last = message_get_u(m);

	error = message_get_s(m);
	if (show->as_json) {
		show_append(show, "watches", json_pack(
		    "{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:s s:o}",
		    "cluster", json_text(cluster), "resource",
		    json_text(resource), "namespace", json_text(ns), "state",
		    json_text(state), "resourceVersion", json_text(version),
		    "objects", json_number(objects), "events",
		    json_number(events), "bytes", json_number(bytes),
		    "restarts", json_number(restarts), "last_event",
		    show_when(last), "error", json_text(error)));
		return;
	}
	show_heading(show, m->type, "WATCH");
	printf("%s  %s/%s  %s  version %s  %llu objects  %llu events  "
	    "%llu bytes  %llu restarts  last %s", log_safe(cluster),
	    ns[0] == '\0' ? "*" : log_safe(ns), log_safe(resource),
	    log_safe(state), log_safe(version), (unsigned long long)objects,
	    (unsigned long long)events, (unsigned long long)bytes,
	    (unsigned long long)restarts, show_when(last));
	if (error[0] != '\0')
		printf("  error: %s", log_safe_long(error));
	putchar('\n');
}

static void
show_pod(struct showing *show, struct message *m)
{
	const char *cluster = message_get_s(m), *ns = message_get_s(m),
	    *name = message_get_s(m), *owner, *component;
	uint64_t kind = message_get_u(m), cause, since;
	bool ready, terminating;
	char who[300] = "";
	json_t *components = json_array();

	owner = message_get_s(m);
	ready = message_get_b(m);
	terminating = message_get_b(m);
	cause = message_get_u(m);
	since = message_get_u(m);
	if (owner[0] != '\0')
		snprintf(who, sizeof(who), "%s/%s", kind == KIND_ANY ? "other" :
		    kind_name(kind), owner);
	if (!show->as_json) {
		show_heading(show, m->type, "POD");
		printf("%s  %s/%s", log_safe(cluster), log_safe(ns),
		    log_safe(name));
		printf("  %s  %s%s  since %s", who[0] == '\0' ? "-" :
		    log_safe(who), ready ? "ready" : cause == CAUSE_NONE ?
		    "not ready" : cause_name(cause), terminating ?
		    "  terminating" : "", show_when(since));
	}
	while (message_more(m)) {
		component = message_get_s(m);
		if (show->as_json)
			json_array_append_new(components, json_text(component));
		else
			printf("  %s", log_safe(component));
	}
	if (show->as_json)
		show_append(show, "pods", json_pack(
		    "{s:o s:o s:o s:o s:b s:b s:s s:s s:O}", "cluster",
		    json_text(cluster), "namespace", json_text(ns), "name",
		    json_text(name), "owner", json_text(who), "ready", ready, "terminating",
		    terminating, "cause", cause_name(cause), "since",
		    show_when(since), "components", components));
	else
		putchar('\n');
	json_decref(components);
}

static void
show_state(struct showing *show, struct message *m)
{
	const char *name = message_get_s(m), *value = message_get_s(m);

	if (show->as_json) {
		show_append(show, "state", json_pack("{s:o s:o}", "name",
		    json_text(name), "text", json_text(value)));
		return;
	}
	show_heading(show, m->type, "STATE");
	printf("%s: %s\n", log_safe(name), log_safe_long(value));
}

void
show_row(struct showing *show, struct message *m)
{
	if (show->as_json && show->document == NULL &&
	    (show->document = json_object()) == NULL)
		fatalx("out of memory");
	switch (m->type) {
	case MSG_SHOW_COMPONENT:
		show_component(show, m);
		break;
	case MSG_SHOW_INCIDENT:
		show_incident(show, m);
		break;
	case MSG_SHOW_WORKER:
		show_worker(show, m);
		break;
	case MSG_SHOW_WATCH:
		show_watch(show, m);
		break;
	case MSG_SHOW_POD:
		show_pod(show, m);
		break;
	case MSG_SHOW_SILENCE:
		show_silence(show, m);
		break;
	case MSG_SHOW_REASON:
		show_reason(show, m);
		break;
	case MSG_SHOW_HISTORY:
		show_history(show, m);
		break;
	case MSG_SHOW_DAYS:
		show_days(show, m);
		break;
	case MSG_SHOW_LEADER:
		show_leader(show, m);
		break;
	default:
		show_state(show, m);
		break;
	}
}

void
show_end(struct showing *show)
{
	if (!show->as_json)
		return;
	if (show->document == NULL && (show->document = json_object()) == NULL)
		fatalx("out of memory");
	json_dumpf(show->document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(show->document);
}
