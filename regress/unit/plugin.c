#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <cmocka.h>

#include "../../common/plugin.h"

static void
test_round_trip(void **state)
{
	struct plugin	*p = plugin_new(), *q;
	char		*bytes;
	size_t		 len;

	(void)state;
	assert_int_equal(plugin_add_arg(p, "/bin/x"), 0);
	assert_int_equal(plugin_add_arg(p, ""), 0);
	assert_int_equal(plugin_add_env(p, "A", "b=c"), 0);
	plugin_set(&p->hint, "hint");
	plugin_set(&p->info_head, "head");
	plugin_set(&p->ca_file, "/ca");
	plugin_set(&p->info_tail, "tail");
	assert_non_null(bytes = plugin_pack(p, &len));
	assert_non_null(q = plugin_unpack(bytes, len));
	assert_int_equal(q->narg, 2);
	assert_string_equal(q->arg[0], "/bin/x");
	assert_string_equal(q->arg[1], "");
	assert_null(q->arg[2]);
	assert_int_equal(q->nenv, 1);
	assert_string_equal(q->env[0], "A=b=c");
	assert_null(q->env[1]);
	assert_string_equal(q->hint, "hint");
	assert_string_equal(q->info_head, "head");
	assert_string_equal(q->ca_file, "/ca");
	assert_string_equal(q->info_tail, "tail");
	freezero(bytes, PLUGIN_BYTES_MAX);
	plugin_free(p);
	plugin_free(q);
	plugin_free(NULL);
}

static void
test_bad(void **state)
{
	static const struct { const char *bytes; size_t len; } bad[] = {
		{ "", 0 },			/* no command */
		{ "a", 2 },			/* an empty one */
		{ "eA=b", 5 },
		{ "ax", 2 },			/* no end */
		{ "ax\0a", 4 },
		{ "ax\0\0", 4 },		/* no letter */
		{ "ax\0zy", 6 },		/* another letter */
		{ "ax\0eA", 6 },		/* no value */
		{ "ax\0e=b", 7 },		/* no name */
	};
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (plugin_unpack(bad[i].bytes, bad[i].len) != NULL)
			fail_msg("row %zu is accepted", i);
}

static void
test_bounds(void **state)
{
	struct plugin	*p = plugin_new(), *q;
	char		*text, *bytes;
	size_t		 len, i;

	(void)state;
	for (i = 0; i < PLUGIN_STRINGS_MAX; i++) {
		assert_int_equal(plugin_add_arg(p, "x"), 0);
		assert_int_equal(plugin_add_env(p, "x", "y"), 0);
	}
	assert_int_equal(plugin_add_arg(p, "x"), -1);
	assert_int_equal(plugin_add_env(p, "x", "y"), -1);
	assert_non_null(bytes = plugin_pack(p, &len));
	assert_non_null(q = plugin_unpack(bytes, len));
	plugin_free(q);
	freezero(bytes, PLUGIN_BYTES_MAX);

	/* As much as there may be, and a byte more. */
	assert_non_null(text = malloc(PLUGIN_BYTES_MAX + 1));
	memset(text, 'x', PLUGIN_BYTES_MAX);
	text[PLUGIN_BYTES_MAX - len] = '\0';
	plugin_set(&p->hint, text);
	assert_non_null(bytes = plugin_pack(p, &len));
	assert_int_equal(len, PLUGIN_BYTES_MAX);
	assert_non_null(q = plugin_unpack(bytes, len));
	plugin_free(q);
	freezero(bytes, PLUGIN_BYTES_MAX);
	len = strlen(text);
	text[len] = 'x';
	text[len + 1] = '\0';
	plugin_set(&p->hint, text);
	assert_null(plugin_pack(p, &len));
	free(text);
	plugin_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
