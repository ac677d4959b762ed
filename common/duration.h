/*
 * Durations as the configuration writes them.  No state.
 */
#ifndef KANATA_DURATION_H
#define KANATA_DURATION_H

#include <stdint.h>

/* `30s`, `5m`, `1h30m`, `500ms`, `7d`, `0`: units from large to small, each
 * once.  Milliseconds; -1 if it is none or longer than 64 bits hold. */
int	 duration_parse(const char *, uint64_t *);

/* The same out; returns buf. */
#define DURATION_SIZE	48
const char *duration_format(uint64_t ms, char buf[DURATION_SIZE]);

#endif
