/*
 * The incident core under random histories without faults, where it is known to
 * the second what must be said and when.  See shrink.h.
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

#define PUNCTUAL_STEPS	150

static void
punctual(uint64_t seed)
{
	uint64_t well_since[MODEL_COMPONENTS];
	struct model *m = model_begin(seed, 0);
	unsigned step, n;
	enum health health;

	m->check = check_short;
	model_random_rules(m, false);
	model_tell(m);
	for (n = 0; n < MODEL_COMPONENTS; n++) {
		down_since[n] = outage_since[n] = 0;
		was_major[n] = false;
		well_since[n] = m->now - 3600000;
	}
	for (step = 0; step < PUNCTUAL_STEPS; step++) {
		if (!step_begins(step))
			continue;
		n = model_random(m->n);
		health = model_random_health();
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
		model_check_open(m);
		for (n = 0; n < m->n; n++)
			if (down_since[n] == 0 &&
			    m->component[n].page < PAGE_DEGRADED) {
				outage_since[n] = 0;
				was_major[n] = false;
			}
	}
	model_free(m);
}

/* -- no more posts than there are changes to say -------------------------- */

/*
 * What is to be said of each component, by the definition: a level that has
 * lasted down_after if it is worse, up_after if it is better.  Looked at each
 * second, as are all events.
 */
struct reference {
	enum page_status level, said;
	uint64_t	 at_least[PAGE_STATUS_MAX], at_most[PAGE_STATUS_MAX];
};

static enum page_status
level_of(enum health health)
{
	switch (health) {
	case HEALTH_DEGRADED:
		return (PAGE_DEGRADED);
	case HEALTH_PARTIAL:
		return (PAGE_PARTIAL);
	case HEALTH_MAJOR:
		return (PAGE_MAJOR);
	default:
		return (PAGE_OPERATIONAL);
	}
}

/* True: there is something new to say. */
static bool
reference_tick(struct reference *r, enum page_status level, uint64_t now)
{
	int k;

	for (k = 0; k < PAGE_STATUS_MAX; k++) {
		if ((int)level < k)
			r->at_least[k] = UINT64_MAX;
		else if (r->at_least[k] == UINT64_MAX)
			r->at_least[k] = now;
		if ((int)level > k)
			r->at_most[k] = UINT64_MAX;
		else if (r->at_most[k] == UINT64_MAX)
			r->at_most[k] = now;
	}
	for (k = PAGE_MAJOR; k > (int)r->said; k--)
		if (r->at_least[k] <= now && now - r->at_least[k] >= DOWN_AFTER) {
			r->said = (enum page_status)k;
			return (true);
		}
	for (k = PAGE_OPERATIONAL; k < (int)r->said; k++)
		if (r->at_most[k] <= now && now - r->at_most[k] >= UP_AFTER) {
			r->said = (enum page_status)k;
			return (true);
		}
	return (false);
}

/* What was due waits for others, perhaps, and is over before it is said. */
static void
reference_unsaid(struct reference *r, enum page_status level,
    enum page_status shown)
{
	if (r->said > level && r->said > shown)
		r->said = level > shown ? level : shown;
}

static unsigned
reference_all(struct reference *reference, const struct model *m)
{
	unsigned n, changes = 0;
	enum page_status level;

	for (n = 0; n < m->n; n++) {
		level = level_of(m->component[n].health);
		changes += reference_tick(&reference[n], level, m->now);
		reference_unsaid(&reference[n], level, m->component[n].page);
	}
	return (changes);
}

#define BOUNDED_STEPS	120

static void
bounded(uint64_t seed)
{
	struct reference reference[MODEL_COMPONENTS];
	struct model *m = model_begin(seed, 0);
	unsigned step, n, changes = 0, seconds;
	enum health health;

	memset(reference, 0, sizeof(reference));
	for (n = 0; n < MODEL_COMPONENTS; n++)
		memset(reference[n].at_least, 0xff,
		    sizeof(reference[n].at_least));
	model_random_rules(m, false);
	for (n = 0; n < m->n; n++)
		model_conf(m, n)->escalate_after = 0;
	model_tell(m);
	for (step = 0; step < BOUNDED_STEPS; step++) {
		if (!step_begins(step))
			continue;
		/* An update is no news in an outage, which the definition
		 * does not know. */
		while ((health = model_random_health()) == HEALTH_ROLLING)
			;
		model_health(m, model_random(m->n), health);
		seconds = model_random(3) == 0 ? 1 + model_random(90) :
		    1 + model_random(5);
		changes += reference_all(reference, m);
		while (seconds-- > 0) {
			model_pass(m, 1000);
			changes += reference_all(reference, m);
			if (m->posts > changes)
				wrong("more posts than changes", 0);
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

/* Those that run, as the store has them. */
static void
give_orders(struct model *m)
{
	uint64_t until;
	unsigned n, k;

	for (n = 0; n < m->n; n++)
		for (k = 0; k < ORDER_MAX; k++) {
			until = m->component[n].order[k];
			if (until != 0)
				model_order(m, n, (enum order_kind)k,
				    until > m->now ? until - m->now : 0);
		}
}

#define CUTTING_STEPS	60

static void
play(uint64_t seed, bool cut)
{
	struct model *m = model_begin(seed, 4);
	unsigned step, n;
	uint64_t pause, before;

	nsaid = 0;
	m->check = record_said;
	model_random_rules(m, false);
	model_configure(m);
	if (cut)
		model_tell(m);
	for (step = 0; step < CUTTING_STEPS; step++) {
		if (!step_begins(step))
			continue;
		n = model_random(m->n);
		model_health(m, n, m->component[n].health != HEALTH_OK ?
		    HEALTH_OK : model_random(5) == 0 ? HEALTH_ROLLING :
		    n == 0 ? HEALTH_PARTIAL : HEALTH_MAJOR);
		if (model_random(6) == 0)
			model_order(m, model_random(m->n),
			    (enum order_kind)model_random(ORDER_MAX),
			    model_random(3) * 60000);
		pause = model_random(60000);
		before = model_random(1 + (unsigned)pause);
		model_pass(m, before);
		if (cut) {
			/* The restart takes random numbers of its own. */
			incidents_free(m->core);
			m->core = incidents_new();
			model_configure(m);
			give_orders(m);
			for (n = 0; n < MODEL_RECORDS; n++)
				if (m->record[n].value != NULL &&
				    incidents_restore(m->core,
				    m->record[n].key, m->record[n].value,
				    strlen(m->record[n].value)) == -1)
					wrong("a record is not restored", 0);
			model_read(m);
			model_report_all(m);
		}
		model_pass(m, pause - before);
	}
	model_free(m);
}

static void
cutting(uint64_t seed)
{
	static struct said whole[512], parts[512];
	unsigned n, first;

	said = whole;
	play(seed, false);
	first = nsaid;
	said = parts;
	play(seed, true);
	for (n = 0; n < first && n < nsaid; n++)
		if (strcmp(whole[n].text, parts[n].text) != 0) {
			printf("whole \"%s\", cut \"%s\"\n", whole[n].text,
			    parts[n].text);
			history_fails("another post", -1);
		}
	if (first != nsaid)
		history_fails("another number of posts", -1);
}

static void
test_punctual(void **state)
{
	static const struct history_kind kind = { "to the second", punctual,
	    PUNCTUAL_STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.25));
}

static void
test_bounded(void **state)
{
	static const struct history_kind kind = { "bounded", bounded,
	    BOUNDED_STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.25));
}

static void
test_cutting(void **state)
{
	static const struct history_kind kind = { "cut anywhere", cutting,
	    CUTTING_STEPS };

	(void)state;
	assert_true(histories_hold(&kind, 0.25));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_punctual),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_cutting),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
