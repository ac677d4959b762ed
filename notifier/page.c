/*
 * When the page is read, what is known of it, and for how long that is believed.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "page_local.h"
#include "tap.h"

#define READ_ACTIVE	60000	/* ms: something of ours is there */
#define READ_IDLE	600000
#define READ_PAGES	600000	/* the pages themselves */
#define FRESH		10000	/* nothing is opened on older knowledge */

static uint64_t		 next_read;	/* ticks */
static uint64_t		 pages_read;	/* ticks, 0: never */
static uint64_t		 last_read, last_took;
static uint64_t		 read_at;	/* ms since 1970; 0: never */
static unsigned		 failures;
static bool		 due;		/* before anything is posted */
static char		 missing[512];	/* ids that are on no page */
static char		 state[640] = "not read yet";

void
page_not_read(const struct api_reply *reply)
{
	uint64_t delay = api_delay(reply, failures++);

	next_read = clock_ticks() + delay;
	snprintf(state, sizeof(state), "cannot be read: %s", reply->error);
	if (failures == 1)
		log_warnx("the page cannot be read: %s; again in %llu s",
		    reply->error, (unsigned long long)(delay + 999) / 1000);
}

struct missing { char *text; size_t size; unsigned n, of; };

static void
add_missing(const struct component_view *c, void *arg)
{
	struct missing *m = arg;

	if (!c->configured)
		return;
	m->of++;
	if (c->on_page)
		return;
	if (m->n++ > 0)
		strlcat(m->text, ", ", m->size);
	strlcat(m->text, log_safe(c->id), m->size);
}

/* Says which configured ids are on no page, once for each change. */
static void
check_missing(size_t npages)
{
	char now[sizeof(missing)] = "";
	struct missing m = { now, sizeof(now), 0, 0 };

	incidents_each_component(core, add_missing, &m);
	snprintf(state, sizeof(state), "%zu page%s, %u of %u components%s%s",
	    npages, npages == 1 ? "" : "s", m.of - m.n, m.of,
	    m.n > 0 ? "; on no page: " : "", now);
	if (strcmp(now, missing) == 0)
		return;
	if (m.n > 0)
		log_warnx("on no page that the key reaches: %s; see `kanatad "
		    "list`, the other components go on", now);
	else
		log_info("all components are on a page now");
	strlcpy(missing, now, sizeof(missing));
}

void
page_was_read(uint64_t took, bool whole, size_t npages)
{
	uint64_t now = clock_ticks(), wait;

	failures = 0;
	due = false;
	last_read = now;
	read_at = clock_now();
	last_took = took;
	if (whole)
		pages_read = now;
	incidents_page_end(core);
	tap_page();
	check_missing(npages);
	/* Reading takes no more than a third of the time. */
	wait = incidents_active(core) ? READ_ACTIVE : READ_IDLE;
	if (wait < last_took * 2)
		wait = last_took * 2;
	next_read = now + wait;
	notifier_kick();
}

void
page_soon(void)
{
	due = true;
	if (failures == 0)
		next_read = clock_ticks();
	notifier_kick();
}

void
page_forget(void)
{
	reading_stop();
	pages_read = 0;
	failures = 0;
	page_soon();
}

bool
page_busy(bool idle)
{
	uint64_t now = clock_ticks();

	if (reading_runs())
		return (true);
	if (now < next_read)
		return (due || last_read == 0);
	if (!idle)
		return (true);
	reading_begin(pages_read == 0 || now - pages_read > READ_PAGES ||
	    missing[0] != '\0');
	return (true);
}

bool
page_fresh(void)
{
	uint64_t limit = last_took * 2 > FRESH ? last_took * 2 : FRESH;

	return (last_read != 0 && !due && clock_ticks() - last_read <= limit);
}

bool
page_read_once(void)
{
	return (last_read != 0);
}

uint64_t
page_when(void)
{
	uint64_t active;

	/* What came up since the last reading is watched more closely. */
	if (last_read != 0 && failures == 0 && incidents_active(core)) {
		active = last_read + (last_took * 2 > READ_ACTIVE ?
		    last_took * 2 : READ_ACTIVE);
		if (active < next_read)
			next_read = active;
	}
	return (next_read);
}

uint64_t
page_read_at(void)
{
	return (read_at);
}

const char *
page_state(void)
{
	return (state);
}
