#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "../common/conf.h"
#include "../common/log.h"
#include "prepare.h"

#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"
#define EXEC_INFO	"KUBERNETES_EXEC_INFO"
/* The kernel takes no longer string into an environment than 128 KiB. */
#define INFO_MAX	(128 * 1024 - 256)

extern char	**environ;

/* -- the program -------------------------------------------------------------- */

static bool
is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (false);
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return (false);
	}
	return (access(path, X_OK) == 0);
}

static char *
find_in_path(const char *command)
{
	const char *path = getenv("PATH");
	char *found;
	size_t len;

	if (path == NULL || path[0] == '\0')
		path = DEFAULT_PATH;
	for (; *path != '\0'; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		/* What is not absolute would be wherever this process is. */
		if (path[0] != '/')
			continue;
		if (asprintf(&found, "%.*s/%s", (int)len, path, command) == -1)
			fatal("asprintf");
		if (is_program(found))
			return (found);
		free(found);
	}
	return (NULL);
}

char *
prepare_program(const char *command, char *why, size_t size)
{
	char *program;

	if (strchr(command, '/') == NULL) {
		if ((program = find_in_path(command)) == NULL)
			snprintf(why, size, "the exec plugin %s is not in "
			    "PATH (%s)", log_safe(command),
			    getenv("PATH") != NULL ? log_safe(getenv("PATH")) :
			    DEFAULT_PATH);
		return (program);
	}
	if (!is_program(command)) {
		snprintf(why, size, "the exec plugin %s: %s",
		    log_safe(command), strerror(errno));
		return (NULL);
	}
	if ((program = strdup(command)) == NULL)
		fatal("strdup");
	return (program);
}

/* -- the environment ----------------------------------------------------------- */

static char *
base64(const unsigned char *in, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out, *o;
	uint32_t group;
	size_t i;

	if ((out = o = malloc((len + 2) / 3 * 4 + 1)) == NULL)
		fatal("malloc");
	for (i = 0; i < len; i += 3) {
		group = (uint32_t)in[i] << 16 |
		    (uint32_t)(i + 1 < len ? in[i + 1] : 0) << 8 |
		    (uint32_t)(i + 2 < len ? in[i + 2] : 0);
		*o++ = digits[group >> 18];
		*o++ = digits[group >> 12 & 63];
		*o++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
		*o++ = i + 2 < len ? digits[group & 63] : '=';
	}
	*o = '\0';
	return (out);
}

/* The base64 of the CA file, "" if there is none; NULL and why. */
static char *
read_ca(const char *path, char *why, size_t size)
{
	char *bytes, *text;
	size_t len;
	int fd;

	if (path[0] == '\0') {
		if ((text = strdup("")) == NULL)
			fatal("strdup");
		return (text);
	}
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1 ||
	    (bytes = secret_read(fd, &len)) == NULL) {
		snprintf(why, size, "the exec plugin is to be told of %s: %s",
		    log_safe(path), strerror(errno));
		return (NULL);
	}
	text = base64((unsigned char *)bytes, len);
	freezero(bytes, len + 1);
	return (text);
}

static bool
same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return (strncmp(a, b, len + 1) == 0);
}

/* Takes the text; a variable of the same name is replaced. */
static void
set(char **list, unsigned *count, char *text)
{
	unsigned i;

	if (text == NULL)
		fatal("strdup");
	for (i = 0; i < *count; i++)
		if (same_name(list[i], text)) {
			freezero(list[i], strlen(list[i]));
			list[i] = text;
			return;
		}
	list[(*count)++] = text;
}

char **
prepare_environment(const struct plugin *plugin, char *why, size_t size)
{
	char **list, **own, *ca, *info;
	unsigned count = 0, i;

	if ((ca = read_ca(plugin->ca_file, why, size)) == NULL)
		return (NULL);
	if (asprintf(&info, "%s=%s%s%s", EXEC_INFO, plugin->info_head, ca,
	    plugin->info_tail) == -1)
		fatal("asprintf");
	free(ca);
	if (strlen(info) > INFO_MAX) {
		snprintf(why, size, "%s would be longer than an environment "
		    "can have: %s is too large", EXEC_INFO,
		    log_safe(plugin->ca_file));
		freezero(info, strlen(info));
		return (NULL);
	}
	for (own = environ; *own != NULL; own++)
		count++;
	if ((list = calloc(count + plugin->nenv + 2, sizeof(*list))) == NULL)
		fatal("calloc");
	count = 0;
	for (own = environ; *own != NULL; own++)
		set(list, &count, strdup(*own));
	for (i = 0; i < plugin->nenv; i++)
		set(list, &count, strdup(plugin->env[i]));
	set(list, &count, info);
	return (list);
}

void
prepare_environment_free(char **list)
{
	unsigned i;

	if (list == NULL)
		return;
	for (i = 0; list[i] != NULL; i++)
		freezero(list[i], strlen(list[i]));
	free(list);
}
