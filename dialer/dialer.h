/* What the files of the dialer share. */
#ifndef KANATA_DIALER_H
#define KANATA_DIALER_H

#include <sys/socket.h>

#include <event2/event.h>
#include <stdbool.h>

#include "../common/conf.h"

/* -- resolve.c: names to addresses ---------------------------------------- */

/* Addresses of one name that are considered; an attacker's answer may have many
 * more. */
#define RESOLVE_MAX	16

struct addresses {
	unsigned		 count;
	struct sockaddr_storage	 address[RESOLVE_MAX];	/* port is 0 */
};

struct resolve;

/* The name's addresses, families alternating and IPv6 first (RFC 8305 section
 * 4); or none and a static text. */
typedef void	(*resolve_fn)(const struct addresses *, const char *error,
		    void *arg);

/* Before the cage: reads resolv.conf and hosts, makes the sockets for DNS.
 * Borrows the names of the files. */
void		 resolve_init(struct event_base *, const char *resolv_conf,
		    const char *hosts);
/*
 * NULL: the answer was known and the callback has been called.  Ends the
 * process when the resolver files are not those that were read: the parent starts
 * another.
 */
struct resolve	*resolve_start(const char *host, resolve_fn, void *arg);
/* Without calling back. */
void		 resolve_cancel(struct resolve *);
/* NULL if it can be looked up at all, or a static text that says why not. */
const char	*resolve_check(const char *host);

/* -- dial.c: an endpoint to a connected descriptor ------------------------- */

#define DIAL_TIMEOUT	10000	/* ms for names and connections together */
#define DIAL_STAGGER	250	/* ms to the next address (RFC 8305 sec. 5) */

struct dial;

/* A connected descriptor, owned by the callback; or -1 and a text that says
 * where and why, valid until it returns.  The dial is freed after. */
typedef void	(*dial_fn)(int fd, const char *error, void *arg);

/* Copies the endpoint.  Never calls back before it has returned. */
struct dial	*dial_start(struct event_base *, const struct conf_endpoint *,
		    dial_fn, void *arg);
/* Without calling back. */
void		 dial_cancel(struct dial *);

/* A peer that vanished is noticed within a minute, in both directions; what is
 * accepted inherits it.  -1 and errno. */
int		 dial_set_options(int fd);

/* -- listen.c: the listening descriptor of web ------------------------------ */

/*
 * -1 and a text (static buffer) that says where and why not.  Beside: the parent
 * may have one of the same port, and lets it be shared while it is replaced.
 */
int		 listen_on(const struct conf_web *, bool beside,
		    const char **why);

#endif
