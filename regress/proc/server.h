/* For tests: another program that serves on loopback, and asking it by HTTP. */
#ifndef REGRESS_SERVER_H
#define REGRESS_SERVER_H

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>

struct server {
	pid_t		 pid;
	unsigned	 port;
};

/* Starts it, without standard output and error; it is killed with the test. */
pid_t	 server_spawn(const char *const *argv);
/* Kills it, whatever state it is in. */
void	 server_kill(struct server *);

/* A port of loopback that nobody listens on now. */
unsigned server_free_port(void);
/* A connected descriptor, or -1. */
int	 server_connect(unsigned port);
/*
 * One request; a NULL body makes it a GET.  Returns the status, 0 without an
 * answer; the answer's body is in reply, cut at size.
 */
int	 server_ask(unsigned port, const char *path, const char *token,
	    const char *body, char *reply, size_t size);

#endif
