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
	w->in = pb_istream_from_buffer(p, len);
	w->end = (const char *)p + len;
	w->fields = 0;
}

int
wire_next(struct wire *w, struct wire_field *f)
{
	pb_wire_type_t	 type;
	uint32_t	 len;
	bool		 eof = false;

	if (w->in.bytes_left == 0)
		return (0);
	if (++w->fields > WIRE_FIELDS_MAX ||
	    !pb_decode_tag(&w->in, &type, &f->number, &eof) || f->number == 0)
		return (-1);
	f->value = 0;
	f->bytes.p = NULL;
	f->bytes.len = 0;
	switch (type) {
	case PB_WT_VARINT:
		return (pb_decode_varint(&w->in, &f->value) ? 1 : -1);
	case PB_WT_STRING:
		if (!pb_decode_varint32(&w->in, &len) ||
		    len > w->in.bytes_left)
			return (-1);
		f->bytes.p = w->end - w->in.bytes_left;
		f->bytes.len = len;
		return (pb_read(&w->in, NULL, len) ? 1 : -1);
	default:
		return (pb_skip_field(&w->in, type) ? 1 : -1);
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

bool
wire_text(const struct wire_field *f, struct text *t)
{
	const unsigned char	*s = (const unsigned char *)f->bytes.p;
	size_t			 i, n;

	for (i = 0; i < f->bytes.len; i += n)
		if ((n = character(s + i, f->bytes.len - i)) == 0)
			return (false);
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
