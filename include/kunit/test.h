/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit, the kernel's unit tests: suites of cases with expectations. A program that links a suite
 * runs it with kunit_run_suite(kunit_suite_of_module()), on a thread that drives a CPU; results are
 * printed as the kernel prints them (KTAP). Only what tests of allocators use is here.
 */
#ifndef _KUNIT_TEST_H_RIG
#define _KUNIT_TEST_H_RIG

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/types.h>

struct kunit;

/* Something a test holds under a name, for others to find. */
struct kunit_resource {
	void *data;
	const char *name;
	void (*free)(struct kunit_resource *resource);
	struct kunit_resource *next;
};

typedef int (*kunit_resource_init_t)(struct kunit_resource *resource, void *data);
typedef void (*kunit_resource_free_t)(struct kunit_resource *resource);

/* A case that runs. */
struct kunit {
	void *priv;
	const char *name;
	bool failed;
	struct kunit_resource *resources;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char name[256];
	int (*init)(struct kunit *test); /* before each case; not 0: the case fails */
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases; /* ends with an empty one */
};

#define KUNIT_CASE(function)                                                                       \
	{                                                                                          \
		.run_case = function, .name = #function                                            \
	}

struct kunit_suite *kunit_suite_of_module(void);
#define kunit_test_suite(suite)                                                                    \
	struct kunit_suite *kunit_suite_of_module(void)                                            \
	{                                                                                          \
		return &(suite);                                                                   \
	}

/*
 * Runs all cases; @before and @after (may be NULL) surround each, after the suite's init. Returns
 * how many failed.
 */
int kunit_run_suite(struct kunit_suite *suite, void (*before)(struct kunit *test),
		    void (*after)(struct kunit *test));

/* @data belongs to the test under @name until its end. 0 or what @init returns. */
static inline int kunit_add_named_resource(struct kunit *test, kunit_resource_init_t init,
					   kunit_resource_free_t free,
					   struct kunit_resource *resource, const char *name,
					   void *data)
{
	int error;

	resource->data = data;
	resource->name = name;
	resource->free = free;
	error = init ? init(resource, data) : 0;
	if (error)
		return error;
	resource->next = test->resources;
	test->resources = resource;
	return 0;
}

/* NULL: there is none of that name. */
struct kunit_resource *kunit_find_named_resource(struct kunit *test, const char *name);

void kunit_fail(struct kunit *test, const char *file, int line, const char *text, long long left,
		long long right);

#define KUNIT_EXPECT_BINARY(test, left, op, right)                                                 \
	do {                                                                                       \
		__typeof__(left) _left = (left);                                                   \
		__typeof__(right) _right = (right);                                                \
		if (!(_left op _right))                                                            \
			kunit_fail(test, __FILE__, __LINE__, #left " " #op " " #right,             \
				   (long long)_left, (long long)_right);                           \
	} while (0)
#define KUNIT_EXPECT_EQ(test, left, right) KUNIT_EXPECT_BINARY(test, left, ==, right)
#define KUNIT_EXPECT_NE(test, left, right) KUNIT_EXPECT_BINARY(test, left, !=, right)
#define KUNIT_EXPECT_LT(test, left, right) KUNIT_EXPECT_BINARY(test, left, <, right)
#define KUNIT_EXPECT_GT(test, left, right) KUNIT_EXPECT_BINARY(test, left, >, right)
#define KUNIT_EXPECT_TRUE(test, condition) KUNIT_EXPECT_BINARY(test, !!(condition), ==, 1)
#define KUNIT_EXPECT_FALSE(test, condition) KUNIT_EXPECT_BINARY(test, !!(condition), ==, 0)
#define KUNIT_EXPECT_PTR_EQ(test, left, right)                                                     \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(left), ==, (unsigned long)(right))
#define KUNIT_EXPECT_NOT_NULL(test, pointer)                                                       \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(pointer), !=, 0UL)

#endif
