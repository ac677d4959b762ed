/* JSON values of what peers say, and the text of values. */
#ifndef KANATA_JSON_TEXT_H
#define KANATA_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>

/* Made UTF-8 if it is none; NULL: no memory. */
json_t	*json_text(const char *);
json_t	*json_number(uint64_t);
/* Takes the value, the caller frees the text; NULL is a lack of memory, which is
 * fatal. */
char	*json_render(json_t *);

#endif
