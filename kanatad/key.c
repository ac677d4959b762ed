#include <stdlib.h>
#include <string.h>

#include "../common/duration.h"
#include "../common/log.h"
#include "../common/xmalloc.h"
#include "key.h"
#include "value.h"

/* The name of a value for an error: its key, or what a list holds. */
static const char *
key_name(const struct yaml_node *node)
{
	return (node->key != NULL ? log_safe(node->key) : "the value");
}

static int
key_fail_what(struct parsed *p, const struct yaml_node *node,
    const char *expected)
{
	return (parsed_fail(p, node, "`%s`: expected %s, found %s",
	    key_name(node), expected, yaml_what(node)));
}

const struct yaml_node *
key_want_list(struct parsed *p, const struct yaml_node *node)
{
	if (node->what == YAML_LIST)
		return (node);
	key_fail_what(p, node, "a list");
	return (NULL);
}

const struct yaml_node *
key_want_map(struct parsed *p, const struct yaml_node *node)
{
	if (node->what == YAML_MAP)
		return (node);
	if (node->key == NULL)
		parsed_fail(p, node, "expected `key: value` lines, found %s",
		    yaml_what(node));
	else
		key_fail_what(p, node, "a map");
	return (NULL);
}

const char *
key_want_text(struct parsed *p, const struct yaml_node *node, size_t max,
    const char *expected)
{
	if (node->what != YAML_TEXT || yaml_is_null(node)) {
		key_fail_what(p, node, expected);
		return (NULL);
	}
	if (node->text[0] == '\0')
		parsed_fail(p, node, "`%s`: expected %s, found an empty text",
		    key_name(node), expected);
	else if (strlen(node->text) > max)
		parsed_fail(p, node, "`%s`: more than %zu bytes",
		    key_name(node), max);
	else if (!value_is_printable(node->text))
		parsed_fail(p, node, "`%s`: a line break or another control "
		    "character", key_name(node));
	else
		return (node->text);
	return (NULL);
}

static int
key_read_text(struct parsed *p, const struct key *key,
    const struct yaml_node *node, char **into)
{
	const char	*text;

	if ((text = key_want_text(p, node, key->max,
	    key->expected != NULL ? key->expected : "text")) == NULL)
		return (-1);
	if (key->check != NULL && !key->check(text))
		return (parsed_fail(p, node, "`%s`: expected %s, found `%s`",
		    key->name, key->expected, log_safe(text)));
	free(*into);
	*into = xstrdup(text);
	return (0);
}

static int
key_read_path(struct parsed *p, const struct key *key,
    const struct yaml_node *node, char **into)
{
	const char	*text;
	char		*path;

	if ((text = key_want_text(p, node, PARSED_PATH_MAX, "a path")) == NULL)
		return (-1);
	if ((path = parsed_path(p, node, text)) == NULL)
		return (-1);
	if (key->max != 0 && strlen(path) > key->max) {
		free(path);
		return (parsed_fail(p, node, "`%s`: the path has more than "
		    "%u bytes", key->name, (unsigned)key->max));
	}
	free(*into);
	*into = path;
	return (0);
}

static int
key_read_number(struct parsed *p, const struct key *key,
    const struct yaml_node *node, unsigned *into)
{
	const char	*text;
	uint64_t	 number;

	if ((text = key_want_text(p, node, 64, "a number")) == NULL)
		return (-1);
	if (value_number(text, key->min, key->max, &number) == -1)
		return (parsed_fail(p, node, "`%s`: expected a number from %u "
		    "to %u, found `%s`", key->name, (unsigned)key->min,
		    (unsigned)key->max, log_safe(text)));
	*into = (unsigned)number;
	return (0);
}

static int
key_read_percent(struct parsed *p, const struct key *key,
    const struct yaml_node *node, unsigned *into)
{
	const char	*text;

	if ((text = key_want_text(p, node, 64, "a percentage")) == NULL)
		return (-1);
	if (value_percent(text, into) == -1)
		return (parsed_fail(p, node, "`%s`: expected a percentage from "
		    "0 to 100, found `%s`", key->name, log_safe(text)));
	return (0);
}

static int
key_read_duration(struct parsed *p, const struct key *key,
    const struct yaml_node *node, uint64_t *into)
{
	const char	*text;
	uint64_t	 ms;

	if ((text = key_want_text(p, node, 64, "a duration such as 30s")) ==
	    NULL)
		return (-1);
	if (duration_parse(text, &ms) == -1) {
		if (value_number(text, 0, UINT64_MAX, &ms) == 0)
			return (parsed_fail(p, node, "`%s`: `%s` has no unit: "
			    "write %ss for seconds", key->name, log_safe(text),
			    log_safe(text)));
		return (parsed_fail(p, node, "`%s`: expected a duration such "
		    "as 30s, 5m or 1h30m, found `%s`", key->name,
		    log_safe(text)));
	}
	if (ms < key->min || ms > key->max)
		return (parsed_fail(p, node, "`%s`: expected %llus to %llus, "
		    "found `%s`", key->name,
		    (unsigned long long)key->min / 1000,
		    (unsigned long long)key->max / 1000, log_safe(text)));
	*into = ms;
	return (0);
}

static int
key_read_bool(struct parsed *p, const struct key *key,
    const struct yaml_node *node, bool *into)
{
	const char	*text;

	if ((text = key_want_text(p, node, 64, "true or false")) == NULL)
		return (-1);
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return (parsed_fail(p, node, "`%s`: expected true or false, "
		    "found `%s`", key->name, log_safe(text)));
	*into = text[0] == 't';
	return (0);
}

static int
key_read_choice(struct parsed *p, const struct key *key,
    const struct yaml_node *node, unsigned *into)
{
	const char	*text;
	char		 all[128] = "";
	unsigned	 i;

	for (i = 0; key->words[i] != NULL; i++) {
		if (i > 0)
			strncat(all, " or ", sizeof(all) - strlen(all) - 1);
		strncat(all, key->words[i], sizeof(all) - strlen(all) - 1);
	}
	if ((text = key_want_text(p, node, 64, all)) == NULL)
		return (-1);
	for (i = 0; key->words[i] != NULL; i++) {
		if (strcmp(text, key->words[i]) == 0) {
			*into = i;
			return (0);
		}
	}
	return (parsed_fail(p, node, "`%s`: expected %s, found `%s`", key->name,
	    all, log_safe(text)));
}

static int
key_read(struct parsed *p, const struct key *key, const struct yaml_node *node,
    void *into)
{
	void	*field = (char *)into + key->offset;

	switch (key->type) {
	case KEY_NODE:
		if (yaml_is_null(node))
			return (parsed_fail_key(p, node, "`%s` has no value",
			    key->name));
		*(const struct yaml_node **)field = node;
		return (0);
	case KEY_TEXT:
		return (key_read_text(p, key, node, field));
	case KEY_PATH:
		return (key_read_path(p, key, node, field));
	case KEY_NUMBER:
		return (key_read_number(p, key, node, field));
	case KEY_PERCENT:
		return (key_read_percent(p, key, node, field));
	case KEY_DURATION:
		return (key_read_duration(p, key, node, field));
	case KEY_BOOL:
		return (key_read_bool(p, key, node, field));
	case KEY_CHOICE:
		return (key_read_choice(p, key, node, field));
	}
	fatalx("key %s has no type", key->name);
}

static int
key_fail_unknown(struct parsed *p, const struct yaml_node *node,
    const struct key *keys, size_t nkey)
{
	const char	*near = NULL;
	size_t		 i, len = strlen(node->key);
	unsigned	 distance, best = len < 4 ? 1 : len < 8 ? 2 : 3;

	for (i = 0; i < nkey; i++) {
		distance = value_distance(node->key, keys[i].name, best);
		if (distance <= best && distance < len) {
			near = keys[i].name;
			if ((best = distance) == 0)
				break;
			best--;
		}
	}
	if (near != NULL)
		return (parsed_fail_key(p, node, "unknown key `%s`, did you "
		    "mean `%s`?", log_safe(node->key), near));
	return (parsed_fail_key(p, node, "unknown key `%s`",
	    log_safe(node->key)));
}

int
key_read_map(struct parsed *p, const struct yaml_node *map,
    const struct key *keys, size_t nkey, void *into)
{
	const struct yaml_node	*node;
	size_t			 i;

	if (key_want_map(p, map) == NULL)
		return (-1);
	for (node = map->first; node != NULL; node = node->next) {
		for (i = 0; i < nkey; i++)
			if (strcmp(node->key, keys[i].name) == 0)
				break;
		if (i == nkey)
			return (key_fail_unknown(p, node, keys, nkey));
		if (key_read(p, &keys[i], node, into) == -1)
			return (-1);
	}
	return (0);
}
