// SPDX-License-Identifier: GPL-2.0-only
/* Each of SLAB's checks fails when what it guards is broken; it names itself, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../backends/slab/slab.h"

#define OBJECTS 100

struct scene {
	struct rig_machine *machine;
	struct kmem_cache *cache;
	struct slab_cache *data;
	struct slab_node *node;
	struct slab_array *array;
	void *objects[OBJECTS];
};

static void construct(void *object)
{
}

/* A cache with full, partial and free slabs, objects in use and in the array. */
static struct scene set_scene(void)
{
	static const struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = { .memory = &memory,
					     .nr_memory = 1,
					     .slab_backend = "slab" };
	struct scene scene;
	char error[300];

	scene.machine = rig_machine_create(&config, error, sizeof(error));
	assert_non_null(scene.machine);
	rig_cpu_enter(&scene.machine->cpus[0]);
	scene.cache = kmem_cache_create("scene", 200, 0, 0, construct);
	for (int i = 0; i < OBJECTS; i++)
		scene.objects[i] = kmem_cache_alloc(scene.cache, GFP_KERNEL);
	scene.data = scene.cache->backend_data;
	assert_int_equal(slab_tune(scene.data, 30, 15, 0, GFP_KERNEL, &scene.machine->cpus[0]), 0);
	scene.node = scene.data->node[0];
	/* two whole slabs, two thirds of a third, and what the array keeps */
	for (int i = 0; i < 2 * (int)scene.data->num + 34; i++)
		kmem_cache_free(scene.cache, scene.objects[i]);
	scene.array = scene.data->cpus[0].array;
	assert_true(scene.array->avail > 1);
	assert_false(list_empty(&scene.node->free));
	assert_false(list_empty(&scene.node->partial));
	assert_false(list_empty(&scene.node->full));
	return scene;
}

/* The machine's check says that @name does not hold. The scene can't go on: it is dropped. */
static void expect_broken(struct scene *scene, const char *name)
{
	struct rig_verdict verdict = { .name = NULL };

	assert_false(rig_machine_check(scene->machine, 2, &verdict));
	assert_string_equal(verdict.name, name);
}

static void end_scene(struct scene *scene)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(scene->machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_cpu_enter(NULL);
	rig_machine_destroy(scene->machine);
}

static struct page *first_of(struct list_head *list)
{
	return list_first_entry(list, struct page, slab_list);
}

static void array_limit(void **state)
{
	struct scene scene = set_scene();
	struct rig_verdict verdict;
	unsigned int limit = scene.array->limit;

	scene.array->limit = scene.array->avail - 1;
	assert_false(rig_machine_check(scene.machine, 1, &verdict));
	expect_broken(&scene, "slab.array_limit");
	scene.array->limit = limit;
	end_scene(&scene);
}

static void array_entry_in_use(void **state)
{
	struct scene scene = set_scene();
	void *entry = scene.array->entry[0];

	scene.array->entry[0] = scene.objects[OBJECTS - 1];
	expect_broken(&scene, "slab.array_entry");
	scene.array->entry[0] = scene.array->entry[1];
	expect_broken(&scene, "slab.array_entry");
	scene.array->entry[0] = (u8 *)entry + 8;
	expect_broken(&scene, "slab.array_entry");
	scene.array->entry[0] = first_of(&scene.node->free)->s_mem;
	expect_broken(&scene, "slab.array_entry");
	scene.array->entry[0] = entry;
	end_scene(&scene);
}

static void list_membership(void **state)
{
	struct scene scene = set_scene();
	struct page *page = first_of(&scene.node->full);

	list_move(&page->slab_list, &scene.node->partial);
	expect_broken(&scene, "slab.list_membership");
	list_move(&page->slab_list, &scene.node->full);
	page->slab_cache = NULL;
	expect_broken(&scene, "slab.list_membership");
	page->slab_cache = scene.cache;
	end_scene(&scene);
}

static void slab_count(void **state)
{
	struct scene scene = set_scene();

	scene.node->total_slabs++;
	expect_broken(&scene, "slab.slab_count");
	scene.node->total_slabs--;
	scene.node->free_slabs--;
	expect_broken(&scene, "slab.slab_count");
	scene.node->free_slabs++;
	end_scene(&scene);
}

static void free_count(void **state)
{
	struct scene scene = set_scene();

	scene.node->free_objects--;
	expect_broken(&scene, "slab.free_count");
	scene.node->free_objects++;
	end_scene(&scene);
}

static void freelist_unique(void **state)
{
	struct scene scene = set_scene();
	struct page *page = first_of(&scene.node->free);
	unsigned int index = slab_get_index(page, 3);

	slab_set_index(page, 3, slab_get_index(page, 4));
	expect_broken(&scene, "slab.freelist_unique");
	slab_set_index(page, 3, scene.data->num);
	expect_broken(&scene, "slab.freelist_unique");
	slab_set_index(page, 3, index);
	end_scene(&scene);
}

static void active_count(void **state)
{
	struct scene scene = set_scene();
	struct page *page = first_of(&scene.node->partial);
	unsigned int index = slab_get_index(page, page->active);
	void *free_object = slab_slot(scene.data, page, index);

	/* in use and free at once */
	rig_kmem_set_live(scene.machine, free_object, true);
	expect_broken(&scene, "slab.active_count");
	rig_kmem_set_live(scene.machine, free_object, false);
	/* left its slab, and is nowhere */
	rig_kmem_set_live(scene.machine, scene.objects[OBJECTS - 1], false);
	expect_broken(&scene, "slab.active_count");
	rig_kmem_set_live(scene.machine, scene.objects[OBJECTS - 1], true);
	end_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_limit),	   cmocka_unit_test(array_entry_in_use),
		cmocka_unit_test(list_membership), cmocka_unit_test(slab_count),
		cmocka_unit_test(free_count),	   cmocka_unit_test(freelist_unique),
		cmocka_unit_test(active_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
