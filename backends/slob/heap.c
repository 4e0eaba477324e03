// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLOB's heap: blocks of any size below a page, in pages on three lists.
 *
 * Memory is counted in units of 2 bytes. A free block carries its own list in its first units:
 *
 *	size > 1:  [ size ][ next ] . . .        next: offset from the page's start, in units
 *	size = 1:  [ -next ]
 *
 * The free blocks of a page are linked in address order; the last one's next is the page's end.
 *
 *	page->slob_freelist --> [ 12 | 40 ] ... used ... [ -90 ] ... [ 700 | 2048 ]
 *	page->units = 12 + 1 + 700
 *
 * A search walks the list that the size asks for (small, medium, large), skips pages whose free
 * units can't be enough, and takes the first block of a page that fits, alignment included. Where
 * it ended the next one begins: the list is turned so that this page comes first. A freed block
 * is put back in address order and joined with its free neighbours; a page without used blocks
 * goes back to the page allocator at once.
 *
 * Invariants: slob.units_conserved (a page's units are the sum of its free blocks),
 *slob.free_sorted, slob.merged (no two free blocks touch), slob.list_membership.
 *
 * Locking: slob->lock guards all of it; it is dropped while a page is taken or given back.
 */
#include <kmemrig/asan.h>
#include <kmemrig/kmem.h>
#include <kmemrig/page.h>
#include <linux/page-flags.h>

#include "slob.h"

static inline slob_unit_t *page_base(const void *block)
{
	return (slob_unit_t *)((unsigned long)block & PAGE_MASK);
}

/* Writes a free block's size and the next one's place. */
static RIG_NO_ASAN void write_block(slob_unit_t *block, slob_index_t size, slob_unit_t *next)
{
	slob_index_t offset = (slob_index_t)(next - page_base(block));

	if (size > 1) {
		block[0].units = size;
		block[1].units = offset;
	} else {
		block[0].units = (slob_index_t)-offset;
	}
}

RIG_NO_ASAN slob_index_t slob_size(const slob_unit_t *block)
{
	return block->units > 0 ? block->units : 1;
}

RIG_NO_ASAN slob_unit_t *slob_next(const slob_unit_t *block)
{
	slob_index_t next = block->units < 0 ? (slob_index_t)-block->units : block[1].units;

	return page_base(block) + next;
}

bool slob_is_last(const slob_unit_t *block)
{
	return PAGE_ALIGNED(slob_next(block));
}

unsigned int slob_order(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

static struct list_head *list_for_size(struct slob *slob, size_t size)
{
	if (size < SLOB_BREAK1)
		return &slob->free[SLOB_SMALL];
	if (size < SLOB_BREAK2)
		return &slob->free[SLOB_MEDIUM];
	return &slob->free[SLOB_LARGE];
}

static void set_page_free(struct page *page, struct list_head *list)
{
	list_move(&page->slab_list, list);
	__SetPageSlobFree(page);
}

static void set_page_full(struct slob *slob, struct page *page)
{
	list_move(&page->slab_list, &slob->full);
	__ClearPageSlobFree(page);
}

/* The block inside the free block @at that keeps the alignment; not before @at. */
static slob_unit_t *align_block(slob_unit_t *at, size_t align, size_t align_offset)
{
	if (!align)
		return at;
	return (slob_unit_t *)(ALIGN((unsigned long)at + align_offset, align) - align_offset);
}

/*
 * Takes @units at @taken out of the free block @block (whose predecessor in the page's list is
 * @before, or NULL): the pieces in front and behind stay free.
 */
static void carve(struct page *page, slob_unit_t *before, slob_unit_t *block, slob_unit_t *taken,
		  slob_index_t units)
{
	slob_index_t front = (slob_index_t)(taken - block);
	slob_index_t rest = (slob_index_t)(slob_size(block) - front - units);
	slob_unit_t *next = slob_next(block);

	if (rest) {
		write_block(taken + units, rest, next);
		next = taken + units;
	}
	if (front)
		write_block(block, front, next);
	else if (before)
		write_block(before, slob_size(before), next);
	else
		page->slob_freelist = next;
}

/* First fit inside one page; NULL: no block of it will do. */
static void *alloc_from_page(struct slob *slob, struct page *page, size_t size, size_t align,
			     size_t align_offset)
{
	slob_index_t units = (slob_index_t)SLOB_UNITS(size);
	slob_unit_t *before = NULL;

	for (slob_unit_t *block = page->slob_freelist;; before = block, block = slob_next(block)) {
		slob_unit_t *taken = align_block(block, align, align_offset);

		if (slob_size(block) >= units + (taken - block)) {
			carve(page, before, block, taken, units);
			page->units -= units;
			slob_forget_owners(slob, taken, size);
			if (page->units == 0)
				set_page_full(slob, page);
			return taken;
		}
		if (slob_is_last(block))
			return NULL;
	}
}

/* The list begins at @first from now on. */
static void rotate_to_front(struct list_head *first, struct list_head *head)
{
	__list_del_entry(head);
	__list_add(head, first->prev, first);
}

static void *alloc_from_list(struct slob *slob, struct list_head *list, size_t size, size_t align,
			     int node, size_t align_offset)
{
	struct page *page;

	list_for_each_entry (page, list, slab_list) {
		void *block;

		if (node != NUMA_NO_NODE && page_to_nid(page) != node)
			continue;
		if (page->units < (long)SLOB_UNITS(size))
			continue;
		block = alloc_from_page(slob, page, size, align, align_offset);
		if (!block)
			continue;
		if (PageSlobFree(page) && !list_is_first(&page->slab_list, list))
			rotate_to_front(&page->slab_list, list);
		return block;
	}
	return NULL;
}

/* A page that is one free block, first on @list. Under the lock. */
static void add_page(struct slob *slob, struct page *page, void *address, struct list_head *list)
{
	slob_unit_t *block = address;

	__SetPageSlab(page);
	rig_asan_poison(address, PAGE_SIZE);
	page->units = SLOB_PAGE_UNITS;
	page->slob_freelist = block;
	INIT_LIST_HEAD(&page->slab_list);
	write_block(block, (slob_index_t)SLOB_PAGE_UNITS, block + SLOB_PAGE_UNITS);
	set_page_free(page, list);
	slob->nr_pages++;
}

static struct page *take_pages(struct slob *slob, gfp_t gfp, unsigned int order, int node,
			       struct rig_cpu *cpu)
{
	struct page *page;

	/* the kernel would use a highmem page's address, which it has not */
	if (unlikely(gfp & __GFP_HIGHMEM))
		gfp = rig_kmem_fix_flags(cpu, gfp);
	page = rig_alloc_pages(cpu, gfp, order, node, NULL);

	if (page)
		rig_kmem_account_pages(slob->machine, page_to_nid(page), false, 1L << order);
	return page;
}

static void give_pages(struct slob *slob, struct page *page, unsigned int order,
		       struct rig_cpu *cpu)
{
	rig_kmem_account_pages(slob->machine, page_to_nid(page), false, -(1L << order));
	rig_free_pages(cpu, page, order);
}

void *slob_alloc_block(struct slob *slob, size_t size, gfp_t gfp, size_t align, int node,
		       size_t align_offset, struct rig_cpu *cpu)
{
	struct list_head *list = list_for_size(slob, size);
	struct page *page;
	void *block;

	rig_spin_lock(&slob->lock);
	block = alloc_from_list(slob, list, size, align, node, align_offset);
	rig_spin_unlock(&slob->lock);
	if (block)
		return block;

	page = take_pages(slob, gfp & ~__GFP_ZERO, 0, node, cpu);
	if (!page)
		return NULL;
	rig_spin_lock(&slob->lock);
	add_page(slob, page, rig_page_address(slob->machine, page), list);
	block = alloc_from_page(slob, page, size, align, align_offset);
	rig_spin_unlock(&slob->lock);
	return block;
}

/* The page's last used block is about to be free: nothing of it is ours any more. */
static void forget_page(struct slob *slob, struct page *page)
{
	list_del(&page->slab_list);
	__ClearPageSlobFree(page);
	__ClearPageSlab(page);
	page->mapping = NULL;
	page->slob_freelist = NULL;
	page->units = 0;
	slob->nr_pages--;
	slob_forget_owners(slob, rig_page_address(slob->machine, page), PAGE_SIZE);
}

/* Puts a block into a page's list in address order and joins it with free neighbours. */
static void insert(struct page *page, slob_unit_t *block, slob_index_t units)
{
	slob_unit_t *before = NULL, *next = page->slob_freelist;

	while (block > next) {
		before = next;
		next = slob_next(next);
	}
	if (block + units == next && !PAGE_ALIGNED(next)) {
		units = (slob_index_t)(units + slob_size(next));
		next = slob_next(next);
	}
	if (before && before + slob_size(before) == block) {
		write_block(before, (slob_index_t)(slob_size(before) + units), next);
		return;
	}
	write_block(block, units, next);
	if (before)
		write_block(before, slob_size(before), block);
	else
		page->slob_freelist = block;
}

void slob_free_block(struct slob *slob, void *block, size_t size, struct rig_cpu *cpu)
{
	struct page *page = rig_virt_to_page(slob->machine, block);
	slob_index_t units = (slob_index_t)SLOB_UNITS(size);

	rig_spin_lock(&slob->lock);
	if (page->units + units == SLOB_PAGE_UNITS) {
		forget_page(slob, page);
		rig_spin_unlock(&slob->lock);
		rig_asan_unpoison((void *)((unsigned long)block & PAGE_MASK), PAGE_SIZE);
		give_pages(slob, page, 0, cpu);
		return;
	}
	if (PageSlobFree(page)) {
		page->units += units;
		insert(page, block, units);
	} else {
		page->units = units;
		page->slob_freelist = block;
		write_block(block, units, page_base(block) + SLOB_PAGE_UNITS);
		set_page_free(page, list_for_size(slob, size));
	}
	rig_spin_unlock(&slob->lock);
}

void *slob_alloc_pages(struct slob *slob, gfp_t gfp, unsigned int order, int node,
		       struct rig_cpu *cpu)
{
	struct page *page = take_pages(slob, gfp, order, node, cpu);

	if (!page)
		return NULL;
	rig_spin_lock(&slob->lock);
	list_add(&page->slab_list, &slob->large);
	slob->nr_large_pages += 1UL << order;
	rig_spin_unlock(&slob->lock);
	return rig_page_address(slob->machine, page);
}

void slob_free_pages(struct slob *slob, void *block, unsigned int order, struct rig_cpu *cpu)
{
	struct page *page = rig_virt_to_page(slob->machine, block);

	rig_spin_lock(&slob->lock);
	list_del(&page->slab_list);
	slob->nr_large_pages -= 1UL << order;
	*slob_owner(slob, block) = SLOB_OWNER_NONE;
	rig_spin_unlock(&slob->lock);
	rig_asan_unpoison(block, PAGE_SIZE << order);
	give_pages(slob, page, order, cpu);
}

void slob_use_up(struct rig_machine *machine)
{
	struct slob *slob = slob_of(machine);

	rig_spin_lock(&slob->lock);
	for (int list = 0; list < SLOB_NR_LISTS; list++) {
		struct list_head *head = &slob->free[list];

		while (!list_empty(head)) {
			struct page *page = list_first_entry(head, struct page, slab_list);

			page->units = 0;
			set_page_full(slob, page);
		}
	}
	rig_spin_unlock(&slob->lock);
}
