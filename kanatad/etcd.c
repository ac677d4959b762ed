/*
 * The etcd section of kanata.conf.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "address.h"
#include "grammar.h"
#include "key.h"

struct etcd_section {
	const struct yaml_node	*auth, *nodes, *tls;
};

struct etcd_auth {
	char			*user;
	const struct yaml_node	*pass, *pass_file;
};

struct etcd_tls {
	const struct yaml_node	*ca_file, *cert_file, *key_file;
};

static const struct key etcd_keys[] = {
	{ "auth", KEY_NODE, .offset = offsetof(struct etcd_section, auth) },
	{ "nodes", KEY_NODE, .offset = offsetof(struct etcd_section, nodes) },
	{ "tls", KEY_NODE, .offset = offsetof(struct etcd_section, tls) },
};

static const struct key auth_keys[] = {
	{ "user", KEY_TEXT, .offset = offsetof(struct etcd_auth, user),
	    .max = 255 },
	{ "pass", KEY_NODE, .offset = offsetof(struct etcd_auth, pass) },
	{ "pass_file", KEY_NODE,
	    .offset = offsetof(struct etcd_auth, pass_file) },
};

static const struct key tls_keys[] = {
	{ "ca_file", KEY_NODE, .offset = offsetof(struct etcd_tls, ca_file) },
	{ "cert_file", KEY_NODE,
	    .offset = offsetof(struct etcd_tls, cert_file) },
	{ "key_file", KEY_NODE,
	    .offset = offsetof(struct etcd_tls, key_file) },
};

static int
etcd_pass(struct parsed *p, const struct yaml_node *pass, const char *instead)
{
	const char	*text;

	if ((text = grammar_inline(p, pass, instead)) == NULL)
		return (-1);
	parsed_secret(p, SECRET_ETCD_PASSWORD, pass, text, strlen(text));
	return (0);
}

/* [user, pass], as the sources of the original wanted it (KA-4). */
static int
etcd_auth_list(struct parsed *p, const struct yaml_node *list, char **user)
{
	const char	*text;

	if (list->count != 2)
		return (parsed_fail(p, list, "`auth`: expected {user: ..., "
		    "pass: ...}"));
	if ((text = key_want_text(p, list->first, 255, "a user name")) == NULL)
		return (-1);
	free(*user);
	*user = xstrdup(text);
	parsed_warn(p, list, "`auth` as a list is the old form: write {user: "
	    "..., pass: ...}");
	return (etcd_pass(p, list->first->next, "`auth: {user: ..., "
	    "pass_file: ...}`"));
}

static int
etcd_auth(struct parsed *p, const struct yaml_node *node, char **user)
{
	struct etcd_auth	 auth = { .user = NULL };

	if (node->what == YAML_LIST)
		return (etcd_auth_list(p, node, user));
	if (KEY_READ_MAP(p, node, auth_keys, &auth) == -1) {
		free(auth.user);
		return (-1);
	}
	if (auth.user == NULL)
		return (parsed_fail(p, node, "`auth`: `user` is missing"));
	free(*user);
	*user = auth.user;
	if (auth.pass != NULL && auth.pass_file != NULL)
		return (parsed_fail_key(p, auth.pass_file, "both `pass` and "
		    "`pass_file`: one of them must go"));
	if (auth.pass_file != NULL)
		return (grammar_secret_file(p, SECRET_ETCD_PASSWORD,
		    auth.pass_file));
	if (auth.pass == NULL)
		return (parsed_fail(p, node, "`auth`: `pass` (or `pass_file`) "
		    "is missing"));
	return (etcd_pass(p, auth.pass, "pass_file"));
}

static int
etcd_tls(struct parsed *p, const struct yaml_node *section, bool https,
    const struct yaml_node *node)
{
	struct etcd_tls	 tls = { .ca_file = NULL };

	if (node != NULL && KEY_READ_MAP(p, node, tls_keys, &tls) == -1)
		return (-1);
	if ((tls.cert_file == NULL) != (tls.key_file == NULL))
		return (parsed_fail(p, node, "`tls`: `cert_file` and "
		    "`key_file` go together"));
	if (tls.cert_file != NULL && (grammar_secret_file(p, SECRET_ETCD_CERT,
	    tls.cert_file) == -1 || grammar_secret_file(p, SECRET_ETCD_KEY,
	    tls.key_file) == -1))
		return (-1);
	if (tls.ca_file != NULL)
		return (grammar_secret_file(p, SECRET_ETCD_CA, tls.ca_file));
	if (https)
		return (parsed_secret_file(p, SECRET_ETCD_CA,
		    node != NULL ? node : section, PATH_CA));
	return (0);
}

static int
etcd_node(struct parsed *p, const struct yaml_node *node, bool strict,
    struct conf_etcd *etcd)
{
	struct conf_node	*to;
	struct address		 a;
	const char		*text, *problem;

	if ((text = key_want_text(p, node, 300, "host:port")) == NULL)
		return (-1);
	if ((problem = address_parse_node(text, &a)) != NULL)
		return (parsed_fail(p, node, "`nodes`: %s", problem));
	if (etcd->tls && a.scheme && !a.tls)
		return (parsed_fail(p, node, "`nodes`: http:// although there "
		    "is a `tls` section"));
	a.tls = a.tls || etcd->tls;
	if (strict && !a.tls && !address_is_loopback(a.host))
		return (parsed_fail(p, node, "`nodes`: plain text beyond this "
		    "machine, refused by `strict`: use https:// or `tls`"));
	to = &etcd->node[etcd->nnode];
	to->host = xstrdup(a.host);
	to->port = a.port;
	to->tls = a.tls;
	grammar_endpoint(p, ENDPOINT_ETCD + etcd->nnode, ROLE_STORE, a.host,
	    a.port, a.tls, !a.tls && address_is_loopback(a.host));
	etcd->nnode++;
	return (0);
}

/* *https: there is a node that needs certificates. */
static int
etcd_nodes(struct parsed *p, const struct yaml_node *list, bool strict,
    struct conf_etcd *etcd, bool *https)
{
	const struct yaml_node	*node;
	const struct conf_node	*last;
	bool			 warned = false;

	if (key_want_list(p, list) == NULL)
		return (-1);
	if (list->count == 0)
		return (parsed_fail(p, list, "`nodes` is empty"));
	if (list->count > CONF_NODES_MAX)
		return (parsed_fail(p, list, "`nodes`: more than %d",
		    CONF_NODES_MAX));
	etcd->node = xcalloc(list->count, sizeof(*etcd->node));
	for (node = list->first; node != NULL; node = node->next) {
		if (etcd_node(p, node, strict, etcd) == -1)
			return (-1);
		last = &etcd->node[etcd->nnode - 1];
		if (last->tls)
			*https = true;
		else if (!address_is_loopback(last->host) && !warned) {
			parsed_warn(p, node, "etcd node `%s` is spoken to in "
			    "plain text%s: use https:// or `tls`",
			    log_safe(node->text), etcd->user[0] != '\0' ?
			    ", the password as well" : "");
			warned = true;
		}
	}
	return (0);
}

int
etcd_read(struct parsed *p, const struct yaml_node *section, bool strict)
{
	struct etcd_section	 s = { .auth = NULL };
	struct conf_etcd	*etcd;
	bool			 https = false;

	if ((etcd = p->conf->etcd = calloc(1, sizeof(*etcd))) == NULL)
		fatal("parser");
	etcd->user = xstrdup("");
	if (KEY_READ_MAP(p, section, etcd_keys, &s) == -1)
		return (-1);
	if (s.nodes == NULL)
		return (parsed_fail(p, section, "`etcd`: `nodes` is missing"));
	etcd->tls = s.tls != NULL;
	if (s.auth != NULL && etcd_auth(p, s.auth, &etcd->user) == -1)
		return (-1);
	if (etcd_nodes(p, s.nodes, strict, etcd, &https) == -1)
		return (-1);
	return (etcd_tls(p, section, https, s.tls));
}
