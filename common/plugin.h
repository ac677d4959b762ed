/*
 * An exec plugin of a kubeconfig: what is to be run, from the parser that reads it
 * to the runner that runs it.  Its environment may hold secrets, so it travels
 * as one sealed descriptor, which the parent passes on unread.
 */
#ifndef KANATA_PLUGIN_H
#define KANATA_PLUGIN_H

#include <stddef.h>

#define PLUGIN_BYTES_MAX	(256 * 1024)	/* packed */
#define PLUGIN_STRINGS_MAX	256		/* arguments; environment */

struct plugin {
	unsigned	 narg, nenv;
	char		**arg;		/* NULL at the end; the first is a path, or
					 * a name to be found in PATH */
	char		**env;		/* "NAME=value", NULL at the end */
	char		*hint;		/* installHint, "" if none */
	/*
	 * The value of KUBERNETES_EXEC_INFO.  With a ca_file (else "") the
	 * base64 of that file belongs between head and tail.
	 */
	char		*info_head, *ca_file, *info_tail;
};

/* Empty, all strings "". */
struct plugin	*plugin_new(void);
/* Wipes all of it.  NULL is allowed. */
void		 plugin_free(struct plugin *);

/* Copies the text to the end.  -1 if there are PLUGIN_STRINGS_MAX already. */
int		 plugin_add_arg(struct plugin *, const char *);
int		 plugin_add_env(struct plugin *, const char *name,
		    const char *value);
/* A copy in the place of what is there, which is wiped. */
void		 plugin_set(char **, const char *);

/* As bytes, which the caller frees with freezero; NULL if they are more than
 * PLUGIN_BYTES_MAX. */
char		*plugin_pack(const struct plugin *, size_t *len);
/* And back; NULL if it is not what plugin_pack makes of a plugin that has at
 * least a command. */
struct plugin	*plugin_unpack(const char *, size_t len);

#endif
