#include "gate.h"

#define TOKEN	1000	/* of one request */

static uint64_t
burst(const struct gate *g)
{
	return ((uint64_t)TOKEN *
	    (g->per_minute < GATE_BURST ? g->per_minute : GATE_BURST));
}

void
gate_init(struct gate *g, unsigned per_minute, uint64_t now)
{
	g->per_minute = per_minute == 0 ? 1 : per_minute;
	g->tokens = burst(g);
	g->filled = now;
	g->closed_until = 0;
}

/* Only time that made whole thousandths is used up, so that looking often loses
 * nothing. */
static void
fill(struct gate *g, uint64_t now)
{
	uint64_t per_minute = (uint64_t)g->per_minute * TOKEN, more;

	if (now < g->filled)
		return;
	if (now - g->filled > 60000)
		g->filled = now - 60000;
	more = (now - g->filled) * per_minute / 60000;
	g->tokens += more;
	g->filled += more * 60000 / per_minute;
	if (g->tokens >= burst(g)) {
		g->tokens = burst(g);
		g->filled = now;
	}
}

void
gate_rate(struct gate *g, unsigned per_minute, uint64_t now)
{
	fill(g, now);
	g->per_minute = per_minute == 0 ? 1 : per_minute;
	if (g->tokens > burst(g))
		g->tokens = burst(g);
}

uint64_t
gate_when(struct gate *g, uint64_t now)
{
	uint64_t when = now, missing, rate;

	fill(g, now);
	if (g->tokens < TOKEN) {
		missing = TOKEN - g->tokens;
		rate = (uint64_t)g->per_minute * TOKEN;
		when = now + (missing * 60000 + rate - 1) / rate;
	}
	return (when > g->closed_until ? when : g->closed_until);
}

void
gate_take(struct gate *g, uint64_t now)
{
	fill(g, now);
	g->tokens -= g->tokens < TOKEN ? g->tokens : TOKEN;
}

void
gate_close(struct gate *g, uint64_t until)
{
	if (until <= g->closed_until)
		return;
	g->closed_until = until;
	g->tokens = TOKEN;
	g->filled = until;
}

void
gate_open(struct gate *g, uint64_t now)
{
	g->closed_until = 0;
	if (g->filled > now)
		g->filled = now;
}

uint64_t
backoff_delay(unsigned failures, uint32_t random)
{
	uint64_t wait = BACKOFF_FIRST;

	while (failures-- > 0 && wait < BACKOFF_MAX)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	/* Between half of it and all of it. */
	return (wait / 2 + random % (wait / 2 + 1));
}
