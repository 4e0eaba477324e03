// SPDX-License-Identifier: GPL-2.0-only
/*
 * What checking costs: the full check of a machine of 16 GiB under load, and a mix of pages and
 * objects at check tier 2 beside the same at tier 0.
 */
#include <stdio.h>
#include <stdlib.h>

#include <kmemrig/check.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include "bench.h"

#define LOAD_BLOCKS 200000UL
#define LIVE 512
#define STEPS 200000UL

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- the full check */

/* Blocks of all orders up to 4, of which every other one is freed: many lists, many pieces. */
static void load(struct rig_machine *machine)
{
	unsigned long n = bench_scale(LOAD_BLOCKS);
	struct page **blocks = calloc(n, sizeof(*blocks));
	u64 state = 1;

	if (!blocks)
		abort();
	rig_cpu_enter(&machine->cpus[0]);
	for (unsigned long i = 0; i < n; i++)
		blocks[i] = alloc_pages(i & 1 ? GFP_KERNEL : GFP_HIGHUSER_MOVABLE,
					(unsigned int)(i % 5));
	for (unsigned long i = 0; i < n; i++)
		if (blocks[i] && next_random(&state) & 1)
			__free_pages(blocks[i], (unsigned int)(i % 5));
	for (unsigned long i = 0; i < n; i++)
		if (!kmalloc(1 + next_random(&state) % 2000, GFP_KERNEL))
			break;
	free(blocks);
}

static double full_check(void *data)
{
	struct rig_verdict verdict;
	double start = bench_now();

	if (!rig_machine_check(data, 3, &verdict)) {
		fprintf(stderr, "bench: %s: %s\n", verdict.name, verdict.detail);
		exit(RIG_EXIT_BROKEN);
	}
	return (bench_now() - start) / 1e6;
}

static void bench_full_check(void)
{
	struct bench_group group = { .name = "check",
				     .title = "Full check (tier 3) of a machine of 16 GiB under "
					      "load",
				     .unit = "ms",
				     .reference = -1 };
	struct rig_machine *machine;

	if (!bench_wanted("check"))
		return;
	machine = bench_machine(NULL, 16 << 10, 1, 0);
	load(machine);
	bench_add(&group, "16 GiB", full_check, machine);
	bench_run(&group);
	rig_machine_destroy(machine);
}

/* --- tiers */

static double mix_of_calls(void *data)
{
	struct rig_machine *machine = data;
	unsigned long n = bench_scale(STEPS);
	struct page *pages[LIVE] = { NULL };
	void *objects[LIVE] = { NULL };
	u64 state = 1;
	double start;

	rig_cpu_enter(&machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++) {
		u64 chance = next_random(&state);
		unsigned int slot = (unsigned int)(chance % LIVE);
		unsigned int order = slot % 4;

		if (chance >> 32 & 1) {
			if (pages[slot])
				__free_pages(pages[slot], order);
			pages[slot] = pages[slot] ? NULL : alloc_pages(GFP_KERNEL, order);
		} else if (objects[slot]) {
			kfree(objects[slot]);
			objects[slot] = NULL;
		} else {
			objects[slot] = kmalloc(8 + (chance >> 40) % 1024, GFP_KERNEL);
		}
	}
	start = (bench_now() - start) / (double)n;
	for (unsigned int slot = 0; slot < LIVE; slot++) {
		if (pages[slot])
			__free_pages(pages[slot], slot % 4);
		kfree(objects[slot]);
	}
	return start;
}

static void bench_tiers(void)
{
	static const char *const names[] = { "tier 0", "tier 1", "tier 2" };
	struct bench_group group = { .name = "tiers",
				     .title = "A mix of pages and objects by check tier (ratio to "
					      "tier 0)",
				     .unit = "ns a call",
				     .reference = 0 };
	struct rig_machine *machines[3];

	if (!bench_wanted("tiers"))
		return;
	for (int tier = 0; tier < 3; tier++) {
		machines[tier] = bench_machine(NULL, 256, 1, tier);
		bench_add(&group, names[tier], mix_of_calls, machines[tier]);
	}
	bench_run(&group);
	for (int tier = 0; tier < 3; tier++)
		rig_machine_destroy(machines[tier]);
}

void bench_checks(void)
{
	bench_full_check();
	bench_tiers();
}
