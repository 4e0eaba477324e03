// SPDX-License-Identifier: GPL-2.0-only
/*
 * Talking to the session daemon by way of the lttng command: a stable interface, and no
 * library of LTTng in our process. Each command has a time limit: "lttng stop" waits for the
 * consumer daemon for ever, and that may have been stopped or hang at a relay daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
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

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Reads to the end, keeps what fits. False: not at the end in time. */
static bool read_all(int fd, char *text, size_t size, unsigned int timeout_ms)
{
	long long end = now_ms() + timeout_ms;
	char rest[1024];
	size_t used = 0;
	ssize_t length = 0;

	do {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		long long left = end - now_ms();
		bool full = used + 1 >= size;
		int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			break;
		length = full ? read(fd, rest, sizeof(rest))
			      : read(fd, text + used, size - used - 1);
		if (length <= 0)
			break;
		if (!full)
			used += (size_t)length;
	} while (true);
	text[used] = '\0';
	return now_ms() < end;
}

int rig_lttng_run(struct rig_output *output, unsigned int timeout_ms, const char *const *arguments)
{
	const char *argv[MAX_ARGUMENTS] = { "lttng", "--no-sessiond" };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	static struct rig_output ignored;
	bool in_time = true;
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
		in_time = read_all(pipe_fds[0], output->text, sizeof(output->text), timeout_ms);
	close(pipe_fds[0]);
	if (error)
		return -error;
	if (!in_time)
		kill(pid, SIGKILL);
	error = wait_for(pid);
	return in_time ? error : -ETIMEDOUT;
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
