#include <stdio.h>
#include <string.h>

#include "duration.h"

struct unit { const char *unit; uint64_t ms; };

/* Digits up to the first other character; -1 if none or too large. */
static int
duration_digits(const char **text, uint64_t *number)
{
	const char	*s = *text;

	if (*s < '0' || *s > '9')
		return (-1);
	for (*number = 0; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *s - '0', number))
			return (-1);
	*text = s;
	return (0);
}

int
duration_parse(const char *s, uint64_t *ms)
{
	/* "ms" before "m". */
	static const struct unit units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "ms", 1 },
		{ "m", 60000 }, { "s", 1000 },
	};
	uint64_t	 number, total = 0, smallest = UINT64_MAX;
	size_t		 i, len;

	if (strcmp(s, "0") == 0) {
		*ms = 0;
		return (0);
	}
	do {
		if (duration_digits(&s, &number) == -1)
			return (-1);
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			len = strlen(units[i].unit);
			if (strncmp(s, units[i].unit, len) == 0)
				break;
		}
		if (i == sizeof(units) / sizeof(units[0]) ||
		    units[i].ms >= smallest)
			return (-1);
		smallest = units[i].ms;
		s += len;
		if (__builtin_mul_overflow(number, units[i].ms, &number) ||
		    __builtin_add_overflow(total, number, &total))
			return (-1);
	} while (*s != '\0');
	*ms = total;
	return (0);
}

const char *
duration_format(uint64_t ms, char buf[DURATION_SIZE])
{
	static const struct unit units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
		{ "s", 1000 }, { "ms", 1 },
	};
	size_t		 i, len = 0;

	snprintf(buf, DURATION_SIZE, "0s");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ms / units[i].ms > 0)
			len += (size_t)snprintf(buf + len, DURATION_SIZE - len,
			    "%llu%s", (unsigned long long)(ms / units[i].ms),
			    units[i].unit);
		ms %= units[i].ms;
	}
	return (buf);
}
