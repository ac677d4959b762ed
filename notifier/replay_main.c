/*
 * kanata-replay: lives for one recorded history that anyone may have written.
 *
 * Holds: the file's descriptor.  May call: read, send and receive on the channel
 * to the parent.  Talks to: the parent.
 *
 * Rows of a configuration, if its rules are to be used, and the file come in;
 * lines and MSG_PARSE_DONE, or MSG_PARSE_ERROR, go out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "../common/serve.h"
#include "replay.h"

static const char	*path;
static struct conf	*conf;		/* its rules, if they are to be used */
static unsigned		 line;		/* from 1 */
static bool		 begun;		/* the first line was one */

static void
print(const char *text)
{
	struct message_out *out = message_new(MSG_REPLAY_LINE, 0);

	message_put_s(out, text);
	serve_send(out, -1);
}

__attribute__((noreturn))
static void
refuse(unsigned column, const char *why)
{
	struct message_out *out = message_new(MSG_PARSE_ERROR, 0);

	message_put_s(out, path);
	message_put_u(out, column == 0 ? 0 : line);
	message_put_u(out, column);
	message_put_s(out, why);
	serve_send(out, -1);
	exit(0);
}

static void
take_line(struct replay *r, const char *text, size_t len)
{
	struct recording_line l;
	char why[512];
	const char *wrong;

	line++;
	if (len > RECORDING_LINE_MAX)
		refuse(1, "expected a line of at most 48 KiB");
	if (strspn(text, " \t\r") == len)
		return;
	if (recording_read(&l, text, len, why, sizeof(why)) == -1)
		refuse(l.column, why);
	if (!begun && l.kind != RECORDING_HEAD)
		refuse(1, "expected {\"history\":1}: this is no recorded "
		    "history");
	begun = true;
	if ((wrong = replay_line(r, &l)) != NULL)
		refuse(1, wrong);
	recording_line_clear(&l);
}

/* Takes the whole lines that are there; the number of bytes left over. */
static size_t
take_lines(struct replay *r, char *buf, size_t len)
{
	char *p = buf, *end;

	while ((end = memchr(p, '\n', len)) != NULL) {
		*end = '\0';
		take_line(r, p, (size_t)(end - p));
		len -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	if (len > RECORDING_LINE_MAX)
		take_line(r, p, len);
	memmove(buf, p, len);
	return (len);
}

static void
take_file(struct replay *r, int fd)
{
	static char buf[2 * RECORDING_LINE_MAX + 1];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			refuse(0, strerror(errno));
		if (n == 0)
			break;
		len = take_lines(r, buf, len + (size_t)n);
	}
	buf[len] = '\0';
	if (len > 0)
		take_line(r, buf, len);
	if (!begun)
		refuse(0, "expected a recorded history: there is nothing in "
		    "the file");
}

static void
replay_file(struct message *m)
{
	struct replay *r;
	bool rules, verbose;
	int fd = message_take_fd(m);

	path = message_get_s(m);
	rules = message_get_b(m);
	verbose = message_get_b(m);
	if (!rules) {
		conf_free(conf);
		conf = NULL;
	}
	r = replay_new(conf, verbose, print);
	take_file(r, fd);
	replay_finish(r);
	replay_free(r);
	serve_send(message_new(MSG_PARSE_DONE, 0), -1);
}

/* True: this was all. */
static bool
replay_serve(struct message *m)
{
	const char *why;

	switch (m->type) {
	case MSG_CONF_GLOBAL:
	case MSG_CONF_COMPONENT:
	case MSG_CONF_TEXT:
		if ((why = conf_take(conf, m)) != NULL)
			fatalx("the configuration: %s", why);
		return (false);
	case MSG_REPLAY_FILE:
		replay_file(m);
		return (true);
	default:
		fatalx("%s is no request", message_name(m->type));
	}
}

int
main(void)
{
	serve_start(ROLE_REPLAY);
	json_object_seed(arc4random() | 1);
	conf = conf_new();
	serve_run(replay_serve);
	return (0);
}
