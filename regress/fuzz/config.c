/*
 * Any bytes as kanata.conf: an error with a place, or rows that every receiver
 * takes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kanatad/grammar.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
take(struct conf *conf, struct message_out *out)
{
	static uint8_t	 buf[MESSAGE_MAX];
	struct message	 m;
	const uint8_t	*bytes;
	size_t		 len;

	bytes = message_bytes(out, &len);
	if (len > sizeof(buf))
		abort();
	memcpy(buf, bytes, len);
	if (message_parse(&m, ROLE_PARSER, ROLE_PARENT, buf, len, -1) != NULL ||
	    conf_take(conf, &m) != NULL)
		abort();
}

static void
take_texts(struct conf *copy, const char *component, char *const *text)
{
	int	 kind;

	for (kind = 0; text != NULL && kind < TEMPLATE_MAX; kind++)
		if (text[kind] != NULL)
			take(copy, conf_pack_text(component,
			    (enum template_kind)kind, text[kind]));
}

static void
take_all(const struct conf *conf)
{
	struct conf			*copy = conf_new();
	const struct conf_cluster	*cluster;
	const struct conf_endpoint	*endpoint;
	const struct conf_component	*component;

	take(copy, conf_pack_global(&conf->global));
	TAILQ_FOREACH(cluster, &conf->clusters, entry)
		take(copy, conf_pack_cluster(cluster));
	TAILQ_FOREACH(endpoint, &conf->endpoints, entry)
		take(copy, conf_pack_endpoint(endpoint));
	if (conf->etcd != NULL)
		take(copy, conf_pack_etcd(conf->etcd));
	take_texts(copy, "", conf->text);
	TAILQ_FOREACH(component, &conf->components, entry) {
		take(copy, conf_pack_component(component));
		take_texts(copy, component->id, component->text);
	}
	conf_free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parsed		 p;
	struct yaml_node	*root;
	const struct parsed_secret *secret;

	if (size > YAML_BYTES_MAX)
		return (0);
	parsed_init(&p, "/etc/kanata/kanata.conf", size % 4 != 0);
	root = yaml_read((const char *)data, size, GRAMMAR_DEPTH_MAX, &p.error);
	if (root == NULL) {
		if (p.error.line == 0 || p.error.column == 0 ||
		    p.error.text[0] == '\0')
			abort();
	} else if (grammar_read(&p, root) == -1) {
		if (!p.failed || p.error.line == 0 || p.error.column == 0 ||
		    p.error.text[0] == '\0')
			abort();
	} else {
		if (p.failed)
			abort();
		take_all(p.conf);
		TAILQ_FOREACH(secret, &p.secrets, entry)
			if ((secret->path == NULL) == (secret->bytes == NULL) ||
			    (secret->bytes != NULL && !p.secret_ok))
				abort();
	}
	yaml_tree_free(root);
	parsed_clear(&p);
	return (0);
}
