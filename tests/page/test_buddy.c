// SPDX-License-Identifier: GPL-2.0-only
/* Blocks: how they split and merge, in which order lists give them, and what the API does with
 * them. */
#include "rig.h"

struct seen {
	struct rig_event_sink sink;
	unsigned int nr;
	struct rig_event events[512];
};

static void keep(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct seen *seen = container_of(sink, struct seen, sink);

	if (seen->nr < ARRAY_SIZE(seen->events))
		seen->events[seen->nr++] = *event;
}

static void watch(struct rig_machine *machine, struct seen *seen, u64 wanted)
{
	*seen = (struct seen){ .sink = { .emit = keep, .wanted = wanted } };
	rig_event_attach(machine, &seen->sink);
}

struct walked {
	unsigned long pfns[64];
	unsigned int nr;
};

static bool note(unsigned long pfn, void *data)
{
	struct walked *walked = data;

	if (walked->nr < ARRAY_SIZE(walked->pfns))
		walked->pfns[walked->nr++] = pfn;
	return true;
}

static struct walked list_of(struct rig_machine *machine, unsigned int order, int migratetype)
{
	struct walked walked = { .nr = 0 };

	rig_free_list_walk(rig_machine_zone(machine, 0, ZONE_DMA32), order, migratetype, note,
			   &walked);
	return walked;
}

static void a_block_splits_from_its_low_end(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_HIGHUSER_MOVABLE, 9), *low;
	unsigned long pfn = page_to_pfn(page);
	struct walked before = list_of(machine, 4, MIGRATE_MOVABLE);

	__free_pages(page, 9);
	low = alloc_pages(GFP_HIGHUSER_MOVABLE, 4);
	assert_int_equal(before.nr, 0);
	/* the largest free block was whole again: each half's buddy is on its own order's list */
	for (unsigned int order = 4; order < 9; order++) {
		struct walked list = list_of(machine, order, MIGRATE_MOVABLE);

		assert_int_equal(list.pfns[0], page_to_pfn(low) + (1UL << order));
	}
	__free_pages(low, 4);
	assert_true(page_to_pfn(low) <= pfn);
	test_check(machine);
	test_end(machine);
}

static void freed_buddies_merge(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long before[MAX_ORDER], nr;
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	struct page *pages;

	drain_all_pages(NULL);
	for (int order = 0; order < MAX_ORDER; order++)
		before[order] = zone->free_area[order].nr_free;
	pages = test_exhaust(GFP_KERNEL | __GFP_MEMALLOC, 0, &nr);
	assert_int_equal(test_free_pages(zone), 0);
	test_free_all(pages, 0);
	drain_all_pages(NULL);
	for (int order = 0; order < MAX_ORDER; order++)
		assert_int_equal(zone->free_area[order].nr_free, before[order]);
	test_check(machine);
	test_end(machine);
}

static void per_cpu_lists_are_filled_by_the_batch_and_used_from_the_head(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct per_cpu_pages *pcp = &rig_machine_zone(machine, 0, ZONE_DMA32)->per_cpu_pageset[0];
	struct seen seen;
	struct page *first, *second;

	drain_all_pages(NULL);
	watch(machine, &seen,
	      RIG_WANT(mm_page_alloc_zone_locked) | RIG_WANT(mm_page_alloc) |
		      RIG_WANT(mm_page_free));
	first = alloc_page(GFP_HIGHUSER_MOVABLE);
	assert_int_equal(pcp->batch, 15);
	assert_int_equal(seen.nr, 16);
	assert_int_equal(pcp->count, 14);
	assert_int_equal(seen.events[0].mm_page_alloc_zone_locked.pfn, page_to_pfn(first));
	assert_int_equal(seen.events[0].mm_page_alloc_zone_locked.percpu_refill, 1);
	assert_int_equal(seen.events[15].id, RIG_EVENT_mm_page_alloc);
	assert_int_equal(seen.events[15].mm_page_alloc.gfp_flags, GFP_HIGHUSER_MOVABLE);
	second = alloc_page(GFP_HIGHUSER_MOVABLE);
	assert_int_equal(page_to_pfn(second), seen.events[1].mm_page_alloc_zone_locked.pfn);
	__free_page(first);
	assert_ptr_equal(alloc_page(GFP_HIGHUSER_MOVABLE), first);
	rig_event_detach(machine, &seen.sink);
	test_check(machine);
	test_end(machine);
}

static void frees_go_back_in_growing_batches(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct per_cpu_pages *pcp = &rig_machine_zone(machine, 0, ZONE_DMA32)->per_cpu_pageset[0];
	struct page *pages[4096];
	struct seen seen;
	unsigned int batches[4] = { 0 }, nr = 0;

	for (int i = 0; i < 4096; i++)
		pages[i] = alloc_page(GFP_HIGHUSER_MOVABLE);
	drain_all_pages(NULL);
	watch(machine, &seen, RIG_WANT(mm_page_pcpu_drain));
	for (int i = 0; i < 4096 && nr < 4; i++) {
		seen.nr = 0;
		__free_page(pages[i]);
		if (seen.nr)
			batches[nr++] = seen.nr;
		assert_true(pcp->count < pcp->high);
	}
	rig_event_detach(machine, &seen.sink);
	assert_int_equal(batches[0], 15);
	assert_int_equal(batches[1], 30);
	assert_int_equal(batches[2], 60);
	assert_int_equal(batches[3], 120);
	test_check(machine);
	test_end(machine);
}

static void lists_of_pages_are_freed_with_both_events(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct seen seen;
	LIST_HEAD(list);

	for (int i = 0; i < 3; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		set_page_count(page, 0);
		list_add_tail(&page->lru, &list);
	}
	watch(machine, &seen, RIG_WANT(mm_page_free) | RIG_WANT(mm_page_free_batched));
	free_unref_page_list(&list);
	rig_event_detach(machine, &seen.sink);
	assert_int_equal(seen.nr, 6);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(seen.events[i].id, RIG_EVENT_mm_page_free);
		assert_int_equal(seen.events[3 + i].id, RIG_EVENT_mm_page_free_batched);
		assert_int_equal(seen.events[i].mm_page_free.pfn,
				 seen.events[3 + i].mm_page_free_batched.pfn);
	}
	test_check(machine);
	test_end(machine);
}

static void memory_comes_in_the_forms_of_the_api(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	unsigned long address = get_zeroed_page(GFP_KERNEL);
	struct page *page;
	u8 *exact;

	for (unsigned long i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((u8 *)address)[i], 0);
	memset((void *)address, 0xff, PAGE_SIZE);
	free_page(address);
	assert_int_equal(get_zeroed_page(GFP_KERNEL), address);
	assert_int_equal(*(u64 *)address, 0);
	free_page(address);
	free_pages(0, 3);
	/* compound pages know their size; the last reference frees all */
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	assert_true(PageHead(page));
	assert_int_equal(compound_order(page), 3);
	assert_ptr_equal(compound_head(page + 5), page);
	get_page(page + 5);
	assert_int_equal(page_count(page + 1), 2);
	put_page(page);
	put_page(page + 7);
	assert_int_equal(rig_page_where(machine, page_to_pfn(page), NULL), RIG_PLACE_PCP);
	/* 5 pages of 8; the rest is free again */
	exact = alloc_pages_exact(5 * PAGE_SIZE - 1, GFP_KERNEL);
	memset(exact, 1, 5 * PAGE_SIZE);
	page = virt_to_page(exact);
	assert_int_equal(page_count(page + 4), 1);
	assert_int_not_equal(rig_page_where(machine, page_to_pfn(page) + 5, NULL), RIG_PLACE_USED);
	free_pages_exact(exact, 5 * PAGE_SIZE - 1);
	test_check(machine);
	assert_int_equal(machine->check->failures, 0);
	test_end(machine);
}

/* Somebody else holds the first page: the others go back at once, it later. */
static void a_held_page_stays_behind(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	get_page(page);
	__free_pages(page, 2);
	assert_int_equal(page_count(page), 1);
	for (int i = 1; i < 4; i++)
		assert_int_not_equal(rig_page_where(machine, page_to_pfn(page) + i, NULL),
				     RIG_PLACE_USED);
	put_page(page);
	assert_int_equal(machine->check->failures, 0);
	test_check(machine);
	test_end(machine);
}

static void fragments_share_a_page(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct page_frag_cache cache = { .va = NULL };
	unsigned long before = test_free_pages(rig_machine_zone(machine, 0, ZONE_DMA32));
	void *pieces[40];

	for (int i = 0; i < 40; i++) {
		pieces[i] = page_frag_alloc(&cache, 2000, GFP_KERNEL);
		memset(pieces[i], i, 2000);
	}
	assert_ptr_equal((u8 *)pieces[0] - 2000, pieces[1]);
	assert_ptr_not_equal(virt_to_head_page(pieces[0]), virt_to_head_page(pieces[39]));
	for (int i = 0; i < 40; i++)
		page_frag_free(pieces[i]);
	__page_frag_cache_drain(virt_to_page(cache.va), cache.pagecnt_bias);
	drain_all_pages(NULL);
	assert_true(test_free_pages(rig_machine_zone(machine, 0, ZONE_DMA32)) >= before);
	assert_int_equal(machine->check->failures, 0);
	test_check(machine);
	test_end(machine);
}

static void memory_never_handed_out_is_in_order(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct walked list = list_of(machine, MAX_ORDER - 1, MIGRATE_MOVABLE);
	struct page *page = alloc_pages(GFP_HIGHUSER_MOVABLE, MAX_ORDER - 1);

	assert_true(list.nr > 40);
	for (unsigned int i = 1; i < list.nr; i++)
		assert_int_equal(list.pfns[i], list.pfns[i - 1] + MAX_ORDER_NR_PAGES);
	assert_int_equal(page_to_pfn(page), list.pfns[0]);
	/* back to the head */
	__free_pages(page, MAX_ORDER - 1);
	assert_int_equal(list_of(machine, MAX_ORDER - 1, MIGRATE_MOVABLE).pfns[0], list.pfns[0]);
	/* from the middle */
	assert_non_null(rig_page_take(&machine->cpus[0], list.pfns[20], 0, GFP_KERNEL));
	test_check(machine);
	assert_int_equal(list_of(machine, MAX_ORDER - 1, MIGRATE_MOVABLE).nr, list.nr - 1);
	test_end(machine);
}

static void any_sequence_keeps_the_invariants(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	static const gfp_t kinds[] = { GFP_KERNEL, GFP_HIGHUSER_MOVABLE,
				       GFP_KERNEL | __GFP_RECLAIMABLE, GFP_ATOMIC,
				       GFP_KERNEL | __GFP_COMP };
	struct {
		struct page *page;
		unsigned int order;
	} held[1500] = { { NULL, 0 } };
	u64 x = 88172645463325252ULL;

	for (int i = 0; i < 60000; i++) {
		unsigned int slot;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		slot = (unsigned int)(x % ARRAY_SIZE(held));
		if (held[slot].page) {
			__free_pages(held[slot].page, held[slot].order);
			held[slot].page = NULL;
		} else {
			held[slot].order = (x >> 20) % 16 ? (unsigned int)(x >> 24) % 4
							  : (unsigned int)(x >> 24) % 8;
			held[slot].page = alloc_pages(kinds[(x >> 32) % ARRAY_SIZE(kinds)] |
							      __GFP_NOWARN | __GFP_NORETRY,
						      held[slot].order);
		}
		if (i % 5000 == 0)
			test_check(machine);
	}
	assert_int_equal(machine->check->failures, 0);
	test_check(machine);
	test_end(machine);
}

/* The checks can fail. */
static void broken_structures_are_seen(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	struct page *page = alloc_pages(GFP_KERNEL, 6), *single = alloc_page(GFP_KERNEL);
	struct list_head *lists = zone->per_cpu_pageset[0].lists, *entry;
	struct rig_verdict verdict;

	zone->free_area[3].nr_free++;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.nr_free");
	zone->free_area[3].nr_free--;
	atomic_long_inc(&zone->vm_stat[NR_FREE_PAGES]);
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.conservation");
	atomic_long_dec(&zone->vm_stat[NR_FREE_PAGES]);
	zone->per_cpu_pageset[0].count++;
	assert_false(rig_machine_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "page.pcp_count");
	zone->per_cpu_pageset[0].count--;
	zone->nr_reserved_highatomic += 5;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.highatomic");
	zone->nr_reserved_highatomic -= 5;
	zone->watermark_boost =
		zone->_watermark[WMARK_HIGH] * 2 + (4UL << machine->pageblock_order);
	assert_false(rig_machine_check(machine, 1, &verdict));
	assert_string_equal(verdict.name, "page.boost");
	zone->watermark_boost = 0;
	__free_page(single);
	entry = lists[MIGRATE_UNMOVABLE].next;
	list_move(entry, &lists[MIGRATE_MOVABLE]);
	assert_false(rig_machine_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "page.pcp_type");
	list_move(entry, &lists[MIGRATE_UNMOVABLE]);
	__free_pages(page, 6);
	test_check(machine);
	test_end(machine);
}

/*
 * Where nodes meet inside a pageblock its migratetype is that of both zones: the one that reserves
 * it counts it, the other sees it reserved too. That is no fault; half a pageblock is one.
 */
static void zones_may_share_a_reserved_pageblock(void **state)
{
	struct rig_memory_range memory[] = { { .base = 0, .size = 33 * MIB, .nid = 0 },
					     { .base = 33 * MIB, .size = 33 * MIB, .nid = 1 } };
	struct rig_machine_config config = { .name = "test", .memory = memory, .nr_memory = 2 };
	struct rig_machine *machine = test_boot_config(&config);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	struct rig_verdict verdict;

	rig_set_pageblock_migratetype(machine, PHYS_PFN(32 * MIB), MIGRATE_HIGHATOMIC);
	zone->nr_reserved_highatomic = 1UL << machine->pageblock_order;
	test_check(machine);
	zone->nr_reserved_highatomic += 5;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.highatomic");
	zone->nr_reserved_highatomic = 4UL << machine->pageblock_order;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.highatomic");
	zone->nr_reserved_highatomic = 0;
	/* a zone that shares none has to be exact */
	rig_machine_zone(machine, 0, ZONE_DMA)->nr_reserved_highatomic =
		1UL << machine->pageblock_order;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "page.highatomic");
	test_end(machine);
}

static void cpus_leave_their_pages_behind(void **state)
{
	struct rig_machine *machine = test_boot(256, 2);
	struct per_cpu_pages *pcp = rig_machine_zone(machine, 0, ZONE_DMA32)->per_cpu_pageset;
	struct page *page = rig_alloc_pages(&machine->cpus[1], GFP_KERNEL, 0, NUMA_NO_NODE, NULL);
	int high = pcp[0].high;

	rig_free_pages(&machine->cpus[1], page, 0);
	assert_true(pcp[1].count > 0);
	rig_page_cpu_offline(&machine->cpus[0], &machine->cpus[1]);
	assert_int_equal(pcp[1].count, 0);
	assert_true(pcp[0].high >= 2 * high);
	test_check(machine);
	rig_page_cpu_online(&machine->cpus[1]);
	assert_int_equal(pcp[0].high, high);
	test_end(machine);
}

static void watermarks_follow_min_free_kbytes(void **state)
{
	struct rig_machine *machine = test_boot(256, 1);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);

	rig_page_set_min_free_kbytes(machine, 8192);
	assert_in_range(zone->_watermark[WMARK_MIN], 1800, 2048);
	assert_int_equal(zone->_watermark[WMARK_LOW],
			 zone->_watermark[WMARK_MIN] + zone->_watermark[WMARK_MIN] / 4);
	assert_int_equal(zone->per_cpu_pageset[0].high, zone->_watermark[WMARK_LOW]);
	test_end(machine);
}

static void small_machines_do_not_group_by_mobility(void **state)
{
	struct rig_machine *machine = test_boot(12, 1);
	struct page *page;

	assert_true(machine->page_group_by_mobility_disabled);
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	__free_page(page);
	assert_ptr_equal(alloc_page(GFP_KERNEL), page);
	test_check(machine);
	test_end(machine);
	machine = test_boot(64, 1);
	assert_false(machine->page_group_by_mobility_disabled);
	test_end(machine);
}

/* The checks after each operation see what is broken next to it. */
static void broken_neighbours_are_seen_at_once(void **state)
{
	struct rig_memory_range memory = { .base = 0, .size = 64 * MIB };
	struct rig_machine_config config = {
		.name = "tier2", .memory = &memory, .nr_memory = 1, .check_tier = 2
	};
	struct rig_machine *machine = test_boot_config(&config);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	unsigned int order = MAX_ORDER - 1;
	unsigned long nr;

	__free_page(alloc_page(GFP_KERNEL));
	assert_int_equal(machine->check->failures, 0);
	/* counted, but not there when the last is gone */
	zone->free_area[order].nr_free += 1000;
	test_exhaust(GFP_KERNEL | __GFP_MEMALLOC, order, &nr);
	assert_string_equal(test_last_check(machine), "page.nr_free");
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_splits_from_its_low_end),
		cmocka_unit_test(freed_buddies_merge),
		cmocka_unit_test(per_cpu_lists_are_filled_by_the_batch_and_used_from_the_head),
		cmocka_unit_test(frees_go_back_in_growing_batches),
		cmocka_unit_test(lists_of_pages_are_freed_with_both_events),
		cmocka_unit_test(memory_comes_in_the_forms_of_the_api),
		cmocka_unit_test(a_held_page_stays_behind),
		cmocka_unit_test(fragments_share_a_page),
		cmocka_unit_test(memory_never_handed_out_is_in_order),
		cmocka_unit_test(any_sequence_keeps_the_invariants),
		cmocka_unit_test(broken_structures_are_seen),
		cmocka_unit_test(zones_may_share_a_reserved_pageblock),
		cmocka_unit_test(cpus_leave_their_pages_behind),
		cmocka_unit_test(watermarks_follow_min_free_kbytes),
		cmocka_unit_test(small_machines_do_not_group_by_mobility),
		cmocka_unit_test(broken_neighbours_are_seen_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
