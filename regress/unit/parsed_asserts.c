#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parsed_secrets.h"

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
