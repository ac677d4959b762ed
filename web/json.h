/* JSON of what the mirror has, and answers that are long lists of it. */
#ifndef KANATA_WEB_JSON_H
#define KANATA_WEB_JSON_H

#include <jansson.h>

#include "../common/json_text.h"
#include "mirror.h"
#include "request.h"

json_t		*json_time(uint64_t ms);	/* RFC 3339, null for 0 */

/* The text of a row, made when it is first asked for. */
const char	*json_component(struct component *);
const char	*json_incident(struct incident *);

/* Adds the text of the value and frees it; fatal if there is none. */
void		 json_put(struct evbuffer *, json_t *);

/*
 * The first of a kind behind the key (NULL: the first of all), NULL: no more.
 * *next is its key, which stays until the kind changes.
 */
typedef const char *(*json_next_fn)(const char *key, const char **next);
/* Answers with an array of all of them, a piece at a time. */
void		 json_reply_list(struct request *, json_next_fn);

#endif
