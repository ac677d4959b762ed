/*
 * The one cluster that a watcher watches: its server, its streams, its
 * credentials.
 */
#ifndef KANATA_WATCHER_CLUSTER_H
#define KANATA_WATCHER_CLUSTER_H

#include "component.h"
#include "credential.h"

struct cluster_hooks {
	void	(*say)(const char *id, const struct health_view *);
	/* The token should be read again. */
	void	(*want_token)(void);
	/* The exec plugin should be run. */
	void	(*want_plugin)(void);
};

void		 cluster_init(struct event_base *, const struct cluster_hooks *);
/* NULL, or why this configuration cannot be run; changes nothing. */
const char	*cluster_check(const struct conf *, const struct credentials *);
/* Runs it.  Takes the credentials and leaves none. */
void		 cluster_configure(const struct conf *, struct credentials *);
/* A token that was read again; the descriptor is taken.  One that cannot be
 * used leaves the last good one. */
void		 cluster_fresh_token(int fd);
void		 cluster_say_all(void);
/* One MSG_SHOW_WATCH for each stream, with that id. */
void		 cluster_show(struct channel *, uint32_t id);

/* See follow_start. */
void		 cluster_follow(struct channel *, uint32_t id);

/* One MSG_SHOW_POD for each pod of a part, with that id; returns the next
 * cursor, 0 at the end. */
uint64_t	 cluster_show_pods(struct channel *, uint32_t id,
		    uint64_t cursor);

#endif
