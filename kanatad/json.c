#include <string.h>

#include "json.h"

void
json_text(FILE *f, const char *text)
{
	const unsigned char	*c;

	fputc('"', f);
	for (c = (const unsigned char *)text; *c != '\0'; c++)
		if (*c == '"' || *c == '\\')
			fprintf(f, "\\%c", *c);
		else if (*c < 0x20)
			fprintf(f, "\\u%04x", *c);
		else
			fputc(*c, f);
	fputc('"', f);
}

static size_t
json_digits(const char *s)
{
	return (strspn(s, "0123456789"));
}

/* RFC 8259, section 6. */
static bool
json_is_number(const char *s)
{
	if (*s == '-')
		s++;
	if (json_digits(s) == 0 || (*s == '0' && json_digits(s) > 1))
		return (false);
	s += json_digits(s);
	if (*s == '.') {
		if (json_digits(++s) == 0)
			return (false);
		s += json_digits(s);
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (json_digits(s) == 0)
			return (false);
		s += json_digits(s);
	}
	return (*s == '\0');
}

static bool
json_is_word(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return (true);
	return (false);
}

static void
json_scalar(FILE *f, const struct yaml_node *node)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
	    "YES", "on", "On", "ON", "y", "Y", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No",
	    "NO", "off", "Off", "OFF", "n", "N", NULL };

	if (yaml_is_null(node))
		fputs("null", f);
	else if (node->plain && json_is_word(node->text, yes))
		fputs("true", f);
	else if (node->plain && json_is_word(node->text, no))
		fputs("false", f);
	else if (node->plain && json_is_number(node->text))
		fputs(node->text, f);
	else
		json_text(f, node->text);
}

void
json_node(FILE *f, const struct yaml_node *node)
{
	const struct yaml_node	*item;
	bool			 is_map = node->what == YAML_MAP;

	if (node->what == YAML_TEXT) {
		json_scalar(f, node);
		return;
	}
	fputc(is_map ? '{' : '[', f);
	/* The depth is bounded when the file is read. */
	for (item = node->first; item != NULL; item = item->next) {
		if (is_map) {
			json_text(f, item->key);
			fputc(':', f);
		}
		json_node(f, item);
		if (item->next != NULL)
			fputc(',', f);
	}
	fputc(is_map ? '}' : ']', f);
}
