/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The harness of the benches: groups of contestants that do the same work, measured in rounds that
 * take turns, so that what the host does meanwhile falls on all of them alike. A figure is the
 * median of the rounds; the smallest and the largest are shown beside it. Nothing is asserted.
 */
#ifndef RIG_BENCH_H
#define RIG_BENCH_H

#include <kmemrig/machine.h>
#include <linux/types.h>

#define BENCH_MAX_CONTESTANTS 12
#define BENCH_MAX_ROUNDS 51

struct bench_contestant {
	const char *name;
	/*
	 * One round; returns the figure in the group's unit. Negative: this one can't run here, and
	 * is left out.
	 */
	double (*run)(void *data);
	void *data;
};

struct bench_group {
	const char *name; /* for --only, and in the JSON form */
	const char *title;
	const char *unit;
	int rounds;    /* 0: the default */
	int reference; /* index of the contestant that ratios are taken to; -1: none */
	bool more_is_better;
	struct bench_contestant contestants[BENCH_MAX_CONTESTANTS];
	int nr;
};

/* Adds a contestant. */
void bench_add(struct bench_group *group, const char *name, double (*run)(void *), void *data);

/* Measures a group, prints its table and keeps its figures for the JSON form. */
void bench_run(struct bench_group *group);

/* Nanoseconds that this thread has run: what else the host does meanwhile is not counted. */
double bench_now(void);

/* Nanoseconds that have passed: where several threads work. */
double bench_wall(void);

/* True: the user wants this group (--only). */
bool bench_wanted(const char *name);

/* With --quick fewer repetitions: a hundredth. */
unsigned long bench_scale(unsigned long repetitions);

/* A machine of @mib MiB on @nr_cpus CPUs; ends the program when it can't be built. */
struct rig_machine *bench_machine(const char *slab_backend, unsigned long mib, int nr_cpus,
				  int check_tier);

/* Folder of this program: where the build has the rest. */
const char *bench_folder(void);

/* Allocators of the host, by name: "glibc", "jemalloc", "mimalloc", "tcmalloc". */
struct bench_host_allocator {
	const char *name;
	void *(*malloc)(size_t size);
	void (*free)(void *memory);
};

/* Those that are installed; glibc is the first. Returns their number. */
size_t bench_host_allocators(const struct bench_host_allocator **allocators);

/* The benches. */
void bench_slab(void);
void bench_page(void);
void bench_events(void);
void bench_boot(void);
void bench_checks(void);
void bench_replay(void);
void bench_memory(void);

#endif
