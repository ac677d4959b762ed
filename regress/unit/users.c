#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/users.h"
#include "../../kanatad/grammar.h"

#define HASH	"$y$j9T$/TEA0XraLHw0iOS3NrJgl/$PGF/9uK1.m.XfJ6nNYy4eb"

static void
read_text(struct parsed *p, const char *text)
{
	struct yaml_node *root;

	parsed_init(p, "users.yml", true);
	p->conf = conf_new();
	root = yaml_read(text, strlen(text), GRAMMAR_DEPTH_MAX, &p->error);
	assert_non_null(root);
	users_read(p, root);
	yaml_tree_free(root);
}

static void
assert_rows(const char *text, const char *rows)
{
	const struct parsed_secret *s;
	struct parsed p;

	read_text(&p, text);
	if (p.failed)
		fail_msg("%s: %s", text, p.error.text);
	s = TAILQ_FIRST(&p.secrets);
	assert_int_equal(s->kind, SECRET_WEB_USERS);
	assert_int_equal(s->len, strlen(rows));
	assert_memory_equal(s->bytes, rows, s->len);
	parsed_clear(&p);
}

static void
assert_error(const char *text, unsigned line, unsigned column, const char *what)
{
	struct parsed p;

	read_text(&p, text);
	assert_true(p.failed);
	assert_int_equal(p.error.line, line);
	assert_int_equal(p.error.column, column);
	if (strstr(p.error.text, what) == NULL)
		fail_msg("%s: %s, not %s", text, p.error.text, what);
	/* What may be a password is not said. */
	assert_null(strstr(p.error.text, "hunter"));
	parsed_clear(&p);
}

static void
test_good(void **state)
{
	(void)state;
	assert_rows("users:\n- noel: " HASH "\n- \"rin@x.y-z_1\": \"" HASH "\"\n",
	    "noel:" HASH "\nrin@x.y-z_1:" HASH "\n");
	assert_rows("users: []\n", "");
}

static void
test_bad(void **state)
{
	(void)state;
	assert_error("users:\n- noel: hunter2\n", 2, 9, "create-user");
	assert_error("users:\n- noel: $6$hunter$x\n", 2, 9, "create-user");
	assert_error("users:\n- noel: $y$hunter:x\n", 2, 9, "create-user");
	assert_error("users:\n- noel: [" HASH "]\n", 2, 9, "create-user");
	assert_error("users:\n- \"a b\": " HASH "\n", 2, 3, "letters");
	assert_error("users:\n- \"\": " HASH "\n", 2, 3, "letters");
	assert_error("users:\n- a: " HASH "\n- a: " HASH "\n", 3, 3, "already");
	assert_error("users:\n- noel\n", 2, 3, "<name>: <hash>");
	assert_error("users: {noel: " HASH "}\n", 1, 8, "list");
	assert_error("user: []\n", 1, 1, "users");
	assert_error("{}\n", 1, 1, "users");
}

static void
test_bounds(void **state)
{
	char name[USERS_NAME_MAX + 2], hash[USERS_HASH_MAX + 2];
	char *text = NULL;
	size_t len, i;
	FILE *f;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[USERS_NAME_MAX + 1] = '\0';
	assert_false(users_is_name(name));
	name[USERS_NAME_MAX] = '\0';
	assert_true(users_is_name(name));
	memset(hash, 'h', sizeof(hash));
	memcpy(hash, "$y$", 3);
	hash[USERS_HASH_MAX + 1] = '\0';
	assert_false(users_is_hash(hash));
	hash[USERS_HASH_MAX] = '\0';
	assert_true(users_is_hash(hash));

	f = open_memstream(&text, &len);
	assert_non_null(f);
	fputs("users:\n", f);
	for (i = 0; i <= USERS_MAX; i++)
		fprintf(f, "- u%zu: " HASH "\n", i);
	fclose(f);
	assert_error(text, 2, 1, "more than 100");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
