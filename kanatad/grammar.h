/*
 * The grammar of kanata.conf: from the tree of the file to the configuration,
 * with all defaults filled in, and the list of secrets.  kanata.conf(5) says
 * what each key means.
 */
#ifndef KANATA_GRAMMAR_H
#define KANATA_GRAMMAR_H

#include "parsed.h"

#define GRAMMAR_DEPTH_MAX	16

/* Fills in parsed->conf.  Returns 0, or -1 with parsed->error. */
int	 grammar_read(struct parsed *, const struct yaml_node *root);
/*
 * The same for a webhook address, whether it stands in the configuration or in
 * a file of its own: adds its endpoint to parsed->conf and the secret.
 */
int	 grammar_webhook(struct parsed *, const struct yaml_node *at,
	    const char *url);

/* -- for the files of the grammar only ------------------------------------- */

/* A secret that stands in the file: refused when others can read the file.
 * `instead` is the key to use then.  Returns its text, or NULL and an error. */
const char *grammar_inline(struct parsed *, const struct yaml_node *,
	    const char *instead);
/* The path of a *_file key, into the secrets. */
int	 grammar_secret_file(struct parsed *, enum secret,
	    const struct yaml_node *);
void	 grammar_endpoint(struct parsed *, unsigned number, enum role,
	    const char *host, unsigned port, bool tls, bool loopback);

/* etcd.c: the etcd section, into conf->etcd. */
int	 etcd_read(struct parsed *, const struct yaml_node *, bool strict);

/* web.c: the web section, into conf->web. */
int	 web_read(struct parsed *, const struct yaml_node *);

/* texts.c: a `texts` section, of all components (NULL) or of one. */
int	 texts_read(struct parsed *, const struct yaml_node *,
	    struct conf_component *);

/* users.c: a file with the users of the dashboard, as the secret of that. */
void	 users_read(struct parsed *, const struct yaml_node *root);

/* cluster.c: `clusters`, NULL without; ns is the top-level one, or NULL. */
int	 cluster_read_all(struct parsed *, const struct yaml_node *clusters,
	    const struct yaml_node *ns);
/* "" is the first one; NULL if there is none of the name. */
struct conf_cluster *cluster_find(struct parsed *, const char *name);
bool	 cluster_has_ns(const struct conf_cluster *, const char *ns);
/* -1 if it has too many. */
int	 cluster_add_ns(struct conf_cluster *, const char *ns);

/* component.c: `components`; the template holds the defaults. */
int	 component_read_all(struct parsed *, const struct yaml_node *components,
	    const struct conf_component *template);
int	 component_read_defaults(struct parsed *, const struct yaml_node *,
	    struct conf_component *template);

#endif
