// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: mappings of high memory against a naive model: which page each of them shows. Pages of
 * high and of low memory are mapped by kmap(), many times over, and by kmap_local_page() on each
 * CPU's stack.
 *
 *	highmem.to_page		an address in a mapping leads to another page
 *	highmem.shows		a mapping does not show what was written through another one
 *	highmem.address		page_address() of a mapped page is not where kmap() has it
 *
 * Input: the header of plan.h, then calls of a byte and their arguments.
 */
#include <string.h>

#include <kmemrig/highmem.h>
#include <kmemrig/page.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "run.h"

#define NR_PAGES 64
#define MAX_CALLS 600
#define MAX_KMAPS 5

struct model_page {
	struct page *page; /* NULL: none */
	unsigned int kmaps;
	u8 *address; /* of the kmaps */
	unsigned int locals;
	u8 mark; /* what was written last; 0: nothing yet */
};

struct local {
	struct model_page *of;
	u8 *address;
};

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct model_page pages[NR_PAGES];
	struct local locals[FUZZ_MAX_CPUS][KM_MAX_IDX];
	unsigned int depth[FUZZ_MAX_CPUS];
};

static const struct fuzz_shape shape = { .name = "highmem", .max_cpus = 3, .max_nodes = 2 };

static void check_mapping(const struct model *model, const struct model_page *page,
			  const u8 *address, unsigned int offset)
{
	const struct page *found = rig_kmap_to_page(model->cpu, address + offset % PAGE_SIZE);

	if (found != page->page)
		fuzz_fail(model->machine, "highmem.to_page", "a mapping of pfn %#lx leads to %#lx",
			  rig_page_to_pfn(model->machine, page->page),
			  found ? rig_page_to_pfn(model->machine, found) : 0);
	if (page->mark && (address[0] != page->mark || address[PAGE_SIZE - 1] != page->mark))
		fuzz_fail(model->machine, "highmem.shows", "pfn %#lx shows %#x and %#x, not %#x",
			  rig_page_to_pfn(model->machine, page->page), address[0],
			  address[PAGE_SIZE - 1], page->mark);
}

static void write_mark(struct model_page *page, u8 *address, u8 mark)
{
	page->mark = mark | 1;
	address[0] = address[PAGE_SIZE - 1] = page->mark;
}

/* --- calls */

static void call_page(struct model *model, struct model_page *page, u8 bits)
{
	if (page->page && !page->kmaps && !page->locals) {
		rig_free_pages(model->cpu, page->page, 0);
		page->page = NULL;
	} else if (!page->page) {
		memset(page, 0, sizeof(*page));
		page->page = rig_alloc_pages(model->cpu,
					     (bits & 3 ? GFP_HIGHUSER : GFP_KERNEL) | __GFP_NOWARN,
					     0, NUMA_NO_NODE, NULL);
	}
}

static void call_kmap(struct model *model, struct model_page *page, u8 bits)
{
	u8 *address;

	if (!page->page || page->kmaps == MAX_KMAPS)
		return;
	address = rig_kmap(model->cpu, page->page);
	if (page->kmaps && address != page->address)
		fuzz_fail(model->machine, "highmem.address", "pfn %#lx is kmapped at two places",
			  rig_page_to_pfn(model->machine, page->page));
	page->address = address;
	page->kmaps++;
	if (page_address(page->page) != address)
		fuzz_fail(model->machine, "highmem.address", "pfn %#lx",
			  rig_page_to_pfn(model->machine, page->page));
	check_mapping(model, page, address, bits);
	write_mark(page, address, bits);
}

static void call_kunmap(struct model *model, struct model_page *page)
{
	if (!page->kmaps)
		return;
	check_mapping(model, page, page->address, 7);
	rig_kunmap(model->cpu, page->page);
	page->kmaps--;
}

static void call_local(struct model *model, struct model_page *page, u8 bits)
{
	unsigned int *depth = &model->depth[model->cpu->id];
	struct local *local = &model->locals[model->cpu->id][*depth];

	if (!page->page || *depth == KM_MAX_IDX)
		return;
	local->of = page;
	local->address = rig_kmap_local(model->cpu, page->page);
	page->locals++;
	(*depth)++;
	check_mapping(model, page, local->address, bits);
	write_mark(page, local->address, bits);
}

static void call_unlocal(struct model *model, unsigned int offset)
{
	unsigned int *depth = &model->depth[model->cpu->id];
	struct local *local;

	if (!*depth)
		return;
	local = &model->locals[model->cpu->id][--*depth];
	check_mapping(model, local->of, local->address, offset);
	rig_kunmap_local(model->cpu, local->address + offset % PAGE_SIZE);
	local->of->locals--;
}

/* All that is mapped shows what it has to. */
static void call_look(struct model *model, unsigned int offset)
{
	for (int i = 0; i < NR_PAGES; i++)
		if (model->pages[i].kmaps)
			check_mapping(model, &model->pages[i], model->pages[i].address, offset);
	for (unsigned int i = 0; i < model->depth[model->cpu->id]; i++) {
		const struct local *local = &model->locals[model->cpu->id][i];

		check_mapping(model, local->of, local->address, offset);
	}
}

static void enter(struct model *model, int id)
{
	model->cpu = &model->machine->cpus[id];
	rig_cpu_enter(model->cpu);
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	u8 kind = fuzz_u8(bytes) % 16;
	struct model_page *page = &model->pages[fuzz_below(bytes, NR_PAGES)];
	u8 bits = fuzz_u8(bytes);

	switch (kind) {
	case 0 ... 3:
		call_page(model, page, bits);
		break;
	case 4 ... 6:
		call_kmap(model, page, bits);
		break;
	case 7 ... 8:
		call_kunmap(model, page);
		break;
	case 9 ... 10:
		call_local(model, page, bits);
		break;
	case 11 ... 12:
		call_unlocal(model, bits * 37u);
		break;
	case 13:
		call_look(model, bits * 37u);
		break;
	case 14:
		rig_kmap_flush_unused(model->machine);
		break;
	default:
		enter(model, bits % model->machine->nr_cpus);
	}
}

static void end_all(struct model *model)
{
	for (int id = 0; id < model->machine->nr_cpus; id++) {
		enter(model, id);
		while (model->depth[id])
			call_unlocal(model, 0);
	}
	for (int i = 0; i < NR_PAGES; i++) {
		while (model->pages[i].kmaps)
			call_kunmap(model, &model->pages[i]);
		if (model->pages[i].page)
			call_page(model, &model->pages[i], 0);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_plan plan;
	static struct model model;

	memset(&model, 0, sizeof(model));
	fuzz_plan_init(&plan, &shape, data, size);
	plan.config.lowmem_limit = plan.memory[0].size / 2 & ~((4UL << 20) - 1);
	model.machine = fuzz_machine_create(&plan, false);
	if (!model.machine)
		return 0;
	enter(&model, 0);
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&plan.bytes); i++) {
		call(&model, &plan.bytes);
		if (i % 32 == 31)
			fuzz_machine_check(model.machine, 2);
	}
	call_look(&model, 11);
	fuzz_machine_check(model.machine, 3);
	end_all(&model);
	fuzz_machine_check(model.machine, 3);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
