/* Any bytes as what an exec plugin prints: a static text, or a credential that can
 * be used. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/execcred.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct execcred	 c;
	const char	*problem, *p;

	problem = execcred_read(&c, (const char *)data, size);
	if (problem != NULL) {
		if (c.token != NULL || c.cert != NULL || c.key != NULL ||
		    c.expires != 0)
			abort();
		return (0);
	}
	if ((c.cert == NULL) != (c.key == NULL) ||
	    (c.token == NULL && c.cert == NULL))
		abort();
	for (p = c.token; p != NULL && *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			abort();
	execcred_clear(&c);
	return (0);
}
