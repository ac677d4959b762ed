/*
 * The rules of incidents, one by one (DESIGN.md section 3).
 */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "../../notifier/timestamp.h"
#include "model.h"

#define S		1000ULL
#define REOPEN		(900 * S)

static struct model *
world(unsigned n)
{
	model_seed(1);
	return (model_new(n, DOWN_AFTER, UP_AFTER, REOPEN));
}

static void
group(struct model *m, unsigned n, const char *name)
{
	struct conf_component *c = model_conf(m, n);

	free(c->group);
	c->group = strdup(name);
	model_configure(m);
}

static void
assert_phase(const struct model_incident *i, enum incident_phase phase)
{
	assert_string_equal(incident_phase_name(i->phase),
	    incident_phase_name(phase));
}

static void
test_opens_after_down_after(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_int_equal(m->posts, 1);
	assert_int_equal(model_open(m, 0), 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_string_equal(model_last(m)->name, "c0 is down");
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_free(m);
}

/* FIELD.md 22, 24: one bad moment pages nobody. */
static void
test_shorter_is_silent(void **state)
{
	struct model *m = world(1);
	unsigned n;

	(void)state;
	for (n = 0; n < 20; n++) {
		model_health(m, 0, HEALTH_MAJOR);
		model_pass(m, DOWN_AFTER - 1);
		model_health(m, 0, HEALTH_OK);
		model_pass(m, 500);
	}
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->puts, 0);
	model_free(m);
}

/* FIELD.md 21, 27: back for a moment is not back. */
static void
test_resolves_after_up_after(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_free(m);
}

static void
test_worsens_and_improves(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_goes_down(m, 0);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, UP_AFTER);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	assert_phase(model_last(m), PHASE_MONITORING);
	assert_int_equal(m->posts, 3);
	assert_int_equal(m->nincident, 1);
	model_free(m);
}

/* A lesser outage that lasts becomes a major one, and stays so until all is
 * well, also over a restart and a recovery that is too short to be one. */
static void
test_escalates(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 200 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 20 * S);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 70 * S);
	model_restart(m);
	model_pass(m, 10 * S - 1);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_pass(m, 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 500 * S);
	model_restart(m);
	model_pass(m, 500 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_int_equal(m->posts, 3);
	model_comes_back(m, 0);
	assert_int_equal(m->posts, 4);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_null(model_record(m, "component/c0"));
	/* The next one begins anew. */
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 299 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_pass(m, 1 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_free(m);
}

/* The same when only statuses are published. */
static void
test_escalates_without_incidents(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->options.publish = PUBLISH_STATUSES;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 299 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_restart(m);
	model_pass(m, 1 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->posts, 3);
	assert_null(model_record(m, "component/c0"));
	/* Never, for whom it is not configured. */
	model_conf(m, 0)->escalate_after = 0;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 100000 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_free(m);
}

/* Time in which nothing is known makes nothing worse. */
static void
test_unknown_does_not_escalate(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 100 * S);
	model_silence(m, 0, true);
	model_pass(m, 1000 * S);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_silence(m, 0, false);
	model_settle(m);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_free(m);
}

/* FIELD.md 25: a trouble that changes its kind all the time is one trouble. */
static void
test_changing_trouble(void **state)
{
	struct model *m = world(1);
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++) {
		model_health(m, 0, HEALTH_MAJOR);
		model_pass(m, 5 * S);
		model_health(m, 0, HEALTH_PARTIAL);
		model_pass(m, 5 * S);
	}
	assert_int_equal(m->posts, 1);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_free(m);
}

/* FIELD.md 26, 69: flapping continues the incident there is, for a while. */
static void
test_reopens(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + 100 * S);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 1);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + REOPEN);
	assert_null(model_record(m, "component/c0"));
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 2);
	model_free(m);
}

/* FIELD.md 31: what was said before is no news, however often it is said. */
static void
test_reported_again(void **state)
{
	struct model *m = world(2);
	unsigned n;

	(void)state;
	model_goes_down(m, 0);
	for (n = 0; n < 100; n++) {
		incidents_silence_begin(m->core, 0);
		model_report_all(m);
		incidents_silence_end(m->core, 0, m->now);
		model_read(m);
		model_pass(m, 10 * S);
	}
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* What goes on with other components is called after these. */
static void
test_renamed(void **state)
{
	struct model *m = world(3);

	(void)state;
	group(m, 0, "edge");
	group(m, 1, "edge");
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(model_last(m)->name, "c0 has a partial outage");
	model_goes_down(m, 0);
	assert_string_equal(model_last(m)->name, "c0 is down");
	model_health(m, 1, HEALTH_MAJOR);
	m->lose_after = 100;
	model_pass(m, DOWN_AFTER);
	m->lose_after = 0;
	model_restart(m);
	model_pass(m, 10 * S);
	assert_string_equal(model_last(m)->name, "c0 and c1 are affected");
	assert_null(strstr(model_record(m, "incident/1767225600000"),
	    "rename"));
	/* What gets better keeps its name. */
	model_comes_back(m, 0);
	model_comes_back(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_string_equal(model_last(m)->name, "c0 and c1 are affected");
	model_health(m, 1, HEALTH_DEGRADED);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->nincident, 1);
	assert_string_equal(model_last(m)->name, "c1 has degraded performance");
	/* A human's name stays. */
	strlcpy(model_last(m)->name, "DNS", sizeof(model_last(m)->name));
	model_goes_down(m, 1);
	assert_string_equal(model_last(m)->name, "DNS");
	model_free(m);
}

static void
test_group_shares(void **state)
{
	struct model *m = world(3);

	(void)state;
	group(m, 0, "edge");
	group(m, 1, "edge");
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	model_health(m, 1, HEALTH_PARTIAL);
	model_health(m, 2, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 5 * S);
	/* The first is due and waits for the second. */
	assert_int_equal(m->posts, 0);
	model_pass(m, 5 * S);
	assert_int_equal(m->nincident, 2);
	assert_int_equal(m->posts, 2);
	assert_int_equal(model_open(m, 0), 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_int_equal(m->component[1].page, PAGE_PARTIAL);
	model_free(m);
}

static void
test_group_joins_and_monitors(void **state)
{
	struct model *m = world(2);

	(void)state;
	group(m, 0, "edge");
	group(m, 1, "edge");
	model_health(m, 0, HEALTH_MAJOR);
	/* Nobody else is on its way: no wait. */
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->posts, 1);
	model_goes_down(m, 1);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(m->posts, 2);
	model_comes_back(m, 0);
	assert_phase(model_last(m), PHASE_MONITORING);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->component[1].page, PAGE_MAJOR);
	model_comes_back(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_storm(void **state)
{
	struct model *m = world(8);
	unsigned n;

	(void)state;
	for (n = 0; n < 8; n++) {
		model_health(m, n, HEALTH_MAJOR);
		model_pass(m, S);
	}
	model_pass(m, DOWN_AFTER + 10 * S);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(m->posts, 1);
	for (n = 0; n < 8; n++)
		assert_int_equal(m->component[n].page, PAGE_MAJOR);
	model_free(m);
}

static void
test_no_storm(void **state)
{
	struct model *m = world(5);
	unsigned n;

	(void)state;
	for (n = 0; n < 5; n++)
		model_goes_down(m, n);
	assert_int_equal(m->nincident, 5);
	model_free(m);
}

/* FIELD.md 1, 5, 6: an update is maintenance, not an outage. */
static void
test_rollout(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_conf(m, 1)->rollout = ROLLOUT_QUIET;
	model_configure(m);
	model_health(m, 0, HEALTH_ROLLING);
	model_health(m, 1, HEALTH_ROLLING);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->component[0].page, PAGE_MAINTENANCE);
	assert_int_equal(m->component[1].page, PAGE_OPERATIONAL);
	assert_non_null(model_record(m, "component/c0"));
	model_health(m, 0, HEALTH_OK);
	model_comes_back(m, 1);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_null(model_record(m, "component/c0"));
	assert_int_equal(m->posts, 2);
	assert_int_equal(m->nincident, 0);
	model_free(m);
}

static void
test_rollout_in_an_outage(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

/* FIELD.md 23: what is not known is neither bad nor good. */
static void
test_unknown_freezes(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	model_silence(m, 0, true);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 0);
	/* It was down all the time, says the cluster. */
	model_silence(m, 0, false);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	/* Back, but not seen: nothing is resolved. */
	model_silence(m, 0, true);
	m->component[0].health = HEALTH_OK;
	m->component[0].since = m->now + 500 * S;
	model_pass(m, 520 * S);
	assert_int_equal(m->posts, 1);
	model_silence(m, 0, false);
	model_pass(m, 39 * S);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1 * S);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_paused(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->component[0].paused = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 0);
	m->component[0].paused = false;
	model_report(m, 0);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* FIELD.md 28, 32, 34: a restart says nothing twice and skips no wait. */
static void
test_restart(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	model_restart(m);
	model_pass(m, 10 * S - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_int_equal(m->posts, 1);
	model_restart(m);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 30 * S);
	model_restart(m);
	model_pass(m, 30 * S);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_restart(m);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 2);
	model_free(m);
}

static void
test_recovered_while_away(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	m->component[0].health = HEALTH_OK;
	m->component[0].since = m->now + 10 * S;
	m->now += 600 * S;
	model_restart(m);
	model_settle(m);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

/* The reply of the create is lost: found again, not made twice. */
static void
test_lost_reply(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->lose_after = 100;
	model_goes_down(m, 0);
	m->lose_after = 0;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 1);
	assert_int_equal(m->nincident, 1);
	assert_non_null(strstr(model_record(m, "incident/1767225600000"),
	    "\"id\":\"i0\""));
	model_free(m);
}

/* What was asked before the restart may come through later: it is not looked
 * for at once. */
static void
test_restart_looks_later(void **state)
{
	const char *key = "incident/1767225600000";
	struct model *m = world(1);

	(void)state;
	m->lose_after = 100;
	model_goes_down(m, 0);
	m->lose_after = 0;
	model_restart(m);
	model_pass(m, 5 * S - 1);
	assert_non_null(strstr(model_record(m, key), "\"posting\""));
	model_pass(m, 1);
	assert_non_null(strstr(model_record(m, key), "\"id\":\"i0\""));
	assert_null(strstr(model_record(m, key), "\"posting\""));
	assert_int_equal(m->nincident, 1);
	model_free(m);
}

/* What a gateway gave up waiting for is done later: that it is not there yet is
 * not believed for as long as the page is given for a request. */
static void
test_late(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->gives_up = true;
	model_goes_down(m, 0);
	m->gives_up = false;
	model_pass(m, 14 * S);
	assert_int_equal(m->nincident, 0);
	model_late(m);
	model_pass(m, 1 * S);
	assert_int_equal(m->nincident, 1);
	model_comes_back(m, 0);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, -1), 0);
	model_free(m);
}

/* And then it is. */
static void
test_never(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->gives_up = true;
	model_goes_down(m, 0);
	m->gives_up = false;
	model_pass(m, 15 * S);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, 0), 1);
	model_free(m);
}

static void
test_lost_request(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->lose_before = 100;
	model_goes_down(m, 0);
	m->lose_before = 0;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* Twenty changes while the page cannot be reached are one. */
static void
test_unreachable(void **state)
{
	struct model *m = world(1);
	unsigned n;

	(void)state;
	model_goes_down(m, 0);
	m->down = true;
	for (n = 0; n < 20; n++) {
		model_health(m, 0, n % 2 == 0 ? HEALTH_OK : HEALTH_PARTIAL);
		model_pass(m, UP_AFTER + S);
	}
	m->down = false;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 2);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_free(m);
}

static void
test_over_before_it_was_said(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	assert_true(m->puts > 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 2 * S);
	m->down = false;
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	assert_null(model_record(m, "incident/1767225600000"));
	model_free(m);
}

static void
test_nothing_before_the_store(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->store_down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 60 * S);
	assert_int_equal(m->posts, 0);
	m->store_down = false;
	model_pass(m, 5 * S);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* A write that is said to have failed may be there all the same. */
static void
test_failed_write_is_there(void **state)
{
	struct model *m;

	(void)state;
	model_seed(1);
	m = model_new(1, 0, UP_AFTER, REOPEN);
	model_health(m, 0, HEALTH_MAJOR);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	m->now++;
	m->store_lies = true;
	model_launch(m);
	model_land(m, true);
	assert_non_null(strstr(model_record(m, "incident/1767225600000"),
	    "RESOLVED"));
	m->store_lies = false;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	assert_int_equal(m->posts, 1);
	assert_null(strstr(model_record(m, "incident/1767225600000"),
	    "RESOLVED"));
	model_free(m);
}

/* FIELD.md 67: a human's maintenance is left alone. */
static void
test_human_maintenance(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_human_set(m, 0, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, 100 * S);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 100 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->component[0].page, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 100 * S);
	model_human_set(m, 0, PAGE_OPERATIONAL);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

static void
test_human_resolves(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_human_resolve(m, 0);
	model_pass(m, 600 * S);
	model_restart(m);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 1);
	/* The next ok ends the silence and clears what we had set. */
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 2);
	model_free(m);
}

/* Seen only when the update is to be posted. */
static void
test_human_resolved_meanwhile(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_goes_down(m, 0);
	model_last(m)->phase = PHASE_RESOLVED;
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->posts, 2);
	assert_null(model_record(m, "component/c0"));
	assert_null(model_record(m, "incident/1767225600000"));
	model_free(m);
}

static void
test_removed_from_configuration(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_goes_down(m, 0);
	model_remove(m, 0);
	model_settle(m);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_free(m);
}

static void
test_removed_while_away(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_goes_down(m, 0);
	incidents_free(m->core);
	m->core = incidents_new();
	model_remove(m, 0);
	model_restart(m);
	model_settle(m);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_webhook(void **state)
{
	struct model *m = world(2);

	(void)state;
	m->options.publish = PUBLISH_WEBHOOK | PUBLISH_STATUSES;
	model_configure(m);
	model_goes_down(m, 0);
	assert_int_equal(m->triggers, 1);
	assert_true(m->webhook_down);
	model_health(m, 1, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->triggers, 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_int_equal(m->component[1].page, PAGE_PARTIAL);
	model_restart(m);
	model_pass(m, 100 * S);
	model_comes_back(m, 0);
	assert_int_equal(m->triggers, 1);
	model_comes_back(m, 1);
	assert_int_equal(m->triggers, 2);
	assert_false(m->webhook_down);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->nincident, 0);
	assert_null(model_record(m, "webhook"));
	model_free(m);
}

/* An outage, a second one, a restart, an update, and the end. */
static void
publish(unsigned what)
{
	struct model *m = world(2);
	bool incidents = what & PUBLISH_INCIDENTS;
	bool statuses = what & PUBLISH_STATUSES;
	bool webhook = what & PUBLISH_WEBHOOK;

	m->options.publish = what;
	model_configure(m);
	model_goes_down(m, 0);
	model_restart(m);
	model_health(m, 1, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	model_read(m);
	model_pass(m, 10 * S);
	assert_int_equal(model_open(m, -1), incidents ? 2 : 0);
	assert_int_equal(m->component[0].page,
	    statuses ? PAGE_MAJOR : PAGE_OPERATIONAL);
	assert_int_equal(m->component[1].page,
	    statuses ? PAGE_PARTIAL : PAGE_OPERATIONAL);
	assert_int_equal(m->triggers, webhook);
	model_comes_back(m, 0);
	assert_int_equal(model_open(m, -1), incidents ? 1 : 0);
	model_comes_back(m, 1);
	model_read(m);
	model_pass(m, 10 * S);
	assert_int_equal(model_open(m, -1), 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->component[1].page, PAGE_OPERATIONAL);
	assert_int_equal(m->triggers, webhook ? 2 : 0);
	assert_false(m->webhook_down);
	assert_int_equal(m->nincident, incidents ? 2 : 0);
	/* An update is only a status. */
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->component[0].page,
	    statuses ? PAGE_MAINTENANCE : PAGE_OPERATIONAL);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + REOPEN);
	assert_int_equal(m->posts, (incidents ? 4 : 0) + (!statuses ? 0 :
	    incidents ? 2 : 6));
	assert_int_equal(m->triggers, webhook ? 2 : 0);
	assert_null(model_record(m, "component/c0"));
	assert_null(model_record(m, "webhook"));
	model_free(m);
}

/* FIELD.md 70: each thing that may be published, with and without the others;
 * only what was asked for is. */
static void
test_publish(void **state)
{
	unsigned what;

	(void)state;
	for (what = 1; what <= PUBLISH_ALL; what++)
		publish(what);
}

/* What is open ends as it began; what was set is cleared. */
static void
test_publish_changes(void **state)
{
	unsigned before, after;
	struct model *m;

	(void)state;
	for (before = 1; before <= PUBLISH_ALL; before++)
		for (after = 1; after <= PUBLISH_ALL; after++) {
			m = world(2);
			m->options.publish = before;
			model_configure(m);
			model_health(m, 0, HEALTH_MAJOR);
			model_health(m, 1, HEALTH_ROLLING);
			model_pass(m, DOWN_AFTER);
			m->options.publish = after;
			model_configure(m);
			model_pass(m, 10 * S);
			model_health(m, 0, HEALTH_OK);
			model_comes_back(m, 1);
			model_read(m);
			model_pass(m, 10 * S);
			assert_int_equal(model_open(m, -1), 0);
			assert_int_equal(m->component[0].page,
			    PAGE_OPERATIONAL);
			assert_int_equal(m->component[1].page,
			    PAGE_OPERATIONAL);
			assert_false(m->webhook_down);
			assert_int_equal(m->triggers,
			    (before | after) & PUBLISH_WEBHOOK ? 2 : 0);
			assert_null(model_record(m, "component/c0"));
			assert_null(model_record(m, "component/c1"));
			model_free(m);
		}
}

static char message[4096];

static void
keep_message(struct model *m, const struct operation *op)
{
	(void)m;
	if (op->message != NULL)
		strlcpy(message, op->message, sizeof(message));
}

static void
test_texts(void **state)
{
	struct model *m = world(2);

	(void)state;
	m->check = keep_message;
	free(model_conf(m, 0)->name);
	model_conf(m, 0)->name = strdup("Public API");
	group(m, 0, "g");
	group(m, 1, "g");
	model_health(m, 0, HEALTH_PARTIAL);
	model_goes_down(m, 1);
	assert_string_equal(model_last(m)->name,
	    "c1 and Public API are affected");
	assert_string_equal(message, "We are investigating.\n\n"
	    "- c1: major outage\n- Public API: partial outage");
	model_health(m, 0, HEALTH_OK);
	model_comes_back(m, 1);
	assert_string_equal(message, "Everything is working again.\n\n"
	    "- Public API: operational\n- c1: operational");
	model_free(m);
}

static void
test_bad_records(void **state)
{
	static const char *const bad[][2] = {
		{ "incident/5", "" },
		{ "incident/5", "[]" },
		{ "incident/5", "{\"v\":2}" },
		{ "incident/5", "{\"v\":1,\"started\":\"yesterday\"}" },
		{ "incident/5", "{\"v\":1,\"name\":\"x\",\"page\":\"p\","
		    "\"started\":\"2026-01-01T00:00:00Z\",\"id\":\"i\","
		    "\"phase\":\"INVESTIGATING\","
		    "\"components\":{\"MAJOROUTAGE\":[\"c0\"]}}" },
		{ "incident/1767225600000", "{\"v\":1,\"name\":\"x\","
		    "\"page\":\"p\",\"started\":\"2026-01-01T00:00:00.000Z\","
		    "\"id\":\"i\",\"phase\":\"INVESTIGATING\","
		    "\"components\":{\"MAJOROUTAGE>NONSENSE\":[\"c0\"]}}" },
		{ "component/", "{\"v\":1,\"status\":\"MAJOROUTAGE\"}" },
		{ "component/c0", "{\"v\":1,\"status\":7}" },
		{ "webhook", "{\"v\":1,\"state\":\"sideways\"}" },
		{ "elsewhere", "{\"v\":1}" },
	};
	struct model *m = world(1);
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_int_equal(incidents_restore(m->core, bad[n][0],
		    bad[n][1], strlen(bad[n][1])), -1);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	model_free(m);
}

static void
test_timestamps(void **state)
{
	char buf[TIMESTAMP_SIZE];

	(void)state;
	assert_string_equal(timestamp_format(1767225600123, buf),
	    "2026-01-01T00:00:00.123Z");
	assert_int_equal(timestamp_parse("2026-01-01T00:00:00.123Z"),
	    1767225600123);
	assert_int_equal(timestamp_parse("2026-01-01T00:00:00Z"),
	    1767225600000);
	assert_int_equal(timestamp_parse("2026-01-01T01:30:00.5+01:30"),
	    1767225600500);
	assert_int_equal(timestamp_parse("2026-01-01T00:00:00.123456Z"),
	    1767225600123);
	assert_int_equal(timestamp_parse(""), 0);
	assert_int_equal(timestamp_parse("2026-01-01"), 0);
	assert_int_equal(timestamp_parse("2026-01-01T00:00:00.1"), 0);
	assert_int_equal(timestamp_parse("2026-01-01T00:00:00Zx"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_after_down_after),
		cmocka_unit_test(test_shorter_is_silent),
		cmocka_unit_test(test_resolves_after_up_after),
		cmocka_unit_test(test_worsens_and_improves),
		cmocka_unit_test(test_escalates),
		cmocka_unit_test(test_escalates_without_incidents),
		cmocka_unit_test(test_unknown_does_not_escalate),
		cmocka_unit_test(test_changing_trouble),
		cmocka_unit_test(test_reopens),
		cmocka_unit_test(test_reported_again),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_group_shares),
		cmocka_unit_test(test_group_joins_and_monitors),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_no_storm),
		cmocka_unit_test(test_rollout),
		cmocka_unit_test(test_rollout_in_an_outage),
		cmocka_unit_test(test_unknown_freezes),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_recovered_while_away),
		cmocka_unit_test(test_lost_reply),
		cmocka_unit_test(test_restart_looks_later),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_lost_request),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_over_before_it_was_said),
		cmocka_unit_test(test_nothing_before_the_store),
		cmocka_unit_test(test_failed_write_is_there),
		cmocka_unit_test(test_human_maintenance),
		cmocka_unit_test(test_human_resolves),
		cmocka_unit_test(test_human_resolved_meanwhile),
		cmocka_unit_test(test_removed_from_configuration),
		cmocka_unit_test(test_removed_while_away),
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_publish_changes),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_timestamps),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
