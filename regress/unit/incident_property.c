/*
 * The incident core under long random histories: outages, updates, silences,
 * humans, lost requests and replies, deaths and restarts.  KANATA_SEED sets the
 * first seed ("time": another one each second), KANATA_SECONDS how long it runs;
 * the seed of a failure is printed.  Without, the same histories come each time:
 * what a change breaks shows with that change.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <cmocka.h>

#include "model.h"

#define DOWN_AFTER	30000
#define UP_AFTER	60000
#define GROUP_WAIT	10000
#define ESCALATE_AFTER	75000

static uint64_t	 seed;
static struct model *model;

/* An assertion of the model failed. */
static void
on_abort(int sig)
{
	(void)sig;
	printf("aborted at seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
}

static void
wrong(const char *what, unsigned n)
{
	printf("seed %llu: component c%u: %s\n", (unsigned long long)seed, n,
	    what);
	model_print(model);
	fail();
}

static void
configure_random(struct model *m, bool anything)
{
	struct conf_component *c;
	unsigned n;

	m->options.storm = model_random(3) == 0 ? 2 : 5;
	if (anything)
		m->options.publish = 1 + model_random(PUBLISH_ALL);
	for (n = 0; n < m->n; n++) {
		c = model_conf(m, n);
		if (model_random(3) == 0) {
			free(c->group);
			c->group = strdup("edge");
		}
		c->rollout = model_random(4) == 0 ? ROLLOUT_QUIET :
		    ROLLOUT_MAINTENANCE;
		if (model_random(3) == 0)
			c->escalate_after = ESCALATE_AFTER;
	}
	model_configure(m);
}

/* -- anything may happen -------------------------------------------------- */

static enum health
random_health(void)
{
	static const enum health some[] = { HEALTH_OK, HEALTH_OK, HEALTH_OK,
	    HEALTH_IDLE, HEALTH_ROLLING, HEALTH_DEGRADED, HEALTH_PARTIAL,
	    HEALTH_MAJOR, HEALTH_MAJOR };

	return (some[model_random(sizeof(some) / sizeof(some[0]))]);
}

/* The store says that the maintenance there is ours; a human who sets it once
 * more before that is corrected is not to be told from us. */
static bool
claimed(const struct model *m, unsigned n)
{
	char key[64];
	const char *record;

	snprintf(key, sizeof(key), "component/c%u", n);
	record = model_record(m, key);
	return (record != NULL && strstr(record, "MAINTENANCE") != NULL);
}

static void
random_human(struct model *m)
{
	struct model_component *c;
	unsigned n;

	/* Humans and posts do not cross here: the driver reads before it
	 * writes, but a page without transactions leaves a gap. */
	model_land(m, true);
	if (model_random(2) == 0) {
		n = model_random(m->n);
		c = &m->component[n];
		if (c->human)
			model_human_set(m, n, PAGE_OPERATIONAL);
		else if (c->page == PAGE_OPERATIONAL && !claimed(m, n))
			model_human_set(m, n, PAGE_MAINTENANCE);
	} else if (m->nincident > 0) {
		n = model_random(m->nincident);
		if (m->incident[n].phase != PHASE_RESOLVED)
			model_human_resolve(m, n);
	}
}

static void
random_event(struct model *m, bool humans)
{
	unsigned n = model_random(m->n);

	switch (model_random(26)) {
	case 0:
		if (humans)
			random_human(m);
		break;
	case 1:
		model_silence(m, n, !m->component[n].silent);
		break;
	case 2:
		m->component[n].paused = !m->component[n].paused;
		model_report(m, n);
		break;
	case 3:
		for (n = 0; n < m->n; n++)
			model_health(m, n, HEALTH_MAJOR);
		break;
	case 4:
		model_restart(m);
		break;
	case 5:
		m->down = !m->down;
		break;
	case 6:
		m->store_down = !m->store_down;
		break;
	case 7:
	case 8:
		model_order(m, n, model_random(3) == 0 ? ORDER_MAINTENANCE :
		    ORDER_SILENCE, model_random(3) * 40000);
		break;
	default:
		model_health(m, n, random_health());
		break;
	}
}

static void
check_open(struct model *m)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		if (model_open(m, (int)n) > 1)
			wrong("in two open incidents", n);
}

/* Nothing goes wrong any more, and the world stands still. */
static void
calm(struct model *m)
{
	unsigned n;

	m->down = m->store_down = false;
	m->lose_before = m->lose_after = m->refuse_connection = 0;
	for (n = 0; n < m->n; n++) {
		m->component[n].silent = m->component[n].paused = false;
		model_order(m, n, ORDER_SILENCE, 0);
		model_order(m, n, ORDER_MAINTENANCE, 0);
		if (m->component[n].human)
			model_human_set(m, n, PAGE_OPERATIONAL);
		if (m->component[n].health == HEALTH_ROLLING)
			model_health(m, n, HEALTH_OK);
		model_report(m, n);
	}
	model_pass(m, DOWN_AFTER + UP_AFTER + GROUP_WAIT + 5000);
	model_read(m);
	model_pass(m, 5000);
}

/* After a calm, which is longer than ESCALATE_AFTER. */
static enum page_status
truth(struct model *m, unsigned n)
{
	bool escalates = model_conf(m, n)->escalate_after != 0;

	switch (m->component[n].health) {
	case HEALTH_DEGRADED:
		return (escalates ? PAGE_MAJOR : PAGE_DEGRADED);
	case HEALTH_PARTIAL:
		return (escalates ? PAGE_MAJOR : PAGE_PARTIAL);
	case HEALTH_MAJOR:
		return (PAGE_MAJOR);
	default:
		return (PAGE_OPERATIONAL);
	}
}

/* What a human resolved stays so until the component is well. */
static bool
silenced(const struct model *m, unsigned n)
{
	char key[64];
	const char *record;

	snprintf(key, sizeof(key), "component/c%u", n);
	record = model_record(m, key);
	return (record != NULL && strstr(record, "\"muted\":true") != NULL);
}

static void
check_truth(struct model *m)
{
	unsigned what = m->options.publish, n, open;
	enum page_status shown;
	bool some = false;

	for (n = 0; n < m->n; n++) {
		some = some || truth(m, n) != PAGE_OPERATIONAL;
		if (silenced(m, n)) {
			if (truth(m, n) == PAGE_OPERATIONAL)
				wrong("well and still silenced", n);
			continue;
		}
		shown = what & PUBLISH_STATUSES ? truth(m, n) :
		    PAGE_OPERATIONAL;
		if (m->component[n].page != shown)
			wrong("the page does not show the truth", n);
		open = model_open(m, (int)n);
		if (truth(m, n) != PAGE_OPERATIONAL &&
		    open != (what & PUBLISH_INCIDENTS ? 1 : 0))
			wrong("down without an incident", n);
	}
	if (m->webhook_down != (some && what & PUBLISH_WEBHOOK))
		wrong("the webhook was told otherwise", 0);
	for (n = 0; n < m->nincident; n++)
		if (m->incident[n].ours &&
		    m->incident[n].phase != PHASE_RESOLVED) {
			unsigned k, down = 0;

			for (k = 0; k < m->n; k++)
				down += m->incident[n].said[k] !=
				    PAGE_STATUS_MAX &&
				    m->incident[n].said[k] != PAGE_OPERATIONAL;
			if (down == 0)
				wrong("an incident of nothing is open", n);
		}
}

static void
all_well(struct model *m)
{
	unsigned n;

	for (n = 0; n < m->n; n++)
		model_health(m, n, HEALTH_OK);
	model_pass(m, UP_AFTER + GROUP_WAIT + 5000);
	if (model_open(m, -1) != 0)
		wrong("all is well and an incident is open", 0);
	for (n = 0; n < m->n; n++)
		if (m->component[n].page != PAGE_OPERATIONAL ||
		    silenced(m, n))
			wrong("all is well and the page does not say so", n);
	/* And once they cannot be opened again, nothing is remembered. */
	model_pass(m, 16 * 60 * 1000);
	for (n = 0; n < MODEL_RECORDS; n++)
		if (m->record[n].value != NULL) {
			printf("left over: %s %s\n", m->record[n].key,
			    m->record[n].value);
			wrong("a record is left over", 0);
		}
}

static void
history(uint64_t number, bool humans)
{
	struct model *m;
	unsigned step, episode;

	seed = number;
	model_seed(seed);
	m = model = model_new(1 + model_random(MODEL_COMPONENTS), DOWN_AFTER,
	    UP_AFTER, 15 * 60 * 1000);
	m->trace = getenv("KANATA_TRACE") != NULL;
	configure_random(m, model_random(3) == 0);
	for (episode = 0; episode < 3; episode++) {
		m->lose_before = model_random(3) * 10;
		m->lose_after = model_random(3) * 10;
		m->refuse_connection = model_random(3) * 10;
		for (step = 0; step < 60; step++) {
			random_event(m, humans);
			model_launch(m);
			model_land(m, model_random(3) == 0);
			check_open(m);
			m->now += model_random(4) == 0 ? model_random(40000) :
			    model_random(3000);
			if (model_random(10) == 0)
				model_read(m);
		}
		model_land(m, true);
		calm(m);
		check_open(m);
		check_truth(m);
	}
	all_well(m);
	model_free(m);
}

/* -- without faults, to the second ---------------------------------------- */

static uint64_t down_since[MODEL_COMPONENTS];
/* Since what is on the page began, and that it was major meanwhile. */
static uint64_t outage_since[MODEL_COMPONENTS];
static bool was_major[MODEL_COMPONENTS];

/* A shorter outage than down_after never is on the page, and none is called
 * major that neither was nor lasts. */
static void
check_short(struct model *m, const struct operation *op)
{
	size_t k;
	unsigned n;

	if (op->type != OP_CREATE && op->type != OP_UPDATE)
		return;
	for (k = 0; k < op->ncomponent; k++) {
		n = (unsigned)(op->component[k].id[1] - '0');
		if (op->component[k].status == PAGE_MAJOR && !was_major[n] &&
		    (model_conf(m, n)->escalate_after == 0 ||
		    m->now - outage_since[n] < ESCALATE_AFTER))
			wrong("called major too early", n);
		if (op->component[k].status < PAGE_DEGRADED ||
		    op->component[k].status == PAGE_STATUS_MAX ||
		    m->component[n].page >= PAGE_DEGRADED)
			continue;
		if (down_since[n] == 0 ||
		    m->now - down_since[n] < DOWN_AFTER)
			wrong("said too early", n);
	}
}

static void
check_timely(struct model *m, const uint64_t *well_since)
{
	unsigned n;

	for (n = 0; n < m->n; n++) {
		if (down_since[n] != 0 &&
		    m->now - down_since[n] >= DOWN_AFTER + GROUP_WAIT &&
		    (m->component[n].page < PAGE_DEGRADED ||
		    model_open(m, (int)n) != 1))
			wrong("an outage is not on the page", n);
		if (down_since[n] != 0 &&
		    model_conf(m, n)->escalate_after != 0 &&
		    m->now - down_since[n] >= ESCALATE_AFTER + GROUP_WAIT &&
		    m->component[n].page != PAGE_MAJOR)
			wrong("an outage that lasts is not major", n);
		if (well_since[n] != 0 &&
		    m->now - well_since[n] >= UP_AFTER &&
		    m->component[n].page != PAGE_OPERATIONAL)
			wrong("not resolved", n);
	}
}

static void
punctual(uint64_t number)
{
	uint64_t well_since[MODEL_COMPONENTS];
	struct model *m;
	unsigned step, n;
	enum health health;

	seed = number;
	model_seed(seed);
	m = model = model_new(1 + model_random(MODEL_COMPONENTS), DOWN_AFTER,
	    UP_AFTER, 15 * 60 * 1000);
	m->trace = getenv("KANATA_TRACE") != NULL;
	m->check = check_short;
	configure_random(m, false);
	for (n = 0; n < MODEL_COMPONENTS; n++) {
		down_since[n] = outage_since[n] = 0;
		was_major[n] = false;
		well_since[n] = m->now - 3600000;
	}
	for (step = 0; step < 150; step++) {
		n = model_random(m->n);
		health = random_health();
		model_health(m, n, health);
		if (health < HEALTH_DEGRADED)
			down_since[n] = 0;
		else if (down_since[n] == 0)
			down_since[n] = m->now;
		if (health >= HEALTH_DEGRADED && outage_since[n] == 0)
			outage_since[n] = m->now;
		was_major[n] = was_major[n] || health == HEALTH_MAJOR;
		if (health != HEALTH_OK && health != HEALTH_IDLE)
			well_since[n] = 0;
		else if (well_since[n] == 0)
			well_since[n] = m->now;
		model_pass(m, model_random(3) == 0 ? model_random(90000) :
		    model_random(5000));
		if (model_random(6) == 0) {
			model_restart(m);
			model_settle(m);
			/* Cluster timestamps say less than we knew: since when
			 * it is exactly this. */
			for (n = 0; n < m->n; n++) {
				if (down_since[n] != 0)
					down_since[n] = m->component[n].since;
				if (well_since[n] != 0)
					well_since[n] = m->component[n].since;
			}
		}
		check_timely(m, well_since);
		check_open(m);
		for (n = 0; n < m->n; n++)
			if (down_since[n] == 0 &&
			    m->component[n].page < PAGE_DEGRADED) {
				outage_since[n] = 0;
				was_major[n] = false;
			}
	}
	model_free(m);
}

/* -- cutting it anywhere gives the same posts ----------------------------- */

struct said { char text[400]; };

static struct said *said;
static unsigned	 nsaid;

static void
record_said(struct model *m, const struct operation *op)
{
	char *p = said[nsaid].text;
	size_t k, left = sizeof(said[0].text);
	int len;

	(void)m;
	if (op->type != OP_CREATE && op->type != OP_UPDATE &&
	    op->type != OP_STATUS)
		return;
	len = snprintf(p, left, "%llu %u", (unsigned long long)m->now,
	    op->type == OP_STATUS ? 99 : (unsigned)op->phase);
	for (k = 0; k < op->ncomponent; k++)
		len += snprintf(p + len, left - (size_t)len, " %s %u",
		    op->component[k].id, op->component[k].status);
	nsaid++;
}

static void
play(uint64_t number, bool cut)
{
	struct model *m;
	unsigned step, n;
	uint64_t pause;
	bool here;

	nsaid = 0;
	model_seed(number);
	m = model = model_new(4, DOWN_AFTER, UP_AFTER, 15 * 60 * 1000);
	m->check = record_said;
	for (n = 0; n < m->n; n += 2)
		model_conf(m, n)->escalate_after = ESCALATE_AFTER;
	model_configure(m);
	for (step = 0; step < 60; step++) {
		n = model_random(m->n);
		model_health(m, n, m->component[n].health != HEALTH_OK ?
		    HEALTH_OK : n == 0 ? HEALTH_PARTIAL : HEALTH_MAJOR);
		pause = model_random(60000);
		here = model_random(4) == 0;
		model_pass(m, pause / 2);
		if (here && cut) {
			/* The restart takes random numbers of its own. */
			incidents_free(m->core);
			m->core = incidents_new();
			model_configure(m);
			for (n = 0; n < MODEL_RECORDS; n++)
				if (m->record[n].value != NULL)
					assert_int_equal(incidents_restore(
					    m->core, m->record[n].key,
					    m->record[n].value,
					    strlen(m->record[n].value)), 0);
			model_read(m);
			model_report_all(m);
		}
		model_pass(m, pause - pause / 2);
	}
	model_free(m);
}

static void
cutting(uint64_t number)
{
	static struct said whole[512], parts[512];
	unsigned n, first;

	seed = number;
	said = whole;
	play(number, false);
	first = nsaid;
	said = parts;
	play(number, true);
	for (n = 0; n < first && n < nsaid; n++)
		if (strcmp(whole[n].text, parts[n].text) != 0) {
			printf("seed %llu: whole \"%s\", cut \"%s\"\n",
			    (unsigned long long)number, whole[n].text,
			    parts[n].text);
			fail();
		}
	assert_int_equal(first, nsaid);
}

/* ------------------------------------------------------------------------- */

static uint64_t	 first_seed;
static double	 seconds;

static double
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
run(void (*one)(uint64_t), const char *what, double share)
{
	double end = clock_now() + seconds * share;
	uint64_t n = first_seed;

	do
		one(n++);
	while (clock_now() < end);
	printf("%s: %llu histories, seeds from %llu\n", what,
	    (unsigned long long)(n - first_seed),
	    (unsigned long long)first_seed);
}

static void
history_plain(uint64_t number)
{
	history(number, false);
}

static void
history_humans(uint64_t number)
{
	history(number, true);
}

static void
test_faults(void **state)
{
	(void)state;
	run(history_plain, "faults", 0.3);
}

static void
test_humans(void **state)
{
	(void)state;
	run(history_humans, "faults and humans", 0.3);
}

static void
test_punctual(void **state)
{
	(void)state;
	run(punctual, "to the second", 0.2);
}

static void
test_cutting(void **state)
{
	(void)state;
	run(cutting, "cut anywhere", 0.2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_humans),
		cmocka_unit_test(test_punctual),
		cmocka_unit_test(test_cutting),
	};
	const char *s = getenv("KANATA_SEED");

	signal(SIGABRT, on_abort);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (s != NULL && strcmp(s, "time") == 0)
		first_seed = (uint64_t)time(NULL) * 1000;
	else
		first_seed = s != NULL ? strtoull(s, NULL, 10) : 1;
	s = getenv("KANATA_SECONDS");
	seconds = s != NULL ? atof(s) : 8;
	printf("KANATA_SEED=%llu\n", (unsigned long long)first_seed);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
