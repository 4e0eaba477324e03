// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLAB as such: geometry and limits as a real kernel shows them in /proc/slabinfo, arrays, nodes,
 * colours, the reaper, free-list randomisation, debugging.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/backend.h>
#include <kmemrig/context.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#define SECOND_NS 1000000000ULL

static char log_text[8192]; /* what the machine printed */

static void keep_line(struct rig_machine *machine, const char *line, void *data)
{
	size_t length = strlen(log_text);

	snprintf(log_text + length, sizeof(log_text) - length, "%s\n", line);
}

static struct rig_machine *boot_config(struct rig_machine_config config)
{
	char error[300] = "";
	struct rig_machine *machine;

	config.slab_backend = "slab";
	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		fail_msg("%s", error);
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_line;
	log_text[0] = '\0';
	rig_cpu_enter(&machine->cpus[0]);
	return machine;
}

static struct rig_machine *boot(int nr_cpus, const char *command_line)
{
	static const struct rig_memory_range memory = { .size = 256UL << 20 };

	return boot_config((struct rig_machine_config){ .memory = &memory,
							.nr_memory = 1,
							.nr_cpus = nr_cpus,
							.command_line = command_line });
}

/* All invariants hold to the end. */
static void end(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

static struct slabinfo info_of(struct kmem_cache *cache)
{
	struct slabinfo info;

	cache->backend->slabinfo(cache, &info);
	return info;
}

static void construct(void *object)
{
}

/* --- geometry */

/* From /proc/slabinfo of a 6.1 kernel with SLAB and one CPU. */
static const struct {
	const char *name;
	unsigned int size, objects, pages, limit, batchcount;
} recorded[] = {
	{ "kmem_cache", 128, 32, 1, 120, 60 },	  { "kmalloc-32", 32, 124, 1, 120, 60 },
	{ "kmalloc-64", 64, 64, 1, 120, 60 },	  { "kmalloc-96", 128, 32, 1, 120, 60 },
	{ "kmalloc-128", 128, 32, 1, 120, 60 },	  { "kmalloc-192", 192, 21, 1, 120, 60 },
	{ "kmalloc-256", 256, 16, 1, 120, 60 },	  { "kmalloc-512", 512, 8, 1, 54, 27 },
	{ "kmalloc-1k", 1024, 4, 1, 54, 27 },	  { "kmalloc-2k", 2048, 2, 1, 24, 12 },
	{ "kmalloc-4k", 4096, 1, 1, 24, 12 },	  { "kmalloc-8k", 8192, 1, 2, 8, 4 },
	{ "kmalloc-rcl-64", 64, 64, 1, 120, 60 }, { "dma-kmalloc-192", 192, 21, 1, 120, 60 },
};

static void kmalloc_caches_are_the_kernels(void **state)
{
	struct rig_machine *machine = boot(1, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		struct kmem_cache *cache = rig_kmem_cache_find(machine, recorded[i].name);
		struct slabinfo info;

		if (!cache)
			fail_msg("no cache %s", recorded[i].name);
		info = info_of(cache);
		assert_int_equal(cache->size, recorded[i].size);
		assert_int_equal(info.objects_per_slab, recorded[i].objects);
		assert_int_equal(1u << info.cache_order, recorded[i].pages);
		assert_int_equal(info.limit, recorded[i].limit);
		assert_int_equal(info.batchcount, recorded[i].batchcount);
		assert_int_equal(info.shared, 0);
	}
	end(machine);
}

static void slabinfo_looks_as_the_kernels(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	rig_slabinfo_show(machine, out);
	fclose(out);
	/* the column widths are the kernel's, the last caches those that boot made first */
	assert_non_null(strstr(text,
			       "\ndma-kmalloc-8k         0      0   8192    1    2 : tunables "
			       "   8    4    0 : slabdata      0      0      0\n"));
	assert_non_null(strstr(text, "\nkmalloc-128 "));
	assert_true(strstr(text, "\nkmem_cache ") > strstr(text, "\nkmalloc-128 "));
	free(text);
	end(machine);
}

static void several_cpus_share(void **state)
{
	struct rig_machine *machine = boot(2, NULL);
	struct slabinfo small = info_of(rig_kmem_cache_find(machine, "kmalloc-64"));
	struct slabinfo large = info_of(rig_kmem_cache_find(machine, "kmalloc-8k"));

	assert_int_equal(small.shared, 8);
	assert_int_equal(large.shared, 0); /* above a page */
	end(machine);
}

/* --- arrays and slabs */

static void freed_last_is_handed_out_first(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	struct kmem_cache *cache = kmem_cache_create("lifo", 64, 0, 0, construct);
	void *objects[8];

	for (int i = 0; i < 8; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < 8; i++)
		kmem_cache_free(cache, objects[i]);
	for (int i = 7; i >= 0; i--)
		assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), objects[i]);
	for (int i = 0; i < 8; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	end(machine);
}

/* A new cache takes 16 objects at first: its array was not touched before. */
static void an_unused_array_takes_a_small_batch(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	struct kmem_cache *cache = kmem_cache_create("batch", 64, 0, 0, construct);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);
	struct slabinfo info = info_of(cache);

	assert_int_equal(info.active_objs, 16);
	assert_int_equal(info.num_slabs, 1);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	end(machine);
}

static void slabs_are_coloured(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	/* 6 objects of 640 bytes leave 256: four colours of 64 bytes */
	struct kmem_cache *cache = kmem_cache_create("colours", 640, 64, 0, NULL);
	unsigned long seen = 0;
	void *objects[48];

	for (int i = 0; i < 48; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		seen |= 1UL << ((unsigned long)objects[i] % PAGE_SIZE % 640 / 64);
	}
	assert_int_equal(seen, 0xf);
	for (int i = 0; i < 48; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	end(machine);
}

/* --- the reaper */

static void unused_memory_goes_back(void **state)
{
	struct rig_machine *machine = boot(2, NULL);
	struct kmem_cache *cache = kmem_cache_create("reaped", 200, 0, 0, construct);
	static void *objects[1000];
	unsigned long slabs, before;

	for (int i = 0; i < 1000; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < 1000; i++)
		kmem_cache_free(cache, objects[i]);
	slabs = info_of(cache).num_slabs;
	assert_true(slabs > 10);
	/* the first visit only notes that the array was used */
	rig_time_pass(&machine->cpus[0], 3 * SECOND_NS);
	before = info_of(cache).active_objs;
	assert_true(before > 0);
	rig_time_pass(&machine->cpus[0], 2 * SECOND_NS);
	assert_true(info_of(cache).active_objs < before);
	rig_time_pass(&machine->cpus[0], 300 * SECOND_NS);
	assert_int_equal(info_of(cache).num_slabs, 0);
	/* years are as good as minutes */
	rig_time_pass(&machine->cpus[0], 100000000 * SECOND_NS);
	kmem_cache_destroy(cache);
	end(machine);
}

/* --- nodes */

static struct rig_machine *boot_sparse_nodes(void)
{
	static const struct rig_memory_range memory[] = {
		{ .base = 0, .size = 64UL << 20, .nid = 0 },
		{ .base = 64UL << 20, .size = 64UL << 20, .nid = 3 },
	};
	static const int cpu_nid[] = { 0, 3 };

	return boot_config((struct rig_machine_config){
		.memory = memory, .nr_memory = 2, .nr_cpus = 2, .cpu_nid = cpu_nid });
}

static int node_of(struct rig_machine *machine, void *object)
{
	return page_to_nid(compound_head(rig_virt_to_page(machine, object)));
}

/* A node's number may be above the number of nodes. */
static void a_sparse_node_is_a_node(void **state)
{
	struct rig_machine *machine = boot_sparse_nodes();
	struct kmem_cache *cache = kmem_cache_create("nodes", 100, 0, 0, construct);
	static void *objects[200];

	for (int i = 0; i < 200; i++) {
		objects[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, i % 2 ? 3 : 0);
		assert_non_null(objects[i]);
		assert_int_equal(node_of(machine, objects[i]), i % 2 ? 3 : 0);
	}
	for (int i = 0; i < 200; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	end(machine);
}

static void objects_of_other_nodes_go_home(void **state)
{
	struct rig_machine *machine = boot_sparse_nodes();
	struct kmem_cache *cache = kmem_cache_create("home", 100, 0, 0, construct);
	static void *objects[100];
	void *mine;

	rig_cpu_enter(&machine->cpus[1]);
	for (int i = 0; i < 100; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(node_of(machine, objects[0]), 3);
	rig_cpu_enter(&machine->cpus[0]);
	for (int i = 0; i < 100; i++)
		kmem_cache_free(cache, objects[i]);
	/* none of them is handed out on node 0 */
	mine = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(node_of(machine, mine), 0);
	kmem_cache_free(cache, mine);
	rig_time_pass(&machine->cpus[0], 600 * SECOND_NS);
	assert_int_equal(info_of(cache).num_slabs, 0);
	kmem_cache_destroy(cache);
	end(machine);
}

/* Where the node has no memory left, another one serves; with __GFP_THISNODE none does. */
static void a_full_node_falls_back(void **state)
{
	struct rig_machine *machine = boot_sparse_nodes();
	struct kmem_cache *cache = kmem_cache_create("big", 4096, 0, 0, construct);
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	void **chain = NULL, **object;

	while ((object = kmem_cache_alloc_node(cache, gfp | __GFP_THISNODE, 3))) {
		assert_int_equal(node_of(machine, object), 3);
		*object = chain;
		chain = object;
	}
	object = kmem_cache_alloc_node(cache, gfp, 3);
	assert_non_null(object);
	assert_int_equal(node_of(machine, object), 0);
	*object = chain;
	chain = object;
	while (chain) {
		object = *chain;
		kmem_cache_free(cache, chain);
		chain = object;
	}
	kmem_cache_destroy(cache);
	end(machine);
}

/* --- options */

/* Objects of a new slab in the order in which they are handed out. */
static void first_slab(struct kmem_cache *cache, void **objects, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
}

static void random_free_lists_name_each_object_once(void **state)
{
	/* free lists inside an object, on the slab, and off it; some with a single object */
	static const unsigned int sizes[] = { 16, 64, 200, 512, 1000, 2048, 5000 };
	struct rig_machine *machine = boot(1, "slab_freelist_random");
	bool shuffled = false;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int with_ctor = 0; with_ctor < 2; with_ctor++) {
			struct kmem_cache *cache =
				kmem_cache_create("random", sizes[i], 0, SLAB_NOLEAKTRACE,
						  with_ctor ? construct : NULL);
			unsigned int nr = info_of(cache).objects_per_slab;
			void *objects[256];
			struct rig_verdict verdict;

			first_slab(cache, objects, nr);
			for (unsigned int a = 0; a < nr; a++)
				for (unsigned int b = 0; b < a; b++)
					assert_ptr_not_equal(objects[a], objects[b]);
			for (unsigned int a = 2; a < nr; a++)
				shuffled |= (u8 *)objects[a] - (u8 *)objects[a - 1] !=
					    (u8 *)objects[a - 1] - (u8 *)objects[a - 2];
			if (!rig_machine_check(machine, 3, &verdict))
				fail_msg("%s: %s", verdict.name, verdict.detail);
			for (unsigned int a = 0; a < nr; a++)
				kmem_cache_free(cache, objects[a]);
			kmem_cache_destroy(cache);
		}
	}
	assert_true(shuffled);
	end(machine);
}

static void chance_is_the_machines(void **state)
{
	u64 first[32];

	for (int round = 0; round < 2; round++) {
		struct rig_machine *machine = boot(1, "slab_freelist_random");
		struct kmem_cache *cache = kmem_cache_create("same", 100, 0, 0, construct);
		void *objects[32];

		first_slab(cache, objects, 32);
		for (int i = 0; i < 32; i++) {
			u64 address = rig_kernel_address(machine, objects[i]);

			if (round)
				assert_int_equal(address, first[i]);
			first[i] = address;
			kmem_cache_free(cache, objects[i]);
		}
		kmem_cache_destroy(cache);
		end(machine);
	}
}

static void slab_max_order_is_read(void **state)
{
	struct rig_machine *machine = boot(1, "slab_max_order=3");
	struct kmem_cache *cache = kmem_cache_create("orders", 3000, 0, 0, construct);

	/* 8 KiB hold two and leave a quarter; the next order is tried, since it may */
	assert_int_equal(info_of(cache).cache_order, 2);
	kmem_cache_destroy(cache);
	end(machine);
	machine = boot(1, NULL);
	cache = kmem_cache_create("orders", 3000, 0, 0, construct);
	assert_int_equal(info_of(cache).cache_order, 1);
	kmem_cache_destroy(cache);
	end(machine);
}

static void everything_can_be_debugged(void **state)
{
	struct rig_machine *machine = boot(1, "slab_debug");
	struct kmem_cache *cache = rig_kmem_cache_find(machine, "kmalloc-64");
	volatile u8 *object = kmalloc(64, GFP_KERNEL);

	/* kmalloc's own alignment forbids red zones in the larger classes, not poison */
	assert_true(cache->flags & SLAB_POISON);
	assert_true(info_of(cache).limit <= 32);
	kfree((void *)object);
	end(machine);
}

/* --- what is printed */

static __attribute__((no_sanitize("address"))) void poke(volatile u8 *at)
{
	*at = 0x42;
}

static void a_damaged_object_is_described(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	struct kmem_cache *cache = kmem_cache_create(
		"victim", 48, 0, SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, NULL);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(object, 0, 48);
	kmem_cache_free(cache, object);
	poke(object + 20);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_non_null(strstr(log_text, "Slab corruption: victim start="));
	assert_non_null(strstr(log_text, "len=48"));
	assert_non_null(strstr(log_text, "Redzone: 0x9f911029d74e35b/0x9f911029d74e35b"));
	assert_non_null(strstr(log_text, "Last user: (0x"));
	assert_non_null(strstr(log_text, "010: 6b 6b 6b 6b 42 6b"));
	log_text[0] = '\0';
	poke(object + 48);
	kmem_cache_free(cache, object);
	assert_non_null(strstr(log_text, "slab error: cache `victim': memory outside object was "
					 "overwritten"));
	assert_non_null(
		strstr(log_text, "redzone 1:0xd84156c5635688c0, redzone 2:0xd84156c563568842"));
	kmem_cache_destroy(cache);
	end(machine);
}

static void a_leak_is_listed(void **state)
{
	struct rig_machine *machine = boot(1, NULL);
	struct kmem_cache *cache = kmem_cache_create("leak", 48, 0, 0, construct);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);
	char line[64];

	kmem_cache_destroy(cache);
	snprintf(line, sizeof(line), "Object 0x%llx",
		 (unsigned long long)rig_kernel_address(machine, object));
	assert_non_null(strstr(log_text, "Objects remaining in leak on shutdown"));
	assert_non_null(strstr(log_text, line));
	assert_non_null(strstr(log_text, "kmem_cache_destroy leak: Slab cache still has objects"));
	end(machine);
}

static void slabinfo_can_be_written(void **state)
{
	struct rig_machine *machine = boot(2, NULL);
	struct kmem_cache *cache = kmem_cache_create("tuned", 64, 0, 0, construct);
	static void *objects[500];
	struct slabinfo info;

	for (int i = 0; i < 500; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < 500; i += 2)
		kmem_cache_free(cache, objects[i]);
	assert_int_equal(cache->backend->tune(cache, 200, 50, 4), 0);
	info = info_of(cache);
	assert_int_equal(info.limit, 200);
	assert_int_equal(info.batchcount, 50);
	assert_int_equal(info.shared, 4);
	assert_int_equal(info.active_objs, 250);		     /* no array holds any */
	assert_int_equal(cache->backend->tune(cache, 10, 50, 4), 0); /* nonsense: ignored */
	assert_int_equal(info_of(cache).limit, 200);
	for (int i = 1; i < 500; i += 2)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kmalloc_caches_are_the_kernels),
		cmocka_unit_test(slabinfo_looks_as_the_kernels),
		cmocka_unit_test(several_cpus_share),
		cmocka_unit_test(freed_last_is_handed_out_first),
		cmocka_unit_test(an_unused_array_takes_a_small_batch),
		cmocka_unit_test(slabs_are_coloured),
		cmocka_unit_test(unused_memory_goes_back),
		cmocka_unit_test(a_sparse_node_is_a_node),
		cmocka_unit_test(objects_of_other_nodes_go_home),
		cmocka_unit_test(a_full_node_falls_back),
		cmocka_unit_test(random_free_lists_name_each_object_once),
		cmocka_unit_test(chance_is_the_machines),
		cmocka_unit_test(slab_max_order_is_read),
		cmocka_unit_test(everything_can_be_debugged),
		cmocka_unit_test(a_damaged_object_is_described),
		cmocka_unit_test(a_leak_is_listed),
		cmocka_unit_test(slabinfo_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
