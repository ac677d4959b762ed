/*
 * Any bytes as kubeconfigs, one or, when "\n---\n" is in them, two: an error with a
 * place, or a server and secrets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/plugin.h"
#include "../../kanatad/kubeconfig.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_secrets(const struct parsed *p)
{
	const struct parsed_secret	*secret;
	struct plugin			*plugin;

	TAILQ_FOREACH(secret, &p->secrets, entry) {
		if ((secret->path == NULL) == (secret->bytes == NULL) ||
		    secret->kind < SECRET_KUBE_CA)
			abort();
		if (secret->kind != SECRET_KUBE_EXEC)
			continue;
		if ((plugin = plugin_unpack(secret->bytes, secret->len)) ==
		    NULL)
			abort();
		plugin_free(plugin);
	}
}

static void
check_error(const struct parsed *p)
{
	if (p->error.line == 0 || p->error.column == 0 ||
	    p->error.text[0] == '\0' || p->error_path == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char		 paths[2][32] = { "/home/u/.kube/config",
				    "/etc/kube" };
	struct kubeconfig_file	 files[2];
	const char		*text = (const char *)data, *end;
	const char		*split;
	struct parsed		 p;
	size_t			 n = 0;

	if (size > YAML_BYTES_MAX)
		return (0);
	parsed_init(&p, paths[0], true);
	for (end = text + size; n < 2 && text != NULL; n++) {
		split = n == 0 ? memmem(text, (size_t)(end - text), "\n---\n",
		    5) : NULL;
		files[n].path = paths[n];
		files[n].root = yaml_read(text, (size_t)((split != NULL ?
		    split + 1 : end) - text), KUBECONFIG_DEPTH_MAX, &p.error);
		if (files[n].root == NULL)
			break;
		text = split != NULL ? split + 5 : NULL;
	}
	if (text != NULL)
		check_error(&p);
	else if (kubeconfig_read(&p, files, n, size % 4 == 0 ? "two" : "") ==
	    -1) {
		if (!p.failed)
			abort();
		check_error(&p);
	} else {
		if (p.failed || p.server.host[0] == '\0' ||
		    p.server.port == 0 || p.server.port > 65535)
			abort();
		check_secrets(&p);
	}
	while (n > 0)
		yaml_tree_free(files[--n].root);
	parsed_clear(&p);
	return (0);
}
