#include <bsd/stdlib.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kanatad.h"
#include "paths.h"

__attribute__((noreturn))
static void
usage(void)
{
	fprintf(stderr,
	    "usage: kanatad [-dnv] [-f file] [-u user] [--observe]\n"
	    "       kanatad [-v] [-f file] [-u user] list\n"
	    "       kanatad [-v] [-f file] [-u user] replay history\n"
	    "       kanatad [-f file] [-u user] create-user [name]\n");
	exit(2);
}

void
options_parse(struct options *opt, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "observe", no_argument, NULL, 'O' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "df:nu:v", longopts, NULL)) != -1)
		switch (ch) {
		case 'd':
			opt->foreground = true;
			break;
		case 'f':
			opt->conf = optarg;
			break;
		case 'n':
			opt->mode = MODE_CHECK;
			break;
		case 'O':
			opt->observe = true;
			break;
		case 'u':
			opt->user = optarg;
			break;
		case 'v':
			opt->verbose = true;
			break;
		default:
			usage();
		}
	argc -= optind;
	argv += optind;
	if (argc == 1 && strcmp(argv[0], "list") == 0 &&
	    opt->mode == MODE_RUN)
		opt->mode = MODE_LIST;
	else if (argc == 2 && strcmp(argv[0], "replay") == 0 &&
	    opt->mode == MODE_RUN) {
		opt->mode = MODE_REPLAY;
		opt->history = argv[1];
	} else if (argc > 0 && strcmp(argv[0], "create-user") == 0 &&
	    opt->mode == MODE_RUN) {
		opt->mode = MODE_CREATE_USER;
		opt->user_name = argv[1];
		if (argc > 2) {
			fprintf(stderr, "kanatad: a password on the command "
			    "line can be seen by every user: it is asked for, "
			    "or read from the standard input\n");
			exit(2);
		}
	} else if (argc > 0)
		usage();
	/* A history has rules of its own. */
	if (opt->conf == NULL && opt->mode != MODE_REPLAY)
		opt->conf = PATH_CONF;
}
