// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failed check saves the flight recorder before the machine goes on, since a machine that only
 * counts failures would overwrite what led to the first. The lttng tool asks the session's daemon,
 * whose environment is ours. Runs under whatever locks the failing code holds.
 *
 * Locking: none; one thread wins the exchange.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "save.h"

void rig_lttng_save(void)
{
	static bool saved;
	char *session = getenv("KMEMRIG_TRACE_SNAPSHOT");
	char *argv[] = { "lttng", "--no-sessiond", "snapshot",	   "record", "--session",
			 session, "--name",	   "check-failed", NULL };
	posix_spawn_file_actions_t actions;
	int status = -1, error;
	pid_t pid;

	if (!session || !*session || __atomic_exchange_n(&saved, true, __ATOMIC_RELAXED))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!error) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (error || status)
		fprintf(stderr, "kmemrig: trace: the failed check's snapshot could not be saved\n");
}
