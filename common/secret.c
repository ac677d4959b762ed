#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "secret.h"

static const char *const secret_names[SECRET_MAX] = {
	[SECRET_INSTATUS_KEY]	= "Instatus key",
	[SECRET_WEBHOOK_URL]	= "webhook address",
	[SECRET_INSTATUS_CA]	= "Instatus CA certificates",
	[SECRET_ETCD_PASSWORD]	= "etcd password",
	[SECRET_ETCD_CA]	= "etcd CA certificates",
	[SECRET_ETCD_CERT]	= "etcd client certificate",
	[SECRET_ETCD_KEY]	= "etcd client key",
	[SECRET_WEB_CERT]	= "certificate of web",
	[SECRET_WEB_KEY]	= "key of the certificate of web",
	[SECRET_WEB_USERS]	= "users of web",
	[SECRET_KUBE_CA]	= "Kubernetes CA certificates",
	[SECRET_KUBE_CERT]	= "Kubernetes client certificate",
	[SECRET_KUBE_KEY]	= "Kubernetes client key",
	[SECRET_KUBE_TOKEN]	= "Kubernetes token",
	[SECRET_KUBE_PROXY]	= "password of the proxy",
	[SECRET_KUBE_EXEC]	= "exec plugin",
};

const char *
secret_name(enum secret secret)
{
	return ((unsigned)secret < SECRET_MAX ? secret_names[secret] : "?");
}

char *
secret_read(int fd, size_t *len)
{
	size_t size = 4096, used = 0;
	char *buf, *bigger;
	ssize_t n;

	if ((buf = malloc(size)) == NULL)
		fatal("malloc");
	/* pread: a memfd's position is shared with whoever else has it. */
	while ((n = pread(fd, buf + used, size - used - 1, used)) > 0) {
		used += n;
		if (used > SECRET_BYTES_MAX) {
			n = -1;
			errno = EFBIG;
			break;
		}
		if (used == size - 1) {
			if ((bigger = malloc(size * 2)) == NULL)
				fatal("malloc");
			memcpy(bigger, buf, used);
			freezero(buf, size);
			buf = bigger;
			size *= 2;
		}
	}
	if (n == 0) {
		while (used > 0 && (buf[used - 1] == '\n' ||
		    buf[used - 1] == '\r'))
			used--;
		if (used == 0) {
			errno = ENODATA;
			n = -1;
		}
	}
	if (n == -1) {
		n = errno;
		freezero(buf, size);
		close(fd);
		errno = n;
		return (NULL);
	}
	close(fd);
	buf[used] = '\0';
	*len = used;
	return (buf);
}
