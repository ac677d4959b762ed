/* What kanatactl and the dashboard are shown: the values in MSG_SHOW_*. */
#ifndef KANATA_SHOW_H
#define KANATA_SHOW_H

#include <stdint.h>

/* What kanatactl show asks for, as bits. */
enum show {
	SHOW_COMPONENTS	= 1,
	SHOW_INCIDENTS	= 2,
	SHOW_WORKERS	= 4,
	SHOW_WATCHES	= 8,
	SHOW_STATE	= 16,
	SHOW_PODS	= 32,	/* not with all: there may be many */
	SHOW_SILENCES	= 64,	/* and maintenances */
	SHOW_LEADER	= 128,
	SHOW_DAYS	= 256,	/* not with all */
	SHOW_HISTORY	= 512,	/* not with all */
	SHOW_ALL	= 31 | SHOW_SILENCES | SHOW_LEADER
};

/* Who speaks, in MSG_SHOW_LEADER. */
enum leader {
	LEADER_EMBEDDED,	/* no etcd: this one, alone */
	LEADER_THIS,
	LEADER_OTHER,
	LEADER_NONE,		/* not known, or nobody */
	LEADER_OBSERVE,		/* this one observes and wants none */
	LEADER_MAX
};

/* What happened, in MSG_SHOW_HISTORY, and what from and to mean there. */
enum history {
	HISTORY_HEALTH,		/* enum health; text: the cause */
	HISTORY_PAGE,		/* enum page_status: what the page shows */
	HISTORY_INCIDENT,	/* to: its phase; text: its name */
	HISTORY_SILENCE,	/* to: 1 it begins, 0 it ends; text: why */
	HISTORY_MAINTENANCE,	/* the same */
	HISTORY_MAX
};
const char	*history_name(uint64_t);	/* "health"; "?" if out of range */
/* HISTORY_MAX when there is no such word. */
enum history	 history_parse(const char *);
/* What from or to is called; absent: of a component that is not on the page. */
const char	*history_word(enum history, uint64_t value, const char *absent);

#endif
