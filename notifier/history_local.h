/* What history.c and days.c share; no one else's business. */
#ifndef KANATA_NOTIFIER_HISTORY_LOCAL_H
#define KANATA_NOTIFIER_HISTORY_LOCAL_H

#include <jansson.h>

#include <bsd/sys/tree.h>

#include "history.h"

#define CHUNKS		32		/* in the ring */
#define CHUNK_ENTRIES	64
#define CHUNK_BYTES	14000		/* about; a value takes 16 KiB */
#define NAME_MAX_BYTES	255
#define TEXT_MAX_BYTES	255

#define MEMBERS_MAX	20000		/* components ever */
#define DAYS_MAX	40000		/* of all of them */
#define FIRSTS_MAX	256		/* records of who is known since when */
#define FIRST_BYTES	12000		/* of one */

struct entry {
	uint64_t	 at;
	enum history	 kind;
	unsigned	 from, to;
	char		*component, *incident, *name, *text;
};

struct chunk {
	unsigned	 number;	/* counts up from 1; 0: empty */
	unsigned	 n;
	size_t		 bytes;
	bool		 dirty;
	struct entry	 entry[CHUNK_ENTRIES];
};

/* A component. */
struct member {
	RB_ENTRY(member) node;
	char		*id;
	unsigned	 first;		/* index of its record */
	enum health	 health;	/* the last one known */
	enum page_status status;	/* what the page shows; MAX: not on it */
	uint64_t	 at;		/* ms: time was added up until then */
	struct history_day *day;	/* oldest first */
	unsigned	 nday;
	bool		 stored;	/* there is a record of its days */
	bool		 dirty;
};
RB_HEAD(member_tree, member);

struct first {
	unsigned	 day;
	size_t		 bytes;
	bool		 dirty;
};

struct annals {
	struct chunk	 chunk[CHUNKS];
	unsigned	 last;		/* number of the newest chunk */
	struct member_tree members;
	unsigned	 nmember, nday;
	struct first	 first[FIRSTS_MAX];
	unsigned	 nfirst;
	unsigned	 ndirty;	/* members and firsts, at most */
};

/* What the last entry of this kind says of it, -1: there is none. */
int		 history_last(const struct annals *, enum history,
		    const char *component);

/* days.c */
/* NULL: there are too many. */
struct member	*member_need(struct annals *, const char *id, uint64_t now);
/* The page shows that now; true if it is news. */
bool		 member_shows(struct annals *, struct member *,
		    enum page_status, uint64_t now);
/* NULL: there is no record. */
int		 member_restore(struct annals *, const char *id,
		    const json_t *);
int		 first_restore(struct annals *, const char *slot,
		    const json_t *);
void		 members_clear(struct annals *);
bool		 members_next(struct annals *, char **key, char **value);
void		 members_again(struct annals *, const char *key);

#endif
