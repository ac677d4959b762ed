#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "value.h"

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

static bool
is_lower_alnum(char c)
{
	return ((c >= 'a' && c <= 'z') || is_digit(c));
}

static bool
is_alnum(char c)
{
	return (is_lower_alnum(c) || (c >= 'A' && c <= 'Z'));
}

/* Digits up to the first other character; -1 if none or too large. */
static int
value_digits(const char **text, uint64_t *number)
{
	const char	*s = *text;

	if (!is_digit(*s))
		return (-1);
	for (*number = 0; is_digit(*s); s++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *s - '0', number))
			return (-1);
	*text = s;
	return (0);
}

int
value_number(const char *s, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t	 n;

	if (value_digits(&s, &n) == -1 || *s != '\0' || n < min || n > max)
		return (-1);
	*number = n;
	return (0);
}

int
value_percent(const char *s, unsigned *percent)
{
	uint64_t	 n;

	if (value_digits(&s, &n) == -1 || n > 100)
		return (-1);
	if (*s == '%')
		s++;
	if (*s != '\0')
		return (-1);
	*percent = (unsigned)n;
	return (0);
}

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (is_digit(c))
		return (c - '0' + 52);
	if (c == '+')
		return (62);
	return (c == '/' ? 63 : -1);
}

char *
value_base64(const char *s, size_t *len)
{
	size_t		 size = strlen(s) / 4 * 3 + 4, n = 0;
	unsigned	 bits = 0, have = 0, pad = 0;
	char		*out;
	int		 digit;

	if ((out = malloc(size)) == NULL)
		fatal("base64");
	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\n' || *s == '\r' || *s == '\t')
			continue;
		if (*s == '=') {
			pad++;
			continue;
		}
		if (pad > 0 || (digit = base64_digit(*s)) == -1)
			goto bad;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		if (++have < 4)
			continue;
		out[n++] = (char)(bits >> 16);
		out[n++] = (char)(bits >> 8);
		out[n++] = (char)bits;
		have = 0;
	}
	/* Padded to fours, the bits beyond the last byte are zero. */
	if ((have + pad) % 4 != 0 || pad > 2 || have == 1)
		goto bad;
	if (have == 2 && (bits & 0xf) == 0)
		out[n++] = (char)(bits >> 4);
	else if (have == 3 && (bits & 0x3) == 0) {
		out[n++] = (char)(bits >> 10);
		out[n++] = (char)(bits >> 2);
	} else if (have != 0)
		goto bad;
	explicit_bzero(&bits, sizeof(bits));
	out[n] = '\0';
	*len = n;
	return (out);
 bad:
	freezero(out, size);
	return (NULL);
}

/* A DNS-1123 label of len bytes. */
static bool
is_label(const char *s, size_t len)
{
	size_t	 i;

	if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return (false);
	for (i = 0; i < len; i++)
		if (!is_lower_alnum(s[i]) && s[i] != '-')
			return (false);
	return (true);
}

bool
value_is_label(const char *s)
{
	return (is_label(s, strlen(s)));
}

/* As Kubernetes has it: only the whole is limited, not each label. */
static bool
is_subdomain(const char *s, size_t len)
{
	size_t	 i;

	if (len == 0 || len > 253)
		return (false);
	for (i = 0; i < len; i++) {
		if (is_lower_alnum(s[i]))
			continue;
		if ((s[i] != '-' && s[i] != '.') || i == 0 || i == len - 1)
			return (false);
		if ((s[i] == '.' || s[i - 1] == '.') &&
		    !(is_lower_alnum(s[i - 1]) && is_lower_alnum(s[i + 1])))
			return (false);
	}
	return (true);
}

bool
value_is_subdomain(const char *s)
{
	return (is_subdomain(s, strlen(s)));
}

bool
value_is_id(const char *s)
{
	size_t	 i;

	for (i = 0; s[i] != '\0'; i++)
		if (!is_alnum(s[i]) && s[i] != '_' && s[i] != '-')
			return (false);
	return (i > 0 && i <= 128);
}

bool
value_is_cuid(const char *s)
{
	size_t	 i;

	if (s[0] != 'c')
		return (false);
	for (i = 1; s[i] != '\0'; i++)
		if (!is_lower_alnum(s[i]))
			return (false);
	return (i > 20 && i <= 128);
}

/* A label's name or value: at most 63, alphanumeric at both ends. */
static bool
is_word(const char *s, size_t len)
{
	size_t	 i;

	if (len == 0 || len > 63 || !is_alnum(s[0]) || !is_alnum(s[len - 1]))
		return (false);
	for (i = 0; i < len; i++)
		if (!is_alnum(s[i]) && strchr("-_.", s[i]) == NULL)
			return (false);
	return (true);
}

bool
value_is_word(const char *s)
{
	return (is_word(s, strlen(s)));
}

bool
value_is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return (false);
	return (true);
}

#define DISTANCE_LEN	32

unsigned
value_distance(const char *a, const char *b, unsigned max)
{
	unsigned	 row[3][DISTANCE_LEN + 1];
	unsigned	*now, *last = row[0], *before = row[1], best;
	size_t		 la = strlen(a), lb = strlen(b), i, j;

	if (la > DISTANCE_LEN || lb > DISTANCE_LEN)
		return (max + 1);
	for (j = 0; j <= lb; j++)
		row[0][j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		now = row[i % 3];
		now[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			best = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			/* two letters that changed places */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		before = last;
		last = now;
	}
	return (last[lb] > max ? max + 1 : last[lb]);
}
