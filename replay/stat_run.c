// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process around a graph. A child builds and runs it; this one forwards what our components say
 * (the libraries' own words are of no use to anybody), shows progress, ends a child that turns in
 * circles, and prints what the sink has printed when the child has ended.
 *
 * A child that dies takes the analysis with it. It counts in shared memory how many batches of
 * events its sink had taken; a second child takes as many and stops there.
 */
#include <kmemrig/command.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stat.h"

#define PREFIX "kmemrig: "
/* Without a batch: seconds that the child works itself, seconds that it waits, for perf script say.
 */
#define PATIENCE_WORK_S 30
#define PATIENCE_S 1800

enum outcome { OUTCOME_GOOD, OUTCOME_BAD, OUTCOME_DIED, OUTCOME_HUNG };

struct run {
	const struct rig_stat_job *job;
	struct rig_stat_inputs inputs;
	struct rig_stat_shared *shared;
	int out; /* memory file: the child's standard output */
	pid_t child;
	int words; /* the child's standard error */
	size_t used;
	char line[8192];
	char detail[300]; /* what a library said of the metadata; "" */
	bool complained;
	bool sanitizer; /* its report is under way: that is what one wants to see */
	int signal;	/* that interrupted us */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	interrupted = signal_number;
}

static void __attribute__((noreturn)) run_child(struct run *run, int words, u64 limit)
{
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(run->out, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	code = rig_stat_graph(run->job, &run->inputs, run->shared, limit) ? RIG_EXIT_OK
									  : RIG_EXIT_USAGE;
	fflush(NULL);
	/* a graph that ends midway leaks inside of libbabeltrace2: nobody need hear of it */
	if (limit || code)
		_exit(code);
	exit(code);
}

/* Names are shown as they were given, not as they were opened. */
static void put_line(const struct run *run, const char *line)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	while (out && *line) {
		const struct rig_stat_input *found = NULL;

		for (size_t i = 0; i < run->inputs.nr && !found; i++)
			if (!strncmp(line, run->inputs.items[i].plain,
				     strlen(run->inputs.items[i].plain)))
				found = &run->inputs.items[i];
		if (found) {
			fputs(found->name, out);
			line += strlen(found->plain);
		} else {
			fputc(*line++, out);
		}
	}
	if (!out || fclose(out))
		return;
	fputs(text, stderr);
	free(text);
}

/* libbabeltrace2 logs the line of bad metadata, but its error does not say it. */
static void keep_detail(struct run *run, const char *line)
{
	const char *place = strstr(line, "At line ");

	if (place && strstr(place, "in metadata stream") && !run->detail[0])
		snprintf(run->detail, sizeof(run->detail), ": %.*s", (int)sizeof(run->detail) - 3,
			 place);
}

static void take_line(struct run *run, const char *line, struct rig_progress *progress)
{
	bool ours = !strncmp(line, PREFIX, sizeof(PREFIX) - 1);

	if (!ours)
		keep_detail(run, line);
	run->sanitizer |= strstr(line, "Sanitizer") || strstr(line, "runtime error:");
	if (!ours && !run->sanitizer)
		return;
	rig_progress_end(progress);
	put_line(run, line);
	if (ours) {
		fputs(run->detail, stderr);
		run->detail[0] = '\0';
		run->complained = true;
	}
	fputc('\n', stderr);
}

/* False: the child has closed its end. */
static bool take_words(struct run *run, struct rig_progress *progress)
{
	ssize_t got = read(run->words, run->line + run->used, sizeof(run->line) - 1 - run->used);
	char *newline;

	if (got <= 0)
		return got < 0 && errno == EINTR;
	/* messages about bad bytes hold them */
	for (ssize_t i = 0; i < got; i++)
		if (!run->line[run->used + (size_t)i])
			run->line[run->used + (size_t)i] = '?';
	run->used += (size_t)got;
	run->line[run->used] = '\0';
	while ((newline = strchr(run->line, '\n')) || run->used == sizeof(run->line) - 1) {
		size_t length = newline ? (size_t)(newline - run->line) : run->used;

		run->line[length] = '\0';
		take_line(run, run->line, progress);
		length += newline != NULL;
		run->used -= length;
		memmove(run->line, run->line + length, run->used + 1);
	}
	return true;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds of CPU that the child has had. */
static double work_of(pid_t child)
{
	unsigned long user, system;
	char path[64], line[1024];
	const char *fields = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	file = fopen(path, "r");
	/* utime and stime are the 12th and 13th field after the name, which is in brackets */
	if (file && fgets(line, sizeof(line), file))
		fields = strrchr(line, ')');
	if (file)
		fclose(file);
	if (!fields || sscanf(fields + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu",
			      &user, &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* False: the child does not get on and was ended. */
static bool watch(struct run *run)
{
	struct pollfd ready = { .fd = run->words, .events = POLLIN };
	struct rig_progress progress;
	double last = now(), work = 0;
	u64 batches = 0;
	bool open = true, hung = false;

	rig_progress_begin(&progress, run->job->progress, 0);
	progress.terminal &= run->job->progress != NULL;
	while (open) {
		if (poll(&ready, 1, 200) > 0)
			open = take_words(run, &progress);
		if (interrupted && !run->signal) {
			run->signal = interrupted;
			kill(run->child, run->signal);
		}
		rig_progress_step(&progress, run->shared->batches * RIG_STAT_BATCH);
		if (run->shared->batches != batches) {
			batches = run->shared->batches;
			last = now();
			work = work_of(run->child);
		}
		if (open && !hung &&
		    (work_of(run->child) - work > PATIENCE_WORK_S || now() - last > PATIENCE_S)) {
			hung = true;
			kill(run->child, SIGKILL);
		}
	}
	rig_progress_end(&progress);
	return !hung;
}

static enum outcome attempt(struct run *run, u64 limit)
{
	int ends[2], status = 0;
	bool in_time;

	if (pipe2(ends, O_CLOEXEC)) {
		rig_usage_error("pipe: %s", strerror(errno));
		return OUTCOME_BAD;
	}
	run->used = 0;
	fflush(NULL);
	run->child = fork();
	if (run->child == 0) {
		close(ends[0]);
		run_child(run, ends[1], limit);
	}
	close(ends[1]);
	run->words = ends[0];
	in_time = run->child > 0 && watch(run);
	close(ends[0]);
	if (run->child < 0) {
		rig_usage_error("fork: %s", strerror(errno));
		return OUTCOME_BAD;
	}
	while (waitpid(run->child, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return OUTCOME_HUNG;
	if (WIFEXITED(status) && WEXITSTATUS(status) == RIG_EXIT_OK)
		return OUTCOME_GOOD;
	return WIFEXITED(status) && WEXITSTATUS(status) == RIG_EXIT_USAGE ? OUTCOME_BAD
									  : OUTCOME_DIED;
}

static bool print(struct run *run)
{
	char buffer[1 << 16];
	ssize_t got;

	lseek(run->out, 0, SEEK_SET);
	while ((got = read(run->out, buffer, sizeof(buffer))) > 0)
		if (fwrite(buffer, 1, (size_t)got, stdout) != (size_t)got)
			break;
	return got == 0 && !fflush(stdout) && !ferror(stdout);
}

static void say_died(struct run *run, enum outcome outcome, u64 batches)
{
	char names[1024] = "";

	for (size_t i = 0; i < run->inputs.nr; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", i ? " or " : "",
			 run->inputs.items[i].name);
	}
	rig_usage_error("%s: corrupt after about %llu events: its decoder %s there", names,
			(unsigned long long)batches * RIG_STAT_BATCH,
			outcome == OUTCOME_HUNG ? "gets no further" : "failed");
}

static int run_inputs(struct run *run)
{
	enum outcome outcome = attempt(run, 0);
	int code = outcome == OUTCOME_GOOD ? RIG_EXIT_OK : RIG_EXIT_USAGE;

	if (outcome == OUTCOME_DIED || outcome == OUTCOME_HUNG) {
		u64 batches = run->shared->batches;

		say_died(run, outcome, batches);
		if (ftruncate(run->out, 0) || lseek(run->out, 0, SEEK_SET))
			return code;
		if (batches)
			attempt(run, batches);
	}
	if (!print(run))
		return rig_usage_error("standard output: can't be written");
	if (run->signal) {
		rig_usage_error("interrupted: this is what was read");
		return 128 + run->signal;
	}
	return run->complained ? RIG_EXIT_USAGE : code;
}

void rig_stat_title(char *title, size_t size, const char *before, char **traces, size_t nr_traces)
{
	char path[PATH_MAX];

	snprintf(title, size, "%s", before);
	for (size_t i = 0; i < nr_traces; i++) {
		size_t used = strlen(title);

		snprintf(path, sizeof(path), "%s", traces[i]);
		snprintf(title + used, size - used, "%s%s", i ? ", " : "",
			 strcmp(path, "-") ? basename(path) : "standard input");
	}
}

static void give_title(const struct rig_stat_job *job)
{
	char title[512];

	if (bt_value_map_has_entry(job->parameters, "title"))
		return;
	rig_stat_title(title, sizeof(title), "", job->traces, job->nr_traces);
	if (bt_value_map_insert_string_entry(job->parameters, "title", title))
		abort();
}

int rig_stat_run(const struct rig_stat_job *job)
{
	struct sigaction action = { .sa_handler = interrupt }, old_int, old_term;
	struct run run = { .job = job };
	int code = RIG_EXIT_USAGE;

	give_title(job);
	rig_stat_inputs_open(&run.inputs, job->traces, job->nr_traces);
	run.out = memfd_create("kmemrig-stat", MFD_CLOEXEC);
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGINT, &action, &old_int);
	sigaction(SIGTERM, &action, &old_term);
	if (run.out < 0 || run.shared == MAP_FAILED)
		rig_usage_error("no host memory");
	else if (run.inputs.nr)
		code = run_inputs(&run);
	if (run.inputs.bad && code == RIG_EXIT_OK)
		code = RIG_EXIT_USAGE;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	if (run.shared != MAP_FAILED)
		munmap(run.shared, sizeof(*run.shared));
	if (run.out >= 0)
		close(run.out);
	rig_stat_inputs_close(&run.inputs);
	return code;
}
