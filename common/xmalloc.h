/*
 * Memory that is there: running out of it is fatal.  The caller frees.
 */
#ifndef KANATA_XMALLOC_H
#define KANATA_XMALLOC_H

#include <stddef.h>

void	*xcalloc(size_t count, size_t size);	/* all zero */
void	*xreallocarray(void *, size_t count, size_t size);
char	*xstrdup(const char *);
char	*xasprintf(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));
/* A copy in the place of what is there, which is freed; it may be copied from. */
void	 xreplace(char **, const char *);

#endif
