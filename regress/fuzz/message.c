/* A datagram from any role to any other; the first byte chooses which.  What is
 * accepted must be readable to its end, and forwarded as it came; a row is taken
 * into a configuration, or is not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/conf.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
take_row(enum role from, enum role to, uint8_t *bytes, size_t len)
{
	struct conf *conf = conf_new();
	struct message m;

	if (message_parse(&m, from, to, bytes, len, -1) == NULL)
		conf_take(conf, &m);
	conf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum role from, to;
	const uint8_t *bytes;
	struct message m;
	uint8_t *copy;
	size_t len;

	if (size < 1 || size > MESSAGE_MAX)
		return (0);
	from = data[0] % 16 % ROLE_MAX;
	to = data[0] / 16 % ROLE_MAX;
	if ((copy = malloc(size)) == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	if (message_parse(&m, from, to, copy, size - 1, -1) == NULL ||
	    message_parse(&m, from, to, copy, size - 1, 0) == NULL) {
		bytes = message_bytes(message_forward(&m, m.id), &len);
		free(copy);
		if ((copy = malloc(len)) == NULL)
			abort();
		memcpy(copy, bytes, len);
		if (message_parse(&m, from, to, copy, len, m.fd) != NULL)
			abort();
		memcpy(copy, bytes, len);
		take_row(from, to, copy, len);
	}
	free(copy);
	return (0);
}
