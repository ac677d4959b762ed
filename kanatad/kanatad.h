/*
 * The parent: it starts and watches over the others, opens files for them and
 * passes on what it does not read.  It holds no secret.
 */
#ifndef KANATAD_H
#define KANATAD_H

#include <sys/queue.h>
#include <sys/types.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../common/channel.h"
#include "../common/clock.h"
#include "../common/conf.h"
#include "../common/lines.h"
#include "address.h"
#include "restart.h"

/* -- options.c ------------------------------------------------------------- */

enum mode { MODE_RUN, MODE_CHECK, MODE_LIST, MODE_REPLAY, MODE_CREATE_USER };

struct options {
	enum mode	 mode;
	const char	*conf;		/* path; NULL: none, to replay */
	const char	*history;	/* path of what is to be replayed */
	const char	*user_name;	/* to create, NULL: to be asked for */
	const char	*user;		/* -u, NULL if not given */
	bool		 foreground;
	bool		 verbose;
	bool		 observe;
};

/* Prints usage and exits with 2 when the command line is wrong. */
void	 options_parse(struct options *, int argc, char **argv);

/* -- drop.c ---------------------------------------------------------------- */

/* Started by root: becomes the user for good, or is fatal. */
void	 drop_privileges(const char *user);

/* -- layout.c -------------------------------------------------------------- */

/* Lines to standard error get priorities, if that leads to the journal. */
void	 layout_init(void);
/* Each line is a JSON object from now on, or is not. */
void	 layout_set_json(bool);

/* -- notify.c -------------------------------------------------------------- */

/* The service manager's socket, if it gave one: connect before the cage, then
 * send lines such as "READY=1".  Its watchdog is told by itself. */
void	 notify_open(void);
void	 notify_send(const char *state);

/* Watchers that can come and go, by the names of their clusters. */
#define INSTANCES_MAX	(CONF_CLUSTERS_MAX * 4)

/* -- setup.c: a configuration and all it takes to give it to the workers ---- */

/* Where a secret comes from: a sealed descriptor, or else a path that is opened
 * when it is wanted. */
struct source {
	int		 fd;		/* -1 if none */
	char		*path;		/* NULL if none; with fd: where it came from */
	bool		 any_mode;	/* the kubelet decides its mode */
	bool		 is_public;	/* certificates */
};

struct setup_cluster {
	TAILQ_ENTRY(setup_cluster) entry;
	struct conf_cluster *conf;	/* in the setup's conf */
	unsigned	 instance;	/* of its watcher */
	struct source	 secrets[SECRET_MAX];
};

struct setup {
	struct conf	*conf;
	uint64_t	 generation;
	struct source	 secrets[SECRET_MAX];
	int		 listener;	/* of web, from the dialer; -1: none */
	TAILQ_HEAD(, setup_cluster) clusters;
};

struct setup	*setup_new(void);
void		 setup_free(struct setup *);
struct child;
struct setup_cluster *setup_cluster_find(struct setup *, unsigned instance);
/* Sets one source; takes the descriptor, copies the path. */
void		 source_set(struct source *, enum secret, int fd, const char *path);
/*
 * A descriptor to pass on, close-on-exec, or -1 and a text in why (static
 * buffer): the file is checked on the open descriptor for type, owner, mode.
 */
int		 source_open(const struct source *, const char **why);
/* The secrets that a role may hold: it is never sent another. */
bool		 setup_role_holds(enum role, enum secret);
/* The same address to listen on: the descriptor can be had from the other.
 * Another one: the dialer may make it beside the other's, of the same port. */
void		 setup_keep_listener(struct setup *, const struct setup *);
/* Not for longer than a reload: with another kanatad it is not shared. */
void		 setup_share_listener(const struct setup *, bool);
/* Opens every secret once: NULL, or what is wrong. */
const char	*setup_check_secrets(const struct setup *);
/* Sends everything that this worker needs, from BEGIN to END.  NULL, or why it
 * cannot be: then only part of it is sent, and an abort must follow. */
const char	*setup_send(struct setup *, struct child *, bool observe);

/* Components and texts, all of them. */
void		 setup_send_rules(const struct conf *, struct child *);
void		 setup_send_listener(const struct setup *, struct child *web);

/* -- parse.c --------------------------------------------------------------- */

/*
 * Parses the file and the kubeconfigs it leads to in processes of their own.
 * The callback gets the setup (its own to free), or NULL and the error, which
 * names file, line and column.  One at a time.
 */
typedef void	(*parse_done_fn)(struct setup *, const char *error);
void		 parse_start(const char *path, parse_done_fn);
/* From the parser; contract of channel_dispatch_fn. */
const char	*parse_dispatch(struct child *, struct message *);
/* The parser is gone; child->death says how. */
void		 parse_child_gone(struct child *);

/* -- access.c: how a cluster is reached ------------------------------------- */

struct paths {
	unsigned	 count;
	char		 path[32][1088];	/* KUBECONFIG_FILES_MAX */
};

/* Before the working directory changes: KUBECONFIG may have relative paths. */
void		 access_init(void);
/*
 * By the service account files that a pod has, or by kubeconfigs: then paths says
 * which, in the order that they are merged in, else it is empty and the setup is
 * complete for this cluster.  NULL, or a text (static buffer) that says why there
 * is no way.
 */
const char	*access_find(struct setup *, struct setup_cluster *,
		    struct paths *);
/*
 * The endpoint of the cluster's server, added to the setup, or that of the proxy in
 * front of it: the one given, if its host is not "", or the environment's.  NULL,
 * or a text (static buffer).
 */
const char	*access_server(struct setup *, const struct setup_cluster *,
		    const struct address *server, const struct address *proxy);
/* The cluster's namespaces are this one ("": default) if it has none yet. */
void		 access_default_ns(struct conf_cluster *, const char *ns);

/* -- run.c: exec plugins ------------------------------------------------------ */

/* A cluster's credential comes from an exec plugin. */
bool		 setup_has_plugin(const struct setup *);
/* Has the plugin of the cluster run.  A pipe that what it prints comes from, for
 * the watcher, or -1 and a static text. */
int		 run_plugin(const struct setup_cluster *, const char **why);
/* MSG_RUN_ENDED; contract of channel_dispatch_fn. */
const char	*run_on_ended(struct message *);

/* -- child.c: one process --------------------------------------------------- */

enum child_state {
	CHILD_DEAD,		/* to be started when its time has come */
	CHILD_STARTING,		/* not READY yet */
	CHILD_PREPARING,	/* has its configuration, has not answered */
	CHILD_PREPARED,
	CHILD_RUNNING,		/* committed */
	CHILD_STOPPING		/* its channel is closed; will not come back */
};

struct child {
	TAILQ_ENTRY(child)	 entry;
	enum role		 role;
	unsigned		 instance;
	char			 name[80];	/* "watcher/prod" */
	char			 argument[1024]; /* argv[1], "" if none */
	enum child_state	 state;
	pid_t			 pid;		/* 0: none */
	struct channel		*channel;	/* NULL: none */
	struct lines		 log;		/* its standard error */
	char			 last_words[200];
	unsigned		 landlock;	/* ABI, 0: none */
	uint64_t		 started;	/* ms since 1970, to be shown */
	uint64_t		 started_ticks;
	unsigned		 restarts;
	char			 death[352];	/* of the last one, "" if none */
	const char		*killed_for;	/* static: why we killed it */
	unsigned		 pings;		/* sent and not answered */
	uint64_t		 memory, cpu;	/* bytes, ms, when it answered */
	bool			 committed;	/* and linked, since it was started */
	struct event		*restart_event;
	struct restart		 restart;
};
TAILQ_HEAD(children, child);

/* Forks and executes its program.  The dispatch and gone functions get the child
 * as arg. */
void		 child_start(struct child *, channel_dispatch_fn, channel_gone_fn);
/* Reads what is left of its log, closes everything, says in child->death how it
 * ended (status of waitpid). */
void		 child_bury(struct child *, int status);
/* The status of waitpid says that the cage or a memory fault ended it. */
bool		 child_is_crime(int status);
void		 child_set_libexec(const char *dir);

/* -- supervise.c ------------------------------------------------------------ */

extern struct children children;

struct child	*supervise_find(enum role, unsigned instance);
/* Adds a worker and starts it. */
struct child	*supervise_add(enum role, unsigned instance, const char *name,
		    const char *argument);
/* Lets it end by itself; it will not be started again.  Freed at once if it does
 * not run. */
void		 supervise_remove(struct child *);
/* Kills a child that misbehaves; why is static. */
void		 supervise_kill(struct child *, const char *why);
/* No worker is overdue with an answer, or has been killed and does not go. */
bool		 supervise_all_answer(void);
/* Links the running child to every running peer that has its links. */
void		 supervise_link(struct child *);
/* Links the pairs watcher and notifier anew, so that health is told in full. */
void		 supervise_link_health(void);
void		 supervise_init(void);
/* Ends all workers, then the process. */
void		 supervise_stop(int status) __attribute__((noreturn));

/* -- configure.c ------------------------------------------------------------- */

/* The configuration that runs, NULL before the first. */
const struct setup *configure_running(void);
/* Result of a reload: NULL error is success. */
typedef void	(*configure_done_fn)(const char *error, void *arg);
/* First start: error is fatal. */
void		 configure_begin(struct setup *);
/* -1: one is under way already. */
int		 configure_reload(configure_done_fn, void *arg);
/* If one is under way, another is begun when it has ended. */
void		 configure_reload_again(void);
/* Messages from workers about configuration and secrets; contract of
 * channel_dispatch_fn. */
const char	*configure_dispatch(struct child *, struct message *);
/* A child is gone: it cannot be waited for.  True: nor is it wanted any more, and
 * it was freed. */
bool		 configure_child_gone(struct child *);

/* -- control.c --------------------------------------------------------------- */

void		 control_open(const char *path, const char *group);
void		 control_close(void);
/* Log level of all processes. */
void		 control_set_verbose(bool);
/* Rows of a worker for a client; contract of channel_dispatch_fn. */
const char	*control_dispatch(struct child *, struct message *);
void		 control_child_gone(struct child *);

/* Tells web of all workers, if there is a web. */
void		 control_tell_web(void);

/* -- list.c ------------------------------------------------------------------ */

/* `kanatad list`: what the notifier says, then the end. */
void		 list_begin(struct child *notifier);
const char	*list_dispatch(struct message *);

/* -- replay.c ---------------------------------------------------------------- */

/* `kanatad replay`: opens the history, with the rights of who asked. */
void		 replay_open(const char *path);
/* Runs it through the rules of the setup (taken), or its own if that is NULL. */
void		 replay_begin(struct setup *);
/* From the process that does it; contract of channel_dispatch_fn. */
const char	*replay_dispatch(struct child *, struct message *);
/* It is gone: the end. */
void		 replay_child_gone(const struct child *)
		    __attribute__((noreturn));

/* -- create_user.c --------------------------------------------------------- */

/* `kanatad create-user`: asks, writes the file, exits. */
void		 create_user(const struct setup *) __attribute__((noreturn));

/* -- print.c ------------------------------------------------------------------ */

/* The effective configuration as YAML, secrets left out. */
void		 print_setup(const struct setup *, FILE *);

/* -- main.c ------------------------------------------------------------------- */

extern struct event_base *base;
extern struct options	 options;
extern uint64_t		 main_started;		/* ms since 1970 */
extern unsigned		 main_landlock;		/* ABI of the parent's own cage */
/* All workers run for the first time. */
void			 main_running(void);

#endif
