/*
 * The tree is built from libyaml's events without recursion.  Everything here
 * comes from a file that anyone may have written.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <yaml.h>

#include "../common/log.h"
#include "yaml.h"

struct yaml_build {
	yaml_parser_t	 parser;
	struct yaml_error *error;
	const char	*bytes;
	size_t		 len;
	unsigned	 depth_max;
	struct yaml_node *root;
	/* Lists and maps that are open, and in each the last child and, in a
	 * map, the key that waits for its value. */
	struct {
		struct yaml_node *node, *last;
		char		*key;
		unsigned	 line, column;
	}		 open[YAML_DEPTH_MAX];
	unsigned	 depth;
	size_t		 nodes;
};

static int	 build_fail(struct yaml_build *, unsigned, unsigned,
		    const char *, ...) __attribute__((format(printf, 4, 5)));

static int
build_fail(struct yaml_build *b, unsigned line, unsigned column,
    const char *fmt, ...)
{
	va_list	 ap;

	b->error->line = line;
	b->error->column = column;
	va_start(ap, fmt);
	vsnprintf(b->error->text, sizeof(b->error->text), fmt, ap);
	va_end(ap);
	return (-1);
}

static int
build_fail_at(struct yaml_build *b, const yaml_mark_t *at, const char *text)
{
	return (build_fail(b, (unsigned)at->line + 1, (unsigned)at->column + 1,
	    "%s", text));
}

/* A byte that is not text at all; libyaml knows only its offset. */
static int
build_fail_reader(struct yaml_build *b)
{
	size_t	 i, end = b->parser.problem_offset;
	unsigned line = 1, column = 1;

	if (end > b->len)
		end = b->len;
	for (i = 0; i < end; i++) {
		if (b->bytes[i] == '\n') {
			line++;
			column = 1;
		} else if ((b->bytes[i] & 0xc0) != 0x80)
			column++;
	}
	if (strstr(b->parser.problem, "control") != NULL)
		return (build_fail(b, line, column,
		    "a control character (0x%02x): this is not a text file",
		    (unsigned)b->parser.problem_value));
	return (build_fail(b, line, column,
	    "bytes that are not UTF-8: this is not a text file"));
}

/* The byte at a place that libyaml complains of. */
static int
build_byte_at(const struct yaml_build *b, const yaml_mark_t *at)
{
	const char	*p = b->bytes, *end = b->bytes + b->len;
	size_t		 n;

	for (n = 0; n < at->line; n++) {
		if ((p = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return (-1);
		p++;
	}
	for (n = 0; p < end && n < at->column; n++)
		for (p++; p < end && (*p & 0xc0) == 0x80; p++)
			;
	return (p < end ? (unsigned char)*p : -1);
}

/* libyaml's words for the common mistakes, in ours. */
static int
build_fail_syntax(struct yaml_build *b)
{
	static const struct { const char *theirs, *ours; } words[] = {
		{ "found a tab character that violates indentation",
		    "a tab: indent with spaces" },
		{ "found a tab character where an indentation space is expected",
		    "a tab: indent with spaces" },
		{ "mapping values are not allowed in this context",
		    "a `:` where none can be: wrong indentation, or a value "
		    "that needs quotes" },
		{ "did not find expected key",
		    "expected a key: wrong indentation, or a value that needs "
		    "quotes" },
		{ "could not find expected ':'",
		    "expected `key: value`, found no `:`" },
		{ "did not find expected '-' indicator",
		    "expected `- item`: wrong indentation" },
		{ "block sequence entries are not allowed in this context",
		    "a `- item` where none can be: wrong indentation" },
		{ "did not find expected ',' or ']'",
		    "a list that starts with `[` is not closed with `]`" },
		{ "did not find expected ',' or '}'",
		    "a map that starts with `{` is not closed with `}`" },
		{ "found unexpected end of stream",
		    "a text in quotes is not closed" },
		{ "did not find expected <document start>",
		    "the document ended before this line" },
	};
	const yaml_mark_t *at = &b->parser.problem_mark;
	size_t		 i;
	int		 c;

	if (strcmp(b->parser.problem,
	    "found character that cannot start any token") == 0) {
		c = build_byte_at(b, at);
		if (c == '\t')
			return (build_fail_at(b, at,
			    "a tab: indent with spaces"));
		return (build_fail(b, (unsigned)at->line + 1,
		    (unsigned)at->column + 1,
		    "a value cannot start with `%c` unless it is in quotes",
		    c > ' ' && c < 0x7f ? c : '?'));
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(b->parser.problem, words[i].theirs) == 0)
			return (build_fail_at(b, at, words[i].ours));
	return (build_fail_at(b, at, b->parser.problem));
}

static int
build_fail_parser(struct yaml_build *b)
{
	switch (b->parser.error) {
	case YAML_MEMORY_ERROR:
		errno = ENOMEM;
		fatal("yaml");
	case YAML_READER_ERROR:
		return (build_fail_reader(b));
	default:
		return (build_fail_syntax(b));
	}
}

/* Hangs a node where it belongs. */
static void
build_add(struct yaml_build *b, struct yaml_node *node)
{
	struct yaml_node *in;

	if (b->depth == 0) {
		b->root = node;
		return;
	}
	in = b->open[b->depth - 1].node;
	if (in->what == YAML_MAP) {
		node->key = b->open[b->depth - 1].key;
		node->key_line = b->open[b->depth - 1].line;
		node->key_column = b->open[b->depth - 1].column;
		b->open[b->depth - 1].key = NULL;
	}
	if (b->open[b->depth - 1].last == NULL)
		in->first = node;
	else
		b->open[b->depth - 1].last->next = node;
	b->open[b->depth - 1].last = node;
	in->count++;
}

static struct yaml_node *
build_node(struct yaml_build *b, const yaml_event_t *event,
    enum yaml_what what)
{
	struct yaml_node *node;

	if (++b->nodes > YAML_NODES_MAX) {
		build_fail_at(b, &event->start_mark,
		    "the file has too many keys and values");
		return (NULL);
	}
	if ((node = calloc(1, sizeof(*node))) == NULL)
		fatal("yaml");
	node->what = what;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	return (node);
}

/* True if the next text is a key. */
static bool
build_wants_key(const struct yaml_build *b)
{
	return (b->depth > 0 && b->open[b->depth - 1].node->what == YAML_MAP &&
	    b->open[b->depth - 1].key == NULL);
}

static int
build_text(struct yaml_build *b, yaml_event_t *event)
{
	struct yaml_node *node;
	yaml_char_t	*text = event->data.scalar.value;

	if (event->data.scalar.anchor != NULL)
		return (build_fail_at(b, &event->start_mark,
		    "anchors (`&name`) are not supported"));
	if (event->data.scalar.tag != NULL)
		return (build_fail_at(b, &event->start_mark,
		    "tags (`!name`) are not supported"));
	if (memchr(text, '\0', event->data.scalar.length) != NULL)
		return (build_fail_at(b, &event->start_mark,
		    "a NUL character in a text"));
	if (build_wants_key(b)) {
		if (++b->nodes > YAML_NODES_MAX)
			return (build_fail_at(b, &event->start_mark,
			    "the file has too many keys and values"));
		b->open[b->depth - 1].key = (char *)text;
		b->open[b->depth - 1].line =
		    (unsigned)event->start_mark.line + 1;
		b->open[b->depth - 1].column =
		    (unsigned)event->start_mark.column + 1;
	} else {
		if ((node = build_node(b, event, YAML_TEXT)) == NULL)
			return (-1);
		node->text = (char *)text;
		node->plain =
		    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		build_add(b, node);
	}
	/* It may be a secret: moved, so that there is one copy less to wipe. */
	event->data.scalar.value = NULL;
	return (0);
}

static int
build_open(struct yaml_build *b, const yaml_event_t *event, enum yaml_what what,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct yaml_node *node;

	if (anchor != NULL)
		return (build_fail_at(b, &event->start_mark,
		    "anchors (`&name`) are not supported"));
	if (tag != NULL)
		return (build_fail_at(b, &event->start_mark,
		    "tags (`!name`) are not supported"));
	if (build_wants_key(b))
		return (build_fail_at(b, &event->start_mark,
		    "a key must be text"));
	if (b->depth == b->depth_max)
		return (build_fail(b, (unsigned)event->start_mark.line + 1,
		    (unsigned)event->start_mark.column + 1,
		    "nested more than %u deep", b->depth_max));
	if ((node = build_node(b, event, what)) == NULL)
		return (-1);
	build_add(b, node);
	memset(&b->open[b->depth], 0, sizeof(b->open[b->depth]));
	b->open[b->depth++].node = node;
	return (0);
}

static bool
build_is_before(const struct yaml_node *x, const struct yaml_node *y)
{
	if (x->key_line != y->key_line)
		return (x->key_line < y->key_line);
	return (x->key_column < y->key_column);
}

static int
build_compare_keys(const void *a, const void *b)
{
	const struct yaml_node	*x = *(struct yaml_node *const *)a;
	const struct yaml_node	*y = *(struct yaml_node *const *)b;
	int			 order = strcmp(x->key, y->key);

	if (order != 0)
		return (order);
	return (build_is_before(x, y) ? -1 : build_is_before(y, x));
}

/* Sorted, because a map may have as many keys as the file has room for; not by
 * qsort(3), which asks for the size of the memory, and that no cage allows. */
static int
build_check_twice(struct yaml_build *b, const struct yaml_node *map)
{
	const struct yaml_node	**all, *node, *twice = NULL, *before = NULL;
	size_t			 n = 0, i;

	if (map->count < 2)
		return (0);
	if ((all = calloc(map->count, sizeof(*all))) == NULL)
		fatal("yaml");
	for (node = map->first; node != NULL; node = node->next)
		all[n++] = node;
	heapsort(all, n, sizeof(*all), build_compare_keys);
	for (i = 1; i < n; i++) {
		if (strcmp(all[i]->key, all[i - 1]->key) != 0)
			continue;
		if (twice == NULL || build_is_before(all[i], twice)) {
			twice = all[i];
			before = all[i - 1];
		}
	}
	free(all);
	if (twice == NULL)
		return (0);
	return (build_fail(b, twice->key_line, twice->key_column,
	    "`%s` is here twice: the first is on line %u", log_safe(twice->key),
	    before->key_line));
}

/* Returns 1 at the end, -1 on error. */
static int
build_event(struct yaml_build *b, yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		return (1);
	case YAML_DOCUMENT_START_EVENT:
		if (b->root != NULL)
			return (build_fail_at(b, &event->start_mark,
			    "a second document: the file may have only one"));
		return (0);
	case YAML_ALIAS_EVENT:
		return (build_fail_at(b, &event->start_mark,
		    "aliases (`*name`) are not supported"));
	case YAML_SCALAR_EVENT:
		return (build_text(b, event));
	case YAML_SEQUENCE_START_EVENT:
		return (build_open(b, event, YAML_LIST,
		    event->data.sequence_start.anchor,
		    event->data.sequence_start.tag));
	case YAML_MAPPING_START_EVENT:
		return (build_open(b, event, YAML_MAP,
		    event->data.mapping_start.anchor,
		    event->data.mapping_start.tag));
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return (build_check_twice(b, b->open[b->depth].node));
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return (0);
	default:
		return (0);
	}
}

static int
build_run(struct yaml_build *b)
{
	yaml_event_t	 event;
	int		 done = 0;

	while (done == 0) {
		if (!yaml_parser_parse(&b->parser, &event))
			return (build_fail_parser(b));
		done = build_event(b, &event);
		yaml_event_delete(&event);
	}
	if (done == -1)
		return (-1);
	if (b->root == NULL || yaml_is_null(b->root))
		return (build_fail(b, 1, 1, "there is nothing in the file"));
	return (0);
}

struct yaml_node *
yaml_read(const char *bytes, size_t len, unsigned depth,
    struct yaml_error *error)
{
	struct yaml_build	 b;
	unsigned		 i;
	int			 ok;

	memset(&b, 0, sizeof(b));
	memset(error, 0, sizeof(*error));
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		len -= 3;
	}
	b.error = error;
	b.bytes = bytes;
	b.len = len;
	b.depth_max = depth < YAML_DEPTH_MAX ? depth : YAML_DEPTH_MAX;
	if (!yaml_parser_initialize(&b.parser))
		fatalx("yaml: out of memory");
	/* No guessing: an UTF-16 file is a binary file here. */
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)bytes,
	    len);
	ok = build_run(&b);
	yaml_parser_delete(&b.parser);
	if (ok == 0)
		return (b.root);
	for (i = 0; i < YAML_DEPTH_MAX; i++)
		free(b.open[i].key);
	yaml_tree_free(b.root);
	return (NULL);
}

void
yaml_tree_free(struct yaml_node *node)
{
	struct yaml_node	*child, *next;

	if (node == NULL)
		return;
	/* No deeper than YAML_DEPTH_MAX. */
	for (child = node->first; child != NULL; child = next) {
		next = child->next;
		yaml_tree_free(child);
	}
	if (node->text != NULL)
		freezero(node->text, strlen(node->text));
	free(node->key);
	free(node);
}

const struct yaml_node *
yaml_find(const struct yaml_node *map, const char *key)
{
	const struct yaml_node	*node;

	if (map == NULL || map->what != YAML_MAP)
		return (NULL);
	for (node = map->first; node != NULL; node = node->next)
		if (strcmp(node->key, key) == 0)
			return (node);
	return (NULL);
}

bool
yaml_is_null(const struct yaml_node *node)
{
	return (node->what == YAML_TEXT && node->plain &&
	    (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
	    strcmp(node->text, "null") == 0));
}

const char *
yaml_what(const struct yaml_node *node)
{
	switch (node->what) {
	case YAML_LIST:
		return ("a list");
	case YAML_MAP:
		return ("a map");
	case YAML_TEXT:
		break;
	}
	return (yaml_is_null(node) ? "nothing" : "text");
}
