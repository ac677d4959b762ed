/* The log's line as JSON, with any byte in it. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../common/log.h"
#include "../../kanatad/kanatad.h"

static int out;		/* what standard error leads to, the reading end */
static int kept;	/* what it led to before */
static int priority;	/* of a worker's line */

static int
begin(void **state)
{
	int fd[2];

	(void)state;
	if (pipe(fd) == -1 || (kept = dup(STDERR_FILENO)) == -1 ||
	    dup2(fd[1], STDERR_FILENO) == -1)
		return (-1);
	close(fd[1]);
	out = fd[0];
	log_init(LOG_TO_STDERR, "kanatad");
	return (0);
}

static int
end(void **state)
{
	(void)state;
	log_set_layout(NULL);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(out);
	return (0);
}

/* The next line that was logged; static. */
static const char *
line(void)
{
	static char buf[8192];
	ssize_t n = read(out, buf, sizeof(buf) - 1);

	assert_true(n > 0 && n <= 4096);
	assert_int_equal(buf[n - 1], '\n');
	buf[n - 1] = '\0';
	assert_null(strchr(buf, '\n'));
	return (buf);
}

static json_t *
object(void)
{
	json_t *root = json_loads(line(), JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	assert_int_equal(json_object_size(root), 5);
	assert_int_equal(strlen(json_string_value(json_object_get(root,
	    "time"))), strlen("2026-11-30T06:00:00.000000Z"));
	return (root);
}

static void
check(json_t *root, const char *key, const char *wanted)
{
	assert_string_equal(json_string_value(json_object_get(root, key)),
	    wanted);
}

static void
test_fields(void **state)
{
	json_t *root;

	(void)state;
	layout_set_json(true);
	log_info("it %s", "runs");
	root = object();
	check(root, "level", "info");
	check(root, "process", "kanatad");
	check(root, "text", "it runs");
	assert_int_equal(json_integer_value(json_object_get(root, "pid")),
	    getpid());
	json_decref(root);
	assert_string_equal(log_worker_line("watcher/prod", 214,
	    "<4 0>a \"b\" \\ \x1b[2J gr\xc3\xbc", &priority),
	    "a \"b\" \\ \x1b[2J gr\xc3\xbc");
	assert_int_equal(priority, LOG_WARNING);
	root = object();
	check(root, "level", "warning");
	check(root, "process", "watcher/prod");
	check(root, "text", "a \"b\" \\ \\033[2J gr\xc3\xbc");
	assert_int_equal(json_integer_value(json_object_get(root, "pid")), 214);
	json_decref(root);
}

/* When a worker said it, if that can be. */
static void
test_time(void **state)
{
	static const struct {
		int		 level;
		int		 offset;	/* s from now */
		const char	*end;
		bool		 taken;
	} rows[] = {
		{ 5, -10, ">said", true },
		{ 5, -59, ">said", true },
		{ 5, -70, ">said", false },
		{ 5, 10, ">said", false },
		{ 5, 0, "99999999999999999999>said", false },
		{ 8, -10, ">said", false },
		{ 5, -10, "said", false },
		{ -5, -10, ">said", false },
	};
	unsigned long long at;
	const char *text;
	char said[128], stamp[32];
	json_t *root;
	time_t now;
	struct tm tm;
	size_t i;

	(void)state;
	layout_set_json(true);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		now = time(NULL) + rows[i].offset;
		at = (unsigned long long)now * 1000000 + 123456;
		snprintf(said, sizeof(said), "<%d %llu%s", rows[i].level, at,
		    rows[i].end);
		text = log_worker_line("store", 7, said, &priority);
		assert_string_equal(text, i < 4 ? "said" : said);
		assert_int_equal(priority, i < 4 ? LOG_NOTICE : LOG_WARNING);
		root = object();
		gmtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S.123456Z",
		    &tm);
		text = json_string_value(json_object_get(root, "time"));
		assert_int_equal(strcmp(text, stamp) == 0, rows[i].taken);
		/* What is not in the form is text, and a warning. */
		check(root, "level", i < 4 ? "notice" : "warning");
		check(root, "text", i < 4 ? "said" : said);
		json_decref(root);
	}
}

/* Whatever the bytes, and however long: one object on one line. */
static void
test_any_bytes(void **state)
{
	char text[1200];
	unsigned turn, i;
	json_t *root;

	(void)state;
	layout_set_json(true);
	srandom(1);
	for (turn = 0; turn < 3000; turn++) {
		for (i = 0; i < sizeof(text) - 1; i++)
			text[i] = turn < 256 ? (turn == 0 ? 1 : turn) :
			    random() % 255 + 1;
		text[turn % sizeof(text)] = '\0';
		text[sizeof(text) - 1] = '\0';
		log_info("%s", text);
		root = object();
		json_decref(root);
	}
}

static void
test_cut_between_characters(void **state)
{
	char text[3001];
	json_t *root;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	layout_set_json(true);
	log_info("%s", text);
	root = object();
	/* 1023 bytes of it were logged: 341 characters. */
	assert_int_equal(json_string_length(json_object_get(root, "text")), 1023);
	json_decref(root);
	memset(text, '\x01', 1000);
	text[1000] = '\0';
	log_info("%s", text);
	root = object();
	assert_true(json_string_length(json_object_get(root, "text")) > 600);
	json_decref(root);
}

/* The journal's stream is known by device and inode. */
static void
test_journal(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	layout_init();
	log_warnx("one\ntwo");
	assert_string_equal(line(), "<4>one two");
	log_worker_line("store", 7, "<6 0>three", &priority);
	assert_string_equal(line(), "<6>store: three");
	layout_set_json(true);
	log_warnx("four");
	assert_memory_equal(line(), "<4>{\"time\":", 11);
	setenv("JOURNAL_STREAM", "8:1", 1);
	layout_init();
	log_warnx("five");
	assert_non_null(strstr(line(), "Z kanatad: five"));
	unsetenv("JOURNAL_STREAM");
}

static void
test_plain_again(void **state)
{
	const char *s;

	(void)state;
	layout_set_json(true);
	layout_set_json(false);
	log_info("plain");
	s = line();
	assert_non_null(strstr(s, "Z kanatad: plain"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fields, begin, end),
		cmocka_unit_test_setup_teardown(test_time, begin, end),
		cmocka_unit_test_setup_teardown(test_any_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_cut_between_characters,
		    begin, end),
		cmocka_unit_test_setup_teardown(test_journal, begin, end),
		cmocka_unit_test_setup_teardown(test_plain_again, begin, end),
	};

	return (cmocka_run_group_tests_name("layout", tests, NULL, NULL));
}
