// SPDX-License-Identifier: GPL-2.0-only
/* What is broken in a cache is found by the checks after the next operation that touches it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define SIZE 64U
#define MANY 256 /* four slabs of one page */

static struct rig_machine *machine;
static struct kmem_cache *cache;
static void *objects[MANY];

static void keep_quiet(struct rig_machine *of, const char *line, void *data)
{
}

static int begin(void **state)
{
	const int *nr_cpus = *state;
	struct rig_memory_range memory = { .size = 32UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory, .nr_memory = 1, .nr_cpus = *nr_cpus, .check_tier = 2
	};
	char error[200];

	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		return -1;
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_quiet;
	rig_cpu_enter(&machine->cpus[0]);
	cache = kmem_cache_create("touched", SIZE, 0, SLAB_NOLEAKTRACE, NULL);
	for (int i = 0; i < MANY; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	return machine->check->failures != 0;
}

static int end(void **state)
{
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return 0;
}

/* The free pointer lies in the middle of a free object, which nobody else may look at. */
__attribute__((no_sanitize("address"))) static void *volatile *free_pointer(void *object)
{
	return (void *volatile *)((char *)object + SIZE / 2);
}

__attribute__((no_sanitize("address"))) static void *swap_pointer(void *object, void *pointer)
{
	void *before = *free_pointer(object);

	*free_pointer(object) = pointer;
	return before;
}

static struct page *slab_of(const void *object)
{
	return compound_head(virt_to_page(object));
}

static void assert_found(const char *check)
{
	assert_int_not_equal(machine->check->failures, 0);
	assert_string_equal(machine->check->last_check, check);
}

/* Objects of the CPU's slab: the last that was allocated is there. */
static void a_pointer_out_of_the_slab_is_found_before_it_is_used(void **state)
{
	void *first = objects[MANY - 1], *second = objects[MANY - 2], *before;

	kmem_cache_free(cache, second);
	kmem_cache_free(cache, first);
	before = swap_pointer(second, objects[0]);
	assert_int_equal(machine->check->failures, 0);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), first);
	assert_found("slub.freelist");
	swap_pointer(second, before);
}

static void an_object_in_use_on_a_free_list_is_found(void **state)
{
	void *first = objects[MANY - 1], *second = objects[MANY - 2], *before;

	kmem_cache_free(cache, second);
	kmem_cache_free(cache, first);
	before = swap_pointer(second, objects[MANY - 3]);
	kmem_cache_alloc(cache, GFP_KERNEL);
	assert_found("slub.live");
	swap_pointer(second, before);
}

static void a_list_that_turns_back_is_found(void **state)
{
	void *first = objects[MANY - 1], *second = objects[MANY - 2], *before;

	kmem_cache_free(cache, second);
	kmem_cache_free(cache, first);
	before = swap_pointer(second, second);
	kmem_cache_alloc(cache, GFP_KERNEL);
	assert_found("slub.double_free");
	swap_pointer(second, before);
}

static void a_free_list_of_another_slab_is_found(void **state)
{
	void *before;

	kmem_cache_free(cache, objects[MANY - 1]);
	before = swap_pointer(objects[MANY - 1], objects[0]);
	kmem_cache_alloc(cache, GFP_KERNEL);
	assert_found("slub.cpu_slab");
	swap_pointer(objects[MANY - 1], before);
}

static void a_wrong_count_is_found_when_the_slab_is_freed_to(void **state)
{
	struct page *slab = slab_of(objects[0]);

	kmem_cache_free(cache, objects[0]);
	slab->inuse++;
	kmem_cache_free(cache, objects[1]);
	slab->inuse--;
	assert_found("slub.inuse");
}

/* Where other CPUs may add to the list: what can't be at any time. */
static void an_impossible_count_is_found_with_several_cpus(void **state)
{
	struct page *slab = slab_of(objects[0]);
	unsigned int inuse;

	kmem_cache_free(cache, objects[0]);
	inuse = slab->inuse;
	slab->inuse = slab->objects + 2U;
	kmem_cache_free(cache, objects[1]);
	slab->inuse = (inuse - 1) & 0xffff;
	assert_found("slub.inuse");
}

static void a_slab_is_walked_whole_when_it_becomes_the_cpus(void **state)
{
	void *before, *object;
	int i;

	/* all of the first slab: the list is 10 objects long, and broken at its end */
	for (i = 0; i < 10; i++)
		kmem_cache_free(cache, objects[i]);
	before = swap_pointer(objects[1], objects[MANY - 1]);
	machine->check->failures = 0;
	do {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_non_null(object);
	} while (slab_of(object) != slab_of(objects[0]));
	assert_found("slub.freelist");
	swap_pointer(objects[1], before);
}

int main(void)
{
	static int one = 1, two = 2;
#define ON(cpus, test) cmocka_unit_test_prestate_setup_teardown(test, begin, end, cpus)
	const struct CMUnitTest tests[] = {
		ON(&one, a_pointer_out_of_the_slab_is_found_before_it_is_used),
		ON(&two, a_pointer_out_of_the_slab_is_found_before_it_is_used),
		ON(&one, an_object_in_use_on_a_free_list_is_found),
		ON(&one, a_list_that_turns_back_is_found),
		ON(&one, a_free_list_of_another_slab_is_found),
		ON(&one, a_wrong_count_is_found_when_the_slab_is_freed_to),
		ON(&two, an_impossible_count_is_found_with_several_cpus),
		ON(&one, a_slab_is_walked_whole_when_it_becomes_the_cpus),
		ON(&two, a_slab_is_walked_whole_when_it_becomes_the_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
