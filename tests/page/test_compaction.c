// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction by hand-drawn maps of a high memory zone, into which nothing comes that was not asked
 * for. A character is a page, a word a pageblock of eight pages; pages count from the zone's start:
 *
 *	.  free		m  in the page cache, can be moved	#  in use, stays	M  can, but
 *is held
 *
 * What is expected follows from the rules by hand: pages are gathered upwards and moved last in,
 * first out; places are taken downwards, in a pageblock upwards, the last page first.
 */
#include <kmemrig/context.h>
#include <kmemrig/ring.h>
#include <linux/highmem.h>

#include "rig.h"

#define BLOCK 8
#define LOWMEM (1 * MIB)
#define BASE (LOWMEM >> PAGE_SHIFT)
#define MAX_PAGES 256

struct drawing {
	struct rig_machine *machine;
	struct zone *zone;
	struct rig_ring ring;
	char moves[1000]; /* "FROM>TO ", as they happened */
};

static struct drawing drawing;

static void note_move(struct rig_cpu *cpu, struct page *from, struct page *to, void *data)
{
	size_t used = strlen(drawing.moves);

	snprintf(drawing.moves + used, sizeof(drawing.moves) - used, "%lu>%lu ",
		 rig_page_to_pfn(cpu->machine, from) - BASE,
		 rig_page_to_pfn(cpu->machine, to) - BASE);
}

/* Page number @index of the map; spaces do not count. */
static char at(const char *map, unsigned long index)
{
	return map[index + index / BLOCK];
}

static struct page *page_at(unsigned long index)
{
	return pfn_to_page(BASE + index);
}

/*
 * A machine whose high memory is in that state; all low memory is in use. @kinds: a character a
 * pageblock, M movable, U unmovable; as many as there are, the others are movable.
 */
static struct rig_machine *draw_kinds(const char *map, const char *kinds)
{
	unsigned long pages = strlen(map) - strlen(map) / (BLOCK + 1);
	struct rig_memory_range memory = { .size = LOWMEM + (pages << PAGE_SHIFT) };
	struct rig_machine_config config = { .memory = &memory,
					     .nr_memory = 1,
					     .nr_cpus = 1,
					     .pageblock_order = 3,
					     .lowmem_limit = LOWMEM };
	struct rig_machine *machine = test_boot_config(&config);
	unsigned long taken = 0, nr;
	struct page *list, *next;

	drawing = (struct drawing){ .machine = machine };
	drawing.zone = rig_machine_zone(machine, 0, ZONE_HIGHMEM);
	assert_int_equal(drawing.zone->zone_start_pfn, BASE);
	assert_int_equal(drawing.zone->spanned_pages, pages);
	machine->watermark_boost_factor = 0;
	/* a zone this small would have nothing to spare */
	for (int mark = WMARK_MIN; mark <= WMARK_HIGH; mark++)
		drawing.zone->_watermark[mark] = 0;
	list = test_exhaust((GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC) & ~__GFP_RECLAIM, 0, &nr);
	for (unsigned long i = 0; i < strlen(kinds); i++)
		rig_set_pageblock_migratetype(machine, BASE + i * BLOCK,
					      kinds[i] == 'U' ? MIGRATE_UNMOVABLE
							      : MIGRATE_MOVABLE);
	for (; list; list = next) {
		unsigned long pfn = page_to_pfn(list);
		char what = pfn < BASE ? '#' : at(map, pfn - BASE);

		taken += pfn >= BASE;
		next = (struct page *)list->private;
		list->private = 0;
		if (what == '.')
			__free_page(list);
		else if (what != '#')
			rig_lru_add(&machine->cpus[0], list, false);
		if (what == 'M')
			get_page(list);
	}
	assert_int_equal(taken, pages);
	drain_all_pages(NULL);
	rig_lru_on_move(machine, note_move, NULL);
	return machine;
}

static struct rig_machine *draw(const char *map)
{
	return draw_kinds(map, "");
}

static void listen_to(u64 wanted)
{
	assert_int_equal(rig_ring_init(&drawing.ring, 4096, wanted), 0);
	rig_event_attach(drawing.machine, &drawing.ring.sink);
}

static const struct rig_event *step(size_t index)
{
	return rig_ring_get(&drawing.ring, index);
}

static void expect_map(const char *expected)
{
	char map[MAX_PAGES + MAX_PAGES / BLOCK + 1];
	size_t length = 0;

	for (unsigned long i = 0; i < drawing.zone->spanned_pages; i++) {
		const struct page *page = page_at(i);
		enum rig_page_place place = rig_page_where(drawing.machine, BASE + i, NULL);

		if (i && i % BLOCK == 0)
			map[length++] = ' ';
		if (place == RIG_PLACE_BUDDY || place == RIG_PLACE_PCP)
			map[length++] = '.';
		else if (PageLRU(page))
			map[length++] = page_ref_count(page) == 1 ? 'm' : 'M';
		else
			map[length++] = '#';
	}
	map[length] = '\0';
	assert_string_equal(map, expected);
}

static void end(void)
{
	test_check(drawing.machine);
	if (drawing.ring.sink.emit) {
		rig_event_detach(drawing.machine, &drawing.ring.sink);
		rig_ring_fini(&drawing.ring);
	}
	test_end(drawing.machine);
}

/* --- the scanners */

static void all_that_can_moves_to_the_upper_end(void **state)
{
	/*           0        8        16       24       32       40       48       56 */
	draw("m.m.m.m. mmmm.... #m#m#m#. ........ mmmmmmmm m....... #....... mmmmmm..");
	rig_compact_memory(drawing.machine->cpus);
	/*
	 * Places: 62 and 63, then of the pageblock at 48 first 49 to 51, later 52 to 55, then 41 to
	 * 43. The one at 24 is free as a whole: neither source nor place. At 40 the scanners meet.
	 */
	assert_string_equal(drawing.moves, "6>51 4>50 2>49 0>63 11>62 10>55 9>54 8>53 "
					   "21>52 19>43 17>42 39>41 ");
	expect_map("........ ........ #.#.#.#. ........ mmmmmmm. mmmm.... #mmmmmmm mmmmmmmm");
	end();
}

static void a_page_that_is_held_stays_and_its_place_is_used_by_the_next(void **state)
{
	draw("mMm..... ######## ######## #.......");
	rig_compact_memory(drawing.machine->cpus);
	/* taken are 25, then 26 and 27: 27 is offered to 2, 26 to 1, which stays, and so to 0 */
	assert_string_equal(drawing.moves, "2>27 0>26 ");
	expect_map(".M...... ######## ######## #.mm....");
	end();
}

static void only_movable_pageblocks_take_pages(void **state)
{
	draw_kinds("mm###### ######## #....... #.......", "MMMU");
	rig_compact_memory(drawing.machine->cpus);
	assert_string_equal(drawing.moves, "1>19 0>18 ");
	expect_map("..###### ######## #.mm.... #.......");
	end();
}

static void contents_and_state_move_along(void **state)
{
	struct rig_machine *machine = draw("m####### ######## ######## #.......");
	u8 *bytes = kmap_local_page(page_at(0));

	for (int i = 0; i < 4096; i++)
		bytes[i] = (u8)(i * 7);
	kunmap_local(bytes);
	SetPageDirty(page_at(0));
	rig_compact_memory(machine->cpus);
	assert_string_equal(drawing.moves, "0>25 ");
	bytes = kmap_local_page(page_at(25));
	for (int i = 0; i < 4096; i++)
		assert_int_equal(bytes[i], (u8)(i * 7));
	kunmap_local(bytes);
	assert_true(PageDirty(page_at(25)));
	end();
}

/* --- a request's */

/*
 * A request that may not wait takes an aligned block whole or not at all, and in pageblocks of its
 * own kind only: the first of the block at 0 is followed by one that stays, the block at 4 can be
 * had; in the movable pageblock at 8 nothing is taken. What was moved merges and is captured as
 * soon as the scanner has left the block.
 */
static void an_async_run_leaves_blocks_that_it_cannot_empty(void **state)
{
	struct rig_reclaim_counters counters;
	struct rig_machine *machine = draw_kinds(
		"m#m.m.m. mmm.mm## ######## ######## ######## ######## #.#.#.#. #.#.#.#.", "U");
	unsigned long to[2];
	struct page *page;

	listen_to(RIG_WANT(mm_page_alloc_zone_locked));
	page = alloc_pages(GFP_HIGHUSER | __GFP_NORETRY, 2);
	assert_int_equal(rig_ring_total(&drawing.ring), 0);

	assert_non_null(page);
	assert_ptr_equal(page, page_at(4));
	assert_int_equal(sscanf(drawing.moves, "6>%lu 4>%lu ", &to[0], &to[1]), 2);
	assert_true(to[0] >= 48 && to[1] >= 48 && to[0] != to[1]);
	assert_int_equal(strlen(drawing.moves), strlen("6>99 4>99 "));
	rig_reclaim_counters(machine, &counters);
	assert_int_equal(counters.compact_stall, 1);
	assert_int_equal(counters.compact_success, 1);
	assert_int_equal(counters.pgmigrate_success, 2);
	__free_pages(page, 2);
	end();
}

static void expect_walk(size_t number, unsigned long start, unsigned long end,
			unsigned long scanned, unsigned long taken)
{
	const struct rig_event_mm_compaction_isolate_migratepages *walk;

	assert_non_null(step(number));
	walk = &step(number)->mm_compaction_isolate_migratepages;
	assert_int_equal(walk->start_pfn, BASE + start);
	assert_int_equal(walk->end_pfn, BASE + end);
	assert_int_equal(walk->nr_scanned, scanned);
	assert_int_equal(walk->nr_taken, taken);
}

/*
 * A costly order: the free lists are searched first, on both sides.
 *
 * Sources: the free block of order 3 at 8 is the only movable one in the first half. Its pageblock
 * is marked as it is found and, as in 6.1, passed by because it is marked; so are the four pages in
 * front of it. At 16, 18 and 16 are gathered. The pageblock at 24 is of another kind, at 32 the
 * first page stays: out of the block that 16 is in, what was freed merges with 24 to order 4.
 *
 * Places: none of order 3 lies in the last quarter, from 72 on; 56 is the best in the last half,
 * and is taken whole.
 */
static void costly_orders_search_the_free_lists(void **state)
{
	struct page *page;

	/*           0        8        16       24       32       40 */
	draw_kinds("mmmm#### ........ m.m..... ........ ######## ........ "
		   /* 48     56       64       72       80       88 */
		   "######## ........ ######## ######## ##..#### #######.",
		   "MMMU");
	listen_to(RIG_WANT(mm_compaction_isolate_migratepages));
	page = alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY, 4);
	assert_ptr_equal(page, page_at(16));
	assert_string_equal(drawing.moves, "18>63 16>62 ");
	assert_int_equal(rig_ring_total(&drawing.ring), 3);
	expect_walk(0, 8, 16, 1, 0);
	expect_walk(1, 16, 24, 5, 2);
	expect_walk(2, 32, 40, 1, 0);
	expect_map("mmmm#### ........ ######## ######## ######## ........ "
		   "######## ......mm ######## ######## ##..#### #######.");
	__free_pages(page, 4);
	end();
}

static void expect_defer(size_t index, enum rig_event_id id, unsigned int considered,
			 unsigned int defer_shift)
{
	const struct rig_event *event = rig_ring_get(&drawing.ring, index);

	assert_non_null(event);
	assert_string_equal(rig_event_name(event->id), rig_event_name(id));
	/* the fields of all three are the same */
	assert_int_equal(event->mm_compaction_deferred.idx, ZONE_HIGHMEM);
	assert_int_equal(event->mm_compaction_deferred.order, 2);
	assert_int_equal(event->mm_compaction_deferred.considered, considered);
	assert_int_equal(event->mm_compaction_deferred.defer_shift, defer_shift);
}

/* Nothing can be moved. Each request tries twice: first without waiting, then after reclaim. */
static void runs_in_vain_are_deferred_for_longer_and_longer(void **state)
{
	/* kswapd would wake kcompactd, which fails and defers too */
	const gfp_t gfp = (GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM;

	draw_kinds("#.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#.", "U");
	listen_to(RIG_WANT(mm_compaction_deferred) | RIG_WANT(mm_compaction_defer_compaction) |
		  RIG_WANT(mm_compaction_defer_reset));
	assert_null(alloc_pages(gfp, 2));
	expect_defer(0, RIG_EVENT_mm_compaction_defer_compaction, 0, 1);
	assert_null(alloc_pages(gfp, 2));
	expect_defer(1, RIG_EVENT_mm_compaction_deferred, 1, 1);
	expect_defer(2, RIG_EVENT_mm_compaction_defer_compaction, 0, 2);
	assert_null(alloc_pages(gfp, 2));
	expect_defer(3, RIG_EVENT_mm_compaction_deferred, 1, 2);
	expect_defer(4, RIG_EVENT_mm_compaction_deferred, 2, 2);
	assert_null(alloc_pages(gfp, 2));
	expect_defer(5, RIG_EVENT_mm_compaction_deferred, 3, 2);
	expect_defer(6, RIG_EVENT_mm_compaction_defer_compaction, 0, 3);
	assert_int_equal(rig_ring_total(&drawing.ring), 7);
	end();
}

/* Costly orders: that what is free lies apart is not the worst of it. */
static void want_of_memory_is_no_reason_to_compact(void **state)
{
	size_t of_zone = 0;

	/* 5 blocks, 40 pages, 16 wanted: 1000 - (1000 + 40 * 1000 / 16) / 5 = 300, not above 500 */
	draw("........ ######mm ........ ######mm ........ ######mm ........ ######mm ........");
	listen_to(RIG_WANT(mm_compaction_suitable) | RIG_WANT(mm_compaction_begin));
	assert_null(alloc_pages(
		(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE) & ~__GFP_FS,
		4));
	for (size_t i = 0; i < rig_ring_total(&drawing.ring); i++) {
		assert_int_equal(step(i)->id, RIG_EVENT_mm_compaction_suitable);
		if (step(i)->mm_compaction_suitable.idx != ZONE_HIGHMEM)
			continue;
		of_zone++;
		assert_int_equal(step(i)->mm_compaction_suitable.ret, 0);
	}
	assert_true(of_zone > 0);
	end();
}

static const u64 steps =
	RIG_WANT(mm_compaction_try_to_compact_pages) | RIG_WANT(mm_compaction_suitable) |
	RIG_WANT(mm_compaction_deferred) | RIG_WANT(mm_compaction_defer_compaction) |
	RIG_WANT(mm_compaction_defer_reset) | RIG_WANT(mm_compaction_begin) |
	RIG_WANT(mm_compaction_end) | RIG_WANT(mm_compaction_finished) |
	RIG_WANT(mm_compaction_isolate_migratepages) | RIG_WANT(mm_compaction_isolate_freepages) |
	RIG_WANT(mm_compaction_migratepages) | RIG_WANT(mm_compaction_kcompactd_sleep) |
	RIG_WANT(mm_compaction_wakeup_kcompactd) | RIG_WANT(mm_compaction_kcompactd_wake);

/* Number of the event that begins the run through the high zone. */
static size_t first_step(void)
{
	for (size_t i = 0; i < rig_ring_total(&drawing.ring); i++)
		if (step(i)->id == RIG_EVENT_mm_compaction_begin &&
		    step(i)->mm_compaction_begin.zone_start == BASE)
			return i;
	fail_msg("no run through the high zone");
	return 0;
}

/* Names of the events from @first on, without "mm_compaction_". */
static void expect_steps(size_t first, const char *expected)
{
	char names[4000] = "";
	size_t used = 0;

	for (size_t i = first; i < rig_ring_total(&drawing.ring); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s ",
					 rig_event_name(step(i)->id) + strlen("mm_compaction_"));
	assert_string_equal(names, expected);
}

static void a_run_tells_its_steps_as_the_kernel_does(void **state)
{
	struct rig_machine *machine = draw("mm...... ######## ######## #.......");
	size_t first;

	listen_to(steps);
	rig_compact_memory(machine->cpus);
	first = first_step();
	expect_steps(first, "begin finished isolate_migratepages isolate_freepages migratepages "
			    "finished isolate_migratepages finished isolate_migratepages finished "
			    "end ");
	assert_int_equal(step(first)->mm_compaction_begin.migrate_pfn, BASE);
	assert_int_equal(step(first)->mm_compaction_begin.free_pfn, BASE + 24);
	assert_int_equal(step(first)->mm_compaction_begin.sync, 1);
	assert_int_equal(step(first + 1)->mm_compaction_finished.ret, 4);
	/* pages 0 and 1, the free ones of order 1 at 2 and of order 2 at 4: four looks */
	assert_int_equal(step(first + 2)->mm_compaction_isolate_migratepages.end_pfn, BASE + 8);
	assert_int_equal(step(first + 2)->mm_compaction_isolate_migratepages.nr_scanned, 4);
	assert_int_equal(step(first + 2)->mm_compaction_isolate_migratepages.nr_taken, 2);
	/* the page in use at 24, then the one at 25, then the two of order 1 at 26 */
	assert_int_equal(step(first + 3)->mm_compaction_isolate_freepages.start_pfn, BASE + 24);
	assert_int_equal(step(first + 3)->mm_compaction_isolate_freepages.end_pfn, BASE + 28);
	assert_int_equal(step(first + 3)->mm_compaction_isolate_freepages.nr_scanned, 4);
	assert_int_equal(step(first + 3)->mm_compaction_isolate_freepages.nr_taken, 3);
	assert_int_equal(step(first + 4)->mm_compaction_migratepages.nr_migrated, 2);
	assert_int_equal(step(first + 4)->mm_compaction_migratepages.nr_failed, 0);
	/* the scanners have met: the whole zone was scanned */
	assert_int_equal(step(first + 9)->mm_compaction_finished.ret, 5);
	assert_int_equal(step(first + 9)->mm_compaction_finished.order, -1);
	assert_int_equal(step(first + 10)->mm_compaction_end.migrate_pfn, BASE + 24);
	assert_int_equal(step(first + 10)->mm_compaction_end.status, 5);
	end();
}

/* --- kswapd and kcompactd */

static unsigned long has_many(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp)
{
	return 64;
}

/* Says that it frees, which is all that kswapd goes by. */
static unsigned long frees_elsewhere(struct rig_shrinker *shrinker, struct rig_cpu *cpu, gfp_t gfp,
				     unsigned long nr)
{
	return nr;
}

/*
 * A request that can't wait finds single pages only, and wakes kswapd; that has reclaimed enough
 * for the order and is content with single pages being free, so kcompactd has to do the rest.
 */
static void kswapd_goes_to_sleep_and_wakes_kcompactd(void **state)
{
	struct rig_shrinker shrinker = { .count = has_many, .scan = frees_elsewhere };
	const gfp_t gfp = __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
	static const enum rig_event_id expected[] = {
		RIG_EVENT_mm_vmscan_wakeup_kswapd,	  RIG_EVENT_mm_vmscan_kswapd_wake,
		RIG_EVENT_mm_compaction_wakeup_kcompactd, RIG_EVENT_mm_vmscan_kswapd_sleep,
		RIG_EVENT_mm_compaction_kcompactd_wake,	  RIG_EVENT_mm_compaction_kcompactd_sleep,
	};
	struct rig_reclaim_counters counters;
	struct rig_machine *machine =
		draw("#.#.#.#. #m.m.m.m ######## ######## ######## ######## #.#.#.#. #.#.#.#.");

	/* pages that nobody has a say over do not go to reclaim */
	for (unsigned long i = 8; i < 16; i++)
		if (PageLRU(page_at(i)))
			get_page(page_at(i));
	rig_shrinker_register(machine, &shrinker);
	listen_to(RIG_WANT(mm_vmscan_wakeup_kswapd) | RIG_WANT(mm_vmscan_kswapd_wake) |
		  RIG_WANT(mm_vmscan_kswapd_sleep) | RIG_WANT(mm_compaction_wakeup_kcompactd) |
		  RIG_WANT(mm_compaction_kcompactd_wake) | RIG_WANT(mm_compaction_kcompactd_sleep));
	assert_null(alloc_pages(gfp, 2));
	assert_int_equal(rig_ring_total(&drawing.ring), 1);
	/* nothing happens until time passes */
	assert_null(alloc_pages(gfp, 2));
	assert_int_equal(rig_ring_total(&drawing.ring), 1);
	rig_time_pass(&machine->cpus[0], 1000000);
	assert_int_equal(rig_ring_total(&drawing.ring), ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(rig_event_name(step(i)->id), rig_event_name(expected[i]));
	assert_int_equal(step(0)->mm_vmscan_wakeup_kswapd.order, 2);
	assert_string_equal(step(1)->comm, "kswapd");
	assert_int_equal(step(1)->mm_vmscan_kswapd_wake.order, 2);
	assert_int_equal(step(2)->mm_compaction_wakeup_kcompactd.order, 2);
	assert_int_equal(step(2)->mm_compaction_wakeup_kcompactd.highest_zoneidx, ZONE_MOVABLE);
	assert_string_equal(step(4)->comm, "kcompactd");
	assert_int_equal(step(4)->mm_compaction_kcompactd_wake.order, 2);
	rig_reclaim_counters(machine, &counters);
	assert_int_equal(counters.compact_daemon_wake, 1);
	assert_true(counters.compact_daemon_migrate_scanned > 0);
	/* asleep again: the next one wakes it again */
	assert_null(alloc_pages(gfp, 2));
	assert_int_equal(rig_ring_total(&drawing.ring), ARRAY_SIZE(expected) + 1);
	rig_shrinker_unregister(machine, &shrinker);
	end();
}

/* kcompactd does not wait for anybody to ask, when too much is in pieces. */
static void a_node_in_pieces_is_compacted_by_itself(void **state)
{
	const char *map = "m.m.m.m. m.m.m.m. m.m.m.m. m.m.m.m. #.#.#.#. #.#.#.#. #.#.#.#. #.#.#.#.";
	struct rig_machine *machine = draw(map);

	rig_compaction_proactiveness_set(machine, 0);
	rig_time_pass(&machine->cpus[0], 2000000000);
	expect_map(map);
	/* a fifth of the memory is in pieces: 20 > 15 */
	rig_compaction_proactiveness_set(machine, 100);
	rig_time_pass(&machine->cpus[0], 1);
	/* behind the pageblock at 24 there is none that the scanners have not both been to */
	expect_map("........ ........ ........ m.m.m.m. #.#.#.#. #m#m#m#m #m#m#m#m #m#m#m#m");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_can_moves_to_the_upper_end),
		cmocka_unit_test(a_page_that_is_held_stays_and_its_place_is_used_by_the_next),
		cmocka_unit_test(only_movable_pageblocks_take_pages),
		cmocka_unit_test(contents_and_state_move_along),
		cmocka_unit_test(an_async_run_leaves_blocks_that_it_cannot_empty),
		cmocka_unit_test(costly_orders_search_the_free_lists),
		cmocka_unit_test(runs_in_vain_are_deferred_for_longer_and_longer),
		cmocka_unit_test(want_of_memory_is_no_reason_to_compact),
		cmocka_unit_test(a_run_tells_its_steps_as_the_kernel_does),
		cmocka_unit_test(kswapd_goes_to_sleep_and_wakes_kcompactd),
		cmocka_unit_test(a_node_in_pieces_is_compacted_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
