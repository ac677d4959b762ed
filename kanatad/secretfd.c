#include <sys/mman.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "secretfd.h"

int
secretfd_new(const void *bytes, size_t len)
{
	const char	*p = bytes;
	ssize_t		 n;
	int		 fd, save;

	if ((fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING)) ==
	    -1)
		return (-1);
	while (len > 0) {
		if ((n = write(fd, p, len)) == -1) {
			if (errno == EINTR)
				continue;
			goto bad;
		}
		p += n;
		len -= (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE) == -1)
		goto bad;
	return (fd);
 bad:
	save = errno;
	close(fd);
	errno = save;
	return (-1);
}
