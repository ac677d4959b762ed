/*
 * The streams of the one cluster that a watcher watches.
 */
#ifndef KANATA_WATCHER_STREAMS_H
#define KANATA_WATCHER_STREAMS_H

#include "stream.h"

TAILQ_HEAD(stream_queue, stream);
extern struct stream_queue	 streams;

/* Those that the configuration needs, by its one cluster; env is borrowed for
 * good.  What stays wanted is not touched. */
void		 streams_configure(const struct stream_env *,
		    const struct conf *);
/* A watch without a namespace means the same ones as before. */
bool		 streams_same_namespaces(const struct conf_cluster *);
void		 streams_start(void);
/* Pods come after what owns them, or after that has failed once. */
void		 streams_start_pods(void);

/* See components_hooks. */
bool		 streams_listed(const char *ns);
enum reading	 streams_reading(enum resource, const char *ns,
		    const char **why);

/* One MSG_SHOW_WATCH for each, with that id; cluster is its name. */
void		 streams_show(struct channel *, uint32_t id,
		    const char *cluster);
/* Another when what streams_show says has changed. */
uint64_t	 streams_digest(void);

#endif
