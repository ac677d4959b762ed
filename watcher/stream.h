/*
 * One resource in one namespace (or in all): listed in pages, then watched, for
 * as long as it is wanted ("Efficient detection of changes" in the Kubernetes
 * API concepts).  What comes in goes to the store of objects.
 */
#ifndef KANATA_WATCHER_STREAM_H
#define KANATA_WATCHER_STREAM_H

#include <event2/event.h>

#include "../common/http.h"
#include "backoff.h"
#include "component.h"

#define STREAM_GRACE		30000	/* ms that a watch may be broken */
#define STREAM_PAGE		500	/* objects of one page of a list */
#define STREAM_WATCH_MAX	290	/* s; the server ends a watch earlier than
					 * 295 (kubernetes/kubernetes#6513) */
#define STREAM_MARGIN		15	/* s that the server may be late */
/* kube-apiserver sends a bookmark roughly every minute (cacheWatcher's
 * nextBookmarkTime), but need not: once two came at that distance, silence means
 * that the connection is lost. */
#define STREAM_BEAT_MIN		30000	/* ms */
#define STREAM_BEAT_MAX		75000
#define STREAM_SILENCE		150000	/* ms: two of them are missing */
#define STREAM_VERSION_MAX	255

/* What all streams of a cluster share; the owner keeps it up to date. */
struct stream;
struct stream_env {
	struct event_base *base;
	struct http_server *server;
	const char	*path;		/* before /api, "" mostly */
	const char	*authorization;	/* "Bearer ...", NULL if none */
	struct objects	*objects;
	const char	*cluster;	/* its name, for the log */
	/* The server cannot stream lists, as one of the streams has found out.
	 * NULL: never ask for it. */
	bool		*plain_lists;
	/* What can be believed of it has changed. */
	void		(*changed)(struct stream *);
	/* A list was completed or has failed: others may wait for it. */
	void		(*started)(void);
	/* The server does not know us: another token might help. */
	void		(*unauthorized)(void);
};

enum stream_state {
	STREAM_IDLE,		/* not started */
	STREAM_LISTING,
	STREAM_WATCHING,
	STREAM_WAITING		/* before the next try */
};

/* Why the answer was stopped while it came in. */
enum verdict {
	VERDICT_NONE,
	VERDICT_STATUS,		/* an ERROR event: see code */
	VERDICT_PLAIN,		/* the server does not stream lists */
	VERDICT_PROTOCOL	/* not what was asked for: see problem */
};

struct stream {
	TAILQ_ENTRY(stream) entry;
	const struct stream_env *env;
	enum resource	 resource;
	char		*ns;		/* NULL: all */
	bool		 wanted;	/* for the owner */

	enum stream_state state;
	struct http_request *request;
	struct splitter	*splitter;	/* of an answer in JSON */
	struct frame	*frame;		/* ... or in protobuf */
	struct event	*timer;
	struct backoff	 backoff;
	const char	*group;		/* the API group in use */
	char		*version;	/* resourceVersion to watch from */
	char		*list_version;	/* of the list under way */
	char		*token;		/* continue, NULL: first page */
	uint32_t	 mark;		/* of the last list */
	bool		 rest_seen;	/* the list's metadata came */
	bool		 streaming;	/* the list comes as a watch */
	bool		 in_pages;	/* streaming failed: this list in pages */
	bool		 json_only;	/* protobuf is refused, or makes no sense */

	enum verdict	 verdict;
	unsigned	 code;
	int64_t		 retry_after;	/* ms, of an ERROR event; -1 */
	char		 problem[256];

	bool		 synced;	/* a list was completed */
	bool		 forbidden;
	bool		 relist;	/* list before the next watch */
	bool		 reselect;	/* selectors wait for that list */
	bool		 unauthorized;	/* the last failure was a 401 */
	uint64_t	 gone;		/* ticks of the last 410, 0: none */
	unsigned	 failed_watches; /* in a row */
	unsigned	 refused;	/* 403, in a row, up to what is borne */
	uint64_t	 started;	/* ticks of this request */
	uint64_t	 request_events; /* in this request */
	uint64_t	 bookmark;	/* ticks of its last one, 0: none yet */
	bool		 beats;		/* they come every minute */
	uint64_t	 broken_since;	/* ticks, 0: it is not */
	enum reading	 told;

	uint64_t	 events, bytes, restarts;
	uint64_t	 last_event;	/* ms since 1970 */
	char		 error[256];	/* "" if all is well */
};

struct stream	*stream_new(const struct stream_env *, enum resource,
		    const char *ns);
/* Its objects are dropped. */
void		 stream_free(struct stream *);

/* Lists and then watches. */
void		 stream_start(struct stream *);
/* Ends what is under way: before the server goes. */
void		 stream_stop(struct stream *);
/* The same, and for how long nobody knows: not to be believed after a while. */
void		 stream_hold(struct stream *, const char *why);
/* Goes on after either: resumes the watch, or lists if that is to be. */
void		 stream_resume(struct stream *, bool relist);

/* There is another token: try again at once what failed for the old one. */
void		 stream_retry_token(struct stream *);

enum reading	 stream_reading(const struct stream *, const char **why);
/* From time to time: notices a watch that is connected (again) or broken. */
void		 stream_tick(struct stream *);
const char	*stream_state_name(const struct stream *);

#endif
