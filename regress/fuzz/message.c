/* A datagram from any role to any other; the first byte chooses which.  What is
 * accepted must be readable to its end, and forwarded as it came. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/message.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

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
	}
	free(copy);
	return (0);
}
