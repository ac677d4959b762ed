#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../web/sessions.h"

static void
test_open_and_close(void **state)
{
	const struct session *a, *b;
	char token[SESSION_TOKEN + 1];

	(void)state;
	a = session_open("noel", 1000);
	b = session_open("rin", 1000);
	assert_string_not_equal(a->token, b->token);
	assert_string_not_equal(a->token, a->form);
	assert_int_equal(strlen(a->token), SESSION_TOKEN);
	assert_int_equal(strspn(a->token, "0123456789abcdef"), SESSION_TOKEN);
	assert_ptr_equal(session_find(a->token, 1000), a);
	assert_string_equal(session_find(b->token, 1000)->user, "rin");
	assert_true(session_form_ok(a, a->form));
	assert_false(session_form_ok(a, b->form));
	assert_false(session_form_ok(a, ""));
	assert_false(session_form_ok(a, NULL));
	assert_null(session_find("", 1000));
	strcpy(token, a->token);
	token[SESSION_TOKEN - 1] ^= 1;
	assert_null(session_find(token, 1000));
	strcpy(token, a->token);
	session_close(a);
	assert_null(session_find(token, 1000));
	assert_non_null(session_find(b->token, 1000));
	session_close_all();
}

static void
test_end(void **state)
{
	const struct session *s;
	char token[SESSION_TOKEN + 1];

	(void)state;
	s = session_open("noel", 1000);
	strcpy(token, s->token);
	assert_non_null(session_find(token, 1000 + SESSION_TIME - 1));
	assert_null(session_find(token, 1000 + SESSION_TIME));
	/* Not even if the clock could go back. */
	assert_null(session_find(token, 1000));
}

static void
test_too_many(void **state)
{
	char first[SESSION_TOKEN + 1], second[SESSION_TOKEN + 1];
	unsigned i;

	(void)state;
	strcpy(first, session_open("first", 1)->token);
	strcpy(second, session_open("second", 1)->token);
	for (i = 2; i < SESSIONS_MAX; i++)
		session_open("more", 1);
	assert_non_null(session_find(first, 1));
	session_open("one too many", 1);
	assert_null(session_find(first, 1));
	assert_non_null(session_find(second, 1));
	session_close_all();
	assert_null(session_find(second, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_and_close),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_too_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
