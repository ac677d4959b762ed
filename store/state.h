/*
 * What the store remembers, in memory: one item for each key, with the value
 * that it should have and, for etcd, the value that is known to stand there.
 * It is small, so both engines keep all of it.
 */
#ifndef KANATA_STORE_STATE_H
#define KANATA_STORE_STATE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_KEY_MAX	255
#define STATE_VALUE_MAX	32768
#define STATE_ITEMS_MAX	32768
/* Bytes of all keys and values: of the state; of what replicas share; and as far
 * as history may fill that.  Enough for 10,000 components that are all down and
 * 1,000 orders (regress/unit/room.c). */
#define STATE_BYTES_MAX	(4 * 1024 * 1024)
#define SHARED_BYTES_MAX (6 * 1024 * 1024)
#define SHARED_HISTORY_BYTES (4 * 1024 * 1024)
#define SHARED_HISTORY_ITEMS (STATE_ITEMS_MAX * 3 / 4)

/* Bytes that several may hold; never changed. */
struct value {
	unsigned	 refs;
	size_t		 len;
	char		 data[];
};

/* Never NULL: out of memory is fatal.  The caller owns the one reference. */
struct value	*value_new(const void *, size_t);
struct value	*value_ref(struct value *);	/* NULL is allowed */
void		 value_free(struct value *);	/* NULL is allowed */
/* NULL, an absent value, is the same as NULL only. */
bool		 value_same(const struct value *, const struct value *);

struct item {
	RB_ENTRY(item)	 node;
	TAILQ_ENTRY(item) dirty;	/* for the etcd engine from here on */
	char		*key;
	struct value	*wanted;	/* NULL: it should be absent */
	struct value	*promised;	/* the last that was answered as done */
	struct value	*stored;	/* what stands in etcd, as far as known */
	int64_t		 mod_revision;	/* of what is stored, 0: absent */
	uint64_t	 version;	/* counts the changes of wanted */
	unsigned	 holds;		/* writes and askers that point here */
	bool		 is_dirty;	/* in the list of what is to be written */
	bool		 is_flying;	/* in a transaction on its way */
	bool		 is_unsure;	/* one may have, or may still, come through */
	bool		 is_seen;
};

RB_HEAD(item_tree, item);
struct state {
	struct item_tree items;
	size_t		 bytes;		/* of keys and wanted values */
	unsigned	 count;
	size_t		 max;		/* bytes; STATE_BYTES_MAX at first */
};

void		 state_init(struct state *);
/* Frees all items; nothing may point to one. */
void		 state_clear(struct state *);

/* NULL, or a static text that says why this is no key.  Keys are parts joined
 * by a slash; they come from the notifier or from the database. */
const char	*state_key_refused(const char *key);
/* NULL, or a static text that says why a value of len bytes has no room. */
const char	*state_no_room(const struct state *, const char *key, size_t len);
/* The same of what is shared: history must leave room for what people ask. */
const char	*shared_no_room(const struct state *, const char *key,
		    size_t len);
/* Below history/, which the leader alone writes. */
bool		 shared_is_history(const char *key);

struct item	*state_find(const struct state *, const char *key);
/* Finds it, or adds one with no value. */
struct item	*state_need(struct state *, const char *key);
void		 state_remove(struct state *, struct item *);
/* Takes the reference; NULL: absent. */
void		 state_want(struct state *, struct item *, struct value *);

struct item	*state_first(const struct state *);
struct item	*state_next(struct item *);

#endif
