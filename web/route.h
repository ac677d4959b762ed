/* Who answers for which path. */
#ifndef KANATA_WEB_ROUTE_H
#define KANATA_WEB_ROUTE_H

#include "request.h"

struct route {
	const char	*path;		/* NULL at the end */
	unsigned	 methods;	/* METHOD_* */
	void		(*answer)(struct request *);
};

extern const struct route probe_routes[], metrics_routes[], rest_routes[],
	    pod_routes[], login_routes[], dashboard_routes[], live_routes[],
	    operate_routes[], asset_routes[];

/* admit.c: NULL, or why the request is not answered; *code is the status. */
const char *admit_refuses(const struct request *, int *code);

/* Answers: by a route, or with 404 or 405. */
void	 route_answer(struct request *);

#endif
