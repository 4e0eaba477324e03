// SPDX-License-Identifier: GPL-2.0-only
/* What every slab backend's machine notices when callers do wrong, and survives. */
#include "backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/asan.h>
#include <linux/kernel.h>
#include <linux/mm.h>

/* The failure that was seen last ends in @check (".double_free"), and none else was. */
static void expect_failure(struct conformance *test, const char *check)
{
	size_t length = strlen(test->check), end = strlen(check);

	if (test->failures != 1 || length < end || strcmp(test->check + length - end, check) != 0)
		fail_msg("expected %s once, saw %lu failures, the last is '%s'", check,
			 test->failures, test->check);
	test->failures = 0;
	conformance_check(test);
}

static void double_free(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("twice", 64, 0, 0, NULL);
	void *objects[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, objects[1]);
	kmem_cache_free(cache, objects[1]);
	expect_failure(test, ".double_free");
	/* not the last one freed, either */
	kmem_cache_free(cache, objects[2]);
	kmem_cache_free(cache, objects[1]);
	expect_failure(test, ".double_free");
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[3]);
	kmem_cache_destroy(cache);
	assert_int_equal(test->failures, 0);
}

static void double_kfree(struct conformance *test)
{
	void *object = kmalloc(100, GFP_KERNEL), *other = kmalloc(100, GFP_KERNEL);

	kfree(object);
	kfree(object);
	assert_int_equal(test->failures, 1);
	kfree(other);
	test->failures = 0;
	conformance_check(test);
}

static void wrong_cache(struct conformance *test)
{
	struct kmem_cache *one = kmem_cache_create("one", 64, 0, 0, NULL);
	struct kmem_cache *other = kmem_cache_create("other", 160, 0, 0, NULL);
	void *object = kmem_cache_alloc(one, GFP_KERNEL);

	kmem_cache_free(other, object);
	expect_failure(test, ".wrong_cache");
	kmem_cache_free(one, object);
	kmem_cache_destroy(one);
	kmem_cache_destroy(other);
	assert_int_equal(test->failures, 0);
}

static void kmalloc_to_a_cache(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("mine", 64, 0, 0, NULL);
	void *object = kmalloc(64, GFP_KERNEL);

	/* it may have merged with the size class: then the free is all right */
	if (rig_kmem_cache_of(test->machine, object) != cache) {
		kmem_cache_free(cache, object);
		expect_failure(test, ".wrong_cache");
		kfree(object);
	} else {
		kfree(object);
	}
	kmem_cache_destroy(cache);
}

static void foreign_pointer(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("mine", 64, 0, 0, NULL);
	struct page *page = alloc_page(GFP_KERNEL);
	u64 on_stack = 0;

	kmem_cache_free(cache, &on_stack);
	expect_failure(test, ".foreign_pointer");
	kmem_cache_free(cache, page_address(page));
	expect_failure(test, ".foreign_pointer");
	kfree(&on_stack);
	expect_failure(test, ".foreign_pointer");
	__free_page(page);
	kmem_cache_destroy(cache);
}

static void pointer_into_an_object(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("mine", 128, 0, 0, NULL);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object + 16);
	assert_int_equal(test->failures, 1);
	test->failures = 0;
	kmem_cache_free(cache, object + 3);
	assert_int_equal(test->failures, 1);
	test->failures = 0;
	conformance_check(test);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	assert_int_equal(test->failures, 0);
}

/* A cache with a constructor is not merged with another. */
static void construct(void *object)
{
}

static void leak_at_destroy(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("leaky", 64, 0, 0, construct);
	void *objects[50];

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 1; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	expect_failure(test, ".destroy_in_use");
}

/* --- writes to memory that is not the caller's, by the debugging flags */

static bool can(const struct conformance *test, slab_flags_t flags)
{
	return (test->machine->slab->create_mask & flags) == flags;
}

static RIG_NO_ASAN void poke(u8 *at)
{
	*(volatile u8 *)at ^= 0x10;
}

/* SLUB looks at its zones only where SLAB_CONSISTENCY_CHECKS says so; the others ignore it. */

/* A write @offset bytes from the start of an object of a cache with red zones. */
static void expect_red_zone(struct conformance *test, int offset)
{
	struct kmem_cache *cache;
	u8 *object;

	if (!can(test, SLAB_RED_ZONE))
		return;
	cache = kmem_cache_create("zoned", 64, 8, SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	poke(object + offset);
	assert_int_equal(test->failures, 0);
	kmem_cache_free(cache, object);
	if (test->failures == 0)
		fail_msg("a write at offset %d was not noticed", offset);
	kmem_cache_destroy(cache); /* SLUB keeps a damaged object, and says so once more */
	test->failures = 0;
}

static void overrun(struct conformance *test)
{
	expect_red_zone(test, 64);
	expect_red_zone(test, 67);
}

static void underrun(struct conformance *test)
{
	/* SLUB has a red zone in front where alignment asks for one: the object is 64 bytes */
	expect_red_zone(test, -1);
	expect_red_zone(test, -8);
}

static void use_after_free(struct conformance *test)
{
	struct kmem_cache *cache;
	u8 *object;

	if (!can(test, SLAB_POISON))
		return;
	for (int offset = 0; offset < 64; offset += 21) {
		cache = kmem_cache_create("poisoned", 64, 8, SLAB_POISON | SLAB_CONSISTENCY_CHECKS,
					  NULL);
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		memset(object, 0, 64);
		kmem_cache_free(cache, object);
		poke(object + offset);
		/* noticed when it is handed out again, or when its slab goes */
		for (int i = 0; i < 3 && test->failures == 0; i++)
			kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
		kmem_cache_shrink(cache);
		if (test->failures == 0)
			fail_msg("a write at offset %d was not noticed", offset);
		test->failures = 0;
		kmem_cache_destroy(cache);
		test->failures = 0;
	}
}

static void debugged_objects_work(struct conformance *test)
{
	slab_flags_t flags =
		(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER) & test->machine->slab->create_mask;
	static void *objects[300];

	for (unsigned int size = 8; size < 3000; size = size * 3 / 2 + 1) {
		struct kmem_cache *cache = kmem_cache_create("debugged", size, 0, flags, NULL);
		unsigned long chance = size;

		memset(objects, 0, sizeof(objects));
		for (int step = 0; step < 1000; step++) {
			unsigned int slot = conformance_random(&chance) % ARRAY_SIZE(objects);

			if (objects[slot]) {
				kmem_cache_free(cache, objects[slot]);
				objects[slot] = NULL;
			} else {
				objects[slot] = kmem_cache_alloc(cache, GFP_KERNEL);
				memset(objects[slot], 0xee, size);
			}
		}
		conformance_check(test);
		for (unsigned int slot = 0; slot < ARRAY_SIZE(objects); slot++)
			if (objects[slot])
				kmem_cache_free(cache, objects[slot]);
		kmem_cache_destroy(cache);
		if (test->failures)
			fail_msg("%u bytes: %s", size, test->check);
	}
}

/* --- the same under AddressSanitizer, at the very access */

#if RIG_ASAN
static void expect_poisoned(const u8 *at, bool poisoned, const char *what)
{
	if (__asan_address_is_poisoned(at) != poisoned)
		fail_msg("%s: the byte is %spoisoned", what, poisoned ? "not " : "");
}

/* Only the caller's bytes of live objects may be touched. */
static void asan_knows_whose_memory_it_is(struct conformance *test)
{
	struct kmem_cache *cache = kmem_cache_create("watched", 40, 0, 0, NULL);
	u8 *first = kmem_cache_alloc(cache, GFP_KERNEL);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);
	u8 *block = kmalloc(100, GFP_KERNEL);

	expect_poisoned(object, false, "first byte");
	expect_poisoned(object + 39, false, "last byte");
	kmem_cache_free(cache, first);
	expect_poisoned(first, true, "freed object");
	expect_poisoned(first + 39, true, "end of a freed object");
	kmem_cache_free(cache, object);
	expect_poisoned(object, true, "freed object");
	expect_poisoned(block + 99, false, "last byte of kmalloc");
	expect_poisoned(block + 100, true, "byte behind kmalloc's");
	kfree(block);
	expect_poisoned(block, true, "freed kmalloc");
	kmem_cache_destroy(cache);
}

enum crime { OVERRUN, UNDERRUN, USE_AFTER_FREE };

/* The compiler knows some of these sizes itself; here the other sanitizer is on trial. */
static __attribute__((no_sanitize("undefined"))) void commit(enum crime crime)
{
	struct kmem_cache *cache = kmem_cache_create("watched", 64, 0, 0, NULL);
	volatile u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);
	void *objects[16];

	switch (crime) {
	case OVERRUN:
		object = kmalloc(60, GFP_KERNEL);
		object[60] = 1;
		break;
	case UNDERRUN:
		/* the neighbours of the eighth are free */
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			if (i != 7)
				kmem_cache_free(cache, objects[i]);
		object = objects[7];
		object[-1] = 1;
		break;
	case USE_AFTER_FREE:
		kmem_cache_free(cache, (void *)object);
		object[8] = 1;
		break;
	}
}

/*
 * A child that does it is stopped by the sanitizer. It has a machine of its own: simulated memory
 * is shared between parent and child.
 */
static void expect_stopped(const struct conformance *test, enum crime crime)
{
	struct conformance own = { .backend = test->backend,
				   .nr_cpus = test->nr_cpus,
				   .memory = test->memory };
	char text[16384];
	size_t length = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], 2);
		conformance_start(&own);
		commit(crime);
		_exit(0);
	}
	close(ends[1]);
	while (length < sizeof(text) - 1 &&
	       (got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(ends[0]);
	waitpid(child, &status, 0);
	if (!strstr(text, "AddressSanitizer: use-after-poison"))
		fail_msg("crime %d was not seen: %s", crime, text);
	/* the bad access's stack, and the object's */
	if (!strstr(text, "in commit") || !strstr(text, "-byte object ["))
		fail_msg("crime %d: no stack: %s", crime, text);
	if (crime == USE_AFTER_FREE && !strstr(text, "freed by CPU 0 here:"))
		fail_msg("crime %d: not who freed it: %s", crime, text);
	if (!strstr(text, "allocated by CPU 0 here:"))
		fail_msg("crime %d: not who allocated it: %s", crime, text);
}

static void asan_stops_bad_accesses(struct conformance *test)
{
	expect_stopped(test, OVERRUN);
	expect_stopped(test, UNDERRUN);
	expect_stopped(test, USE_AFTER_FREE);
}
#endif

int main(void)
{
	static const struct conformance_test tests[] = {
		{ "a double free is noticed", double_free, true },
		{ "a double kfree is noticed", double_kfree, true },
		{ "a free to the wrong cache is noticed", wrong_cache, true },
		{ "kmalloc's object to a cache is noticed", kmalloc_to_a_cache, false },
		{ "a foreign pointer is noticed", foreign_pointer, true },
		{ "a pointer into an object is noticed", pointer_into_an_object, true },
		{ "a leak at destroy is noticed", leak_at_destroy, false },
		{ "an overrun is noticed by red zones", overrun, true },
		{ "an underrun is noticed by red zones", underrun, true },
		{ "a use after free is noticed by poison", use_after_free, true },
		{ "debugged objects work", debugged_objects_work, true },
#if RIG_ASAN
		{ "AddressSanitizer knows whose memory it is", asan_knows_whose_memory_it_is,
		  true },
		{ "AddressSanitizer stops bad accesses", asan_stops_bad_accesses, true },
#endif
	};

	return CONFORMANCE_RUN("misuse", tests, 0, 0);
}
