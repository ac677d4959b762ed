/*
 * What holds: for the log, when it changes, and for the notifier.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "engine.h"
#include "etcd.h"

/* The first trouble may only be the end of a connection: so many other ones are
 * said, too, while etcd cannot be used. */
#define SAID_AGAIN_MAX	4

/* What holds, in words; which of them, for the log. */
static enum etcd_say
describe(const struct etcd *e, bool leads, bool speaks, char *text, size_t size)
{
	if (e->reachable && e->leader[0] != '\0') {
		snprintf(text, size, "another kanatad leads: %s", e->leader);
		return (SAY_FOLLOWER);
	}
	if (e->reachable && e->load_again) {
		strlcpy(text, "another kanatad led meanwhile: the state has "
		    "to be loaded anew", size);
		return (SAY_LOAD);
	}
	if (!e->reachable) {
		snprintf(text, size, "etcd cannot be used (%s): %s",
		    e->trouble[0] == '\0' ? "no answer yet" : e->trouble,
		    e->publish && speaks ? "going on from memory" :
		    speaks ? "going on until the lease ends" :
		    e->loaded ? "nothing is posted until it can" :
		    "what is open on the page is not known, so nothing is "
		    "posted until it can");
		return (e->trouble[0] == '\0' ? SAY_NOTHING : SAY_AWAY);
	}
	if (e->observe) {
		strlcpy(text, "observing: nothing is written", size);
		return (SAY_OBSERVER);
	}
	if (e->full) {
		snprintf(text, size, "%s, but etcd is out of space: %s",
		    leads ? "leader" : "no leader yet", e->publish && speaks ?
		    "changes are held in memory" : "changes fail");
		return (SAY_FULL);
	}
	if (leads) {
		strlcpy(text, "leader", size);
		return (SAY_LEADER);
	}
	snprintf(text, size, "no leader yet%s", speaks ?
	    ", going on from memory" : "");
	return (SAY_ELECTION);
}

void
etcd_update(struct etcd *e)
{
	const bool leads = etcd_leads(e);
	const bool speaks = etcd_knows(e) && (!e->load_again || e->silenced);
	enum etcd_say say;
	char text[512];

	if (e->instance == NULL)
		return;
	say = describe(e, leads, speaks, text, sizeof(text));
	if (say != e->said || speaks != e->said_speaks) {
		if (say == SAY_LEADER || say == SAY_OBSERVER)
			log_info("etcd: %s", text);
		else
			log_warnx("etcd: %s", text);
		e->said_again = 0;
		strlcpy(e->said_reason, e->reason, sizeof(e->said_reason));
	} else if (say == SAY_AWAY && e->said_again < SAID_AGAIN_MAX &&
	    strcmp(e->said_reason, e->reason) != 0) {
		log_warnx("etcd: %s", text);
		e->said_again++;
		strlcpy(e->said_reason, e->reason, sizeof(e->said_reason));
	}
	e->said = say;
	e->said_speaks = speaks;
	/* Whoever speaks must end by itself, too: this process may stand
	 * still. */
	store_say(e->reachable, speaks, speaks && !e->observe && !e->publish ?
	    e->lease_end : 0, text);
	/* Whoever has been told to be silent loads before speaking again. */
	if (e->load_again && !e->silenced && e->reachable) {
		e->silenced = true;
		etcd_update(e);
	}
	etcd_shared_step(e);
}
