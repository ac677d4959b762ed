#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "xmalloc.h"

void *
xcalloc(size_t count, size_t size)
{
	void *p;

	if ((p = calloc(count, size)) == NULL)
		fatal("calloc");
	return (p);
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	void *p;

	if ((p = reallocarray(old, count, size)) == NULL)
		fatal("reallocarray");
	return (p);
}

char *
xstrdup(const char *s)
{
	char *copy;

	if ((copy = strdup(s)) == NULL)
		fatal("strdup");
	return (copy);
}

char *
xasprintf(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	return (s);
}

void
xreplace(char **old, const char *s)
{
	char *copy = xstrdup(s);

	free(*old);
	*old = copy;
}
