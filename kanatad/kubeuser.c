#include <string.h>

#include "kubeconfig.h"

/* The file of a token beats the token, as in client-go.  1 if there is one. */
static int
kube_token(struct parsed *p, const struct yaml_node *user)
{
	const struct yaml_node	*token, *file;
	const char		*c;

	if (kube_text(p, user, "tokenFile", &file) == -1 ||
	    kube_text(p, user, "token", &token) == -1)
		return (-1);
	if (file != NULL)
		return (parsed_secret_file(p, SECRET_KUBE_TOKEN, file,
		    file->text) == -1 ? -1 : 1);
	if (token == NULL)
		return (0);
	/* It becomes a line of an HTTP request. */
	for (c = token->text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return (parsed_fail(p, token, "`token` has blanks or "
			    "characters that no token has"));
	parsed_secret(p, SECRET_KUBE_TOKEN, token, token->text,
	    strlen(token->text));
	return (1);
}

int
kube_user(struct parsed *p, const struct yaml_node *user,
    const struct kube_cluster *cluster)
{
	static const char *const providers[] = { "auth-provider", NULL };
	static const char *const passwords[] = { "username", "password",
	    NULL };
	static const char *const others[] = { "as", "as-uid", "as-groups",
	    "as-user-extra", NULL };
	const struct yaml_node	*exec;
	int			 cert, key, token;

	if (kube_refuse(p, user, providers, ": kubectl has none since 1.26, "
	    "use an `exec` plugin") == -1 ||
	    kube_refuse(p, user, passwords, ": Kubernetes has no passwords "
	    "since 1.19, use a token or a client certificate") == -1 ||
	    kube_refuse(p, user, others, ": use the credential of the account "
	    "itself") == -1)
		return (-1);
	cert = kube_credential(p, user, "client-certificate",
	    SECRET_KUBE_CERT);
	if (cert == -1)
		return (-1);
	key = kube_credential(p, user, "client-key", SECRET_KUBE_KEY);
	if (key == -1)
		return (-1);
	if (cert != key)
		return (parsed_fail(p, user, "a client %s without its %s",
		    cert ? "certificate" : "key", cert ? "key" :
		    "certificate"));
	if ((token = kube_token(p, user)) == -1)
		return (-1);
	exec = yaml_find(user, "exec");
	if (exec == NULL || yaml_is_null(exec))
		return (0);
	/* As client-go: a token that is there is used, while a certificate and
	 * the plugin's token go together. */
	if (token == 1) {
		parsed_warn(p, exec, "`exec` is not used: there is a token");
		return (0);
	}
	return (kube_exec(p, exec, cluster));
}
