// SPDX-License-Identifier: GPL-2.0-only
/* The slab front end: caches and merging, size classes, krealloc, events, slabinfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/ring.h>
#include <linux/slab.h>

struct rig {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	char log[20000];
	unsigned long failures;
	char check[64];
};

static struct rig rig;

static void keep_line(struct rig_machine *machine, const char *line, void *data)
{
	size_t used = strlen(rig.log);

	snprintf(rig.log + used, sizeof(rig.log) - used, "%s\n", line);
}

static void see_failure(struct rig_machine *machine, const char *check, const char *text,
			void *data)
{
	rig.failures++;
	snprintf(rig.check, sizeof(rig.check), "%s", check);
}

static void begin(const char *backend, const char *command_line)
{
	struct rig_memory_range memory = { .size = 64UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory,
		.nr_memory = 1,
		.slab_backend = backend,
		.command_line = command_line,
		.check_tier = 2,
	};
	char error[200];

	memset(&rig, 0, sizeof(rig));
	rig.machine = rig_machine_create(&config, error, sizeof(error));
	assert_non_null(rig.machine);
	rig.machine->check->on_failure = RIG_FAILURE_COUNT;
	rig.machine->check->print = keep_line;
	rig.machine->check->hook = see_failure;
	rig.cpu = &rig.machine->cpus[0];
	rig_cpu_enter(rig.cpu);
}

static void end(void)
{
	struct rig_verdict verdict = { .name = NULL };

	if (!rig_machine_check(rig.machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	rig_cpu_enter(NULL);
	rig_machine_destroy(rig.machine);
}

static void construct(void *object)
{
	memset(object, 0x41, 8);
}

static void caches_of_nearly_one_size_merge(void **state)
{
	struct kmem_cache *a, *b, *c;
	void *object;

	begin("slub", NULL);
	a = kmem_cache_create("first", 100, 0, 0, NULL);
	b = kmem_cache_create("second", 104, 0, 0, NULL);
	assert_ptr_equal(a, b);
	assert_int_equal(kmem_cache_size(a), 104);
	assert_ptr_equal(rig_kmem_cache_find(rig.machine, "second"), a);
	/* a word or more of difference, a constructor, other accounting: on their own */
	c = kmem_cache_create("third", 112, 0, 0, NULL);
	assert_ptr_not_equal(c, a);
	kmem_cache_destroy(c);
	c = kmem_cache_create("fourth", 104, 0, 0, construct);
	assert_ptr_not_equal(c, a);
	kmem_cache_destroy(c);
	c = kmem_cache_create("fifth", 104, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	assert_ptr_not_equal(c, a);
	kmem_cache_destroy(c);
	c = kmem_cache_create_usercopy("sixth", 104, 0, 0, 8, 16, NULL);
	assert_ptr_not_equal(c, a);
	kmem_cache_destroy(c);
	/* the first destroy drops a user only, and the name that stays is not the dead one's */
	kmem_cache_destroy(b);
	object = kmem_cache_alloc(a, GFP_KERNEL);
	assert_non_null(object);
	assert_string_equal(a->name, "first");
	kmem_cache_free(a, object);
	kmem_cache_destroy(a);
	assert_null(rig_kmem_cache_find(rig.machine, "first"));
	assert_null(rig_kmem_cache_find(rig.machine, "second"));
	end();
}

static void slab_nomerge_keeps_caches_apart(void **state)
{
	struct kmem_cache *a, *b;

	begin("slub", "slab_nomerge");
	a = kmem_cache_create("first", 100, 0, 0, NULL);
	b = kmem_cache_create("second", 100, 0, 0, NULL);
	assert_ptr_not_equal(a, b);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	end();
}

static void a_name_is_copied(void **state)
{
	char name[] = "soon gone";
	struct kmem_cache *cache;

	begin("slub", NULL);
	cache = kmem_cache_create(name, 72, 0, 0, construct);
	memset(name, 'x', sizeof(name) - 1);
	assert_string_equal(cache->name, "soon gone");
	kmem_cache_destroy(cache);
	end();
}

static void bad_requests_are_refused(void **state)
{
	begin("slub", NULL);
	assert_null(kmem_cache_create("huge", KMALLOC_MAX_SIZE + 1, 0, 0, NULL));
	assert_non_null(strstr(rig.log, "failed with error -22"));
	assert_null(kmem_cache_create("flags", 64, 0, SLAB_KMALLOC, NULL));
	assert_int_equal(rig.failures, 0);
	assert_null(kmem_cache_create("panic", KMALLOC_MAX_SIZE + 1, 0, SLAB_PANIC, NULL));
	assert_string_equal(rig.check, "slab.create_panic");
	end();
}

static const char *class_of(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache = rig_kmalloc_cache(rig.machine, size, gfp);

	return cache ? cache->name : "pages";
}

static void sizes_have_the_kernels_classes(void **state)
{
	begin("slub", NULL);
	assert_string_equal(class_of(1, GFP_KERNEL), "kmalloc-8");
	assert_string_equal(class_of(8, GFP_KERNEL), "kmalloc-8");
	assert_string_equal(class_of(65, GFP_KERNEL), "kmalloc-96");
	assert_string_equal(class_of(97, GFP_KERNEL), "kmalloc-128");
	assert_string_equal(class_of(129, GFP_KERNEL), "kmalloc-192");
	assert_string_equal(class_of(193, GFP_KERNEL), "kmalloc-256");
	assert_string_equal(class_of(8192, GFP_KERNEL), "kmalloc-8k");
	assert_string_equal(class_of(8193, GFP_KERNEL), "pages");
	assert_string_equal(class_of(100, GFP_KERNEL | GFP_DMA), "dma-kmalloc-128");
	assert_string_equal(class_of(100, GFP_KERNEL | __GFP_RECLAIMABLE), "kmalloc-rcl-128");
	assert_string_equal(class_of(100, GFP_KERNEL_ACCOUNT), "kmalloc-128");
	end();
	begin("slub", "memcg_kmem");
	assert_string_equal(class_of(100, GFP_KERNEL_ACCOUNT), "kmalloc-cg-128");
	end();
	begin("slab", NULL);
	assert_string_equal(class_of(1, GFP_KERNEL), "kmalloc-32");
	end();
}

static void nothing_and_too_much(void **state)
{
	begin("slub", NULL);
	assert_ptr_equal(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_int_equal(ksize(ZERO_SIZE_PTR), 0);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	assert_null(kmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL));
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(rig.failures, 0);
	end();
}

static void krealloc_keeps_contents_and_clears_the_rest(void **state)
{
	size_t asked = (size_t)atoi("100"); /* the compiler holds callers of ksize for liars */
	u8 *object, *moved;

	begin("slub", NULL);
	object = kmalloc(asked, GFP_KERNEL);
	assert_int_equal(ksize(object), 128);
	memset(object, 0x77, 128);
	/* it fits: same place, and with __GFP_ZERO nothing of the old is left above */
	moved = krealloc(object, 110, GFP_KERNEL | __GFP_ZERO);
	assert_ptr_equal(moved, object);
	assert_int_equal(moved[109], 0x77);
	assert_int_equal(ksize(moved), 128);
	for (int i = 110; i < 128; i++)
		assert_int_equal(moved[i], 0);
	moved = krealloc(object, 300, GFP_KERNEL);
	assert_ptr_not_equal(moved, object);
	for (int i = 0; i < 110; i++)
		assert_int_equal(moved[i], 0x77);
	assert_ptr_equal(krealloc(moved, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	object = krealloc(NULL, 10, GFP_KERNEL);
	kfree(object);
	end();
}

static void large_blocks_are_pages(void **state)
{
	u8 *object;

	begin("slub", NULL);
	object = kmalloc(10000, GFP_KERNEL);
	assert_int_equal(ksize(object), 16384);
	assert_int_equal(kmalloc_size_roundup(10000), 16384);
	assert_int_equal(rig_kmem_pages(rig.machine, 0, false) >= 4, true);
	object = krealloc(object, 16384, GFP_KERNEL);
	memset(object, 1, 16384);
	kfree(object);
	kfree(object);
	assert_string_equal(rig.check, "slab.foreign_pointer");
	end();
}

static void constructors_run_once_for_each_object(void **state)
{
	struct kmem_cache *cache;
	u8 *object;

	begin("slub", NULL);
	cache = kmem_cache_create("constructed", 32, 0, 0, construct);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(object[7], 0x41);
	object[7] = 0x42;
	kmem_cache_free(cache, object);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), object);
	assert_int_equal(object[7], 0x42);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	end();
}

static void destroy_in_use_tells_of_each_object(void **state)
{
	struct kmem_cache *cache;

	begin("slub", NULL);
	cache = kmem_cache_create("busy", 40, 0, 0, construct);
	assert_non_null(kmem_cache_alloc(cache, GFP_KERNEL));
	assert_non_null(kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_destroy(cache);
	assert_string_equal(rig.check, "slab.destroy_in_use");
	assert_non_null(strstr(rig.log, "BUG busy (Not tainted): Objects remaining in busy on "
					"__kmem_cache_shutdown()"));
	assert_non_null(strstr(rig.log, "objects=85 used=2"));
	assert_non_null(strstr(rig.log, "@offset=0\n"));
	assert_non_null(strstr(rig.log, "@offset=48\n"));
	assert_non_null(strstr(rig.log, "kmem_cache_destroy busy: Slab cache still has objects "
					"when called from"));
	end();
}

/* --- events */

static const struct rig_event *event_at(const struct rig_ring *ring, size_t index,
					enum rig_event_id id)
{
	const struct rig_event *event = rig_ring_get(ring, index);

	assert_non_null(event);
	assert_int_equal(event->id, id);
	return event;
}

static void events_have_the_kernels_fields(void **state)
{
	const struct rig_event *event;
	struct rig_ring ring;
	struct kmem_cache *cache;
	void *object, *small;

	begin("slub", NULL);
	cache = kmem_cache_create("told", 100, 0, SLAB_HWCACHE_ALIGN, construct);
	small = kmalloc(1, GFP_KERNEL); /* so that no page event comes between */
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, object);
	assert_int_equal(rig_ring_init(&ring, 100, RIG_WANT_ALL), 0);
	rig_event_attach(rig.machine, &ring.sink);

	object = rig_kmem_cache_alloc(rig.cpu, cache, GFP_ATOMIC, 0, 0x1234);
	event = event_at(&ring, 0, RIG_EVENT_kmem_cache_alloc);
	assert_int_equal(event->kmem_cache_alloc.call_site, 0x1234);
	assert_int_equal(event->kmem_cache_alloc.ptr, rig_kernel_address(rig.machine, object));
	assert_int_equal(event->kmem_cache_alloc.bytes_req, 100);
	assert_int_equal(event->kmem_cache_alloc.bytes_alloc, 128);
	assert_int_equal(event->kmem_cache_alloc.gfp_flags, GFP_ATOMIC);
	assert_int_equal(event->kmem_cache_alloc.node, 0);
	assert_int_equal(event->kmem_cache_alloc.accounted, false);
	kmem_cache_free(cache, object);
	event = event_at(&ring, 1, RIG_EVENT_kmem_cache_free);
	assert_string_equal(event->kmem_cache_free.name, "told");
	object = kmalloc(5, GFP_KERNEL);
	event = event_at(&ring, 2, RIG_EVENT_kmalloc);
	assert_int_equal(event->kmalloc.bytes_req, 5);
	assert_int_equal(event->kmalloc.bytes_alloc, 8);
	assert_int_equal(event->kmalloc.node, NUMA_NO_NODE);
	kfree(object);
	event = event_at(&ring, 3, RIG_EVENT_kfree);
	assert_int_equal(event->kfree.ptr, rig_kernel_address(rig.machine, object));
	kfree(NULL);
	event = event_at(&ring, 4, RIG_EVENT_kfree);
	assert_int_equal(event->kfree.ptr, 0);
	object = kmalloc(9000, GFP_KERNEL);
	event_at(&ring, 5, RIG_EVENT_mm_page_alloc_zone_locked);
	event = rig_ring_get(&ring, rig_ring_count(&ring) - 1);
	assert_int_equal(event->id, RIG_EVENT_kmalloc);
	assert_int_equal(event->kmalloc.bytes_alloc, 16384);
	kfree(object);
	rig_event_detach(rig.machine, &ring.sink);
	rig_ring_fini(&ring);
	kfree(small);
	kmem_cache_destroy(cache);
	end();
}

/* Objects in use of a cache, by slabinfo's way of counting. */
static unsigned long in_use(const char *name)
{
	struct kmem_cache *cache = rig_kmem_cache_find(rig.machine, name);
	struct slabinfo info = { 0 };

	kmem_cache_shrink(cache);
	cache->backend->slabinfo(cache, &info);
	return info.active_objs;
}

static void a_failed_creation_leaves_nothing_behind(void **state)
{
	unsigned long nodes, caches;
	struct kmem_cache *cache;
	char error[200];
	int failed = 0;

	begin("slub", NULL);
	assert_int_equal(
		rig_fault_set(rig.machine, "failslab/ignore-gfp-wait", "N", error, sizeof(error)),
		0);
	nodes = in_use("kmem_cache_node");
	caches = in_use("kmem_cache");
	for (unsigned int nth = 1;; nth++) {
		rig_fault_fail_nth(rig.machine, rig.cpu->task, nth);
		cache = kmem_cache_create("tried", 100, 0, 0, construct);
		rig_fault_fail_nth(rig.machine, rig.cpu->task, 0);
		if (cache)
			break;
		failed++;
		assert_null(rig_kmem_cache_find(rig.machine, "tried"));
		assert_int_equal(in_use("kmem_cache_node"), nodes);
		assert_int_equal(in_use("kmem_cache"), caches);
	}
	/* the node's lists; the object of kmem_cache is never made to fail */
	assert_true(failed >= 1);
	kmem_cache_destroy(cache);
	assert_int_equal(in_use("kmem_cache_node"), nodes);
	assert_int_equal(in_use("kmem_cache"), caches);
	assert_int_equal(rig.failures, 0);
	end();
}

static void slabinfo_is_the_kernels(void **state)
{
	static const char first[] = "slabinfo - version: 2.1\n"
				    "# name            <active_objs> <num_objs> <objsize> ";
	struct kmem_cache *cache;
	char *text = NULL;
	size_t size = 0;
	void *object;
	FILE *out;

	begin("slub", NULL);
	cache = kmem_cache_create("shown", 200, 0, 0, construct);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	out = open_memstream(&text, &size);
	rig_slabinfo_show(rig.machine, out);
	fclose(out);
	assert_memory_equal(text, first, sizeof(first) - 1);
	assert_non_null(strstr(text, "shown                 19     19    208   19    1 : tunables  "
				     "  0    0    0 : slabdata      1      1      0\n"));
	/* the oldest cache is the last line */
	assert_non_null(strstr(text, "\nkmem_cache "));
	assert_null(strchr(strchr(strstr(text, "\nkmem_cache ") + 1, '\n') + 1, '\n'));
	free(text);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	end();
}

static void init_on_alloc_clears_whatever_comes(void **state)
{
	u8 *object;

	begin("slub", "init_on_alloc=1");
	object = kmalloc(64, GFP_KERNEL);
	memset(object, 0x55, 64);
	kfree(object);
	assert_ptr_equal(kmalloc(64, GFP_KERNEL), object);
	for (int i = 0; i < 64; i++)
		assert_int_equal(object[i], 0);
	kfree(object);
	end();
}

static void sleeping_where_it_is_forbidden_is_told(void **state)
{
	begin("slub", NULL);
	rig.cpu->preempt_count++;
	kfree(kmalloc(8, GFP_ATOMIC));
	assert_int_equal(rig.failures, 0);
	kfree(kmalloc(8, GFP_KERNEL));
	assert_string_equal(rig.check, "slab.sleeping");
	assert_non_null(strstr(rig.log, "sleeping function called from invalid context"));
	rig.cpu->preempt_count--;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caches_of_nearly_one_size_merge),
		cmocka_unit_test(slab_nomerge_keeps_caches_apart),
		cmocka_unit_test(a_name_is_copied),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(sizes_have_the_kernels_classes),
		cmocka_unit_test(nothing_and_too_much),
		cmocka_unit_test(krealloc_keeps_contents_and_clears_the_rest),
		cmocka_unit_test(large_blocks_are_pages),
		cmocka_unit_test(constructors_run_once_for_each_object),
		cmocka_unit_test(destroy_in_use_tells_of_each_object),
		cmocka_unit_test(events_have_the_kernels_fields),
		cmocka_unit_test(a_failed_creation_leaves_nothing_behind),
		cmocka_unit_test(slabinfo_is_the_kernels),
		cmocka_unit_test(init_on_alloc_clears_whatever_comes),
		cmocka_unit_test(sleeping_where_it_is_forbidden_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
