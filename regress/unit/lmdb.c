/* The embedded engine, each use of it in a process of its own, as in life. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/log.h"
#include "../../common/worker.h"
#include "../../store/engine.h"

#define MAP	EMBEDDED_MAP_BYTES

/* What the engine says, instead of main.c. */
static char	 said[256], items[4096];
static unsigned	 ndone, nloaded;

void
store_item(uint32_t id, const char *key, const struct value *value)
{
	char line[256];

	snprintf(line, sizeof(line), "%u %s=%.*s;", id, key, (int)value->len,
	    value->data);
	strlcat(items, line, sizeof(items));
}

void
store_loaded(uint32_t id)
{
	(void)id;
	nloaded++;
}

void
store_done(uint32_t id)
{
	(void)id;
	ndone++;
}

void
store_failed(uint32_t id, const char *why)
{
	snprintf(said, sizeof(said), "%u %s", id, why);
}

void
store_say(bool reachable, bool speaks, uint64_t until, const char *text)
{
	if (!reachable || !speaks || until != 0 || *text == '\0')
		abort();
}

void
store_secret_again(enum secret secret)
{
	(void)secret;
	abort();
}

static char shared[256];

void
store_shared_begin(void)
{
	shared[0] = '\0';
}

void
store_shared_item(const char *key, const struct value *value)
{
	char line[256];

	snprintf(line, sizeof(line), "%s=%.*s;", key,
	    value == NULL ? 0 : (int)value->len,
	    value == NULL ? "" : value->data);
	strlcat(shared, line, sizeof(shared));
}

void
store_shared_end(void)
{
	strlcat(shared, ".", sizeof(shared));
}

static bool observe;

bool
worker_observe(void)
{
	return (observe);
}

static char dir[] = "/tmp/kanata-lmdb-XXXXXX";

static int
setup(void **unused)
{
	(void)unused;
	strlcpy(dir, "/tmp/kanata-lmdb-XXXXXX", sizeof(dir));
	return (mkdtemp(dir) == NULL ? -1 : 0);
}

static void
path_of(char *path, size_t size, const char *file)
{
	snprintf(path, size, "%s/%s", dir, file);
}

static int
teardown(void **unused)
{
	char path[128];

	(void)unused;
	path_of(path, sizeof(path), "kanata.mdb");
	unlink(path);
	path_of(path, sizeof(path), "kanata.lock");
	unlink(path);
	return (rmdir(dir));
}

#define CHECK(what)							\
	do {								\
		if (!(what)) {						\
			dprintf(STDERR_FILENO, "line %d: %s\n",		\
			    __LINE__, #what);				\
			_exit(9);					\
		}							\
	} while (0)

/* Runs it in a child; returns its exit status, and what it said in said. */
static int
in_child(void (*use)(void), const char *state_dir, size_t map)
{
	int out[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		close(out[1]);
		alarm(60);
		embedded_open(state_dir, map);
		use();
		_exit(0);
	}
	close(out[1]);
	while ((n = read(out[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += n;
	said[used] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
		fail_msg("%s", said);
	return (WIFEXITED(status) ? WEXITSTATUS(status) :
	    1000 + WTERMSIG(status));
}

static void
put(uint32_t id, const char *key, const char *value)
{
	engine_embedded.put(id, key, value == NULL ? NULL :
	    value_new(value, strlen(value)));
}

static void
loads(const char *want)
{
	items[0] = '\0';
	engine_embedded.load(3);
	if (strcmp(items, want) != 0)
		dprintf(STDERR_FILENO, "%s\n", items);
	CHECK(strcmp(items, want) == 0);
}

static void
use_first(void)
{
	loads("");
	CHECK(nloaded == 1);
	put(1, "b/2", "two");
	put(2, "a/1", "one");
	put(3, "c", "three");
	put(4, "b/2", "TWO");
	put(5, "c", NULL);
	put(6, "never-there", NULL);
	CHECK(ndone == 6);
	engine_embedded.shared_put(7, "a/1", value_new("shared", 6));
	engine_embedded.shared_put(8, "gone", value_new("x", 1));
	engine_embedded.shared_put(9, "gone", NULL);
	CHECK(strcmp(shared, "a/1=shared;gone=x;gone=;") == 0);
	CHECK(ndone == 9);
	loads("3 a/1=one;3 b/2=TWO;");
	/* As a power cut would. */
	kill(getpid(), SIGKILL);
}

static void
use_second(void)
{
	struct stat before, after;
	char path[128];

	loads("3 a/1=one;3 b/2=TWO;");
	engine_embedded.shared_tell();
	CHECK(strcmp(shared, "a/1=shared;.") == 0);
	/* Unchanged: not written. */
	path_of(path, sizeof(path), "kanata.mdb");
	CHECK(stat(path, &before) == 0);
	usleep(20000);
	put(7, "a/1", "one");
	CHECK(ndone == 1);
	CHECK(stat(path, &after) == 0);
	CHECK(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
	    before.st_mtim.tv_sec == after.st_mtim.tv_sec);
	CHECK((after.st_mode & 0777) == 0600);
	path_of(path, sizeof(path), "kanata.lock");
	CHECK(stat(path, &after) == 0);
	CHECK((after.st_mode & 0777) == 0600);
}

static void
test_keeps(void **unused)
{
	(void)unused;
	assert_int_equal(in_child(use_first, dir, MAP), 1000 + SIGKILL);
	assert_int_equal(in_child(use_second, dir, MAP), 0);
}

static void
use_observe(void)
{
	observe = true;
	put(1, "a", "two");
	put(2, "b", "new");
	CHECK(ndone == 2);
	loads("3 a=two;3 b=new;");
}

static void
use_before_observe(void)
{
	put(1, "a", "one");
}

static void
use_after_observe(void)
{
	loads("3 a=one;");
}

static void
test_observe(void **unused)
{
	(void)unused;
	assert_int_equal(in_child(use_before_observe, dir, MAP), 0);
	assert_int_equal(in_child(use_observe, dir, MAP), 0);
	assert_int_equal(in_child(use_after_observe, dir, MAP), 0);
}

static void
use_full(void)
{
	char *big = calloc(1, STATE_VALUE_MAX + 1), key[16];
	unsigned i;

	CHECK(big != NULL);
	memset(big, 'x', STATE_VALUE_MAX);
	for (i = 0; i < 31 && said[0] == '\0'; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put(i, key, big);
	}
	CHECK(i > 3 && i < 31);
	CHECK(strstr(said, "full") != NULL);
	free(big);
	/* What is there can still be deleted, and then there is room. */
	put(90, "k0", NULL);
	put(91, "k1", NULL);
	said[0] = '\0';
	put(92, "small", "value");
	CHECK(said[0] == '\0');
}

static void
test_full(void **unused)
{
	(void)unused;
	said[0] = '\0';
	assert_int_equal(in_child(use_full, dir, 512 * 1024), 0);
}

static void
use_too_much(void)
{
	char *big = calloc(1, STATE_VALUE_MAX + 1), key[16];
	unsigned i;

	CHECK(big != NULL);
	memset(big, 'x', STATE_VALUE_MAX);
	for (i = 0; i < 128; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put(i, key, big);
	}
	free(big);
	CHECK(ndone == 127);
	CHECK(strstr(said, "4 MiB") != NULL);
}

static void
test_too_much(void **unused)
{
	(void)unused;
	said[0] = '\0';
	assert_int_equal(in_child(use_too_much, dir, MAP), 0);
}

static void
use_nothing(void)
{
}

static void
test_in_use(void **unused)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)unused;
	assert_int_equal(pipe(ready), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		alarm(60);
		embedded_open(dir, MAP);
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(in_child(use_nothing, dir, MAP), 1);
	assert_non_null(strstr(said, "in use by another kanatad"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(in_child(use_nothing, dir, MAP), 0);
}

static void
test_no_directory(void **unused)
{
	(void)unused;
	assert_int_equal(in_child(use_nothing, "/nonexistent/kanata", MAP), 1);
	assert_non_null(strstr(said, "/nonexistent/kanata: No such file"));
}

static void
test_unwritable(void **unused)
{
	int out[2], status;
	ssize_t n;
	pid_t pid;

	(void)unused;
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		/* Root may write anywhere. */
		if (geteuid() == 0 && (setgid(65534) == -1 ||
		    setuid(65534) == -1))
			_exit(8);
		embedded_open(dir, MAP);
		_exit(0);
	}
	close(out[1]);
	n = read(out[0], said, sizeof(said) - 1);
	assert_true(n > 0);
	said[n] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(said, "cannot be written"));
}

static void
use_fill(void)
{
	char value[3000], key[16];
	unsigned i;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "k%02u", i);
		put(i, key, value);
	}
	CHECK(ndone == 60);
}

static void
damaged(const char *file)
{
	assert_int_equal(in_child(use_nothing, dir, MAP), 1);
	if (strstr(said, "is damaged") == NULL || strstr(said, file) == NULL)
		fail_msg("%s", said);
}

static void
test_damaged(void **unused)
{
	char path[128], junk[4096];
	off_t size, at;
	int fd;

	(void)unused;
	assert_int_equal(in_child(use_fill, dir, MAP), 0);
	assert_int_equal(in_child(use_nothing, dir, MAP), 0);
	path_of(path, sizeof(path), "kanata.mdb");
	assert_int_not_equal(fd = open(path, O_RDWR), -1);
	size = lseek(fd, 0, SEEK_END);
	/* Scribbled over, behind the two pages that say where all is. */
	memset(junk, 0xa5, sizeof(junk));
	for (at = 2 * (off_t)sizeof(junk); at < size; at += sizeof(junk))
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at),
		    sizeof(junk));
	damaged(path);
	/* Cut off. */
	assert_int_equal(ftruncate(fd, 2 * sizeof(junk)), 0);
	damaged(path);
	assert_int_equal(ftruncate(fd, 100), 0);
	damaged(path);
	/* Something else. */
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	damaged(path);
	close(fd);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_keeps),
		T(test_observe),
		T(test_full),
		T(test_too_much),
		T(test_in_use),
		T(test_no_directory),
		T(test_unwritable),
		T(test_damaged),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
