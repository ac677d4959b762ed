/*
 * RFC 3339 times.  Reads nothing but the text: no locale, no time zone files.
 */
#include <stdio.h>
#include <time.h>

#include "timestamp.h"

/* n digits as a number; -1 if one is none.  Stops at the end of the text. */
static int
digits(const char *s, int n)
{
	int	 i, v = 0;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		v = v * 10 + (s[i] - '0');
	}
	return (v);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_from_civil(int year, int month, int day)
{
	int	 era, yoe, doy, doe;

	if (month <= 2)
		year--;
	era = year / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return ((int64_t)era * 146097 + doe - 719468);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31 };

	if (month == 2 &&
	    ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
		return (29);
	return (days[month - 1]);
}

/* The fraction after the seconds: ms, and where it ends.  -1 if it is none. */
static int
fraction(const char **sp)
{
	const char	*s = *sp;
	int		 n, ms = 0;

	if (*s != '.')
		return (0);
	s++;
	for (n = 0; s[n] >= '0' && s[n] <= '9'; n++) {
		if (n == 18)
			return (-1);
		if (n < 3)
			ms = ms * 10 + (s[n] - '0');
	}
	if (n == 0)
		return (-1);
	*sp = s + n;
	for (; n < 3; n++)
		ms *= 10;
	return (ms);
}

/* "Z" or "+02:00": minutes east of UTC in *off. */
static int
offset(const char *s, int *off)
{
	int	 h, m;

	*off = 0;
	if ((*s == 'Z' || *s == 'z') && s[1] == '\0')
		return (0);
	if (*s != '+' && *s != '-')
		return (-1);
	if ((h = digits(s + 1, 2)) == -1 || s[3] != ':' ||
	    (m = digits(s + 4, 2)) == -1 || s[6] != '\0' || h > 23 || m > 59)
		return (-1);
	*off = (h * 60 + m) * (*s == '-' ? -1 : 1);
	return (0);
}

uint64_t
timestamp_parse(const char *s)
{
	int	 year, month, day, hour, minute, second, ms, off;
	int64_t	 t;

	if (s == NULL ||
	    (year = digits(s, 4)) < 1970 || s[4] != '-' ||
	    (month = digits(s + 5, 2)) < 1 || month > 12 || s[7] != '-' ||
	    (day = digits(s + 8, 2)) < 1 || day > days_in_month(year, month) ||
	    (s[10] != 'T' && s[10] != 't' && s[10] != ' ') ||
	    (hour = digits(s + 11, 2)) == -1 || hour > 23 || s[13] != ':' ||
	    (minute = digits(s + 14, 2)) == -1 || minute > 59 || s[16] != ':' ||
	    (second = digits(s + 17, 2)) == -1 || second > 60)
		return (0);
	s += 19;
	if ((ms = fraction(&s)) == -1 || offset(s, &off) == -1)
		return (0);
	t = days_from_civil(year, month, day) * 86400 + hour * 3600 +
	    minute * 60 + second - off * 60;
	return (t < 0 ? 0 : (uint64_t)t * 1000 + ms);
}

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
