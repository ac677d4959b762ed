/*
 * Single values of the configuration, out of their text.  No I/O, no state.
 */
#ifndef KANATA_VALUE_H
#define KANATA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits alone.  -1 if it is none or out of the range. */
int	 value_number(const char *, uint64_t min, uint64_t max, uint64_t *);
/* `50` or `50%`, 0 to 100. */
int	 value_percent(const char *, unsigned *);

/* RFC 4648 section 4, blanks and line ends between allowed.  The caller frees
 * with freezero(p, len + 1); there is a NUL behind.  NULL if it is none. */
char	*value_base64(const char *, size_t *len);

/* Kubernetes names: DNS-1123 label (63) and subdomain (253). */
bool	 value_is_label(const char *);
bool	 value_is_subdomain(const char *);
/* An Instatus component id: letters, digits, `_`, `-`, at most 128. */
bool	 value_is_id(const char *);
/* One that cannot be anything else: `c` and 20 or more of [a-z0-9]. */
bool	 value_is_cuid(const char *);
/* Letters, digits, `.`, `_`, `-`, at most 63, a letter or digit first. */
bool	 value_is_word(const char *);
/* No control characters. */
bool	 value_is_printable(const char *);

/* How many letters must change to make one of the other, at most max + 1. */
unsigned value_distance(const char *, const char *, unsigned max);

#endif
