/*
 * What a component should be shown as: a worse level must have lasted
 * down_after, a better one up_after (DESIGN.md section 3, Incidents).  Pure.
 *
 * For each level it keeps since when the component has been at least that bad,
 * and since when at most that bad, without a break.  Both come from the
 * cluster's own timestamps, so that a restart of Kanata neither restarts nor
 * skips a wait, but never from before we ourselves last saw the opposite.
 */
#ifndef KANATA_NOTIFIER_DEBOUNCE_H
#define KANATA_NOTIFIER_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/health.h"

#define TIME_NEVER	UINT64_MAX

struct debounce {
	bool		 known;		/* a level was reported since start */
	bool		 frozen;	/* unknown or paused: no time counts */
	uint64_t	 frozen_at;
	enum page_status level;		/* the last one that was known */
	enum page_status wanted;	/* what should be shown */
	/* ms since 1970, TIME_NEVER: it is not so now */
	uint64_t	 at_least[PAGE_STATUS_MAX];
	uint64_t	 at_most[PAGE_STATUS_MAX];
	/* when a report last said that it was better, worse than this level */
	uint64_t	 better_seen[PAGE_STATUS_MAX];
	uint64_t	 worse_seen[PAGE_STATUS_MAX];
};

/* wanted: what the page is known to show because of us. */
void	 debounce_init(struct debounce *, enum page_status wanted);
/* The component has been at this level since then (0: unknown). */
void	 debounce_report(struct debounce *, enum page_status, uint64_t since,
	    uint64_t now);
/* Nothing is known, or nothing shall be said, from now until the next
 * report. */
void	 debounce_freeze(struct debounce *, uint64_t now);

struct debounce_rules {
	uint64_t	 down_after, up_after;	/* ms */
};
/* Lets time pass; true if wanted changed. */
bool	 debounce_tick(struct debounce *, const struct debounce_rules *,
	    uint64_t now);
/* When wanted changes if nothing is reported before; TIME_NEVER if not. */
uint64_t debounce_wake(const struct debounce *, const struct debounce_rules *);

#endif
