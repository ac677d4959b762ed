/* The members of JSON objects, in and out. */
#ifndef KANATA_NOTIFIER_MEMBER_H
#define KANATA_NOTIFIER_MEMBER_H

#include <jansson.h>

/* Takes the value; NULL is a lack of memory, which is fatal. */
void	 member_put(json_t *object, const char *key, json_t *value);
/* "?" for what is not UTF-8. */
void	 member_put_string(json_t *object, const char *key, const char *);
/* As member_put, to the end of an array. */
void	 member_append(json_t *array, json_t *value);
/* "" if there is none, or it is no string; borrowed from the object. */
const char *member_string(const json_t *object, const char *key);

#endif
