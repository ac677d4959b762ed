/*
 * All cages in one place.  A worker is close to pure computation: it reads and
 * writes descriptors that it was given and asks for memory; whatever else it
 * tries kills it.
 *
 * The parent's filter is inherited by the workers that it executes, and a filter
 * can only be narrowed, so the parent may call what any worker may and what it
 * takes to start one.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cage.h"
#include "landlock.h"
#include "log.h"

enum filter {
	ALLOW,
	SOFT,			/* EACCES: libc asks, and does without */
	CONNECTED,		/* EINPROGRESS, see below */
	NO_EXEC,		/* argument 2 without PROT_EXEC */
	NO_ADDRESS,		/* argument 4 is NULL: on a connected socket */
	FLAGS_ONLY,		/* fcntl: F_GETFL, F_SETFL, F_GETFD, F_SETFD */
	SEALS,			/* fcntl: F_ADD_SEALS as well */
	TCP_OPTION,		/* setsockopt at IPPROTO_TCP */
	DIAL_OPTION,		/* setsockopt at IPPROTO_TCP, SO_KEEPALIVE,
				 * SO_REUSEADDR and SO_REUSEPORT */
	UNREAD,			/* ioctl FIONREAD */
	INET_SOCKET,		/* socket AF_INET or AF_INET6 */
	OWN_THREAD		/* tgkill: argument 0 is this process */
};

struct rule {
	int		nr;
	enum filter	filter;
};

#define RULE(name, filter)	{ SCMP_SYS(name), filter }
#define END			{ -1, ALLOW }

/* Every worker and the parser. */
static const struct rule base[] = {
	RULE(read, ALLOW), RULE(write, ALLOW), RULE(writev, ALLOW),
	RULE(pread64, ALLOW), RULE(close, ALLOW),
	RULE(recvmsg, ALLOW), RULE(sendmsg, ALLOW),
	RULE(brk, ALLOW), RULE(munmap, ALLOW), RULE(mremap, ALLOW),
	RULE(madvise, ALLOW), RULE(mmap, NO_EXEC), RULE(mprotect, NO_EXEC),
	RULE(futex, ALLOW), RULE(getrandom, ALLOW),
	RULE(clock_gettime, ALLOW), RULE(gettimeofday, ALLOW),
	RULE(time, ALLOW), RULE(exit, ALLOW), RULE(exit_group, ALLOW),
	RULE(rt_sigreturn, ALLOW), RULE(rt_sigprocmask, ALLOW),
	RULE(restart_syscall, ALLOW), RULE(getpid, ALLOW),
	RULE(gettid, ALLOW), RULE(tgkill, OWN_THREAD),
	/* abort(3) resets SIGABRT's action. */
	RULE(rt_sigaction, ALLOW),
	RULE(openat, SOFT), RULE(open, SOFT), RULE(access, SOFT),
	RULE(readlink, SOFT),
	/* qsort(3) asks how much memory there is. */
	RULE(sysinfo, SOFT),
	END
};

/* What runs libevent. */
static const struct rule event_loop[] = {
	RULE(epoll_ctl, ALLOW), RULE(epoll_wait, ALLOW),
	RULE(epoll_pwait, ALLOW), RULE(poll, ALLOW), RULE(ppoll, ALLOW),
	END
};

/* libcurl and OpenSSL on connected descriptors. */
static const struct rule http[] = {
	RULE(recvfrom, ALLOW), RULE(sendto, NO_ADDRESS),
	RULE(getsockname, ALLOW), RULE(getpeername, ALLOW),
	RULE(getsockopt, ALLOW), RULE(setsockopt, TCP_OPTION),
	RULE(shutdown, ALLOW), RULE(fcntl, FLAGS_ONLY),
	RULE(newfstatat, SOFT), RULE(fstat, SOFT),
	/* libcurl 7.88 calls connect() on a descriptor that it was told is
	 * connected (curl#10626), and goes on when it hears "in progress". */
	RULE(connect, CONNECTED),
	END
};

/* LMDB on descriptors that were opened before. */
static const struct rule database[] = {
	RULE(pwrite64, ALLOW), RULE(pwritev, ALLOW), RULE(lseek, ALLOW),
	RULE(fdatasync, ALLOW), RULE(fsync, ALLOW), RULE(msync, ALLOW),
	END
};

static const struct rule dialing[] = {
	RULE(socket, INET_SOCKET), RULE(connect, ALLOW),
	/* For web.  It accepts nothing itself. */
	RULE(bind, ALLOW), RULE(listen, ALLOW),
	RULE(getsockopt, ALLOW), RULE(setsockopt, DIAL_OPTION),
	RULE(getsockname, ALLOW), RULE(getpeername, ALLOW),
	RULE(sendto, ALLOW), RULE(recvfrom, ALLOW),
	/* To see that the resolver files have changed. */
	RULE(newfstatat, ALLOW), RULE(stat, ALLOW), RULE(fstat, ALLOW),
	END
};

/* libevent and OpenSSL on a listening descriptor and what is accepted there. */
static const struct rule serving[] = {
	RULE(accept4, ALLOW), RULE(readv, ALLOW), RULE(recvfrom, ALLOW),
	RULE(sendto, NO_ADDRESS), RULE(shutdown, ALLOW),
	RULE(ioctl, UNREAD), RULE(fcntl, FLAGS_ONLY),
	RULE(newfstatat, SOFT), RULE(fstat, SOFT),
	/* getnameinfo(3) asks for the name of the interface of a client with a
	 * link-local address. */
	RULE(socket, SOFT),
	END
};

static const struct rule parsing[] = {
	RULE(poll, ALLOW), RULE(memfd_create, ALLOW), RULE(fcntl, SEALS),
	RULE(newfstatat, ALLOW), RULE(fstat, ALLOW),
	END
};

static const struct rule replaying[] = {
	RULE(poll, ALLOW), RULE(fcntl, FLAGS_ONLY),
	RULE(newfstatat, SOFT), RULE(fstat, SOFT),
	END
};

/* The parent: files, processes, the control socket, and what it takes to start
 * and cage a worker. */
static const struct rule supervising[] = {
	RULE(read, ALLOW), RULE(write, ALLOW), RULE(readv, ALLOW),
	RULE(writev, ALLOW), RULE(pread64, ALLOW), RULE(pwrite64, ALLOW),
	RULE(pwritev, ALLOW), RULE(lseek, ALLOW), RULE(close, ALLOW),
	RULE(close_range, ALLOW), RULE(open, ALLOW), RULE(openat, ALLOW),
	RULE(access, ALLOW), RULE(faccessat, ALLOW), RULE(faccessat2, ALLOW),
	RULE(stat, ALLOW), RULE(lstat, ALLOW), RULE(fstat, ALLOW),
	RULE(newfstatat, ALLOW), RULE(statx, ALLOW), RULE(statfs, ALLOW),
	RULE(fstatfs, ALLOW),
	RULE(readlink, ALLOW), RULE(readlinkat, ALLOW), RULE(getcwd, ALLOW),
	RULE(getdents64, ALLOW), RULE(unlink, ALLOW), RULE(unlinkat, ALLOW),
	RULE(mkdir, ALLOW), RULE(chmod, ALLOW), RULE(fchmod, ALLOW),
	RULE(fchmodat, ALLOW), RULE(chown, ALLOW), RULE(fchown, ALLOW),
	RULE(fchownat, ALLOW), RULE(umask, ALLOW), RULE(flock, ALLOW),
	RULE(ftruncate, ALLOW), RULE(fallocate, ALLOW), RULE(fsync, ALLOW),
	RULE(fdatasync, ALLOW), RULE(msync, ALLOW), RULE(fcntl, ALLOW),
	RULE(ioctl, ALLOW), RULE(dup, ALLOW), RULE(dup2, ALLOW),
	RULE(dup3, ALLOW), RULE(pipe, ALLOW), RULE(pipe2, ALLOW),
	RULE(eventfd2, ALLOW), RULE(memfd_create, ALLOW),
	RULE(epoll_create1, ALLOW), RULE(epoll_create, ALLOW),
	RULE(epoll_ctl, ALLOW), RULE(epoll_wait, ALLOW),
	RULE(epoll_pwait, ALLOW), RULE(poll, ALLOW), RULE(ppoll, ALLOW),
	RULE(select, ALLOW), RULE(pselect6, ALLOW), RULE(timerfd_create, ALLOW),
	RULE(timerfd_settime, ALLOW),
	RULE(socket, ALLOW), RULE(socketpair, ALLOW), RULE(bind, ALLOW),
	RULE(listen, ALLOW), RULE(accept, ALLOW), RULE(accept4, ALLOW),
	RULE(connect, ALLOW), RULE(shutdown, ALLOW), RULE(getsockname, ALLOW),
	RULE(getpeername, ALLOW), RULE(getsockopt, ALLOW),
	RULE(setsockopt, ALLOW), RULE(sendto, ALLOW), RULE(recvfrom, ALLOW),
	RULE(sendmsg, ALLOW), RULE(recvmsg, ALLOW), RULE(sendmmsg, ALLOW),
	RULE(recvmmsg, ALLOW),
	RULE(brk, ALLOW), RULE(mmap, ALLOW), RULE(munmap, ALLOW),
	RULE(mremap, ALLOW), RULE(mprotect, ALLOW), RULE(madvise, ALLOW),
	RULE(execve, ALLOW), RULE(fork, ALLOW), RULE(vfork, ALLOW),
	RULE(clone, ALLOW), RULE(clone3, ALLOW), RULE(wait4, ALLOW),
	RULE(waitid, ALLOW), RULE(kill, ALLOW), RULE(tgkill, ALLOW),
	RULE(exit, ALLOW), RULE(exit_group, ALLOW), RULE(arch_prctl, ALLOW),
	RULE(set_tid_address, ALLOW), RULE(set_robust_list, ALLOW),
	RULE(rseq, ALLOW), RULE(futex, ALLOW), RULE(prctl, ALLOW),
	RULE(seccomp, ALLOW), RULE(landlock_create_ruleset, ALLOW),
	RULE(landlock_add_rule, ALLOW), RULE(landlock_restrict_self, ALLOW),
	RULE(prlimit64, ALLOW), RULE(getrlimit, ALLOW), RULE(setrlimit, ALLOW),
	RULE(getpid, ALLOW), RULE(getppid, ALLOW), RULE(gettid, ALLOW),
	RULE(getuid, ALLOW), RULE(geteuid, ALLOW), RULE(getgid, ALLOW),
	RULE(getegid, ALLOW), RULE(getgroups, ALLOW), RULE(setsid, ALLOW),
	RULE(getpgrp, ALLOW), RULE(setpgid, ALLOW), RULE(getrandom, ALLOW),
	RULE(clock_gettime, ALLOW), RULE(clock_getres, ALLOW),
	RULE(clock_nanosleep, ALLOW), RULE(nanosleep, ALLOW),
	RULE(gettimeofday, ALLOW), RULE(time, ALLOW), RULE(uname, ALLOW),
	RULE(sysinfo, ALLOW), RULE(getrusage, ALLOW), RULE(sched_yield, ALLOW),
	RULE(sched_getaffinity, ALLOW), RULE(sigaltstack, ALLOW),
	RULE(rt_sigaction, ALLOW), RULE(rt_sigprocmask, ALLOW),
	RULE(rt_sigreturn, ALLOW), RULE(rt_sigsuspend, ALLOW),
	RULE(rt_sigpending, ALLOW), RULE(restart_syscall, ALLOW),
	/* The store reads its database in a child first, with a time limit. */
	RULE(alarm, ALLOW),
	END
};

struct cage {
	const struct rule	*rules[4];
	rlim_t			 file_size;	/* bytes it may write to a file */
	rlim_t			 files;		/* descriptors */
};

static const struct cage cages[ROLE_MAX] = {
	[ROLE_PARENT]	= { { supervising }, RLIM_INFINITY, 4096 },
	[ROLE_PARSER]	= { { base, parsing }, 4 << 20, 64 },
	[ROLE_DIALER]	= { { base, event_loop, dialing }, 0, 1024 },
	[ROLE_WATCHER]	= { { base, event_loop, http }, 0, 1024 },
	[ROLE_NOTIFIER]	= { { base, event_loop, http }, 0, 256 },
	[ROLE_STORE]	= { { base, event_loop, http, database }, 256 << 20, 256 },
	[ROLE_WEB]	= { { base, event_loop, serving }, 0, 1024 },
	[ROLE_REPLAY]	= { { base, replaying }, 0, 64 },
};

static void
add(scmp_filter_ctx ctx, uint32_t action, int nr, unsigned count,
    const struct scmp_arg_cmp *args)
{
	int rc;

	if ((rc = seccomp_rule_add_array(ctx, action, nr, count, args)) != 0) {
		errno = -rc;
		fatal("seccomp rule for system call %d", nr);
	}
}

/* fcntl, setsockopt, socket: one rule for each value that the argument may have. */
static void
add_values(scmp_filter_ctx ctx, int nr, unsigned arg, const int *value,
    size_t count)
{
	struct scmp_arg_cmp cmp;
	size_t i;

	for (i = 0; i < count; i++) {
		cmp = SCMP_CMP32(arg, SCMP_CMP_EQ, (uint32_t)value[i]);
		add(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);
	}
}

#define VALUES(...)	(const int[]){ __VA_ARGS__ },	\
			sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)
#define FCNTL_FLAGS	F_GETFL, F_SETFL, F_GETFD, F_SETFD

static void
add_rule(scmp_filter_ctx ctx, const struct rule *rule)
{
	struct scmp_arg_cmp cmp, both[2];
	int nr = rule->nr;

	switch (rule->filter) {
	case ALLOW:
		add(ctx, SCMP_ACT_ALLOW, nr, 0, NULL);
		break;
	case SOFT:
#ifndef CAGE_SANITIZER
		add(ctx, SCMP_ACT_ERRNO(EACCES), nr, 0, NULL);
#endif
		break;
	case CONNECTED:
		add(ctx, SCMP_ACT_ERRNO(EINPROGRESS), nr, 0, NULL);
		break;
	case NO_EXEC:
		cmp = SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
		add(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);
		break;
	case NO_ADDRESS:
		cmp = SCMP_CMP64(4, SCMP_CMP_EQ, 0);
		add(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);
		break;
	case FLAGS_ONLY:
		add_values(ctx, nr, 1, VALUES(FCNTL_FLAGS));
		break;
	case SEALS:
		add_values(ctx, nr, 1, VALUES(FCNTL_FLAGS, F_ADD_SEALS));
		break;
	case TCP_OPTION:
		add_values(ctx, nr, 1, VALUES(IPPROTO_TCP));
		break;
	case DIAL_OPTION:
		add_values(ctx, nr, 1, VALUES(IPPROTO_TCP));
		both[0] = SCMP_CMP32(1, SCMP_CMP_EQ, SOL_SOCKET);
		both[1] = SCMP_CMP32(2, SCMP_CMP_EQ, SO_KEEPALIVE);
		add(ctx, SCMP_ACT_ALLOW, nr, 2, both);
		both[1] = SCMP_CMP32(2, SCMP_CMP_EQ, SO_REUSEADDR);
		add(ctx, SCMP_ACT_ALLOW, nr, 2, both);
		both[1] = SCMP_CMP32(2, SCMP_CMP_EQ, SO_REUSEPORT);
		add(ctx, SCMP_ACT_ALLOW, nr, 2, both);
		break;
	case UNREAD:
		add_values(ctx, nr, 1, VALUES(FIONREAD));
		break;
	case INET_SOCKET:
		add_values(ctx, nr, 0, VALUES(AF_INET, AF_INET6));
		break;
	case OWN_THREAD:
		add_values(ctx, nr, 0, VALUES(getpid()));
		break;
	}
}

/*
 * A conditional and an unconditional rule for one call would be no filter at all:
 * a call stands in the lists of a role once.
 */
static void
check_once(enum role role, const struct rule *rule)
{
	const struct rule *const *list = cages[role].rules, *other;
	unsigned i, count = 0;

	for (i = 0; i < 4 && list[i] != NULL; i++)
		for (other = list[i]; other->nr != -1; other++)
			count += other->nr == rule->nr;
	if (count != 1)
		fatalx("cage of %s: system call %d stands in it %u times",
		    role_name(role), rule->nr, count);
}

static void
close_seccomp(enum role role)
{
#ifdef CAGE_SANITIZER
	/* The sanitizers call what they like; never in a release build. */
	const uint32_t other = SCMP_ACT_ALLOW;
#else
	const uint32_t other = SCMP_ACT_KILL_PROCESS;
#endif
	const struct rule *const *list = cages[role].rules, *rule;
	scmp_filter_ctx ctx;
	unsigned i;
	int rc;

	if ((ctx = seccomp_init(other)) == NULL)
		fatalx("seccomp cannot be set up");
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (i = 0; i < 4 && list[i] != NULL; i++)
		for (rule = list[i]; rule->nr != -1; rule++) {
			check_once(role, rule);
			/* libseccomp refuses rules that say what is the default */
			if (other == SCMP_ACT_ALLOW && rule->filter != CONNECTED)
				continue;
			/* A call that this architecture does not have. */
			if (rule->nr < 0)
				continue;
			add_rule(ctx, rule);
		}
	if ((rc = seccomp_load(ctx)) != 0) {
		errno = -rc;
		fatal("seccomp cannot be switched on");
	}
	seccomp_release(ctx);
}

static void
limit(int resource, rlim_t max)
{
	struct rlimit rl;

	if (getrlimit(resource, &rl) == -1)
		fatal("getrlimit");
	if (max > rl.rlim_max)
		max = rl.rlim_max;
	rl.rlim_cur = rl.rlim_max = max;
	if (setrlimit(resource, &rl) == -1)
		fatal("setrlimit");
}

void
cage_start(enum role role)
{
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		fatal("prctl PR_SET_DUMPABLE");
	limit(RLIMIT_CORE, 0);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
		fatal("close_range");
	if (role == ROLE_PARENT || role == ROLE_CTL)
		return;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		fatal("prctl PR_SET_PDEATHSIG");
	/* The parent has chosen what the runner hands on to what it runs. */
	if (role != ROLE_RUNNER)
		clearenv();
	/* A terminal's signals are for the parent. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int
cage_close(enum role role, const struct cage_paths *paths)
{
	int abi;

	/* It runs what others have written, and that may call anything. */
	if (role == ROLE_RUNNER) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
			fatal("prctl PR_SET_NO_NEW_PRIVS");
		return (0);
	}
	limit(RLIMIT_FSIZE, cages[role].file_size);
	limit(RLIMIT_NOFILE, cages[role].files);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("prctl PR_SET_NO_NEW_PRIVS");
	abi = landlock_close(role, paths);
	close_seccomp(role);
	return (abi);
}
