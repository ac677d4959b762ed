/* The words on the command line as the request that they make. */
#include <bsd/string.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "../common/conf.h"
#include "../common/duration.h"
#include "../common/log.h"
#include "kanatactl.h"

static const struct { const char *word; unsigned what; } parts[] = {
	{ "components", SHOW_COMPONENTS },
	{ "incidents", SHOW_INCIDENTS },
	{ "silences", SHOW_SILENCES },
	{ "workers", SHOW_WORKERS },
	{ "watches", SHOW_WATCHES },
	{ "leader", SHOW_LEADER },
	{ "state", SHOW_STATE },
	{ "days", SHOW_DAYS },
	{ "pods", SHOW_PODS },
};

/* An id or a name; none is so long, and it must not be cut. */
static void
put_component(struct message_out *m, const char *word)
{
	if (strlen(word) > 255)
		errx(2, "%.40s...: no component has such a name",
		    log_safe(word));
	message_put_s(m, word);
}

static struct message_out *
one_component(enum message_type type, const char *word)
{
	struct message_out *m = message_new(type, 1);

	put_component(m, word);
	return (m);
}

static struct message_out *
show(int argc, char **argv)
{
	unsigned what = SHOW_ALL, i;
	struct message_out *m;

	if (argc >= 1 && strcmp(argv[0], "history") == 0)
		return (argc > 2 ? NULL : one_component(MSG_CTL_HISTORY,
		    argc == 2 ? argv[1] : ""));
	if (argc > 1)
		return (NULL);
	for (i = 0; argc == 1 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(argv[0], parts[i].word) == 0)
			what = parts[i].what;
	if (argc == 1 && what == SHOW_ALL)
		return (NULL);
	m = message_new(MSG_CTL_SHOW, 1);
	message_put_u(m, what);
	return (m);
}

/* What is left of the words, as one text; too long is said, not cut. */
static const char *
reason(int argc, char **argv)
{
	static char text[257];
	int i;

	text[0] = '\0';
	for (i = 0; i < argc; i++) {
		if (i > 0)
			strlcat(text, " ", sizeof(text));
		if (strlcat(text, argv[i], sizeof(text)) >= sizeof(text))
			errx(2, "the reason is longer than 256 bytes");
	}
	return (text);
}

/* silence component duration|off [reason ...] */
static struct message_out *
silence(int argc, char **argv)
{
	struct message_out *m;
	uint64_t duration = 0;

	if (argc < 2 || (strcmp(argv[1], "off") == 0 && argc > 2))
		return (NULL);
	if (strcmp(argv[1], "off") != 0 &&
	    (duration_parse(argv[1], &duration) == -1 || duration == 0))
		errx(2, "expected a duration such as 30m or 2h, or off, not "
		    "%s", log_safe(argv[1]));
	m = message_new(MSG_CTL_SILENCE, 1);
	put_component(m, argv[0]);
	message_put_u(m, duration);
	message_put_s(m, reason(argc - 2, argv + 2));
	message_put_s(m, "");
	return (m);
}

/* maintenance start component ... [duration [reason ...]], end component ... */
static struct message_out *
maintenance(int argc, char **argv)
{
	bool start = argc > 0 && strcmp(argv[0], "start") == 0;
	struct message_out *m;
	uint64_t duration = 0;
	int n, i;

	if (argc < 2 || (!start && strcmp(argv[0], "end") != 0))
		return (NULL);
	for (n = 2; n < argc; n++)
		if (start && duration_parse(argv[n], &duration) == 0)
			break;
	m = message_new(MSG_CTL_MAINTENANCE, 1);
	message_put_b(m, start);
	message_put_u(m, n < argc ? duration : 0);
	message_put_s(m, n < argc ? reason(argc - n - 1, argv + n + 1) : "");
	message_put_s(m, "");
	for (i = 1; i < n; i++)
		put_component(m, argv[i]);
	return (m);
}

struct message_out *
command_request(int argc, char **argv, struct recording *recording)
{
	struct message_out *m;

	if (argc < 1)
		return (NULL);
	if (strcmp(argv[0], "show") == 0)
		return (show(argc - 1, argv + 1));
	if (strcmp(argv[0], "silence") == 0)
		return (silence(argc - 1, argv + 1));
	if (strcmp(argv[0], "maintenance") == 0)
		return (maintenance(argc - 1, argv + 1));
	if (strcmp(argv[0], "explain") == 0 && argc == 2)
		return (one_component(MSG_CTL_EXPLAIN, argv[1]));
	if (strcmp(argv[0], "reload") == 0 && argc == 1)
		return (message_new(MSG_CTL_RELOAD, 1));
	if (strcmp(argv[0], "stop") == 0 && argc == 1)
		return (message_new(MSG_CTL_STOP, 1));
	if (strcmp(argv[0], "log") == 0 && argc == 2 &&
	    (strcmp(argv[1], "brief") == 0 ||
	    strcmp(argv[1], "verbose") == 0)) {
		m = message_new(MSG_CTL_VERBOSE, 1);
		message_put_u(m, strcmp(argv[1], "verbose") == 0);
		return (m);
	}
	if (strcmp(argv[0], "record") == 0 && argc == 2) {
		recording->path = argv[1];
		return (message_new(MSG_CTL_RECORD, 1));
	}
	return (NULL);
}
