#define LIBBSD_OPENBSD_VIS
#include <bsd/vis.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define LINE_MAX_BYTES	1024
#define LAID_OUT_BYTES	4096	/* PIPE_BUF: whole, or not at all */
#define SAFE_BYTES	200
#define SAFE_LONG_BYTES	2048
#define LATE		60000000	/* us that a line may take to be read */

static enum log_to	 destination = LOG_TO_STDERR;
static const char	*program = "kanata";
static log_layout_fn	 layout;
static int		 verbose;

void
log_init(enum log_to to, const char *name)
{
	destination = to;
	program = name;
	if (to == LOG_TO_SYSLOG)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_layout(log_layout_fn fn)
{
	layout = fn;
}

void
log_set_verbose(int level)
{
	verbose = level;
}

int
log_is_verbose(void)
{
	return (verbose);
}

static void
layout_plain(char *line, size_t size, const struct log_record *record)
{
	time_t at = (time_t)(record->at / 1000000);
	char stamp[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(line, size, "%s.%03uZ %s%s%s: %s", stamp,
	    (unsigned)(record->at / 1000 % 1000), program,
	    record->process == NULL ? "" : " ",
	    record->process == NULL ? "" : record->process, record->text);
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

static void
emit(int priority, const char *who, pid_t pid, uint64_t at, const char *text)
{
	struct log_record record = { priority, who, pid, at, text };
	char line[LAID_OUT_BYTES];
	size_t n;

	if (destination == LOG_TO_PARENT)
		snprintf(line, sizeof(line) - 1, "<%d %" PRIu64 ">%s",
		    priority, at, text);
	else if (layout != NULL)
		layout(line, sizeof(line) - 1, &record);
	else if (destination == LOG_TO_SYSLOG)
		snprintf(line, sizeof(line), "%s%s%s", who == NULL ? "" : who,
		    who == NULL ? "" : ": ", text);
	else
		layout_plain(line, sizeof(line) - 1, &record);
	if (destination == LOG_TO_SYSLOG) {
		syslog(priority, "%s", line);
		return;
	}
	n = strlen(line);
	line[n++] = '\n';
	/* A log that cannot be written must not stop the daemon. */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

__attribute__((format(printf, 3, 0)))
static void
vlog(int priority, int saved_errno, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];
	int n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (saved_errno != 0 && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, ": %s",
		    strerror(saved_errno));
	emit(priority, NULL, getpid(), now(), text);
}

#define VLOG(priority, err)				\
	do {						\
		va_list ap;				\
		int saved = errno;			\
							\
		va_start(ap, fmt);			\
		vlog((priority), (err) ? saved : 0, fmt, ap); \
		va_end(ap);				\
		errno = saved;				\
	} while (0)

void
log_debug(const char *fmt, ...)
{
	if (verbose)
		VLOG(LOG_DEBUG, 0);
}

void
log_info(const char *fmt, ...)
{
	VLOG(LOG_INFO, 0);
}

void
log_warn(const char *fmt, ...)
{
	VLOG(LOG_WARNING, 1);
}

void
log_warnx(const char *fmt, ...)
{
	VLOG(LOG_WARNING, 0);
}

void
fatal(const char *fmt, ...)
{
	VLOG(LOG_CRIT, 1);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	VLOG(LOG_CRIT, 0);
	exit(1);
}

size_t
log_utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n, i;

	if (*s >= 0xc2 && *s <= 0xdf)
		n = 2;
	else if (*s >= 0xe0 && *s <= 0xef)
		n = 3;
	else if (*s >= 0xf0 && *s <= 0xf4)
		n = 4;
	else
		return (0);
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return (0);
	/* Overlong forms, surrogates, beyond U+10FFFF, and the C1 controls. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ||
	    (s[0] == 0xc2 && s[1] < 0xa0))
		return (0);
	return (n);
}

static void
escape(char *dst, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char *d = dst, *end = dst + size - 5;	/* vis(3) writes up to 4 + NUL */
	size_t n;

	while (*s != '\0' && d < end) {
		if ((n = log_utf8_length((const char *)s)) > 0) {
			if (d + n >= end)
				break;
			memcpy(d, s, n);
			d += n;
			s += n;
		} else if (*s == '"' || *s == '\\' || *s == ' ')
			*d++ = *s++;
		else {
			d = vis(d, *s, VIS_OCTAL | VIS_NL | VIS_TAB, s[1]);
			s++;
		}
	}
	*d = '\0';
}

const char *
log_safe(const char *text)
{
	static char buf[8][SAFE_BYTES + 5];
	static unsigned turn;
	char *dst = buf[turn++ % 8];

	escape(dst, sizeof(buf[0]), text);
	return (dst);
}

const char *
log_safe_long(const char *text)
{
	static char buf[SAFE_LONG_BYTES + 5];

	escape(buf, sizeof(buf), text);
	return (buf);
}

const char *
log_worker_line(const char *worker, pid_t pid, const char *line, int *priority)
{
	uint64_t at = now(), said;
	int level, n = 0;
	char text[LINE_MAX_BYTES];

	*priority = LOG_WARNING;
	if (sscanf(line, "<%1d %20" SCNu64 ">%n", &level, &said, &n) == 2 &&
	    n > 0 && level <= LOG_DEBUG) {
		*priority = level;
		line += n;
		if (said <= at && at - said < LATE)
			at = said;
	}
	if (*priority != LOG_DEBUG || verbose) {
		escape(text, sizeof(text), line);
		emit(*priority, worker, pid, at, text);
	}
	return (line);
}
