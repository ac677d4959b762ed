/*
 * The configuration, as the parser makes it, the parent keeps it and the workers
 * get their share of it.  No secret is ever in it.
 */
#ifndef KANATA_CONF_H
#define KANATA_CONF_H

#include <sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "message.h"
#include "secret.h"
#include "template.h"

#define CONF_COMPONENTS_MAX	10000
#define CONF_CLUSTERS_MAX	64
#define CONF_WATCHES_MAX	64	/* of one component */
#define CONF_NAMESPACES_MAX	256	/* of one cluster */
#define CONF_NODES_MAX		16
#define CONF_WEB_NAMES_MAX	32

/* Endpoints that the dialer knows by number. */
#define ENDPOINT_INSTATUS	0
#define ENDPOINT_WEBHOOK	1
#define ENDPOINT_ETCD		16	/* + node */
#define ENDPOINT_CLUSTER	64	/* + cluster */

/* What a component's `watch` names. */
enum kind {
	KIND_ANY,		/* short form: pod or workload of that name */
	KIND_POD,
	KIND_DEPLOYMENT,
	KIND_STATEFULSET,
	KIND_DAEMONSET,
	KIND_REPLICASET,
	KIND_JOB,
	KIND_CRONJOB,
	KIND_SELECTOR,		/* what is a label selector */
	KIND_MAX
};

const char	*kind_name(enum kind);		/* "deployment" */

enum rollout { ROLLOUT_MAINTENANCE, ROLLOUT_QUIET };
/* What Kanata says, as bits. */
enum publish {
	PUBLISH_INCIDENTS = 1,	/* incidents, by the API */
	PUBLISH_STATUSES = 2,	/* what components show, by the API */
	PUBLISH_WEBHOOK	= 4,
	PUBLISH_ALL	= 7
};
unsigned	 publish_default(bool webhook);	/* is there */
const char	*publish_name(unsigned bit);	/* "incidents"; NULL: no such */
enum on_loss { ON_LOSS_AUTO, ON_LOSS_PUBLISH, ON_LOSS_HOLD };

struct conf_watch {
	enum kind	 kind;
	char		*ns;		/* "": each namespace of the cluster */
	char		*what;		/* name, or the selector */
};

struct conf_component {
	TAILQ_ENTRY(conf_component) entry;
	char		*id;		/* Instatus component id */
	char		*name;		/* "": as on the page */
	char		*cluster;	/* "": the only or first one */
	char		*group;		/* "": none */
	uint64_t	 down_after;	/* ms */
	uint64_t	 up_after;
	uint64_t	 reopen_within;
	uint64_t	 first_ready_within;
	enum rollout	 rollout;
	unsigned	 partial_below;	/* percent available; below: partial */
	uint64_t	 escalate_after; /* ms until any outage is major; 0: never */
	unsigned	 line;		/* where the file says it */
	unsigned	 nwatch;	/* 1 .. CONF_WATCHES_MAX */
	struct conf_watch *watch;
	char		**text;		/* its own templates: NULL, or TEMPLATE_MAX,
					 * each NULL: as for all */
};

struct conf_cluster {
	TAILQ_ENTRY(conf_cluster) entry;
	char		*name;
	char		*kubeconfig;	/* "": in the cluster, or search */
	char		*context;	/* "": the current one */
	char		*in_cluster;	/* directory of the service account files */
	/* From the kubeconfig, or the cluster's environment: "" until read. */
	char		*path;		/* before /api; no slash at the end */
	char		*tls_name;	/* "": the endpoint's host */
	bool		 insecure;	/* insecure-skip-tls-verify */
	bool		 plugin;	/* an exec plugin gives the credential */
	/* The server behind a proxy, which then is the endpoint; "": the
	 * endpoint is the server. */
	char		*host;
	unsigned	 port;
	bool		 tls;
	unsigned	 nns;		/* 0: the context's or the pod's own */
	char		**ns;		/* one "*": all */
};

struct conf_endpoint {
	TAILQ_ENTRY(conf_endpoint) entry;
	unsigned	 number;
	enum role	 role;		/* who may ask for it */
	unsigned	 instance;
	char		*host;		/* name or address, no brackets */
	unsigned	 port;
	bool		 tls;
	bool		 loopback;	/* refuse every other address */
};

struct conf_node { char *host; unsigned port; bool tls; };

struct conf_etcd {
	char		*user;		/* "": no authentication */
	bool		 tls;		/* a tls: section is there */
	unsigned	 nnode;
	struct conf_node *node;
};

struct conf_web {
	char		*host;		/* an address, no brackets */
	unsigned	 port;
	bool		 tls;
	bool		 users;		/* a users_file is there */
	unsigned	 nname;		/* at most CONF_WEB_NAMES_MAX */
	char		**name;		/* that clients call it by */
};

struct conf_global {
	char		*instatus_url;	/* no slash at the end */
	bool		 webhook;	/* webhook_url is set */
	unsigned	 publish;	/* enum publish, never 0 */
	char		*instance;
	char		*store_dir;
	char		*control_socket;
	char		*control_group;	/* "": that of the daemon */
	bool		 log_verbose;
	bool		 log_json;
	bool		 strict;
	unsigned	 storm;
	uint64_t	 group_wait;	/* ms */
	unsigned	 replicas;
	enum on_loss	 on_loss;
	unsigned	 rate_per_minute;	/* requests to Instatus */
};

TAILQ_HEAD(conf_components, conf_component);
TAILQ_HEAD(conf_clusters, conf_cluster);
TAILQ_HEAD(conf_endpoints, conf_endpoint);

/* All strings are owned by the configuration and never NULL. */
struct conf {
	struct conf_global	 global;
	struct conf_clusters	 clusters;
	struct conf_components	 components;
	struct conf_endpoints	 endpoints;
	char			*text[TEMPLATE_MAX];	/* NULL: default */
	struct conf_etcd	*etcd;	/* NULL: embedded store */
	struct conf_web		*web;	/* NULL: none */
	unsigned		 ncomponent, ncluster;
};

/* An empty configuration with the built-in defaults. */
struct conf	*conf_new(void);
void		 conf_free(struct conf *);	/* NULL is allowed */

/*
 * conf_message.c: one MSG_CONF_GLOBAL, _CLUSTER, _COMPONENT, _TEXT, _ENDPOINT,
 * _ETCD or _WEB row into the configuration.  Returns NULL, or a static text if a
 * value is out of range.
 */
const char	*conf_take(struct conf *, struct message *);

/* The same rows out, one message each; see message_out for who owns it. */
struct message_out *conf_pack_global(const struct conf_global *);
struct message_out *conf_pack_cluster(const struct conf_cluster *);
struct message_out *conf_pack_component(const struct conf_component *);
/* component "": of all. */
struct message_out *conf_pack_text(const char *component, enum template_kind,
	    const char *text);
struct message_out *conf_pack_endpoint(const struct conf_endpoint *);
struct message_out *conf_pack_etcd(const struct conf_etcd *);
struct message_out *conf_pack_web(const struct conf_web *);

/* Sets a template of all components (NULL) or of one; copies it. */
void		 conf_set_text(struct conf *, struct conf_component *,
		    enum template_kind, const char *text);

#endif
