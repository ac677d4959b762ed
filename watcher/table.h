/*
 * A hash table of things that embed their own link.  The hash is SipHash-1-3
 * with a key chosen at start: names are chosen by whoever may create pods.
 */
#ifndef KANATA_WATCHER_TABLE_H
#define KANATA_WATCHER_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct link {
	struct link	*next;
	uint32_t	 hash;		/* the lower half */
	uint32_t	 mark;		/* for whoever owns it */
};

struct table {
	struct link	**bucket;
	size_t		  nbucket, count;
};

uint64_t	 table_hash(const char *);
uint64_t	 table_hash_bytes(const void *, size_t);
void		 table_add(struct table *, struct link *, uint64_t hash);
void		 table_remove(struct table *, struct link *);
/* The first with that hash, and the one after it; NULL: no more.  The caller
 * compares the names. */
struct link	*table_first(const struct table *, uint64_t hash);
struct link	*table_next(const struct link *);
/* Calls for each; the callback may remove what it is given. */
void		 table_each(struct table *, void (*)(struct link *, void *),
		    void *arg);
/*
 * A part of the table: calls for each in the next bucket.  Returns where to go
 * on, 0 at the end; begin with 0.  The table may change between two parts: what
 * is there all the time comes, and comes once.
 */
uint64_t	 table_part(const struct table *, uint64_t cursor,
		    void (*)(const struct link *, void *), void *arg);
/* Frees the buckets, not what is in them. */
void		 table_clear(struct table *);

#endif
