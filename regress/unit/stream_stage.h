/*
 * A stage for one stream of pods: HTTP and the clock are played, what it tells is
 * counted.
 */
#ifndef REGRESS_UNIT_STREAM_STAGE_H
#define REGRESS_UNIT_STREAM_STAGE_H

#include "../../common/worker.h"
#include "../../watcher/stream.h"

struct http_request {
	struct http_request_options o;
	char	 path[1024], accept[256];
	long	 status;
	const char *type;	/* of the answer: reply_type, at first */
};

extern struct http_request *request;	/* the one under way */
extern const char *reply_type;		/* "application/json" */
extern uint64_t ticks;
extern struct event_base *base;
extern struct stream_env env;
extern struct stream *st;		/* the pods of namespace a */
/* Since the setup. */
extern unsigned sent, changes, unauthorized, started, pod_changes;

/* env can still be changed: the stream borrows it. */
int	 stage_setup(void **);
int	 stage_teardown(void **);

/* The server answers 200 with this, in pieces of that size; -1: no more of it. */
int	 stage_data(const void *, size_t len, size_t chunk);
/* The request has ended. */
void	 stage_done(enum http_outcome, long status, int64_t retry_after,
	    const char *body, size_t len);
/* The wait, which there must be, is over. */
void	 stage_fire(void);
/* The pods of namespace a are so many. */
void	 stage_has_pods(size_t);

#endif
