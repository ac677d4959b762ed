/*
 * Label selectors: parsed when the configuration is read and again when it is
 * prepared, matched against the labels of each pod that is decoded.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "selector.h"

#define VALUES_MAX	64	/* of one requirement */
#define PREFIX_MAX	253	/* of a key, before the slash */
#define NAME_MAX_LEN	63	/* of a key, or a value */

enum operator { OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT };

struct requirement {
	struct requirement	*next;
	enum operator		 op;
	char			*key;
	size_t			 nvalue;
	char			**value;
};

struct selector {
	struct requirement	*first;
};

struct scanner {
	const char	*start, *s;
	char		*why;
	size_t		 whysize;
};

static void
blank(struct scanner *sc)
{
	while (*sc->s == ' ' || *sc->s == '\t')
		sc->s++;
}

static int
expected(struct scanner *sc, const char *what)
{
	if (*sc->s == '\0')
		snprintf(sc->why, sc->whysize, "%s expected at the end", what);
	else
		snprintf(sc->why, sc->whysize, "%s expected at character %zu",
		    what, (size_t)(sc->s - sc->start) + 1);
	return (-1);
}

static bool
is_word(char c)
{
	return (isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.');
}

/* A name or value: letters and digits, with - _ . between them. */
static bool
word_ok(const char *s, size_t len)
{
	size_t	 i;

	if (len == 0 || len > NAME_MAX_LEN ||
	    !isalnum((unsigned char)s[0]) ||
	    !isalnum((unsigned char)s[len - 1]))
		return (false);
	for (i = 0; i < len; i++)
		if (!is_word(s[i]))
			return (false);
	return (true);
}

/* What stands before the slash of a key: a DNS subdomain. */
static bool
prefix_ok(const char *s, size_t len)
{
	size_t	 i;

	if (len == 0 || len > PREFIX_MAX)
		return (false);
	for (i = 0; i < len; i++)
		if (!islower((unsigned char)s[i]) &&
		    !isdigit((unsigned char)s[i]) && (i == 0 || i == len - 1 ||
		    (s[i] != '-' && s[i] != '.')))
			return (false);
	return (true);
}

static char *
copy(const char *s, size_t len)
{
	char	*p;

	if ((p = strndup(s, len)) == NULL)
		fatal("selector");
	return (p);
}

static char *
scan_key(struct scanner *sc)
{
	const char	*s = sc->s, *name, *slash;
	size_t		 len;

	for (len = 0; is_word(s[len]) || s[len] == '/'; len++)
		;
	slash = memchr(s, '/', len);
	name = slash == NULL ? s : slash + 1;
	if (!word_ok(name, len - (name - s)) ||
	    (slash != NULL && !prefix_ok(s, (size_t)(slash - s)))) {
		expected(sc, "a label key");
		return (NULL);
	}
	sc->s += len;
	return (copy(s, len));
}

/* A value may be empty. */
static char *
scan_value(struct scanner *sc)
{
	const char	*s = sc->s;
	size_t		 len;

	for (len = 0; is_word(s[len]); len++)
		;
	if (len != 0 && !word_ok(s, len)) {
		expected(sc, "a label value");
		return (NULL);
	}
	sc->s += len;
	return (copy(s, len));
}

static int
add_value(struct requirement *r, struct scanner *sc)
{
	if (r->nvalue == VALUES_MAX)
		return (expected(sc, "no more than 64 values"));
	if ((r->value = reallocarray(r->value, r->nvalue + 1,
	    sizeof(*r->value))) == NULL)
		fatal("selector");
	if ((r->value[r->nvalue] = scan_value(sc)) == NULL)
		return (-1);
	r->nvalue++;
	return (0);
}

static int
scan_set(struct requirement *r, struct scanner *sc)
{
	blank(sc);
	if (*sc->s != '(')
		return (expected(sc, "("));
	do {
		sc->s++;
		blank(sc);
		if (add_value(r, sc) == -1)
			return (-1);
		blank(sc);
	} while (*sc->s == ',');
	if (*sc->s != ')')
		return (expected(sc, ", or )"));
	sc->s++;
	return (0);
}

/* The word in or notin, which must end there. */
static bool
scan_word(struct scanner *sc, const char *word)
{
	size_t	 len = strlen(word);

	if (strncmp(sc->s, word, len) != 0 || is_word(sc->s[len]) ||
	    sc->s[len] == '/')
		return (false);
	sc->s += len;
	return (true);
}

static int
scan_requirement(struct requirement *r, struct scanner *sc)
{
	if (*sc->s == '!') {
		sc->s++;
		blank(sc);
		r->op = OP_ABSENT;
		return ((r->key = scan_key(sc)) == NULL ? -1 : 0);
	}
	if ((r->key = scan_key(sc)) == NULL)
		return (-1);
	blank(sc);
	if (*sc->s == ',' || *sc->s == '\0') {
		r->op = OP_EXISTS;
		return (0);
	}
	if (scan_word(sc, "in")) {
		r->op = OP_IN;
		return (scan_set(r, sc));
	}
	if (scan_word(sc, "notin")) {
		r->op = OP_NOT_IN;
		return (scan_set(r, sc));
	}
	if (sc->s[0] == '!' && sc->s[1] == '=') {
		r->op = OP_NOT_IN;
		sc->s += 2;
	} else if (sc->s[0] == '=') {
		r->op = OP_IN;
		sc->s += sc->s[1] == '=' ? 2 : 1;
	} else
		return (expected(sc, "=, ==, !=, in or notin"));
	blank(sc);
	return (add_value(r, sc));
}

struct selector *
selector_parse(const char *text, char *why, size_t whysize)
{
	struct scanner		 sc = { text, text, why, whysize };
	struct selector		*sel;
	struct requirement	*r, **last;

	if ((sel = calloc(1, sizeof(*sel))) == NULL)
		fatal("selector");
	last = &sel->first;
	for (;;) {
		blank(&sc);
		if ((r = calloc(1, sizeof(*r))) == NULL)
			fatal("selector");
		*last = r;
		last = &r->next;
		if (scan_requirement(r, &sc) == -1)
			break;
		blank(&sc);
		if (*sc.s == '\0')
			return (sel);
		if (*sc.s != ',') {
			expected(&sc, ", or the end");
			break;
		}
		sc.s++;
	}
	selector_free(sel);
	return (NULL);
}

void
selector_free(struct selector *sel)
{
	struct requirement	*r;
	size_t			 i;

	if (sel == NULL)
		return;
	while ((r = sel->first) != NULL) {
		sel->first = r->next;
		for (i = 0; i < r->nvalue; i++)
			free(r->value[i]);
		free(r->value);
		free(r->key);
		free(r);
	}
	free(sel);
}

/* != and notin also hold where the label is missing, as the documents say. */
static bool
requirement_holds(const struct requirement *r, const char *value)
{
	bool	 in = false;
	size_t	 i;

	if (r->op == OP_EXISTS || r->op == OP_ABSENT)
		return ((value != NULL) == (r->op == OP_EXISTS));
	for (i = 0; value != NULL && i < r->nvalue && !in; i++)
		in = strcmp(value, r->value[i]) == 0;
	return (in == (r->op == OP_IN));
}

bool
selector_match(const struct selector *sel, selector_label_fn label,
    const void *arg)
{
	const struct requirement	*r;

	for (r = sel->first; r != NULL; r = r->next)
		if (!requirement_holds(r, label(r->key, arg)))
			return (false);
	return (true);
}
