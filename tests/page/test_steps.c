// SPDX-License-Identifier: GPL-2.0-only
/* What reclaim and compaction tell of their steps, under the kernel's names: vmscan:* and
 * compaction:*, in the order and with the values of the step that was taken.
 */
#include <string.h>

#include <kmemrig/ring.h>

#include "rig.h"

#define WANTED                                                                                     \
	(RIG_WANT(mm_vmscan_kswapd_sleep) | RIG_WANT(mm_vmscan_kswapd_wake) |                      \
	 RIG_WANT(mm_vmscan_wakeup_kswapd) | RIG_WANT(mm_vmscan_direct_reclaim_begin) |            \
	 RIG_WANT(mm_vmscan_direct_reclaim_end) | RIG_WANT(mm_shrink_slab_start) |                 \
	 RIG_WANT(mm_shrink_slab_end) | RIG_WANT(mm_compaction_begin) |                            \
	 RIG_WANT(mm_compaction_end) | RIG_WANT(mm_compaction_try_to_compact_pages))

static struct rig_ring ring;

static void listen(struct rig_machine *machine)
{
	assert_int_equal(rig_ring_init(&ring, 256, WANTED), 0);
	rig_event_attach(machine, &ring.sink);
}

static void listen_no_more(struct rig_machine *machine)
{
	rig_event_detach(machine, &ring.sink);
	rig_ring_fini(&ring);
}

/* The @index'th event held, which is of that kind. */
static const struct rig_event *held(size_t index, enum rig_event_id id)
{
	const struct rig_event *event = rig_ring_get(&ring, index);

	assert_non_null(event);
	assert_string_equal(rig_event_name(event->id), rig_event_name(id));
	return event;
}

static void kswapd_is_woken_once_and_then_the_request_reclaims(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	const struct rig_event *event;
	unsigned long nr;

	for (int i = 0; i < 2000; i++)
		rig_lru_add(&machine->cpus[0], alloc_page(GFP_HIGHUSER_MOVABLE), false);
	listen(machine);
	test_exhaust(GFP_ATOMIC, 0, &nr);
	/* thousands went below the low watermark: kswapd, once awake, is not woken again */
	assert_int_equal(rig_ring_total(&ring), 1);
	event = held(0, RIG_EVENT_mm_vmscan_wakeup_kswapd);
	assert_int_equal(event->mm_vmscan_wakeup_kswapd.nid, 0);
	assert_int_equal(event->mm_vmscan_wakeup_kswapd.order, 0);
	assert_int_equal(event->mm_vmscan_wakeup_kswapd.gfp_flags & ~__GFP_NOWARN, GFP_ATOMIC);
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(rig_ring_total(&ring), 5);
	event = held(1, RIG_EVENT_mm_vmscan_kswapd_wake);
	assert_string_equal(event->comm, "kswapd");
	assert_int_equal(event->mm_vmscan_kswapd_wake.zid,
			 held(0, RIG_EVENT_mm_vmscan_wakeup_kswapd)->mm_vmscan_wakeup_kswapd.zid);
	assert_string_equal(held(2, RIG_EVENT_mm_vmscan_kswapd_sleep)->comm, "kswapd");
	event = held(3, RIG_EVENT_mm_vmscan_direct_reclaim_begin);
	assert_string_not_equal(event->comm, "kswapd");
	assert_int_equal(event->mm_vmscan_direct_reclaim_begin.gfp_flags, GFP_KERNEL);
	event = held(4, RIG_EVENT_mm_vmscan_direct_reclaim_end);
	assert_int_equal(event->mm_vmscan_direct_reclaim_end.nr_reclaimed, 32);
	listen_no_more(machine);
	test_check(machine);
	test_end(machine);
}

static unsigned long scanned;

static unsigned long count_300(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp)
{
	return 300;
}

static unsigned long count_0(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp)
{
	return 0;
}

static unsigned long scan_some(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp,
			       unsigned long nr)
{
	scanned += nr;
	return 32;
}

static void a_shrinker_that_has_objects_is_told_with_what_it_freed(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct rig_shrinker none = { .count = count_0, .scan = scan_some };
	struct rig_shrinker some = { .count = count_300, .scan = scan_some };
	const struct rig_event *event;
	unsigned long nr;

	test_exhaust(GFP_NOWAIT & ~__GFP_KSWAPD_RECLAIM, 0, &nr);
	rig_shrinker_register(machine, &none);
	rig_shrinker_register(machine, &some);
	listen(machine);
	assert_null(
		alloc_page((GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM));
	assert_int_equal(rig_ring_total(&ring), 4);
	held(0, RIG_EVENT_mm_vmscan_direct_reclaim_begin);
	event = held(1, RIG_EVENT_mm_shrink_slab_start);
	assert_int_equal(event->mm_shrink_slab_start.shr, 2);
	assert_int_equal(event->mm_shrink_slab_start.cache_items, 300);
	assert_int_equal(event->mm_shrink_slab_start.delta, 0);
	assert_int_equal(event->mm_shrink_slab_start.total_scan, 128);
	assert_int_equal(event->mm_shrink_slab_start.priority, 12);
	assert_int_equal(event->mm_shrink_slab_start.shrink,
			 rig_code_address((u64)(uintptr_t)scan_some));
	event = held(2, RIG_EVENT_mm_shrink_slab_end);
	assert_int_equal(event->mm_shrink_slab_end.retval, 32);
	assert_int_equal(event->mm_shrink_slab_end.shr, 2);
	event = held(3, RIG_EVENT_mm_vmscan_direct_reclaim_end);
	assert_int_equal(event->mm_vmscan_direct_reclaim_end.nr_reclaimed, 32);
	assert_int_equal(scanned, 128);
	listen_no_more(machine);
	rig_shrinker_unregister(machine, &some);
	rig_shrinker_unregister(machine, &none);
	test_end(machine);
}

static void compaction_tells_its_way_through_a_zone(void **state)
{
	struct rig_machine *machine = test_boot(64, 1);
	struct zone *zone = rig_machine_zone(machine, 0, ZONE_DMA32);
	struct page **pages = calloc(16384, sizeof(*pages));
	const struct rig_event *event;
	unsigned long nr = 0, start, end;

	while (nr < 16384 &&
	       (pages[nr] = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN)))
		nr++;
	for (unsigned long i = 0; i < nr; i++) {
		/* a run that may not wait looks at some of the even page frames only */
		if (page_to_pfn(pages[i]) % 2 == 0)
			__free_page(pages[i]);
		else
			rig_lru_add(&machine->cpus[0], pages[i], false);
	}
	drain_all_pages(NULL);
	listen(machine);
	/* a costly order is compacted for before any reclaim */
	assert_non_null(alloc_pages(GFP_HIGHUSER_MOVABLE & ~__GFP_KSWAPD_RECLAIM, 5));
	assert_int_equal(rig_ring_total(&ring), 3);
	event = held(0, RIG_EVENT_mm_compaction_try_to_compact_pages);
	assert_int_equal(event->mm_compaction_try_to_compact_pages.order, 5);
	assert_int_equal(event->mm_compaction_try_to_compact_pages.prio, 2);
	start = zone->zone_start_pfn;
	end = start + zone->spanned_pages;
	event = held(1, RIG_EVENT_mm_compaction_begin);
	assert_int_equal(event->mm_compaction_begin.zone_start, start);
	assert_int_equal(event->mm_compaction_begin.migrate_pfn, start);
	assert_int_equal(event->mm_compaction_begin.free_pfn,
			 (end - 1) >> machine->pageblock_order << machine->pageblock_order);
	assert_int_equal(event->mm_compaction_begin.zone_end, end);
	assert_int_equal(event->mm_compaction_begin.sync, 0);
	event = held(2, RIG_EVENT_mm_compaction_end);
	assert_in_range(event->mm_compaction_end.migrate_pfn, start + 1, end);
	assert_int_equal(event->mm_compaction_end.status, 8);
	listen_no_more(machine);
	free(pages);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kswapd_is_woken_once_and_then_the_request_reclaims),
		cmocka_unit_test(a_shrinker_that_has_objects_is_told_with_what_it_freed),
		cmocka_unit_test(compaction_tells_its_way_through_a_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
