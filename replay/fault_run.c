// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of a program with a failing allocation: environment in, exit status, output and the
 * report of its machine (backends/fault/watch.c) out.
 *
 * The program gets /dev/null for input and a file in memory for its output, which is shown only
 * when something is wrong. It dies with us.
 */
#include "fault_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/check.h>
#include <linux/compiler.h>

/* What sanitizers are told to exit with, so that it is told from the program's own. */
#define SANITIZER_EXIT 99
#define EXEC_FAILED 127

static char *read_all(int fd)
{
	struct stat status;
	char *text;
	ssize_t got;

	if (fstat(fd, &status) != 0)
		return NULL;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return NULL;
	got = pread(fd, text, (size_t)status.st_size, 0);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void add_sanitizer_exit(const char *variable)
{
	const char *before = getenv(variable);
	char text[512];

	snprintf(text, sizeof(text), "%s%sexitcode=%d", before ? before : "", before ? ":" : "",
		 SANITIZER_EXIT);
	setenv(variable, text, 1);
}

static void become_program(const struct fault_run *run, const char *report, int output, int error)
{
	int nothing = open("/dev/null", O_RDONLY);
	char nth[24];
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	snprintf(nth, sizeof(nth), "%" PRIu64, run->nth);
	setenv("KMEMRIG_FAULT_NTH", nth, 1);
	setenv("KMEMRIG_FAULT_MODE", run->persistent ? "persistent" : "once", 1);
	setenv("KMEMRIG_FAULT_REPORT", report, 1);
	if (run->gfp)
		setenv("KMEMRIG_FAULT_GFP", run->gfp, 1);
	add_sanitizer_exit("ASAN_OPTIONS");
	add_sanitizer_exit("UBSAN_OPTIONS");
	add_sanitizer_exit("TSAN_OPTIONS");
	execvp(run->arguments[0], run->arguments);
	code = errno;
	if (write(error, &code, sizeof(code)) != sizeof(code))
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

/* Waits; kills it when its time is over. */
static void wait_for(struct fault_run *run, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd end = { .fd = fd, .events = POLLIN };
	bool hangs = fd >= 0 && poll(&end, 1, (int)run->timeout_s * 1000) == 0;

	if (hangs)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	run->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	if (hangs)
		run->outcome = FAULT_HANG;
	else if (WIFSIGNALED(status))
		run->outcome = FAULT_CRASH;
	else if (run->code == RIG_EXIT_BROKEN)
		run->outcome = FAULT_MISUSE;
	else if (run->code == SANITIZER_EXIT)
		run->outcome = FAULT_SANITIZER;
	else
		run->outcome = FAULT_FINE;
}

static void take_leak(struct fault_run *run, const char *line)
{
	struct fault_leak leak, *more;

	if (sscanf(line, "leak %15s %" SCNu64 " %159s", leak.kind, &leak.bytes, leak.site) != 3)
		return;
	more = realloc(run->leaks, (run->nr_leaks + 1) * sizeof(*more));
	if (!more)
		return;
	run->leaks = more;
	run->leaks[run->nr_leaks++] = leak;
}

static void take_line(struct fault_run *run, const char *line)
{
	u64 nth, calls, failures;

	if (strncmp(line, "leak ", 5) == 0) {
		take_leak(run, line);
	} else if (strncmp(line, "fault ", 6) == 0) {
		if (!run->fired)
			run->fired = sscanf(line, "fault %" SCNu64 " %31s %" SCNu64 " %x %159s",
					    &nth, run->attribute, &run->bytes, &run->gfp_flags,
					    run->site) == 5;
	} else if (sscanf(line, "end %" SCNu64 " %" SCNu64, &calls, &failures) == 2) {
		run->finished = true;
		run->calls = calls > run->calls ? calls : run->calls;
		run->failures += failures;
	}
}

static void read_report(struct fault_run *run, int fd)
{
	char *text = read_all(fd), *save = NULL, *line;

	if (!text)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(run, line);
	free(text);
	if (run->outcome == FAULT_FINE && run->nr_leaks)
		run->outcome = FAULT_LEAK;
}

static bool fail(char *error, size_t size, const char *what, int code)
{
	snprintf(error, size, "%s: %s", what, strerror(code));
	return false;
}

/* Starts the program and waits for its end. */
static bool start(struct fault_run *run, const char *report, int output, char *error, size_t size)
{
	int problem[2], code = 0;
	pid_t pid;

	if (pipe2(problem, O_CLOEXEC) != 0)
		return fail(error, size, "pipe", errno);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_program(run, report, output, problem[1]);
	close(problem[1]);
	if (pid < 0) {
		close(problem[0]);
		return fail(error, size, "fork", errno);
	}
	if (read(problem[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(problem[0]);
	wait_for(run, pid);
	run->started = code == 0;
	return run->started ? true : fail(error, size, run->arguments[0], code);
}

bool fault_run(struct fault_run *run, char *error, size_t error_size)
{
	const char *folder = getenv("TMPDIR");
	char report[4096];
	int output, fd;
	bool ran;

	snprintf(report, sizeof(report), "%s/kmemrig-fault-XXXXXX", folder ? folder : "/tmp");
	fd = mkostemp(report, O_CLOEXEC);
	if (fd < 0)
		return fail(error, error_size, report, errno);
	output = memfd_create("output", MFD_CLOEXEC);
	ran = output >= 0 ? start(run, report, output, error, error_size)
			  : fail(error, error_size, "memory for the output", errno);
	if (ran) {
		read_report(run, fd);
		run->output = read_all(output);
	}
	if (output >= 0)
		close(output);
	close(fd);
	unlink(report);
	return ran;
}

void fault_run_end(struct fault_run *run)
{
	free(run->leaks);
	free(run->output);
	run->leaks = NULL;
	run->output = NULL;
	run->nr_leaks = 0;
}

static bool same_leak(const struct fault_leak *a, const struct fault_leak *b)
{
	return a->bytes == b->bytes && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->site, b->site) == 0;
}

void fault_run_subtract(struct fault_run *run, const struct fault_run *base)
{
	for (size_t i = 0; i < base->nr_leaks; i++)
		for (size_t j = 0; j < run->nr_leaks; j++)
			if (same_leak(&base->leaks[i], &run->leaks[j])) {
				run->leaks[j] = run->leaks[--run->nr_leaks];
				break;
			}
	if (run->outcome == FAULT_LEAK && run->nr_leaks == 0)
		run->outcome = FAULT_FINE;
}
