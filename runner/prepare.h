/* What a plugin is started with: its program, its environment. */
#ifndef KANATA_RUNNER_PREPARE_H
#define KANATA_RUNNER_PREPARE_H

#include <stddef.h>

#include "../common/plugin.h"

/*
 * The program: a path as it is, a name out of the PATH of this process.  NULL and
 * a text that says what is wrong.  The caller frees.
 */
char	*prepare_program(const char *command, char *why, size_t size);

/*
 * This process's environment, which the parent has chosen, what the kubeconfig
 * adds to it or has instead, and KUBERNETES_EXEC_INFO.  NULL-terminated; NULL and
 * a text if there is something wrong with the CA file.  Wiped and freed by
 * prepare_environment_free.
 */
char	**prepare_environment(const struct plugin *, char *why, size_t size);
void	 prepare_environment_free(char **);

#endif
