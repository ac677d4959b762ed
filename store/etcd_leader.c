/*
 * Who leads, as the election key says it: JSON for people, and for kanatactl.
 *
 *	{"host":..,"pid":..,"kanatad":..,"daemon":..,"id":..,"since":..}
 *
 * pid is that of the store, kanatad that of its parent.  All but since is the
 * identity of a process.
 */
#include <bsd/string.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/json_values.h"
#include "engine.h"
#include "etcd.h"

#define WHEN	"%Y-%m-%dT%H:%M:%SZ"

size_t
etcd_leader_value(const struct etcd *e, char *buf, size_t size)
{
	time_t now = time(NULL);
	char when[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), WHEN, &tm);
	return (snprintf(buf, size, "%.*s,\"since\":\"%s\"}",
	    (int)strlen(e->identity) - 1, e->identity, when));
}

bool
etcd_leader_is_self(const struct etcd *e, const char *value)
{
	return (strncmp(value, e->identity, strlen(e->identity) - 1) == 0);
}

/* Another process wrote it: it may be anything. */
void
etcd_leader_read(struct etcd *e, const struct etcd_kv *kv)
{
	json_t *json = json_values_ok(kv->value, kv->value_len) ?
	    json_loadb(kv->value, kv->value_len, 0, NULL) : NULL;
	const char *host, *since;
	struct tm tm = { 0 };
	json_int_t pid;

	host = json_string_value(json_object_get(json, "host"));
	since = json_string_value(json_object_get(json, "since"));
	pid = json_integer_value(json_object_get(json, "kanatad"));
	strlcpy(e->leads.host, host == NULL ? "" : host,
	    sizeof(e->leads.host));
	e->leads.pid = pid > 0 && pid <= INT32_MAX ? (unsigned)pid : 0;
	e->leads.since = 0;
	if (since != NULL && strptime(since, WHEN, &tm) != NULL &&
	    timegm(&tm) > 0)
		e->leads.since = (uint64_t)timegm(&tm) * 1000;
	json_decref(json);
}

void
etcd_leader_show(const struct etcd *e, struct leader_view *view)
{
	const uint64_t now = clock_boottime();

	memset(view, 0, sizeof(*view));
	if (e->observe) {
		view->leader = LEADER_OBSERVE;
		strlcpy(view->text, "none wanted: observing",
		    sizeof(view->text));
		return;
	}
	view->leader = LEADER_NONE;
	strlcpy(view->text, e->instance == NULL ? "not configured yet" :
	    !e->reachable ? "etcd cannot be reached" : "nobody is elected yet",
	    sizeof(view->text));
	if (etcd_leads(e))
		view->leader = LEADER_THIS;
	else if (e->reachable && e->leader[0] != '\0')
		view->leader = LEADER_OTHER;
	else if (e->publish && e->led)
		strlcpy(view->text, "not known; this one goes on from memory",
		    sizeof(view->text));
	if (view->leader == LEADER_NONE)
		return;
	strlcpy(view->host, e->leads.host, sizeof(view->host));
	view->pid = e->leads.pid;
	view->since = e->leads.since;
	if (view->leader == LEADER_THIS)
		view->left = e->lease_end + ETCD_LEASE_MARGIN - now;
	strlcpy(view->text, view->leader == LEADER_THIS ? "this one" :
	    "another kanatad, which keeps its lease alive",
	    sizeof(view->text));
}
