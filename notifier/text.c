/*
 * Public texts: the component and the kind of trouble, nothing internal.  Names
 * are those of the configuration or of the page itself.
 */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "core.h"

#define NAME_MAX_BYTES	80	/* of one component in a title */
#define LINES_MAX	20	/* components that a message lists */

static const char *const phase_names[PHASE_MAX] = {
	"INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"
};

const char *
incident_phase_name(enum incident_phase phase)
{
	return ((unsigned)phase < PHASE_MAX ? phase_names[phase] : "?");
}

enum incident_phase
incident_phase_parse(const char *s)
{
	int i;

	for (i = 0; i < PHASE_MAX; i++)
		if (strcmp(phase_names[i], s) == 0)
			break;
	return ((enum incident_phase)i);
}

static const char *
trouble(enum page_status status)
{
	switch (status) {
	case PAGE_OPERATIONAL:
		return ("operational");
	case PAGE_MAINTENANCE:
		return ("under maintenance");
	case PAGE_DEGRADED:
		return ("degraded performance");
	case PAGE_PARTIAL:
		return ("partial outage");
	default:
		return ("major outage");
	}
}

/* Bytes of s to print, at most NAME_MAX_BYTES, not within a character. */
static int
cut(const char *s)
{
	size_t len = strlen(s);

	if (len <= NAME_MAX_BYTES)
		return ((int)len);
	len = NAME_MAX_BYTES;
	while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return ((int)len);
}

/* The listed entries, worst first.  The caller frees the array. */
static int
entry_compare(const void *va, const void *vb)
{
	const struct entry *a = *(struct entry *const *)va;
	const struct entry *b = *(struct entry *const *)vb;

	if (a->target != b->target)
		return (a->target > b->target ? -1 : 1);
	return (strcmp(component_public(a->component),
	    component_public(b->component)));
}

static struct entry **
listed(const struct incident *i, size_t *n)
{
	struct entry *e, **list;

	*n = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		++*n;
	list = core_alloc((*n + 1) * sizeof(*list));
	*n = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed && e->target != PAGE_STATUS_MAX)
			list[(*n)++] = e;
	heapsort(list, *n, sizeof(*list), entry_compare);
	return (list);
}

static char *
name_of_one(const struct entry *e)
{
	const char *name = component_public(e->component);

	switch (e->target) {
	case PAGE_DEGRADED:
		return (core_printf("%.*s has degraded performance",
		    cut(name), name));
	case PAGE_PARTIAL:
		return (core_printf("%.*s has a partial outage",
		    cut(name), name));
	default:
		return (core_printf("%.*s is down", cut(name), name));
	}
}

char *
text_name(const struct incident *i)
{
	const char *a, *b, *c;
	struct entry **list;
	char *name;
	size_t n;

	list = listed(i, &n);
	a = n > 0 ? component_public(list[0]->component) : "";
	b = n > 1 ? component_public(list[1]->component) : "";
	c = n > 2 ? component_public(list[2]->component) : "";
	if (n == 0)
		name = core_strdup("Service disruption");
	else if (n == 1)
		name = name_of_one(list[0]);
	else if (n == 2)
		name = core_printf("%.*s and %.*s are affected", cut(a), a,
		    cut(b), b);
	else if (n == 3)
		name = core_printf("%.*s, %.*s and %.*s are affected",
		    cut(a), a, cut(b), b, cut(c), c);
	else
		name = core_printf("%.*s, %.*s and %zu others are affected",
		    cut(a), a, cut(b), b, n - 2);
	free(list);
	return (name);
}

/* What is closed because nobody watches it any more says so. */
static bool
is_given_up(const struct incident *i)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->component->configured &&
		    e->acked != PAGE_OPERATIONAL)
			return (false);
	return (true);
}

/* It leaves the incident because an operator began a maintenance. */
static bool
is_maintained(const struct entry *e)
{
	return (e->component->maintained && e->component->incident != NULL &&
	    e->target == PAGE_OPERATIONAL);
}

static bool
has_maintained(const struct incident *i)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed && is_maintained(e))
			return (true);
	return (false);
}

static const char *
headline(const struct incident *i)
{
	switch (i->posting_phase) {
	case PHASE_RESOLVED:
		if (has_maintained(i))
			return ("This is continued as maintenance; the "
			    "incident is closed.");
		return (is_given_up(i) ?
		    "This is no longer monitored; the incident is closed." :
		    "Everything is working again.");
	case PHASE_MONITORING:
		return ("Things are getting better; we keep an eye on it.");
	default:
		return (i->instatus_id != NULL && i->phase == PHASE_RESOLVED ?
		    "The problem is back; we are investigating." :
		    "We are investigating.");
	}
}

char *
text_message(const struct incident *i)
{
	struct entry **list;
	const char *name;
	size_t n, k, len;
	char *text;
	FILE *out;

	if ((out = open_memstream(&text, &len)) == NULL)
		fatal("open_memstream");
	list = listed(i, &n);
	fprintf(out, "%s\n", headline(i));
	for (k = 0; k < n && k < LINES_MAX; k++) {
		name = component_public(list[k]->component);
		fprintf(out, "\n- %.*s: %s", cut(name), name,
		    trouble(is_maintained(list[k]) ? PAGE_MAINTENANCE :
		    list[k]->target));
	}
	if (n > LINES_MAX)
		fprintf(out, "\n- and %zu more", n - LINES_MAX);
	free(list);
	if (fclose(out) != 0)
		fatal("open_memstream");
	return (text);
}
