// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plain driver: runs files, or all files of folders, through a target, without any fuzzer.
 *
 *	TARGET FILE|FOLDER...		run them; the first finding ends the program
 *	TARGET --triage FILE...		name what each finds: a line "NAME<tab>FILE" for each
 *	TARGET --shrink FILE		the fewest ops that find the same, as a script
 *	TARGET --print FILE		the ops of an input, as a script
 *	TARGET --results FILE		run it: ops and their results, and the digest of all events
 *	TARGET --seeds SEED NUMBER	run NUMBER inputs of chance (splitmix64 from SEED)
 *	TARGET --make DIR SEED NUMBER	write them instead: what a campaign starts from
 *	TARGET --hunt SEED SECONDS	run as many as fit into that time, up to the first finding:
 *					"NAME<tab>INPUTS<tab>MILLISECONDS", NAME "nothing" without
 *
 * Exit codes: 0 nothing found, 1 something was (--triage, --shrink), 2 bad usage; a finding of
 * a plain run aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <kmemrig/check.h>
#include <kmemrig/ring.h>

#include "run.h"
#include "triage.h"

struct input {
	u8 *data;
	size_t size;
};

static bool read_input(const char *path, struct input *input)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16, got;

	*input = (struct input){ NULL, 0 };
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	do {
		room *= 2;
		input->data = realloc(input->data, room);
		if (!input->data)
			abort();
		got = fread(input->data + input->size, 1, room - input->size, file);
		input->size += got;
	} while (got > 0);
	fclose(file);
	/* an allocation of the exact size, so that AddressSanitizer sees reads past the end */
	input->data = realloc(input->data, input->size ? input->size : 1);
	return true;
}

/* --- running */

static size_t nr_run;

static int run_file(const char *path)
{
	struct input input;

	if (!read_input(path, &input))
		return RIG_EXIT_USAGE;
	if (getenv("KMEMRIG_FUZZ_VERBOSE"))
		fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(input.data, input.size);
	free(input.data);
	nr_run++;
	return 0;
}

static int run_path(const char *path)
{
	struct dirent **names;
	struct stat status;
	int nr, code = 0;

	if (stat(path, &status) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return RIG_EXIT_USAGE;
	}
	if (!S_ISDIR(status.st_mode))
		return run_file(path);
	nr = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < nr; i++) {
		char inner[4096];

		snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && !code)
			code = run_path(inner);
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	return code;
}

static int command_run(int nr, char **paths)
{
	int code = 0;

	for (int i = 0; i < nr && !code; i++)
		code = run_path(paths[i]);
	if (!code)
		printf("%zu inputs, nothing found\n", nr_run);
	return code;
}

/* --- naming, printing, shrinking */

static int command_triage(int nr, char **paths)
{
	int code = 0;

	for (int i = 0; i < nr; i++) {
		struct fuzz_finding finding;
		struct input input;

		if (!read_input(paths[i], &input))
			return RIG_EXIT_USAGE;
		if (fuzz_triage_input(input.data, input.size, &finding)) {
			printf("%s\t%s\n", finding.name, paths[i]);
			code = RIG_EXIT_FINDING;
		} else {
			printf("nothing\t%s\n", paths[i]);
		}
		free(finding.report);
		free(input.data);
	}
	return code;
}

static bool read_ops(const char *path, struct fuzz_plan *plan, struct rig_op **ops, size_t *nr)
{
	struct input input;

	if (!&fuzz_shape) {
		fprintf(stderr, "this target reads files; it has no ops\n");
		return false;
	}
	if (!read_input(path, &input))
		return false;
	fuzz_plan_init(plan, &fuzz_shape, input.data, input.size);
	*nr = fuzz_plan_ops(plan, ops);
	free(input.data);
	plan->bytes = (struct fuzz_bytes){ NULL, 0, 0 };
	return true;
}

static int command_print(int nr_paths, char **paths)
{
	static struct fuzz_plan plan;
	struct rig_op *ops;
	size_t nr;

	if (nr_paths != 1 || !read_ops(paths[0], &plan, &ops, &nr))
		return RIG_EXIT_USAGE;
	fuzz_print_script(&plan, ops, nr);
	free(ops);
	return 0;
}

static int command_shrink(int nr_paths, char **paths)
{
	static struct fuzz_plan plan;
	struct fuzz_finding finding;
	struct rig_op *ops;
	size_t nr;

	if (nr_paths != 1 || !read_ops(paths[0], &plan, &ops, &nr))
		return RIG_EXIT_USAGE;
	if (!fuzz_triage_ops(&plan, ops, nr, &finding)) {
		printf("# nothing found\n");
		free(finding.report);
		free(ops);
		return 0;
	}
	nr = fuzz_shrink(&plan, ops, nr, finding.name);
	printf("# finds: %s\n", finding.name);
	fuzz_print_script(&plan, ops, nr);
	free(finding.report);
	free(ops);
	return RIG_EXIT_FINDING;
}

/* --- results and the digest of events */

static struct rig_ring ring;

static void attach_ring(void *data, struct rig_machine *machine)
{
	if (rig_ring_init(&ring, 16, RIG_WANT_ALL) != 0)
		abort();
	rig_event_attach(machine, &ring.sink);
}

static void print_op(void *data, const struct rig_op *op, const struct rig_op_result *result)
{
	static const char *const statuses[] = { "done", "failed", "skipped", "broken" };
	char text[256], answer[512];

	rig_op_format(op, text, sizeof(text));
	rig_op_format_result(op, result, RIG_RESULT_FULL, answer, sizeof(answer));
	printf("%s -> %s %s\n", text, statuses[result->status], answer);
}

static void print_digest(void *data, struct rig_machine *machine)
{
	printf("events %llu digest %016llx clock %llu\n", (unsigned long long)rig_ring_total(&ring),
	       (unsigned long long)rig_ring_digest(&ring), (unsigned long long)machine->clock_ns);
	rig_event_detach(machine, &ring.sink);
	rig_ring_fini(&ring);
}

static int command_results(int nr_paths, char **paths)
{
	static const struct fuzz_watch watch = {
		.op = print_op, .start = attach_ring, .end = print_digest, .print_log = true
	};
	static struct fuzz_plan plan;
	struct rig_op *ops;
	size_t nr;

	for (int i = 0; i < nr_paths; i++) {
		if (!read_ops(paths[i], &plan, &ops, &nr))
			return RIG_EXIT_USAGE;
		printf("# %s: %s\n", paths[i], plan.description);
		fuzz_run_ops(&plan, ops, nr, &watch);
		free(ops);
	}
	return 0;
}

/* --- inputs of chance */

static u64 splitmix(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

#define MAX_CHANCE_INPUT FUZZ_MAX_CHANCE_INPUT

static void write_input(const char *path, const u8 *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, size, file) != size)
		perror(path);
	if (file)
		fclose(file);
}

/* The @i'th input of chance of a seed. */
static size_t make_input(u8 *data, u64 seed, u64 i)
{
	u64 state = seed + i * 0x2545f4914f6cdd1dULL;
	size_t size = (size_t)(splitmix(&state) % MAX_CHANCE_INPUT);

	for (size_t at = 0; at < size; at++)
		data[at] = (u8)splitmix(&state);
	return size;
}

static int command_seeds(int nr, char **arguments)
{
	u64 seed = nr == 2 ? strtoull(arguments[0], NULL, 0) : 0;
	u64 number = nr == 2 ? strtoull(arguments[1], NULL, 0) : 0;
	const char *keep = getenv("KMEMRIG_FUZZ_KEEP");
	u8 data[MAX_CHANCE_INPUT];

	if (nr != 2)
		return RIG_EXIT_USAGE;
	printf("seed %llu\n", (unsigned long long)seed);
	for (u64 i = 0; i < number; i++) {
		size_t size = make_input(data, seed, i);

		/* the input that is about to run is on disk when it ends the program */
		if (keep)
			write_input(keep, data, size);
		LLVMFuzzerTestOneInput(data, size);
	}
	printf("%llu inputs, nothing found\n", (unsigned long long)number);
	return 0;
}

/* For how long to look is the one thing here that the wall clock decides. */
static u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000 + (u64)now.tv_nsec / 1000000;
}

static int command_hunt(int nr, char **arguments)
{
	u64 seed = nr == 2 ? strtoull(arguments[0], NULL, 0) : 0;
	u64 seconds = nr == 2 ? strtoull(arguments[1], NULL, 0) : 0;
	u64 start = now_ms(), inputs = 0;
	const char *name = "nothing";
	struct fuzz_finding finding;
	bool found;

	if (nr != 2 || !seconds)
		return RIG_EXIT_USAGE;
	found = fuzz_triage_hunt(make_input, seed, start + seconds * 1000, now_ms, &inputs,
				 &finding);
	if (found) {
		name = finding.name;
		fputs(finding.report, stderr);
	}
	printf("%s\t%llu\t%llu\n", name, (unsigned long long)inputs,
	       (unsigned long long)(now_ms() - start));
	free(finding.report);
	return found ? RIG_EXIT_FINDING : RIG_EXIT_OK;
}

static int command_make(int nr, char **arguments)
{
	u64 seed = nr == 3 ? strtoull(arguments[1], NULL, 0) : 0;
	u64 number = nr == 3 ? strtoull(arguments[2], NULL, 0) : 0;
	u8 data[MAX_CHANCE_INPUT];

	if (nr != 3)
		return RIG_EXIT_USAGE;
	for (u64 i = 0; i < number; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%.4000s/chance-%llu-%llu", arguments[0],
			 (unsigned long long)seed, (unsigned long long)i);
		write_input(path, data, make_input(data, seed, i));
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *option;
		int (*run)(int nr, char **arguments);
	} modes[] = {
		{ "--triage", command_triage }, { "--shrink", command_shrink },
		{ "--print", command_print },	{ "--results", command_results },
		{ "--seeds", command_seeds },	{ "--make", command_make },
		{ "--hunt", command_hunt },
	};
	int code = RIG_EXIT_USAGE;

	for (size_t i = 0; argc > 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].option))
			return modes[i].run(argc - 2, argv + 2);
	if (argc > 1 && argv[1][0] != '-')
		code = command_run(argc - 1, argv + 1);
	if (code == RIG_EXIT_USAGE)
		fprintf(stderr,
			"usage: %s [--triage|--shrink|--print|--results] FILE...\n"
			"       %s --seeds SEED NUMBER | --make DIR SEED NUMBER | --hunt SEED "
			"SECONDS\n",
			argv[0], argv[0]);
	return code;
}
