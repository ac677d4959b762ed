/*
 * Maps of the configuration, read by a table: one row for each key with its
 * type, its bounds and where its value goes.
 */
#ifndef KANATA_KEY_H
#define KANATA_KEY_H

#include <stddef.h>

#include "parsed.h"

enum key_type {
	KEY_NODE,	/* const struct yaml_node *: whoever reads it checks */
	KEY_TEXT,	/* char *, replaced; at most max bytes */
	KEY_PATH,	/* char *, replaced; see parsed_path */
	KEY_NUMBER,	/* unsigned, min to max */
	KEY_PERCENT,	/* unsigned */
	KEY_DURATION,	/* uint64_t milliseconds, min to max */
	KEY_BOOL,	/* bool */
	KEY_CHOICE	/* unsigned, the index of a word */
};

struct key {
	const char	*name;
	enum key_type	 type;
	size_t		 offset;	/* of the field */
	uint64_t	 min, max;
	const char *const *words;	/* of a choice, NULL at the end */
	bool		(*check)(const char *);	/* of a text */
	const char	*expected;	/* what check wants */
};

/*
 * Reads a map into the structure that the offsets are of.  A key that is not in
 * the table, or a value that does not fit, is an error.  -1 on error.
 */
int	 key_read_map(struct parsed *, const struct yaml_node *map,
	    const struct key *, size_t nkey, void *into);
#define KEY_READ_MAP(parsed, map, table, into)				\
	key_read_map(parsed, map, table, sizeof(table) / sizeof((table)[0]), \
	    into)

/* The node if it is a list or map, NULL and an error if not. */
const struct yaml_node *key_want_list(struct parsed *,
	    const struct yaml_node *);
const struct yaml_node *key_want_map(struct parsed *,
	    const struct yaml_node *);
/* Its text, at least one and at most max bytes without control characters; NULL
 * and an error if it is none.  `expected` says what should stand there. */
const char *key_want_text(struct parsed *, const struct yaml_node *, size_t max,
	    const char *expected);

#endif
