/*
 * For tests: a real web, caged, with the test as its parent, its notifier, its watcher
 * and its clients.
 */
#ifndef REGRESS_WEB_ENDS_H
#define REGRESS_WEB_ENDS_H

#include "../../common/health.h"
#include "../../common/metric.h"
#include "child.h"
#include "server.h"

/* Of the group: started, configured and linked; it is told nothing yet. */
int	 setup(void **);
int	 teardown(void **);

extern struct child	 web;
extern unsigned		 port;
extern int		 notifier, watcher;	/* our ends */
extern uint32_t		 follow_id;
extern char		 reply[1 << 20];

/* Where it listens from now on: another port. */
void	 send_listener(void);
/* Of the process, in KiB.  The sanitizers keep what is freed: then it is 0. */
unsigned long resident(void);

/* -- what the others tell -------------------------------------------------- */

void	 tell(int fd, struct message_out *);
void	 tell_component(const char *id, enum health, unsigned wanted,
	    const char *name);
void	 tell_end(int fd);
void	 tell_metric(unsigned metric, uint64_t value);
void	 tell_workers(const char *state);
void	 tell_watch_row(int fd, const char *cluster, bool known);
void	 tell_watch(bool known);
/* All that it needs to be ready, and the component "cmp". */
void	 tell_all(void);
/* 2 MB of components. */
void	 tell_many_components(void);
/* A NULL component: of none. */
void	 tell_pod_of(int fd, const char *cluster, const char *name,
	    unsigned since, const char *component);
void	 tell_pod(const char *name, unsigned since, const char *component);
void	 tell_all_pods(void);
/* It wants to hear of pods; and not any more, a minute after the last who asked. */
void	 expect_follow(void);
void	 expect_no_follow(void);

/* -- clients --------------------------------------------------------------- */

/* The status; the body is in reply. */
int	 ask(const char *path);
/* Until it answers so: what it was told is on its way. */
void	 wait_answer(const char *path, int status, const char *text);
/* One that has sent the text, if there is one, and waits. */
int	 client(const char *text);
/* Reads until it has the text, or the end if that is NULL; what there was, of a
 * long answer its end. */
const char *read_until(int fd, const char *text);
void	 expect_start(const char *request, const char *answer);
/* One that takes 4 KB of an answer before it is read. */
int	 client_of_little(const char *text);

#endif
