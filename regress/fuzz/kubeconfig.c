/*
 * Any bytes as a kubeconfig: an error with a place, or a server and secrets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kanatad/kubeconfig.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parsed		 p;
	struct yaml_node	*root;
	const struct parsed_secret *secret;

	if (size > YAML_BYTES_MAX)
		return (0);
	parsed_init(&p, "/home/u/.kube/config", true);
	root = yaml_read((const char *)data, size, KUBECONFIG_DEPTH_MAX,
	    &p.error);
	if (root == NULL) {
		if (p.error.line == 0 || p.error.column == 0 ||
		    p.error.text[0] == '\0')
			abort();
	} else if (kubeconfig_read(&p, root, size % 4 == 0 ? "two" : "") ==
	    -1) {
		if (!p.failed || p.error.line == 0 || p.error.column == 0 ||
		    p.error.text[0] == '\0')
			abort();
	} else {
		if (p.failed || p.server.host[0] == '\0' ||
		    p.server.port == 0 || p.server.port > 65535)
			abort();
		TAILQ_FOREACH(secret, &p.secrets, entry)
			if ((secret->path == NULL) == (secret->bytes == NULL) ||
			    secret->kind < SECRET_KUBE_CA)
				abort();
	}
	yaml_tree_free(root);
	parsed_clear(&p);
	return (0);
}
