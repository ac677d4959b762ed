/*
 * What the incident core takes for each thing that it is told, with as many
 * components as there may be.  Figures, never passed or failed by time.
 *
 *	core [components]
 */
#include <sys/queue.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../notifier/incident.h"

#define S	1000ULL

static struct incidents *core;
static struct conf	*conf;
static unsigned		 n, posts, writes, created;
static uint64_t		 now = 1767225600000ULL;
static char		 (*ids)[24];

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* -- one figure: how long each step took -------------------------------------- */

static double	 took[200000], begun;
static unsigned	 ntook;

static void
begin(void)
{
	begun = seconds();
}

static void
end(void)
{
	if (ntook < sizeof(took) / sizeof(took[0]))
		took[ntook++] = seconds() - begun;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static void
report(const char *what)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < ntook; i++)
		sum += took[i];
	qsort(took, ntook, sizeof(took[0]), compare);
	printf("%-34s %6u times: %9.1f us on average, %9.1f p99, %9.1f at most; "
	    "%u posts, %u writes\n", what, ntook, sum / ntook * 1e6,
	    took[(ntook - 1) * 99 / 100] * 1e6, took[ntook - 1] * 1e6, posts,
	    writes);
	fflush(stdout);
	ntook = posts = writes = 0;
}

/* -- the world ------------------------------------------------------------------ */

static void
work(bool post)
{
	struct operation op;
	char id[16];

	for (;;) {
		incidents_next(core, now, post, &op);
		if (op.type == OP_NONE)
			return;
		if (op.type == OP_STORE_PUT || op.type == OP_STORE_DELETE)
			writes++;
		else
			posts++;
		snprintf(id, sizeof(id), "i%u", created++);
		incidents_done(core, op.id, OP_DONE,
		    op.type == OP_CREATE ? id : NULL, 0, now);
	}
}

static void
tell(unsigned i, enum health health)
{
	struct health_report r = { .component = ids[i], .health = health,
	    .since = now, .detail = "" };

	begin();
	incidents_health(core, &r, now);
	work(true);
	end();
}

/* Time goes on, as the driver lets it. */
static void
pass(uint64_t ms)
{
	uint64_t until = now + ms, wake;

	while ((wake = incidents_wake(core)) <= until) {
		if (wake > now)
			now = wake;
		begin();
		work(true);
		end();
	}
	now = until;
}

static char *
text(const char *s)
{
	char *p = strdup(s);

	assert(p != NULL);
	return (p);
}

static void
configure(void)
{
	struct incidents_options options = { .publish = PUBLISH_INCIDENTS |
	    PUBLISH_STATUSES, .storm = 5, .group_wait = 10 * S };
	struct conf_component *c;
	unsigned i;

	assert((ids = calloc(n, sizeof(*ids))) != NULL);
	conf = conf_new();
	for (i = 0; i < n; i++) {
		snprintf(ids[i], sizeof(ids[i]), "component-%05u", i);
		assert((c = calloc(1, sizeof(*c))) != NULL);
		c->id = text(ids[i]);
		c->name = text("");
		c->cluster = text("");
		c->group = text("");
		c->down_after = 30 * S;
		c->up_after = 60 * S;
		c->reopen_within = 900 * S;
		TAILQ_INSERT_TAIL(&conf->components, c, entry);
		conf->ncomponent++;
	}
	core = incidents_new();
	begin();
	incidents_configure(core, conf, &options, now);
	incidents_page_begin(core);
	for (i = 0; i < n; i++)
		incidents_page_component(core, "page", ids[i], ids[i],
		    PAGE_OPERATIONAL);
	incidents_page_end(core);
	work(true);
	end();
	report("configured, and the page read");
}

int
main(int argc, char **argv)
{
	unsigned i, some;

	n = argc > 1 ? (unsigned)atoi(argv[1]) : CONF_COMPONENTS_MAX;
	some = n / 10;
	printf("%u components\n", n);
	configure();
	for (i = 0; i < n; i++)
		tell(i, HEALTH_OK);
	report("healthy, one after the other");
	for (i = 0; i < some; i++) {
		tell(i * 7 % n, HEALTH_MAJOR);
		now += 10;
		tell(i * 7 % n, HEALTH_OK);
		now += 10;
	}
	report("down and up again at once");
	for (i = 0; i < some; i++)
		tell(i, HEALTH_MAJOR);
	report("a tenth goes down");
	pass(60 * S);
	report("and is posted");
	for (i = 0; i < some; i++)
		tell(i, HEALTH_OK);
	report("it comes back");
	pass(120 * S);
	report("and is posted");
	pass(1000 * S);
	report("and forgotten");
	for (i = 0; i < some; i++) {
		tell(i, HEALTH_MAJOR);
		pass(60 * S);
	}
	report("a tenth goes down, each by itself");
	for (i = 0; i < some; i++)
		tell(i, HEALTH_OK);
	pass(2000 * S);
	report("and comes back");
	for (i = 0; i < n; i++)
		tell(i, HEALTH_MAJOR);
	report("all go down");
	pass(60 * S);
	report("and are posted");
	for (i = 0; i < n; i++)
		tell(i, HEALTH_OK);
	report("they come back");
	pass(120 * S);
	report("and are posted");
	incidents_free(core);
	conf_free(conf);
	free(ids);
	return (0);
}
