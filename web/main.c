/*
 * web: answers HTTP about what Kanata knows.
 *
 * It may hold: its TLS key and the password hashes of the dashboard.  It may
 * call: accept on the listening descriptor that it is handed, and what memory,
 * the event loop and accepted descriptors need (common/cage.c).  It talks to:
 * the parent, the notifier, the watchers, and anybody who connects.
 */
#include <bsd/stdlib.h>
#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "mirror.h"
#include "sessions.h"
#include "web.h"

static const char *
web_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_WEB_LISTEN:
		server_listen(message_take_fd(m));
		return (NULL);
	default:
		return (mirror_dispatch_parent(m));
	}
}

static const char *
web_conf_secret(enum secret kind, int fd)
{
	if (kind == SECRET_WEB_CERT || kind == SECRET_WEB_KEY)
		return (tls_secret(kind, fd));
	if (kind == SECRET_WEB_USERS)
		return (accounts_secret(fd));
	close(fd);
	return ("a secret that is not for web");
}

static const char *
web_conf_prepare(const struct conf *conf)
{
	if (conf->web == NULL)
		return ("web is not configured");
	return (tls_prepare(conf->web->tls));
}

static void
web_conf_commit(const struct conf *conf)
{
	(void)conf;
	tls_commit();
	/* Who was taken out is logged out. */
	if (accounts_commit())
		session_close_all();
}

static void
web_conf_abort(void)
{
	tls_abort();
	accounts_abort();
}

static void
web_init(struct event_base *base, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tzset();
	/* jansson would open a file for it, or fall back to the time. */
	json_object_seed(arc4random() | 1);
	tls_init();
	server_init(base);
	probe_init();
	live_init();
	operate_init();
}

int
main(int argc, char **argv)
{
	static const struct worker web = {
		.role = ROLE_WEB,
		.init = web_init,
		.dispatch_parent = web_dispatch_parent,
		.conf_prepare = web_conf_prepare,
		.conf_commit = web_conf_commit,
		.conf_abort = web_conf_abort,
		.conf_secret = web_conf_secret,
		.link = mirror_link,
	};

	worker_run(&web, argc, argv);
}
