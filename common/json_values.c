#include "json_values.h"

bool
json_values_ok(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return (n <= JSON_VALUES_MAX);
}
