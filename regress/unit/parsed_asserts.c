#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parsed_asserts.h"

const struct parsed_secret *
find_secret(const struct parsed *p, enum secret kind)
{
	const struct parsed_secret	*secret, *found = NULL;

	TAILQ_FOREACH(secret, &p->secrets, entry) {
		if (secret->kind == kind) {
			assert_null(found);
			found = secret;
		}
	}
	return (found);
}

void
assert_inline(const struct parsed *p, enum secret kind, const char *bytes)
{
	const struct parsed_secret	*secret = find_secret(p, kind);

	assert_non_null(secret);
	assert_null(secret->path);
	assert_int_equal(secret->len, strlen(bytes));
	assert_string_equal(secret->bytes, bytes);
}

void
assert_file(const struct parsed *p, enum secret kind, const char *path)
{
	const struct parsed_secret	*secret = find_secret(p, kind);

	assert_non_null(secret);
	assert_null(secret->bytes);
	assert_string_equal(secret->path, path);
	assert_true(secret->line > 0 && secret->column > 0);
}

void
assert_refused(const struct parsed *p, const struct refused *r)
{
	if (!p->failed)
		fail_msg("no error in:\n%s", r->text);
	if (p->error.line != r->line || p->error.column != r->column ||
	    strstr(p->error.text, r->error) == NULL)
		fail_msg("%u:%u: %s\nin:\n%s", p->error.line, p->error.column,
		    p->error.text, r->text);
	assert_null(strstr(p->error.text, "hunter2"));
}
