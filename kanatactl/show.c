/* The rows of `kanatactl show`, as text or as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/conf.h"
#include "../common/health.h"
#include "../common/log.h"
#include "kanatactl.h"

static const char *const phases[] = {
	"INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"
};

static const char *
phase_name(uint64_t phase)
{
	return (phase < sizeof(phases) / sizeof(phases[0]) ? phases[phase] :
	    "?");
}

/* RFC 3339, UTC; one of four static buffers. */
static const char *
when(uint64_t ms)
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

static void
heading(struct showing *show, enum message_type type, const char *title)
{
	if (show->last != type)
		printf("%s%s\n", show->last == MESSAGE_TYPES ? "" : "\n", title);
	show->last = type;
}

static void
append(struct showing *show, const char *array, json_t *row)
{
	json_t *rows = json_object_get(show->document, array);

	if (rows == NULL) {
		rows = json_array();
		json_object_set_new(show->document, array, rows);
	}
	if (row == NULL || json_array_append_new(rows, row) == -1)
		fatalx("out of memory");
}

/* A worker chose the text; JSON wants UTF-8. */
static json_t *
text(const char *s)
{
	json_t *value = json_string(s);

	return (value != NULL ? value : json_string(log_safe(s)));
}

static json_t *
number(uint64_t n)
{
	return (json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
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
		append(show, "components", json_pack(
		    "{s:o s:o s:o s:s s:s s:o s:o s:s s:s s:s s:b s:o s:o}",
		    "id", text(id), "name", text(name), "cluster",
		    text(cluster), "health", health_name(health), "cause",
		    cause_name(cause), "ready", number(ready), "desired",
		    number(desired), "since", when(since), "page",
		    page_status_name(page), "wanted", page_status_name(wanted),
		    "paused", paused, "incident", text(incident), "detail",
		    text(detail)));
		return;
	}
	heading(show, m->type, "COMPONENT");
	printf("%s  %s  %s  %llu/%llu  page %s", log_safe(id),
	    name[0] == '\0' ? "-" : log_safe(name), health_name(health),
	    (unsigned long long)ready, (unsigned long long)desired,
	    page_status_name(page));
	if (wanted != page)
		printf(" (wanted %s)", page_status_name(wanted));
	printf("  since %s", when(since));
	if (cause != CAUSE_NONE)
		printf("  %s", cause_name(cause));
	if (paused)
		printf("  paused");
	if (incident[0] != '\0')
		printf("  incident %s", log_safe(incident));
	if (detail[0] != '\0')
		printf("  (%s)", log_safe(detail));
	putchar('\n');
}

static json_t *
show_part(struct showing *show, struct message *m)
{
	const char *component = message_get_s(m);
	uint64_t status = message_get_u(m), pending = message_get_u(m);

	if (show->as_json)
		return (json_pack("{s:o s:s s:s*}", "id", text(component),
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

	if (!show->as_json) {
		heading(show, m->type, "INCIDENT");
		printf("%s  %s  %s  started %s  updated %s  resolved %s",
		    log_safe(key), id[0] == '\0' ? "-" : log_safe(id),
		    phase_name(status), when(started), when(updated),
		    when(resolved));
		if (pending < sizeof(phases) / sizeof(phases[0]))
			printf("  pending %s", phase_name(pending));
		if (attempts > 0)
			printf("  failed %llu times, again %s",
			    (unsigned long long)attempts, when(again));
		printf("  \"%s\"", log_safe(name));
	}
	while (message_more(m))
		if ((part = show_part(show, m)) != NULL)
			json_array_append_new(components, part);
	if (show->as_json)
		append(show, "incidents", json_pack(
		    "{s:o s:o s:o s:s s:s s:s s:s s:s* s:o s:s s:O}", "key",
		    text(key), "id", text(id), "name", text(name), "status",
		    phase_name(status), "started", when(started), "updated",
		    when(updated), "resolved", when(resolved), "pending",
		    pending < sizeof(phases) / sizeof(phases[0]) ?
		    phase_name(pending) : NULL, "attempts", number(attempts),
		    "again", when(again), "components", components));
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
		append(show, "workers", json_pack(
		    "{s:o s:o s:s s:s s:o s:o s:o s:o s:o s:o}", "name",
		    text(name), "pid", number(pid), "state", state, "started",
		    when(started), "uptime", number(up < 0 ? 0 : up),
		    "restarts", number(restarts), "landlock",
		    number(landlock), "death", text(death), "memory",
		    number(memory), "cpu_ms", number(cpu)));
		return;
	}
	heading(show, m->type, "WORKER");
	printf("%s  pid %llu  %s  up %lld s  restarts %llu  landlock %llu",
	    log_safe(name), (unsigned long long)pid, log_safe(state),
	    (long long)(up < 0 ? 0 : up), (unsigned long long)restarts,
	    (unsigned long long)landlock);
	if (memory > 0)
		printf("  memory %llu KiB", (unsigned long long)memory / 1024);
	if (death[0] != '\0')
		printf("  last death: %s", log_safe(death));
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
		append(show, "watches", json_pack(
		    "{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:s s:o}",
		    "cluster", text(cluster), "resource", text(resource),
		    "namespace", text(ns), "state", text(state),
		    "resourceVersion", text(version), "objects",
		    number(objects), "events", number(events), "bytes",
		    number(bytes), "restarts", number(restarts), "last_event",
		    when(last), "error", text(error)));
		return;
	}
	heading(show, m->type, "WATCH");
	printf("%s  %s/%s  %s  version %s  %llu objects  %llu events  "
	    "%llu bytes  %llu restarts  last %s", log_safe(cluster),
	    ns[0] == '\0' ? "*" : log_safe(ns), log_safe(resource),
	    log_safe(state), log_safe(version), (unsigned long long)objects,
	    (unsigned long long)events, (unsigned long long)bytes,
	    (unsigned long long)restarts, when(last));
	if (error[0] != '\0')
		printf("  error: %s", log_safe(error));
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
		heading(show, m->type, "POD");
		printf("%s  %s/%s", log_safe(cluster), log_safe(ns),
		    log_safe(name));
		printf("  %s  %s%s  since %s", who[0] == '\0' ? "-" :
		    log_safe(who), ready ? "ready" : cause == CAUSE_NONE ?
		    "not ready" : cause_name(cause), terminating ?
		    "  terminating" : "", when(since));
	}
	while (message_more(m)) {
		component = message_get_s(m);
		if (show->as_json)
			json_array_append_new(components, text(component));
		else
			printf("  %s", log_safe(component));
	}
	if (show->as_json)
		append(show, "pods", json_pack(
		    "{s:o s:o s:o s:o s:b s:b s:s s:s s:O}", "cluster",
		    text(cluster), "namespace", text(ns), "name", text(name),
		    "owner", text(who), "ready", ready, "terminating",
		    terminating, "cause", cause_name(cause), "since",
		    when(since), "components", components));
	else
		putchar('\n');
	json_decref(components);
}

static void
show_state(struct showing *show, struct message *m)
{
	const char *name = message_get_s(m), *value = message_get_s(m);

	if (show->as_json) {
		append(show, "state", json_pack("{s:o s:o}", "name", text(name),
		    "text", text(value)));
		return;
	}
	heading(show, m->type, "STATE");
	printf("%s: %s\n", log_safe(name), log_safe(value));
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
