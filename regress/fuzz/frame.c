/*
 * Any bytes as a list or a watch in protobuf, cut anywhere: the pieces are the
 * same as those of the whole, and within their bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/frame.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct sum {
	uint64_t	 hash, n;
};

static int
on_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	struct sum	*sum = arg;
	const uint8_t	*s = p;
	size_t		 i;

	if (len > FRAME_PIECE_MAX || (piece != FRAME_EVENT &&
	    piece != FRAME_ITEM && len > FRAME_HEAD_MAX))
		abort();
	sum->hash = sum->hash * 31 + piece + len;
	for (i = 0; i < len; i++)
		sum->hash = sum->hash * 31 + s[i];
	sum->n++;
	return (sum->n == 1000 ? -1 : 0);
}

static const char *
run(enum frame_mode mode, const uint8_t *data, size_t size, size_t chunk,
    struct sum *sum)
{
	struct frame	*fr = frame_new(mode, on_piece, sum);
	const char	*why;
	char		*copy;
	size_t		 at, n;

	sum->hash = sum->n = 0;
	for (at = 0; at < size; at += n) {
		n = size - at < chunk ? size - at : chunk;
		/* So that the sanitizer sees the end. */
		if ((copy = malloc(n)) == NULL)
			abort();
		memcpy(copy, data + at, n);
		if (frame_feed(fr, copy, n) == -1)
			at = size - n;
		free(copy);
	}
	why = frame_finish(fr);
	frame_free(fr);
	return (why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum	 whole, cut;
	enum frame_mode	 mode;
	const char	*a, *b;
	size_t		 chunk;

	if (size < 2)
		return (0);
	mode = data[0] % 2 == 0 ? FRAME_LIST : FRAME_EVENTS;
	chunk = data[1] % 64 + 1;
	data += 2;
	size -= 2;
	a = run(mode, data, size, size + 1, &whole);
	b = run(mode, data, size, chunk, &cut);
	/* Why is a static text. */
	if (a != b || whole.n != cut.n || whole.hash != cut.hash)
		abort();
	return (0);
}
