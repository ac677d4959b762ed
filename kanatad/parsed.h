/*
 * What the parser found out about one file: an error or rows, warnings and
 * secrets, before it is sent to the parent.
 */
#ifndef KANATA_PARSED_H
#define KANATA_PARSED_H

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>

#include "../common/conf.h"
#include "yaml.h"

/* What https is checked against unless the file says otherwise. */
#define PATH_CA		"/etc/ssl/certs/ca-certificates.crt"

#define PARSED_PATH_MAX	1024	/* bytes, as in message_table.h */

struct parsed_warning {
	TAILQ_ENTRY(parsed_warning) entry;
	const char	*path;
	unsigned	 line, column;
	char		*text;
};

struct parsed_secret {
	TAILQ_ENTRY(parsed_secret) entry;
	enum secret	 kind;
	unsigned	 line, column;
	char		*path;		/* NULL: the secret itself, in bytes */
	char		*bytes;
	size_t		 len;
};

struct parsed_server {
	char		 host[254];
	unsigned	 port;
	char		 path[PARSED_PATH_MAX + 1];
	bool		 tls;
	char		 tls_name[254];
	bool		 insecure;
	char		 ns[64];
	char		 proxy_host[254];	/* "": none */
	unsigned	 proxy_port;
	bool		 proxy_tls;
};

struct parsed {
	const char	*path;		/* of the file, of several the one at hand */
	bool		 secret_ok;	/* nobody else can read the file */
	bool		 failed;
	struct yaml_error error;	/* if it failed: the first error */
	const char	*error_path;
	struct conf	*conf;		/* of a configuration */
	struct parsed_server server;	/* of a kubeconfig */
	TAILQ_HEAD(parsed_warnings, parsed_warning) warnings;
	TAILQ_HEAD(parsed_secrets, parsed_secret) secrets;
};

/* Borrows the path, like all that are set later. */
void	 parsed_init(struct parsed *, const char *path, bool secret_ok);
/* Wipes the secrets. */
void	 parsed_clear(struct parsed *);

/* Notes an error at a value, or of the whole file (NULL); the first one stays.
 * Returns -1. */
int	 parsed_fail(struct parsed *, const struct yaml_node *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
/* The same at the key of the value. */
int	 parsed_fail_key(struct parsed *, const struct yaml_node *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
void	 parsed_warn(struct parsed *, const struct yaml_node *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));

/* A secret that stands in the file; the bytes are copied. */
void	 parsed_secret(struct parsed *, enum secret, const struct yaml_node *,
	    const void *, size_t len);
/* A secret that the file names.  A relative path starts at the file's folder.
 * Returns -1 if there is something wrong with the path. */
int	 parsed_secret_file(struct parsed *, enum secret,
	    const struct yaml_node *, const char *path);
/* A path as above, allocated; NULL if something is wrong with it. */
char	*parsed_path(struct parsed *, const struct yaml_node *,
	    const char *path);

#endif
