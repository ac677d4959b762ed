/*
 * Cuts the API server's protobuf into the pieces that are decoded, whatever the
 * network cut it into: the items of a list, or the events of a watch.  Holds one
 * piece at most, and not even that when it came in one.
 *
 * The bytes come from the API server and may be anything.
 */
#ifndef KANATA_WATCHER_FRAME_H
#define KANATA_WATCHER_FRAME_H

#include <stddef.h>

#define FRAME_PIECE_MAX	(4 * 1024 * 1024)	/* bytes of an item or event */
#define FRAME_HEAD_MAX	(64 * 1024)	/* bytes of what is around items */

enum frame_mode {
	FRAME_EVENTS,		/* 4 bytes of length, then a WatchEvent */
	FRAME_LIST		/* one list in its envelope */
};

enum frame_piece {
	FRAME_EVENT,		/* meta/v1 WatchEvent */
	FRAME_TYPE,		/* runtime TypeMeta, before all others */
	FRAME_META,		/* meta/v1 ListMeta, anywhere in the list */
	FRAME_ITEM		/* one object */
};

/* Bytes valid until it returns.  Return -1 to stop. */
typedef int	(*frame_piece_fn)(enum frame_piece, const void *, size_t,
		    void *arg);

struct frame;

struct frame	*frame_new(enum frame_mode, frame_piece_fn, void *arg);
void		 frame_free(struct frame *);	/* NULL is allowed */

/* As splitter_feed, splitter_finish and splitter_error. */
int		 frame_feed(struct frame *, const char *, size_t);
const char	*frame_finish(const struct frame *);
const char	*frame_error(const struct frame *);

#endif
