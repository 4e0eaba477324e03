// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of kmem_cache_alloc and kmem_cache_free, built twice: as every program is, where nobody
 * listens to the events; and, with the library compiled with RIG_NO_EVENTS, without even the
 * branch. Processes of their own, since two of these libraries don't fit into one, and alike in all
 * else. Answers each number of pairs on its standard input with the nanoseconds of CPU time of a
 * call.
 */
#include <stdio.h>
#include <time.h>

#include <kmemrig/machine.h>
#include <linux/slab.h>

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(void)
{
	struct rig_memory_range memory = { .base = 0, .size = 64UL << 20 };
	struct rig_machine_config config = { .memory = &memory, .nr_memory = 1, .nr_cpus = 1 };
	struct rig_machine *machine;
	struct kmem_cache *cache;
	char error[256];
	unsigned long n;

	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine) {
		fprintf(stderr, "bench: %s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	while (scanf("%lu", &n) == 1 && n) {
		double start = cpu_ns();

		for (unsigned long i = 0; i < n; i++)
			kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
		printf("%.4f\n", (cpu_ns() - start) / (double)n / 2);
		fflush(stdout);
	}
	rig_machine_destroy(machine);
	return 0;
}
