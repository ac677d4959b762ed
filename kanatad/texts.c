/*
 * `texts`: templates of what Kanata writes.  All that could be wrong with one
 * is said here; what the notifier gets it can fill in.
 */
#include <stddef.h>
#include <string.h>

#include "../common/log.h"
#include "grammar.h"
#include "key.h"
#include "value.h"

struct texts_section {
	const struct yaml_node	*text[TEMPLATE_MAX];
};

#define TEXT(kind)	offsetof(struct texts_section, text[kind])
static const struct key text_keys[] = {
	{ "name", KEY_NODE, .offset = TEXT(TEMPLATE_NAME) },
	{ "down", KEY_NODE, .offset = TEXT(TEMPLATE_DOWN) },
	{ "worse", KEY_NODE, .offset = TEXT(TEMPLATE_WORSE) },
	{ "better", KEY_NODE, .offset = TEXT(TEMPLATE_BETTER) },
	{ "back", KEY_NODE, .offset = TEXT(TEMPLATE_BACK) },
	{ "resolved", KEY_NODE, .offset = TEXT(TEMPLATE_RESOLVED) },
	{ "maintenance", KEY_NODE, .offset = TEXT(TEMPLATE_MAINTENANCE) },
	{ "unwatched", KEY_NODE, .offset = TEXT(TEMPLATE_UNWATCHED) },
	{ "line", KEY_NODE, .offset = TEXT(TEMPLATE_LINE) },
	{ "private", KEY_NODE, .offset = TEXT(TEMPLATE_PRIVATE) },
};

/* Messages may have several lines; a block of YAML ends with one. */
static const char *
text_want(struct parsed *p, const struct yaml_node *node,
    enum template_kind kind, char text[TEMPLATE_BYTES_MAX + 1])
{
	bool	 lines = field_fits(kind, FIELD_LIST);
	size_t	 len;
	char	*c;

	if (!lines)
		return (key_want_text(p, node, kind == TEMPLATE_NAME ? 255 :
		    512, "text"));
	if (node->what != YAML_TEXT) {
		parsed_fail(p, node, "`%s`: expected text, found %s",
		    node->key, yaml_what(node));
		return (NULL);
	}
	for (len = strlen(node->text); len > 0 && node->text[len - 1] == '\n';
	    len--)
		;
	if (len == 0 || len > TEMPLATE_BYTES_MAX) {
		parsed_fail(p, node, "`%s`: expected text of 1 to %d bytes, "
		    "found %zu", node->key, TEMPLATE_BYTES_MAX, len);
		return (NULL);
	}
	memcpy(text, node->text, len);
	text[len] = '\0';
	for (c = text; *c != '\0'; c++)
		if (((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7f) {
			parsed_fail(p, node, "`%s`: a control character",
			    node->key);
			return (NULL);
		}
	return (text);
}

static int
field_fail(struct parsed *p, const struct yaml_node *node,
    const struct template_part *part, enum template_kind kind)
{
	const char	*near = NULL;
	char		 word[33] = "", all[256] = "";
	unsigned	 distance, best = part->len < 4 ? 2 : 3;
	size_t		 len = part->len < 32 ? part->len : 32;
	int		 f;

	memcpy(word, part->text, len);
	for (f = 0; f < FIELD_MAX; f++) {
		if (!field_fits(kind, (enum template_field)f))
			continue;
		if (all[0] != '\0')
			strncat(all, ", ", sizeof(all) - strlen(all) - 1);
		strncat(all, field_name((enum template_field)f),
		    sizeof(all) - strlen(all) - 1);
		distance = value_distance(word,
		    field_name((enum template_field)f), best);
		if (distance < best && distance < len) {
			near = field_name((enum template_field)f);
			best = distance;
		}
	}
	if (part->field != FIELD_MAX)
		return (parsed_fail(p, node, "`%s`: `{%s}` cannot be in it; "
		    "the fields are %s", node->key, log_safe(word), all));
	if (near != NULL)
		return (parsed_fail(p, node, "`%s`: there is no field `{%s}`, "
		    "did you mean `{%s}`?", node->key, log_safe(word), near));
	return (parsed_fail(p, node, "`%s`: there is no field `{%s}`; the "
	    "fields are %s; a brace itself is written twice", node->key,
	    log_safe(word), all));
}

static int
text_read(struct parsed *p, const struct yaml_node *node,
    enum template_kind kind, struct conf_component *c)
{
	char			 buf[TEMPLATE_BYTES_MAX + 1];
	struct template_part	 part;
	const char		*text, *at;
	int			 more;

	if ((text = text_want(p, node, kind, buf)) == NULL)
		return (-1);
	at = text;
	while ((more = template_next(&at, &part)) == 1)
		if (part.is_field && (part.field == FIELD_MAX ||
		    !field_fits(kind, part.field)))
			return (field_fail(p, node, &part, kind));
	if (more == -1)
		return (parsed_fail(p, node, "`%s`: a brace alone before "
		    "`%.20s`: a field is {like_this}, a brace itself is "
		    "written twice", node->key, log_safe(part.text + 1)));
	conf_set_text(p->conf, c, kind, text);
	return (0);
}

int
texts_read(struct parsed *p, const struct yaml_node *node,
    struct conf_component *c)
{
	struct texts_section	 s = { .text = { NULL } };
	int			 kind;

	if (KEY_READ_MAP(p, node, text_keys, &s) == -1)
		return (-1);
	for (kind = 0; kind < TEMPLATE_MAX; kind++)
		if (s.text[kind] != NULL && text_read(p, s.text[kind],
		    (enum template_kind)kind, c) == -1)
			return (-1);
	return (0);
}
