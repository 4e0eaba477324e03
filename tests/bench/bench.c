// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness: rounds that take turns, medians, the table and its JSON form. See bench.h.
 */
#include <argp.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kmemrig/command.h>

#include "bench.h"

#define DEFAULT_ROUNDS 11

static struct {
	const char *only; /* comma-separated names; NULL: all */
	bool json;
	bool quick;
	int rounds;
	json_t *results;
} settings = { .rounds = DEFAULT_ROUNDS };

static double clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double bench_now(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

double bench_wall(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

bool bench_wanted(const char *name)
{
	size_t length = strlen(name);

	for (const char *at = settings.only; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && (at[length] == ',' || !at[length]))
			return true;
	}
	return !settings.only;
}

unsigned long bench_scale(unsigned long repetitions)
{
	return settings.quick ? repetitions / 100 + 1 : repetitions;
}

const char *bench_folder(void)
{
	static char folder[PATH_MAX];
	ssize_t length;

	if (folder[0])
		return folder;
	length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	folder[length > 0 ? length : 0] = '\0';
	*strrchr(folder, '/') = '\0';
	return folder;
}

struct rig_machine *bench_machine(const char *slab_backend, unsigned long mib, int nr_cpus,
				  int check_tier)
{
	const struct rig_memory_range memory = { .base = 0, .size = (phys_addr_t)mib << 20 };
	const struct rig_machine_config config = {
		.name = "bench",
		.memory = &memory,
		.nr_memory = 1,
		.nr_cpus = nr_cpus,
		.slab_backend = slab_backend,
		.check_tier = check_tier,
	};
	char error[256];
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine) {
		fprintf(stderr, "bench: %s machine of %lu MiB: %s\n", slab_backend, mib, error);
		exit(RIG_EXIT_USAGE);
	}
	return machine;
}

void bench_add(struct bench_group *group, const char *name, double (*run)(void *), void *data)
{
	if (group->nr == BENCH_MAX_CONTESTANTS)
		abort();
	group->contestants[group->nr++] =
		(struct bench_contestant){ .name = name, .run = run, .data = data };
}

/* --- measuring */

struct figures {
	double of[BENCH_MAX_ROUNDS];
	int nr;
	bool absent;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct figures *figures)
{
	int middle = figures->nr / 2;

	if (!figures->nr)
		return 0;
	return figures->nr & 1 ? figures->of[middle]
			       : (figures->of[middle - 1] + figures->of[middle]) / 2;
}

static void measure(const struct bench_group *group, struct figures *figures, int rounds)
{
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < group->nr; i++) {
			/* who comes first changes, so that nobody always follows the same one */
			int who = (i + round) % group->nr;
			const struct bench_contestant *contestant = &group->contestants[who];
			double figure;

			if (figures[who].absent)
				continue;
			figure = contestant->run(contestant->data);
			if (figure < 0)
				figures[who].absent = true;
			else
				figures[who].of[figures[who].nr++] = figure;
		}
	for (int i = 0; i < group->nr; i++)
		qsort(figures[i].of, (size_t)figures[i].nr, sizeof(double), compare_doubles);
}

/* --- showing */

static void print_figure(double value)
{
	if (value >= 1e6)
		printf(" %11.3e", value);
	else
		printf(" %11.*f", value < 100 ? 2 : 0, value);
}

static void print_table(const struct bench_group *group, const struct figures *figures)
{
	double reference = group->reference >= 0 ? median(&figures[group->reference]) : 0;

	printf("\n%s\n", group->title);
	printf("  %-22s %11s %11s %11s  ratio\n", group->unit, "median", "min", "max");
	for (int i = 0; i < group->nr; i++) {
		const struct figures *own = &figures[i];

		printf("  %-22s", group->contestants[i].name);
		if (!own->nr) {
			printf(" %11s\n", "not here");
			continue;
		}
		print_figure(median(own));
		print_figure(own->of[0]);
		print_figure(own->of[own->nr - 1]);
		if (reference > 0)
			printf("  %.2f", median(own) / reference);
		printf("\n");
	}
	fflush(stdout);
}

static void keep_json(const struct bench_group *group, const struct figures *figures)
{
	for (int i = 0; i < group->nr; i++) {
		const struct figures *own = &figures[i];
		json_t *row;

		if (!own->nr)
			continue;
		row = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:i}", "bench", group->name, "name",
				group->contestants[i].name, "unit", group->unit, "median",
				median(own), "min", own->of[0], "max", own->of[own->nr - 1],
				"rounds", own->nr);
		if (group->reference >= 0 && figures[group->reference].nr)
			json_object_set_new(
				row, "ratio",
				json_real(median(own) / median(&figures[group->reference])));
		json_array_append_new(settings.results, row);
	}
}

void bench_run(struct bench_group *group)
{
	static struct figures figures[BENCH_MAX_CONTESTANTS];
	int rounds = group->rounds ? group->rounds : settings.rounds;

	if (settings.quick)
		rounds = 3;
	memset(figures, 0, sizeof(figures));
	measure(group, figures, rounds);
	keep_json(group, figures);
	if (!settings.json)
		print_table(group, figures);
}

/* --- the program */

enum { OPTION_ONLY = 256, OPTION_JSON, OPTION_QUICK, OPTION_ROUNDS };

static const struct argp_option options[] = {
	{ "only", OPTION_ONLY, "NAME,...", 0,
	  "pair, batch, kmalloc, remote, page, bulk, events, boot, check, tiers, replay, memory",
	  0 },
	{ "json", OPTION_JSON, NULL, 0, "figures as JSON instead of tables", 0 },
	{ "quick", OPTION_QUICK, NULL, 0, "a hundredth of the work: to see that it runs", 0 },
	{ "rounds", OPTION_ROUNDS, "N", 0, "rounds of each bench (default 11)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 }
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case OPTION_ONLY:
		settings.only = argument;
		return 0;
	case OPTION_JSON:
		settings.json = true;
		return 0;
	case OPTION_QUICK:
		settings.quick = true;
		return 0;
	case OPTION_ROUNDS:
		settings.rounds = atoi(argument);
		if (settings.rounds < 1 || settings.rounds > BENCH_MAX_ROUNDS)
			argp_error(state, "--rounds: 1 to %d", BENCH_MAX_ROUNDS);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * Allocators that are loaded on request need room for their thread-local variables, which the
 * loader sets aside at the start of a program only: so the program starts once more.
 */
static void make_room_for_tls(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=65536", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Speeds of kmemrig beside their peers, in one run: medians of rounds that "
		       "take turns, with the smallest and largest.",
	};

	make_room_for_tls(argv);
	argp_err_exit_status = RIG_EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, NULL))
		return RIG_EXIT_USAGE;
	settings.results = json_array();
	bench_slab();
	bench_page();
	bench_events();
	bench_boot();
	bench_checks();
	bench_replay();
	bench_memory();
	if (settings.json) {
		json_dumpf(settings.results, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
		printf("\n");
	}
	json_decref(settings.results);
	return 0;
}
