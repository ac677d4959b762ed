/*
 * Which component an operator means: by its id, or by a name that only one has;
 * and what it may have been when there is none.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "lookup.h"

#define NEAR_MAX	3	/* that are named */
#define NEAR_BYTES	64	/* of a name that are looked at */

struct near { char id[129]; unsigned distance; };

struct search {
	const char	*word;
	const char	*id;		/* exactly that */
	const char	*named;		/* has that name */
	unsigned	 nnamed;
	struct near	 near[NEAR_MAX];
	unsigned	 nnear;
};

/* Letters to change, add or take away (Levenshtein), of the first NEAR_BYTES. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[NEAR_BYTES + 1], before, above, i, j;
	size_t na = strnlen(a, NEAR_BYTES), nb = strnlen(b, NEAR_BYTES);

	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		before = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			above = row[j];
			row[j] = before + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			before = above;
		}
	}
	return (row[nb]);
}

/* How far from what was said; more than a third of it is something else. */
static unsigned
far(const char *word, const char *name)
{
	unsigned d;

	if (*name == '\0')
		return (UINT32_MAX);
	if (strlen(word) > 2 && strcasestr(name, word) != NULL)
		return (1);
	d = distance(word, name);
	return (d <= 1 + strnlen(word, NEAR_BYTES) / 3 ? d : UINT32_MAX);
}

static void
add_near(struct search *s, const char *id, unsigned d)
{
	unsigned n;

	if (d == UINT32_MAX)
		return;
	for (n = 0; n < s->nnear && s->near[n].distance <= d; n++)
		;
	if (n == NEAR_MAX)
		return;
	memmove(&s->near[n + 1], &s->near[n],
	    (NEAR_MAX - 1 - n) * sizeof(s->near[0]));
	strlcpy(s->near[n].id, id, sizeof(s->near[n].id));
	s->near[n].distance = d;
	if (s->nnear < NEAR_MAX)
		s->nnear++;
}

static void
look(const struct component_view *c, void *arg)
{
	struct search *s = arg;

	if (!c->configured)
		return;
	if (strcmp(c->id, s->word) == 0)
		s->id = c->id;
	else if (strcmp(c->name, s->word) == 0) {
		s->named = c->id;
		s->nnamed++;
	}
}

static void
look_near(const struct component_view *c, void *arg)
{
	struct search *s = arg;
	unsigned id, name;

	if (!c->configured)
		return;
	id = far(s->word, c->id);
	name = far(s->word, c->name);
	add_near(s, c->id, id < name ? id : name);
}

const char *
lookup_component(struct incidents *core, const char *word, char *error,
    size_t size)
{
	struct search s = { .word = word };
	unsigned n;

	incidents_each_component(core, look, &s);
	if (s.id != NULL)
		return (s.id);
	if (s.nnamed == 1)
		return (s.named);
	if (s.nnamed > 1) {
		snprintf(error, size, "%u components are called \"%s\": say "
		    "the id of one", s.nnamed, log_safe(word));
		return (NULL);
	}
	incidents_each_component(core, look_near, &s);
	snprintf(error, size, "there is no component \"%s\"", log_safe(word));
	for (n = 0; n < s.nnear; n++) {
		strlcat(error, n == 0 ? "; near to it: " : ", ", size);
		strlcat(error, log_safe(s.near[n].id), size);
	}
	if (s.nnear == 0)
		strlcat(error, "; `kanatactl show components` lists them",
		    size);
	return (NULL);
}
