// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc: memory that is contiguous in addresses and scattered in page frames.
 *
 *	vmalloc window   | area: 3 pages | guard |      | area ...
 *	                   |   |   |
 *	page frames      [ 7 ] [91] [12]
 *
 * An area has a span of addresses (space.c), and for vmalloc an array of its pages, which the bulk
 * allocator gave, at most 100 at a time; the array itself is a kmalloc or, above a page, another
 * area. In the host the frames are mapped side by side in the machine's vmalloc window; the guard
 * page behind them, lazily freed addresses and I/O areas are not mapped at all.
 *
 * Invariants: "vmalloc.area" (a used span's area says the same addresses), "vmalloc.page" (what is
 * mapped is what the page array says, and each page has a reference), "vmalloc.guard" (no guard
 * page is mapped), those of space.c.
 * space->lock guards the trees; an area belongs to who made it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/context.h>
#include <kmemrig/gfp_table.h>
#include <kmemrig/page.h>
#include <kmemrig/window.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>
#include <linux/preempt.h>

#include "private.h"

#define PAGES_PER_BULK_CALL 100UL
#define IOREMAP_MAX_SHIFT 30 /* PUD_SHIFT of x86-64 */
#define PMD_SHIFT 21

/* What the kernel's own structures weigh: asked of the machine beside the host's. */
#define VM_STRUCT_BYTES 64
#define VMAP_AREA_BYTES 64

static void log_failure(struct rig_cpu *cpu, gfp_t gfp, const char *format, ...) __printf(3, 4);

/* The kernel's warn_alloc(), its first line. */
static void log_failure(struct rig_cpu *cpu, gfp_t gfp, const char *format, ...)
{
	char text[200], flags[RIG_GFP_TEXT_SIZE];
	va_list args;

	if (gfp & __GFP_NOWARN)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rig_gfp_format(rig_gfp_table(NULL), (__force u64)gfp, flags, sizeof(flags));
	rig_log(cpu->machine, "%s: %s, mode:%#x(%s), nodemask=(null)", cpu->task->comm, text,
		(__force unsigned int)gfp, flags);
}

static bool in_interrupt_on(const struct rig_cpu *cpu)
{
	return cpu->preempt_count & (HARDIRQ_MASK | SOFTIRQ_MASK);
}

static struct area *make_area(struct rig_cpu *cpu, unsigned long size, u64 align,
			      unsigned long shift, unsigned long flags, int node, gfp_t gfp,
			      unsigned long caller)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	struct area *area;

	if (in_interrupt_on(cpu)) {
		rig_misuse(cpu, "vmalloc.interrupt", "vmalloc area asked for in interrupt");
		return NULL;
	}
	size = ALIGN(size, 1UL << shift);
	if (!size)
		return NULL;
	/* With its guard page it would be as large as nothing: BUG_ON() in alloc_vmap_area(). */
	if (unlikely(!(flags & VM_NO_GUARD) && size + PAGE_SIZE == 0)) {
		rig_misuse(cpu, "vmalloc.size", "vmalloc area of %lu bytes and a guard page", size);
		return NULL;
	}
	if (flags & VM_IOREMAP)
		align = 1UL << clamp_t(int, fls64(size - 1), PAGE_SHIFT, IOREMAP_MAX_SHIFT);
	area = calloc(1, sizeof(*area));
	if (!area)
		return NULL;
	if (space->cache) {
		area->object = rig_kmalloc(cpu, VM_STRUCT_BYTES, (gfp & RECLAIM_MASK) | __GFP_ZERO,
					   node, caller);
		if (!area->object)
			goto fail;
	}
	if (!(flags & VM_NO_GUARD))
		size += PAGE_SIZE;
	area->span = space_alloc(cpu, size, align, node, gfp);
	if (!area->span)
		goto fail;
	area->vm.addr = host_of(space, area->span->start);
	area->vm.size = size;
	area->vm.flags = flags;
	area->vm.caller = caller;
	area->vm.serial = __atomic_add_fetch(&space->serial, 1, __ATOMIC_RELAXED);
	area->span->vm = &area->vm;
	return area;
fail:
	if (area->object)
		rig_kfree(cpu, area->object, caller);
	free(area);
	return NULL;
}

/* Nothing is mapped any more, the addresses wait for the purge; the area itself stays. */
static void remove_area(struct rig_cpu *cpu, struct area *area)
{
	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (area->nr_mapped)
		rig_window_unmap(area->vm.addr, area->nr_mapped);
	area->nr_mapped = 0;
	space_free_lazily(cpu, area->span);
	area->span = NULL;
}

static void free_area(struct rig_cpu *cpu, struct area *area)
{
	if (area->object)
		rig_kfree(cpu, area->object, _RET_IP_);
	free(area->pfns);
	free(area);
}

/* Maps @nr pages from the area's start on; runs of neighbouring frames at once. */
static int map_pages(struct rig_machine *machine, struct area *area, struct page **pages,
		     unsigned long nr)
{
	u8 *at = area->vm.addr;

	area->pfns = malloc(nr * sizeof(*area->pfns));
	if (!area->pfns)
		return -ENOMEM;
	for (unsigned long i = 0, run; i < nr; i += run) {
		int code;

		for (run = 1; i + run < nr && pages[i + run] == pages[i] + run; run++)
			;
		code = rig_window_map_pages(machine, at + (i << PAGE_SHIFT), pages[i], run);
		if (code)
			return code;
		for (unsigned long j = i; j < i + run; j++)
			area->pfns[j] = rig_page_to_pfn(machine, pages[j]);
		area->nr_mapped = i + run;
	}
	return 0;
}

static void add_pages(struct rig_machine *machine, long nr)
{
	__atomic_fetch_add(&machine->vmalloc->nr_pages, (unsigned long)nr, __ATOMIC_RELAXED);
}

/* vfree (with pages) and vunmap (without). */
static void destroy_area(struct rig_cpu *cpu, struct area *area, bool with_pages)
{
	struct vm_struct *vm = &area->vm;

	remove_area(cpu, area);
	if (with_pages) {
		for (unsigned int i = 0; i < vm->nr_pages; i++)
			rig_free_pages(cpu, vm->pages[i], 0);
		if (!(vm->flags & VM_MAP_PUT_PAGES))
			add_pages(cpu->machine, -(long)vm->nr_pages);
		if (rig_is_vmalloc_address(cpu->machine, vm->pages))
			rig_vfree(cpu, vm->pages);
		else if (vm->pages)
			rig_kfree(cpu, vm->pages, _RET_IP_);
	}
	free_area(cpu, area);
}

/* Single pages in bulk; stops at the first call that gives less than asked. */
static unsigned long alloc_in_bulk(struct rig_cpu *cpu, gfp_t gfp, int node, unsigned long nr,
				   struct page **pages)
{
	unsigned long done = 0;

	while (done < nr) {
		unsigned long request = min(PAGES_PER_BULK_CALL, nr - done);
		unsigned long got = rig_alloc_pages_bulk(cpu, gfp & ~__GFP_NOFAIL, node, NULL,
							 request, pages + done);

		done += got;
		if (got != request)
			break;
	}
	return done;
}

static unsigned long alloc_area_pages(struct rig_cpu *cpu, gfp_t gfp, int node, unsigned int order,
				      unsigned long nr, struct page **pages)
{
	unsigned long done = order ? 0 : alloc_in_bulk(cpu, gfp, node, nr, pages);

	if (order)
		gfp &= ~__GFP_NOFAIL;
	while (done < nr) {
		struct page *page = rig_alloc_pages(cpu, gfp, order, node, NULL);

		if (!page)
			break;
		if (order)
			rig_split_page(cpu, page, order);
		for (unsigned long i = 0; i < 1UL << order; i++)
			pages[done++] = page + i;
	}
	return done;
}

/* Pages for an area and their mapping; on failure the area is gone. */
static bool fill_area(struct rig_cpu *cpu, struct area *area, gfp_t gfp, unsigned int shift,
		      int node)
{
	gfp_t nested = (gfp & RECLAIM_MASK) | __GFP_ZERO;
	struct vm_struct *vm = &area->vm;
	unsigned long nr = area_bytes(vm) >> PAGE_SHIFT;
	unsigned long array_bytes = nr * sizeof(struct page *);

	/* From here on the kernel is silent: the caller's flags say it only for the area. */
	gfp |= __GFP_NOWARN;
	if (!(gfp & (GFP_DMA | GFP_DMA32)))
		gfp |= __GFP_HIGHMEM;
	if (array_bytes > PAGE_SIZE)
		vm->pages = rig_vmalloc(cpu, array_bytes, 1, nested, 0, node, vm->caller);
	else
		vm->pages = rig_kmalloc(cpu, array_bytes, nested, node, vm->caller);
	if (!vm->pages) {
		remove_area(cpu, area);
		free_area(cpu, area);
		return false;
	}
	vm->page_order = shift - PAGE_SHIFT;
	vm->nr_pages =
		(unsigned int)alloc_area_pages(cpu, gfp, node, vm->page_order, nr, vm->pages);
	add_pages(cpu->machine, vm->nr_pages);
	if (vm->nr_pages == nr && map_pages(cpu->machine, area, vm->pages, nr) == 0)
		return true;
	destroy_area(cpu, area, true);
	return false;
}

/* One try with pages of one size; the area's address or NULL. */
static void *try_vmalloc(struct rig_cpu *cpu, unsigned long size, unsigned long align,
			 unsigned int shift, gfp_t gfp, unsigned long vm_flags, int node,
			 unsigned long caller)
{
	struct area *area;

	for (;;) {
		area = make_area(cpu, size, align, shift, VM_ALLOC | VM_UNINITIALIZED | vm_flags,
				 node, gfp, caller);
		if (area)
			break;
		log_failure(cpu, gfp, "vmalloc error: size %lu, vm_struct allocation failed%s",
			    size, gfp & __GFP_NOFAIL ? ". Retrying." : "");
		if (!(gfp & __GFP_NOFAIL))
			return NULL;
		rig_sleep(cpu, RIG_NS_PER_JIFFY);
	}
	if (!fill_area(cpu, area, gfp, shift, node))
		return NULL;
	area->vm.flags &= ~(unsigned long)VM_UNINITIALIZED;
	return area->vm.addr;
}

static unsigned int online_nodes(const struct rig_machine *machine)
{
	unsigned int nr = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		nr += machine->nodes[nid] != NULL;
	return max(nr, 1U);
}

void *rig_vmalloc(struct rig_cpu *cpu, unsigned long size, unsigned long align, gfp_t gfp,
		  unsigned long vm_flags, int node, unsigned long caller)
{
	struct rig_machine *machine = cpu->machine;
	unsigned long per_node = node == NUMA_NO_NODE ? size / online_nodes(machine) : size;
	void *address;

	if (!size) {
		rig_log(machine, "WARNING: vmalloc of 0 bytes");
		return NULL;
	}
	if (size >> PAGE_SHIFT > (unsigned long)atomic_long_read(&machine->totalram_pages)) {
		log_failure(cpu, gfp, "vmalloc error: size %lu, exceeds total pages", size);
		return NULL;
	}
	if ((vm_flags & VM_ALLOW_HUGE_VMAP) && per_node >= 1UL << PMD_SHIFT) {
		address = try_vmalloc(cpu, size, max(align, 1UL << PMD_SHIFT), PMD_SHIFT, gfp,
				      vm_flags, node, caller);
		if (address)
			return address;
	}
	return try_vmalloc(cpu, size, align, PAGE_SHIFT, gfp, vm_flags, node, caller);
}

/* The area that starts at the address; misuse and NULL when there is none. */
static struct area *area_to_free(struct rig_cpu *cpu, const void *address)
{
	struct vm_struct *vm;

	if (!PAGE_ALIGNED(address)) {
		rig_misuse(cpu, "vmalloc.free", "Trying to vfree() bad address (%016llx)",
			   (unsigned long long)rig_kernel_address(cpu->machine, address));
		return NULL;
	}
	vm = rig_find_vm_area(cpu->machine, address);
	/* The kernel takes any page of the area; no caller means that. */
	if (!vm || vm->addr != address) {
		rig_misuse(cpu, "vmalloc.free", "Trying to vfree() nonexistent vm area (%016llx)",
			   (unsigned long long)rig_kernel_address(cpu->machine, address));
		return NULL;
	}
	return area_of(vm);
}

void rig_vfree_atomic(struct rig_cpu *cpu, const void *address)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	struct deferred_free *deferred;

	if (!address)
		return;
	deferred = malloc(sizeof(*deferred));
	if (!deferred)
		return;
	deferred->address = address;
	rig_spin_lock(&space->lock);
	deferred->next = space->deferred;
	space->deferred = deferred;
	rig_spin_unlock(&space->lock);
	rig_work_queue(cpu, &space->free_work);
}

void rig_vfree(struct rig_cpu *cpu, const void *address)
{
	struct area *area;

	if (!address)
		return;
	if (in_interrupt_on(cpu)) {
		rig_vfree_atomic(cpu, address);
		return;
	}
	rig_might_sleep(cpu, __FILE__, __LINE__);
	area = area_to_free(cpu, address);
	if (area)
		destroy_area(cpu, area, true);
}

void rig_vunmap(struct rig_cpu *cpu, const void *address)
{
	struct area *area;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!address)
		return;
	area = area_to_free(cpu, address);
	if (area)
		destroy_area(cpu, area, false);
}

void *rig_vmap(struct rig_cpu *cpu, struct page **pages, unsigned int count, unsigned long flags,
	       unsigned long caller)
{
	struct area *area;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (flags & VM_NO_GUARD) {
		rig_log(cpu->machine, "WARNING: vmap without guard page: it gets one");
		flags &= ~(unsigned long)VM_NO_GUARD;
	}
	if (count > (unsigned long)atomic_long_read(&cpu->machine->totalram_pages))
		return NULL;
	area = make_area(cpu, (unsigned long)count << PAGE_SHIFT, 1, PAGE_SHIFT, flags,
			 NUMA_NO_NODE, GFP_KERNEL, caller);
	if (!area)
		return NULL;
	if (map_pages(cpu->machine, area, pages, count) != 0) {
		destroy_area(cpu, area, false);
		return NULL;
	}
	if (flags & VM_MAP_PUT_PAGES) {
		area->vm.pages = pages;
		area->vm.nr_pages = count;
	}
	return area->vm.addr;
}

struct vm_struct *rig_get_vm_area(struct rig_cpu *cpu, unsigned long size, unsigned long flags,
				  unsigned long caller)
{
	struct area *area =
		make_area(cpu, size, 1, PAGE_SHIFT, flags, NUMA_NO_NODE, GFP_KERNEL, caller);

	return area ? &area->vm : NULL;
}

void rig_free_vm_area(struct rig_cpu *cpu, struct vm_struct *vm)
{
	remove_area(cpu, area_of(vm));
	free_area(cpu, area_of(vm));
}

void rig_vm_unmap_aliases(struct rig_cpu *cpu)
{
	rig_might_sleep(cpu, __FILE__, __LINE__);
	space_purge(cpu);
}

static void run_drain_work(struct rig_work *work)
{
	struct rig_vmalloc *space = container_of(work, struct rig_vmalloc, drain_work);

	space_purge(rig_this_cpu() && rig_this_cpu()->machine == space->machine
			    ? rig_this_cpu()
			    : &space->machine->cpus[0]);
}

static void run_free_work(struct rig_work *work)
{
	struct rig_vmalloc *space = container_of(work, struct rig_vmalloc, free_work);
	struct deferred_free *list;

	rig_spin_lock(&space->lock);
	list = space->deferred;
	space->deferred = NULL;
	rig_spin_unlock(&space->lock);
	while (list) {
		struct deferred_free *next = list->next;

		rig_vfree(rig_this_cpu(), list->address);
		free(list);
		list = next;
	}
}

static void make_cache(struct rig_vmalloc *space)
{
	struct rig_cpu *cpu = &space->machine->cpus[0];

	space->cache = rig_kmem_cache_find(space->machine, "vmap_area");
	if (!space->cache)
		space->cache =
			rig_kmem_cache_create(cpu, "vmap_area", VMAP_AREA_BYTES, 0, 0, 0, 0, NULL);
}

int rig_vmalloc_init(struct rig_machine *machine)
{
	struct rig_vmalloc *space = calloc(1, sizeof(*space));
	int code;

	if (!space)
		return -ENOMEM;
	space->machine = machine;
	machine->vmalloc = space;
	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->drain_work.node);
	space->drain_work.function = run_drain_work;
	INIT_LIST_HEAD(&space->free_work.node);
	space->free_work.function = run_free_work;
	/* A machine that waits for a recorded state has nothing to allocate from yet. */
	if (atomic_long_read(&machine->totalram_pages) != 0)
		make_cache(space);
	code = space_init(space);
	if (code) {
		free(space);
		machine->vmalloc = NULL;
	}
	return code;
}

void rig_vmalloc_fini(struct rig_machine *machine)
{
	struct rig_vmalloc *space = machine->vmalloc;
	struct span *span;

	if (!space)
		return;
	while (space->deferred) {
		struct deferred_free *next = space->deferred->next;

		free(space->deferred);
		space->deferred = next;
	}
	list_for_each_entry (span, &space->busy.list, list) {
		if (!span->vm)
			continue;
		free((void *)span->vm->caller_name);
		free(area_of(span->vm)->pfns);
		free(area_of(span->vm));
	}
	space_fini(space);
	free(space);
	machine->vmalloc = NULL;
}
