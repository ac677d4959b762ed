/*
 * Cuts JSON into pieces, incrementally.
 *
 * It follows strings and brackets only.  What it hands out is checked by the JSON
 * decoder; what it leaves out nobody reads.  A piece is bounded in size, left out
 * parts included, and in depth.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "splitter.h"

#define REST_MAX	(256 * 1024)	/* of a list without its items */
#define KEEP_MAX	(256 * 1024)	/* a larger buffer is not kept */
#define LEVELS		5		/* of a path that can be left out */
#define KEY_MAX		64

struct buffer {
	char	*p;
	size_t	 len, size;
};

enum target { TO_NOTHING, TO_PIECE, TO_REST };

struct splitter {
	enum split_mode		 mode;
	const char *const	*drop;
	splitter_piece_fn	 piece_fn;
	void			*arg;
	const char		*error;
	bool			 failed;

	unsigned	 depth;
	char		 open[SPLITTER_DEPTH_MAX + 1];	/* '{' or '[' */
	bool		 in_string, escaped;
	bool		 expect_key, is_key;
	bool		 done;		/* the list is complete */

	unsigned	 base;		/* depth of what is around a piece */
	bool		 in_items, in_piece;
	bool		 want_comma;	/* an element came, no comma yet */

	char		 key[KEY_MAX];	/* the last one, cut */
	size_t		 key_len;
	uint32_t	 match[LEVELS + 1];	/* paths that lead here */
	uint32_t	 pending;		/* ... to the value to come */
	bool		 dropping;
	unsigned	 drop_depth;

	enum target	 to;
	size_t		 raw;		/* bytes of this piece, all of them */
	struct buffer	 piece, rest;
};

struct splitter *
splitter_new(enum split_mode mode, const char *const *drop,
    splitter_piece_fn piece_fn, void *arg)
{
	static const char *const nothing[] = { NULL };
	struct splitter		*sp;
	size_t			 n;

	if ((sp = calloc(1, sizeof(*sp))) == NULL)
		fatal("splitter");
	sp->mode = mode;
	sp->drop = drop == NULL ? nothing : drop;
	for (n = 0; sp->drop[n] != NULL; n++)
		;
	if (n > SPLITTER_DROPS_MAX)
		fatalx("splitter: too many paths");
	sp->piece_fn = piece_fn;
	sp->arg = arg;
	return (sp);
}

void
splitter_free(struct splitter *sp)
{
	if (sp == NULL)
		return;
	free(sp->piece.p);
	free(sp->rest.p);
	free(sp);
}

static int
fail(struct splitter *sp, const char *error)
{
	sp->failed = true;
	sp->error = error;
	return (-1);
}

static void
append(struct buffer *b, const char *s, size_t len)
{
	size_t	 size;

	if (b->len + len + 1 > b->size) {
		for (size = b->size ? b->size : 4096; size < b->len + len + 1; )
			size *= 2;
		if ((b->p = realloc(b->p, size)) == NULL)
			fatal("splitter");
		b->size = size;
	}
	memcpy(b->p + b->len, s, len);
	b->len += len;
	b->p[b->len] = '\0';
}

/* What has passed since the last call goes where it belongs. */
static int
flush(struct splitter *sp, const char *s, size_t len)
{
	if (len == 0)
		return (0);
	sp->raw += len;
	if (sp->raw > SPLITTER_PIECE_MAX)
		return (fail(sp, "an object is larger than 4 MiB"));
	if (sp->to == TO_PIECE)
		append(&sp->piece, s, len);
	else if (sp->to == TO_REST) {
		if (sp->rest.len + len > REST_MAX)
			return (fail(sp, "a list is too large around its items"));
		append(&sp->rest, s, len);
	}
	return (0);
}

/* The bit of each path that has this key at this level. */
static uint32_t
paths_with(const struct splitter *sp, unsigned level, bool *whole)
{
	const char	*s;
	uint32_t	 bit, found = 0;
	unsigned	 i, n;
	size_t		 len;

	*whole = false;
	if (level == 0 || level > LEVELS || sp->match[level] == 0)
		return (0);
	for (i = 0; (s = sp->drop[i]) != NULL; i++) {
		bit = (uint32_t)1 << i;
		if ((sp->match[level] & bit) == 0)
			continue;
		for (n = 1; n < level && s != NULL; n++)
			if ((s = strchr(s, '.')) != NULL)
				s++;
		if (s == NULL)
			continue;
		len = strcspn(s, ".");
		if (len != sp->key_len || memcmp(s, sp->key, len) != 0)
			continue;
		found |= bit;
		if (s[len] == '\0')
			*whole = true;
	}
	return (found);
}

static bool
key_is(const struct splitter *sp, const char *name)
{
	return (sp->key_len == strlen(name) &&
	    memcmp(sp->key, name, sp->key_len) == 0);
}

static int
begin_piece(struct splitter *sp)
{
	sp->in_piece = true;
	sp->to = TO_PIECE;
	sp->piece.len = 0;
	sp->raw = 0;
	return (0);
}

/* A bracket opens; it is not counted yet. */
static int
open_bracket(struct splitter *sp, char c, const char *s, size_t len)
{
	unsigned	 level;

	if (sp->depth == SPLITTER_DEPTH_MAX)
		return (fail(sp, "an object is nested too deeply"));
	if (sp->depth == 0) {
		if (c != '{' || sp->done)
			return (fail(sp, "the answer is no JSON object"));
		if (flush(sp, s, len) == -1)
			return (-1);
		if (sp->mode == SPLIT_EVENTS)
			begin_piece(sp);
		else
			sp->to = TO_REST;
	} else if (sp->in_items && !sp->in_piece) {
		if (c != '{' || sp->want_comma)
			return (fail(sp, "an item of a list is no object"));
		if (flush(sp, s, len) == -1)
			return (-1);
		begin_piece(sp);
	}
	level = sp->depth + 1 - sp->base;
	if (sp->in_piece && level <= LEVELS) {
		if (level == 1)
			sp->match[level] = ~(uint32_t)0;
		else
			sp->match[level] = c == '{' &&
			    sp->open[sp->depth] == '{' ? sp->pending : 0;
	}
	sp->pending = 0;
	sp->depth++;
	sp->open[sp->depth] = c;
	sp->expect_key = c == '{';
	return (0);
}

static int
end_piece(struct splitter *sp, int rest)
{
	struct buffer	*b = rest ? &sp->rest : &sp->piece;

	sp->in_piece = false;
	sp->to = TO_NOTHING;
	sp->raw = 0;
	if (sp->piece_fn(b->p, b->len, rest, sp->arg) == -1)
		return (fail(sp, NULL));
	if (b->size > KEEP_MAX) {
		free(b->p);
		memset(b, 0, sizeof(*b));
	}
	return (0);
}

/* A bracket closes; s ends with it. */
static int
close_bracket(struct splitter *sp, char c, const char *s, size_t len)
{
	if (sp->depth == 0 || sp->open[sp->depth] != (c == '}' ? '{' : '['))
		return (fail(sp, "brackets do not match"));
	sp->depth--;
	sp->expect_key = false;
	sp->pending = 0;
	if (sp->in_piece && sp->depth == sp->base) {
		if (flush(sp, s, len) == -1)
			return (-1);
		sp->want_comma = sp->in_items;
		return (end_piece(sp, 0));
	}
	if (sp->in_items && !sp->in_piece) {
		if (flush(sp, s, len - 1) == -1)
			return (-1);
		sp->in_items = false;
		sp->base = 0;
		sp->to = TO_REST;
		return (flush(sp, "]", 1));
	}
	if (sp->depth == 0) {
		if (flush(sp, s, len) == -1)
			return (-1);
		sp->done = true;
		return (end_piece(sp, 1));
	}
	return (1);
}

/* After a key: is its value wanted?  s ends with the colon. */
static int
colon(struct splitter *sp, const char *s, size_t len)
{
	bool	 whole;

	sp->expect_key = false;
	if (!sp->in_piece || sp->open[sp->depth] != '{')
		return (1);
	sp->pending = paths_with(sp, sp->depth - sp->base, &whole);
	if (!whole)
		return (1);
	if (flush(sp, s, len) == -1 || flush(sp, "null", 4) == -1)
		return (-1);
	sp->dropping = true;
	sp->drop_depth = sp->depth;
	sp->to = TO_NOTHING;
	return (0);
}

/* The list's items begin: s ends with their bracket. */
static int
begin_items(struct splitter *sp, const char *s, size_t len)
{
	if (flush(sp, s, len) == -1)
		return (-1);
	sp->in_items = true;
	sp->want_comma = false;
	sp->base = sp->depth;
	sp->to = TO_NOTHING;
	sp->raw = 0;
	return (0);
}

/* Between pieces only these may stand. */
static int
between(struct splitter *sp, char c)
{
	if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
		return (1);
	if (sp->in_items && c == ',' && sp->want_comma) {
		sp->want_comma = false;
		return (1);
	}
	return (fail(sp, sp->in_items ? "an item of a list is no object" :
	    "the answer is no JSON object"));
}

/*
 * One byte outside of strings; s ends with it.  1: go on; 0: everything up to it
 * is dealt with; -1: failed.
 */
static int
structure(struct splitter *sp, char c, const char *s, size_t len)
{
	bool	 list;

	if (sp->dropping && sp->depth == sp->drop_depth &&
	    (c == ',' || c == '}' || c == ']')) {
		if (flush(sp, s, len - 1) == -1)
			return (-1);
		sp->dropping = false;
		sp->to = TO_PIECE;
		s += len - 1;
		len = 1;
		if (c == ',') {
			sp->expect_key = true;
			return (flush(sp, s, len));
		}
		return (close_bracket(sp, c, s, len) == -1 ? -1 :
		    sp->in_piece ? flush(sp, s, len) : 0);
	}
	switch (c) {
	case '{':
	case '[':
		list = sp->mode == SPLIT_LIST && sp->depth == 1 && c == '[' &&
		    sp->open[1] == '{' && key_is(sp, "items");
		if (sp->to == TO_NOTHING && !sp->dropping) {
			/* What stood before it belongs to nobody. */
			if (open_bracket(sp, c, s, len - 1) == -1)
				return (-1);
			return (flush(sp, s + len - 1, 1));
		}
		if (open_bracket(sp, c, s, 0) == -1)
			return (-1);
		return (list ? begin_items(sp, s, len) : 1);
	case '}':
	case ']':
		return (close_bracket(sp, c, s, len));
	}
	if (sp->depth == 0 || (sp->in_items && !sp->in_piece))
		return (between(sp, c));
	switch (c) {
	case '"':
		sp->in_string = true;
		sp->is_key = sp->expect_key;
		if (sp->is_key)
			sp->key_len = 0;
		return (1);
	case ':':
		return (sp->dropping ? 1 : colon(sp, s, len));
	case ',':
		sp->expect_key = sp->open[sp->depth] == '{';
		sp->pending = 0;
		return (1);
	}
	return (1);
}

/* The part of a string that is here; returns how many bytes it has. */
static size_t
string_part(struct splitter *sp, const char *s, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++) {
		if (sp->escaped)
			sp->escaped = false;
		else if (s[i] == '\\')
			sp->escaped = true;
		else if (s[i] == '"') {
			sp->in_string = false;
			return (i + 1);
		}
		if (sp->is_key && sp->key_len < KEY_MAX)
			sp->key[sp->key_len++] = s[i];
	}
	return (len);
}

int
splitter_feed(struct splitter *sp, const char *buf, size_t len)
{
	size_t	 i = 0, from = 0;

	if (sp->failed) {
		errno = EINVAL;
		return (-1);
	}
	while (i < len) {
		if (sp->in_string) {
			i += string_part(sp, buf + i, len - i);
			continue;
		}
		i++;
		switch (structure(sp, buf[i - 1], buf + from, i - from)) {
		case -1:
			return (-1);
		case 0:
			from = i;
		}
	}
	return (flush(sp, buf + from, len - from));
}

const char *
splitter_finish(const struct splitter *sp)
{
	if (sp->failed)
		return (sp->error);
	if (sp->depth != 0)
		return ("the answer ends in the middle of an object");
	if (sp->mode == SPLIT_LIST && !sp->done)
		return ("the answer is empty");
	return (NULL);
}

const char *
splitter_error(const struct splitter *sp)
{
	return (sp->error);
}
