/* How the parent's log looks: with priorities for journald, or as JSON. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/log.h"
#include "kanatad.h"

static bool journal;

/* JSON strings; what is not UTF-8 becomes U+FFFD.  At most room bytes with the
 * NUL; text that does not fit is cut between two characters. */
static char *
put_string(char *dst, size_t room, const char *text)
{
	char *end = dst + room, unit[8];
	size_t n;

	for (; *text != '\0'; text++) {
		if ((n = log_utf8_length(text)) > 0)
			snprintf(unit, sizeof(unit), "%.*s", (int)n, text);
		else if (*text == '"' || *text == '\\')
			snprintf(unit, sizeof(unit), "\\%c", *text);
		else if ((unsigned char)*text >= 0x80)
			strlcpy(unit, "\xef\xbf\xbd", sizeof(unit));
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			snprintf(unit, sizeof(unit), "\\u%04x", *text);
		else
			snprintf(unit, sizeof(unit), "%c", *text);
		if (dst + strlen(unit) >= end)
			break;
		dst = stpcpy(dst, unit);
		if (n > 1)
			text += n - 1;
	}
	*dst = '\0';
	return (dst);
}

static const char *
level_name(int priority)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err",
	    "warning", "notice", "info", "debug" };

	return (names[priority & 7]);
}

static size_t
prefix(char *line, size_t size, const struct log_record *record)
{
	return (journal ? snprintf(line, size, "<%d>", record->priority & 7) : 0);
}

static void
layout_json(char *line, size_t size, const struct log_record *record)
{
	char stamp[32], *p = line, *end = line + size;
	time_t at = (time_t)(record->at / 1000000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	p += prefix(p, size, record);
	p += snprintf(p, end - p, "{\"time\":\"%s.%06uZ\",\"level\":\"%s\","
	    "\"process\":\"", stamp,
	    (unsigned)(record->at % 1000000),
	    level_name(record->priority));
	p = put_string(p, 512, record->process != NULL ? record->process :
	    "kanatad");
	p += snprintf(p, end - p, "\",\"pid\":%d,\"text\":\"",
	    (int)record->pid);
	p = put_string(p, end - p - 2, record->text);
	strlcpy(p, "\"}", end - p);
}

/* journald has the time and the program's name by itself. */
static void
layout_journal(char *line, size_t size, const struct log_record *record)
{
	const char *text = record->text;
	size_t n = prefix(line, size, record);

	if (record->process != NULL)
		n += snprintf(line + n, size - n, "%s: ", record->process);
	/* A second line would lose its priority. */
	for (; n < size - 1 && *text != '\0'; text++)
		line[n++] = *text == '\n' ? ' ' : *text;
	line[n] = '\0';
}

/* systemd.exec(5): device and inode of the journal's stream. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return (false);
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return (strcmp(stream, here) == 0);
}

void
layout_init(void)
{
	journal = is_journal();
	layout_set_json(false);
}

void
layout_set_json(bool json)
{
	log_set_layout(json ? layout_json : journal ? layout_journal : NULL);
}
