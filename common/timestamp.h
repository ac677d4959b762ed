/* RFC 3339 times, and ms since 1970. */
#ifndef KANATA_TIMESTAMP_H
#define KANATA_TIMESTAMP_H

#include <stdint.h>

/*
 * As the Kubernetes API and Instatus write them ("2026-11-30T05:46:12Z", with or
 * without a fraction, with an offset).  0 if it is none, or before 1970, or NULL.
 */
uint64_t	 timestamp_parse(const char *);

/* "2026-11-30T05:46:12.000Z"; returns buf.  1970 for what is beyond the year
 * 9999. */
#define TIMESTAMP_SIZE	32
const char	*timestamp_format(uint64_t ms, char buf[TIMESTAMP_SIZE]);

#endif
