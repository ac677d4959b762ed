/*
 * Names to addresses, by libevent's evdns: it needs neither files nor threads
 * once its sockets are made.
 *
 * What comes back is chosen by whoever answers on the network.  The count is
 * bounded; that an address is the right one, only TLS can show.
 */
#include <sys/queue.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <bsd/string.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "dialer.h"

#define HOST_MAX	253

struct lookup;

struct resolve {
	TAILQ_ENTRY(resolve)	 entry;
	struct lookup		*lookup;
	resolve_fn		 done;
	void			*arg;
};

/*
 * One question on its way, for everybody who asks the same.  It is never
 * cancelled, only left without anybody who waits: there are never more than
 * there are names in the configuration.
 */
struct lookup {
	TAILQ_ENTRY(lookup)	 entry;
	TAILQ_HEAD(, resolve)	 waiting;
	char			 host[HOST_MAX + 1];
};

/* What a resolver file looked like when it was read. */
struct file {
	const char	*path;
	bool		 exists;
	struct stat	 st;
};

static TAILQ_HEAD(, lookup)	 lookups = TAILQ_HEAD_INITIALIZER(lookups);
static struct evdns_base	*dns;
static struct file		 files[2];
#define NFILES	(sizeof(files) / sizeof(files[0]))
#define RESOLV_CONF	(&files[0])
#define HOSTS		(&files[1])

static void
on_dns_log(int is_warning, const char *text)
{
	if (is_warning)
		log_warnx("dns: %s", log_safe(text));
	else
		log_debug("dns: %s", log_safe(text));
}

static bool
file_changed(const struct file *file)
{
	struct stat st;

	if (stat(file->path, &st) == -1)
		return (file->exists);
	return (!file->exists || st.st_dev != file->st.st_dev ||
	    st.st_ino != file->st.st_ino || st.st_size != file->st.st_size ||
	    st.st_mtim.tv_sec != file->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != file->st.st_mtim.tv_nsec);
}

static void
set_option(const char *name, const char *value)
{
	if (evdns_base_set_option(dns, name, value) != 0)
		fatalx("dns: option %s cannot be set", name);
}

void
resolve_init(struct event_base *base, const char *resolv_conf,
    const char *hosts)
{
	unsigned i;

	RESOLV_CONF->path = resolv_conf;
	HOSTS->path = hosts;
	/* Before they are read: a change in between is seen later. */
	for (i = 0; i < NFILES; i++)
		files[i].exists = stat(files[i].path, &files[i].st) == 0;
	evdns_set_log_fn(on_dns_log);
	if ((dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE)) ==
	    NULL)
		fatalx("dns: cannot be set up");
	/* The second server must have its turn well within DIAL_TIMEOUT;
	 * resolv.conf may say otherwise. */
	set_option("timeout", "2");
	/* One family alone is good enough soon (RFC 8305 section 3). */
	set_option("getaddrinfo-allow-skew", "0.25");
	/* A server that evdns gave up is probed with a question for a name that
	 * nobody here asked for. */
	set_option("max-timeouts", "255");
	if (evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH |
	    DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC, resolv_conf) != 0)
		log_debug("dns: no name server in %s", resolv_conf);
	evdns_base_load_hosts(dns, HOSTS->exists ? hosts : NULL);
}

static void
files_check(void)
{
	unsigned i;

	for (i = 0; i < NFILES; i++)
		if (file_changed(&files[i])) {
			log_info("%s has changed, starting anew to read it",
			    files[i].path);
			exit(0);
		}
}

const char *
resolve_check(const char *host)
{
	if (host[0] == '\0')
		return ("no host");
	if (strlen(host) > HOST_MAX)
		return ("the host is too long for a name");
	/* libevent would look an interface up, which takes a socket. */
	if (strchr(host, '%') != NULL)
		return ("an address with a zone cannot be dialed");
	return (NULL);
}

static void
addresses_add(struct addresses *list, const struct sockaddr *sa)
{
	size_t len;

	if (sa->sa_family == AF_INET)
		len = sizeof(struct sockaddr_in);
	else if (sa->sa_family == AF_INET6)
		len = sizeof(struct sockaddr_in6);
	else
		return;
	if (list->count == RESOLVE_MAX)
		return;
	memset(&list->address[list->count], 0, sizeof(list->address[0]));
	memcpy(&list->address[list->count++], sa, len);
}

static void
add_ipv4(struct addresses *list, struct in_addr addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr };

	addresses_add(list, (struct sockaddr *)&sin);
}

static void
add_ipv6(struct addresses *list, struct in6_addr addr)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_addr = addr };

	addresses_add(list, (struct sockaddr *)&sin6);
}

/* RFC 6761 section 6.3: localhost and all below it, whatever DNS says. */
static bool
is_localhost(const char *host)
{
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < 9 || strncasecmp(host + len - 9, "localhost", 9) != 0)
		return (false);
	return (len == 9 || host[len - 10] == '.');
}

/* What needs no question. */
static bool
known(const char *host, struct addresses *list)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	list->count = 0;
	if (inet_pton(AF_INET, host, &ipv4) == 1)
		add_ipv4(list, ipv4);
	else if (inet_pton(AF_INET6, host, &ipv6) == 1)
		add_ipv6(list, ipv6);
	else if (is_localhost(host)) {
		ipv4.s_addr = htonl(INADDR_LOOPBACK);
		add_ipv6(list, in6addr_loopback);
		add_ipv4(list, ipv4);
	}
	return (list->count > 0);
}

/* The next address of the family, or of the other one when there is none. */
static const struct evutil_addrinfo *
next_of(const struct evutil_addrinfo **v6, const struct evutil_addrinfo **v4,
    int family)
{
	const struct evutil_addrinfo **from = family == AF_INET6 ? v6 : v4;
	const struct evutil_addrinfo *ai;
	int want;

	if (*from == NULL)
		from = from == v6 ? v4 : v6;
	want = from == v6 ? AF_INET6 : AF_INET;
	if ((ai = *from) != NULL)
		do
			*from = (*from)->ai_next;
		while (*from != NULL && (*from)->ai_family != want);
	return (ai);
}

static const struct evutil_addrinfo *
first_of(const struct evutil_addrinfo *ai, int family)
{
	while (ai != NULL && ai->ai_family != family)
		ai = ai->ai_next;
	return (ai);
}

static void
interleave(struct addresses *list, const struct evutil_addrinfo *res)
{
	const struct evutil_addrinfo *v6 = first_of(res, AF_INET6);
	const struct evutil_addrinfo *v4 = first_of(res, AF_INET), *ai;
	int family = AF_INET6;

	list->count = 0;
	while ((ai = next_of(&v6, &v4, family)) != NULL) {
		addresses_add(list, ai->ai_addr);
		family = ai->ai_family == AF_INET6 ? AF_INET : AF_INET6;
	}
}

static const char *
error_text(int error)
{
	switch (error) {
	case EVUTIL_EAI_NONAME:
	case EVUTIL_EAI_NODATA:
		return ("no such name");
	case EVUTIL_EAI_MEMORY:
		fatalx("out of memory");
	default:
		/* evdns does not tell which. */
		return ("the name servers do not answer or with an error");
	}
}

static void
on_answer(int error, struct evutil_addrinfo *res, void *arg)
{
	struct lookup *lookup = arg;
	struct addresses list = { 0 };
	const char *text = NULL;
	struct resolve *r;

	if (error == 0) {
		interleave(&list, res);
		evutil_freeaddrinfo(res);
	}
	if (list.count == 0)
		text = error_text(error == 0 ? EVUTIL_EAI_NODATA : error);
	/* Whoever asks from here on asks anew. */
	TAILQ_REMOVE(&lookups, lookup, entry);
	while ((r = TAILQ_FIRST(&lookup->waiting)) != NULL) {
		TAILQ_REMOVE(&lookup->waiting, r, entry);
		r->done(&list, text, r->arg);
		free(r);
	}
	free(lookup);
}

static struct lookup *
lookup_find(const char *host)
{
	struct lookup *lookup;

	TAILQ_FOREACH(lookup, &lookups, entry)
		if (strcasecmp(lookup->host, host) == 0)
			break;
	return (lookup);
}

struct resolve *
resolve_start(const char *host, resolve_fn done, void *arg)
{
	static const struct evutil_addrinfo hints = {
		.ai_family = PF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP };
	struct addresses list;
	struct lookup *lookup;
	struct resolve *r;

	if (known(host, &list)) {
		done(&list, NULL, arg);
		return (NULL);
	}
	files_check();
	r = xcalloc(1, sizeof(*r));
	r->done = done;
	r->arg = arg;
	if ((lookup = lookup_find(host)) != NULL) {
		r->lookup = lookup;
		TAILQ_INSERT_TAIL(&lookup->waiting, r, entry);
		return (r);
	}
	r->lookup = lookup = xcalloc(1, sizeof(*lookup));
	TAILQ_INIT(&lookup->waiting);
	strlcpy(lookup->host, host, sizeof(lookup->host));
	TAILQ_INSERT_TAIL(&lookup->waiting, r, entry);
	TAILQ_INSERT_TAIL(&lookups, lookup, entry);
	/* NULL: it has called back, everything is freed. */
	if (evdns_getaddrinfo(dns, lookup->host, NULL, &hints, on_answer,
	    lookup) == NULL)
		return (NULL);
	return (r);
}

void
resolve_cancel(struct resolve *r)
{
	if (r == NULL)
		return;
	TAILQ_REMOVE(&r->lookup->waiting, r, entry);
	free(r);
}
