/*
 * The incident core under long random histories: outages, updates, silences,
 * humans, orders, lost requests and replies, deaths and restarts.  A history that
 * fails is made short and printed as kanatad replay reads it; see shrink.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "model.h"

/* -- anything may happen -------------------------------------------------- */

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
	} else if (model_random(4) == 0) {
		model_human_create(m);
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

	switch (model_random(27)) {
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
		model_note(m, "the page can%s be reached", m->down ? "not" : "");
		break;
	case 6:
		m->store_down = !m->store_down;
		model_note(m, "the store can%s be written", m->store_down ?
		    "not" : "");
		break;
	case 7:
		/* Where humans look too, it would undo what they did. */
		m->gives_up = !humans && m->late_at == 0;
		m->late_within = 12000;
		break;
	case 8:
	case 9:
		model_order(m, n, model_random(3) == 0 ? ORDER_MAINTENANCE :
		    ORDER_SILENCE, model_random(3) * 40000);
		break;
	default:
		model_health(m, n, model_random_health());
		break;
	}
}

/* Nothing goes wrong any more, and the world stands still. */
static void
calm(struct model *m)
{
	unsigned n;

	m->down = m->store_down = m->gives_up = false;
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

#define EPISODES	3
#define EPISODE_STEPS	60

static void
history(uint64_t seed, bool humans)
{
	struct model *m = model_begin(seed, 0);
	unsigned step, end, episode;

	model_random_rules(m, model_random(3) == 0);
	model_tell(m);
	for (episode = 0; episode < EPISODES; episode++) {
		model_seed(seed + (episode + 1) * 1000);
		m->lose_before = model_random(3) * 10;
		m->lose_after = model_random(3) * 10;
		m->refuse_connection = model_random(3) * 10;
		step = episode * EPISODE_STEPS;
		for (end = step + EPISODE_STEPS; step < end; step++) {
			if (!step_begins(step))
				continue;
			random_event(m, humans);
			model_launch(m);
			model_land(m, model_random(3) == 0);
			model_check_open(m);
			m->now += model_random(4) == 0 ? model_random(40000) :
			    model_random(3000);
			if (model_random(10) == 0)
				model_read(m);
		}
		model_land(m, true);
		calm(m);
		model_check_open(m);
		check_truth(m);
	}
	all_well(m);
	model_free(m);
}

static void
history_plain(uint64_t seed)
{
	history(seed, false);
}

static void
history_humans(uint64_t seed)
{
	history(seed, true);
}

static void
test_faults(void **state)
{
	static const struct history_kind kind = { "faults", history_plain,
	    EPISODES * EPISODE_STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.3));
}

static void
test_humans(void **state)
{
	static const struct history_kind kind = { "faults and humans",
	    history_humans, EPISODES * EPISODE_STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_humans),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
