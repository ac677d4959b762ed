/*
 * YAML text as a tree: text, lists and maps, each with its place in the file.
 * A small part of YAML: one document, no anchors, aliases or tags, no key
 * twice, keys are text.
 */
#ifndef KANATA_YAML_H
#define KANATA_YAML_H

#include <stdbool.h>
#include <stddef.h>

#define YAML_BYTES_MAX	(1024 * 1024)	/* of a file */
#define YAML_DEPTH_MAX	32
#define YAML_NODES_MAX	250000

enum yaml_what { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
	struct yaml_node *next;		/* in the same list or map */
	struct yaml_node *first;	/* of a list or map */
	size_t		 count;		/* of a list or map */
	enum yaml_what	 what;
	bool		 plain;		/* text without quotes */
	unsigned	 line, column;	/* from 1 */
	char		*text;		/* no NUL inside */
	char		*key;		/* in a map, else NULL */
	unsigned	 key_line, key_column;
};

struct yaml_error {
	unsigned	 line, column;	/* from 1 */
	char		 text[512];
};

/*
 * Reads a document of len bytes that nests at most `depth` deep (up to
 * YAML_DEPTH_MAX).  Returns its root, which the caller frees with yaml_tree_free, or
 * NULL and fills in the error.  The error never quotes a value.
 */
struct yaml_node *yaml_read(const char *, size_t len, unsigned depth,
		    struct yaml_error *);
/* Wipes all text and frees.  NULL is allowed. */
void		 yaml_tree_free(struct yaml_node *);

/* The value of a key in a map; NULL if there is none or it is no map. */
const struct yaml_node *yaml_find(const struct yaml_node *, const char *key);
/* `key:` with nothing behind it, `~` or `null`. */
bool		 yaml_is_null(const struct yaml_node *);
/* "text", "a list", "a map", "nothing". */
const char	*yaml_what(const struct yaml_node *);

#endif
