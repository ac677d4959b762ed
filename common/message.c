#include <errno.h>
#include <limits.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "message.h"
#include "xmalloc.h"

enum fd_rule { FD_NONE, FD_MAY, FD_MUST };
enum times { ONCE, MANY };

struct row {
	const char	*name;
	unsigned	 from, to;	/* bits of enum role */
	enum fd_rule	 fd;
	enum times	 times;
	const char	*fields;
};

#define M(name, from, to, fd, times, fields)	\
	[name] = { #name, (from), (to), (fd), (times), (fields) },
static const struct row table[MESSAGE_TYPES] = { MESSAGE_TABLE(M) };
#undef M

/* Type and bound of the next field of a row. */
struct field {
	char	 type;		/* u b s x, 0 at the end */
	size_t	 max;		/* s, x: bytes */
};

/* Steps over one `name:type` of a row; *repeat is set when a `*` was passed. */
static const char *
next_field(const char *p, struct field *field, const char **repeat)
{
	while (*p == ' ')
		p++;
	if (*p == '*') {
		for (p++; *p == ' '; p++)
			;
		*repeat = p;
	}
	if (*p == '\0') {
		field->type = '\0';
		return (p);
	}
	p = strchr(p, ':') + 1;
	field->type = *p++;
	field->max = 0;
	while (*p >= '0' && *p <= '9')
		field->max = field->max * 10 + (*p++ - '0');
	return (p);
}

/*
 * The bounded cursor.  Only the forms that the packer writes are known: unsigned
 * integers, booleans, str, bin and one outer array; nothing is allocated.
 */
struct value {
	char		 type;		/* u b s x */
	uint64_t	 u;
	uint8_t		*data;
	size_t		 len;
};

static uint64_t
big_endian(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return (v);
}

/* Reads one value; NULL if it is none of ours or is cut off. */
static uint8_t *
read_value(uint8_t *p, uint8_t *end, struct value *v)
{
	unsigned width = 0;
	uint8_t tag;

	if (p >= end)
		return (NULL);
	tag = *p++;
	v->type = 'u';
	if (tag <= 0x7f) {
		v->u = tag;
		return (p);
	}
	if ((tag & 0xe0) == 0xa0) {
		v->type = 's';
		v->len = tag & 0x1f;
	} else switch (tag) {
	case 0xc2:
	case 0xc3:
		v->type = 'b';
		v->u = tag & 1;
		return (p);
	case 0xcc: case 0xcd: case 0xce: case 0xcf:
		width = 1U << (tag - 0xcc);
		if ((size_t)(end - p) < width)
			return (NULL);
		v->u = big_endian(p, width);
		return (p + width);
	case 0xc4: case 0xc5: case 0xc6:
		v->type = 'x';
		width = 1U << (tag - 0xc4);
		break;
	case 0xd9: case 0xda: case 0xdb:
		v->type = 's';
		width = 1U << (tag - 0xd9);
		break;
	default:
		return (NULL);
	}
	if (width > 0) {
		if ((size_t)(end - p) < width)
			return (NULL);
		v->len = big_endian(p, width);
		p += width;
	}
	if ((size_t)(end - p) < v->len)
		return (NULL);
	v->data = p;
	return (p + v->len);
}

static const char *
check_value(const struct value *v, const struct field *field)
{
	switch (field->type) {
	case 'u':
	case 'b':
		if (v->type != field->type)
			return ("a field has the wrong type");
		return (NULL);
	case 's':
	case 'x':
		if (v->type != field->type)
			return ("a field has the wrong type");
		if (v->len > field->max)
			return ("a field is too long");
		if (v->type == 's' && memchr(v->data, '\0', v->len) != NULL)
			return ("a text has a NUL");
		return (NULL);
	}
	return ("there are too many fields");
}

/* All fields against the row; nothing may be missing or left over. */
static const char *
check_fields(const char *row, uint8_t *p, uint8_t *end, uint64_t count)
{
	const char *repeat = NULL, *begin = NULL, *why;
	struct field field;
	struct value v;

	for (; count > 0; count--) {
		row = next_field(row, &field, &repeat);
		if (field.type == '\0' && repeat != NULL)
			row = next_field(repeat, &field, &begin);
		if ((p = read_value(p, end, &v)) == NULL)
			return ("it is cut off");
		if ((why = check_value(&v, &field)) != NULL)
			return (why);
	}
	begin = repeat;
	next_field(row, &field, &repeat);
	/* Complete at the end, before the first repetition or after a whole one. */
	if (field.type != '\0' && repeat == begin)
		return ("there are too few fields");
	if (p != end)
		return ("something is left over");
	return (NULL);
}

const char *
message_parse(struct message *m, enum role from, enum role to, void *buf,
    size_t len, int fd)
{
	uint8_t *p = buf, *end = p + len;
	const struct row *row;
	struct value v;
	uint64_t count;

	m->fd = fd;
	if (len < 1)
		return ("it is empty");
	if ((*p & 0xf0) == 0x90)
		count = *p++ & 0x0f;
	else if (*p == 0xdc && len >= 3) {
		count = big_endian(p + 1, 2);
		p += 3;
	} else
		return ("it is no array");
	if (count < 2)
		return ("it has no type and id");
	if ((p = read_value(p, end, &v)) == NULL || v.type != 'u' ||
	    v.u >= MESSAGE_TYPES)
		return ("its type is unknown");
	m->type = v.u;
	row = &table[m->type];
	if (!message_may_send(m->type, from, to))
		return ("its sender may not send it");
	if ((p = read_value(p, end, &v)) == NULL || v.type != 'u' ||
	    v.u > UINT32_MAX)
		return ("its id is no number");
	m->id = v.u;
	if (row->fd == FD_MUST && fd == -1)
		return ("a descriptor is missing");
	if (row->fd == FD_NONE && fd != -1)
		return ("it must not have a descriptor");
	m->cursor = p;
	m->end = end;
	return (check_fields(row->fields, p, end, count - 2));
}

/* The next value of a checked message; asking for more is a bug of ours. */
static void
take(struct message *m, struct value *v, char type)
{
	uint8_t *p;

	if ((p = read_value(m->cursor, m->end, v)) == NULL ||
	    v->type != type)
		fatalx("%s: read past what it has", message_name(m->type));
	m->cursor = p;
}

uint64_t
message_get_u(struct message *m)
{
	struct value v;

	take(m, &v, 'u');
	return (v.u);
}

bool
message_get_b(struct message *m)
{
	struct value v;

	take(m, &v, 'b');
	return (v.u != 0);
}

const char *
message_get_s(struct message *m)
{
	struct value v;

	take(m, &v, 's');
	/* Over its own header, so that there is room for a NUL. */
	v.data--;
	memmove(v.data, v.data + 1, v.len);
	v.data[v.len] = '\0';
	return ((const char *)v.data);
}

char *
message_take_s(struct message *m)
{
	return (xstrdup(message_get_s(m)));
}

const uint8_t *
message_get_x(struct message *m, size_t *len)
{
	struct value v;

	take(m, &v, 'x');
	*len = v.len;
	return (v.data);
}

bool
message_more(const struct message *m)
{
	return (m->cursor < m->end);
}

int
message_take_fd(struct message *m)
{
	int fd = m->fd;

	m->fd = -1;
	return (fd);
}

/* -- writing ------------------------------------------------------------- */

struct message_out {
	enum message_type	 type;
	const char		*row;		/* where in the fields we are */
	const char		*repeat;
	unsigned		 count;		/* values written */
	size_t			 len;
	msgpack_packer		 packer;
	uint8_t			 buf[MESSAGE_MAX];
};

static struct message_out out;

static int
out_write(void *arg, const char *data, size_t len)
{
	struct message_out *m = arg;

	if (len > sizeof(m->buf) - m->len)
		fatalx("%s: larger than a message can be", message_name(m->type));
	memcpy(m->buf + m->len, data, len);
	m->len += len;
	return (0);
}

struct message_out *
message_new(enum message_type type, uint32_t id)
{
	out.type = type;
	out.row = table[type].fields;
	out.repeat = NULL;
	out.count = 2;
	out.len = 3;		/* the array's header, filled in at the end */
	msgpack_packer_init(&out.packer, &out, out_write);
	msgpack_pack_uint32(&out.packer, type);
	msgpack_pack_uint32(&out.packer, id);
	return (&out);
}

static size_t
expect(struct message_out *m, char type)
{
	const char *begin = NULL;
	struct field field;

	m->row = next_field(m->row, &field, &m->repeat);
	if (field.type == '\0' && m->repeat != NULL)
		m->row = next_field(m->repeat, &field, &begin);
	if (field.type != type)
		fatalx("%s: field %u is not of type %c", message_name(m->type),
		    m->count - 2, type);
	m->count++;
	return (field.max);
}

void
message_put_u(struct message_out *m, uint64_t v)
{
	expect(m, 'u');
	msgpack_pack_uint64(&m->packer, v);
}

void
message_put_b(struct message_out *m, bool v)
{
	expect(m, 'b');
	if (v)
		msgpack_pack_true(&m->packer);
	else
		msgpack_pack_false(&m->packer);
}

void
message_put_s(struct message_out *m, const char *s)
{
	size_t max = expect(m, 's'), len = strlen(s);

	if (len > max) {
		len = max;
		while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--;
	}
	msgpack_pack_str(&m->packer, len);
	msgpack_pack_str_body(&m->packer, s, len);
}

void
message_put_x(struct message_out *m, const void *data, size_t len)
{
	if (len > expect(m, 'x'))
		fatalx("%s: field %u is too long", message_name(m->type),
		    m->count - 3);
	msgpack_pack_bin(&m->packer, len);
	msgpack_pack_bin_body(&m->packer, data, len);
}

const uint8_t *
message_bytes(struct message_out *m, size_t *len)
{
	/* It stays as it is: the bytes may be wanted again. */
	const char *repeat = m->repeat;
	struct field field;

	next_field(m->row, &field, &repeat);
	if (field.type != '\0' && repeat == m->repeat)
		fatalx("%s: only %u fields", message_name(m->type), m->count - 2);
	m->buf[0] = 0xdc;
	m->buf[1] = m->count >> 8;
	m->buf[2] = m->count & 0xff;
	*len = m->len;
	return (m->buf);
}

enum message_type
message_out_type(const struct message_out *m)
{
	return (m->type);
}

struct message_out *
message_forward(const struct message *in, uint32_t id)
{
	struct message_out *m = message_new(in->type, id);
	uint8_t *p, *end = in->end;
	struct value v;

	for (p = in->cursor; p < end;) {
		uint8_t *start = p;

		if ((p = read_value(p, end, &v)) == NULL)
			fatalx("%s: forwarded after it was read",
			    message_name(in->type));
		expect(m, v.type);
		out_write(m, (const char *)start, p - start);
	}
	return (m);
}

const char *
message_name(enum message_type type)
{
	return ((unsigned)type < MESSAGE_TYPES ? table[type].name : "?");
}

const char *
message_fields(enum message_type type)
{
	return ((unsigned)type < MESSAGE_TYPES ? table[type].fields : "");
}

bool
message_may_send(enum message_type type, enum role from, enum role to)
{
	return ((table[type].from & 1U << from) != 0 &&
	    (table[type].to & 1U << to) != 0);
}

bool
message_once(enum message_type type)
{
	return (table[type].times == ONCE);
}

bool
message_fd_must(enum message_type type)
{
	return (table[type].fd == FD_MUST);
}

bool
message_fd_may(enum message_type type)
{
	return (table[type].fd != FD_NONE);
}
