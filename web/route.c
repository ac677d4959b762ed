#include <string.h>

#include "route.h"

static const struct route *const tables[] = {
	probe_routes, metrics_routes, rest_routes, pod_routes, login_routes,
	dashboard_routes, live_routes, operate_routes, asset_routes
};

static const struct route *
find(const char *path)
{
	const struct route *r;
	unsigned i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (r = tables[i]; r->path != NULL; r++)
			if (strcmp(r->path, path) == 0)
				return (r);
	return (NULL);
}

void
route_answer(struct request *req)
{
	const struct route *r = find(request_path(req));
	const char *problem;
	int code;

	if ((problem = admit_refuses(req, &code)) != NULL) {
		request_add_header(req, "Connection", "close");
		request_fail(req, code, problem);
	} else if (r == NULL)
		request_fail(req, 404, "there is nothing here");
	else if ((r->methods & request_method(req)) == 0) {
		request_add_header(req, "Allow", r->methods == METHOD_POST ?
		    "POST" : r->methods == METHOD_GET ? "GET, HEAD" :
		    "GET, HEAD, POST");
		request_fail(req, 405, "this method is not for this path");
	} else
		r->answer(req);
}
