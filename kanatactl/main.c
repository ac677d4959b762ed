/*
 * kanatactl: asks a running kanatad over its control socket.
 *
 * Holds: nothing.  Talks to: the control socket.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/cage.h"
#include "../common/conf.h"
#include "../common/duration.h"
#include "../common/log.h"
#include "../common/message_io.h"
#include "kanatactl.h"
#include "paths.h"

static struct recording recording;

__attribute__((noreturn))
static void
usage(void)
{
	fprintf(stderr,
	    "usage: kanatactl [-j] [-s socket] show [components | incidents | "
	    "silences |\n           workers | watches | leader | state | days "
	    "| pods]\n"
	    "       kanatactl [-j] [-s socket] show history [component]\n"
	    "       kanatactl [-j] [-s socket] explain component\n"
	    "       kanatactl [-j] [-s socket] silence component duration "
	    "[reason ...]\n"
	    "       kanatactl [-j] [-s socket] silence component off\n"
	    "       kanatactl [-j] [-s socket] maintenance start component ...\n"
	    "           [duration [reason ...]]\n"
	    "       kanatactl [-j] [-s socket] maintenance end component ...\n"
	    "       kanatactl [-j] [-s socket] reload | stop\n"
	    "       kanatactl [-j] [-s socket] log brief | verbose\n"
	    "       kanatactl [-n lines] [-s socket] [-t duration] record "
	    "file\n");
	exit(2);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		fatalx("%s: longer than a socket's path can be", path);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		fatal("%s: no kanatad answers there", path);
	return (fd);
}

static int
answer(struct message *m, bool as_json)
{
	const char *text = message_get_s(m);
	bool failed = m->type == MSG_CTL_FAILED;
	json_t *document;

	if (as_json) {
		document = json_pack("{s:b s:s}", "ok", !failed, "text", text);
		if (document == NULL)
			fatalx("the answer is no UTF-8");
		json_dumpf(document, stdout, 0);
		putchar('\n');
		json_decref(document);
	} else
		fprintf(failed ? stderr : stdout, "%s%s\n", failed ?
		    "kanatactl: " : "", text);
	return (failed ? 1 : 0);
}

static void
options_parse(int argc, char **argv, struct showing *show,
    const char **socket_path)
{
	const char *why;
	int ch;

	while ((ch = getopt(argc, argv, "jn:s:t:")) != -1)
		switch (ch) {
		case 'j':
			show->as_json = true;
			break;
		case 'n':
			recording.lines = strtonum(optarg, 1, INT32_MAX, &why);
			if (why != NULL)
				fatalx("-n: expected a number of lines: %s is "
				    "%s", log_safe(optarg), why);
			break;
		case 't':
			if (duration_parse(optarg, &recording.time) == -1 ||
			    recording.time == 0)
				fatalx("-t: expected a duration such as 30s, "
				    "not %s", log_safe(optarg));
			break;
		case 's':
			*socket_path = optarg;
			break;
		default:
			usage();
		}
}

/* The next message; one that does not come is fatal. */
static void
receive(int fd, const char *socket_path, struct message *m)
{
	static uint8_t buf[MESSAGE_MAX];
	const char *why;

	switch (message_recv(fd, m, ROLE_PARENT, ROLE_CTL, buf, &why)) {
	case 0:
		fatalx("%s: kanatad ended the conversation before it answered",
		    socket_path);
	case -1:
		if (errno == EPROTO && why != NULL)
			fatalx("%s: what kanatad says makes no sense: %s",
			    socket_path, why);
		fatal("%s", socket_path);
	}
}

int
main(int argc, char **argv)
{
	struct showing show = { .last = MESSAGE_TYPES };
	const char *socket_path = PATH_RUN "/kanatad.sock";
	struct message_out *out;
	struct message m;
	int fd;

	cage_start(ROLE_CTL);
	log_init(LOG_TO_STDERR, "kanatactl");
	options_parse(argc, argv, &show, &socket_path);
	if ((out = command_request(argc - optind, argv + optind,
	    &recording)) == NULL)
		usage();
	if (recording.path == NULL && (recording.lines != 0 ||
	    recording.time != 0))
		usage();
	fd = connect_to(socket_path);
	if (message_send(fd, out, -1) == -1)
		fatal("%s: cannot ask", socket_path);
	if (recording.path != NULL)
		return (record_run(fd, &recording));
	for (;;) {
		receive(fd, socket_path, &m);
		switch (m.type) {
		case MSG_CTL_OK:
		case MSG_CTL_FAILED:
			return (answer(&m, show.as_json));
		case MSG_SHOW_END:
			show_end(&show);
			return (ferror(stdout) || fflush(stdout) != 0 ||
			    show.bad ? 1 : 0);
		default:
			show_row(&show, &m);
		}
	}
}
