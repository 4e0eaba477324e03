// SPDX-License-Identifier: GPL-2.0-only
/* What every slab backend owes its callers when they do all right. */
#include "backends.h"

#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#define MANY 600

static const unsigned int sizes[] = { 1,   7,	8,    13,   16,	  40,	64,   96,   100,  192,	250,
				      256, 500, 1000, 1024, 2000, 4000, 4096, 5000, 8192, 20000 };

/* Every byte of an object is its slot's number: two objects that overlap are seen. */
static void fill(void *object, unsigned int size, unsigned int slot)
{
	memset(object, (int)(slot % 251 + 1), size);
}

static void expect_filled(const void *object, unsigned int size, unsigned int slot)
{
	const u8 *bytes = object;

	for (unsigned int i = 0; i < size; i++)
		if (bytes[i] != slot % 251 + 1)
			fail_msg("object %u of %u bytes: byte %u is 0x%x", slot, size, i, bytes[i]);
}

static unsigned int how_many(unsigned int size)
{
	return size > 1000 ? MANY / 10 : MANY;
}

/* Grows and shrinks a cache in a fixed disorder; all of its objects are free again at the end. */
static void churn(struct conformance *test, struct kmem_cache *cache, unsigned int size)
{
	static void *objects[MANY];
	unsigned int nr = how_many(size);
	unsigned long chance = size;

	memset(objects, 0, sizeof(objects));
	for (unsigned int step = 0; step < nr * 6; step++) {
		unsigned int slot = conformance_random(&chance) % nr;

		if (objects[slot]) {
			expect_filled(objects[slot], size, slot);
			kmem_cache_free(cache, objects[slot]);
			objects[slot] = NULL;
		} else {
			objects[slot] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_non_null(objects[slot]);
			fill(objects[slot], size, slot);
		}
		if (step == nr * 3)
			conformance_check(test);
	}
	for (unsigned int slot = 0; slot < nr; slot++) {
		if (!objects[slot])
			continue;
		expect_filled(objects[slot], size, slot);
		kmem_cache_free(cache, objects[slot]);
	}
}

static void objects_do_not_overlap(struct conformance *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kmem_cache *cache = kmem_cache_create("churn", sizes[i], 0, 0, NULL);

		assert_non_null(cache);
		churn(test, cache, sizes[i]);
		conformance_check(test);
		kmem_cache_destroy(cache);
	}
	assert_int_equal(test->failures, 0);
}

static void objects_are_aligned(struct conformance *test)
{
	for (unsigned int align = 8; align <= 2048; align *= 2) {
		struct kmem_cache *cache =
			kmem_cache_create("aligned", align / 2 + 3, align, 0, NULL);
		void *objects[40];

		assert_non_null(cache);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_non_null(objects[i]);
			assert_int_equal(rig_kernel_address(test->machine, objects[i]) % align, 0);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(cache, objects[i]);
		kmem_cache_destroy(cache);
	}
}

static void cache_line_flag_aligns(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("lines", 40, 0, SLAB_HWCACHE_ALIGN, NULL);
	void *objects[40];

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_int_equal(rig_kernel_address(test->machine, objects[i]) % 64, 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}

#define CONSTRUCTED 0x5ca1ab1e

static void construct(void *object)
{
	*(unsigned int *)object = CONSTRUCTED;
}

static void objects_come_constructed(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("constructed", 56, 0, 0, construct);
	unsigned int *objects[200];

	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_int_equal(*objects[i], CONSTRUCTED);
			memset(objects[i], 0, 56);
		}
		/* the contract: an object is given back in the state that its constructor made */
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			construct(objects[i]);
			kmem_cache_free(cache, objects[i]);
		}
		conformance_check(test);
	}
	kmem_cache_destroy(cache);
}

static void expect_zero(const void *object, size_t size)
{
	const u8 *bytes = object;

	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			fail_msg("byte %zu of %zu is 0x%x", i, size, bytes[i]);
}

static void zeroed_objects_are_zero(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("zeroed", 120, 0, 0, NULL);

	for (int round = 0; round < 50; round++) {
		void *dirty = kmem_cache_alloc(cache, GFP_KERNEL), *clean;

		memset(dirty, 0xff, 120);
		kmem_cache_free(cache, dirty);
		clean = kmem_cache_zalloc(cache, GFP_KERNEL);
		expect_zero(clean, 120);
		memset(clean, 0xff, 120);
		kmem_cache_free(cache, clean);
	}
	for (size_t size = 1; size < 20000; size = size * 3 / 2 + 1) {
		void *dirty = kmalloc(size, GFP_KERNEL), *clean;

		memset(dirty, 0xff, size);
		kfree(dirty);
		clean = kzalloc(size, GFP_KERNEL);
		expect_zero(clean, size);
		kfree(clean);
	}
	kmem_cache_destroy(cache);
}

static void kmalloc_gives_what_was_asked(struct conformance *test)
{
	static void *objects[300];
	static size_t bytes[300];
	unsigned long chance = 7;

	memset(objects, 0, sizeof(objects));
	for (int step = 0; step < 4000; step++) {
		unsigned int slot = conformance_random(&chance) % ARRAY_SIZE(objects);

		if (objects[slot]) {
			expect_filled(objects[slot], (unsigned int)bytes[slot], slot);
			kfree(objects[slot]);
			objects[slot] = NULL;
			continue;
		}
		bytes[slot] = conformance_random(&chance) % (step % 10 ? 600 : 12000) + 1;
		objects[slot] = kmalloc(bytes[slot], GFP_KERNEL);
		assert_non_null(objects[slot]);
		assert_true(ksize(objects[slot]) >= bytes[slot]);
		bytes[slot] = ksize(objects[slot]); /* all of it may be used */
		fill(objects[slot], (unsigned int)bytes[slot], slot);
	}
	conformance_check(test);
	for (unsigned int slot = 0; slot < ARRAY_SIZE(objects); slot++) {
		if (objects[slot])
			expect_filled(objects[slot], (unsigned int)bytes[slot], slot);
		kfree(objects[slot]);
	}
	assert_int_equal(test->failures, 0);
}

static void kmalloc_aligns_powers_of_two(struct conformance *test)
{
	for (size_t size = 8; size <= 65536; size *= 2) {
		void *objects[9];

		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			u64 address;

			objects[i] = kmalloc(size, GFP_KERNEL);
			address = rig_kernel_address(test->machine, objects[i]);
			assert_int_equal(address % min(size, PAGE_SIZE), 0);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kfree(objects[i]);
	}
}

static void nothing_is_a_size(struct conformance *test)
{
	assert_ptr_equal(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	assert_int_equal(ksize(ZERO_SIZE_PTR), 0);
	assert_int_equal(test->failures, 0);
}

static void krealloc_keeps_contents(struct conformance *test)
{
	u8 *object = NULL;

	for (unsigned int size = 1; size < 20000; size = size * 5 / 3 + 1) {
		unsigned int had = size == 1 ? 0 : (size - 1) * 3 / 5;

		object = krealloc(object, size, GFP_KERNEL);
		assert_non_null(object);
		if (had)
			expect_filled(object, had, 5);
		fill(object, size, 5);
	}
	object = krealloc(object, 3, GFP_KERNEL);
	expect_filled(object, 3, 5);
	assert_ptr_equal(krealloc(object, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

static void bulk_is_all_or_nothing(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("bulk", 80, 0, 0, NULL);
	static void *objects[500];

	for (int round = 0; round < 4; round++) {
		assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 500, objects), 500);
		for (unsigned int i = 0; i < 500; i++)
			fill(objects[i], 80, i);
		for (unsigned int i = 0; i < 500; i++)
			expect_filled(objects[i], 80, i);
		conformance_check(test);
		kmem_cache_free_bulk(cache, 500, objects);
		conformance_check(test);
	}
	kmem_cache_destroy(cache);
	assert_int_equal(test->failures, 0);
}

static void kfree_bulk_takes_all_kinds(struct conformance *test)
{
	void *objects[6] = { kmalloc(10, GFP_KERNEL),	  kmalloc(100, GFP_KERNEL),
			     kmalloc(1000, GFP_KERNEL),	  kmalloc(10000, GFP_KERNEL),
			     kmalloc(100000, GFP_KERNEL), kmalloc(64, GFP_KERNEL) };

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		assert_non_null(objects[i]);
	kfree_bulk(ARRAY_SIZE(objects), objects);
	assert_int_equal(test->failures, 0);
}

static void destroy_gives_pages_back(struct conformance *test)
{
	static void *objects[2000];
	unsigned long before;

	/* what the machine keeps for good is taken by a first cache */
	for (int round = 0; round < 3; round++) {
		struct kmem_cache *cache = kmem_cache_create("pages", 300, 0, 0, construct);

		if (round == 1)
			before = conformance_free_pages(test);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(cache, objects[i]);
		kmem_cache_destroy(cache);
	}
	assert_true(conformance_free_pages(test) >= before);
}

static void shrink_keeps_objects(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("shrunk", 200, 0, 0, NULL);
	static void *objects[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		fill(objects[i], 200, i);
	}
	for (unsigned int i = 0; i < MANY; i++)
		if (i % 7)
			kmem_cache_free(cache, objects[i]);
	kmem_cache_shrink(cache);
	conformance_check(test);
	for (unsigned int i = 0; i < MANY; i += 7) {
		expect_filled(objects[i], 200, i);
		kmem_cache_free(cache, objects[i]);
	}
	kmem_cache_shrink(cache);
	kmem_cache_destroy(cache);
	assert_int_equal(test->failures, 0);
}

static void no_memory_is_null(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("greedy", 3000, 0, 0, NULL);
	void **last = NULL;
	unsigned long got = 0;

	/* a chain through the objects themselves */
	for (;;) {
		void **object = kmem_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN);

		if (!object)
			break;
		*object = last;
		last = object;
		got++;
	}
	assert_true(got > 1000);
	conformance_check(test);
	while (last) {
		void **next = *last;

		kmem_cache_free(cache, last);
		last = next;
	}
	kmem_cache_destroy(cache);
	assert_int_equal(test->failures, 0);
}

/* Objects of a page and more: SLOB, as the kernel's, serves small ones from any page it has. */
static void dma_objects_are_low(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("low", 5000, 0, SLAB_CACHE_DMA, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL | GFP_DMA);

	assert_true(rig_kernel_address(test->machine, object) - RIG_PAGE_OFFSET < 16UL << 20);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

static void a_run_repeats(struct conformance *test)
{
	struct conformance twin = { .backend = test->backend,
				    .nr_cpus = test->nr_cpus,
				    .memory = test->memory };
	static void *mine[MANY], *others[MANY];
	struct kmem_cache *caches[2];
	unsigned long chance = 3;

	conformance_start(&twin);
	caches[1] = rig_kmem_cache_create(twin.cpu, "twin", 72, 0, 0, 0, 0, NULL);
	caches[0] = rig_kmem_cache_create(test->cpu, "twin", 72, 0, 0, 0, 0, NULL);
	memset(mine, 0, sizeof(mine));
	for (int step = 0; step < MANY * 4; step++) {
		unsigned int slot = conformance_random(&chance) % MANY;

		if (mine[slot]) {
			rig_kmem_cache_free(test->cpu, caches[0], mine[slot], 0);
			rig_kmem_cache_free(twin.cpu, caches[1], others[slot], 0);
			mine[slot] = NULL;
			continue;
		}
		mine[slot] =
			rig_kmem_cache_alloc(test->cpu, caches[0], GFP_KERNEL, NUMA_NO_NODE, 0);
		others[slot] =
			rig_kmem_cache_alloc(twin.cpu, caches[1], GFP_KERNEL, NUMA_NO_NODE, 0);
		assert_ptr_not_equal(mine[slot], others[slot]);
		assert_int_equal(rig_kernel_address(test->machine, mine[slot]),
				 rig_kernel_address(twin.machine, others[slot]));
	}
	conformance_end(&twin);
	rig_cpu_enter(test->cpu);
}

int main(void)
{
	static const struct conformance_test tests[] = {
		{ "objects do not overlap", objects_do_not_overlap, false },
		{ "objects are aligned", objects_are_aligned, false },
		{ "SLAB_HWCACHE_ALIGN aligns to cache lines", cache_line_flag_aligns, false },
		{ "objects come constructed", objects_come_constructed, false },
		{ "zeroed objects are zero", zeroed_objects_are_zero, false },
		{ "kmalloc gives what was asked", kmalloc_gives_what_was_asked, false },
		{ "kmalloc aligns powers of two", kmalloc_aligns_powers_of_two, false },
		{ "kmalloc(0) is ZERO_SIZE_PTR", nothing_is_a_size, false },
		{ "krealloc keeps contents", krealloc_keeps_contents, false },
		{ "bulk calls are all or nothing", bulk_is_all_or_nothing, false },
		{ "kfree_bulk takes all kinds", kfree_bulk_takes_all_kinds, false },
		{ "destroy gives pages back", destroy_gives_pages_back, true },
		{ "shrink keeps objects", shrink_keeps_objects, false },
		{ "no memory is NULL", no_memory_is_null, true },
		{ "DMA objects are low", dma_objects_are_low, true },
		{ "a run repeats on a second machine", a_run_repeats, true },
	};

	return CONFORMANCE_RUN("objects", tests, 0, 0);
}
