/*
 * What the two engines, embedded and etcd, offer to the rest of the store
 * (main.c), and what they call in it.
 *
 * With --observe changes are kept in memory only and nobody is elected: it leaves
 * no trace.
 *
 * Every load, put and delete gets exactly one answer with its id, at once or
 * later, unless engine_forget comes first.
 */
#ifndef KANATA_STORE_ENGINE_H
#define KANATA_STORE_ENGINE_H

#include <event2/event.h>

#include "../common/conf.h"
#include "../common/show.h"
#include "state.h"

/* Who speaks. */
struct leader_view {
	enum leader	 leader;
	char		 host[65];	/* "": not known; untrusted */
	unsigned	 pid;		/* of kanatad; 0: not known */
	uint64_t	 since;		/* ms since 1970; 0: not known */
	uint64_t	 left;		/* ms of the lease; 0: not known */
	char		 text[256];
};

struct engine {
	const char	*name;
	/* Answered with all that is stored, then store_loaded; or later, when
	 * this process leads; or store_failed. */
	void		(*load)(uint32_t id);
	/* The key is a good one and the value not too large; NULL: delete.
	 * Takes the value.  Done means: it will not be lost. */
	void		(*put)(uint32_t id, const char *key, struct value *);
	/* The same of a key that all replicas share (message_table.h). */
	void		(*shared_put)(uint32_t id, const char *key,
			    struct value *);
	/* All that is shared, to a notifier that is new; or later. */
	void		(*shared_tell)(void);
	/* Who asked is gone: no answers to what it asked. */
	void		(*forget)(void);
	/* Nobody asks any more: exits. */
	void		(*stop)(void);
	/* For kanatactl. */
	void		(*leader)(struct leader_view *);
	void		(*show)(void (*row)(const char *name, const char *text));

	/* As in struct worker. */
	const char	*(*conf_prepare)(const struct conf *);
	void		(*conf_commit)(const struct conf *);
	void		(*conf_abort)(void);
	const char	*(*conf_secret)(enum secret, int fd);
	/* The parent read a secret anew; takes the descriptor, -1: nothing. */
	void		(*secret_fresh)(enum secret, int fd);
};

extern const struct engine engine_embedded;
extern const struct engine engine_etcd;

/* Before the cage: opens the database in the directory, with a map of so many
 * bytes; fatal, and says what to do, if it cannot be used. */
#define EMBEDDED_MAP_BYTES	(64UL * 1024 * 1024)
void	 embedded_open(const char *dir, size_t map_bytes);
/* Before the cage.  daemon tells one kanatad from another, and is the same for the
 * store that its parent starts anew; "": not known. */
void	 etcd_init(struct event_base *, const char *daemon);

/* In main.c, for the engines. */
void	 store_item(uint32_t id, const char *key, const struct value *);
void	 store_loaded(uint32_t id);
void	 store_done(uint32_t id);
void	 store_failed(uint32_t id, const char *why);
/* What all replicas share: all of it, then each change; NULL: not there. */
void	 store_shared_begin(void);
void	 store_shared_item(const char *key, const struct value *);
void	 store_shared_end(void);
/* What holds from now on; sent only when it changed.  until: on the clock of
 * CLOCK_BOOTTIME in ms, the end of speaking unless more is heard; 0: never. */
void	 store_say(bool reachable, bool speaks, uint64_t until,
	    const char *text);
/* Asks the parent to read a secret anew. */
void	 store_secret_again(enum secret);

#endif
