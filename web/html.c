#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "html.h"

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

/* How long the character is that starts here; 0: it is none (RFC 3629). */
static unsigned
utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	unsigned i, n;

	if (s[0] < 0x80)
		return (s[0] >= 0x20 && s[0] != 0x7f);
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return (0);
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;	/* surrogates */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < n; i++, low = 0x80, high = 0xbf)
		if (s[i] < low || s[i] > high)
			return (0);
	/* C1 control characters. */
	return (s[0] == 0xc2 && s[1] < 0xa0 ? 0 : n);
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
	const char *special;
	unsigned n;

	while (*s != '\0') {
		if ((special = entity(*s)) != NULL)
			add_text(buf, special);
		else if ((n = utf8_length((const unsigned char *)s)) > 0) {
			add(buf, s, n);
			s += n;
			continue;
		} else
			add_text(buf, "\xef\xbf\xbd");
		s++;
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
