#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"

/* linux/landlock.h of Debian 12 ends at ABI 3; these are the kernel's values. */
struct ruleset {
	uint64_t	handled_access_fs;
	uint64_t	handled_access_net;
	uint64_t	scoped;
};
struct path_beneath {
	uint64_t	allowed_access;
	int32_t		parent_fd;
} __attribute__((packed));

#define RULE_PATH_BENEATH	1
#define FS_EXECUTE		(1ULL << 0)
#define FS_WRITE_FILE		(1ULL << 1)
#define FS_READ_FILE		(1ULL << 2)
#define FS_READ_DIR		(1ULL << 3)
#define FS_REMOVE_FILE		(1ULL << 5)
#define FS_MAKE_REG		(1ULL << 8)
#define FS_MAKE_SOCK		(1ULL << 9)
#define FS_TRUNCATE		(1ULL << 14)
#define NET_BIND_TCP		(1ULL << 0)
#define NET_CONNECT_TCP		(1ULL << 1)
#define SCOPE_ALL		3ULL	/* abstract Unix sockets, signals */

/* Every file system right that the ABI knows. */
static uint64_t
known_fs(int abi)
{
	static const uint64_t by_abi[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff };

	return (abi < 5 ? by_abi[abi] : 0xffff);
}

static void
allow_path(int ruleset, const char *path, uint64_t access, int abi)
{
	struct path_beneath rule = { .allowed_access = access & known_fs(abi) };
	struct stat st;

	if (path == NULL)
		return;
	if ((rule.parent_fd = open(path, O_PATH | O_CLOEXEC)) == -1) {
		if (errno != ENOENT)
			log_warn("landlock: %s", path);
		return;
	}
	/* A file takes no rights of a directory. */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_EXECUTE | FS_WRITE_FILE |
		    FS_READ_FILE | FS_TRUNCATE;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
	    0) == -1)
		fatal("landlock rule for %s", path);
	close(rule.parent_fd);
}

static void
allow_parent(int ruleset, const struct cage_paths *paths, int abi)
{
	const uint64_t read = FS_READ_FILE | FS_READ_DIR;

	/* Config and secret files may be anywhere; whether it may read them is
	 * for their modes to say. */
	allow_path(ruleset, "/", read, abi);
	allow_path(ruleset, "/dev/null", read | FS_WRITE_FILE, abi);
	allow_path(ruleset, paths->libexec_dir, read | FS_EXECUTE, abi);
	/* The dynamic linker. */
	allow_path(ruleset, "/lib", read | FS_EXECUTE, abi);
	allow_path(ruleset, "/lib64", read | FS_EXECUTE, abi);
	allow_path(ruleset, "/usr/lib", read | FS_EXECUTE, abi);
	allow_path(ruleset, paths->state_dir, read | FS_WRITE_FILE |
	    FS_MAKE_REG | FS_REMOVE_FILE | FS_TRUNCATE, abi);
	allow_path(ruleset, paths->run_dir, read | FS_MAKE_SOCK |
	    FS_REMOVE_FILE, abi);
}

int
landlock_close(enum role role, const struct cage_paths *paths)
{
	struct ruleset attr = { 0 };
	int abi, ruleset;

	/* Flag 1 asks for the version. */
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	if (abi <= 0)
		return (0);
	attr.handled_access_fs = known_fs(abi);
	if (abi >= 4 && role != ROLE_PARENT)
		attr.handled_access_net = role == ROLE_DIALER ? 0 :
		    NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		attr.scoped = SCOPE_ALL;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr,
	    abi >= 6 ? sizeof(attr) : abi >= 4 ? 16 : 8, 0);
	if (ruleset == -1)
		fatal("landlock cannot be set up");
	if (role == ROLE_PARENT)
		allow_parent(ruleset, paths, abi);
#ifdef CAGE_SANITIZER
	allow_path(ruleset, "/", FS_READ_FILE | FS_READ_DIR | FS_EXECUTE, abi);
#endif
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		fatal("landlock cannot be switched on");
	close(ruleset);
	return (abi);
}
