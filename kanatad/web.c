/*
 * The web section of kanata.conf.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "address.h"
#include "grammar.h"
#include "key.h"
#include "value.h"

#define LISTEN	"127.0.0.1:2934"	/* the port of the original (KA-14) */

struct web_section {
	char			*listen;
	const struct yaml_node	*tls, *users_file, *server_names;
};

struct web_tls {
	const struct yaml_node	*cert_file, *key_file;
};

#define SECTION(field)	offsetof(struct web_section, field)
static const struct key web_keys[] = {
	{ "listen", KEY_TEXT, .offset = SECTION(listen), .max = 63,
	    .expected = "an address and a port" },
	{ "tls", KEY_NODE, .offset = SECTION(tls) },
	{ "users_file", KEY_NODE, .offset = SECTION(users_file) },
	{ "server_names", KEY_NODE, .offset = SECTION(server_names) },
};

static const struct key web_tls_keys[] = {
	{ "cert_file", KEY_NODE, .offset = offsetof(struct web_tls, cert_file) },
	{ "key_file", KEY_NODE, .offset = offsetof(struct web_tls, key_file) },
};

static int
web_listen(struct parsed *p, const struct yaml_node *section, const char *text)
{
	const struct yaml_node	*at = yaml_find(section, "listen");
	struct conf_web		*web = p->conf->web;
	struct address		 a;
	struct in6_addr		 v6;
	struct in_addr		 v4;
	const char		*problem;

	if ((problem = address_parse_node(text, &a)) != NULL)
		return (parsed_fail(p, at, "`listen`: %s", problem));
	/* Nothing is resolved: where it listens must not depend on DNS. */
	if (a.scheme || (inet_pton(AF_INET, a.host, &v4) != 1 &&
	    inet_pton(AF_INET6, a.host, &v6) != 1))
		return (parsed_fail(p, at, "`listen`: expected an address and "
		    "a port such as 127.0.0.1:2934, 0.0.0.0:2934 or "
		    "'[::]:2934', found `%s`", log_safe(text)));
	web->host = xstrdup(a.host);
	web->port = a.port;
	return (0);
}

static int
web_tls(struct parsed *p, const struct yaml_node *node)
{
	struct web_tls	 tls = { .cert_file = NULL };

	if (KEY_READ_MAP(p, node, web_tls_keys, &tls) == -1)
		return (-1);
	if (tls.cert_file == NULL || tls.key_file == NULL)
		return (parsed_fail(p, node, "`tls`: `cert_file` and "
		    "`key_file` must be there"));
	p->conf->web->tls = true;
	if (grammar_secret_file(p, SECRET_WEB_CERT, tls.cert_file) == -1)
		return (-1);
	return (grammar_secret_file(p, SECRET_WEB_KEY, tls.key_file));
}

static int
web_users(struct parsed *p, const struct yaml_node *node)
{
	const struct conf_web	*web = p->conf->web;

	p->conf->web->users = true;
	if (!web->tls && !address_is_loopback(web->host))
		parsed_warn(p, node, "`users_file` without `tls`: nobody can "
		    "log in from beyond this machine");
	return (grammar_secret_file(p, SECRET_WEB_USERS, node));
}

static int
web_names(struct parsed *p, const struct yaml_node *node)
{
	struct conf_web		*web = p->conf->web;
	const struct yaml_node	*item;
	const char		*name;

	if (key_want_list(p, node) == NULL)
		return (-1);
	if (node->count > CONF_WEB_NAMES_MAX)
		return (parsed_fail(p, node, "`server_names`: more than %d",
		    CONF_WEB_NAMES_MAX));
	web->name = calloc(node->count + 1, sizeof(*web->name));
	if (web->name == NULL)
		fatal("parser");
	for (item = node->first; item != NULL; item = item->next) {
		name = key_want_text(p, item, 253, "the name of a host");
		if (name == NULL)
			return (-1);
		if (!value_is_subdomain(name))
			return (parsed_fail(p, item, "`server_names`: expected "
			    "the name of a host such as kanata.example.org, "
			    "in small letters and without a port"));
		web->name[web->nname++] = xstrdup(name);
	}
	return (0);
}

int
web_read(struct parsed *p, const struct yaml_node *node)
{
	struct web_section	 s = { .listen = xstrdup(LISTEN) };
	int			 ok = -1;

	p->conf->web = xcalloc(1, sizeof(*p->conf->web));
	if (KEY_READ_MAP(p, node, web_keys, &s) == 0 &&
	    web_listen(p, node, s.listen) == 0 &&
	    (s.tls == NULL || web_tls(p, s.tls) == 0) &&
	    (s.users_file == NULL || web_users(p, s.users_file) == 0) &&
	    (s.server_names == NULL || web_names(p, s.server_names) == 0))
		ok = 0;
	free(s.listen);
	return (ok);
}
