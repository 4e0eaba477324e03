// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: what ops do not reach of the page allocator's API: arrays that are filled in part, ranges
 * by number, CMA, blocks that are split, orders that do not exist.
 *
 *	pageapi.bulk_progress	a bulk request got nothing, and then a single one got a page
 *	pageapi.bulk_slots	a bulk request changed a slot that was filled, or counts wrongly
 *	pageapi.range		a range that was handed out is not the one asked for
 *	pageapi.order		a request of an order that does not exist was served
 *
 * Below it is the page backend "checked", whose map of frames sees the rest.
 *
 * Input: the header of plan.h, then calls of a byte and their arguments.
 */
#include <string.h>

#include <kmemrig/page.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "run.h"

#define NR_SLOTS 96
#define NR_RANGES 6
#define MAX_CALLS 400
#define MAX_BULK 24

struct range {
	unsigned long start, nr; /* page frames; nr 0: none */
};

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct page *single[NR_SLOTS]; /* pages of order 0 */
	struct range ranges[NR_RANGES];
	unsigned long cma_start, cma_nr;
};

static const struct fuzz_shape shape = { .name = "pageapi", .max_cpus = 3, .max_nodes = 3 };

static gfp_t read_gfp(struct fuzz_bytes *bytes)
{
	static const gfp_t flags[] = { GFP_KERNEL, GFP_ATOMIC,		 GFP_NOWAIT,
				       GFP_USER,   GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_DMA,
				       GFP_NOIO,   GFP_HIGHUSER };
	u8 bits = fuzz_u8(bytes);

	return flags[bits & 7] | __GFP_NOWARN | (bits & 0x18 ? 0 : __GFP_ZERO) |
	       (bits & 0x60 ? 0 : __GFP_NORETRY);
}

static int read_node(const struct model *model, struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);

	return bits & 1 ? NUMA_NO_NODE : (bits >> 1) % model->machine->nr_nodes;
}

/* A bulk request on slots of which some are filled, as callers that try again make it. */
static void call_bulk(struct model *model, struct fuzz_bytes *bytes)
{
	unsigned int first = fuzz_below(bytes, NR_SLOTS - MAX_BULK);
	unsigned int nr = 1 + fuzz_below(bytes, MAX_BULK), filled = 0, before = 0;
	gfp_t gfp = read_gfp(bytes);
	int node = read_node(model, bytes);
	struct page *was[MAX_BULK], *page;
	struct page **slots = &model->single[first];
	unsigned long got;

	memcpy(was, slots, nr * sizeof(*was));
	while (before < nr && slots[before])
		before++;
	got = rig_alloc_pages_bulk(model->cpu, gfp, node, NULL, nr, slots);
	while (filled < nr && slots[filled])
		filled++;
	for (unsigned int i = 0; i < nr; i++)
		if ((was[i] && slots[i] != was[i]) || got > filled)
			fuzz_fail(model->machine, "pageapi.bulk_slots", "slot %u of %u, %lu got", i,
				  nr, got);
	if (got > before || before == nr)
		return;
	page = rig_alloc_pages(model->cpu, gfp, 0, node, NULL);
	if (page)
		fuzz_fail(model->machine, "pageapi.bulk_progress",
			  "%u of %u slots were filled, gfp %#x: nothing more, but a single request "
			  "got pfn %#lx",
			  before, nr, (unsigned int)gfp, rig_page_to_pfn(model->machine, page));
}

static void call_free(struct model *model, struct fuzz_bytes *bytes)
{
	unsigned int first = fuzz_below(bytes, NR_SLOTS), nr = 1 + fuzz_below(bytes, 16);

	for (unsigned int i = first; i < first + nr && i < NR_SLOTS; i++)
		if (model->single[i]) {
			rig_free_pages(model->cpu, model->single[i], 0);
			model->single[i] = NULL;
		}
}

/* A block becomes single pages, which go into empty slots; the others go back. */
static void call_split(struct model *model, struct fuzz_bytes *bytes)
{
	unsigned int order = fuzz_below(bytes, 6), slot = fuzz_below(bytes, NR_SLOTS);
	gfp_t gfp = read_gfp(bytes);
	struct page *page = rig_alloc_pages(model->cpu, gfp & ~__GFP_COMP, order,
					    read_node(model, bytes), NULL);

	if (!page)
		return;
	rig_split_page(model->cpu, page, order);
	for (unsigned int i = 0; i < 1u << order; i++, slot = (slot + 1) % NR_SLOTS) {
		if (model->single[slot])
			rig_free_pages(model->cpu, page + i, 0);
		else
			model->single[slot] = page + i;
	}
}

/* Orders that do not exist, from the least of them to the largest. */
static void call_high_order(struct model *model, struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);
	unsigned int order = MAX_ORDER + (bits & 7) * (bits & 8 ? 1 : 9);

	if (rig_alloc_pages(model->cpu, GFP_KERNEL | __GFP_NOWARN, order, NUMA_NO_NODE, NULL))
		fuzz_fail(model->machine, "pageapi.order", "%u", order);
}

static void give_back_range(struct model *model, struct range *range)
{
	rig_free_contig_range(model->cpu, range->start, range->nr);
	range->nr = 0;
}

/* A range anywhere, or in the CMA area, or whichever of that many pages. */
static void call_range(struct model *model, struct fuzz_bytes *bytes)
{
	struct range *range = &model->ranges[fuzz_below(bytes, NR_RANGES)];
	u8 bits = fuzz_u8(bytes);
	unsigned long start = fuzz_u16(bytes), nr = 1 + fuzz_u8(bytes);
	struct page *page;

	if (range->nr) {
		give_back_range(model, range);
		return;
	}
	if ((bits & 1) && model->cma_nr) {
		start = model->cma_start + start % model->cma_nr;
		nr = min(nr, model->cma_start + model->cma_nr - start);
		if (rig_alloc_contig_range(model->cpu, start, start + nr, MIGRATE_CMA,
					   GFP_KERNEL | __GFP_NOWARN))
			return;
	} else {
		page = rig_alloc_contig_pages(model->cpu, nr, GFP_KERNEL | __GFP_NOWARN,
					      NUMA_NO_NODE, NULL);
		if (!page)
			return;
		start = rig_page_to_pfn(model->machine, page);
	}
	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		if (page_count(rig_pfn_to_page(model->machine, pfn)) != 1)
			fuzz_fail(model->machine, "pageapi.range",
				  "pfn %#lx of [%#lx, +%lu): %d references", pfn, start, nr,
				  page_count(rig_pfn_to_page(model->machine, pfn)));
	*range = (struct range){ start, nr };
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 16) {
	case 0 ... 4:
		call_bulk(model, bytes);
		break;
	case 5 ... 7:
		call_free(model, bytes);
		break;
	case 8 ... 10:
		call_split(model, bytes);
		break;
	case 11:
		call_high_order(model, bytes);
		break;
	case 12 ... 13:
		call_range(model, bytes);
		break;
	case 14:
		rig_drain_all_pages(model->cpu, NULL);
		break;
	default:
		model->cpu = &model->machine->cpus[fuzz_u8(bytes) % model->machine->nr_cpus];
		rig_cpu_enter(model->cpu);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_plan plan;
	static struct model model;

	memset(&model, 0, sizeof(model));
	fuzz_plan_init(&plan, &shape, data, size);
	/* ranges and split blocks are the buddy allocator's */
	plan.config.page_backend = "checked";
	model.machine = fuzz_machine_create(&plan, false);
	if (!model.machine)
		return 0;
	model.cma_start = plan.cma_start_pfn;
	model.cma_nr = plan.cma_nr_pages;
	model.cpu = &model.machine->cpus[0];
	rig_cpu_enter(model.cpu);
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&plan.bytes); i++) {
		call(&model, &plan.bytes);
		if (i % 32 == 31)
			fuzz_machine_check(model.machine, 3);
	}
	fuzz_machine_check(model.machine, 3);
	for (int i = 0; i < NR_RANGES; i++)
		if (model.ranges[i].nr)
			give_back_range(&model, &model.ranges[i]);
	for (int i = 0; i < NR_SLOTS; i++)
		if (model.single[i])
			rig_free_pages(model.cpu, model.single[i], 0);
	fuzz_machine_check(model.machine, 3);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
