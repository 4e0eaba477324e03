// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: the vmalloc space against a naive model: a table of the areas that there are. Sizes and
 * alignments are anything, up to those that wrap around; each area has to lie in the window, alone,
 * with its pages mapped and its guard page not.
 *
 *	vmalloc.placed		an area is not aligned, not as large as asked for, out of the window
 *	vmalloc.disjoint	two areas, guard pages included, share an address
 *	vmalloc.mapped		a page of an area is not mapped, or the one behind it is
 *	vmalloc.contents	an area does not hold what its owner wrote
 *	vmalloc.lookup		an address leads to another area than the one it lies in
 *	vmalloc.remap_bounds	a mapping for user space is allowed past the area, or refused within
 *
 * Input: the header of plan.h, then calls of a byte and their arguments.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/context.h>
#include <kmemrig/page.h>
#include <kmemrig/vmalloc.h>
#include <linux/kernel.h>

#include "run.h"

#define NR_AREAS 48
#define MAX_CALLS 400
#define MAX_VMALLOC (1UL << 18)
#define MAX_VMAP 16

enum area_kind { AREA_NONE, AREA_VMALLOC, AREA_VMAP, AREA_EMPTY };

struct model_area {
	enum area_kind kind;
	u8 *address;
	unsigned long size; /* bytes, guard page not included */
	bool guarded, user;
	struct vm_struct *vm;	      /* AREA_EMPTY */
	struct page *pages[MAX_VMAP]; /* AREA_VMAP */
	u8 pattern;
};

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct model_area areas[NR_AREAS];
};

static const struct fuzz_shape shape = { .name = "vmalloc", .max_cpus = 2, .max_nodes = 2 };

/* --- what an area must be */

static u64 start_of(const struct model *model, const struct model_area *area)
{
	return rig_kernel_address(model->machine, area->address);
}

static u64 end_of(const struct model *model, const struct model_area *area)
{
	return start_of(model, area) + area->size + (area->guarded ? PAGE_SIZE : 0);
}

static void check_disjoint(const struct model *model, const struct model_area *new)
{
	for (int i = 0; i < NR_AREAS; i++) {
		const struct model_area *old = &model->areas[i];

		if (old->kind != AREA_NONE &&
		    old != new &&start_of(model, old) < end_of(model, new) &&
		    start_of(model, new) < end_of(model, old))
			fuzz_fail(model->machine, "vmalloc.disjoint",
				  "[%#llx, %#llx) and [%#llx, %#llx)",
				  (unsigned long long)start_of(model, old),
				  (unsigned long long)end_of(model, old),
				  (unsigned long long)start_of(model, new),
				  (unsigned long long)end_of(model, new));
	}
}

static void check_placed(const struct model *model, const struct model_area *new, u64 align)
{
	u64 start = start_of(model, new), end = end_of(model, new);

	if (start % max(align, (u64)PAGE_SIZE) || start < RIG_VMALLOC_START || end < start ||
	    end > RIG_VMALLOC_START + model->machine->vmalloc_size)
		fuzz_fail(model->machine, "vmalloc.placed", "[%#llx, %#llx), alignment %#llx",
			  (unsigned long long)start, (unsigned long long)end,
			  (unsigned long long)align);
}

static void check_mapped(const struct model *model, const struct model_area *area)
{
	unsigned long nr = area->kind == AREA_EMPTY ? 0 : area->size >> PAGE_SHIFT;

	for (unsigned long i = 0; i < nr; i++) {
		const struct page *page =
			rig_vmalloc_to_page(model->machine, area->address + (i << PAGE_SHIFT));

		if (!page || (area->kind == AREA_VMAP && page != area->pages[i]))
			fuzz_fail(model->machine, "vmalloc.mapped", "%#llx, page %lu of %lu",
				  (unsigned long long)start_of(model, area), i, nr);
	}
	if (area->guarded &&
	    rig_vmalloc_to_page(model->machine, area->address + (nr << PAGE_SHIFT)))
		fuzz_fail(model->machine, "vmalloc.mapped", "%#llx, kind %d: a page behind its %lu",
			  (unsigned long long)start_of(model, area), area->kind, nr);
}

/* The owner's mark at both ends of each page. */
static void write_marks(struct model_area *area)
{
	for (unsigned long at = 0; area->kind == AREA_VMALLOC && at < area->size; at += PAGE_SIZE)
		area->address[at] = area->address[at + PAGE_SIZE - 1] = area->pattern;
}

static void check_marks(const struct model *model, const struct model_area *area)
{
	for (unsigned long at = 0; area->kind == AREA_VMALLOC && at < area->size; at += PAGE_SIZE)
		if (area->address[at] != area->pattern ||
		    area->address[at + PAGE_SIZE - 1] != area->pattern)
			fuzz_fail(model->machine, "vmalloc.contents", "%#llx + %#lx",
				  (unsigned long long)start_of(model, area), at);
}

static void note_area(struct model *model, struct model_area *area, u64 align)
{
	area->pattern = (u8)(area - model->areas + 1);
	check_placed(model, area, align);
	check_disjoint(model, area);
	check_mapped(model, area);
	write_marks(area);
}

/* --- calls */

static struct model_area *read_area(struct model *model, struct fuzz_bytes *bytes)
{
	return &model->areas[fuzz_below(bytes, NR_AREAS)];
}

/* From a few bytes to all that an unsigned long holds; the largest wrap around. */
static unsigned long read_size(struct fuzz_bytes *bytes)
{
	u8 code = fuzz_u8(bytes);
	unsigned long size = fuzz_u16(bytes);

	switch (code & 7) {
	case 0:
		return -(size << (code >> 3 & 15));
	case 1:
		return size << (code >> 3);
	default:
		return size << (code >> 6);
	}
}

static void call_vmalloc(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_area *area = read_area(model, bytes);
	unsigned long size = read_size(bytes);
	u8 bits = fuzz_u8(bytes);
	unsigned long align = 1UL << (bits & 3 ? PAGE_SHIFT : fuzz_u8(bytes) % 46);
	unsigned long flags = bits & 4 ? VM_USERMAP : 0;
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | (bits & 8 ? __GFP_ZERO : 0);

	/* more than that costs the host, less than what wraps finds nothing */
	if (area->kind != AREA_NONE || (size > MAX_VMALLOC && size < 1UL << 40))
		return;
	area->address = rig_vmalloc(model->cpu, size, align, gfp, flags, NUMA_NO_NODE, 0);
	if (!area->address)
		return;
	area->kind = AREA_VMALLOC;
	area->size = PAGE_ALIGN(size);
	area->guarded = true;
	area->user = flags & VM_USERMAP;
	note_area(model, area, align);
}

static void call_get_area(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_area *area = read_area(model, bytes);
	unsigned long size = read_size(bytes);
	u8 bits = fuzz_u8(bytes);
	unsigned long flags = bits & 1 ? VM_IOREMAP : VM_ALLOC;

	if (bits & 2)
		flags |= VM_NO_GUARD;
	/* with its guard page that would be nothing: a caller's bug */
	if (area->kind != AREA_NONE || PAGE_ALIGN(size) == -PAGE_SIZE)
		return;
	area->vm = rig_get_vm_area(model->cpu, size, flags, 0);
	if (!area->vm)
		return;
	area->kind = AREA_EMPTY;
	area->address = area->vm->addr;
	area->size = PAGE_ALIGN(size);
	area->guarded = !(bits & 2);
	area->user = false;
	note_area(model, area, PAGE_SIZE);
}

static void free_pages_of(struct model *model, struct model_area *area)
{
	for (unsigned long i = 0; i < area->size >> PAGE_SHIFT; i++)
		rig_free_pages(model->cpu, area->pages[i], 0);
}

static void call_vmap(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_area *area = read_area(model, bytes);
	unsigned int nr = 1 + fuzz_below(bytes, MAX_VMAP), got = 0;

	if (area->kind != AREA_NONE)
		return;
	for (; got < nr; got++) {
		area->pages[got] = rig_alloc_pages(model->cpu, GFP_KERNEL | __GFP_NOWARN, 0,
						   NUMA_NO_NODE, NULL);
		if (!area->pages[got])
			break;
	}
	area->size = (unsigned long)got << PAGE_SHIFT;
	area->address = got ? rig_vmap(model->cpu, area->pages, got, VM_MAP, 0) : NULL;
	if (!area->address) {
		free_pages_of(model, area);
		return;
	}
	area->kind = AREA_VMAP;
	area->guarded = true;
	area->user = false;
	note_area(model, area, PAGE_SIZE);
}

static void end_area(struct model *model, struct model_area *area, bool atomic)
{
	check_marks(model, area);
	check_mapped(model, area);
	switch (area->kind) {
	case AREA_VMALLOC:
		if (atomic)
			rig_vfree_atomic(model->cpu, area->address);
		else
			rig_vfree(model->cpu, area->address);
		break;
	case AREA_VMAP:
		rig_vunmap(model->cpu, area->address);
		free_pages_of(model, area);
		break;
	case AREA_EMPTY:
		rig_free_vm_area(model->cpu, area->vm);
		break;
	case AREA_NONE:
		break;
	}
	/* what was to be freed later is freed before anybody looks */
	if (atomic)
		rig_run_work(model->cpu);
	area->kind = AREA_NONE;
}

static void call_end(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_area *area = read_area(model, bytes);
	bool atomic = fuzz_u8(bytes) & 1;

	if (area->kind != AREA_NONE)
		end_area(model, area, atomic);
}

/* Any address of an area, its guard page too, leads to it. */
static void call_find(struct model *model, struct fuzz_bytes *bytes)
{
	const struct model_area *area = read_area(model, bytes);
	u64 offset = (u64)fuzz_u16(bytes) << (fuzz_u8(bytes) & 7);
	const struct vm_struct *vm;

	if (area->kind == AREA_NONE)
		return;
	offset %= end_of(model, area) - start_of(model, area);
	vm = rig_find_vm_area(model->machine, area->address + offset);
	if (!vm || vm->addr != area->address)
		fuzz_fail(model->machine, "vmalloc.lookup", "%#llx + %#llx",
			  (unsigned long long)start_of(model, area), (unsigned long long)offset);
}

static void call_remap(struct model *model, struct fuzz_bytes *bytes)
{
	const struct model_area *area = read_area(model, bytes);
	u8 bits = fuzz_u8(bytes);
	unsigned long pgoff = fuzz_u8(bytes) >> (bits & 7), nr = fuzz_u8(bytes) >> (bits & 7);
	unsigned long size = nr << PAGE_SHIFT;
	bool fits, allowed;

	if (bits & 8)
		pgoff = -pgoff >> (bits >> 4);
	if (bits & 0x80)
		size = -size;
	if (area->kind == AREA_NONE)
		return;
	fits = area->user && pgoff <= area->size >> PAGE_SHIFT &&
	       size <= area->size - (pgoff << PAGE_SHIFT);
	allowed = rig_remap_vmalloc_check(model->machine, area->address, pgoff, size) == 0;
	if (allowed != fits)
		fuzz_fail(model->machine, "vmalloc.remap_bounds",
			  "%#lx bytes from page %#lx on of %#lx bytes%s: %s", size, pgoff,
			  area->size, area->user ? "" : " not for users",
			  allowed ? "allowed" : "refused");
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 16) {
	case 0 ... 3:
		call_vmalloc(model, bytes);
		break;
	case 4 ... 5:
		call_get_area(model, bytes);
		break;
	case 6:
		call_vmap(model, bytes);
		break;
	case 7 ... 10:
		call_end(model, bytes);
		break;
	case 11:
		call_find(model, bytes);
		break;
	case 12 ... 13:
		call_remap(model, bytes);
		break;
	case 14:
		rig_vm_unmap_aliases(model->cpu);
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
	model.machine = fuzz_machine_create(&plan, false);
	if (!model.machine)
		return 0;
	model.cpu = &model.machine->cpus[0];
	rig_cpu_enter(model.cpu);
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&plan.bytes); i++) {
		call(&model, &plan.bytes);
		if (i % 16 == 15)
			fuzz_machine_check(model.machine, 2);
	}
	fuzz_machine_check(model.machine, 3);
	for (int i = 0; i < NR_AREAS; i++)
		if (model.areas[i].kind != AREA_NONE)
			end_area(&model, &model.areas[i], false);
	fuzz_machine_check(model.machine, 3);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
