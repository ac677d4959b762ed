/*
 * The real kanata-runner: what to run goes in, what is printed comes out of a pipe,
 * and how it ended in a message.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <cmocka.h>

#include "../../common/message_io.h"
#include "../../common/plugin.h"
#include "child.h"

#define CLUSTER		7

static int
memory_file(const void *bytes, size_t len)
{
	int	 fd = memfd_create("plugin", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	return (fd);
}

static void
send_bytes(struct child *c, const void *bytes, size_t len)
{
	struct message_out	*m = message_new(MSG_RUN_PLUGIN, 0);
	int			 fd = memory_file(bytes, len);

	message_put_u(m, CLUSTER);
	message_put_s(m, "prod");
	child_send(c, m, fd);
	close(fd);
}

/* The end of the pipe that what it prints comes from. */
static int
start(struct child *c)
{
	struct message_out	*m = message_new(MSG_RUN_START, 0);
	int			 fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	message_put_u(m, CLUSTER);
	child_send(c, m, fd[1]);
	close(fd[1]);
	return (fd[0]);
}

/* sh -c script, with the arguments given to plugin_add_arg after it. */
static struct plugin *
shell(const char *script)
{
	struct plugin	*p = plugin_new();

	plugin_add_arg(p, "sh");
	plugin_add_arg(p, "-c");
	plugin_add_arg(p, script);
	plugin_set(&p->info_head, "{}");
	return (p);
}

static int
run(struct child *c, struct plugin *p)
{
	char		*bytes;
	size_t		 len;

	assert_non_null(bytes = plugin_pack(p, &len));
	send_bytes(c, bytes, len);
	freezero(bytes, PLUGIN_BYTES_MAX);
	plugin_free(p);
	return (start(c));
}

/* All that comes out, until nobody can write any more. */
static void
expect_output(int fd, const char *text)
{
	static char	 buf[65536];
	size_t		 used = 0;
	ssize_t		 n;

	do {
		wait_readable(fd, CHILD_PATIENCE);
		n = read(fd, buf + used, sizeof(buf) - 1 - used);
		assert_true(n >= 0);
		used += (size_t)n;
	} while (n > 0);
	close(fd);
	buf[used] = '\0';
	assert_string_equal(buf, text);
}

static void
expect_ended(struct child *c, const char *text)
{
	struct message	*m = child_receive(c, MSG_RUN_ENDED);
	const char	*got;
	bool		 ok;

	assert_int_equal(message_get_u(m), CLUSTER);
	ok = message_get_b(m);
	got = message_get_s(m);
	if (strstr(got, text) == NULL || ok != (text[0] == '\0'))
		fail_msg("ok %d, \"%s\" instead of \"%s\"", ok, got, text);
}

static void
test_output(void **state)
{
	struct child	 c;
	struct plugin	*p;
	int		 fd;

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	fd = run(&c, shell("echo out; echo err >&2; cat"));
	expect_output(fd, "out\n");
	child_expect_log(&c, "prod: exec plugin: err");
	expect_ended(&c, "");
	/* Once more; what the kubeconfig says beats the environment. */
	p = shell("echo \"$A,$KANATA_TEST,$KUBERNETES_EXEC_INFO\"");
	plugin_add_env(p, "A", "b=c d");
	plugin_add_env(p, "KANATA_TEST", "new");
	plugin_set(&p->info_head, "{\"x\":");
	plugin_set(&p->info_tail, "}");
	expect_output(run(&c, p), "b=c d,new,{\"x\":}\n");
	expect_ended(&c, "");
	assert_int_equal(child_stop(&c), 0);
}

/* Which of signals 32 and 33 are ignored here: the C library keeps them for itself
 * and lets nobody change that, so they are inherited. */
static unsigned long long
reserved_ignored(void)
{
	unsigned long long mask = 0;
	char line[128];
	FILE *f;

	assert_non_null(f = fopen("/proc/self/status", "r"));
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "SigIgn: %llx", &mask) == 1)
			break;
	fclose(f);
	return (mask & 3ULL << 31);
}

/* Its signals, its descriptors, its group: as if someone had just logged in. */
static void
test_clean(void **state)
{
	struct child	 c;
	char		 expected[256];

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	expect_output(run(&c, shell("ls /proc/self/fd | tr '\\n' ' '")),
	    "0 1 2 3 ");
	expect_ended(&c, "");
	snprintf(expected, sizeof(expected), "/dev/null\n"
	    "SigBlk:\t0000000000000000\nSigIgn:\t%016llx\n"
	    "NoNewPrivs:\t1\nSeccomp:\t0\n", reserved_ignored());
	expect_output(run(&c, shell("readlink /proc/self/fd/0; "
	    "grep -E '^(SigIgn|SigBlk|NoNewPrivs|Seccomp):' "
	    "/proc/self/status")), expected);
	expect_ended(&c, "");
	assert_int_equal(child_stop(&c), 0);
}

static void
test_ca_file(void **state)
{
	static const struct { const char *text, *base64; } rows[] = {
		{ "a", "YQ==" }, { "ab", "YWI=" }, { "abc", "YWJj" },
		{ "abc\xff?>\n", "YWJj/z8+" },
	};
	char		 path[] = "/tmp/kanata-runner-XXXXXX", text[64];
	struct child	 c;
	struct plugin	*p;
	size_t		 i;
	char		*large;
	int		 fd;

	(void)state;
	assert_int_not_equal(fd = mkstemp(path), -1);
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text,
		    strlen(rows[i].text), 0), strlen(rows[i].text));
		p = shell("echo \"$KUBERNETES_EXEC_INFO\"");
		plugin_set(&p->info_head, "<");
		plugin_set(&p->ca_file, path);
		plugin_set(&p->info_tail, ">");
		snprintf(text, sizeof(text), "<%s>\n", rows[i].base64);
		expect_output(run(&c, p), text);
		expect_ended(&c, "");
	}
	/* More than an environment can have. */
	assert_non_null(large = calloc(1, 100 * 1024));
	memset(large, 'x', 100 * 1024);
	assert_int_equal(pwrite(fd, large, 100 * 1024, 0), 100 * 1024);
	free(large);
	p = shell("echo");
	plugin_set(&p->ca_file, path);
	expect_output(run(&c, p), "");
	expect_ended(&c, "longer than an environment");
	unlink(path);
	p = shell("echo");
	plugin_set(&p->ca_file, path);
	expect_output(run(&c, p), "");
	expect_ended(&c, "No such file");
	close(fd);
	assert_int_equal(child_stop(&c), 0);
}

static void
test_bad_commands(void **state)
{
	struct child	 c;
	struct plugin	*p;

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	p = plugin_new();
	plugin_add_arg(p, "kanata-no-such-program");
	plugin_set(&p->hint, "First do this.\nThen \033[31mthat.\n");
	expect_output(run(&c, p), "");
	child_expect_log(&c, "prod: First do this.");
	child_expect_log(&c, "prod: Then \\033[31mthat.");
	expect_ended(&c, "the exec plugin kanata-no-such-program is not in "
	    "PATH (");
	p = plugin_new();
	plugin_add_arg(p, "/etc/passwd");
	expect_output(run(&c, p), "");
	expect_ended(&c, "/etc/passwd: Permission denied");
	p = plugin_new();
	plugin_add_arg(p, "/etc/");
	expect_output(run(&c, p), "");
	expect_ended(&c, "/etc/: Permission denied");
	expect_output(run(&c, shell("echo x; exit 3")), "x\n");
	expect_ended(&c, "exit status 3");
	expect_output(run(&c, shell("kill -9 $$")), "");
	expect_ended(&c, "SIGKILL");
	/* Of a parser that has gone wrong. */
	send_bytes(&c, "nonsense", 8);
	expect_output(start(&c), "");
	child_expect_log(&c, "prod: what to run makes no sense");
	expect_ended(&c, "there is nothing to run");
	assert_int_equal(child_stop(&c), 0);
}

static void
test_much_is_said(void **state)
{
	struct child	 c;

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	expect_output(run(&c, shell("i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); "
	    "echo line $i of many that are more than a pipe can hold >&2; done; "
	    "echo done")), "done\n");
	expect_ended(&c, "");
	child_expect_log(&c, "line 50 of");
	child_expect_log(&c, "and more, which is left out");
	assert_null(strstr(c.text, "line 51 of"));
	assert_int_equal(child_stop(&c), 0);
}

/* It does not end, nor does what it has started: all are killed. */
static void
test_out_of_time(void **state)
{
	static const char *const args[] = { "-t", "1", NULL };
	uint64_t	 began = ticks();
	struct child	 c;

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", args);
	expect_output(run(&c, shell("trap '' TERM INT HUP; sleep 1000 & "
	    "echo x; sleep 1000")), "x\n");
	expect_ended(&c, "has not ended within 1 s: killed");
	assert_in_range(ticks() - began, 1000, 10000);
	/* It ends, and leaves something behind that holds the pipe. */
	expect_output(run(&c, shell("sleep 1000 & echo y")), "y\n");
	expect_ended(&c, "");
	assert_int_equal(child_stop(&c), 0);
}

/* The parent stops it, or it dies: the plugin goes, too. */
static void
test_end(void **state)
{
	struct child	 c;
	int		 fd, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
		fd = run(&c, shell("echo ready >&2; exec sleep 1000"));
		child_expect_log(&c, "exec plugin: ready");
		if (i == 1)
			kill(c.pid, SIGKILL);
		assert_int_equal(child_stop(&c), i == 0 ? 0 : 128 + SIGKILL);
		expect_output(fd, "");
	}
}

/* What one cluster waits for does not stop another. */
static void
test_two_at_once(void **state)
{
	struct message_out	*m;
	struct child		 c;
	struct message		*in;
	struct plugin		*p;
	char			*bytes;
	size_t			 len;
	int			 slow, quick[2], file;

	(void)state;
	child_start(&c, ROLE_RUNNER, "kanata-runner", NULL);
	slow = run(&c, shell("exec sleep 1000"));
	p = shell("echo quick");
	assert_non_null(bytes = plugin_pack(p, &len));
	file = memory_file(bytes, len);
	freezero(bytes, PLUGIN_BYTES_MAX);
	plugin_free(p);
	m = message_new(MSG_RUN_PLUGIN, 0);
	message_put_u(m, CLUSTER + 1);
	message_put_s(m, "other");
	child_send(&c, m, file);
	close(file);
	assert_int_equal(pipe2(quick, O_CLOEXEC), 0);
	m = message_new(MSG_RUN_START, 0);
	message_put_u(m, CLUSTER + 1);
	child_send(&c, m, quick[1]);
	close(quick[1]);
	expect_output(quick[0], "quick\n");
	in = child_receive(&c, MSG_RUN_ENDED);
	assert_int_equal(message_get_u(in), CLUSTER + 1);
	/* But each cluster has one at a time: the parent is wrong. */
	m = message_new(MSG_RUN_START, 0);
	message_put_u(m, CLUSTER);
	child_send(&c, m, slow);
	child_expect_log(&c, "it runs already");
	assert_int_equal(child_wait(&c), 1);
	close(slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_ca_file),
		cmocka_unit_test(test_bad_commands),
		cmocka_unit_test(test_much_is_said),
		cmocka_unit_test(test_out_of_time),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_two_at_once),
	};

	setenv("KANATA_TEST", "old", 1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
