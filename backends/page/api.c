// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front of the page allocator: contracts of the caller, fault injection, events, and the
 * kernel's functions by name. What chooses pages is the machine's page backend.
 *
 * Contracts (tier 0, always on): page.order_too_high, page.double_free, page.refcount,
 * page.wrong_order, page.reserved, page.foreign, page.sleep_in_atomic.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/fault.h>
#include <linux/mm.h>

#include <kmemrig/restore.h>

#include "internal.h"

/* --- allocation */

gfp_t rig_current_gfp_context(const struct rig_cpu *cpu, gfp_t gfp)
{
	unsigned int flags = cpu->task->flags;

	if (unlikely(flags & (PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS | PF_MEMALLOC_PIN))) {
		if (flags & PF_MEMALLOC_NOIO)
			gfp &= ~(__GFP_IO | __GFP_FS);
		else if (flags & PF_MEMALLOC_NOFS)
			gfp &= ~__GFP_FS;
		if (flags & PF_MEMALLOC_PIN)
			gfp &= ~__GFP_MOVABLE;
	}
	return gfp;
}

/* might_alloc(): a request that may sleep, where sleeping is forbidden. */
static void might_alloc(struct rig_cpu *cpu, gfp_t gfp)
{
	if (likely(!(gfp & __GFP_DIRECT_RECLAIM) || (!cpu->preempt_count && !cpu->irqs_disabled)))
		return;
	rig_misuse(cpu, "page.sleep_in_atomic",
		   "sleeping function called from invalid context at include/linux/sched/mm.h\n"
		   "in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s",
		   cpu->preempt_count != 0, cpu->irqs_disabled, cpu->task->pid, cpu->task->comm);
}

static bool order_is_bad(struct rig_cpu *cpu, gfp_t gfp, unsigned int order)
{
	if (likely(order < MAX_ORDER))
		return false;
	if (!(gfp & __GFP_NOWARN))
		rig_misuse(cpu, "page.order_too_high",
			   "page request of order %u: %d is the highest", order, MAX_ORDER - 1);
	return true;
}

static int choose_node(const struct rig_cpu *cpu, int nid)
{
	const struct rig_machine *machine = cpu->machine;

	if (nid == NUMA_NO_NODE || nid >= machine->nr_nodes || !machine->nodes[nid])
		return machine->page_front->numa_mem[cpu->nid];
	return nid;
}

/* Asks the backend and tells of it; @shown: the flags that the event gets. */
static struct page *ask_backend(struct rig_cpu *cpu, gfp_t gfp, gfp_t shown, unsigned int order,
				int nid, const unsigned long *nodemask)
{
	struct rig_page_request request = { .gfp = gfp,
					    .order = order,
					    .preferred_nid = choose_node(cpu, nid),
					    .nodemask = nodemask };
	struct page *page = cpu->machine->page->alloc(cpu, &request);

	RIG_TRACE(cpu, mm_page_alloc, .pfn = page ? rig_page_to_pfn(cpu->machine, page) : ~0UL,
		  .order = order, .gfp_flags = shown,
		  .migratetype = request_migratetype(cpu->machine, gfp));
	if (unlikely(cpu->machine->check_tier) && page)
		check_touched(cpu, page, order);
	return page;
}

struct page *rig_alloc_pages(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid,
			     const unsigned long *nodemask)
{
	if (order_is_bad(cpu, gfp, order))
		return NULL;
	gfp = rig_current_gfp_context(cpu, gfp);
	might_alloc(cpu, gfp);
	if (rig_should_fail_alloc_page(cpu, gfp, order))
		return NULL;
	return ask_backend(cpu, gfp, gfp, order, nid, nodemask);
}

struct page *rig_alloc_pages_traced(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid)
{
	if (order_is_bad(cpu, gfp, order) || rig_should_fail_alloc_page(cpu, gfp, order))
		return NULL;
	return ask_backend(cpu, (gfp & ~(__GFP_ZERO | __GFP_NOFAIL)) | __GFP_NOWARN, gfp, order,
			   nid, NULL);
}

unsigned long rig_alloc_pages_bulk(struct rig_cpu *cpu, gfp_t gfp, int nid,
				   const unsigned long *nodemask, unsigned long nr_pages,
				   struct page **pages)
{
	unsigned long before = 0, filled;
	struct rig_page_request request;

	while (before < nr_pages && pages[before])
		before++;
	if (before == nr_pages)
		return before;
	if (nr_pages - before > 1) {
		gfp_t allowed = rig_current_gfp_context(cpu, gfp);

		might_alloc(cpu, gfp);
		if (rig_should_fail_alloc_page(cpu, gfp, 0))
			return before;
		request = (struct rig_page_request){ .gfp = allowed,
						     .preferred_nid = choose_node(cpu, nid),
						     .nodemask = nodemask };
		filled = cpu->machine->page->alloc_bulk(cpu, &request, nr_pages, pages);
		if (filled > before)
			return filled;
	}
	/* one at least, with all that a single request may do */
	pages[before] = rig_alloc_pages(cpu, gfp, 0, nid, nodemask);
	return pages[before] ? before + 1 : before;
}

/* --- the caller's contract at a free */

static bool is_free(struct rig_machine *machine, const struct page *page)
{
	unsigned long pfn = rig_page_to_pfn(machine, page);

	if (page_use(page) == PAGE_USE_PCP)
		return true;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct page *head = rig_pfn_to_page(machine, ALIGN_DOWN(pfn, 1UL << order));

		if (PageBuddy(head) && buddy_order(head) >= order)
			return true;
	}
	return false;
}

static noinline bool refuse_free(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	int count;

	if (page < machine->vmemmap || page >= machine->vmemmap + machine->max_pfn) {
		rig_misuse(cpu, "page.foreign", "free of %p, which is no page of this machine",
			   (void *)page);
		return true;
	}
	count = page_ref_count(page);
	if (order >= MAX_ORDER) {
		bad_page(cpu, page, "page.order_too_high", "freed with an order over MAX_ORDER");
		return true;
	}
	if (PageReserved(page) || (!count && !(page->flags & PAGE_KNOWN) && !page->flags)) {
		bad_page(cpu, page, "page.reserved", "free of a reserved page");
		return true;
	}
	if (count <= 0) {
		if (is_free(machine, page))
			bad_page(cpu, page, "page.double_free", "free of a free page");
		else
			bad_page(cpu, page, "page.refcount", "free of a page without reference");
		return true;
	}
	if (PageTail(page)) {
		bad_page(cpu, page, "page.wrong_order", "free of a part of a compound page");
		return true;
	}
	if (PageHead(page) ? compound_order(page) != order
			   : page_use(page) == PAGE_USE_BLOCK && page_block_order(page) != order) {
		bad_page(cpu, page, "page.wrong_order", "freed with another order than allocated");
		return true;
	}
	return false;
}

/* What nearly every free looks like: nothing to complain about. */
static bool free_is_fine(const struct rig_machine *machine, const struct page *page,
			 unsigned int order)
{
	unsigned long pfn = (unsigned long)(page - machine->vmemmap);

	return pfn < machine->max_pfn && page_ref_count(page) > 0 &&
	       page_use(page) == PAGE_USE_BLOCK && page_block_order(page) == order &&
	       !PageReserved(page);
}

void rig_free_pages(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	const struct page_backend *backend = cpu->machine->page;
	bool head;

	if (unlikely(!free_is_fine(cpu->machine, page, order)) && refuse_free(cpu, page, order))
		return;
	head = PageHead(page);
	if (put_page_testzero(page)) {
		backend->free(cpu, page, order);
		if (unlikely(cpu->machine->check_tier))
			check_lists_touched(cpu, page, order);
	} else if (!head && order) {
		/* somebody holds the first page: all but that go back now */
		set_page_use(page, PAGE_USE_BLOCK, 0);
		while (order-- > 0)
			backend->free(cpu, page + (1UL << order), order);
	}
}

void rig_put_page(struct rig_cpu *cpu, struct page *page)
{
	page = compound_head(page);
	if (likely(page_ref_count(page) > 1)) {
		if (put_page_testzero(page))
			cpu->machine->page->free(cpu, page, compound_order(page));
		return;
	}
	rig_free_pages(cpu, page, PageHead(page) ? compound_order(page) : page_block_order(page));
}

void rig_free_page_list(struct rig_cpu *cpu, struct list_head *pages)
{
	cpu->machine->page->free_list(cpu, pages);
}

void rig_split_page(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	if (PageCompound(page) || page_ref_count(page) <= 0) {
		bad_page(cpu, page, "page.split", "split of a compound or free page");
		return;
	}
	set_page_use(page, PAGE_USE_BLOCK, 0);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		set_page_count(page + i, 1);
		set_page_use(page + i, PAGE_USE_BLOCK, 0);
	}
}

void *rig_alloc_pages_exact(struct rig_cpu *cpu, size_t size, gfp_t gfp, int nid)
{
	unsigned int order = (unsigned int)get_order(size);
	unsigned long nr = DIV_ROUND_UP(size, PAGE_SIZE);
	struct page *page;

	if (WARN_ON_ONCE(gfp & (__GFP_COMP | __GFP_HIGHMEM)))
		gfp &= ~(__GFP_COMP | __GFP_HIGHMEM);
	page = rig_alloc_pages(cpu, gfp, order, nid, NULL);
	if (!page)
		return NULL;
	rig_split_page(cpu, page, order);
	for (unsigned long i = nr; i < 1UL << order; i++) {
		set_page_count(page + i, 0);
		if (cpu->machine->page->free_to_tail)
			cpu->machine->page->free_to_tail(cpu, page + i, 0);
		else
			cpu->machine->page->free(cpu, page + i, 0);
	}
	return rig_page_address(cpu->machine, page);
}

void rig_free_pages_exact(struct rig_cpu *cpu, void *address, size_t size)
{
	struct page *page = rig_virt_to_page(cpu->machine, address);

	for (unsigned long i = 0; i < DIV_ROUND_UP(size, PAGE_SIZE); i++)
		rig_free_pages(cpu, page + i, 0);
}

void rig_free_reserved_page(struct rig_cpu *cpu, struct page *page)
{
	struct rig_machine *machine = cpu->machine;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	struct zone *zone = rig_pfn_zone(machine, pfn);

	if (!zone) {
		rig_misuse(cpu, "page.foreign", "pfn %#lx is in no zone", pfn);
		return;
	}
	if (!(page->flags & PAGE_KNOWN))
		page_init_range(zone, pfn, pfn + 1);
	__ClearPageReserved(page);
	set_page_count(page, 1);
	set_page_use(page, PAGE_USE_BLOCK, 0);
	rig_free_pages(cpu, page, 0);
	atomic_long_inc(&zone->managed_pages);
	atomic_long_inc(&machine->totalram_pages);
}

/* --- the kernel's names */

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		__free_pages(virt_to_page((void *)address), order);
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	return rig_alloc_pages_exact(rig_this_cpu(), size, gfp, NUMA_NO_NODE);
}

void *alloc_pages_exact_nid(int nid, size_t size, gfp_t gfp)
{
	return rig_alloc_pages_exact(rig_this_cpu(), size, gfp, nid);
}

void free_pages_exact(void *address, size_t size)
{
	rig_free_pages_exact(rig_this_cpu(), address, size);
}

unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr_pages, struct list_head *list)
{
	struct page **pages = calloc(nr_pages ? nr_pages : 1, sizeof(struct page *));
	unsigned long filled;

	if (!pages)
		return 0;
	filled = alloc_pages_bulk_array(gfp, nr_pages, pages);
	for (unsigned long i = 0; i < filled; i++)
		list_add(&pages[i]->lru, list);
	free(pages);
	return filled;
}
