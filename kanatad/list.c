/* `kanatad list`: the components of each page, as the key sees them. */
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "kanatad.h"

#define LIST_TIME	90	/* s */

static struct event *timer;

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_warnx("Instatus did not answer within %d s", LIST_TIME);
	supervise_stop(1);
}

void
list_begin(struct child *notifier)
{
	static const struct timeval limit = { LIST_TIME, 0 };

	if ((timer = evtimer_new(base, on_timeout, NULL)) == NULL ||
	    evtimer_add(timer, &limit) == -1)
		fatalx("cannot make a timer");
	channel_send_empty(notifier->channel, MSG_LIST_ASK, 1);
}

const char *
list_dispatch(struct message *m)
{
	static char last_page[129];
	const char *page, *page_id, *name;

	if (options.mode != MODE_LIST)
		return ("a list that nobody asked for");
	switch (m->type) {
	case MSG_LIST_COMPONENT:
		page = log_safe(message_get_s(m));
		page_id = message_get_s(m);
		if (strcmp(page_id, last_page) != 0) {
			snprintf(last_page, sizeof(last_page), "%s", page_id);
			printf("%s (%s)\n", page, log_safe(page_id));
		}
		name = log_safe(message_get_s(m));
		printf("    %s  %s\n", log_safe(message_get_s(m)), name);
		return (NULL);
	case MSG_LIST_FAILED:
		log_warnx("%s", log_safe(message_get_s(m)));
		supervise_stop(1);
	default:
		fflush(stdout);
		supervise_stop(ferror(stdout) ? 1 : 0);
	}
}
