/*
 * /healthz: the process tree is alive.
 */
#include "route.h"

static void
answer_healthz(struct request *req)
{
	request_reply(req, 200, "text/plain; charset=utf-8", "ok\n");
}

const struct route probe_routes[] = {
	{ "/healthz", METHOD_GET, answer_healthz },
	{ NULL, 0, NULL }
};
