// SPDX-License-Identifier: GPL-2.0-only
/*
 * Naming findings and shrinking their ops: see triage.h.
 *
 * Shrinking is delta debugging on ops, not on bytes: a run of ops is taken out, halves first,
 * single ops last, and stays out when the rest still ends in the same finding. Ops that refer to
 * what is no longer there are skipped by the engine, so every subset is a valid run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/check.h>

#include "run.h"
#include "triage.h"

#define CHILD_SECONDS 20
#define REPORT_MAX (1 << 20)

struct child_work {
	void (*run)(const struct child_work *work);
	const u8 *data;
	size_t size;
	const struct fuzz_plan *plan;
	const struct rig_op *ops;
	size_t nr;
	fuzz_make_input *make;
	u64 seed, end;
	u64 (*now)(void);
	u64 *inputs; /* shared with the parent */
};

static void run_bytes(const struct child_work *work)
{
	LLVMFuzzerTestOneInput(work->data, work->size);
}

static void run_some_ops(const struct child_work *work)
{
	fuzz_run_ops(work->plan, work->ops, work->nr, NULL);
}

static void run_inputs_of_chance(const struct child_work *work)
{
	u8 data[FUZZ_MAX_CHANCE_INPUT];

	for (u64 i = 0; work->now() < work->end; i++) {
		size_t size = work->make(data, work->seed, i);
		/* an allocation of the exact size, so that reads past the end are seen */
		u8 *exact = malloc(size ? size : 1);

		if (!exact)
			abort();
		memcpy(exact, data, size);
		*work->inputs = i + 1;
		alarm(CHILD_SECONDS);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
}

/* The word after @label in @report, up to one of @ends. */
static bool word_after(const char *report, const char *label, const char *ends, const char *prefix,
		       char *name)
{
	const char *at = strstr(report, label);

	if (!at)
		return false;
	at += strlen(label);
	snprintf(name, FUZZ_NAME_SIZE, "%s%.*s", prefix, (int)strcspn(at, ends), at);
	return true;
}

static void name_finding(const char *report, int status, char *name)
{
	if (word_after(report, "broken invariant: ", ": \n", "", name) ||
	    word_after(report, "check: ", " \n", "", name) ||
	    word_after(report, "ERROR: AddressSanitizer: ", " \n", "asan.", name))
		return;
	if (strstr(report, "ERROR: LeakSanitizer"))
		snprintf(name, FUZZ_NAME_SIZE, "asan.leak");
	else if (strstr(report, "runtime error: "))
		word_after(report, "runtime error: ", "\n", "ubsan.", name);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(name, FUZZ_NAME_SIZE, "hang");
	else if (WIFSIGNALED(status))
		snprintf(name, FUZZ_NAME_SIZE, "signal.%d", WTERMSIG(status));
	else
		snprintf(name, FUZZ_NAME_SIZE, "exit.%d", WEXITSTATUS(status));
}

static char *read_report(int fd)
{
	char *report = calloc(1, REPORT_MAX + 1);
	ssize_t length;

	if (!report)
		abort();
	length = pread(fd, report, REPORT_MAX, 0);
	report[length > 0 ? length : 0] = '\0';
	return report;
}

static bool run_child(const struct child_work *work, struct fuzz_finding *finding)
{
	int fd = memfd_create("report", MFD_CLOEXEC), status;
	pid_t child;

	fflush(NULL);
	child = fd < 0 ? -1 : fork();
	if (child < 0) {
		perror("fuzz: no child process");
		exit(RIG_EXIT_USAGE);
	}
	if (!child) {
		dup2(fd, STDERR_FILENO);
		alarm(CHILD_SECONDS);
		work->run(work);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		abort();
	finding->report = read_report(fd);
	close(fd);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		finding->name[0] = '\0';
		return false;
	}
	name_finding(finding->report, status, finding->name);
	return true;
}

bool fuzz_triage_input(const u8 *data, size_t size, struct fuzz_finding *finding)
{
	const struct child_work work = { .run = run_bytes, .data = data, .size = size };

	return run_child(&work, finding);
}

bool fuzz_triage_hunt(fuzz_make_input *make, u64 seed, u64 end, u64 (*now)(void), u64 *inputs,
		      struct fuzz_finding *finding)
{
	u64 *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct child_work work = { .run = run_inputs_of_chance,
					 .make = make,
					 .seed = seed,
					 .end = end,
					 .now = now,
					 .inputs = shared };
	bool found;

	if (shared == MAP_FAILED)
		abort();
	found = run_child(&work, finding);
	*inputs = *shared;
	munmap(shared, sizeof(*shared));
	return found;
}

bool fuzz_triage_ops(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr,
		     struct fuzz_finding *finding)
{
	const struct child_work work = { .run = run_some_ops, .plan = plan, .ops = ops, .nr = nr };

	return run_child(&work, finding);
}

static bool still_finds(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr,
			const char *name)
{
	struct fuzz_finding finding;
	bool same = fuzz_triage_ops(plan, ops, nr, &finding) && !strcmp(finding.name, name);

	free(finding.report);
	return same;
}

/* Tries without ops [from, from + count); true: they are gone from @ops. */
static bool try_without(const struct fuzz_plan *plan, struct rig_op *ops, size_t nr, size_t from,
			size_t count, struct rig_op *scratch, const char *name)
{
	memcpy(scratch, ops, from * sizeof(*ops));
	memcpy(scratch + from, ops + from + count, (nr - from - count) * sizeof(*ops));
	if (!still_finds(plan, scratch, nr - count, name))
		return false;
	memcpy(ops, scratch, (nr - count) * sizeof(*ops));
	return true;
}

/* One field smaller, if that finds the same. */
static void try_number(const struct fuzz_plan *plan, struct rig_op *ops, size_t nr,
		       unsigned int *field, unsigned int smaller, const char *name)
{
	unsigned int before = *field;

	if (before == smaller)
		return;
	*field = smaller;
	if (!still_finds(plan, ops, nr, name))
		*field = before;
}

static void simplify(const struct fuzz_plan *plan, struct rig_op *ops, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++) {
		int node = ops[i].node;

		try_number(plan, ops, nr, &ops[i].gfp, GFP_KERNEL, name);
		try_number(plan, ops, nr, &ops[i].flags, 0, name);
		try_number(plan, ops, nr, &ops[i].align, 0, name);
		if (node == NUMA_NO_NODE)
			continue;
		ops[i].node = NUMA_NO_NODE;
		if (!still_finds(plan, ops, nr, name))
			ops[i].node = node;
	}
}

size_t fuzz_shrink(const struct fuzz_plan *plan, struct rig_op *ops, size_t nr, const char *name)
{
	struct rig_op *scratch = malloc((nr + 1) * sizeof(*scratch));

	if (!scratch)
		abort();
	for (size_t step = nr / 2 ? nr / 2 : 1; step; step /= 2) {
		size_t at = 0;

		while (at < nr) {
			size_t count = step < nr - at ? step : nr - at;

			if (try_without(plan, ops, nr, at, count, scratch, name))
				nr -= count;
			else
				at += count;
		}
		fprintf(stderr, "shrinking: %zu ops left (steps of %zu)\n", nr, step);
	}
	simplify(plan, ops, nr, name);
	free(scratch);
	return nr;
}

static void print_memory(const struct fuzz_plan *plan)
{
	for (size_t i = 0; i < plan->config.nr_memory; i++)
		printf("#   memory [%#llx, +%#llx) node %d%s\n",
		       (unsigned long long)plan->memory[i].base,
		       (unsigned long long)plan->memory[i].size, plan->memory[i].nid,
		       plan->memory[i].flags & RIG_MEMORY_RESERVED ? " reserved" : "");
}

void fuzz_print_script(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr)
{
	char text[256];

	printf("# machine: %s\n", plan->description);
	print_memory(plan);
	printf("#   min_free_kbytes %lu (0: the kernel's formula)\n", plan->config.min_free_kbytes);
	printf("# kmemrig run --backend %s SCRIPT\n", plan->config.slab_backend);
	for (size_t i = 0; i < nr; i++)
		printf("%s\n", rig_op_format(&ops[i], text, sizeof(text)));
}
