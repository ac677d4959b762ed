#include <stdlib.h>
#include <string.h>

#include "pieces.h"

int
sum_add(struct sum *sum, unsigned kind, const void *p, size_t len)
{
	const uint8_t	*s = p;
	size_t		 i;

	sum->hash = sum->hash * 31 + kind + len;
	for (i = 0; i < len; i++)
		sum->hash = sum->hash * 31 + s[i];
	return (++sum->n == PIECES_MAX ? -1 : 0);
}

void
pieces_feed(const uint8_t *data, size_t size, size_t chunk,
    int (*feed)(void *, const char *, size_t), void *to)
{
	char		*copy;
	size_t		 at, n;

	for (at = 0; at < size; at += n) {
		n = size - at < chunk ? size - at : chunk;
		/* So that the sanitizer sees the end. */
		if ((copy = malloc(n)) == NULL)
			abort();
		memcpy(copy, data + at, n);
		if (feed(to, copy, n) == -1)
			at = size - n;
		free(copy);
	}
}
