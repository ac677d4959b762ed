/*
 * What the original promised below /v1 (KA-14 to KA-17), and what belongs beside
 * it.  etc/kanata-openapi.yaml describes it.
 */
#include <stdio.h>

#include "../common/version.h"
#include "build.h"
#include "route.h"

static void
answer_hello(struct request *req)
{
	request_reply(req, 200, "application/json",
	    "{\"hello\":\"world\",\"version\":\"v" KANATA_VERSION " (commit: "
	    BUILD_COMMIT ", build date: " BUILD_DATE ")\"}\n");
}

const struct route rest_routes[] = {
	{ "/v1", METHOD_GET, answer_hello },
	{ "/v1/", METHOD_GET, answer_hello },
	{ NULL, 0, NULL }
};
