#include <string.h>

#include "debounce.h"

static uint64_t
max_time(uint64_t a, uint64_t b)
{
	return (a > b ? a : b);
}

static uint64_t
min_time(uint64_t a, uint64_t b)
{
	return (a < b ? a : b);
}

void
debounce_init(struct debounce *d, enum page_status wanted)
{
	int i;

	memset(d, 0, sizeof(*d));
	d->wanted = wanted;
	for (i = 0; i < PAGE_STATUS_MAX; i++)
		d->at_least[i] = d->at_most[i] = TIME_NEVER;
}

/*
 * One of the two clocks of one level.  holds: the level that is reported is on
 * this side; held: so was the last one, and nothing is known to have been
 * between.  seen: when the opposite was last reported.
 */
static void
clock_set(uint64_t *clock, uint64_t *seen, bool holds, bool held,
    uint64_t since, uint64_t now)
{
	if (!holds) {
		*clock = TIME_NEVER;
		*seen = now;
		return;
	}
	since = min_time(max_time(since, *seen), now);
	*clock = held ? min_time(*clock, since) : since;
}

void
debounce_report(struct debounce *d, enum page_status level, uint64_t since,
    uint64_t now)
{
	bool joined;
	int i;

	if (since == 0 || since > now)
		since = now;
	/* After a silence the cluster's timestamp may prove that the level was
	 * there before it began. */
	joined = d->known && (!d->frozen || since <= d->frozen_at);
	for (i = 0; i < PAGE_STATUS_MAX; i++) {
		clock_set(&d->at_least[i], &d->better_seen[i],
		    (int)level >= i, joined && (int)d->level >= i, since, now);
		clock_set(&d->at_most[i], &d->worse_seen[i],
		    (int)level <= i, joined && (int)d->level <= i, since, now);
	}
	d->level = level;
	d->known = true;
	d->frozen = false;
}

void
debounce_freeze(struct debounce *d, uint64_t now)
{
	if (d->frozen)
		return;
	d->frozen = true;
	d->frozen_at = now;
}

/* A clock in the future, after the wall clock was set back, starts anew. */
static bool
clock_elapsed(uint64_t *clock, uint64_t wait, uint64_t now)
{
	if (*clock == TIME_NEVER)
		return (false);
	if (*clock > now)
		*clock = now;
	return (now - *clock >= wait);
}

bool
debounce_tick(struct debounce *d, const struct debounce_rules *rules,
    uint64_t now)
{
	int i;

	if (!d->known || d->frozen)
		return (false);
	for (i = PAGE_MAJOR; i > (int)d->wanted; i--)
		if (clock_elapsed(&d->at_least[i], rules->down_after, now)) {
			d->wanted = (enum page_status)i;
			return (true);
		}
	for (i = PAGE_OPERATIONAL; i < (int)d->wanted; i++)
		if (clock_elapsed(&d->at_most[i], rules->up_after, now)) {
			d->wanted = (enum page_status)i;
			return (true);
		}
	return (false);
}

static uint64_t
clock_due(uint64_t clock, uint64_t wait)
{
	return (clock >= TIME_NEVER - wait ? TIME_NEVER : clock + wait);
}

uint64_t
debounce_wake(const struct debounce *d, const struct debounce_rules *rules)
{
	uint64_t wake = TIME_NEVER;
	int i;

	if (!d->known || d->frozen)
		return (TIME_NEVER);
	for (i = PAGE_MAJOR; i > (int)d->wanted; i--)
		wake = min_time(wake,
		    clock_due(d->at_least[i], rules->down_after));
	for (i = PAGE_OPERATIONAL; i < (int)d->wanted; i++)
		wake = min_time(wake,
		    clock_due(d->at_most[i], rules->up_after));
	return (wake);
}
