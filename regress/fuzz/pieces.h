/* What comes in pieces, and goes out in pieces. */
#ifndef REGRESS_FUZZ_PIECES_H
#define REGRESS_FUZZ_PIECES_H

#include <stddef.h>
#include <stdint.h>

#define PIECES_MAX	1000	/* that are taken */

/* Of all that came out. */
struct sum {
	uint64_t	 hash, n;
};

/* One more; -1: enough. */
int	 sum_add(struct sum *, unsigned kind, const void *, size_t len);
/* Feeds the bytes in pieces of that size, until -1. */
void	 pieces_feed(const uint8_t *, size_t size, size_t chunk,
	    int (*feed)(void *, const char *, size_t), void *);

#endif
