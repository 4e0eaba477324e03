// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLOB as such: where blocks go, how they are split and joined, kmalloc's header, what ksize may
 * promise; and each of its checks fails when what it guards is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/asan.h>
#include <kmemrig/kmem.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "../../backends/slob/slob.h"

static struct rig_machine *boot(void)
{
	static const struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = { .memory = &memory,
					     .nr_memory = 1,
					     .slab_backend = "slob" };
	char error[300] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	rig_cpu_enter(&machine->cpus[0]);
	slob_use_up(machine); /* boot took something: begin on a fresh page */
	return machine;
}

static void expect_good(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void end(struct rig_machine *machine)
{
	expect_good(machine);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

static void expect_broken(struct rig_machine *machine, const char *name)
{
	struct rig_verdict verdict = { .name = NULL };

	assert_false(rig_machine_check(machine, 3, &verdict));
	assert_string_equal(verdict.name, name);
}

static unsigned long offset_of(const void *object)
{
	return (unsigned long)object % PAGE_SIZE;
}

static struct page *page_of(struct rig_machine *machine, const void *object)
{
	return rig_virt_to_page(machine, object);
}

static void nothing(void *object)
{
}

static struct kmem_cache *cache_of_size(unsigned int size)
{
	return kmem_cache_create("slob", size, 0, 0, nothing);
}

/* --- where blocks go */

static void blocks_follow_each_other(void **state)
{
	struct rig_machine *machine = boot();
	struct kmem_cache *cache = cache_of_size(20);
	u8 *first = kmem_cache_alloc(cache, GFP_KERNEL),
	   *second = kmem_cache_alloc(cache, GFP_KERNEL);

	assert_int_equal(offset_of(first), 0);
	assert_int_equal(second - first, 24); /* 20 bytes, aligned to 8 */
	assert_int_equal(page_of(machine, first)->units, 2048 - 10 - 10);
	kmem_cache_free(cache, first);
	kmem_cache_free(cache, second);
	kmem_cache_destroy(cache);
	end(machine);
}

static void sizes_have_their_pages(void **state)
{
	struct rig_machine *machine = boot();
	void *small = kmalloc(247, GFP_KERNEL); /* 255 with its header */
	void *medium = kmalloc(248, GFP_KERNEL);
	void *medium_too = kmalloc(1015, GFP_KERNEL);
	void *large = kmalloc(1016, GFP_KERNEL);

	assert_ptr_equal(page_of(machine, medium), page_of(machine, medium_too));
	assert_ptr_not_equal(page_of(machine, small), page_of(machine, medium));
	assert_ptr_not_equal(page_of(machine, large), page_of(machine, medium));
	assert_ptr_not_equal(page_of(machine, large), page_of(machine, small));
	kfree(small);
	kfree(medium);
	kfree(medium_too);
	kfree(large);
	end(machine);
}

static void large_blocks_are_pages(void **state)
{
	struct rig_machine *machine = boot();
	void *below = kmalloc(PAGE_SIZE - 9, GFP_KERNEL);
	void *above = kmalloc(PAGE_SIZE - 8, GFP_KERNEL);
	void *two = kmalloc(PAGE_SIZE + 1, GFP_KERNEL);

	assert_true(PageSlab(page_of(machine, below)));
	assert_false(PageSlab(page_of(machine, above)));
	assert_int_equal(ksize(above), PAGE_SIZE);
	assert_int_equal(ksize(two), 2 * PAGE_SIZE);
	kfree(below);
	kfree(above);
	kfree(two);
	end(machine);
}

/* --- splitting and joining */

static void neighbours_are_joined(void **state)
{
	struct rig_machine *machine = boot();
	struct kmem_cache *cache = cache_of_size(64);
	void *objects[64];
	struct page *page;

	for (int i = 0; i < 64; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	page = page_of(machine, objects[0]);
	assert_int_equal(page->units, 0);
	assert_false(PageSlobFree(page));
	/* alone; not touching; the gap between them, which joins all three */
	kmem_cache_free(cache, objects[10]);
	kmem_cache_free(cache, objects[12]);
	expect_good(machine);
	assert_int_equal(slob_size(page->slob_freelist), 32);
	kmem_cache_free(cache, objects[11]);
	assert_int_equal(slob_size(page->slob_freelist), 96);
	assert_true(slob_is_last(page->slob_freelist));
	/* in front of the first free block, and behind the last */
	kmem_cache_free(cache, objects[9]);
	kmem_cache_free(cache, objects[13]);
	assert_int_equal(slob_size(page->slob_freelist), 160);
	expect_good(machine);
	/* first fit takes from the lowest address */
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[9]);
	kmem_cache_free(cache, objects[9]);
	for (int i = 0; i < 64; i++)
		if (i < 9 || i > 13)
			kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	end(machine);
}

static void blocks_of_one_unit_are_kept(void **state)
{
	struct rig_machine *machine = boot();
	struct kmem_cache *six = cache_of_size(6);
	void *first = kmem_cache_alloc(six, GFP_KERNEL),
	     *second = kmem_cache_alloc(six, GFP_KERNEL);
	struct page *page = page_of(machine, first);

	/* between them one unit is free: it carries no size, only the way to the next */
	assert_int_equal((u8 *)second - (u8 *)first, 8);
	assert_int_equal(slob_size(page->slob_freelist), 1);
	assert_int_equal((u8 *)slob_next(page->slob_freelist) - (u8 *)first, 14);
	expect_good(machine);
	kmem_cache_free(six, first);
	assert_int_equal(slob_size(page->slob_freelist), 4);
	kmem_cache_free(six, second);
	kmem_cache_destroy(six);
	end(machine);
}

static void an_empty_page_goes_back(void **state)
{
	struct rig_machine *machine = boot();
	struct slob *slob = slob_of(machine);
	unsigned long before = slob->nr_pages;
	void *object = kmalloc(100, GFP_KERNEL);

	assert_int_equal(slob->nr_pages, before + 1);
	kfree(object);
	assert_int_equal(slob->nr_pages, before);
	end(machine);
}

/* The search goes on where it ended: a list's first page is the one that served last. */
static void the_list_turns(void **state)
{
	struct rig_machine *machine = boot();
	struct slob *slob = slob_of(machine);
	struct kmem_cache *cache = cache_of_size(2000);
	void *objects[6];
	struct page *served;

	/* three pages, two objects and 96 bytes each */
	for (int i = 0; i < 6; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, objects[1]);
	kmem_cache_free(cache, objects[3]);
	served = page_of(machine, kmem_cache_alloc(cache, GFP_KERNEL));
	assert_ptr_equal(list_first_entry(&slob->free[SLOB_LARGE], struct page, slab_list), served);
	expect_good(machine);
	end(machine);
}

/* --- kmalloc's header */

static void powers_of_two_are_aligned_behind_their_header(void **state)
{
	struct rig_machine *machine = boot();

	for (size_t size = 8; size <= 2048; size *= 2) {
		void *odd = kmalloc(size / 2 + 3, GFP_KERNEL), *even = kmalloc(size, GFP_KERNEL);

		assert_int_equal(offset_of(even) % size, 0);
		kfree(odd);
		kfree(even);
	}
	end(machine);
}

/* What ksize promises never reaches into the next block, nor beyond what kfree will give back. */
static void ksize_is_the_blocks(void **state)
{
	struct rig_machine *machine = boot();

	for (size_t size = 1; size < PAGE_SIZE - 8; size += size < 300 ? 1 : 37) {
		u8 *object = kmalloc(size, GFP_KERNEL), *behind = kmalloc(2, GFP_KERNEL);

		assert_true(ksize(object) >= size);
		assert_int_equal(kmalloc_size_roundup(size), ALIGN(size, 8UL));
		assert_true(ksize(object) <= ALIGN(size, SLOB_UNIT));
		if (page_of(machine, object) == page_of(machine, behind) && behind > object)
			assert_true(object + ksize(object) <= behind - SLOB_MINALIGN);
		memset(object, 0xff, ksize(object));
		expect_good(machine);
		kfree(object);
		kfree(behind);
	}
	end(machine);
}

/* --- the checks can fail */

struct scene {
	struct rig_machine *machine;
	struct kmem_cache *cache;
	void *objects[39];
	struct page *page;
};

/* A page with two free blocks (104 bytes leave no gaps), and everything else in use. */
static struct scene set_scene(void)
{
	struct scene scene = { .machine = boot() };

	scene.cache = cache_of_size(104);
	for (int i = 0; i < 39; i++)
		scene.objects[i] = kmem_cache_alloc(scene.cache, GFP_KERNEL);
	scene.page = page_of(scene.machine, scene.objects[0]);
	kmem_cache_free(scene.cache, scene.objects[5]);
	kmem_cache_free(scene.cache, scene.objects[20]);
	expect_good(scene.machine);
	return scene;
}

static void units_conserved(void **state)
{
	struct scene scene = set_scene();

	scene.page->units--;
	expect_broken(scene.machine, "slob.units_conserved");
	scene.page->units++;
	end(scene.machine);
}

static RIG_NO_ASAN slob_index_t swap_unit(slob_unit_t *unit, slob_index_t value)
{
	slob_index_t before = unit->units;

	unit->units = value;
	return before;
}

static void free_sorted(void **state)
{
	struct scene scene = set_scene();
	slob_unit_t *second = slob_next(scene.page->slob_freelist);
	slob_index_t next = swap_unit(second + 1, 2);

	expect_broken(scene.machine, "slob.free_sorted");
	swap_unit(second + 1, next);
	end(scene.machine);
}

static void merged(void **state)
{
	struct scene scene = set_scene();
	slob_unit_t *second = slob_next(scene.page->slob_freelist);
	slob_index_t size = swap_unit(second, 10);
	slob_index_t next = swap_unit(second + 1, (slob_index_t)(offset_of(second) / 2 + 10));

	/* what was one block is two that touch */
	swap_unit(second + 10, (slob_index_t)(size - 10));
	swap_unit(second + 11, next);
	expect_broken(scene.machine, "slob.merged");
	swap_unit(second, size);
	swap_unit(second + 1, next);
	end(scene.machine);
}

static void list_membership(void **state)
{
	struct scene scene = set_scene();

	__ClearPageSlobFree(scene.page);
	expect_broken(scene.machine, "slob.list_membership");
	__SetPageSlobFree(scene.page);
	list_move(&scene.page->slab_list, &slob_of(scene.machine)->full);
	expect_broken(scene.machine, "slob.list_membership");
	list_move(&scene.page->slab_list, &slob_of(scene.machine)->free[SLOB_SMALL]);
	end(scene.machine);
}

static void pages_counted(void **state)
{
	struct scene scene = set_scene();

	slob_of(scene.machine)->nr_pages++;
	expect_broken(scene.machine, "slob.page_count");
	slob_of(scene.machine)->nr_pages--;
	end(scene.machine);
}

static void owners(void **state)
{
	struct scene scene = set_scene();
	struct slob_cache *data = scene.cache->backend_data;
	slob_owner_t *owner = slob_owner(slob_of(scene.machine), scene.objects[5]);
	slob_owner_t before = *owner;

	*owner = data->owner;
	expect_broken(scene.machine, "slob.owner_free");
	*owner = before;
	data->live++;
	expect_broken(scene.machine, "slob.owner_count");
	data->live--;
	end(scene.machine);
}

static RIG_NO_ASAN void poke(u8 *at)
{
	*(volatile u8 *)at ^= 1;
}

static void poison(void **state)
{
	struct rig_machine *machine = boot();
	struct kmem_cache *cache = kmem_cache_create("poisoned", 64, 0, SLAB_POISON, nothing);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	expect_good(machine);
	poke(object + 30);
	expect_broken(machine, "slob.poison");
	poke(object + 30);
	kmem_cache_destroy(cache);
	end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_follow_each_other),
		cmocka_unit_test(sizes_have_their_pages),
		cmocka_unit_test(large_blocks_are_pages),
		cmocka_unit_test(neighbours_are_joined),
		cmocka_unit_test(blocks_of_one_unit_are_kept),
		cmocka_unit_test(an_empty_page_goes_back),
		cmocka_unit_test(the_list_turns),
		cmocka_unit_test(powers_of_two_are_aligned_behind_their_header),
		cmocka_unit_test(ksize_is_the_blocks),
		cmocka_unit_test(units_conserved),
		cmocka_unit_test(free_sorted),
		cmocka_unit_test(merged),
		cmocka_unit_test(list_membership),
		cmocka_unit_test(pages_counted),
		cmocka_unit_test(owners),
		cmocka_unit_test(poison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
