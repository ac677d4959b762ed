/*
 * Any bytes as a template with any value for its fields: what comes out is
 * bounded, one line for each of the template's, and no character is cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../notifier/expand.h"
#include "text.h"

#define MAX	200

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
put_value(struct expand *out, enum template_field field, const void *arg)
{
	if (field >= FIELD_MAX)
		abort();
	expand_value(out, arg, 40);
}

static size_t
count_lines(const char *s)
{
	size_t n = 0;

	for (; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return (n);
}

/* The first is the template, the rest, after a NUL, the value. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - data) : size;
	char *template = text_of(data, len);
	char *value = nul != NULL ? text_of(nul + 1, size - len - 1) :
	    text_of(data, size);
	struct expand out;
	const char *c;

	expand_init(&out, MAX);
	expand_template(&out, template, put_value, value);
	if (out.len > MAX || strlen(out.text) != out.len ||
	    count_lines(out.text) > count_lines(template))
		abort();
	for (c = value; *c != '\0'; c++)
		if (*c == 0x1b && strchr(template, 0x1b) == NULL &&
		    strchr(out.text, 0x1b) != NULL)
			abort();
	free(out.text);
	free(template);
	free(value);
	return (0);
}
