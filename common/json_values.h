/*
 * A bound for the memory of JSON: jansson makes up to 250 bytes of a value that a
 * peer says in three.
 */
#ifndef KANATA_JSON_VALUES_H
#define KANATA_JSON_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_VALUES_MAX	200000

/* The text has at most JSON_VALUES_MAX values, if it is JSON; commas and brackets
 * within strings count as well. */
bool	 json_values_ok(const char *, size_t len);

#endif
