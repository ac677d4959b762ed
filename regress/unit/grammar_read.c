#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grammar_read.h"

int
read_text(struct parsed *p, const char *text, bool secret_ok)
{
	struct yaml_node	*root;
	int			 ok;

	parsed_init(p, "/etc/kanata/kanata.conf", secret_ok);
	root = yaml_read(text, strlen(text), GRAMMAR_DEPTH_MAX, &p->error);
	if (root == NULL)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	ok = grammar_read(p, root);
	yaml_tree_free(root);
	return (ok);
}

void
read_good(struct parsed *p, const char *text)
{
	if (read_text(p, text, true) == -1)
		fail_msg("%u:%u: %s", p->error.line, p->error.column,
		    p->error.text);
	assert_false(p->failed);
}

void
assert_packs(const struct parsed *p)
{
	const struct conf_cluster	*cluster;
	const struct conf_component	*component;
	const struct conf_endpoint	*endpoint;
	struct conf			*copy = conf_new();
	struct message			 m;
	static uint8_t			 buf[MESSAGE_MAX];
	size_t				 len;

#define ROW(out) do {							\
	const uint8_t *bytes_ = message_bytes(out, &len);		\
	memcpy(buf, bytes_, len);					\
	assert_null(message_parse(&m, ROLE_PARSER, ROLE_PARENT, buf,	\
	    len, -1));							\
	assert_null(conf_take(copy, &m));				\
} while (0)
	ROW(conf_pack_global(&p->conf->global));
	TAILQ_FOREACH(cluster, &p->conf->clusters, entry)
		ROW(conf_pack_cluster(cluster));
	TAILQ_FOREACH(endpoint, &p->conf->endpoints, entry)
		ROW(conf_pack_endpoint(endpoint));
	if (p->conf->etcd != NULL)
		ROW(conf_pack_etcd(p->conf->etcd));
	TAILQ_FOREACH(component, &p->conf->components, entry)
		ROW(conf_pack_component(component));
	assert_int_equal(copy->ncomponent, p->conf->ncomponent);
	assert_int_equal(copy->ncluster, p->conf->ncluster);
	conf_free(copy);
}
