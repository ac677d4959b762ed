#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "parsed.h"

void
parsed_init(struct parsed *p, const char *path, bool secret_ok)
{
	memset(p, 0, sizeof(*p));
	p->path = p->error_path = path;
	p->secret_ok = secret_ok;
	TAILQ_INIT(&p->warnings);
	TAILQ_INIT(&p->secrets);
}

void
parsed_clear(struct parsed *p)
{
	struct parsed_warning	*warning;
	struct parsed_secret	*secret;

	while ((warning = TAILQ_FIRST(&p->warnings)) != NULL) {
		TAILQ_REMOVE(&p->warnings, warning, entry);
		free(warning->text);
		free(warning);
	}
	while ((secret = TAILQ_FIRST(&p->secrets)) != NULL) {
		TAILQ_REMOVE(&p->secrets, secret, entry);
		free(secret->path);
		freezero(secret->bytes, secret->len + 1);
		free(secret);
	}
	conf_free(p->conf);
	p->conf = NULL;
}

static void	 parsed_note_error(struct parsed *, unsigned, unsigned,
		    const char *, va_list)
		    __attribute__((format(printf, 4, 0)));

static void
parsed_note_error(struct parsed *p, unsigned line, unsigned column,
    const char *fmt, va_list ap)
{
	if (p->failed)
		return;
	p->failed = true;
	p->error_path = p->path;
	p->error.line = line;
	p->error.column = column;
	vsnprintf(p->error.text, sizeof(p->error.text), fmt, ap);
}

int
parsed_fail(struct parsed *p, const struct yaml_node *at, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	parsed_note_error(p, at != NULL ? at->line : 0,
	    at != NULL ? at->column : 0, fmt, ap);
	va_end(ap);
	return (-1);
}

int
parsed_fail_key(struct parsed *p, const struct yaml_node *at,
    const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	if (at->key != NULL)
		parsed_note_error(p, at->key_line, at->key_column, fmt, ap);
	else
		parsed_note_error(p, at->line, at->column, fmt, ap);
	va_end(ap);
	return (-1);
}

void
parsed_warn(struct parsed *p, const struct yaml_node *at, const char *fmt, ...)
{
	struct parsed_warning	*warning;
	va_list			 ap;

	warning = xcalloc(1, sizeof(*warning));
	warning->path = p->path;
	warning->line = at->key != NULL ? at->key_line : at->line;
	warning->column = at->key != NULL ? at->key_column : at->column;
	va_start(ap, fmt);
	if (vasprintf(&warning->text, fmt, ap) == -1)
		fatal("parser");
	va_end(ap);
	TAILQ_INSERT_TAIL(&p->warnings, warning, entry);
}

static struct parsed_secret *
parsed_secret_new(struct parsed *p, enum secret kind,
    const struct yaml_node *at)
{
	struct parsed_secret	*secret;

	secret = xcalloc(1, sizeof(*secret));
	secret->kind = kind;
	secret->line = at->line;
	secret->column = at->column;
	TAILQ_INSERT_TAIL(&p->secrets, secret, entry);
	return (secret);
}

void
parsed_secret(struct parsed *p, enum secret kind, const struct yaml_node *at,
    const void *bytes, size_t len)
{
	struct parsed_secret	*secret = parsed_secret_new(p, kind, at);

	if ((secret->bytes = malloc(len + 1)) == NULL)
		fatal("parser");
	memcpy(secret->bytes, bytes, len);
	secret->bytes[len] = '\0';
	secret->len = len;
}

char *
parsed_path(struct parsed *p, const struct yaml_node *at, const char *path)
{
	const char	*slash;
	char		*full;
	int		 dir;

	if (path[0] == '\0') {
		parsed_fail(p, at, "expected a path");
		return (NULL);
	}
	if (path[0] == '~') {
		parsed_fail(p, at,
		    "`~` is not understood in a path: write it out");
		return (NULL);
	}
	slash = strrchr(p->path, '/');
	dir = path[0] == '/' || slash == NULL ? 0 : (int)(slash - p->path) + 1;
	full = xasprintf("%.*s%s", dir, p->path, path);
	if (strlen(full) <= PARSED_PATH_MAX)
		return (full);
	free(full);
	parsed_fail(p, at, "the path has more than %d bytes", PARSED_PATH_MAX);
	return (NULL);
}

int
parsed_secret_file(struct parsed *p, enum secret kind,
    const struct yaml_node *at, const char *path)
{
	char	*full;

	if ((full = parsed_path(p, at, path)) == NULL)
		return (-1);
	parsed_secret_new(p, kind, at)->path = full;
	return (0);
}
