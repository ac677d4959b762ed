/*
 * kanata-parser: lives for one file that anyone may have written.
 *
 * Holds: the file's descriptor and, while it parses, the secrets in the file.
 * May call: read, write to memory files of its own, send and receive on the
 * channel to the parent.  Talks to: the parent.
 *
 * One request comes in, of kubeconfigs one for each; rows and MSG_PARSE_DONE, or
 * one MSG_PARSE_ERROR, go out.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "../common/serve.h"
#include "../common/xmalloc.h"
#include "grammar.h"
#include "kubeconfig.h"
#include "secretfd.h"

#define WEBHOOK_BYTES_MAX 8192

static void
parser_send_position(enum message_type type, const char *path, unsigned line,
    unsigned column, const char *text)
{
	struct message_out	*out = message_new(type, 0);

	message_put_s(out, path);
	message_put_u(out, line);
	message_put_u(out, column);
	message_put_s(out, text);
	serve_send(out, -1);
}

static void
parser_send_texts(const char *component, char *const *text)
{
	int	 kind;

	for (kind = 0; text != NULL && kind < TEMPLATE_MAX; kind++)
		if (text[kind] != NULL)
			serve_send(conf_pack_text(component,
			    (enum template_kind)kind, text[kind]), -1);
}

static void
parser_send_conf(const struct conf *conf)
{
	const struct conf_cluster	*cluster;
	const struct conf_endpoint	*endpoint;
	const struct conf_component	*component;

	serve_send(conf_pack_global(&conf->global), -1);
	TAILQ_FOREACH(cluster, &conf->clusters, entry)
		serve_send(conf_pack_cluster(cluster), -1);
	TAILQ_FOREACH(endpoint, &conf->endpoints, entry)
		serve_send(conf_pack_endpoint(endpoint), -1);
	if (conf->etcd != NULL)
		serve_send(conf_pack_etcd(conf->etcd), -1);
	if (conf->web != NULL)
		serve_send(conf_pack_web(conf->web), -1);
	parser_send_texts("", conf->text);
	TAILQ_FOREACH(component, &conf->components, entry) {
		serve_send(conf_pack_component(component), -1);
		parser_send_texts(component->id, component->text);
	}
}

static void
parser_send_server(const struct parsed_server *server)
{
	struct message_out	*out = message_new(MSG_KUBE_SERVER, 0);

	message_put_s(out, server->host);
	message_put_u(out, server->port);
	message_put_s(out, server->path);
	message_put_b(out, server->tls);
	message_put_s(out, server->tls_name);
	message_put_b(out, server->insecure);
	message_put_s(out, server->ns);
	message_put_s(out, server->proxy_host);
	message_put_u(out, server->proxy_port);
	message_put_b(out, server->proxy_tls);
	serve_send(out, -1);
}

static void
parser_send_secret(const struct parsed_secret *secret, bool kube)
{
	struct message_out	*out;
	int			 fd = -1;

	if (secret->path == NULL) {
		if ((fd = secretfd_new(secret->bytes, secret->len)) == -1)
			fatal("sealed memory");
		out = message_new(MSG_CONF_SECRET, 0);
		message_put_u(out, secret->kind);
	} else if (kube) {
		out = message_new(MSG_KUBE_FILE, 0);
		message_put_u(out, secret->kind);
		message_put_s(out, secret->path);
	} else {
		out = message_new(MSG_CONF_SECRET_FILE, 0);
		message_put_u(out, secret->kind);
		message_put_s(out, secret->path);
		message_put_u(out, secret->line);
		message_put_u(out, secret->column);
	}
	serve_send(out, fd);
	if (fd != -1)
		close(fd);
}

static void
parser_send_parsed(const struct parsed *p, enum message_type request)
{
	const struct parsed_warning	*warning;
	const struct parsed_secret	*secret;
	const struct conf_endpoint	*endpoint;

	TAILQ_FOREACH(warning, &p->warnings, entry)
		parser_send_position(MSG_PARSE_WARNING, warning->path,
		    warning->line, warning->column, warning->text);
	if (p->failed) {
		parser_send_position(MSG_PARSE_ERROR, p->error_path,
		    p->error.line, p->error.column, p->error.text);
		return;
	}
	if (request == MSG_PARSE_CONF)
		parser_send_conf(p->conf);
	else if (request == MSG_PARSE_KUBECONFIG)
		parser_send_server(&p->server);
	else
		TAILQ_FOREACH(endpoint, &p->conf->endpoints, entry)
			serve_send(conf_pack_endpoint(endpoint), -1);
	TAILQ_FOREACH(secret, &p->secrets, entry)
		parser_send_secret(secret, request == MSG_PARSE_KUBECONFIG);
	serve_send(message_new(MSG_PARSE_DONE, 0), -1);
}

/* The whole file, at most max bytes; NULL and an error if there is more. */
static char *
parser_read_file(struct parsed *p, int fd, size_t max, size_t *len)
{
	char	*bytes;
	ssize_t	 n;

	*len = 0;
	if ((bytes = malloc(max + 1)) == NULL)
		fatal("parser");
	while (*len <= max) {
		n = read(fd, bytes + *len, max + 1 - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			parsed_fail(p, NULL, "reading: %s", strerror(errno));
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (*len > max)
		parsed_fail(p, NULL, "the file has more than %zu KiB",
		    max / 1024);
	if (!p->failed)
		return (bytes);
	freezero(bytes, max + 1);
	return (NULL);
}

/* NULL and an error if it is no YAML. */
static struct yaml_node *
parser_read_tree(struct parsed *p, int fd, unsigned depth)
{
	struct yaml_node	*root;
	char			*bytes;
	size_t			 len;

	if ((bytes = parser_read_file(p, fd, YAML_BYTES_MAX, &len)) == NULL)
		return (NULL);
	root = yaml_read(bytes, len, depth, &p->error);
	freezero(bytes, YAML_BYTES_MAX + 1);
	if (root == NULL) {
		p->failed = true;
		p->error_path = p->path;
	}
	return (root);
}

static void
parser_read_conf(struct parsed *p, int fd)
{
	struct yaml_node	*root;

	if ((root = parser_read_tree(p, fd, GRAMMAR_DEPTH_MAX)) == NULL)
		return;
	grammar_read(p, root);
	yaml_tree_free(root);
}

static void
parser_read_webhook(struct parsed *p, int fd)
{
	struct yaml_node	 at = { .line = 1, .column = 1 };
	char			*bytes;
	size_t			 len;

	p->conf = conf_new();
	if ((bytes = parser_read_file(p, fd, WEBHOOK_BYTES_MAX, &len)) == NULL)
		return;
	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	bytes[len] = '\0';
	if (strlen(bytes) != len)
		parsed_fail(p, &at, "a NUL byte: this is not a text file");
	else if (len == 0)
		parsed_fail(p, &at, "there is nothing in the file");
	else
		grammar_webhook(p, &at, bytes);
	freezero(bytes, WEBHOOK_BYTES_MAX + 1);
}

static void
parser_read_users(struct parsed *p, int fd)
{
	struct yaml_node	*root;

	p->conf = conf_new();
	if ((root = parser_read_tree(p, fd, GRAMMAR_DEPTH_MAX)) == NULL)
		return;
	users_read(p, root);
	yaml_tree_free(root);
}

/* The trees of all files, in their order, until the last has come. */
static struct kubeconfig_file	 files[KUBECONFIG_FILES_MAX];
static size_t			 nfile;

/* As client-go: among others, an empty file is as good as none. */
static bool
parser_may_skip(int fd, bool last)
{
	struct stat	 st;

	return ((nfile > 0 || !last) && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size == 0);
}

static void
parser_read_kubeconfig(struct parsed *p, int fd, const char *context,
    bool last)
{
	struct yaml_node	*root;

	if (!parser_may_skip(fd, last)) {
		root = parser_read_tree(p, fd, KUBECONFIG_DEPTH_MAX);
		if (root == NULL)
			return;
		files[nfile].root = root;
		files[nfile++].path = xstrdup(p->path);
	}
	if (!last)
		return;
	kubeconfig_read(p, files, nfile, context);
	while (nfile > 0) {
		nfile--;
		yaml_tree_free(files[nfile].root);
	}
}

/* True: this was all. */
static bool
parser_serve(struct message *m)
{
	static bool	 failed;
	struct parsed	 parsed;
	const char	*path = message_get_s(m), *context;
	int		 fd = message_take_fd(m);
	bool		 last = true;

	switch (m->type) {
	case MSG_PARSE_CONF:
		parsed_init(&parsed, path, message_get_b(m));
		parser_read_conf(&parsed, fd);
		break;
	case MSG_PARSE_KUBECONFIG:
		parsed_init(&parsed, path, true);
		context = message_get_s(m);
		last = message_get_b(m);
		if (!last && nfile == KUBECONFIG_FILES_MAX - 1)
			fatalx("more kubeconfigs than there may be");
		if (!failed)
			parser_read_kubeconfig(&parsed, fd, context, last);
		break;
	case MSG_PARSE_WEBHOOK:
		parsed_init(&parsed, path, true);
		parser_read_webhook(&parsed, fd);
		break;
	case MSG_PARSE_USERS:
		parsed_init(&parsed, path, true);
		parser_read_users(&parsed, fd);
		break;
	default:
		fatalx("%s is no request", message_name(m->type));
	}
	close(fd);
	/* What follows an error is read, that the parent is not left with it. */
	if (!failed && (last || parsed.failed))
		parser_send_parsed(&parsed, m->type);
	failed = parsed.failed || failed;
	parsed_clear(&parsed);
	return (last);
}

int
main(void)
{
	serve_start(ROLE_PARSER);
	serve_run(parser_serve);
	return (0);
}
