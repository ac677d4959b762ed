#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "kanatad.h"

#define DEFAULT_USER	"_kanata"

static const struct passwd *
lookup(const char *user)
{
	struct passwd *pw;

	errno = 0;
	if ((pw = getpwnam(user)) == NULL) {
		if (errno != 0)
			fatal("user %s", user);
		fatalx("there is no user %s: create it, or name another "
		    "with -u", user);
	}
	return (pw);
}

void
drop_privileges(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0) {
		if (user != NULL && lookup(user)->pw_uid != geteuid())
			fatalx("-u %s: only root can become another user", user);
		return;
	}
	pw = lookup(user != NULL ? user : DEFAULT_USER);
	if (pw->pw_uid == 0)
		fatalx("user %s is root: name another with -u", pw->pw_name);
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("cannot become user %s", pw->pw_name);
	if (setuid(0) != -1 || setgid(0) != -1)
		fatalx("still root after becoming user %s", pw->pw_name);
}
