// SPDX-License-Identifier: GPL-2.0-only
/* SLUB: geometry against a recorded kernel's, debugging reports, options, sysfs, its own checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/asan.h>
#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/restore.h>
#include <kmemrig/slub.h>
#include <kmemrig/state.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define STATE "replay/samples/calm/before.state.xz"

static struct rig_machine *machine;
static char machine_log[40000];
static char last_check[64];
static unsigned long failures;

static void keep_line(struct rig_machine *from, const char *line, void *data)
{
	size_t used = strlen(machine_log);

	snprintf(machine_log + used, sizeof(machine_log) - used, "%s\n", line);
}

static void see_failure(struct rig_machine *from, const char *check, const char *text, void *data)
{
	failures++;
	snprintf(last_check, sizeof(last_check), "%s", check);
}

static void begin(const char *command_line, u64 seed)
{
	struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory,
		.nr_memory = 1,
		.command_line = command_line,
		.seed = seed,
	};
	char error[200];

	machine_log[0] = last_check[0] = '\0';
	failures = 0;
	machine = rig_machine_create(&config, error, sizeof(error));
	assert_non_null(machine);
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_line;
	machine->check->hook = see_failure;
	rig_cpu_enter(&machine->cpus[0]);
}

static void end(void)
{
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

static void expect_log(const char *text)
{
	if (!strstr(machine_log, text))
		fail_msg("no '%s' in:\n%s", text, machine_log);
}

static void no_constructor(void *object)
{
}

/* --- geometry */

#define same(got, recorded, field)                                                                 \
	do {                                                                                       \
		if ((got).field != (recorded)->field)                                              \
			fail_msg("%s: " #field " is %u, the kernel's is %u", (recorded)->name,     \
				 (unsigned int)(got).field, (unsigned int)(recorded)->field);      \
	} while (0)

/* What a kernel made of the same request, for each of its caches. */
static void geometry_is_the_recorded_kernels(void **state_)
{
	char error[RIG_STATE_ERROR];
	struct rig_state *state = rig_state_read(STATE, error);
	unsigned int compared = 0;

	if (!state)
		fail_msg("%s", error);
	begin("slab_nomerge", 0);
	for (size_t i = 0; i < state->nr_caches; i++) {
		const struct rig_state_cache *recorded = &state->caches[i];
		slab_flags_t flags = recorded->flags & ~0x40000000U & ~SLAB_KMALLOC;
		struct rig_state_cache got;
		struct kmem_cache *cache;

		/* merged caches have the object size of the largest user, boot caches their own */
		if (recorded->refcount != 1 || recorded->flags & SLAB_KMALLOC)
			continue;
		cache = kmem_cache_create(recorded->name, recorded->object_size, recorded->align,
					  flags, recorded->ctor ? no_constructor : NULL);
		assert_non_null(cache);
		rig_cache_describe(cache, &got);
		same(got, recorded, size);
		same(got, recorded, align);
		same(got, recorded, fp_offset);
		same(got, recorded, inuse);
		same(got, recorded, order);
		same(got, recorded, objects);
		same(got, recorded, min_order);
		same(got, recorded, min_objects);
		same(got, recorded, min_partial);
		same(got, recorded, cpu_partial);
		same(got, recorded, cpu_partial_slabs);
		same(got, recorded, flags);
		same(got, recorded, allocflags);
		compared++;
		kmem_cache_destroy(cache);
	}
	assert_true(compared > 40);
	end();
	rig_state_free(state);
}

static void boot_makes_the_kernels_kmalloc_caches(void **state_)
{
	char error[RIG_STATE_ERROR];
	struct rig_state *state = rig_state_read(STATE, error);
	unsigned int compared = 0;

	if (!state)
		fail_msg("%s", error);
	begin(NULL, 0);
	for (size_t i = 0; i < state->nr_caches; i++) {
		const struct rig_state_cache *recorded = &state->caches[i];
		struct kmem_cache *cache = rig_kmem_cache_find(machine, recorded->name);
		struct rig_state_cache got;

		if (!cache || (!(recorded->flags & SLAB_KMALLOC) &&
			       strncmp(recorded->name, "kmem_cache", 10) != 0))
			continue;
		rig_cache_describe(cache, &got);
		same(got, recorded, size);
		same(got, recorded, align);
		same(got, recorded, order);
		same(got, recorded, objects);
		same(got, recorded, cpu_partial_slabs);
		same(got, recorded, flags);
		same(got, recorded, allocflags);
		same(got, recorded, refcount);
		compared++;
	}
	/* 13 sizes of three kinds, kmem_cache and kmem_cache_node */
	assert_int_equal(compared, 41);
	end();
	rig_state_free(state);
}

static void order_options_count(void **state)
{
	struct rig_state_cache got;

	begin("slub_max_order=0", 0);
	rig_cache_describe(rig_kmem_cache_find(machine, "kmalloc-1k"), &got);
	assert_int_equal(got.order, 0);
	end();
	begin("slub_min_order=2", 0);
	rig_cache_describe(rig_kmem_cache_find(machine, "kmalloc-8"), &got);
	assert_int_equal(got.order, 2);
	end();
	begin("slub_min_objects=32", 0);
	rig_cache_describe(rig_kmem_cache_find(machine, "kmalloc-256"), &got);
	assert_int_equal(got.order, 1);
	end();
}

/* --- debugging */

/* A wild write: AddressSanitizer would stop it before SLUB could find it. */
static void put(u8 *address, u8 value)
{
	rig_asan_unpoison((void *)((unsigned long)address & ~7UL), 8);
	*(volatile u8 *)address = value;
}

static struct kmem_cache *debug_cache(unsigned int size)
{
	return kmem_cache_create("watched", size, 0, 0, NULL);
}

static void an_overrun_hits_the_red_zone(void **state)
{
	struct kmem_cache *cache;
	u8 *object;

	begin("slub_debug=FZPU", 0);
	cache = debug_cache(40);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	put(object + 40, 0x11);
	kmem_cache_free(cache, object);
	assert_string_equal(last_check, "slub.redzone");
	expect_log("BUG watched (Not tainted): Right Redzone overwritten");
	expect_log("First byte 0x11 instead of 0xcc");
	expect_log("Allocated in an_overrun_hits_the_red_zone+0x");
	expect_log(" main+0x"); /* the stack, down to its end */
	expect_log("Redzone  ");
	expect_log("FIX watched: Restoring Right Redzone ");
	end();
}

static void an_underrun_hits_the_left_red_zone(void **state)
{
	struct kmem_cache *cache;
	u8 *object;

	begin("slub_debug=Z", 0);
	cache = debug_cache(40);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	put(object - 1, 0x22);
	kmem_cache_free(cache, object);
	assert_int_equal(failures, 0); /* without F nobody looks at a free */
	rig_slub_validate(cache);
	end();
	begin("slub_debug=FZ", 0);
	cache = debug_cache(40);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	put(object - 1, 0x22);
	kmem_cache_free(cache, object);
	assert_string_equal(last_check, "slub.redzone");
	expect_log("Left Redzone overwritten");
	end();
}

static void a_write_after_free_hits_the_poison(void **state)
{
	struct kmem_cache *cache;
	u8 *object;

	begin("slub_debug=FP", 0);
	cache = debug_cache(64);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, object);
	rig_asan_unpoison(object, 64);
	put(object + 5, 0x33);
	assert_ptr_not_equal(kmem_cache_alloc(cache, GFP_KERNEL), object);
	assert_string_equal(last_check, "slub.poison");
	expect_log("BUG watched (Not tainted): Poison overwritten");
	expect_log("First byte 0x33 instead of 0x6b");
	expect_log("FIX watched: Marking all objects used");
	end();
}

static void small_objects_keep_their_free_pointer_out_of_the_red_zone(void **state)
{
	struct kmem_cache *cache;
	void *objects[50];

	begin("slub_debug=FZ", 0);
	for (unsigned int size = 1; size <= 9; size++) {
		cache = debug_cache(size);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			memset(objects[i], 0xff, size);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(cache, objects[i]);
		rig_slub_validate(cache);
		kmem_cache_destroy(cache);
	}
	assert_int_equal(failures, 0);
	end();
}

static void debugging_can_be_for_some_caches(void **state)
{
	struct kmem_cache *some, *other, *all;

	begin("slub_debug=P,watched*,kmalloc-64", 0);
	some = kmem_cache_create("watched-1", 100, 0, 0, NULL);
	other = kmem_cache_create("other", 100, 0, 0, NULL);
	assert_true(some->flags & SLAB_POISON);
	assert_false(some->flags & SLAB_RED_ZONE);
	assert_false(other->flags & SLAB_POISON);
	assert_true(rig_kmem_cache_find(machine, "kmalloc-64")->flags & SLAB_POISON);
	assert_false(rig_kmem_cache_find(machine, "kmalloc-128")->flags & SLAB_POISON);
	all = kmem_cache_create("watched-2", 100, 0, SLAB_NO_USER_FLAGS, NULL);
	assert_false(all->flags & SLAB_POISON);
	end();
	begin("slub_debug=A,watched", 0);
	some = kmem_cache_create("watched", 100, 0, 0, NULL);
	assert_int_equal(some->fault_inject, 1);
	end();
}

/* --- options */

static void first_objects(unsigned int *indexes, size_t nr)
{
	struct kmem_cache *cache = kmem_cache_create("order", 128, 0, 0, no_constructor);

	for (size_t i = 0; i < nr; i++) {
		u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

		indexes[i] = (unsigned int)offset_in_page(object) / cache->size;
	}
}

static void free_lists_are_shuffled_by_the_seed(void **state)
{
	unsigned int plain[8], first[8], again[8], other[8];

	begin(NULL, 1);
	first_objects(plain, 8);
	end();
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(plain[i], i);
	begin("slab_freelist_random", 1);
	first_objects(first, 8);
	end();
	begin("slab_freelist_random", 1);
	first_objects(again, 8);
	end();
	begin("slab_freelist_random", 2);
	first_objects(other, 8);
	end();
	assert_memory_not_equal(first, plain, sizeof(plain));
	assert_memory_equal(first, again, sizeof(first));
	assert_memory_not_equal(first, other, sizeof(other));
}

static void hardened_pointers_are_not_readable(void **state)
{
	struct kmem_cache *cache;
	void *a, *b;

	begin("slab_freelist_hardened", 0);
	cache = kmem_cache_create("hard", 64, 0, 0, NULL);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	rig_asan_unpoison(b, 64);
	assert_ptr_not_equal(*(void **)((u8 *)b + cache->offset), a);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), b);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), a);
	end();
}

static void bulk_calls_take_and_give_each_object_once(void **state)
{
	struct kmem_cache *cache;
	void *objects[200];

	begin(NULL, 0);
	cache = kmem_cache_create("bulk", 64, 0, 0, no_constructor);
	for (int round = 0; round < 10; round++) {
		assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 200, objects), 200);
		for (int i = 0; i < 200; i++)
			for (int j = 0; j < i; j++)
				assert_ptr_not_equal(objects[i], objects[j]);
		kmem_cache_free_bulk(cache, 200, objects);
	}
	assert_int_equal(failures, 0);
	kmem_cache_shrink(cache);
	kmem_cache_destroy(cache);
	assert_int_equal(failures, 0);
	end();
}

/* --- sysfs */

static void expect_file(struct kmem_cache *cache, const char *file, const char *content)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_true(rig_slub_sysfs_show(cache, file, out));
	fclose(out);
	assert_string_equal(text, content);
	free(text);
}

static void sysfs_files_tell_of_the_cache(void **state)
{
	struct kmem_cache *cache;
	void *objects[70];

	begin(NULL, 0);
	cache = kmem_cache_create("files", 64, 0, SLAB_HWCACHE_ALIGN, no_constructor);
	for (unsigned int i = 0; i < 70; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	expect_file(cache, "object_size", "64\n");
	expect_file(cache, "slab_size", "128\n");
	expect_file(cache, "objs_per_slab", "32\n");
	expect_file(cache, "order", "0\n");
	expect_file(cache, "hwcache_align", "1\n");
	expect_file(cache, "poison", "0\n");
	expect_file(cache, "slabs", "3\n");
	expect_file(cache, "total_objects", "96\n");
	expect_file(cache, "cpu_slabs", "1\n");
	expect_file(cache, "cpu_partial", "120\n");
	/* one object of each full slab comes back: both are on the CPU's partial list */
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[40]);
	expect_file(cache, "slabs_cpu_partial", "32(2)\n");
	expect_file(cache, "cpu_slabs", "3\n");
	expect_file(cache, "partial", "0\n");
	assert_int_equal(rig_slub_sysfs_store(cache, "shrink", "1"), 0);
	expect_file(cache, "partial", "3\n");
	expect_file(cache, "objects_partial", "68\n");
	assert_int_equal(rig_slub_sysfs_store(cache, "cpu_partial", "0"), 0);
	assert_int_equal(rig_slub_sysfs_store(cache, "order", "0"), -13);
	assert_int_equal(rig_slub_sysfs_store(cache, "min_partial", "x"), -22);
	end();
}

/* --- its own checks find what is broken */

static void broken_structures_are_found(void **state)
{
	struct rig_verdict verdict = { .name = NULL };
	struct kmem_cache *cache;
	struct page *slab;
	void *a, *b;

	begin(NULL, 0);
	cache = kmem_cache_create("broken", 64, 0, 0, no_constructor);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	slab = virt_to_head_page(a);
	assert_true(rig_machine_check(machine, 3, &verdict));
	slab->inuse--;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "slub.inuse");
	slab->inuse++;
	slab->frozen = 0;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "slub.frozen");
	slab->frozen = 1;
	/* a free list that runs in a circle, and one that leaves the slab */
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	rig_asan_unpoison(a, 72);
	rig_asan_unpoison(b, 72);
	*(void **)((u8 *)a + cache->offset) = b;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "slub.double_free");
	*(void **)((u8 *)a + cache->offset) = (u8 *)a + 8;
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "slub.freelist");
	*(void **)((u8 *)a + cache->offset) = NULL;
	rig_kmem_set_live(machine, b, true);
	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, "slub.live");
	rig_kmem_set_live(machine, b, false);
	assert_true(rig_machine_check(machine, 3, &verdict));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometry_is_the_recorded_kernels),
		cmocka_unit_test(boot_makes_the_kernels_kmalloc_caches),
		cmocka_unit_test(order_options_count),
		cmocka_unit_test(an_overrun_hits_the_red_zone),
		cmocka_unit_test(an_underrun_hits_the_left_red_zone),
		cmocka_unit_test(a_write_after_free_hits_the_poison),
		cmocka_unit_test(small_objects_keep_their_free_pointer_out_of_the_red_zone),
		cmocka_unit_test(debugging_can_be_for_some_caches),
		cmocka_unit_test(free_lists_are_shuffled_by_the_seed),
		cmocka_unit_test(hardened_pointers_are_not_readable),
		cmocka_unit_test(bulk_calls_take_and_give_each_object_once),
		cmocka_unit_test(sysfs_files_tell_of_the_cache),
		cmocka_unit_test(broken_structures_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
