#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/conf.h"
#include "../common/log.h"
#include "../common/users.h"
#include "accounts.h"

/* Of no password: what a user who is not there is checked against. */
#define NOBODY	"$y$j9T$kanatakanatakanatakan.$9" \
		"fHbvFI8bY7bVb5N1kB9NCrOcHTlixVQROe5bhJUMw/"

static struct {
	char	*rows;		/* NULL: none */
	size_t	 len;
} running, next;

const char *
accounts_secret(int fd)
{
	static char why[128];

	/* A file without users. */
	if ((next.rows = secret_read(fd, &next.len)) != NULL ||
	    errno == ENODATA)
		return (NULL);
	snprintf(why, sizeof(why), "%s: %s", secret_name(SECRET_WEB_USERS),
	    strerror(errno));
	return (why);
}

bool
accounts_commit(void)
{
	bool others = running.len != next.len || (running.len > 0 &&
	    memcmp(running.rows, next.rows, next.len) != 0);

	freezero(running.rows, running.len);
	running = next;
	next.rows = NULL;
	next.len = 0;
	return (others);
}

void
accounts_abort(void)
{
	freezero(next.rows, next.len);
	next.rows = NULL;
	next.len = 0;
}

bool
accounts_any(void)
{
	return (running.len > 0);
}

static bool
find(const char *name, char *hash)
{
	const char *row = running.rows, *end, *stop;
	size_t len = strlen(name), n;

	for (; row != NULL; row = *end == '\0' ? NULL : end + 1) {
		end = strchrnul(row, '\n');
		stop = memchr(row, ':', (size_t)(end - row));
		if (stop == NULL || (size_t)(stop - row) != len ||
		    memcmp(row, name, len) != 0)
			continue;
		n = (size_t)(end - stop - 1);
		if (n > USERS_HASH_MAX)
			return (false);
		memcpy(hash, stop + 1, n);
		hash[n] = '\0';
		return (true);
	}
	return (false);
}

bool
accounts_check(const char *name, const char *password)
{
	static struct crypt_data data;
	char hash[USERS_HASH_MAX + 1];
	const char *made;
	bool known = find(name, hash), same;

	if (!known)
		snprintf(hash, sizeof(hash), "%s", NOBODY);
	/* Not crypt_r, which the sanitizers take the place of. */
	made = crypt_rn(password, hash, &data, sizeof(data));
	if (made == NULL)
		log_warn("the password of a user cannot be checked");
	/* What is compared is a hash: how far it is the same says nothing. */
	same = made != NULL && strcmp(made, hash) == 0;
	explicit_bzero(&data, sizeof(data));
	explicit_bzero(hash, sizeof(hash));
	return (known && same);
}
