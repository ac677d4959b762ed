/* `kanatad replay FILE`: a recorded history through the rules, by a process of its
 * own that can do nothing but say what would have been posted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "kanatad.h"

static int		 history = -1;
static struct setup	*rules;		/* NULL: those of the history */
static bool		 complete;

void
replay_open(const char *path)
{
	if ((history = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		fprintf(stderr, "kanatad: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

void
replay_begin(struct setup *setup)
{
	rules = setup;
	supervise_add(ROLE_REPLAY, 0, NULL, "");
}

static void
send_history(struct child *child)
{
	struct message_out *m;

	if (rules != NULL) {
		channel_send(child->channel,
		    conf_pack_global(&rules->conf->global), -1);
		setup_send_rules(rules->conf, child);
	}
	m = message_new(MSG_REPLAY_FILE, 0);
	message_put_s(m, options.history);
	message_put_b(m, rules != NULL);
	message_put_b(m, options.verbose);
	channel_send(child->channel, m, history);
}

__attribute__((noreturn))
static void
on_error(struct message *m)
{
	const char *path = message_get_s(m);
	unsigned line = message_get_u(m), column = message_get_u(m);
	const char *text = message_get_s(m);

	fflush(stdout);
	if (line == 0)
		fprintf(stderr, "kanatad: %s: %s\n", path, text);
	else
		fprintf(stderr, "kanatad: %s:%u:%u: %s\n", path, line, column,
		    text);
	exit(1);
}

const char *
replay_dispatch(struct child *child, struct message *m)
{
	switch (m->type) {
	case MSG_PROC_READY:
		send_history(child);
		return (NULL);
	case MSG_REPLAY_LINE:
		puts(log_safe(message_get_s(m)));
		return (NULL);
	case MSG_PARSE_ERROR:
		on_error(m);
	case MSG_PARSE_DONE:
		complete = true;
		return (NULL);
	default:
		return ("not a message of a replay");
	}
}

void
replay_child_gone(const struct child *child)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		fatal("standard output");
	if (!complete)
		fatalx("%s: its replay ended: %s", options.history,
		    child->death);
	exit(0);
}
