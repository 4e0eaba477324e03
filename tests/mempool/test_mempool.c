// SPDX-License-Identifier: GPL-2.0-only
/* Mempools: the reserve, who gets from it, who waits, what is found wrong in it. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/machine.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "on_machine.h"

static int make_machine(void **state)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 127 * SZ_1M } };
	struct rig_machine_config config = { .name = "mempool",
					     .memory = memory,
					     .nr_memory = 1,
					     .nr_cpus = 1,
					     .lowmem_limit = 64 * SZ_1M,
					     .check_tier = 1 };

	return start_machine(state, &config);
}

static void set(struct rig_machine *machine, const char *path, const char *value)
{
	char error[200] = "";

	if (rig_fault_set(machine, path, value, error, sizeof(error)))
		fail_msg("%s", error);
}

/* From here on nothing is to be had from the slab allocator. */
static void memory_runs_out(struct rig_machine *machine)
{
	set(machine, "failslab/ignore-gfp-wait", "N");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/probability", "100");
}

static void memory_is_back(struct rig_machine *machine)
{
	set(machine, "failslab/probability", "0");
}

static void expect_sound_pool(mempool_t *pool)
{
	struct rig_verdict verdict;

	if (!rig_mempool_check(pool, 2, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void the_reserve_is_there_from_the_start(void **state)
{
	mempool_t *pool = mempool_create_kmalloc_pool(4, 100);

	assert_non_null(pool);
	assert_int_equal(pool->curr_nr, 4);
	assert_int_equal(pool->min_nr, 4);
	expect_sound_pool(pool);
	mempool_destroy(pool);
	mempool_destroy(NULL);
}

static void the_allocator_comes_before_the_reserve(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("elements", 64, 0, 0, NULL);
	mempool_t *pool = mempool_create_slab_pool(2, cache);
	void *element[3];

	for (int i = 0; i < 3; i++)
		element[i] = mempool_alloc(pool, GFP_ATOMIC);
	assert_int_equal(pool->curr_nr, 2);
	for (int i = 0; i < 3; i++)
		mempool_free(element[i], pool);
	assert_int_equal(pool->curr_nr, 2);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

static void the_reserve_serves_when_memory_is_out_last_in_first(void **state)
{
	mempool_t *pool = mempool_create_kmalloc_pool(3, 100);
	void *last = pool->elements[2], *element[3];

	memory_runs_out(*state);
	element[0] = mempool_alloc(pool, GFP_ATOMIC);
	assert_ptr_equal(element[0], last);
	element[1] = mempool_alloc(pool, GFP_KERNEL);
	element[2] = mempool_alloc(pool, GFP_NOWAIT);
	assert_int_equal(pool->curr_nr, 0);
	/* Who may not sleep gets nothing. */
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	for (int i = 0; i < 3; i++)
		mempool_free(element[i], pool);
	assert_int_equal(pool->curr_nr, 3);
	expect_sound_pool(pool);
	memory_is_back(*state);
	mempool_destroy(pool);
}

static gfp_t flags_seen[8];
static int nr_flags_seen;

static void *alloc_that_notes(gfp_t gfp, void *data)
{
	if (nr_flags_seen < 8)
		flags_seen[nr_flags_seen++] = gfp;
	return *(int *)data ? kmalloc(8, gfp) : NULL;
}

static void free_plain(void *element, void *data)
{
	kfree(element);
}

/* Gently first, then with all flags; never from the page allocator's emergency reserves. */
static void flags_go_from_gentle_to_all(void **state)
{
	int works = 1;
	mempool_t *pool = mempool_create(1, alloc_that_notes, free_plain, &works);
	void *element;

	works = 0;
	element = mempool_alloc(pool, GFP_ATOMIC);
	nr_flags_seen = 0;
	((struct rig_machine *)*state)->check->print_limit = 1;
	assert_null(mempool_alloc(pool, GFP_NOIO));
	assert_true(nr_flags_seen >= 2);
	assert_int_equal(flags_seen[0],
			 (GFP_NOIO | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN) &
				 ~(__GFP_DIRECT_RECLAIM | __GFP_IO));
	assert_int_equal(flags_seen[1], GFP_NOIO | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN);
	mempool_free(element, pool);
	mempool_destroy(pool);
}

struct late_free {
	struct work_struct work;
	void *element;
	mempool_t *pool;
};

static void do_late_free(struct work_struct *work)
{
	struct late_free *late = container_of(work, struct late_free, work);

	mempool_free(late->element, late->pool);
}

static void who_may_sleep_waits_for_an_element(void **state)
{
	struct rig_machine *machine = *state;
	mempool_t *pool = mempool_create_kmalloc_pool(1, 100);
	struct late_free late = { .pool = pool };
	void *element;

	memory_runs_out(machine);
	late.element = mempool_alloc(pool, GFP_KERNEL);
	INIT_WORK(&late.work, do_late_free);
	schedule_work(&late.work);
	element = mempool_alloc(pool, GFP_NOIO);
	assert_ptr_equal(element, late.element);
	assert_int_equal(machine->check->failures, 0);
	/* Nothing can come back any more. */
	assert_null(mempool_alloc(pool, GFP_NOIO));
	assert_int_equal(machine->check->failures, 1);
	assert_string_equal(machine->check->last_check, "task.hung");
	memory_is_back(machine);
	mempool_free(element, pool);
	mempool_destroy(pool);
}

static void sleeping_in_atomic_context_is_reported(void **state)
{
	struct rig_machine *machine = *state;
	mempool_t *pool = mempool_create_kmalloc_pool(1, 100);
	void *element;

	preempt_disable();
	element = mempool_alloc(pool, GFP_KERNEL);
	preempt_enable();
	assert_true(machine->check->failures >= 1);
	assert_string_equal(machine->check->last_check, "context.sleep");
	mempool_free(element, pool);
	mempool_destroy(pool);
}

static void creation_fails_whole(void **state)
{
	struct rig_machine *machine = *state;
	unsigned int nth;

	set(machine, "failslab/ignore-gfp-wait", "N");
	set(machine, "failslab/verbose", "0");
	for (nth = 1;; nth++) {
		mempool_t *pool;

		rig_fault_fail_nth(machine, current, nth);
		pool = mempool_create_kmalloc_pool(3, 100);
		if (rig_fault_fail_nth(machine, current, 0) != 0) {
			assert_non_null(pool);
			mempool_destroy(pool);
			break;
		}
		assert_null(pool);
	}
	/* the pool, its array, three elements */
	assert_int_equal(nth, 6);
}

static void resize_grows_and_shrinks(void **state)
{
	mempool_t *pool = mempool_create_kmalloc_pool(2, 100);

	assert_int_equal(mempool_resize(pool, 5), 0);
	assert_int_equal(pool->curr_nr, 5);
	expect_sound_pool(pool);
	assert_int_equal(mempool_resize(pool, 1), 0);
	assert_int_equal(pool->curr_nr, 1);
	assert_int_equal(pool->min_nr, 1);
	memory_runs_out(*state);
	assert_int_equal(mempool_resize(pool, 4), -ENOMEM);
	assert_int_equal(pool->min_nr, 1);
	memory_is_back(*state);
	mempool_destroy(pool);
}

/* Each call but the array's may fail: the pool grows as far as it gets, frees fill the rest. */
static void a_resize_that_runs_out_is_filled_by_frees(void **state)
{
	struct rig_machine *machine = *state;
	mempool_t *pool = mempool_create_kmalloc_pool(1, 100);
	void *element = mempool_alloc(pool, GFP_KERNEL);

	set(machine, "failslab/ignore-gfp-wait", "N");
	set(machine, "failslab/verbose", "0");
	rig_fault_fail_nth(machine, current, 3);
	assert_int_equal(mempool_resize(pool, 4), 0);
	assert_int_equal(pool->curr_nr, 2);
	mempool_free(element, pool);
	assert_int_equal(pool->curr_nr, 3);
	expect_sound_pool(pool);
	mempool_destroy(pool);
}

static void pages_of_any_order_are_elements(void **state)
{
	mempool_t *pool = mempool_create_page_pool(2, 3);
	struct page *page = mempool_alloc(pool, GFP_KERNEL);

	assert_int_equal(pool->curr_nr, 2);
	mempool_free(page, pool);
	expect_sound_pool(pool);
	mempool_destroy(pool);
}

static void *alloc_high(gfp_t gfp, void *data)
{
	return alloc_pages(gfp | __GFP_HIGHMEM, (unsigned int)(unsigned long)data);
}

/* Elements of several highmem pages are poisoned page by page. */
static void highmem_elements_of_an_order_are_poisoned_whole(void **state)
{
	mempool_t *pool = mempool_create(1, alloc_high, mempool_free_pages, (void *)2L);
	struct rig_verdict verdict;
	struct page *page = pool->elements[0];

	assert_true(PageHighMem(page));
	expect_sound_pool(pool);
	memset_page(page + 3, PAGE_SIZE - 1, 0, 1);
	assert_false(rig_mempool_check(pool, 2, &verdict));
	assert_string_equal(verdict.name, "mempool.poison");
	mempool_destroy(pool);
	assert_string_equal(((struct rig_machine *)*state)->check->last_check, "mempool.poison");
}

#if !defined(__SANITIZE_ADDRESS__)
static void a_write_to_an_element_in_reserve_is_found(void **state)
{
	struct rig_machine *machine = *state;
	mempool_t *pool = mempool_create_kmalloc_pool(1, 100);

	((char *)pool->elements[0])[50] = 1;
	memory_runs_out(machine);
	mempool_free(mempool_alloc(pool, GFP_ATOMIC), pool);
	memory_is_back(machine);
	assert_int_equal(machine->check->failures, 1);
	assert_string_equal(machine->check->last_check, "mempool.poison");
	mempool_destroy(pool);
}
#endif

static void the_check_sees_a_broken_reserve(void **state)
{
	mempool_t *pool = mempool_create_kmalloc_pool(2, 100);
	struct rig_verdict verdict;
	void *kept = pool->elements[1];

	pool->elements[1] = pool->elements[0];
	assert_false(rig_mempool_check(pool, 2, &verdict));
	assert_string_equal(verdict.name, "mempool.twice");
	pool->elements[1] = kept;
	pool->curr_nr = 3;
	assert_false(rig_mempool_check(pool, 2, &verdict));
	assert_string_equal(verdict.name, "mempool.count");
	pool->curr_nr = 2;
	mempool_destroy(pool);
}

/* The pool's cache gets larger objects when another one joins it; the reserve is as it was. */
static void merging_caches_leave_the_reserve_alone(void **state)
{
	struct kmem_cache *small = kmem_cache_create("small", 29, 512, 0, NULL), *large;
	mempool_t *pool = mempool_create_slab_pool(3, small);

	large = kmem_cache_create("large", 507, 0, 0, NULL);
	assert_ptr_equal(large, small);
	expect_sound_pool(pool);
	mempool_destroy(pool);
	kmem_cache_destroy(large);
	kmem_cache_destroy(small);
	assert_int_equal(((struct rig_machine *)*state)->check->failures, 0);
}

static int make_machine_with(void **state, const char *backend)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 31 * SZ_1M } };
	struct rig_machine_config config = { .name = backend,
					     .memory = memory,
					     .nr_memory = 1,
					     .slab_backend = backend,
					     .check_tier = 1 };

	return start_machine(state, &config);
}

static int make_slab_machine(void **state)
{
	return make_machine_with(state, "slab");
}

static int make_slob_machine(void **state)
{
	return make_machine_with(state, "slob");
}

/* SLOB can't tell the size of a cache's object: poisoning wrote in front of it. */
static void slob_objects_are_poisoned_inside(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("watched", 1030, 0, SLAB_RED_ZONE, NULL);
	mempool_t *pool = mempool_create_slab_pool(9, cache);

	expect_sound_pool(pool);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
	assert_int_equal(((struct rig_machine *)*state)->check->failures, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_reserve_is_there_from_the_start),
		TEST(the_allocator_comes_before_the_reserve),
		TEST(the_reserve_serves_when_memory_is_out_last_in_first),
		TEST(flags_go_from_gentle_to_all),
		TEST(who_may_sleep_waits_for_an_element),
		TEST(sleeping_in_atomic_context_is_reported),
		TEST(creation_fails_whole),
		TEST(resize_grows_and_shrinks),
		TEST(a_resize_that_runs_out_is_filled_by_frees),
		TEST(pages_of_any_order_are_elements),
		TEST(highmem_elements_of_an_order_are_poisoned_whole),
#if !defined(__SANITIZE_ADDRESS__)
		TEST(a_write_to_an_element_in_reserve_is_found),
#endif
		cmocka_unit_test_setup_teardown(merging_caches_leave_the_reserve_alone,
						make_slab_machine, end_machine),
		cmocka_unit_test_setup_teardown(slob_objects_are_poisoned_inside, make_slob_machine,
						end_machine),
		TEST(the_check_sees_a_broken_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
