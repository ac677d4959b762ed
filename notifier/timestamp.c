#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "timestamp.h"

const char *
timestamp_format(uint64_t ms, char buf[TIMESTAMP_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		seconds = 0;
		gmtime_r(&seconds, &tm);
	}
	n = strftime(buf, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, TIMESTAMP_SIZE - n, ".%03uZ", (unsigned)(ms % 1000));
	return (buf);
}

/* "Z", "z" or an offset in minutes, to the end of the text. */
static int
parse_offset(const char *s, int *minutes)
{
	unsigned hour, minute;
	int end = 0;

	*minutes = 0;
	if ((s[0] == 'Z' || s[0] == 'z') && s[1] == '\0')
		return (0);
	if (s[0] != '+' && s[0] != '-')
		return (-1);
	if (sscanf(s + 1, "%2u:%2u%n", &hour, &minute, &end) != 2 ||
	    s[1 + end] != '\0' || hour > 23 || minute > 59)
		return (-1);
	*minutes = (int)(hour * 60 + minute) * (s[0] == '-' ? -1 : 1);
	return (0);
}

uint64_t
timestamp_parse(const char *s)
{
	struct tm tm;
	uint64_t ms = 0;
	unsigned scale = 100;
	time_t seconds;
	int minutes;

	memset(&tm, 0, sizeof(tm));
	if ((s = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
		return (0);
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++, scale /= 10)
			ms += (uint64_t)(*s - '0') * scale;
	if (parse_offset(s, &minutes) == -1)
		return (0);
	if ((seconds = timegm(&tm)) < 0 || seconds < minutes * 60)
		return (0);
	return ((uint64_t)(seconds - minutes * 60) * 1000 + ms);
}
