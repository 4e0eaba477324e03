// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about the vmalloc space: what lies at an address, /proc/vmallocinfo, the invariants.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/fault_control.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>

#include "private.h"

bool rig_is_vmalloc_address(const struct rig_machine *machine, const void *address)
{
	return (u64)((const u8 *)address - machine->vmalloc_window) < machine->vmalloc_size;
}

struct vm_struct *rig_find_vm_area(struct rig_machine *machine, const void *address)
{
	struct rig_vmalloc *space = machine->vmalloc;
	const struct span *span;

	if (!space || !rig_is_vmalloc_address(machine, address))
		return NULL;
	rig_spin_lock(&space->lock);
	span = span_find(&space->busy, address_of(space, address));
	rig_spin_unlock(&space->lock);
	return span ? span->vm : NULL;
}

struct page *rig_vmalloc_to_page(struct rig_machine *machine, const void *address)
{
	struct vm_struct *vm = rig_find_vm_area(machine, address);
	unsigned long index;

	if (!vm)
		return NULL;
	index = (unsigned long)((const u8 *)address - (const u8 *)vm->addr) >> PAGE_SHIFT;
	if (index >= area_of(vm)->nr_mapped)
		return NULL;
	return rig_pfn_to_page(machine, area_of(vm)->pfns[index]);
}

int rig_remap_vmalloc_check(struct rig_machine *machine, const void *address, unsigned long pgoff,
			    unsigned long size)
{
	const struct vm_struct *vm;
	unsigned long offset, end;

	if (pgoff > ULONG_MAX >> PAGE_SHIFT || !PAGE_ALIGNED(address) || !PAGE_ALIGNED(size))
		return -EINVAL;
	vm = rig_find_vm_area(machine, address);
	if (!vm || !(vm->flags & (VM_USERMAP | VM_DMA_COHERENT)))
		return -EINVAL;
	offset = pgoff << PAGE_SHIFT;
	/* The end may not wrap, nor reach over the area. */
	if (__builtin_add_overflow(size, offset, &end) || end > area_bytes(vm))
		return -EINVAL;
	return 0;
}

int rig_vmalloc_occupy(struct rig_machine *machine, u64 offset, u64 size, unsigned long flags,
		       const char *caller_name)
{
	struct rig_vmalloc *space = machine->vmalloc;
	struct area *area;
	struct span *span;
	int code;

	if (!size || !PAGE_ALIGNED(offset) || !PAGE_ALIGNED(size) ||
	    offset > machine->vmalloc_size || size > machine->vmalloc_size - offset)
		return -EINVAL;
	area = calloc(1, sizeof(*area));
	if (!area)
		return -ENOMEM;
	area->vm.addr = machine->vmalloc_window + offset;
	area->vm.size = size;
	area->vm.flags = flags;
	area->vm.caller_name = caller_name ? strdup(caller_name) : NULL;
	code = space_occupy(space, RIG_VMALLOC_START + offset, RIG_VMALLOC_START + offset + size);
	if (code) {
		free((void *)area->vm.caller_name);
		free(area);
		return code;
	}
	span = span_find(&space->busy, RIG_VMALLOC_START + offset);
	area->vm.serial = ++space->serial;
	area->span = span;
	span->vm = &area->vm;
	return 0;
}

struct vm_struct *rig_vmalloc_next_area(struct rig_machine *machine, const struct vm_struct *vm)
{
	struct rig_vmalloc *space = machine->vmalloc;
	const struct list_head *at = &space->busy.list;

	if (vm)
		at = &container_of(vm, struct area, vm)->span->list;
	if (at->next == &space->busy.list)
		return NULL;
	return container_of(at->next, struct span, list)->vm;
}

unsigned long rig_vmalloc_nr_areas(const struct rig_machine *machine)
{
	return machine->vmalloc ? machine->vmalloc->busy.nr : 0;
}

u64 rig_vmalloc_serial(const struct rig_machine *machine)
{
	return machine->vmalloc ? machine->vmalloc->serial : 0;
}

unsigned long rig_vmalloc_nr_pages(const struct rig_machine *machine)
{
	return machine->vmalloc ? machine->vmalloc->nr_pages : 0;
}

static bool tree_owns(const struct span_tree *tree, const void *object)
{
	const struct span *span;

	list_for_each_entry (span, &tree->list, list)
		if (span->object == object || (span->vm && (area_of(span->vm)->object == object ||
							    span->vm->pages == object)))
			return true;
	return false;
}

bool rig_vmalloc_owns(struct rig_machine *machine, const void *object)
{
	const struct rig_vmalloc *space = machine->vmalloc;

	if (!space)
		return false;
	for (int id = 0; id < machine->nr_cpus; id++)
		if (space->preload[id] && space->preload[id]->object == object)
			return true;
	return tree_owns(&space->free, object) || tree_owns(&space->busy, object) ||
	       tree_owns(&space->lazy, object);
}

static void print_nodes(struct rig_machine *machine, const struct vm_struct *vm, FILE *out)
{
	unsigned int step = 1U << vm->page_order;

	if (machine->nr_nodes < 2 || (vm->flags & VM_UNINITIALIZED))
		return;
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		unsigned int pages = 0;

		for (unsigned int i = 0; i < vm->nr_pages; i += step)
			if (page_to_nid(vm->pages[i]) == nid)
				pages += step;
		if (pages)
			fprintf(out, " N%d=%u", nid, pages);
	}
}

static void print_area(struct rig_machine *machine, const struct vm_struct *vm, FILE *out)
{
	u64 start = rig_kernel_address(machine, vm->addr);
	char symbol[160];

	fprintf(out, "0x%016llx-0x%016llx %7lu", (unsigned long long)start,
		(unsigned long long)(start + vm->size), vm->size);
	if (vm->caller_name)
		fprintf(out, " %s", vm->caller_name);
	else if (vm->caller)
		fprintf(out, " %s", rig_symbol(vm->caller, symbol, sizeof(symbol)));
	if (vm->nr_pages)
		fprintf(out, " pages=%u", vm->nr_pages);
	if (vm->phys_addr)
		fprintf(out, " phys=0x%016llx", (unsigned long long)vm->phys_addr);
	if (vm->flags & VM_IOREMAP)
		fputs(" ioremap", out);
	if (vm->flags & VM_ALLOC)
		fputs(" vmalloc", out);
	if (vm->flags & VM_MAP)
		fputs(" vmap", out);
	if (vm->flags & VM_USERMAP)
		fputs(" user", out);
	if (vm->flags & VM_DMA_COHERENT)
		fputs(" dma-coherent", out);
	if (rig_is_vmalloc_address(machine, vm->pages))
		fputs(" vpages", out);
	print_nodes(machine, vm, out);
	fputc('\n', out);
}

void rig_vmallocinfo(struct rig_machine *machine, FILE *out)
{
	struct rig_vmalloc *space = machine->vmalloc;
	const struct span *span;

	list_for_each_entry (span, &space->busy.list, list)
		if (span->vm)
			print_area(machine, span->vm, out);
	/* As in the kernel these come behind the last area, and not without one. */
	if (list_empty(&space->busy.list))
		return;
	list_for_each_entry (span, &space->lazy.list, list)
		fprintf(out, "0x%016llx-0x%016llx %7llu unpurged vm_area\n",
			(unsigned long long)span->start, (unsigned long long)span->end,
			(unsigned long long)span_size(span));
}

static bool check_area(struct rig_machine *machine, const struct span *span,
		       struct rig_verdict *verdict)
{
	const struct area *area = span->vm ? area_of(span->vm) : NULL;

	if (!area)
		return true;
	if (area->span != span || rig_kernel_address(machine, area->vm.addr) != span->start ||
	    area->vm.size != span_size(span))
		return rig_fails(verdict, "vmalloc.area", "%#llx, %llu bytes: area of %lu bytes",
				 (unsigned long long)span->start,
				 (unsigned long long)span_size(span), area->vm.size);
	if (!(area->vm.flags & VM_NO_GUARD) && area->nr_mapped >= area->vm.size >> PAGE_SHIFT)
		return rig_fails(verdict, "vmalloc.guard", "%#llx: %lu pages mapped of %lu bytes",
				 (unsigned long long)span->start, area->nr_mapped, area->vm.size);
	for (unsigned long i = 0; i < area->nr_mapped && i < area->vm.nr_pages; i++) {
		const struct page *page = area->vm.pages[i];

		if (rig_page_to_pfn(machine, page) != area->pfns[i])
			return rig_fails(
				verdict, "vmalloc.page", "%#llx page %lu: pfn %lx, not %llx",
				(unsigned long long)span->start, i, rig_page_to_pfn(machine, page),
				(unsigned long long)area->pfns[i]);
		if (page_count(page) < 1)
			return rig_fails(verdict, "vmalloc.page",
					 "%#llx page %lu: pfn %llx is free",
					 (unsigned long long)span->start, i,
					 (unsigned long long)area->pfns[i]);
	}
	return true;
}

bool rig_vmalloc_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	struct rig_vmalloc *space = machine->vmalloc;
	const struct span *span;

	if (!space || tier < 2)
		return true;
	if (!space_check(space, verdict))
		return false;
	list_for_each_entry (span, &space->busy.list, list)
		if (!check_area(machine, span, verdict))
			return false;
	return true;
}
