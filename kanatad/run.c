/*
 * Exec plugins: what to run goes to the runner, sealed as it came from the parser,
 * and what the plugin prints to the watcher, on a pipe that the parent never
 * reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "kanatad.h"

#define RUN_EVERY	2000	/* ms between two runs for one watcher */

/* By the instance of the watcher. */
static struct {
	bool		 busy;
	uint64_t	 started;	/* ticks */
} runs[INSTANCES_MAX];

bool
setup_has_plugin(const struct setup *setup)
{
	const struct setup_cluster *cluster;

	TAILQ_FOREACH(cluster, &setup->clusters, entry)
		if (cluster->conf->plugin)
			return (true);
	return (false);
}

static void
send_run(struct child *runner, const struct setup_cluster *cluster, int out)
{
	struct message_out *m = message_new(MSG_RUN_PLUGIN, 0);
	const char *why;
	int fd;

	/* Of a sealed descriptor there is always another. */
	if ((fd = source_open(&cluster->secrets[SECRET_KUBE_EXEC], &why)) == -1)
		fatalx("%s", why);
	message_put_u(m, cluster->instance);
	message_put_s(m, cluster->conf->name);
	channel_send(runner->channel, m, fd);
	m = message_new(MSG_RUN_START, 0);
	message_put_u(m, cluster->instance);
	channel_send(runner->channel, m, out);
}

int
run_plugin(const struct setup_cluster *cluster, const char **why)
{
	struct child *runner = supervise_find(ROLE_RUNNER, 0);
	unsigned i = cluster->instance;
	int fd[2];

	*why = NULL;
	if (runner == NULL || runner->channel == NULL)
		*why = "there is no runner";
	else if (runs[i].busy)
		*why = "it is running";
	else if (runs[i].started != 0 &&
	    clock_ticks() - runs[i].started < RUN_EVERY)
		*why = "it has just been run";
	if (*why != NULL)
		return (-1);
	if (pipe2(fd, O_CLOEXEC) == -1)
		fatal("pipe2");
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) == -1)
		fatal("fcntl");
	runs[i].busy = true;
	runs[i].started = clock_ticks();
	send_run(runner, cluster, fd[1]);
	return (fd[0]);
}

const char *
run_on_ended(struct message *m)
{
	uint64_t instance = message_get_u(m);
	bool ok = message_get_b(m);
	const struct setup_cluster *cluster;

	if (instance >= INSTANCES_MAX || !runs[instance].busy)
		return ("it has run what nobody wanted");
	runs[instance].busy = false;
	if (ok || configure_running() == NULL)
		return (NULL);
	TAILQ_FOREACH(cluster, &configure_running()->clusters, entry)
		if (cluster->instance == instance)
			log_warnx("%s: %s", cluster->conf->name,
			    log_safe(message_get_s(m)));
	return (NULL);
}
