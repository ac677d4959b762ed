/*
 * Each role's cage, each call that it must not make: a child closes the cage, makes
 * the call and must be killed for it, or denied where the design says so.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/cage.h"
#include "../../common/log.h"

#define R(role)	(1U << ROLE_##role)
#define CLIENTS	(R(WATCHER) | R(NOTIFIER) | R(STORE))
#define WORKERS	(CLIENTS | R(DIALER) | R(PARSER) | R(WEB) | R(REPLAY))

static int	 pair[2];		/* a connected socketpair */
static pid_t	 tester;

/* -- the calls ----------------------------------------------------------------- */

static long call_socket_unix(void) { return (socket(AF_UNIX, SOCK_STREAM, 0)); }
static long call_socket_inet(void) { return (socket(AF_INET, SOCK_STREAM, 0)); }
static long call_socket_netlink(void) { return (socket(AF_NETLINK, SOCK_RAW, 0)); }
static long call_socket_packet(void) { return (socket(AF_PACKET, SOCK_RAW, 0)); }
static long call_socketpair(void) { int fd[2]; return (socketpair(AF_UNIX, SOCK_STREAM, 0, fd)); }
static long call_bind(void) { struct sockaddr_in sin = { .sin_family = AF_INET }; return (bind(pair[0], (struct sockaddr *)&sin, sizeof(sin))); }
static long call_listen(void) { return (listen(pair[0], 1)); }
static long call_accept(void) { return (accept4(pair[0], NULL, NULL, 0)); }
static long call_connect(void) { struct sockaddr_in sin = { .sin_family = AF_INET }; return (connect(pair[0], (struct sockaddr *)&sin, sizeof(sin))); }
static long call_sendto_address(void) { struct sockaddr_in sin = { .sin_family = AF_INET }; return (sendto(pair[0], "x", 1, 0, (struct sockaddr *)&sin, sizeof(sin))); }
static long call_setsockopt(void) { int on = 1; return (setsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on))); }
static long call_setsockopt_tcp(void) { int on = 1; return (setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))); }
static long call_setsockopt_share(void) { int on = 1; return (setsockopt(pair[0], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))); }
static long call_setsockopt_mark(void) { int on = 1; return (setsockopt(pair[0], SOL_SOCKET, SO_MARK, &on, sizeof(on))); }
static long call_setsockopt_ip(void) { int on = 1; return (setsockopt(pair[0], IPPROTO_IP, 1, &on, sizeof(on))); }
static long call_fork(void) { return (syscall(SYS_fork)); }
static long call_clone(void) { return (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static long call_clone3(void) { return (syscall(SYS_clone3, NULL, 0)); }
static long call_execve(void) { char *argv[] = { NULL }; return (syscall(SYS_execve, "/bin/true", argv, argv)); }
static long call_execveat(void) { char *argv[] = { NULL }; return (syscall(SYS_execveat, -1, "/bin/true", argv, argv, 0)); }
static long call_ptrace(void) { return (syscall(SYS_ptrace, PTRACE_ATTACH, tester, 0, 0)); }
static long call_readv(void) { return (syscall(SYS_process_vm_readv, tester, NULL, 0, NULL, 0, 0)); }
static long call_writev(void) { return (syscall(SYS_process_vm_writev, tester, NULL, 0, NULL, 0, 0)); }
static long call_pidfd(void) { return (syscall(SYS_pidfd_open, tester, 0)); }
static long call_pidfd_getfd(void) { return (syscall(SYS_pidfd_getfd, 0, 0, 0)); }
static long call_kill(void) { return (syscall(SYS_kill, tester, 0)); }
static long call_tgkill(void) { return (syscall(SYS_tgkill, tester, tester, 0)); }
static long call_kcmp(void) { return (syscall(SYS_kcmp, tester, tester, 0, 0, 0)); }
static long call_creat(void) { return (syscall(SYS_creat, "/tmp/kanata-cage", 0600)); }
static long call_openat2(void) { return (syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0)); }
static long call_unlink(void) { return (syscall(SYS_unlink, "/nonexistent")); }
static long call_unlinkat(void) { return (syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0)); }
static long call_rename(void) { return (syscall(SYS_rename, "/nonexistent", "/nonexistent2")); }
static long call_mkdir(void) { return (syscall(SYS_mkdir, "/no/such/x", 0700)); }
static long call_symlink(void) { return (syscall(SYS_symlink, "x", "/no/such/x")); }
static long call_chmod(void) { return (syscall(SYS_chmod, "/nonexistent", 0700)); }
static long call_truncate(void) { return (syscall(SYS_truncate, "/nonexistent", 0)); }
static long call_getdents(void) { return (syscall(SYS_getdents64, 0, NULL, 0)); }
static long call_chdir(void) { return (syscall(SYS_chdir, "/")); }
static long call_chroot(void) { return (syscall(SYS_chroot, "/")); }
static long call_mount(void) { return (syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)); }
static long call_unshare(void) { return (syscall(SYS_unshare, 0)); }
static long call_setns(void) { return (syscall(SYS_setns, -1, 0)); }
static long call_setuid(void) { return (syscall(SYS_setuid, 0)); }
static long call_prctl(void) { return (syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static long call_seccomp(void) { return (syscall(SYS_seccomp, 0, 0, NULL)); }
static long call_bpf(void) { return (syscall(SYS_bpf, 0, NULL, 0)); }
static long call_perf(void) { return (syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0)); }
static long call_io_uring(void) { return (syscall(SYS_io_uring_setup, 1, NULL)); }
static long call_userfaultfd(void) { return (syscall(SYS_userfaultfd, 0)); }
static long call_keyctl(void) { return (syscall(SYS_keyctl, 0, 0, 0, 0, 0)); }
static long call_memfd(void) { return (syscall(SYS_memfd_create, "x", 0)); }
static long call_dup(void) { return (syscall(SYS_dup, 0)); }
static long call_pipe(void) { int fd[2]; return (syscall(SYS_pipe2, fd, 0)); }
static long call_epoll_create(void) { return (syscall(SYS_epoll_create1, 0)); }
static long call_eventfd(void) { return (syscall(SYS_eventfd2, 0, 0)); }
static long call_inotify(void) { return (syscall(SYS_inotify_init1, 0)); }
static long call_splice(void) { return (syscall(SYS_splice, 0, NULL, 1, NULL, 1, 0)); }
static long call_fcntl_dup(void) { return (fcntl(pair[0], F_DUPFD, 10)); }
static long call_fcntl_own(void) { return (fcntl(pair[0], F_SETOWN, tester)); }
static long call_ioctl(void) { return (syscall(SYS_ioctl, 0, 0x5412, "x")); }	/* TIOCSTI */
static long call_mmap_exec(void) { return ((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }
static long call_mprotect_exec(void) { return (mprotect((void *)((uintptr_t)&tester & ~4095UL), 4096, PROT_READ | PROT_WRITE | PROT_EXEC)); }
static long call_shmget(void) { return (syscall(SYS_shmget, 1, 4096, 0600)); }
static long call_mq_open(void) { return (syscall(SYS_mq_open, "/x", 0, 0, NULL)); }
static long call_personality(void) { return (syscall(SYS_personality, 0xffffffff)); }
static long call_setrlimit(void) { return (syscall(SYS_setrlimit, 0, NULL)); }
static long call_reboot(void) { return (syscall(SYS_reboot, 0, 0, 0, NULL)); }
static long call_uname(void) { return (syscall(SYS_uname, NULL)); }
static long call_pwrite(void) { return (pwrite(pair[0], "x", 1, 0)); }
static long call_fsync(void) { return (fsync(pair[0])); }
static long call_x32(void) { return (syscall(0x40000000 + SYS_getpid)); }
static long call_epoll_ctl(void) { return (syscall(SYS_epoll_ctl, -1, 0, 0, NULL)); }
static long call_open(void) { return (open("/etc/passwd", O_RDONLY)); }
static long call_open_proc(void) { return (open("/proc/self/mem", O_RDONLY)); }
static long call_access(void) { return (access("/etc/passwd", R_OK)); }

/* -- what must come of them ------------------------------------------------------ */

static const struct forbidden {
	const char	*name;
	long		(*call)(void);
	unsigned	 roles;		/* that must not make it */
} killed[] = {
	{ "socket AF_UNIX", call_socket_unix, WORKERS & ~R(WEB) },
	{ "socket AF_INET", call_socket_inet, WORKERS & ~(R(DIALER) | R(WEB)) },
	{ "socket AF_NETLINK", call_socket_netlink, WORKERS & ~R(WEB) },
	{ "socket AF_PACKET", call_socket_packet, WORKERS & ~R(WEB) },
	{ "socketpair", call_socketpair, WORKERS },
	{ "bind", call_bind, WORKERS & ~R(DIALER) },
	{ "listen", call_listen, WORKERS & ~R(DIALER) },
	{ "accept4", call_accept, WORKERS & ~R(WEB) },
	{ "connect", call_connect, R(PARSER) | R(WEB) | R(REPLAY) },
	{ "sendto with address", call_sendto_address, WORKERS & ~R(DIALER) },
	{ "setsockopt SOL_SOCKET", call_setsockopt, WORKERS & ~R(DIALER) },
	{ "setsockopt SO_REUSEPORT", call_setsockopt_share, WORKERS & ~R(DIALER) },
	{ "setsockopt IPPROTO_TCP", call_setsockopt_tcp, R(WEB) },
	{ "setsockopt SO_MARK", call_setsockopt_mark, WORKERS },
	{ "setsockopt IPPROTO_IP", call_setsockopt_ip, WORKERS },
	{ "fork", call_fork, WORKERS },
	{ "clone", call_clone, WORKERS },
	{ "clone3", call_clone3, WORKERS },
	{ "execve", call_execve, WORKERS },
	{ "execveat", call_execveat, WORKERS | R(PARENT) },
	{ "ptrace", call_ptrace, WORKERS | R(PARENT) },
	{ "process_vm_readv", call_readv, WORKERS | R(PARENT) },
	{ "process_vm_writev", call_writev, WORKERS | R(PARENT) },
	{ "pidfd_open", call_pidfd, WORKERS | R(PARENT) },
	{ "pidfd_getfd", call_pidfd_getfd, WORKERS | R(PARENT) },
	{ "kill", call_kill, WORKERS },
	{ "tgkill another", call_tgkill, WORKERS },
	{ "kcmp", call_kcmp, WORKERS | R(PARENT) },
	{ "creat", call_creat, WORKERS },
	{ "openat2", call_openat2, WORKERS | R(PARENT) },
	{ "unlink", call_unlink, WORKERS },
	{ "unlinkat", call_unlinkat, WORKERS },
	{ "rename", call_rename, WORKERS | R(PARENT) },
	{ "mkdir", call_mkdir, WORKERS },
	{ "symlink", call_symlink, WORKERS | R(PARENT) },
	{ "chmod", call_chmod, WORKERS },
	{ "truncate", call_truncate, WORKERS | R(PARENT) },
	{ "getdents64", call_getdents, WORKERS },
	{ "chdir", call_chdir, WORKERS },
	{ "chroot", call_chroot, WORKERS | R(PARENT) },
	{ "mount", call_mount, WORKERS | R(PARENT) },
	{ "unshare", call_unshare, WORKERS | R(PARENT) },
	{ "setns", call_setns, WORKERS | R(PARENT) },
	{ "setuid", call_setuid, WORKERS | R(PARENT) },
	{ "prctl", call_prctl, WORKERS },
	{ "seccomp", call_seccomp, WORKERS },
	{ "bpf", call_bpf, WORKERS | R(PARENT) },
	{ "perf_event_open", call_perf, WORKERS | R(PARENT) },
	{ "io_uring_setup", call_io_uring, WORKERS | R(PARENT) },
	{ "userfaultfd", call_userfaultfd, WORKERS | R(PARENT) },
	{ "keyctl", call_keyctl, WORKERS | R(PARENT) },
	{ "memfd_create", call_memfd, WORKERS & ~R(PARSER) },
	{ "dup", call_dup, WORKERS },
	{ "pipe2", call_pipe, WORKERS },
	{ "epoll_create1", call_epoll_create, WORKERS },
	{ "eventfd2", call_eventfd, WORKERS },
	{ "inotify_init1", call_inotify, WORKERS | R(PARENT) },
	{ "splice", call_splice, WORKERS | R(PARENT) },
	{ "fcntl F_DUPFD", call_fcntl_dup, WORKERS },
	{ "fcntl F_SETOWN", call_fcntl_own, WORKERS },
	{ "ioctl TIOCSTI", call_ioctl, WORKERS },
	{ "mmap PROT_EXEC", call_mmap_exec, WORKERS },
	{ "mprotect PROT_EXEC", call_mprotect_exec, WORKERS },
	{ "shmget", call_shmget, WORKERS | R(PARENT) },
	{ "mq_open", call_mq_open, WORKERS | R(PARENT) },
	{ "personality", call_personality, WORKERS | R(PARENT) },
	{ "setrlimit", call_setrlimit, WORKERS },
	{ "reboot", call_reboot, WORKERS | R(PARENT) },
	{ "uname", call_uname, WORKERS },
	{ "pwrite", call_pwrite, WORKERS & ~R(STORE) },
	{ "fsync", call_fsync, WORKERS & ~R(STORE) },
	{ "a call by the x32 table", call_x32, WORKERS | R(PARENT) },
	{ "epoll_ctl", call_epoll_ctl, R(PARSER) | R(REPLAY) },
};

/* Denied without a kill: libc asks such things harmlessly. */
static const struct {
	struct forbidden f;
	int		 error;
} denied[] = {
	{ { "open", call_open, WORKERS }, EACCES },
	{ { "open /proc/self/mem", call_open_proc, WORKERS }, EACCES },
	{ { "access", call_access, WORKERS }, EACCES },
	{ { "socket AF_UNIX", call_socket_unix, R(WEB) }, EACCES },
	{ { "socket AF_INET", call_socket_inet, R(WEB) }, EACCES },
	{ { "socket AF_NETLINK", call_socket_netlink, R(WEB) }, EACCES },
	{ { "socket AF_PACKET", call_socket_packet, R(WEB) }, EACCES },
	/* What libcurl 7.88 hears when it connects what is connected. */
	{ { "connect", call_connect, CLIENTS }, EINPROGRESS },
};

/* The status of a child that makes the call within its cage. */
static int
run(enum role role, long (*call)(void))
{
	struct cage_paths paths = { .state_dir = "/tmp", .run_dir = "/tmp",
	    .libexec_dir = "/usr/lib" };
	int status;
	pid_t pid;

	switch (pid = fork()) {
	case -1:
		fail_msg("fork");
	case 0:
		signal(SIGSYS, SIG_DFL);
		cage_close(role, &paths);
		errno = 0;
		if (call() == -1)
			_exit(errno < 100 ? errno : errno == EINPROGRESS ? 99 : 100);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (status);
}

static void
test_role(void **state)
{
	const enum role role = *(const enum role *)*state;
	unsigned i, wrong = 0;
	int status, want;

	for (i = 0; i < sizeof(killed) / sizeof(killed[0]); i++) {
		if ((killed[i].roles & 1U << role) == 0)
			continue;
		status = run(role, killed[i].call);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
			print_error("%s may call %s: status %#x\n",
			    role_name(role), killed[i].name, status);
			wrong++;
		}
	}
	for (i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if ((denied[i].f.roles & 1U << role) == 0)
			continue;
		status = run(role, denied[i].f.call);
		want = denied[i].error == EINPROGRESS ? 99 : denied[i].error;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != want) {
			print_error("%s: %s is not denied with %s: status "
			    "%#x\n", role_name(role), denied[i].f.name,
			    strerror(denied[i].error), status);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* A dialer that is taken over: no file, though it may ask for its status. */
static void
test_landlock(void **state)
{
	int abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	(void)state;
	if (abi <= 0)
		skip();
	/* The parent reads everywhere and writes nowhere but where it must. */
	assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, call_open)), 0);
	assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, call_mkdir)), ENOENT);
	assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, call_creat)), 0);
	unlink("/tmp/kanata-cage");
}

static long
write_elsewhere(void)
{
	return (open("/var/tmp/kanata-cage", O_WRONLY | O_CREAT, 0600));
}

static long
execute_elsewhere(void)
{
	char *argv[] = { NULL };

	return (execve("/usr/bin/env", argv, argv));
}

static long
signal_outside(void)
{
	return (kill(tester, 0));
}

static void
test_landlock_of_the_parent(void **state)
{
	int abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	(void)state;
	if (abi <= 0)
		skip();
	assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, write_elsewhere)), EACCES);
	assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, execute_elsewhere)),
	    EACCES);
	if (abi >= 6)
		assert_int_equal(WEXITSTATUS(run(ROLE_PARENT, signal_outside)),
		    EPERM);
}

/* A client with a link-local address: getnameinfo(3) of libevent asks for the name
 * of an interface. */
static long
name_link_local(void)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_scope_id = 1 };
	char name[64], port[8];

	sin6.sin6_addr.s6_addr[0] = 0xfe;
	sin6.sin6_addr.s6_addr[1] = 0x80;
	return (getnameinfo((struct sockaddr *)&sin6, sizeof(sin6), name,
	    sizeof(name), port, sizeof(port), NI_NUMERICHOST |
	    NI_NUMERICSERV) == 0 ? 0 : -1);
}

static void
test_link_local_client(void **state)
{
	(void)state;
	assert_int_equal(run(ROLE_WEB, name_link_local), 0);
}

static long
read_status(void)
{
	char buf[8192], *line;
	ssize_t n;
	int fd;

	/* Opened before, read within. */
	fd = pair[1];
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	if (n <= 0)
		return (-1);
	buf[n] = '\0';
	if ((line = strstr(buf, "\nSeccomp:\t2")) == NULL ||
	    (line = strstr(buf, "\nNoNewPrivs:\t1")) == NULL) {
		errno = EINVAL;
		return (-1);
	}
	return (0);
}

static void
test_flags(void **state)
{
	static const enum role roles[] = { ROLE_PARSER, ROLE_DIALER,
	    ROLE_WATCHER, ROLE_NOTIFIER, ROLE_STORE, ROLE_WEB, ROLE_REPLAY };
	struct cage_paths paths = { 0 };
	unsigned i;
	int status;
	pid_t pid;

	(void)state;
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if ((pid = fork()) == 0) {
			cage_start(roles[i]);
			if (prctl(PR_GET_DUMPABLE) != 0)
				_exit(2);
			if ((pair[1] = open("/proc/self/status", O_RDONLY)) ==
			    -1)
				_exit(3);
			cage_close(roles[i], &paths);
			_exit(read_status() == 0 ? 0 : 4);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int
main(void)
{
	static enum role roles[] = { ROLE_PARENT, ROLE_PARSER, ROLE_DIALER,
	    ROLE_WATCHER, ROLE_NOTIFIER, ROLE_STORE, ROLE_WEB, ROLE_REPLAY };
	const struct CMUnitTest tests[] = {
		{ "parent", test_role, NULL, NULL, &roles[0] },
		{ "parser", test_role, NULL, NULL, &roles[1] },
		{ "dialer", test_role, NULL, NULL, &roles[2] },
		{ "watcher", test_role, NULL, NULL, &roles[3] },
		{ "notifier", test_role, NULL, NULL, &roles[4] },
		{ "store", test_role, NULL, NULL, &roles[5] },
		{ "web", test_role, NULL, NULL, &roles[6] },
		{ "replay", test_role, NULL, NULL, &roles[7] },
		cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_landlock_of_the_parent),
		cmocka_unit_test(test_link_local_client),
		cmocka_unit_test(test_flags),
	};

	tester = getpid();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return (1);
	return (cmocka_run_group_tests_name("cage", tests, NULL, NULL));
}
