/* Recorded histories, whole: read line by line and run through the core. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/log.h"
#include "../../notifier/replay.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
print(const char *line)
{
	if (strlen(line) > SIZE_MAX / 2)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay *r = replay_new(NULL, true, print);
	struct recording_line line;
	const uint8_t *end;
	char why[256];
	size_t len;
	bool bad;

	json_object_seed(1);
	while (size > 0) {
		end = memchr(data, '\n', size);
		len = end != NULL ? (size_t)(end - data) : size;
		bad = recording_read(&line, (const char *)data, len, why,
		    sizeof(why)) == -1 || replay_line(r, &line) != NULL;
		recording_line_clear(&line);
		if (bad)
			break;
		len += end != NULL;
		data += len;
		size -= len;
	}
	if (size == 0)
		replay_finish(r);
	replay_free(r);
	return (0);
}
