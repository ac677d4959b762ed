#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "html.h"

/* What has to be escaped: control characters and what HTML means something by. */
#define SPECIAL	"&<>\"'\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d" \
		"\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d" \
		"\x1e\x1f"

static void
add(struct evbuffer *buf, const void *p, size_t len)
{
	if (evbuffer_add(buf, p, len) == -1)
		fatalx("out of memory");
}

static void
add_text(struct evbuffer *buf, const char *s)
{
	add(buf, s, strlen(s));
}

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return ("&amp;");
	case '<':
		return ("&lt;");
	case '>':
		return ("&gt;");
	case '"':
		return ("&quot;");
	case '\'':
		return ("&#39;");
	case '\n':
		return ("&#10;");
	default:
		return (NULL);
	}
}

static void
add_escaped(struct evbuffer *buf, const char *s)
{
	json_t *utf8 = json_string(s);
	const char *special;
	size_t n;

	/* NULL: it is no UTF-8. */
	if (utf8 == NULL)
		s = log_safe(s);
	json_decref(utf8);
	while (*s != '\0') {
		n = strcspn(s, SPECIAL);
		add(buf, s, n);
		s += n;
		if (*s == '\0')
			break;
		special = entity(*s++);
		add_text(buf, special != NULL ? special : "\xef\xbf\xbd");
	}
}

void
html(struct evbuffer *buf, const char *fmt, ...)
{
	char number[16];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt += 2) {
		n = strcspn(fmt, "%");
		add(buf, fmt, n);
		fmt += n;
		if (*fmt == '\0')
			break;
		switch (fmt[1]) {
		case 's':
			add_escaped(buf, va_arg(ap, const char *));
			break;
		case 'u':
			snprintf(number, sizeof(number), "%u",
			    va_arg(ap, unsigned));
			add_text(buf, number);
			break;
		case '%':
			add_text(buf, "%");
			break;
		default:
			fatalx("html: %%%c", fmt[1]);
		}
	}
	va_end(ap);
}

void
html_time(struct evbuffer *buf, uint64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char machine[40], person[40];
	struct tm tm;

	if (ms == 0 || gmtime_r(&t, &tm) == NULL) {
		add_text(buf, "\xe2\x80\x93");
		return;
	}
	strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strftime(person, sizeof(person), "%Y-%m-%d %H:%M:%S UTC", &tm);
	html(buf, "<time datetime=\"%s\">%s</time>", machine, person);
}
