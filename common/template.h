/*
 * The texts that Kanata writes are templates: what the configuration may set,
 * which fields there are, and how they are told from the rest.  The parser
 * checks a template by this, the notifier fills it in.
 */
#ifndef KANATA_TEMPLATE_H
#define KANATA_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_BYTES_MAX	2048

enum template_kind {
	TEMPLATE_NAME,		/* of an incident */
	TEMPLATE_DOWN,		/* its first message */
	TEMPLATE_WORSE,
	TEMPLATE_BETTER,
	TEMPLATE_BACK,		/* it is opened again */
	TEMPLATE_RESOLVED,
	TEMPLATE_MAINTENANCE,	/* it goes on as a maintenance */
	TEMPLATE_UNWATCHED,	/* it is in no configuration any more */
	TEMPLATE_LINE,		/* one component of a message */
	TEMPLATE_PRIVATE,	/* the same for the log */
	TEMPLATE_MAX
};

/* As the configuration names it. */
const char	*template_name(enum template_kind);
enum template_kind template_parse(const char *);	/* TEMPLATE_MAX: none */
const char	*template_default(enum template_kind);

enum template_field {
	/* Of the incident. */
	FIELD_COMPONENTS, FIELD_PROBLEM, FIELD_COUNT, FIELD_LIST,
	FIELD_STARTED, FIELD_DURATION,
	/* Of one component: of the worst, where there are several. */
	FIELD_COMPONENT, FIELD_STATUS,
	/* The same, but for no visitor's eyes. */
	FIELD_ID, FIELD_CLUSTER, FIELD_NAMESPACE, FIELD_WORKLOAD, FIELD_READY,
	FIELD_DESIRED, FIELD_CAUSE, FIELD_DETAIL,
	FIELD_MAX
};

const char	*field_name(enum template_field);
/* Only messages have a list, only what is about all has their number. */
bool		 field_fits(enum template_kind, enum template_field);

/* A part of a template: text, or a field with text being its name. */
struct template_part {
	const char		*text;		/* not NUL-terminated */
	size_t			 len;
	bool			 is_field;
	enum template_field	 field;		/* FIELD_MAX: no such */
};
/*
 * The next part, from *at on: 1, or 0 at the end.  -1: a brace that neither
 * begins a field nor ends one nor is doubled; the part is what is left.
 */
int		 template_next(const char **at, struct template_part *);

#endif
