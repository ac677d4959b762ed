/*
 * Cuts a stream of JSON into the pieces that are worth to be decoded, whatever
 * the network cut it into: each element of a list's "items", or each event of a
 * watch.  It only finds where things begin and end; the decoder checks the rest.
 *
 * The bytes come from the API server and may be anything.
 */
#ifndef KANATA_WATCHER_SPLITTER_H
#define KANATA_WATCHER_SPLITTER_H

#include <stddef.h>
#include <stdint.h>

#define SPLITTER_PIECE_MAX	(4 * 1024 * 1024)	/* bytes of one piece */
#define SPLITTER_DEPTH_MAX	64
#define SPLITTER_DROPS_MAX	32	/* paths that are left out */

enum split_mode {
	SPLIT_EVENTS,		/* one object after another */
	SPLIT_LIST		/* one object: its "items", then what is left */
};

/*
 * One piece, a JSON object, NUL-terminated, valid until the callback returns.
 * rest: what is left of a list, with "items" empty.  Return -1 to stop.
 */
typedef int	(*splitter_piece_fn)(const char *, size_t len, int rest,
		    void *arg);

struct splitter;

/*
 * drop: paths like "metadata.managedFields" from the root of a piece, whose
 * values are replaced by null; borrowed, ends with NULL, may be NULL.
 */
struct splitter	*splitter_new(enum split_mode, const char *const *drop,
		    splitter_piece_fn, void *arg);
void		 splitter_free(struct splitter *);	/* NULL is allowed */

/*
 * Takes the next bytes.  0, or -1: the callback stopped it, or it is no JSON of
 * that form, too deep or too large: see splitter_error.  Then it is of no more
 * use.
 */
int		 splitter_feed(struct splitter *, const char *, size_t);
/* NULL if the end may come here, else a static text. */
const char	*splitter_finish(const struct splitter *);
/* A static text, NULL if the callback stopped it. */
const char	*splitter_error(const struct splitter *);

#endif
