/*
 * What Kanata writes: templates, their fields, and what is kept out of them.
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

#include "../../notifier/expand.h"
#include "model.h"

#define S		1000ULL

static char name[512], message[16384], private[16384];

static void
keep(struct model *m, const struct operation *op)
{
	(void)m;
	if (op->message == NULL)
		return;
	strlcpy(name, op->name, sizeof(name));
	strlcpy(message, op->message, sizeof(message));
	strlcpy(private, op->private, sizeof(private));
}

static struct model *
world(unsigned n)
{
	struct model *m = model_world(n);

	m->check = keep;
	return (m);
}

static void
set(struct model *m, enum template_kind kind, const char *text)
{
	conf_set_text(m->conf, NULL, kind, text);
	model_configure(m);
}

static void
set_watch(struct model *m, unsigned n)
{
	static const enum kind kinds[] = { KIND_DEPLOYMENT, KIND_ANY };
	struct conf_component *c = model_conf(m, n);
	unsigned k;

	assert_non_null(c->watch = calloc(2, sizeof(*c->watch)));
	for (k = 0; k < 2; k++) {
		c->watch[k].kind = kinds[k];
		c->watch[k].ns = strdup("shop");
		c->watch[k].what = strdup(k == 0 ? "cart" : "queue");
	}
	c->nwatch = 2;
	free(c->cluster);
	c->cluster = strdup("prod");
	model_configure(m);
}

/* One message after the other, each by its own template. */
static void
test_kinds(void **state)
{
	struct model *m = world(3);
	int kind;

	(void)state;
	for (kind = 0; kind < TEMPLATE_LINE; kind++)
		conf_set_text(m->conf, NULL, (enum template_kind)kind,
		    template_name((enum template_kind)kind));
	model_configure(m);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(name, "name");
	assert_string_equal(message, "down");
	model_goes_down(m, 0);
	assert_string_equal(message, "worse");
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, UP_AFTER);
	assert_string_equal(message, "better");
	model_comes_back(m, 0);
	assert_string_equal(message, "resolved");
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(message, "back");
	model_order(m, 0, ORDER_MAINTENANCE, 600 * S);
	model_settle(m);
	assert_string_equal(message, "maintenance");
	model_goes_down(m, 1);
	assert_string_equal(message, "down");
	model_remove(m, 1);
	model_settle(m);
	assert_string_equal(message, "unwatched");
	model_free(m);
}

static void
test_fields(void **state)
{
	struct model *m = world(2);

	(void)state;
	set_watch(m, 0);
	set(m, TEMPLATE_NAME, "{{{components}}} {problem}: {count}");
	set(m, TEMPLATE_DOWN, "{component} {status} {started}\n{list}\n"
	    "{id} {cluster} {namespace} {workload}");
	set(m, TEMPLATE_RESOLVED, "{components} {problem} after {duration}");
	set(m, TEMPLATE_LINE, "* {component}: {status}, {ready}/{desired}, "
	    "{cause}, {detail}, {duration}");
	m->component[0].detail = "pod cart-1: exit code 1";
	m->component[0].ready = 1;
	m->component[0].desired = 4;
	m->component[0].cause = CAUSE_CRASH_LOOP;
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(name, "{c0} has a partial outage: 1");
	assert_string_equal(message, "c0 partial outage 2026-01-01 00:00 UTC\n"
	    "* c0: partial outage, 1/4, crash-looping, pod cart-1: exit code "
	    "1, less than a minute\nc0 prod shop deployment/cart, queue");
	assert_string_equal(private, "c0 (deployment/cart, queue): partial "
	    "outage, 1 of 4 ready, crash-looping: pod cart-1: exit code 1");
	model_pass(m, 3600 * S);
	model_comes_back(m, 0);
	assert_string_equal(message, "c0 is back after 1 hour 1 minute");
	model_free(m);
}

/* By default nothing of the cluster is public, whatever it says. */
static void
test_nothing_internal(void **state)
{
	struct model *m = world(1);

	(void)state;
	set_watch(m, 0);
	m->component[0].detail = "pod cart-1 on node-7: registry.internal/cart";
	m->component[0].cause = CAUSE_IMAGE;
	model_goes_down(m, 0);
	assert_string_equal(name, "c0 is down");
	assert_string_equal(message,
	    "We are investigating.\n\n- c0: major outage");
	assert_non_null(strstr(private, "registry.internal"));
	model_free(m);
}

static void
test_own_texts(void **state)
{
	struct model *m = world(2);
	struct conf_component *c = model_conf(m, 0);

	(void)state;
	conf_set_text(m->conf, c, TEMPLATE_NAME, "Trouble with {component}");
	conf_set_text(m->conf, c, TEMPLATE_LINE, "+ {component}");
	conf_set_text(m->conf, c, TEMPLATE_PRIVATE, "own");
	free(c->group);
	c->group = strdup("g");
	free(model_conf(m, 1)->group);
	model_conf(m, 1)->group = strdup("g");
	model_configure(m);
	model_goes_down(m, 0);
	assert_string_equal(name, "Trouble with c0");
	/* The rest is as for all. */
	assert_string_equal(message, "We are investigating.\n\n+ c0");
	assert_string_equal(private, "own");
	/* Shared, only its line is its own. */
	model_goes_down(m, 1);
	assert_string_equal(message, "We are investigating.\n\n+ c0\n"
	    "- c1: major outage");
	model_free(m);
}

/* What the cluster says is one line of text, and not too much of it. */
static void
test_hostile_values(void **state)
{
	struct model *m = world(1);
	char detail[600];

	(void)state;
	set(m, TEMPLATE_DOWN, "<{detail}>");
	m->component[0].detail = "a\nb\r\x1b[31mc\x7f" "d\xc2\x9b" "e\xe2\x80"
	    "\xae" "f\xe2\x81\xa6g\xe2\x80\xa8h{list}";
	model_goes_down(m, 0);
	assert_string_equal(message, "<a b  [31mc d e f g h{list}>");
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + REOPEN);
	memset(detail, 'x', sizeof(detail) - 1);
	memcpy(detail + 511, "\xc3\xa4", 2);
	detail[599] = '\0';
	m->component[0].detail = detail;
	model_goes_down(m, 0);
	assert_int_equal(strlen(message), 511 + 2);
	model_free(m);
}

/* A name has room for 255 bytes, whatever is asked for. */
static void
test_bounds(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->component[0].detail = "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\xc3\xa4\xc3\xa4";
	set(m, TEMPLATE_NAME, "{detail}{detail}{detail}{detail}{detail}");
	model_goes_down(m, 0);
	assert_in_range(strlen(name), 252, 255);
	assert_int_not_equal((unsigned char)name[strlen(name) - 1], 0xc3);
	model_free(m);
}

/* -- the template itself -------------------------------------------------- */

static void
put_word(struct expand *out, enum template_field field, const void *arg)
{
	(void)arg;
	expand_value(out, field_name(field), 100);
}

static void
assert_expands(const char *template, size_t max, const char *wanted)
{
	struct expand out;

	expand_init(&out, max);
	expand_template(&out, template, put_word, NULL);
	assert_string_equal(out.text, wanted);
	free(out.text);
}

static void
test_expand(void **state)
{
	(void)state;
	assert_expands("", 10, "");
	assert_expands("a{id}b", 10, "aidb");
	assert_expands("{{id}}", 10, "{id}");
	assert_expands("{{{id}}}", 10, "{id}");
	assert_expands("{id}{list}", 4, "idli");
	assert_expands("\xc3\xa4\xc3\xa4", 3, "\xc3\xa4");
	/* What does not fit ends it. */
	assert_expands("\xc3\xa4\xc3\xa4" "b", 3, "\xc3\xa4");
}

static void
test_malformed(void **state)
{
	static const char *const bad[] = { "{", "}", "a}", "{id", "{i{d}",
	    "{{{", "id}", "}{" };
	struct template_part part;
	const char *at;
	size_t k;
	int more;

	(void)state;
	for (k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		at = bad[k];
		while ((more = template_next(&at, &part)) == 1)
			;
		assert_int_equal(more, -1);
	}
	at = "{nonsense}";
	assert_int_equal(template_next(&at, &part), 1);
	assert_true(part.is_field && part.field == FIELD_MAX);
	at = "{}";
	assert_int_equal(template_next(&at, &part), 1);
	assert_true(part.is_field && part.field == FIELD_MAX);
}

/* The defaults are what the configuration would let through. */
static void
test_defaults(void **state)
{
	struct template_part part;
	const char *at;
	int kind, more;

	(void)state;
	for (kind = 0; kind < TEMPLATE_MAX; kind++) {
		at = template_default((enum template_kind)kind);
		assert_true(strlen(at) > 0);
		while ((more = template_next(&at, &part)) == 1)
			if (part.is_field)
				assert_true(field_fits(
				    (enum template_kind)kind, part.field));
		assert_int_equal(more, 0);
	}
}

static void
test_durations(void **state)
{
	static const struct { uint64_t ms; const char *text; } rows[] = {
		{ 0, "less than a minute" },
		{ 59999, "less than a minute" },
		{ 60000, "1 minute" },
		{ 3599999, "59 minutes" },
		{ 3600000, "1 hour" },
		{ 2 * 3600000 + 60000, "2 hours 1 minute" },
		{ 86400000ULL + 5 * 60000, "1 day" },
		{ 3 * 86400000ULL + 2 * 3600000, "3 days 2 hours" },
	};
	struct expand out;
	size_t k;

	(void)state;
	for (k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		expand_init(&out, 100);
		expand_duration(&out, rows[k].ms);
		assert_string_equal(out.text, rows[k].text);
		free(out.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_nothing_internal),
		cmocka_unit_test(test_own_texts),
		cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_durations),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
