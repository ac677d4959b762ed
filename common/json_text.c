#include "json_text.h"
#include "log.h"

json_t *
json_text(const char *s)
{
	json_t *value = json_string(s);

	return (value != NULL ? value : json_string(log_safe(s)));
}

json_t *
json_number(uint64_t n)
{
	return (json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
}

char *
json_render(json_t *value)
{
	char *text;

	if (value == NULL || (text = json_dumps(value, JSON_COMPACT)) == NULL)
		fatalx("out of memory");
	json_decref(value);
	return (text);
}
