#include <string.h>

#include "health.h"
#include "show.h"

static const char *const history_names[HISTORY_MAX] = {
	[HISTORY_HEALTH]	= "health",
	[HISTORY_PAGE]		= "page",
	[HISTORY_INCIDENT]	= "incident",
	[HISTORY_SILENCE]	= "silence",
	[HISTORY_MAINTENANCE]	= "maintenance",
};

const char *
history_name(uint64_t kind)
{
	return (kind < HISTORY_MAX ? history_names[kind] : "?");
}

enum history
history_parse(const char *word)
{
	unsigned i;

	for (i = 0; i < HISTORY_MAX; i++)
		if (strcmp(word, history_names[i]) == 0)
			break;
	return (i);
}

const char *
history_word(enum history kind, uint64_t value, const char *absent)
{
	switch (kind) {
	case HISTORY_HEALTH:
		return (health_name(value));
	case HISTORY_PAGE:
		return (value < PAGE_STATUS_MAX ? page_status_name(value) :
		    absent);
	case HISTORY_INCIDENT:
		return (incident_phase_name(value));
	default:
		return (value != 0 ? "begins" : "ends");
	}
}
