/*
 * What the original promised below /v1 (KA-14 to KA-17), and what belongs beside
 * it.  etc/kanata-openapi.yaml describes it.
 */
#include <stdio.h>

#include "../common/version.h"
#include "build.h"
#include "json.h"
#include "route.h"

static void
answer_hello(struct request *req)
{
	request_reply(req, 200, "application/json",
	    "{\"hello\":\"world\",\"version\":\"v" KANATA_VERSION " (commit: "
	    BUILD_COMMIT ", build date: " BUILD_DATE ")\"}\n");
}

static const char *
next_component(const char *key, const char **next)
{
	struct component find = { .id = (char *)(uintptr_t)key }, *c;

	if (key == NULL)
		c = RB_MIN(component_tree, &mirror.components);
	else {
		c = RB_NFIND(component_tree, &mirror.components, &find);
		if (c != NULL && component_compare(c, &find) == 0)
			c = RB_NEXT(component_tree, &mirror.components, c);
	}
	if (c == NULL)
		return (NULL);
	*next = c->id;
	return (json_component(c));
}

static const char *
next_incident(const char *key, const char **next)
{
	struct incident find = { .key = (char *)(uintptr_t)key }, *i;

	if (key == NULL)
		i = RB_MIN(incident_tree, &mirror.incidents);
	else {
		i = RB_NFIND(incident_tree, &mirror.incidents, &find);
		if (i != NULL && incident_compare(i, &find) == 0)
			i = RB_NEXT(incident_tree, &mirror.incidents, i);
	}
	if (i == NULL)
		return (NULL);
	*next = i->key;
	return (json_incident(i));
}

static void
reply_list(struct request *req, json_next_fn next)
{
	if (mirror.notifier) {
		json_reply_list(req, next);
		return;
	}
	request_add_header(req, "Retry-After", "1");
	request_fail(req, 503, "the notifier has not told yet");
}

static void
answer_components(struct request *req)
{
	reply_list(req, next_component);
}

static void
answer_incidents(struct request *req)
{
	reply_list(req, next_incident);
}

const struct route rest_routes[] = {
	{ "/v1", METHOD_GET, answer_hello },
	{ "/v1/", METHOD_GET, answer_hello },
	{ "/v1/components", METHOD_GET, answer_components },
	{ "/v1/incidents", METHOD_GET, answer_incidents },
	{ NULL, 0, NULL }
};
