// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLOB's invariants, looked at while the machine's CPUs are at rest.
 *
 *	slob.list_membership	a page is on the list that its flags say: free units and
 *PG_slob_free on one of the three, neither on the list of full pages slob.free_sorted	a page's
 *free blocks ascend, and end at its end slob.merged		no free block touches the next one
 *	slob.units_conserved	a page's units are the sum of its free blocks; not all of them,
 *since such a page would have gone back
 *	slob.page_count		the pages on the lists are as many as were taken and not given back
 *	slob.owner_free		no live object starts in free memory
 *	slob.owner_count	live objects in the owner map are as many as were handed out, cache
 *by cache slob.poison		nothing wrote to what waits in the quarantine
 *
 * Tier 2 looks at a cache, tier 3 at the heap.
 */
#include <stdlib.h>

#include <kmemrig/asan.h>
#include <linux/page-flags.h>

#include "slob.h"

struct walk {
	struct slob *slob;
	struct rig_verdict *verdict;
	unsigned long pages;
	unsigned long *live; /* objects in use, by owner */
};

static unsigned long long pfn_of(const struct walk *walk, const struct page *page)
{
	return rig_page_to_pfn(walk->slob->machine, page);
}

/* No live object may start inside the free block. */
static bool check_free_owners(struct walk *walk, const struct page *page, const slob_unit_t *block,
			      const slob_unit_t *end)
{
	unsigned long step = 1UL << SLOB_OWNER_SHIFT;

	for (unsigned long at = ALIGN((unsigned long)block, step); at < (unsigned long)end;
	     at += step)
		if (slob_owner_is_live(*slob_owner(walk->slob, (void *)at)))
			return rig_fails(walk->verdict, "slob.owner_free",
					 "pfn 0x%llx: an object at offset %lu lies in free memory",
					 pfn_of(walk, page), at & ~PAGE_MASK);
	return true;
}

static bool check_blocks(struct walk *walk, const struct page *page)
{
	const slob_unit_t *base = rig_page_address(walk->slob->machine, page);
	const slob_unit_t *end = base + SLOB_PAGE_UNITS;
	const slob_unit_t *block = page->slob_freelist;
	const slob_unit_t *previous_end = NULL;
	long sum = 0;

	while (block != end) {
		const slob_unit_t *block_end;

		if (block < base || block > end || (previous_end && block < previous_end))
			return rig_fails(walk->verdict, "slob.free_sorted",
					 "pfn 0x%llx: free block at unit %ld is out of order",
					 pfn_of(walk, page), (long)(block - base));
		if (block == previous_end)
			return rig_fails(
				walk->verdict, "slob.merged",
				"pfn 0x%llx: free block at unit %ld touches the one before",
				pfn_of(walk, page), (long)(block - base));
		block_end = block + slob_size(block);
		if (block_end > end)
			return rig_fails(walk->verdict, "slob.units_conserved",
					 "pfn 0x%llx: free block at unit %ld ends behind the page",
					 pfn_of(walk, page), (long)(block - base));
		if (!check_free_owners(walk, page, block, block_end))
			return false;
		sum += block_end - block;
		previous_end = block_end;
		block = slob_next(block);
	}
	if (sum != page->units || sum == SLOB_PAGE_UNITS)
		return rig_fails(walk->verdict, "slob.units_conserved",
				 "pfn 0x%llx: %ld units in free blocks, %ld counted",
				 pfn_of(walk, page), sum, page->units);
	return true;
}

static void count_owners(struct walk *walk, const struct page *page, unsigned long bytes)
{
	u8 *start = rig_page_address(walk->slob->machine, page);

	for (unsigned long offset = 0; offset < bytes; offset += 1UL << SLOB_OWNER_SHIFT) {
		slob_owner_t owner = *slob_owner(walk->slob, start + offset);

		if (slob_owner_is_live(owner) && owner < max(walk->slob->nr_caches, 2u))
			walk->live[owner]++;
	}
}

static bool check_page(struct walk *walk, const struct page *page, bool on_free_list)
{
	if (!PageSlab(page) || PageSlobFree(page) != on_free_list ||
	    (page->units > 0) != on_free_list)
		return rig_fails(
			walk->verdict, "slob.list_membership",
			"pfn 0x%llx on the %s list: %ld free units, PG_slob_free %d, PG_slab %d",
			pfn_of(walk, page), on_free_list ? "free" : "full", page->units,
			PageSlobFree(page), PageSlab(page));
	walk->pages++;
	count_owners(walk, page, PAGE_SIZE);
	return !on_free_list || check_blocks(walk, page);
}

/* As many as were handed out, cache by cache. */
static bool check_owner_counts(struct walk *walk)
{
	const struct slob *slob = walk->slob;

	if (walk->live[SLOB_OWNER_KMALLOC] != slob->nr_kmalloc)
		return rig_fails(walk->verdict, "slob.owner_count",
				 "kmalloc: %lu live objects found, %lu counted",
				 walk->live[SLOB_OWNER_KMALLOC], slob->nr_kmalloc);
	for (unsigned int i = SLOB_OWNER_FIRST_CACHE; i < slob->nr_caches; i++) {
		const struct slob_cache *data = slob->caches[i];
		unsigned long counted = data ? data->live : 0;

		if (walk->live[i] != counted)
			return rig_fails(walk->verdict, "slob.owner_count",
					 "%s: %lu live objects found, %lu counted",
					 data ? data->cache->name : "a cache that ended",
					 walk->live[i], counted);
	}
	return true;
}

static bool check_heap(struct walk *walk)
{
	struct slob *slob = walk->slob;
	struct page *page;

	for (int list = 0; list < SLOB_NR_LISTS; list++)
		list_for_each_entry (page, &slob->free[list], slab_list)
			if (!check_page(walk, page, true))
				return false;
	list_for_each_entry (page, &slob->full, slab_list)
		if (!check_page(walk, page, false))
			return false;
	if (walk->pages != slob->nr_pages)
		return rig_fails(walk->verdict, "slob.page_count",
				 "%lu pages on the lists, %lu taken", walk->pages, slob->nr_pages);
	list_for_each_entry (page, &slob->large, slab_list)
		count_owners(walk, page, 1);
	return check_owner_counts(walk);
}

bool slob_check_machine(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	struct walk walk = { .slob = slob_of(machine), .verdict = verdict };
	bool good;

	if (tier < 3)
		return true;
	walk.live = calloc(max(walk.slob->nr_caches, 2u), sizeof(*walk.live));
	good = !walk.live || check_heap(&walk);
	free(walk.live);
	return good;
}

bool slob_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict)
{
	return tier < 2 || slob_debug_check(cache->backend_data, verdict);
}
