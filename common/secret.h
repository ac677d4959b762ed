/*
 * The secrets that the parent hands out, each one descriptor, to the one role
 * that may read it.
 */
#ifndef KANATA_SECRET_H
#define KANATA_SECRET_H

#include <stddef.h>

enum secret {
	SECRET_INSTATUS_KEY,
	SECRET_WEBHOOK_URL,
	SECRET_INSTATUS_CA,	/* not secret, but travels alike */
	SECRET_ETCD_PASSWORD,
	SECRET_ETCD_CA,
	SECRET_ETCD_CERT,
	SECRET_ETCD_KEY,
	SECRET_WEB_CERT,
	SECRET_WEB_KEY,
	SECRET_WEB_USERS,	/* who may log in, passwords hashed */
	SECRET_KUBE_CA,
	SECRET_KUBE_CERT,
	SECRET_KUBE_KEY,
	SECRET_KUBE_TOKEN,
	SECRET_KUBE_PROXY,	/* user:password for the proxy, as in its URL */
	SECRET_KUBE_EXEC,	/* an exec plugin: what to run (common/plugin.h)
				 * for the runner, what it prints for the watcher */
	SECRET_MAX
};
const char	*secret_name(enum secret);	/* "Instatus key" */
#define SECRET_BYTES_MAX	(1024 * 1024)
/* Reads a secret from its descriptor and closes it: at most SECRET_BYTES_MAX,
 * trailing newlines cut, NUL-terminated.  NULL and errno if it is unreadable,
 * empty (ENODATA) or too large (EFBIG).  The caller frees with freezero. */
char		*secret_read(int fd, size_t *len);

#endif
