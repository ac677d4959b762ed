#include "role.h"

static const char *const names[ROLE_MAX] = {
	[ROLE_PARENT]	= "kanatad",
	[ROLE_PARSER]	= "parser",
	[ROLE_DIALER]	= "dialer",
	[ROLE_WATCHER]	= "watcher",
	[ROLE_NOTIFIER]	= "notifier",
	[ROLE_STORE]	= "store",
	[ROLE_CTL]	= "kanatactl",
	[ROLE_RUNNER]	= "runner",
	[ROLE_WEB]	= "web",
	[ROLE_REPLAY]	= "replay",
};

const char *
role_name(enum role role)
{
	return ((unsigned)role < ROLE_MAX ? names[role] : "?");
}
