#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kanatad/yaml.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))
#define DEPTH		16

static struct yaml_node *
read_good(const char *text)
{
	struct yaml_node	*root;
	struct yaml_error	 error;

	root = yaml_read(text, strlen(text), DEPTH, &error);
	if (root == NULL)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	return (root);
}

static void
test_tree(void **state)
{
	struct yaml_node	*root;
	const struct yaml_node	*node;

	(void)state;
	root = read_good("# comment\n"
	    "a: one\n"
	    "b:\n"
	    "    - \"two\"\n"
	    "    - {c: 3, \"d e\": [x]}\n"
	    "e:\n"
	    "f: ~\n"
	    "g: \"\"\n"
	    "h: null\n"
	    "i: 'null'\n");
	assert_int_equal(root->what, YAML_MAP);
	assert_int_equal(root->count, 7);
	assert_int_equal(root->line, 2);

	node = yaml_find(root, "a");
	assert_non_null(node);
	assert_string_equal(node->text, "one");
	assert_int_equal(node->key_line, 2);
	assert_int_equal(node->key_column, 1);
	assert_int_equal(node->line, 2);
	assert_int_equal(node->column, 4);
	assert_true(node->plain);

	node = yaml_find(root, "b");
	assert_int_equal(node->what, YAML_LIST);
	assert_int_equal(node->count, 2);
	assert_string_equal(node->first->text, "two");
	assert_null(node->first->key);
	assert_false(node->first->plain);
	assert_string_equal(yaml_find(node->first->next, "c")->text, "3");
	node = yaml_find(node->first->next, "d e");
	assert_int_equal(node->count, 1);
	assert_int_equal(node->line, 5);
	assert_int_equal(node->column, 21);

	assert_true(yaml_is_null(yaml_find(root, "e")));
	assert_true(yaml_is_null(yaml_find(root, "f")));
	assert_false(yaml_is_null(yaml_find(root, "g")));
	assert_true(yaml_is_null(yaml_find(root, "h")));
	assert_false(yaml_is_null(yaml_find(root, "i")));
	assert_null(yaml_find(root, "c"));
	assert_null(yaml_find(yaml_find(root, "a"), "c"));
	assert_null(yaml_find(NULL, "c"));
	yaml_tree_free(root);
	yaml_tree_free(NULL);
}

/* JSON is YAML, with tabs as well. */
static void
test_json(void **state)
{
	struct yaml_node	*root;

	(void)state;
	root = read_good("{\n\t\"a\": {\"b\": [1, \"\\u00e9\"]},\r\n\t\"c\": null\n}");
	assert_int_equal(root->count, 2);
	assert_string_equal(
	    yaml_find(yaml_find(root, "a"), "b")->first->next->text,
	    "\xc3\xa9");
	assert_true(yaml_is_null(yaml_find(root, "c")));
	yaml_tree_free(root);
}

static void
test_good(void **state)
{
	static const char *const texts[] = {
		("\xef\xbb\xbf" "a: b\n"), "a: b\r\nc: d\r\n", "---\na: b\n",
		"---\na: b\n...\n", "a: |\n  x\n  \ty\n", "a: b # \ttab\n",
		"%YAML 1.1\n---\na: b\n", "[a, b]", "text", "a: \"x\ty\"\n",
		"a: '&x'\nb: \"*y\"\n",
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < NITEMS(texts); i++)
		yaml_tree_free(read_good(texts[i]));
}

#define BAD(text, line, column, error)	\
	{ text, sizeof(text) - 1, line, column, error }

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned line, column;
		const char *error;
	} bad[] = {
		BAD("", 1, 1, "there is nothing in the file"),
		BAD("\n# only this\n", 1, 1, "there is nothing in the file"),
		BAD("---\n", 1, 1, "there is nothing in the file"),
		BAD("null\n", 1, 1, "there is nothing in the file"),
		BAD("a: b\n\tc: d\n", 2, 1, "a tab: indent with spaces"),
		BAD("a:\n\tb: c\n", 2, 1, "a tab: indent with spaces"),
		BAD("a: b\nc: \xc3\xa9\n  d: e\n", 3, 4, "indentation"),
		BAD("a: @b\n", 1, 4, "cannot start with `@`"),
		BAD("a: `b`\n", 1, 4, "cannot start with ``` unless"),
		BAD("a: b: c\n", 1, 5, "a `:` where none can be"),
		BAD("a: b\nc\n", 3, 1, "found no `:`"),
		BAD("a:\n  - b\n c: d\n", 3, 2, "wrong indentation"),
		BAD("a: [b, c\n", 2, 1, "not closed with `]`"),
		BAD("a: {b: c\n", 2, 1, "not closed with `}`"),
		BAD("a: \"b\n", 2, 1, "not closed"),
		BAD("a: b\n---\nc: d\n", 2, 1, "a second document"),
		BAD("a: &x b\nc: d\n", 1, 4, "anchors"),
		BAD("a: &x {b: c}\n", 1, 4, "anchors"),
		BAD("a: &x [b]\n", 1, 4, "anchors"),
		BAD("a: b\nc: *x\n", 2, 4, "aliases"),
		BAD("a: !!str b\n", 1, 4, "tags"),
		BAD("a: !x {b: c}\n", 1, 4, "tags"),
		BAD("a: 1\nb: 2\n  \na: 3\n", 4, 1,
		    "`a` is here twice: the first is on line 1"),
		BAD("x:\n  - {a: 1, b: 2, b: 3, a: 4}\n", 2, 18,
		    "`b` is here twice"),
		BAD("? [a]\n: b\n", 1, 3, "a key must be text"),
		BAD("? {a: b}\n: b\n", 1, 3, "a key must be text"),
		BAD("a: b\nc: \0d\n", 2, 4, "a control character (0x00)"),
		BAD("\x7f" "ELF\2\1\1\0", 1, 1, "a control character (0x7f)"),
		BAD("a: \"\\0\"\n", 1, 4, "a NUL character"),
		BAD("a: \xff\n", 1, 4, "not UTF-8"),
		BAD("\xc3\xa9: \xc3\n", 1, 5, "not UTF-8"),
		BAD("a: \xed\xa0\x80\n", 1, 4, "not UTF-8"),
		BAD("a: \xc0\x80\n", 1, 4, "not UTF-8"),
		BAD("\xff\xfe" "a\0:\0", 1, 1, "not UTF-8"),
		BAD("%YAML 9.9\n---\na: b\n", 1, 1, ""),
		BAD("[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]", 1, 17,
		    "nested more than 16 deep"),
	};
	struct yaml_error	 error;
	struct yaml_node	*root;
	size_t			 i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		root = yaml_read(bad[i].text, bad[i].len, DEPTH, &error);
		if (root != NULL)
			fail_msg("no error in case %zu", i);
		if (error.line != bad[i].line ||
		    error.column != bad[i].column ||
		    strstr(error.text, bad[i].error) == NULL)
			fail_msg("case %zu: %u:%u: %s", i, error.line,
			    error.column, error.text);
	}
}

/* An error does not repeat what may be a secret. */
static void
test_no_value_in_error(void **state)
{
	static const char *const texts[] = {
		"key: hunter2: x\n", "key: \"hunter2\n", "key: [hunter2\n",
		"key: hunter2\n bad\n", "key: &hunter2 x\n",
		"key: !hunter2 x\n", "key: *hunter2\n", "key: \"hunter2\\q\"\n",
		"%hunter2 x\n",
	};
	struct yaml_error	 error;
	struct yaml_node	*root;
	size_t			 i;

	(void)state;
	for (i = 0; i < NITEMS(texts); i++) {
		root = yaml_read(texts[i], strlen(texts[i]), DEPTH, &error);
		if (root == NULL) {
			assert_null(strstr(error.text, "hunter2"));
			assert_true(error.text[0] != '\0');
		}
		yaml_tree_free(root);
	}
}

static void
test_many(void **state)
{
	struct yaml_error	 error;
	struct yaml_node	*root;
	char			*text, *p;
	size_t			 i;

	(void)state;
	assert_non_null(text = malloc(YAML_BYTES_MAX + 64));
	/* As many different keys as fit. */
	p = text;
	for (i = 0; p - text < YAML_BYTES_MAX - 64; i++)
		p += sprintf(p, "%zx:\n", i);
	root = yaml_read(text, (size_t)(p - text), DEPTH, &error);
	if (root == NULL)
		assert_string_equal(error.text,
		    "the file has too many keys and values");
	yaml_tree_free(root);
	/* A list of nothing. */
	*text = '[';
	for (i = 1; i < YAML_BYTES_MAX; i += 2)
		memcpy(text + i, "a,", 2);
	assert_null(yaml_read(text, YAML_BYTES_MAX, DEPTH, &error));
	assert_string_equal(error.text,
	    "the file has too many keys and values");
	/* Deep, and a scalar as long as the file. */
	memset(text, '[', YAML_BYTES_MAX);
	assert_null(yaml_read(text, YAML_BYTES_MAX, DEPTH, &error));
	memset(text, 'a', YAML_BYTES_MAX);
	root = yaml_read(text, YAML_BYTES_MAX, DEPTH, &error);
	assert_non_null(root);
	assert_int_equal(strlen(root->text), YAML_BYTES_MAX);
	yaml_tree_free(root);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_value_in_error),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
