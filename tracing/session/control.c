// SPDX-License-Identifier: GPL-2.0-only
/*
 * Talking to the session daemon by way of the lttng command: a stable interface, and no
 * library of LTTng in our process.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "private.h"

#define MAX_ARGUMENTS 32

extern char **environ;

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads to the end, keeps what fits. */
static void read_all(int fd, char *text, size_t size)
{
	char rest[1024];
	size_t used = 0;
	ssize_t length;

	for (;;) {
		bool full = used + 1 >= size;

		length = full ? read(fd, rest, sizeof(rest))
			      : read(fd, text + used, size - used - 1);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			break;
		if (!full)
			used += (size_t)length;
	}
	text[used] = '\0';
}

int rig_lttng_run(struct rig_output *output, const char *const *arguments)
{
	const char *argv[MAX_ARGUMENTS] = { "lttng", "--no-sessiond" };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	static struct rig_output ignored;
	int pipe_fds[2], error;
	size_t n = 2;
	pid_t pid;

	for (; *arguments && n < MAX_ARGUMENTS - 1; arguments++)
		argv[n++] = *arguments;
	if (!output)
		output = &ignored;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDERR_FILENO);
	/* its own process group: a terminal's interrupt is ours to handle */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	error = posix_spawnp(&pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pipe_fds[1]);
	if (!error)
		read_all(pipe_fds[0], output->text, sizeof(output->text));
	close(pipe_fds[0]);
	return error ? -error : wait_for(pid);
}

long long rig_sum_after(const char *text, const char *label)
{
	long long sum = -1;

	while ((text = strstr(text, label))) {
		text += strlen(label);
		sum = (sum < 0 ? 0 : sum) + strtoll(text + strspn(text, ": "), NULL, 10);
	}
	return sum;
}
