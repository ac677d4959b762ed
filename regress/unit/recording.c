/*
 * Lines of recorded histories, written and read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "../../notifier/recording.h"

#define AT	1767225600123ULL	/* 2026-01-01T00:00:00.123Z */

static struct recording_line line;

/* Takes the text. */
static void
read_line(char *text)
{
	char why[256] = "";

	assert_non_null(text);
	assert_true(strlen(text) <= RECORDING_LINE_MAX);
	assert_null(strchr(text, '\n'));
	if (recording_read(&line, text, strlen(text), why, sizeof(why)) == -1)
		fail_msg("%s: %s", text, why);
	if (line.kind != RECORDING_HEAD)
		assert_int_equal(line.at, AT);
	free(text);
}

static void
test_health(void **state)
{
	struct health_report in = { .cluster = 3, .component = "cmp",
	    .health = HEALTH_MAJOR, .cause = CAUSE_OOM, .ready = 1,
	    .desired = UINT32_MAX, .since = AT - 5, .paused = true,
	    .detail = "pod \"a\"\t\x01 says \xff" }, out;

	(void)state;
	read_line(recording_health(AT, &in));
	assert_int_equal(line.kind, RECORDING_HEALTH);
	assert_true(recording_report(line.row, line.watcher, &out));
	assert_int_equal(out.cluster, 3);
	assert_string_equal(out.component, "cmp");
	assert_int_equal(out.health, HEALTH_MAJOR);
	assert_int_equal(out.cause, CAUSE_OOM);
	assert_int_equal(out.ready, 1);
	assert_int_equal(out.desired, UINT32_MAX);
	assert_int_equal(out.since, AT - 5);
	assert_true(out.paused);
	/* It is JSON, and so it is UTF-8. */
	assert_string_equal(out.detail, "pod \"a\"\\011\\001 says \\377");
	recording_line_clear(&line);
}

static void
test_all_words(void **state)
{
	struct health_report in = { .component = "cmp", .detail = "" }, out;
	int n;

	(void)state;
	for (n = 0; n < CAUSE_MAX; n++) {
		in.cause = (enum cause)n;
		in.health = (enum health)(n % HEALTH_MAX);
		read_line(recording_health(AT, &in));
		assert_true(recording_report(line.row, line.watcher, &out));
		assert_int_equal(out.cause, in.cause);
		assert_int_equal(out.health, in.health);
		assert_int_equal(out.since, 0);
		recording_line_clear(&line);
	}
}

static char *
copy(const char *s)
{
	char *p = strdup(s);

	assert_non_null(p);
	return (p);
}

static struct conf_component *
component(struct conf *conf)
{
	struct conf_component *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	/* Whatever is added to it. */
	assert_non_null(c->watch = calloc(1, sizeof(*c->watch)));
	c->nwatch = 1;
	c->watch->ns = copy("ns");
	c->watch->what = copy("secret-name");
	c->id = copy("cmp");
	c->name = copy("N\xc3\xa4me");
	c->cluster = copy("prod");
	c->group = copy("edge");
	c->down_after = 90061001;
	c->up_after = 0;
	c->reopen_within = 15 * 60 * 1000;
	c->escalate_after = 1;
	c->rollout = ROLLOUT_QUIET;
	TAILQ_INSERT_TAIL(&conf->components, c, entry);
	conf->ncomponent++;
	return (c);
}

static void
test_configuration(void **state)
{
	struct conf *in = conf_new(), *out = conf_new();
	const struct conf_component *c;
	char *text;

	(void)state;
	in->global.storm = 9;
	in->global.group_wait = 10 * 1000;
	in->global.webhook = true;
	in->global.rate_per_minute = 7;
	in->global.publish = PUBLISH_ALL;
	free(in->global.store_dir);
	in->global.store_dir = copy("/private/place");
	component(in);
	text = recording_rules(AT, &in->global);
	assert_null(strstr(text, "private"));
	/* What a missing field means is left out. */
	assert_null(strstr(text, "group_wait"));
	read_line(text);
	assert_int_equal(line.kind, RECORDING_RULES);
	assert_null(conf_take(out, line.row));
	recording_line_clear(&line);
	assert_int_equal(out->global.storm, 9);
	assert_int_equal(out->global.group_wait, 10 * 1000);
	assert_true(out->global.webhook);
	assert_int_equal(out->global.publish, PUBLISH_ALL);
	text = recording_component(AT, TAILQ_FIRST(&in->components));
	assert_null(strstr(text, "secret-name"));
	assert_null(strstr(text, "reopen_within"));
	read_line(text);
	assert_int_equal(line.kind, RECORDING_COMPONENT);
	assert_null(conf_take(out, line.row));
	recording_line_clear(&line);
	c = TAILQ_FIRST(&out->components);
	assert_string_equal(c->id, "cmp");
	assert_string_equal(c->name, "N\xc3\xa4me");
	assert_string_equal(c->group, "edge");
	assert_int_equal(c->down_after, 90061001);
	assert_int_equal(c->up_after, 0);
	assert_int_equal(c->reopen_within, 15 * 60 * 1000);
	assert_int_equal(c->escalate_after, 1);
	assert_int_equal(c->rollout, ROLLOUT_QUIET);
	read_line(recording_text(AT, "cmp", TEMPLATE_LINE, "- {id}\n"));
	assert_int_equal(line.kind, RECORDING_TEXT);
	assert_null(conf_take(out, line.row));
	recording_line_clear(&line);
	read_line(recording_text(AT, "", TEMPLATE_NAME, "x"));
	assert_null(conf_take(out, line.row));
	recording_line_clear(&line);
	assert_string_equal(c->text[TEMPLATE_LINE], "- {id}\n");
	assert_string_equal(out->text[TEMPLATE_NAME], "x");
	conf_free(in);
	conf_free(out);
}

static void
test_the_rest(void **state)
{
	struct incident_part part[2] = { { "a", PAGE_MAJOR, PAGE_STATUS_MAX },
	    { "b", PAGE_MAJOR, PAGE_STATUS_MAX } };
	struct incident_view incident = { .part = part, .npart = 2 };
	const char *json = "{\"v\":1,\"status\":\"X\"}";

	(void)state;
	read_line(recording_head());
	assert_int_equal(line.kind, RECORDING_HEAD);
	recording_line_clear(&line);
	read_line(recording_mark(AT, RECORDING_END, 12));
	assert_int_equal(line.kind, RECORDING_END);
	assert_int_equal(line.watcher, 12);
	recording_line_clear(&line);
	read_line(recording_record(AT, "component/x", json, strlen(json)));
	assert_int_equal(line.kind, RECORDING_RECORD);
	assert_string_equal(line.key, "component/x");
	assert_string_equal(line.text, json);
	recording_line_clear(&line);
	read_line(recording_page(AT, "p", "i", "n", PAGE_MAINTENANCE));
	assert_int_equal(line.kind, RECORDING_PAGE);
	assert_string_equal(line.page, "p");
	assert_string_equal(line.id, "i");
	assert_string_equal(line.name, "n");
	assert_int_equal(line.status, PAGE_MAINTENANCE);
	recording_line_clear(&line);
	read_line(recording_page(AT, "p", "i", "n", PAGE_STATUS_MAX));
	assert_int_equal(line.status, PAGE_STATUS_MAX);
	recording_line_clear(&line);
	read_line(recording_closed(AT, &incident));
	assert_int_equal(line.kind, RECORDING_CLOSED);
	assert_int_equal(json_array_size(line.components), 2);
	recording_line_clear(&line);
	read_line(recording_note(AT, "hello"));
	assert_int_equal(line.kind, RECORDING_NOTE);
	assert_string_equal(line.text, "hello");
	recording_line_clear(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_all_words),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_the_rest),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
