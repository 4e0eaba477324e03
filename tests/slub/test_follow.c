// SPDX-License-Identifier: GPL-2.0-only
/* What a trace tells of slabs: whose partial list one is on, and whether an empty one is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kmemrig/machine.h>
#include <kmemrig/restore.h>
#include <linux/slab.h>

#include "on_machine.h"

#define SIZE 1016  /* 1024 with the free pointer, which has to keep clear of the constructor */
#define OF_SLAB 16 /* objects of a slab: pages of order 2 */

static int two_cpus(void **state)
{
	static struct rig_memory_range memory = { .size = 32UL << 20 };
	struct rig_machine_config config = { .memory = &memory, .nr_memory = 1, .nr_cpus = 2 };

	return start_machine(state, &config);
}

/* A cache with one merges with no other. */
static void constructor(void *object)
{
}

static struct kmem_cache *make_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("followed", SIZE, 0, 0, constructor);

	assert_non_null(cache);
	return cache;
}

static struct page *slab_of(struct rig_machine *machine, const void *object)
{
	return compound_head(rig_virt_to_page(machine, object));
}

static unsigned long slab_pfn(struct rig_machine *machine, const void *object)
{
	return rig_page_to_pfn(machine, slab_of(machine, object));
}

static bool is_slab(struct rig_machine *machine, unsigned long pfn)
{
	return PageSlab(rig_pfn_to_page(machine, pfn));
}

/* CPU 0 uses up slabs: the objects of all but the last are of full slabs, on no list. */
static void fill(struct rig_machine *machine, struct kmem_cache *cache, void **objects, int nr)
{
	rig_cpu_enter(&machine->cpus[0]);
	for (int i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_non_null(objects[i]);
	}
	assert_int_equal(slab_pfn(machine, objects[0]), slab_pfn(machine, objects[OF_SLAB - 1]));
	assert_int_not_equal(slab_pfn(machine, objects[0]), slab_pfn(machine, objects[OF_SLAB]));
}

static void free_all(struct kmem_cache *cache, void **objects, int nr)
{
	for (int i = 0; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
}

static void a_slab_changes_the_cpu_whose_partial_list_it_is_on(void **state)
{
	struct rig_machine *machine = *state;
	struct kmem_cache *cache = make_cache();
	struct rig_cpu *second = &machine->cpus[1];
	void *objects[3 * OF_SLAB];

	fill(machine, cache, objects, 3 * OF_SLAB);
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[OF_SLAB]);
	/* the first in the list counts those behind it, too */
	assert_int_equal(slab_of(machine, objects[OF_SLAB])->slabs, 2);
	assert_true(rig_slab_adopt(second, cache, objects[0]));
	assert_int_equal(slab_of(machine, objects[OF_SLAB])->slabs, 1);
	assert_ptr_equal(rig_object_next(second, cache), objects[0]);
	assert_false(rig_slab_adopt(second, cache, objects[0]));
	assert_true(rig_slab_adopt(second, cache, objects[OF_SLAB]));
	expect_sound(machine);
	rig_cpu_enter(second);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[OF_SLAB]);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[0]);
	free_all(cache, objects, 3 * OF_SLAB);
	kmem_cache_destroy(cache);
	expect_sound(machine);
}

static void a_cpu_with_objects_at_hand_adopts_nothing(void **state)
{
	struct rig_machine *machine = *state;
	struct kmem_cache *cache = make_cache();
	void *objects[2 * OF_SLAB], *own;

	fill(machine, cache, objects, 2 * OF_SLAB);
	kmem_cache_free(cache, objects[0]);
	rig_cpu_enter(&machine->cpus[1]);
	own = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_false(rig_slab_adopt(&machine->cpus[1], cache, objects[0]));
	/* nor one whose slab is full */
	assert_false(rig_slab_adopt(&machine->cpus[1], cache, objects[OF_SLAB]));
	kmem_cache_free(cache, own);
	free_all(cache, objects + 1, 2 * OF_SLAB - 1);
	kmem_cache_destroy(cache);
}

struct asked {
	unsigned long pfns[64];
	int nr;
	bool answer;
};

static bool note(void *data, struct kmem_cache *cache, unsigned long pfn, bool enough)
{
	struct asked *asked = data;

	assert_in_range(asked->nr, 0, (int)ARRAY_SIZE(asked->pfns) - 1);
	asked->pfns[asked->nr++] = pfn;
	return asked->answer;
}

/* Objects of twenty slabs, all given back, and how many slabs are left of them. */
static int slabs_left(struct rig_machine *machine, struct kmem_cache *cache)
{
	void *objects[20 * OF_SLAB];
	int left = 0;

	fill(machine, cache, objects, 20 * OF_SLAB);
	free_all(cache, objects, 20 * OF_SLAB);
	for (int i = 0; i < 20; i++)
		left += is_slab(machine, slab_pfn(machine, objects[i * OF_SLAB]));
	return left;
}

static void the_verdict_says_which_empty_slabs_stay(void **state)
{
	struct rig_machine *machine = *state;
	struct kmem_cache *cache = make_cache();
	struct asked asked = { .answer = false };
	int by_rule = slabs_left(machine, cache);

	assert_in_range(by_rule, 5, 19);
	rig_slab_on_empty(machine, note, &asked);
	assert_int_equal(slabs_left(machine, cache), 20);
	assert_in_range(asked.nr, 1, 20);
	expect_sound(machine);
	asked = (struct asked){ .answer = true };
	assert_true(slabs_left(machine, cache) < by_rule);
	for (int i = 0; i < asked.nr; i++)
		assert_false(is_slab(machine, asked.pfns[i]));
	rig_slab_on_empty(machine, NULL, NULL);
	kmem_cache_destroy(cache);
	expect_sound(machine);
}

static void an_empty_slab_is_given_back_wherever_it_is(void **state)
{
	struct rig_machine *machine = *state;
	struct kmem_cache *cache = make_cache();
	void *objects[3 * OF_SLAB];
	unsigned long first, last;

	fill(machine, cache, objects, 3 * OF_SLAB);
	first = slab_pfn(machine, objects[0]);
	last = slab_pfn(machine, objects[2 * OF_SLAB]);
	assert_false(rig_slab_give_back(&machine->cpus[0], first));
	/* the first is on the CPU's partial list, the last is its own */
	free_all(cache, objects, OF_SLAB);
	free_all(cache, objects + 2 * OF_SLAB, OF_SLAB);
	assert_false(rig_slab_give_back(&machine->cpus[0], first + 1));
	assert_true(rig_slab_give_back(&machine->cpus[0], first));
	assert_false(is_slab(machine, first));
	assert_true(rig_slab_give_back(&machine->cpus[0], last));
	assert_false(is_slab(machine, last));
	expect_sound(machine);
	/* and from the node's list */
	free_all(cache, objects + OF_SLAB, OF_SLAB);
	kmem_cache_shrink(cache);
	expect_sound(machine);
	kmem_cache_destroy(cache);
	expect_sound(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_slab_changes_the_cpu_whose_partial_list_it_is_on,
						two_cpus, end_machine),
		cmocka_unit_test_setup_teardown(a_cpu_with_objects_at_hand_adopts_nothing, two_cpus,
						end_machine),
		cmocka_unit_test_setup_teardown(the_verdict_says_which_empty_slabs_stay, two_cpus,
						end_machine),
		cmocka_unit_test_setup_teardown(an_empty_slab_is_given_back_wherever_it_is,
						two_cpus, end_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
