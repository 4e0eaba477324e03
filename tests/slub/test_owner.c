// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slabs on a CPU's partial list are owned by it, which changes them without exchanges: what other
 * CPUs do to them comes out as if there were no owners. The lists expected are the kernel's: what
 * was freed last, on whatever CPU, comes first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <kmemrig/asan.h>
#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define SIZE 64U
#define PER_SLAB 64
#define MANY (3 * PER_SLAB)

static struct rig_machine *machine;
static struct kmem_cache *cache;
static struct page *slab; /* full, and no CPU's, at first */
static u8 *objects[MANY]; /* its objects are the first */

static void keep_quiet(struct rig_machine *of, const char *line, void *data)
{
}

static void on_cpu(int id)
{
	rig_cpu_enter(&machine->cpus[id]);
}

static int begin(void **state)
{
	struct rig_memory_range memory = { .size = 32UL << 20 };
	struct rig_machine_config config = { .memory = &memory, .nr_memory = 1, .nr_cpus = 2 };
	char error[200];

	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		return -1;
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_quiet;
	on_cpu(0);
	cache = kmem_cache_create("owned", SIZE, 0, SLAB_NOLEAKTRACE, NULL);
	for (int i = 0; i < MANY; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	slab = virt_to_head_page(objects[0]);
	return slab->frozen || virt_to_head_page(objects[PER_SLAB - 1]) != slab;
}

static int end(void **state)
{
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return 0;
}

static void free_on(int cpu, int from, int to)
{
	on_cpu(cpu);
	for (int i = from; i < to; i++)
		kmem_cache_free(cache, objects[i]);
}

/* Without the host's membarrier there are no owners, and the lists are the same. */
static void assert_owner(unsigned int owner)
{
	if (cache->cpu_lists)
		assert_int_equal(slab->owner, owner);
}

/* The slab's own list is objects[@n - 1] .. objects[0]. */
static void assert_list(int n)
{
	void *object = slab->freelist;

	assert_int_equal(slab->inuse, PER_SLAB - n);
	while (n-- > 0) {
		assert_ptr_equal(object, objects[n]);
		object = rig_read_raw((u8 *)object + cache->offset);
	}
	assert_null(object);
}

static void assert_sound(void)
{
	struct rig_verdict verdict = { .name = NULL };

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	assert_int_equal(machine->check->failures, 0);
}

static void frees_of_several_cpus_are_one_list(void **state)
{
	free_on(0, 0, 10);
	assert_owner(1);
	free_on(1, 10, 20);
	assert_owner(0);
	free_on(0, 20, 30);
	free_on(1, 30, 31);
	assert_list(31);
	assert_true(slab->frozen);
	assert_sound();
}

static void the_owners_place_is_emptied_by_another_cpu(void **state)
{
	free_on(0, 0, 10);
	on_cpu(1);
	kmem_cache_shrink(cache);
	assert_owner(0);
	assert_false(slab->frozen);
	free_on(0, 10, 20);
	free_on(1, 20, 21);
	assert_list(21);
	assert_sound();
}

static void an_owned_slab_becomes_the_cpus_slab(void **state)
{
	void *taken;

	free_on(0, 0, 10);
	/* its own slab is full: the next object is the one that was freed last, of the partial */
	taken = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_ptr_equal(taken, objects[9]);
	assert_owner(0);
	assert_int_equal(slab->inuse, PER_SLAB);
	/* others' frees go to the slab's list, its own to the CPU's */
	free_on(1, 10, 11);
	free_on(0, 11, 12);
	assert_ptr_equal(slab->freelist, objects[10]);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[11]);
	assert_sound();
}

static void an_emptied_slab_gets_a_new_owner(void **state)
{
	free_on(0, 0, 10);
	on_cpu(1);
	kmem_cache_shrink(cache); /* to the node's list */
	for (int i = 0; i < 10; i++)
		assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[9 - i]);
	/* full again, and CPU 1's: its next slab is another */
	kmem_cache_alloc(cache, GFP_KERNEL);
	free_on(1, 0, 5);
	assert_owner(2);
	free_on(0, 5, 6);
	assert_owner(0);
	assert_list(6);
	assert_sound();
}

static void assert_bad_free(void *object, const char *check)
{
	unsigned long before = machine->check->failures;

	kmem_cache_free(cache, object);
	assert_int_equal(machine->check->failures, before + 1);
	assert_string_equal(machine->check->last_check, check);
}

static void bad_frees_to_an_owned_slab_are_found(void **state)
{
	free_on(0, 0, 10);
	assert_bad_free(objects[3], "slab.double_free");
	assert_bad_free(objects[9], "slab.double_free");
	assert_bad_free(objects[20] + 1, "slab.invalid_pointer");
	assert_bad_free(objects[20] + 8, "slab.invalid_pointer");
	assert_list(10);
}

static void a_wrong_owner_is_found(void **state)
{
	struct rig_verdict verdict = { .name = NULL };
	unsigned int owner;

	free_on(0, 0, 10);
	owner = slab->owner;
	slab->owner = 2;
	assert_false(rig_machine_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "slub.owner");
	slab->owner = owner;
	assert_sound();
	kmem_cache_shrink(cache);
	slab->owner = 1;
	assert_false(rig_machine_check(machine, 2, &verdict));
	assert_string_equal(verdict.name, "slub.owner");
	slab->owner = 0;
	assert_sound();
}

#define ON(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(frees_of_several_cpus_are_one_list),
		ON(the_owners_place_is_emptied_by_another_cpu),
		ON(an_owned_slab_becomes_the_cpus_slab),
		ON(an_emptied_slab_gets_a_new_owner),
		ON(bad_frees_to_an_owned_slab_are_found),
		ON(a_wrong_owner_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
