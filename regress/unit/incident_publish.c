/*
 * What is said of incidents, and where: by the API, by the webhook, in which words.
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

#include "model.h"

#define S		1000ULL

static void
test_webhook(void **state)
{
	struct model *m = model_world(2);

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
	struct model *m = model_world(2);
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
			m = model_world(2);
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
	struct model *m = model_world(2);

	(void)state;
	m->check = keep_message;
	free(model_conf(m, 0)->name);
	model_conf(m, 0)->name = strdup("Public API");
	model_group(m, 0, "g");
	model_group(m, 1, "g");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_publish_changes),
		cmocka_unit_test(test_texts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
