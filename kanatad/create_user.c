/* `kanatad create-user`: a user of the dashboard, added to the file that the
 * configuration names, or given another password there. */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <bsd/unistd.h>

#include "../common/users.h"
#include "kanatad.h"

__attribute__((noreturn, format(printf, 1, 2)))
static void
give_up(const char *fmt, ...)
{
	va_list ap;

	fputs("kanatad: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* A line of the terminal without echo, else of the standard input. */
static void
ask_secret(const char *prompt, char *buf, size_t size)
{
	if (readpassphrase(prompt, buf, size, isatty(STDIN_FILENO) ?
	    RPP_REQUIRE_TTY : RPP_STDIN) == NULL)
		give_up("the password cannot be read");
}

static void
ask_password(char *password)
{
	char again[USERS_PASSWORD_MAX + 2];
	const size_t size = sizeof(again);

	ask_secret("password: ", password, size);
	if (strlen(password) < USERS_PASSWORD_MIN ||
	    strlen(password) > USERS_PASSWORD_MAX)
		give_up("expected a password of %d to %d bytes",
		    USERS_PASSWORD_MIN, USERS_PASSWORD_MAX);
	/* Nobody sees what they type. */
	if (isatty(STDIN_FILENO)) {
		ask_secret("once more: ", again, size);
		if (strcmp(password, again) != 0)
			give_up("the two are not the same");
		explicit_bzero(again, size);
	}
}

static const char *
ask_name(void)
{
	static char name[USERS_NAME_MAX + 2];

	/* The password may follow. */
	setvbuf(stdin, NULL, _IONBF, 0);
	if (isatty(STDIN_FILENO))
		fputs("name: ", stderr);
	if (fgets(name, sizeof(name), stdin) == NULL)
		give_up("no name was given");
	name[strcspn(name, "\n")] = '\0';
	return (name);
}

static void
make_hash(char *hash, size_t size)
{
	char password[USERS_PASSWORD_MAX + 2];
	static struct crypt_data data;
	const char *made;

	ask_password(password);
	/* Salt and cost are chosen by crypt(5). */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, data.setting,
	    sizeof(data.setting)) == NULL)
		give_up("no salt for the password: %s", strerror(errno));
	made = crypt_rn(password, data.setting, &data, sizeof(data));
	explicit_bzero(password, sizeof(password));
	if (made == NULL || !users_is_hash(made))
		give_up("the password cannot be hashed: %s", strerror(errno));
	strlcpy(hash, made, size);
	explicit_bzero(&data, sizeof(data));
}

/* The rows of the others, then that of the user. */
static bool
write_rows(FILE *f, char *rows, const char *name, const char *hash)
{
	char *row, *end;

	fputs("# Written by kanatad create-user.\nusers:\n", f);
	while (rows != NULL && (row = strsep(&rows, "\n")) != NULL) {
		if ((end = strchr(row, ':')) == NULL)
			continue;
		*end = '\0';
		if (strcmp(row, name) != 0)
			fprintf(f, "    - \"%s\": \"%s\"\n", row, end + 1);
	}
	fprintf(f, "    - \"%s\": \"%s\"\n", name, hash);
	return (fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0);
}

/* In place of the old file, at once. */
static void
replace_file(const char *path, char *rows, const char *name, const char *hash)
{
	char temporary[PATH_MAX];
	FILE *f = NULL;
	int fd;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXXXX",
	    path) >= sizeof(temporary))
		give_up("%s: its path is too long", path);
	if ((fd = mkstemp(temporary)) == -1)
		give_up("%s: %s: the user that kanatad runs as must be able "
		    "to write into this directory", dirname(temporary),
		    strerror(errno));
	if ((f = fdopen(fd, "w")) != NULL &&
	    write_rows(f, rows, name, hash) && fclose(f) == 0 &&
	    rename(temporary, path) == 0)
		return;
	fd = errno;
	unlink(temporary);
	give_up("%s: %s", path, strerror(fd));
}

void
create_user(const struct setup *setup)
{
	const struct source *file = &setup->secrets[SECRET_WEB_USERS];
	const char *name = options.user_name, *why;
	char hash[USERS_HASH_MAX + 1], *rows = NULL;
	size_t len = 0;
	int fd;

	if (name == NULL)
		name = ask_name();
	if (!users_is_name(name))
		give_up("expected the name of a user: at most %d letters, "
		    "digits and . _ @ -", USERS_NAME_MAX);
	/* It may be there without any user (ENODATA). */
	if (file->fd != -1 && ((fd = source_open(file, &why)) == -1 ||
	    ((rows = secret_read(fd, &len)) == NULL && errno != ENODATA)))
		give_up("%s: %s", file->path, strerror(errno));
	make_hash(hash, sizeof(hash));
	replace_file(file->path, rows, name, hash);
	freezero(rows, len);
	printf("%s can log in after a reload (kanatactl reload)\n", name);
	exit(fflush(stdout) == 0 ? 0 : 1);
}
