#include <string.h>

#include "template.h"

static const struct {
	const char	*name, *text;
} kinds[TEMPLATE_MAX] = {
	[TEMPLATE_NAME]		= { "name", "{components} {problem}" },
	[TEMPLATE_DOWN]		= { "down",
	    "We are investigating.\n\n{list}" },
	[TEMPLATE_WORSE]	= { "worse",
	    "We are investigating.\n\n{list}" },
	[TEMPLATE_BETTER]	= { "better",
	    "Things are getting better; we keep an eye on it.\n\n{list}" },
	[TEMPLATE_BACK]		= { "back",
	    "The problem is back; we are investigating.\n\n{list}" },
	[TEMPLATE_RESOLVED]	= { "resolved",
	    "Everything is working again.\n\n{list}" },
	[TEMPLATE_MAINTENANCE]	= { "maintenance",
	    "This is continued as maintenance; the incident is closed.\n\n"
	    "{list}" },
	[TEMPLATE_UNWATCHED]	= { "unwatched",
	    "This is no longer monitored; the incident is closed.\n\n{list}" },
	[TEMPLATE_LINE]		= { "line", "- {component}: {status}" },
	[TEMPLATE_PRIVATE]	= { "private",
	    "{id} ({workload}): {status}, {ready} of {desired} ready, {cause}: "
	    "{detail}" },
};

static const char *const fields[FIELD_MAX] = {
	[FIELD_COMPONENTS]	= "components",
	[FIELD_PROBLEM]		= "problem",
	[FIELD_COUNT]		= "count",
	[FIELD_LIST]		= "list",
	[FIELD_STARTED]		= "started",
	[FIELD_DURATION]	= "duration",
	[FIELD_COMPONENT]	= "component",
	[FIELD_STATUS]		= "status",
	[FIELD_ID]		= "id",
	[FIELD_CLUSTER]		= "cluster",
	[FIELD_NAMESPACE]	= "namespace",
	[FIELD_WORKLOAD]	= "workload",
	[FIELD_READY]		= "ready",
	[FIELD_DESIRED]		= "desired",
	[FIELD_CAUSE]		= "cause",
	[FIELD_DETAIL]		= "detail",
};

const char *
template_name(enum template_kind kind)
{
	return ((unsigned)kind < TEMPLATE_MAX ? kinds[kind].name : "?");
}

enum template_kind
template_parse(const char *name)
{
	int i;

	for (i = 0; i < TEMPLATE_MAX; i++)
		if (strcmp(kinds[i].name, name) == 0)
			break;
	return ((enum template_kind)i);
}

const char *
template_default(enum template_kind kind)
{
	return ((unsigned)kind < TEMPLATE_MAX ? kinds[kind].text : "");
}

const char *
field_name(enum template_field field)
{
	return ((unsigned)field < FIELD_MAX ? fields[field] : "?");
}

bool
field_fits(enum template_kind kind, enum template_field field)
{
	bool one = kind == TEMPLATE_LINE || kind == TEMPLATE_PRIVATE;

	switch (field) {
	case FIELD_LIST:
		return (!one && kind != TEMPLATE_NAME);
	case FIELD_COMPONENTS:
	case FIELD_PROBLEM:
	case FIELD_COUNT:
		return (!one);
	default:
		return (true);
	}
}

static enum template_field
field_find(const char *name, size_t len)
{
	int i;

	for (i = 0; i < FIELD_MAX; i++)
		if (strlen(fields[i]) == len &&
		    memcmp(fields[i], name, len) == 0)
			break;
	return ((enum template_field)i);
}

int
template_next(const char **at, struct template_part *part)
{
	const char *s = *at;
	size_t len;

	part->text = s;
	part->is_field = false;
	if (*s == '\0')
		return (0);
	if ((len = strcspn(s, "{}")) > 0) {
		part->len = len;
		*at = s + len;
		return (1);
	}
	if (s[0] == s[1]) {
		part->len = 1;
		*at = s + 2;
		return (1);
	}
	len = strcspn(s + 1, "{}");
	if (s[0] != '{' || s[1 + len] != '}') {
		part->len = strlen(s);
		return (-1);
	}
	part->text = s + 1;
	part->len = len;
	part->is_field = true;
	part->field = field_find(s + 1, len);
	*at = s + len + 2;
	return (1);
}
