/*
 * Any bytes as a list or a watch in protobuf, cut anywhere: the pieces are the
 * same as those of the whole, and within their bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/frame.h"
#include "pieces.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
on_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	if (len > FRAME_PIECE_MAX || (piece != FRAME_EVENT &&
	    piece != FRAME_ITEM && len > FRAME_HEAD_MAX))
		abort();
	return (sum_add(arg, piece, p, len));
}

static int
feed(void *fr, const char *p, size_t len)
{
	return (frame_feed(fr, p, len));
}

static const char *
run(enum frame_mode mode, const uint8_t *data, size_t size, size_t chunk,
    struct sum *sum)
{
	struct frame	*fr = frame_new(mode, on_piece, sum);
	const char	*why;

	memset(sum, 0, sizeof(*sum));
	pieces_feed(data, size, chunk, feed, fr);
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
