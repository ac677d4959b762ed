#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/timestamp.h"
#include "core.h"
#include "expand.h"

void
expand_init(struct expand *out, size_t max)
{
	out->text = xcalloc(1, max + 1);
	out->len = 0;
	out->max = max;
}

/* Where to cut so that no character is cut: len, or before. */
static size_t
whole(const char *s, size_t len)
{
	while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return (len);
}

static void
put(struct expand *out, const char *s, size_t len)
{
	if (len > out->max - out->len) {
		len = whole(s, out->max - out->len);
		/* Nothing comes after what is missing. */
		out->max = out->len + len;
	}
	memcpy(out->text + out->len, s, len);
	out->len += len;
	out->text[out->len] = '\0';
}

void
expand_word(struct expand *out, const char *s)
{
	put(out, s, strlen(s));
}

/* Bytes of the control that s begins with, 0: it begins with none.  With those
 * of Unicode, those that end lines and those that turn text round. */
static size_t
control(const unsigned char *s)
{
	if (*s < ' ' || *s == 0x7f)
		return (1);
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return (2);
	if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f ||
	    (s[2] >= 0xa8 && s[2] <= 0xae)))
		return (3);
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
		return (3);
	return (0);
}

void
expand_value(struct expand *out, const char *s, size_t max)
{
	size_t len = strlen(s), run = 0, skip;

	if (len > max)
		len = whole(s, max);
	while (len > 0) {
		for (run = 0; run < len; run++)
			if ((skip = control((const unsigned char *)s + run)) !=
			    0)
				break;
		put(out, s, run);
		if (run == len)
			break;
		put(out, " ", 1);
		s += run + skip;
		len -= run + skip < len ? run + skip : len;
	}
}

void
expand_count(struct expand *out, unsigned long long n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", n);
	expand_word(out, buf);
}

static void
put_unit(struct expand *out, uint64_t n, const char *unit)
{
	expand_count(out, n);
	put(out, " ", 1);
	expand_word(out, unit);
	if (n != 1)
		put(out, "s", 1);
}

void
expand_duration(struct expand *out, uint64_t ms)
{
	static const struct { const char *name; uint64_t minutes; } units[] = {
		{ "day", 24 * 60 }, { "hour", 60 }, { "minute", 1 }
	};
	uint64_t minutes = ms / 60000;
	size_t k;

	if (minutes == 0) {
		expand_word(out, "less than a minute");
		return;
	}
	/* Two units say enough. */
	for (k = 0; minutes < units[k].minutes; k++)
		;
	put_unit(out, minutes / units[k].minutes, units[k].name);
	minutes %= units[k].minutes;
	if (k + 1 < sizeof(units) / sizeof(units[0]) &&
	    minutes >= units[k + 1].minutes) {
		put(out, " ", 1);
		put_unit(out, minutes / units[k + 1].minutes,
		    units[k + 1].name);
	}
}

void
expand_time(struct expand *out, uint64_t ms)
{
	char buf[TIMESTAMP_SIZE];

	/* 2026-01-01T10:00:00.000Z */
	timestamp_format(ms, buf);
	put(out, buf, 10);
	put(out, " ", 1);
	put(out, buf + 11, 5);
	expand_word(out, " UTC");
}

void
expand_template(struct expand *out, const char *template,
    expand_field_fn field, const void *arg)
{
	struct template_part part;

	while (template_next(&template, &part) == 1) {
		if (!part.is_field)
			put(out, part.text, part.len);
		else if (part.field != FIELD_MAX)
			field(out, part.field, arg);
	}
}
