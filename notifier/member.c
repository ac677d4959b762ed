#include "../common/log.h"
#include "member.h"

void
member_put(json_t *object, const char *key, json_t *value)
{
	if (value == NULL || json_object_set_new(object, key, value) == -1)
		fatalx("out of memory");
}

void
member_put_string(json_t *object, const char *key, const char *s)
{
	json_t *value = json_string(s);

	/* A name that came from the page is UTF-8, as all JSON; still: */
	if (value == NULL)
		value = json_string("?");
	member_put(object, key, value);
}

void
member_append(json_t *array, json_t *value)
{
	if (value == NULL || json_array_append_new(array, value) == -1)
		fatalx("out of memory");
}

const char *
member_string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return (s != NULL ? s : "");
}
