/* The lines that another process writes to a pipe, as they come. */
#ifndef KANATA_LINES_H
#define KANATA_LINES_H

#include <event2/event.h>
#include <stddef.h>

/* Bytes of a line; a longer one comes in pieces.  What log.c writes is at most 1024
 * and what stands before it. */
#define LINES_MAX	1088

/* A line without its newline and any NUL: untrusted, borrowed. */
typedef void	(*lines_fn)(const char *, void *arg);

struct lines {
	int		 fd;
	struct event	*readable;
	size_t		 used;
	char		 text[LINES_MAX];
	lines_fn	 fn;
	void		*arg;
};

/* Takes the descriptor, which does not block. */
void	 lines_open(struct lines *, struct event_base *, int fd, lines_fn,
	    void *arg);
/* What is still there is read, the last line may have no newline. */
void	 lines_close(struct lines *);

#endif
