/*
 * kanata-runner: runs the exec plugins of kubeconfigs, for there is no running
 * anything below the parent's cage.  The parent starts it before its own cage
 * closes, and only when a kubeconfig asks for a plugin.
 *
 * Holds: what a kubeconfig gives to its plugin, and that only while it starts it.
 *	What a plugin prints goes to the watcher of that cluster on a pipe whose
 *	other end was never here.
 * May call: anything, as its user may; without new privileges.
 * Talks to: the parent, and does what no one else says.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "run.h"

#define RUN_TIME	60	/* s, unless -t says otherwise */

struct task {
	TAILQ_ENTRY(task) entry;
	uint64_t	 cluster;	/* the instance of its watcher */
	char		 name[64];
	struct plugin	*plugin;	/* NULL: it is running, or ran */
	struct run	*run;		/* NULL: it does not run */
};

static TAILQ_HEAD(, task) tasks = TAILQ_HEAD_INITIALIZER(tasks);

static struct task *
task_of(uint64_t cluster)
{
	struct task *task;

	TAILQ_FOREACH(task, &tasks, entry)
		if (task->cluster == cluster)
			return (task);
	if ((task = calloc(1, sizeof(*task))) == NULL)
		fatal("calloc");
	task->cluster = cluster;
	TAILQ_INSERT_TAIL(&tasks, task, entry);
	return (task);
}

static void
runner_done(void *arg, bool ok, const char *text)
{
	struct task *task = arg;
	struct message_out *m = message_new(MSG_RUN_ENDED, 0);

	task->run = NULL;
	message_put_u(m, task->cluster);
	message_put_b(m, ok);
	message_put_s(m, text);
	channel_send(worker_parent(), m, -1);
}

static const char *
runner_on_plugin(struct message *m)
{
	struct task *task = task_of(message_get_u(m));
	char *bytes;
	size_t len;

	strlcpy(task->name, message_get_s(m), sizeof(task->name));
	plugin_free(task->plugin);
	task->plugin = NULL;
	if ((bytes = secret_read(message_take_fd(m), &len)) == NULL)
		fatal("reading what to run");
	/* The parser has read hostile bytes: it may have gone wrong. */
	if ((task->plugin = plugin_unpack(bytes, len)) == NULL)
		log_warnx("%s: what to run makes no sense", task->name);
	freezero(bytes, len + 1);
	return (NULL);
}

static const char *
runner_on_start(struct message *m)
{
	struct task *task = task_of(message_get_u(m));
	struct plugin *plugin = task->plugin;

	if (task->run != NULL)
		return ("it runs already");
	if (plugin == NULL) {
		runner_done(task, false, "there is nothing to run");
		return (NULL);
	}
	task->plugin = NULL;
	task->run = run_begin(plugin, task->name, message_take_fd(m),
	    runner_done, task);
	plugin_free(plugin);
	return (NULL);
}

static const char *
runner_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_RUN_PLUGIN:
		return (runner_on_plugin(m));
	case MSG_RUN_START:
		return (runner_on_start(m));
	default:
		return ("a message that the runner does not know");
	}
}

/* kanata-runner [-t seconds] */
static void
runner_init(struct event_base *base, int argc, char **argv)
{
	unsigned seconds = RUN_TIME;
	const char *why;
	int c;

	while ((c = getopt(argc, argv, "t:")) != -1) {
		why = "unknown option";
		if (c == 't')
			seconds = (unsigned)strtonum(optarg, 1, 3600, &why);
		if (why != NULL)
			fatalx("option: %s", why);
	}
	run_init(base, seconds);
	atexit(run_kill_all);
}

/* It has none: what to run comes each time anew. */
static const char *
runner_conf_prepare(const struct conf *conf)
{
	(void)conf;
	return (NULL);
}

static void
runner_conf_commit(const struct conf *conf)
{
	(void)conf;
}

int
main(int argc, char **argv)
{
	static const struct worker runner = {
		.role = ROLE_RUNNER,
		.init = runner_init,
		.dispatch_parent = runner_dispatch_parent,
		.conf_prepare = runner_conf_prepare,
		.conf_commit = runner_conf_commit,
	};

	worker_run(&runner, argc, argv);
}
