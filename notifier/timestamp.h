/* Dates as Instatus writes them, "2026-01-01T10:00:00.000Z", and ms since
 * 1970. */
#ifndef KANATA_NOTIFIER_TIMESTAMP_H
#define KANATA_NOTIFIER_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE	32

/* Returns buf. */
const char *timestamp_format(uint64_t ms, char buf[TIMESTAMP_SIZE]);
/* 0 if it is no such date; a fraction of any length, Z or an offset. */
uint64_t timestamp_parse(const char *);

#endif
