/*
 * Protocol buffers, field by field: one pass over bytes that stay where they are
 * (protobuf.dev, "Encoding").  nanopb reads tags and numbers; what they mean is
 * for the caller.  Nothing is allocated and nothing recurses.
 */
#ifndef KANATA_WATCHER_WIRE_H
#define KANATA_WATCHER_WIRE_H

#include "facts.h"

#define WIRE_FIELDS_MAX	65536	/* of one message */

struct wire {
	const unsigned char *p, *end;
	unsigned	 fields;
	uint64_t	 number;	/* of more than two bytes, the last one */
};

struct wire_field {
	uint32_t	 number;
	uint64_t	 value;		/* a number or bool; else 0 */
	struct text	 bytes;		/* text or message; else p NULL */
};

void		 wire_open(struct wire *, const void *, size_t);
/* 1: there is a field; 0: the end; -1: this is no message, or has too many
 * fields. */
int		 wire_next(struct wire *, struct wire_field *);
/*
 * The field as text: false if it is no UTF-8 or has a NUL.  One that is no text
 * counts as missing.
 */
bool		 wire_text(const struct wire_field *, struct text *);

/* runtime.Unknown, in which every object travels ("k8s" and a NUL, then this). */
struct envelope {
	struct text	 api_version, kind, raw;
};
/* NULL, or a static text that says what is wrong. */
const char	*envelope_open(struct envelope *, const void *, size_t);
/* The TypeMeta within it. */
bool		 envelope_type(struct envelope *, struct text);

#endif
