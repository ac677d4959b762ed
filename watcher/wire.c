#include <pb_decode.h>
#include <string.h>

#include "wire.h"

/* k8s.io/apimachinery pkg/runtime generated.proto: Unknown, TypeMeta. */
#define UNKNOWN_TYPE_META	1
#define UNKNOWN_RAW		2
#define UNKNOWN_ENCODING	3
#define TYPE_META_API_VERSION	1
#define TYPE_META_KIND		2

void
wire_open(struct wire *w, const void *p, size_t len)
{
	w->p = p != NULL ? p : (const void *)"";
	w->end = w->p + len;
	w->fields = 0;
}

/* Out of line, and so the stack protector's work stays out of wire_next. */
static __attribute__((noinline)) bool
read_long(struct wire *w)
{
	pb_istream_t	 in;

	in = pb_istream_from_buffer(w->p, (size_t)(w->end - w->p));
	if (!pb_decode_varint(&in, &w->number))
		return (false);
	w->p = w->end - in.bytes_left;
	return (true);
}

/* Most tags, lengths and numbers have one or two bytes; the others are nanopb's. */
static inline bool
read_number(struct wire *w, uint64_t *n)
{
	size_t	 left = (size_t)(w->end - w->p);

	if (left >= 1 && w->p[0] < 0x80) {
		*n = *w->p++;
		return (true);
	}
	if (left >= 2 && w->p[1] < 0x80) {
		*n = (uint64_t)w->p[1] << 7 | (w->p[0] & 0x7f);
		w->p += 2;
		return (true);
	}
	if (!read_long(w))
		return (false);
	*n = w->number;
	return (true);
}

/* Numbers of fixed size: nobody reads any. */
static __attribute__((noinline)) bool
skip(struct wire *w, unsigned type)
{
	pb_istream_t	 in;

	in = pb_istream_from_buffer(w->p, (size_t)(w->end - w->p));
	if (!pb_skip_field(&in, (pb_wire_type_t)type))
		return (false);
	w->p = w->end - in.bytes_left;
	return (true);
}

int
wire_next(struct wire *w, struct wire_field *f)
{
	uint64_t	 tag, len;

	if (w->p == w->end)
		return (0);
	if (++w->fields > WIRE_FIELDS_MAX || !read_number(w, &tag) ||
	    tag > UINT32_MAX || tag >> 3 == 0)
		return (-1);
	f->number = (uint32_t)(tag >> 3);
	f->value = 0;
	f->bytes.p = NULL;
	f->bytes.len = 0;
	switch (tag & 7) {
	case PB_WT_VARINT:
		return (read_number(w, &f->value) ? 1 : -1);
	case PB_WT_STRING:
		if (!read_number(w, &len) || len > (size_t)(w->end - w->p))
			return (-1);
		f->bytes.p = (const char *)w->p;
		f->bytes.len = len;
		w->p += len;
		return (1);
	default:
		return (skip(w, tag & 7) ? 1 : -1);
	}
}

/* The length of the character at s, 0 if it is none (RFC 3629). */
static size_t
character(const unsigned char *s, size_t left)
{
	size_t	 n, i;

	if (s[0] < 0x80)
		return (s[0] != 0);
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
		return (0);
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return (0);
	/* Too long a form, a surrogate, beyond the last character. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return (0);
	return (n);
}

/* Eight bytes of ASCII without a NUL: no bit is 0x80, and none becomes it by
 * borrowing when 1 is taken from each byte. */
static inline bool
is_plain(const unsigned char *s)
{
	uint64_t	 eight;

	memcpy(&eight, s, sizeof(eight));
	return (((eight | (eight - 0x0101010101010101ULL)) &
	    0x8080808080808080ULL) == 0);
}

bool
wire_text(const struct wire_field *f, struct text *t)
{
	const unsigned char	*s = (const unsigned char *)f->bytes.p;
	size_t			 i, n;

	for (i = 0; i < f->bytes.len; i += n) {
		n = 8;
		if (f->bytes.len - i >= n && is_plain(s + i))
			continue;
		if ((n = character(s + i, f->bytes.len - i)) == 0)
			return (false);
	}
	*t = f->bytes;
	return (true);
}

bool
envelope_type(struct envelope *e, struct text bytes)
{
	struct wire		 w;
	struct wire_field	 f;
	int			 r;

	wire_open(&w, bytes.p, bytes.len);
	while ((r = wire_next(&w, &f)) == 1)
		switch (f.number) {
		case TYPE_META_API_VERSION:
			if (!wire_text(&f, &e->api_version))
				return (false);
			break;
		case TYPE_META_KIND:
			if (!wire_text(&f, &e->kind))
				return (false);
			break;
		}
	return (r == 0);
}

const char *
envelope_open(struct envelope *e, const void *p, size_t len)
{
	static const char	 magic[4] = "k8s";
	struct wire		 w;
	struct wire_field	 f;
	int			 r;

	memset(e, 0, sizeof(*e));
	if (len < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return ("an object without the mark of protobuf");
	wire_open(&w, (const char *)p + sizeof(magic), len - sizeof(magic));
	while ((r = wire_next(&w, &f)) == 1)
		switch (f.number) {
		case UNKNOWN_TYPE_META:
			if (!envelope_type(e, f.bytes))
				return ("the answer is no protobuf");
			break;
		case UNKNOWN_RAW:
			e->raw = f.bytes;
			break;
		case UNKNOWN_ENCODING:
			if (f.bytes.len != 0)
				return ("an object in an unknown encoding");
			break;
		}
	if (r == -1 || e->raw.p == NULL)
		return ("the answer is no protobuf");
	return (NULL);
}
