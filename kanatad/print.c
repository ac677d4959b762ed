/* The effective configuration: what kanatad -n prints is again a configuration
 * that means the same, but for secrets, which are named and not shown. */
#include <stdio.h>
#include <string.h>

#include "../common/duration.h"
#include "kanatad.h"

/* A double-quoted YAML scalar. */
static void
print_text(FILE *f, const char *text)
{
	const unsigned char *s;

	fputc('"', f);
	for (s = (const unsigned char *)text; *s != '\0'; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s == '\n')
			fprintf(f, "\\n");
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\x%02x", *s);
		else
			fputc(*s, f);
	fputc('"', f);
}

static void
print_pair(FILE *f, const char *indent, const char *key, const char *text)
{
	fprintf(f, "%s%s: ", indent, key);
	print_text(f, text);
	fputc('\n', f);
}

static void
print_duration(FILE *f, const char *indent, const char *key, uint64_t ms)
{
	char text[DURATION_SIZE];

	fprintf(f, "%s%s: %s\n", indent, key, duration_format(ms, text));
}

static void
print_secret(FILE *f, const char *indent, const char *key,
    const struct source *source)
{
	char file[64];

	if (source->path != NULL) {
		snprintf(file, sizeof(file), "%s_file", key);
		print_pair(f, indent, file, source->path);
	} else if (source->fd != -1)
		fprintf(f, "%s# %s: given in the file, not shown\n", indent, key);
}

static void
print_cluster(FILE *f, const struct setup_cluster *cluster)
{
	const struct conf_cluster *c = cluster->conf;
	unsigned i;

	print_pair(f, "    - ", "name", c->name);
	if (c->kubeconfig[0] != '\0')
		print_pair(f, "      ", "kubeconfig", c->kubeconfig);
	else
		print_pair(f, "      ", "in_cluster", c->in_cluster);
	if (c->context[0] != '\0')
		print_pair(f, "      ", "context", c->context);
	fprintf(f, "      namespaces: [");
	for (i = 0; i < c->nns; i++) {
		if (i > 0)
			fprintf(f, ", ");
		print_text(f, c->ns[i]);
	}
	fprintf(f, "]\n");
}

static void
print_watch(FILE *f, const struct conf_watch *watch)
{
	char name[1100];

	fprintf(f, "            - ");
	if (watch->kind == KIND_SELECTOR) {
		fprintf(f, "{selector: ");
		print_text(f, watch->what);
		fputc('}', f);
	} else if (watch->kind == KIND_ANY)
		print_text(f, watch->what);
	else {
		snprintf(name, sizeof(name), "%s/%s", kind_name(watch->kind),
		    watch->what);
		print_text(f, name);
	}
	fputc('\n', f);
}

static void
print_texts(FILE *f, const struct conf *conf)
{
	int kind;

	fprintf(f, "texts:\n");
	for (kind = 0; kind < TEMPLATE_MAX; kind++)
		print_pair(f, "    ", template_name(kind),
		    conf->text[kind] != NULL ? conf->text[kind] :
		    template_default(kind));
}

static void
print_component(FILE *f, const struct conf_component *c)
{
	const char *indent = "        ";
	unsigned i;

	fprintf(f, "    ");
	print_text(f, c->id);
	fprintf(f, ":\n");
	if (c->name[0] != '\0')
		print_pair(f, indent, "name", c->name);
	print_pair(f, indent, "cluster", c->cluster);
	/* The grammar gives one namespace to all that a component watches. */
	if (c->watch[0].ns[0] != '\0')
		print_pair(f, indent, "ns", c->watch[0].ns);
	if (c->group[0] != '\0')
		print_pair(f, indent, "group", c->group);
	fprintf(f, "%swatch:\n", indent);
	for (i = 0; i < c->nwatch; i++)
		print_watch(f, &c->watch[i]);
	print_duration(f, indent, "down_after", c->down_after);
	print_duration(f, indent, "up_after", c->up_after);
	print_duration(f, indent, "reopen_within", c->reopen_within);
	print_duration(f, indent, "first_ready_within", c->first_ready_within);
	fprintf(f, "%srollout: %s\n", indent,
	    c->rollout == ROLLOUT_QUIET ? "quiet" : "maintenance");
	fprintf(f, "%spartial_below: %u\n", indent, c->partial_below);
	print_duration(f, indent, "escalate_after", c->escalate_after);
	if (c->text != NULL)
		fprintf(f, "%stexts:\n", indent);
	for (i = 0; c->text != NULL && i < TEMPLATE_MAX; i++)
		if (c->text[i] != NULL)
			print_pair(f, "            ", template_name(i),
			    c->text[i]);
}

static void
print_etcd(FILE *f, const struct setup *setup)
{
	const struct conf_etcd *e = setup->conf->etcd;
	const struct source *s = setup->secrets;
	unsigned i;

	fprintf(f, "etcd:\n");
	if (e->user[0] != '\0') {
		fprintf(f, "    auth:\n");
		print_pair(f, "        ", "user", e->user);
		print_secret(f, "        ", "pass", &s[SECRET_ETCD_PASSWORD]);
	}
	fprintf(f, "    nodes:\n");
	for (i = 0; i < e->nnode; i++) {
		bool v6 = strchr(e->node[i].host, ':') != NULL;

		fprintf(f, "        - \"%s%s%s%s:%u\"\n",
		    e->node[i].tls ? "https://" : "", v6 ? "[" : "",
		    e->node[i].host, v6 ? "]" : "", e->node[i].port);
	}
	if (!e->tls)
		return;
	fprintf(f, "    tls:\n");
	print_secret(f, "        ", "ca", &s[SECRET_ETCD_CA]);
	print_secret(f, "        ", "cert", &s[SECRET_ETCD_CERT]);
	print_secret(f, "        ", "key", &s[SECRET_ETCD_KEY]);
}

static void
print_web(FILE *f, const struct setup *setup)
{
	const struct conf_web *w = setup->conf->web;
	const struct source *s = setup->secrets;
	bool v6 = strchr(w->host, ':') != NULL;
	unsigned i;

	fprintf(f, "web:\n    listen: \"%s%s%s:%u\"\n", v6 ? "[" : "", w->host,
	    v6 ? "]" : "", w->port);
	if (w->tls) {
		fprintf(f, "    tls:\n");
		print_secret(f, "        ", "cert", &s[SECRET_WEB_CERT]);
		print_secret(f, "        ", "key", &s[SECRET_WEB_KEY]);
	}
	if (w->users)
		print_secret(f, "    ", "users", &s[SECRET_WEB_USERS]);
	if (w->nname > 0)
		fprintf(f, "    server_names:\n");
	for (i = 0; i < w->nname; i++) {
		fprintf(f, "        - ");
		print_text(f, w->name[i]);
		fputc('\n', f);
	}
}

static void
print_publish(FILE *f, unsigned publish)
{
	const char *between = "";
	unsigned i;

	fprintf(f, "publish: [");
	for (i = 0; publish_name(i) != NULL; i++)
		if (publish & 1U << i) {
			fprintf(f, "%s%s", between, publish_name(i));
			between = ", ";
		}
	fprintf(f, "]\n");
}

void
print_setup(const struct setup *setup, FILE *f)
{
	static const char *const on_loss[] = { "", "publish", "hold" };
	const struct conf_global *g = &setup->conf->global;
	const struct setup_cluster *cluster;
	const struct conf_component *component;

	print_secret(f, "", "key", &setup->secrets[SECRET_INSTATUS_KEY]);
	print_secret(f, "", "webhook_url", &setup->secrets[SECRET_WEBHOOK_URL]);
	print_publish(f, g->publish);
	fprintf(f, "instatus:\n");
	print_pair(f, "    ", "url", g->instatus_url);
	print_secret(f, "    ", "ca", &setup->secrets[SECRET_INSTATUS_CA]);
	fprintf(f, "    rate_per_minute: %u\n", g->rate_per_minute);
	print_pair(f, "", "instance", g->instance);
	if (setup->conf->etcd != NULL)
		print_etcd(f, setup);
	else {
		fprintf(f, "store:\n");
		print_pair(f, "    ", "dir", g->store_dir);
	}
	fprintf(f, "replicas: %u\n", g->replicas);
	if (g->on_loss != ON_LOSS_AUTO)
		fprintf(f, "on_loss: %s\n", on_loss[g->on_loss]);
	fprintf(f, "control:\n");
	print_pair(f, "    ", "socket", g->control_socket);
	if (g->control_group[0] != '\0')
		print_pair(f, "    ", "group", g->control_group);
	if (setup->conf->web != NULL)
		print_web(f, setup);
	fprintf(f, "log:\n    level: %s\n", g->log_verbose ? "verbose" :
	    "brief");
	fprintf(f, "    format: %s\n", g->log_json ? "json" : "text");
	fprintf(f, "strict: %s\n", g->strict ? "true" : "false");
	fprintf(f, "storm: %u\n", g->storm);
	print_duration(f, "", "group_wait", g->group_wait);
	print_texts(f, setup->conf);
	fprintf(f, "clusters:\n");
	TAILQ_FOREACH(cluster, &setup->clusters, entry)
		print_cluster(f, cluster);
	fprintf(f, "components:\n");
	TAILQ_FOREACH(component, &setup->conf->components, entry)
		print_component(f, component);
}
