#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "plugin.h"

/* The packed form: a letter, a text and a NUL for each. */
#define ITEM_ARG	'a'
#define ITEM_ENV	'e'
#define ITEM_HINT	'h'
#define ITEM_HEAD	'i'
#define ITEM_CA_FILE	'c'
#define ITEM_TAIL	't'

static void
wipe(char *text)
{
	if (text != NULL)
		freezero(text, strlen(text) + 1);
}

void
plugin_set(char **field, const char *text)
{
	wipe(*field);
	if ((*field = strdup(text)) == NULL)
		fatal("plugin");
}

struct plugin *
plugin_new(void)
{
	struct plugin *p;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (p->arg = calloc(1, sizeof(*p->arg))) == NULL ||
	    (p->env = calloc(1, sizeof(*p->env))) == NULL)
		fatal("plugin");
	plugin_set(&p->hint, "");
	plugin_set(&p->info_head, "");
	plugin_set(&p->ca_file, "");
	plugin_set(&p->info_tail, "");
	return (p);
}

void
plugin_free(struct plugin *p)
{
	unsigned i;

	if (p == NULL)
		return;
	for (i = 0; i < p->narg; i++)
		wipe(p->arg[i]);
	for (i = 0; i < p->nenv; i++)
		wipe(p->env[i]);
	free(p->arg);
	free(p->env);
	wipe(p->hint);
	wipe(p->info_head);
	wipe(p->ca_file);
	wipe(p->info_tail);
	free(p);
}

/* Takes the text. */
static int
append(char ***list, unsigned *count, char *text)
{
	if (text == NULL)
		fatal("plugin");
	if (*count == PLUGIN_STRINGS_MAX) {
		wipe(text);
		return (-1);
	}
	*list = reallocarray(*list, *count + 2, sizeof(**list));
	if (*list == NULL)
		fatal("plugin");
	(*list)[(*count)++] = text;
	(*list)[*count] = NULL;
	return (0);
}

int
plugin_add_arg(struct plugin *p, const char *text)
{
	return (append(&p->arg, &p->narg, strdup(text)));
}

int
plugin_add_env(struct plugin *p, const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, "%s=%s", name, value) == -1)
		fatal("plugin");
	return (append(&p->env, &p->nenv, text));
}

/* -- packed ------------------------------------------------------------------ */

static void
pack_item(char *buf, size_t *used, char item, const char *text)
{
	size_t len = strlen(text) + 1;

	/* What does not fit is only counted. */
	if (*used + len + 1 <= PLUGIN_BYTES_MAX) {
		buf[*used] = item;
		memcpy(buf + *used + 1, text, len);
	}
	*used += len + 1;
}

char *
plugin_pack(const struct plugin *p, size_t *len)
{
	char *buf;
	unsigned i;

	if ((buf = malloc(PLUGIN_BYTES_MAX)) == NULL)
		fatal("plugin");
	*len = 0;
	for (i = 0; i < p->narg; i++)
		pack_item(buf, len, ITEM_ARG, p->arg[i]);
	for (i = 0; i < p->nenv; i++)
		pack_item(buf, len, ITEM_ENV, p->env[i]);
	pack_item(buf, len, ITEM_HINT, p->hint);
	pack_item(buf, len, ITEM_HEAD, p->info_head);
	pack_item(buf, len, ITEM_CA_FILE, p->ca_file);
	pack_item(buf, len, ITEM_TAIL, p->info_tail);
	if (*len <= PLUGIN_BYTES_MAX)
		return (buf);
	freezero(buf, PLUGIN_BYTES_MAX);
	return (NULL);
}

static int
unpack_item(struct plugin *p, char item, const char *text)
{
	switch (item) {
	case ITEM_ARG:
		return (plugin_add_arg(p, text));
	case ITEM_ENV:
		if (strchr(text, '=') == NULL || text[0] == '=')
			return (-1);
		return (append(&p->env, &p->nenv, strdup(text)));
	case ITEM_HINT:
		plugin_set(&p->hint, text);
		return (0);
	case ITEM_HEAD:
		plugin_set(&p->info_head, text);
		return (0);
	case ITEM_CA_FILE:
		plugin_set(&p->ca_file, text);
		return (0);
	case ITEM_TAIL:
		plugin_set(&p->info_tail, text);
		return (0);
	default:
		return (-1);
	}
}

struct plugin *
plugin_unpack(const char *bytes, size_t len)
{
	struct plugin *p = plugin_new();
	const char *end;
	bool good = len <= PLUGIN_BYTES_MAX;

	while (good && len > 0) {
		end = memchr(bytes, '\0', len);
		good = end != NULL && end > bytes &&
		    unpack_item(p, bytes[0], bytes + 1) == 0;
		if (good) {
			len -= end + 1 - bytes;
			bytes = end + 1;
		}
	}
	if (good && p->narg > 0 && p->arg[0][0] != '\0')
		return (p);
	plugin_free(p);
	return (NULL);
}
