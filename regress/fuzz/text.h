/* Bytes as a text, so that the sanitizer sees its end. */
#ifndef REGRESS_FUZZ_TEXT_H
#define REGRESS_FUZZ_TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With a NUL behind; the caller frees. */
static inline char *
text_of(const uint8_t *data, size_t size)
{
	char	*s;

	if ((s = malloc(size + 1)) == NULL)
		abort();
	memcpy(s, data, size);
	s[size] = '\0';
	return (s);
}

/* Nothing that could do something to a terminal. */
static inline void
must_be_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			abort();
}

#endif
