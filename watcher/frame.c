/*
 * The framing of protobuf, incrementally.
 *
 * A list is k8s NUL and a runtime.Unknown, whose raw is the list: ListMeta and
 * items.  Both levels are fields one after another; of those that matter the bytes
 * are gathered and handed out, the others are counted away.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "frame.h"

#define KEEP_MAX	(256 * 1024)	/* a larger buffer is not kept */
#define LENGTH_BYTES	4		/* before an event, big-endian */

/* k8s.io/apimachinery pkg/runtime generated.proto: Unknown */
#define UNKNOWN_TYPE_META	1
#define UNKNOWN_RAW		2
#define UNKNOWN_ENCODING	3
/* All lists of k8s.io/api are alike: PodList in core/v1 generated.proto. */
#define LIST_META		1
#define LIST_ITEMS		2

/* protobuf.dev, "Encoding": wire types */
enum { WIRE_VARINT, WIRE_64BIT, WIRE_LENGTH, WIRE_32BIT = 5 };

enum step {
	STEP_MAGIC,		/* k8s NUL */
	STEP_TAG,
	STEP_LENGTH,
	STEP_VARINT,		/* a number that nobody reads */
	STEP_BODY		/* of an event or field */
};

struct frame {
	enum frame_mode	 mode;
	frame_piece_fn	 piece_fn;
	void		*arg;
	const char	*error;
	bool		 failed;

	enum step	 step;
	uint64_t	 number;	/* the varint or length under way */
	unsigned	 nbytes;	/* of it */
	uint32_t	 tag;
	bool		 in_list, raw_seen, type_seen;
	uint64_t	 list_left;	/* bytes of the list to come */

	bool		 wanted;	/* the body is gathered */
	enum frame_piece piece;
	uint32_t	 body_left;
	char		*p;
	size_t		 len, size;
};

struct frame *
frame_new(enum frame_mode mode, frame_piece_fn piece_fn, void *arg)
{
	struct frame	*fr;

	if ((fr = calloc(1, sizeof(*fr))) == NULL)
		fatal("frame");
	fr->mode = mode;
	fr->step = mode == FRAME_EVENTS ? STEP_LENGTH : STEP_MAGIC;
	fr->piece_fn = piece_fn;
	fr->arg = arg;
	return (fr);
}

void
frame_free(struct frame *fr)
{
	if (fr == NULL)
		return;
	free(fr->p);
	free(fr);
}

static int
fail(struct frame *fr, const char *error)
{
	fr->failed = true;
	fr->error = error;
	return (-1);
}

static void
expect(struct frame *fr, enum step step)
{
	fr->step = step;
	fr->number = 0;
	fr->nbytes = 0;
}

static void
append(struct frame *fr, const char *s, size_t len)
{
	size_t	 size;

	if (fr->len + len > fr->size) {
		for (size = fr->size ? fr->size : 4096; size < fr->len + len; )
			size *= 2;
		if ((fr->p = realloc(fr->p, size)) == NULL)
			fatal("frame");
		fr->size = size;
	}
	memcpy(fr->p + fr->len, s, len);
	fr->len += len;
}

/* After a field or event: what comes next? */
static void
next(struct frame *fr)
{
	if (fr->mode == FRAME_EVENTS)
		expect(fr, STEP_LENGTH);
	else {
		expect(fr, STEP_TAG);
		if (fr->in_list && fr->list_left == 0)
			fr->in_list = false;
	}
}

static int
hand_out(struct frame *fr, const char *s, size_t len)
{
	fr->len = 0;
	if (fr->piece_fn(fr->piece, s, len, fr->arg) == -1)
		return (fail(fr, NULL));
	if (fr->size > KEEP_MAX) {
		free(fr->p);
		fr->p = NULL;
		fr->size = 0;
	}
	next(fr);
	return (0);
}

/* A body of that many bytes follows. */
static int
begin_body(struct frame *fr, uint64_t len, bool wanted, enum frame_piece piece)
{
	fr->wanted = wanted;
	fr->piece = piece;
	if (wanted && len > (piece == FRAME_EVENT || piece == FRAME_ITEM ?
	    FRAME_PIECE_MAX : FRAME_HEAD_MAX))
		return (fail(fr, piece == FRAME_EVENT || piece == FRAME_ITEM ?
		    "an object is larger than 4 MiB" :
		    "a list is too large around its items"));
	if (len > UINT32_MAX)
		return (fail(fr, "a field is too large"));
	if (fr->in_list) {
		if (len > fr->list_left)
			return (fail(fr, "a field is larger than its list"));
		fr->list_left -= len;
	}
	fr->step = STEP_BODY;
	fr->body_left = (uint32_t)len;
	if (len > 0)
		return (0);
	if (wanted)
		return (hand_out(fr, "", 0));
	next(fr);
	return (0);
}

static int
begin_list(struct frame *fr, uint64_t len)
{
	if (!fr->type_seen)
		return (fail(fr, "a list without a kind"));
	if (fr->raw_seen)
		return (fail(fr, "a list with two bodies"));
	if (len > UINT32_MAX)
		return (fail(fr, "a list is too large"));
	fr->raw_seen = true;
	fr->in_list = len > 0;
	fr->list_left = len;
	expect(fr, STEP_TAG);
	return (0);
}

/* A field with a length: fr->tag and its length are known. */
static int
begin_field(struct frame *fr, uint64_t len)
{
	unsigned	 number = fr->tag >> 3;

	if (fr->in_list)
		return (begin_body(fr, len, number == LIST_META ||
		    number == LIST_ITEMS, number == LIST_META ? FRAME_META :
		    FRAME_ITEM));
	switch (number) {
	case UNKNOWN_TYPE_META:
		if (fr->type_seen)
			return (fail(fr, "a list with two kinds"));
		fr->type_seen = true;
		return (begin_body(fr, len, true, FRAME_TYPE));
	case UNKNOWN_RAW:
		return (begin_list(fr, len));
	case UNKNOWN_ENCODING:
		if (len != 0)
			return (fail(fr, "a list in an unknown encoding"));
	}
	return (begin_body(fr, len, false, FRAME_ITEM));
}

static int
begin_tag(struct frame *fr, uint64_t tag)
{
	if (tag > UINT32_MAX || tag >> 3 == 0)
		return (fail(fr, "the answer is no protobuf"));
	fr->tag = (uint32_t)tag;
	switch (tag & 7) {
	case WIRE_VARINT:
		expect(fr, STEP_VARINT);
		return (0);
	case WIRE_64BIT:
		return (begin_body(fr, 8, false, FRAME_ITEM));
	case WIRE_32BIT:
		return (begin_body(fr, 4, false, FRAME_ITEM));
	case WIRE_LENGTH:
		expect(fr, STEP_LENGTH);
		return (0);
	default:
		return (fail(fr, "the answer is no protobuf"));
	}
}

/* One byte of a tag, a length or a number within the fields of a list. */
static int
varint(struct frame *fr, unsigned char c)
{
	enum step	 step = fr->step;

	if (fr->nbytes == 10 || (fr->nbytes == 9 && c > 1))
		return (fail(fr, "the answer is no protobuf"));
	if (fr->in_list) {
		if (fr->list_left == 0)
			return (fail(fr, "a field is larger than its list"));
		fr->list_left--;
	}
	fr->number |= (uint64_t)(c & 0x7f) << (7 * fr->nbytes);
	fr->nbytes++;
	if (c & 0x80)
		return (0);
	if (step == STEP_TAG)
		return (begin_tag(fr, fr->number));
	if (step == STEP_LENGTH)
		return (begin_field(fr, fr->number));
	next(fr);
	return (0);
}

/* One byte of the mark, or of the length of an event. */
static int
fixed(struct frame *fr, unsigned char c)
{
	static const unsigned char magic[LENGTH_BYTES] = "k8s";

	if (fr->mode == FRAME_LIST && c != magic[fr->nbytes])
		return (fail(fr, "the answer is no protobuf list"));
	fr->number = fr->number << 8 | c;
	if (++fr->nbytes < LENGTH_BYTES)
		return (0);
	if (fr->mode == FRAME_EVENTS)
		return (begin_body(fr, fr->number, true, FRAME_EVENT));
	expect(fr, STEP_TAG);
	return (0);
}

/* What is there of a body; *used: how much that was. */
static int
body(struct frame *fr, const char *s, size_t len, size_t *used)
{
	bool	 whole = len >= fr->body_left;

	*used = len = whole ? fr->body_left : len;
	fr->body_left -= (uint32_t)len;
	if (!fr->wanted) {
		if (whole)
			next(fr);
		return (0);
	}
	if (whole && fr->len == 0)
		return (hand_out(fr, s, len));
	append(fr, s, len);
	return (whole ? hand_out(fr, fr->p, fr->len) : 0);
}

int
frame_feed(struct frame *fr, const char *s, size_t len)
{
	size_t	 i = 0, used;
	int	 r;

	if (fr->failed) {
		errno = EINVAL;
		return (-1);
	}
	while (i < len) {
		used = 1;
		if (fr->step == STEP_BODY)
			r = body(fr, s + i, len - i, &used);
		else if (fr->mode == FRAME_EVENTS || fr->step == STEP_MAGIC)
			r = fixed(fr, (unsigned char)s[i]);
		else
			r = varint(fr, (unsigned char)s[i]);
		if (r == -1)
			return (-1);
		i += used;
	}
	return (0);
}

const char *
frame_finish(const struct frame *fr)
{
	if (fr->failed)
		return (fr->error);
	if (fr->mode == FRAME_EVENTS)
		return (fr->step == STEP_LENGTH && fr->nbytes == 0 ? NULL :
		    "the answer ends in the middle of an object");
	if (fr->step == STEP_MAGIC && fr->nbytes == 0)
		return ("the answer is empty");
	if (fr->step != STEP_TAG || fr->nbytes != 0 || fr->in_list ||
	    !fr->raw_seen)
		return ("the answer ends in the middle of an object");
	return (NULL);
}

const char *
frame_error(const struct frame *fr)
{
	return (fr->error);
}
