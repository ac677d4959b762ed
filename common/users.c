#include <string.h>

#include "users.h"

#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool
users_is_name(const char *s)
{
	size_t len = strlen(s);

	return (len > 0 && len <= USERS_NAME_MAX &&
	    strspn(s, LETTERS "._@-") == len);
}

bool
users_is_hash(const char *s)
{
	size_t len = strlen(s);

	return (len <= USERS_HASH_MAX && strncmp(s, "$y$", 3) == 0 &&
	    strspn(s, LETTERS "./$") == len);
}
