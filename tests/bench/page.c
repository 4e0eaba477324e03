// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages: pairs of alloc_pages and __free_pages of order 0 (the per-CPU lists) and of order 4 (the
 * buddy lists), and blocks of 512 pages that come and go; beside the host's allocators with blocks
 * of the same size.
 */
#include <stdlib.h>

#include <linux/gfp.h>

#include "bench.h"

#define PAIRS 500000UL
#define BLOCK 512
#define BLOCKS 400UL

struct contestant {
	struct rig_machine *machine;
	const struct bench_host_allocator *host;
	unsigned int order;
};

static double pair_rig(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(PAIRS);
	double start;

	rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++)
		__free_pages(alloc_pages(GFP_KERNEL, own->order), own->order);
	return (bench_now() - start) / (double)n;
}

static double pair_host(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(PAIRS);
	double start = bench_now();

	for (unsigned long i = 0; i < n; i++) {
		void *volatile memory = own->host->malloc(PAGE_SIZE << own->order);

		own->host->free(memory);
	}
	return (bench_now() - start) / (double)n;
}

static double block_rig(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(BLOCKS);
	struct page *pages[BLOCK];
	double start;

	rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++) {
		for (int k = 0; k < BLOCK; k++)
			pages[k] = alloc_pages(GFP_KERNEL, 0);
		for (int k = 0; k < BLOCK; k++)
			__free_pages(pages[k], 0);
	}
	return (bench_now() - start) / (double)(n * BLOCK);
}

static double block_host(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(BLOCKS);
	void *pages[BLOCK];
	double start = bench_now();

	for (unsigned long i = 0; i < n; i++) {
		for (int k = 0; k < BLOCK; k++)
			pages[k] = own->host->malloc(PAGE_SIZE);
		for (int k = 0; k < BLOCK; k++)
			own->host->free(pages[k]);
	}
	return (bench_now() - start) / (double)(n * BLOCK);
}

static void run_group(struct bench_group *group, struct rig_machine *machine, unsigned int order,
		      double (*rig)(void *), double (*host)(void *))
{
	const struct bench_host_allocator *hosts;
	size_t nr_hosts = bench_host_allocators(&hosts);
	struct contestant contestants[8] = { { NULL, NULL, 0 } };

	contestants[0] = (struct contestant){ machine, NULL, order };
	bench_add(group, "kmemrig", rig, &contestants[0]);
	for (size_t i = 0; i < nr_hosts && i < 7; i++) {
		contestants[1 + i] = (struct contestant){ NULL, &hosts[i], order };
		bench_add(group, hosts[i].name, host, &contestants[1 + i]);
	}
	group->reference = 1;
	bench_run(group);
}

void bench_page(void)
{
	struct bench_group low = { .name = "page",
				   .title =
					   "A pair of alloc_pages and __free_pages, order 0 (ratio "
					   "to glibc's malloc and free of 4 KiB)",
				   .unit = "ns a pair" };
	struct bench_group high = { .name = "page",
				    .title = "The same, order 4 (64 KiB)",
				    .unit = "ns a pair, order 4" };
	struct bench_group block = { .name = "bulk",
				     .title = "512 pages allocated, then freed",
				     .unit = "ns a page" };
	struct rig_machine *machine;

	if (!bench_wanted("page") && !bench_wanted("bulk"))
		return;
	machine = bench_machine(NULL, 256, 1, 0);
	if (bench_wanted("page")) {
		run_group(&low, machine, 0, pair_rig, pair_host);
		run_group(&high, machine, 4, pair_rig, pair_host);
	}
	if (bench_wanted("bulk"))
		run_group(&block, machine, 0, block_rig, block_host);
	rig_machine_destroy(machine);
}
