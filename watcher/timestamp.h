#ifndef KANATA_WATCHER_TIMESTAMP_H
#define KANATA_WATCHER_TIMESTAMP_H

#include <stdint.h>

/*
 * An RFC 3339 time, as the Kubernetes API writes it ("2026-11-30T05:46:12Z", with
 * or without a fraction, with an offset), in ms since 1970.  0 if it is none, or
 * before 1970, or NULL.
 */
uint64_t	 timestamp_parse(const char *);

#endif
