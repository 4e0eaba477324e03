// SPDX-License-Identifier: GPL-2.0-only
/* Runs suites of KUnit: include/kunit/test.h. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <kunit/test.h>
#include <linux/slab.h>

struct kunit_resource *kunit_find_named_resource(struct kunit *test, const char *name)
{
	struct kunit_resource *resource = test->resources;

	while (resource && strcmp(resource->name, name) != 0)
		resource = resource->next;
	return resource;
}

void kunit_fail(struct kunit *test, const char *file, int line, const char *text, long long left,
		long long right)
{
	test->failed = true;
	printf("    # %s: EXPECTATION FAILED at %s:%d\n    Expected %s, but left is %lld, right %lld\n",
	       test->name, file, line, text, left, right);
}

static void free_resources(struct kunit *test)
{
	struct kunit_resource *next;

	for (struct kunit_resource *resource = test->resources; resource; resource = next) {
		next = resource->next;
		if (resource->free)
			resource->free(resource);
	}
}

void kunit_abort(struct kunit *test)
{
	longjmp(*(jmp_buf *)test->end, 1);
}

static void run_case(const struct kunit_case *test_case, struct kunit *test)
{
	jmp_buf end;

	test->end = &end;
	if (setjmp(end) == 0)
		test_case->run_case(test);
}

struct memory {
	struct kunit_resource resource;
	u8 bytes[] __attribute__((aligned(16)));
};

static void free_memory(struct kunit_resource *resource)
{
	kfree(container_of(resource, struct memory, resource));
}

void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	struct memory *memory = kmalloc(size_add(sizeof(*memory), size_mul(n, size)), gfp);

	if (!memory)
		return NULL;
	kunit_add_named_resource(test, NULL, free_memory, &memory->resource, "", memory);
	return memory->bytes;
}

void kunit_kfree(struct kunit *test, const void *memory)
{
	struct kunit_resource **link = &test->resources;

	while (*link && ((*link)->free != free_memory ||
			 container_of(*link, struct memory, resource)->bytes != memory))
		link = &(*link)->next;
	if (*link) {
		struct kunit_resource *resource = *link;

		*link = resource->next;
		free_memory(resource);
	}
}

int kunit_run_suite(struct kunit_suite *suite, void (*before)(struct kunit *test),
		    void (*after)(struct kunit *test))
{
	int number = 0, failed = 0;

	printf("KTAP version 1\n# Subtest: %s\n", suite->name);
	for (struct kunit_case *test_case = suite->test_cases; test_case->run_case; test_case++) {
		struct kunit test = { .name = test_case->name };

		test.failed = suite->init && suite->init(&test);
		if (before)
			before(&test);
		if (!test.failed)
			run_case(test_case, &test);
		if (after)
			after(&test);
		if (suite->exit)
			suite->exit(&test);
		free_resources(&test);
		failed += test.failed;
		printf("%s %d - %s\n", test.failed ? "not ok" : "ok", ++number, test.name);
	}
	printf("1..%d\n", number);
	return failed;
}
