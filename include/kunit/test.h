/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit, the kernel's unit tests: suites of cases with expectations. A program that links a suite
 * runs it with kunit_run_suite() of kunit_suites_of_module(), on a thread that drives a CPU;
 * results are printed as the kernel prints them (KTAP). Only what tests of allocators use is here.
 */
#ifndef _KUNIT_TEST_H_RIG
#define _KUNIT_TEST_H_RIG

#include <linux/err.h>
#include <linux/gfp_types.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
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
	void *end; /* where an assertion that fails goes */
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

/* The suites that the program links, ended by NULL. */
struct kunit_suite **kunit_suites_of_module(void);
#define kunit_test_suites(...)                                                                     \
	struct kunit_suite **kunit_suites_of_module(void)                                          \
	{                                                                                          \
		static struct kunit_suite *suites[] = { __VA_ARGS__, NULL };                       \
		return suites;                                                                     \
	}                                                                                          \
	_Static_assert(1, "")
#define kunit_test_suite(suite) kunit_test_suites(&(suite))

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

/* Memory that goes with the test's end. NULL: none. */
void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *memory);

static inline void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp);
}

static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp | __GFP_ZERO);
}

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, n, size, gfp | __GFP_ZERO);
}

#define kunit_info(test, format, ...) printk("    # %s: " format, (test)->name, ##__VA_ARGS__)
#define kunit_warn(test, format, ...) kunit_info(test, format, ##__VA_ARGS__)
#define kunit_err(test, format, ...) kunit_info(test, format, ##__VA_ARGS__)

/* The case ends here. */
void kunit_abort(struct kunit *test) __attribute__((noreturn));
#define kunit_skip(test, format, ...)                                                              \
	do {                                                                                       \
		kunit_info(test, "SKIP " format, ##__VA_ARGS__);                                   \
		kunit_abort(test);                                                                 \
	} while (0)
#define kunit_mark_skipped(test, format, ...) kunit_info(test, "SKIP " format, ##__VA_ARGS__)

void kunit_fail(struct kunit *test, const char *file, int line, const char *text, long long left,
		long long right);

/* An expectation that fails is noted; an assertion that fails ends the case too. */
#define RIG_KUNIT_BINARY(test, left, op, right, then, ...)                                         \
	do {                                                                                       \
		__auto_type _left = (left);                                                        \
		__auto_type _right = (right);                                                      \
		if (!(_left op _right)) {                                                          \
			kunit_fail(test, __FILE__, __LINE__, #left " " #op " " #right,             \
				   (long long)_left, (long long)_right);                           \
			RIG_KUNIT_SAY(test, ##__VA_ARGS__);                                        \
			then;                                                                      \
		}                                                                                  \
	} while (0)
#define RIG_KUNIT_SAY(test, ...) __VA_OPT__(kunit_info(test, __VA_ARGS__))
#define KUNIT_EXPECT_BINARY(test, left, op, right, ...)                                            \
	RIG_KUNIT_BINARY(test, left, op, right, , ##__VA_ARGS__)
#define KUNIT_ASSERT_BINARY(test, left, op, right, ...)                                            \
	RIG_KUNIT_BINARY(test, left, op, right, kunit_abort(test), ##__VA_ARGS__)

#define KUNIT_FAIL(test, format, ...)                                                              \
	do {                                                                                       \
		kunit_fail(test, __FILE__, __LINE__, "no failure", 0, 0);                          \
		kunit_info(test, format, ##__VA_ARGS__);                                           \
	} while (0)

#define KUNIT_EXPECT_EQ(test, left, right) KUNIT_EXPECT_BINARY(test, left, ==, right)
#define KUNIT_EXPECT_EQ_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, ==, right, __VA_ARGS__)
#define KUNIT_EXPECT_NE(test, left, right) KUNIT_EXPECT_BINARY(test, left, !=, right)
#define KUNIT_EXPECT_NE_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, !=, right, __VA_ARGS__)
#define KUNIT_EXPECT_LT(test, left, right) KUNIT_EXPECT_BINARY(test, left, <, right)
#define KUNIT_EXPECT_LT_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, <, right, __VA_ARGS__)
#define KUNIT_EXPECT_LE(test, left, right) KUNIT_EXPECT_BINARY(test, left, <=, right)
#define KUNIT_EXPECT_LE_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, <=, right, __VA_ARGS__)
#define KUNIT_EXPECT_GT(test, left, right) KUNIT_EXPECT_BINARY(test, left, >, right)
#define KUNIT_EXPECT_GT_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, >, right, __VA_ARGS__)
#define KUNIT_EXPECT_GE(test, left, right) KUNIT_EXPECT_BINARY(test, left, >=, right)
#define KUNIT_EXPECT_GE_MSG(test, left, right, ...)                                                \
	KUNIT_EXPECT_BINARY(test, left, >=, right, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE(test, condition) KUNIT_EXPECT_BINARY(test, !!(condition), ==, 1)
#define KUNIT_EXPECT_TRUE_MSG(test, condition, ...)                                                \
	KUNIT_EXPECT_BINARY(test, !!(condition), ==, 1, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE(test, condition) KUNIT_EXPECT_BINARY(test, !!(condition), ==, 0)
#define KUNIT_EXPECT_FALSE_MSG(test, condition, ...)                                               \
	KUNIT_EXPECT_BINARY(test, !!(condition), ==, 0, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(test, left, right)                                                     \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(left), ==, (unsigned long)(right))
#define KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, ...)                                            \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(left), ==, (unsigned long)(right), __VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE(test, left, right)                                                     \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(left), !=, (unsigned long)(right))
#define KUNIT_EXPECT_PTR_NE_MSG(test, left, right, ...)                                            \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(left), !=, (unsigned long)(right), __VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL(test, pointer)                                                       \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(pointer), !=, 0UL)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, pointer, ...)                                              \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(pointer), !=, 0UL, __VA_ARGS__)
#define KUNIT_EXPECT_NULL(test, pointer)                                                           \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(pointer), ==, 0UL)
#define KUNIT_EXPECT_NULL_MSG(test, pointer, ...)                                                  \
	KUNIT_EXPECT_BINARY(test, (unsigned long)(pointer), ==, 0UL, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(test, pointer)                                                \
	KUNIT_EXPECT_BINARY(test, (int)IS_ERR_OR_NULL(pointer), ==, 0)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(test, pointer, ...)                                       \
	KUNIT_EXPECT_BINARY(test, (int)IS_ERR_OR_NULL(pointer), ==, 0, __VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, left, right) KUNIT_ASSERT_BINARY(test, left, ==, right)
#define KUNIT_ASSERT_EQ_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, ==, right, __VA_ARGS__)
#define KUNIT_ASSERT_NE(test, left, right) KUNIT_ASSERT_BINARY(test, left, !=, right)
#define KUNIT_ASSERT_NE_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, !=, right, __VA_ARGS__)
#define KUNIT_ASSERT_LT(test, left, right) KUNIT_ASSERT_BINARY(test, left, <, right)
#define KUNIT_ASSERT_LT_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, <, right, __VA_ARGS__)
#define KUNIT_ASSERT_LE(test, left, right) KUNIT_ASSERT_BINARY(test, left, <=, right)
#define KUNIT_ASSERT_LE_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, <=, right, __VA_ARGS__)
#define KUNIT_ASSERT_GT(test, left, right) KUNIT_ASSERT_BINARY(test, left, >, right)
#define KUNIT_ASSERT_GT_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, >, right, __VA_ARGS__)
#define KUNIT_ASSERT_GE(test, left, right) KUNIT_ASSERT_BINARY(test, left, >=, right)
#define KUNIT_ASSERT_GE_MSG(test, left, right, ...)                                                \
	KUNIT_ASSERT_BINARY(test, left, >=, right, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE(test, condition) KUNIT_ASSERT_BINARY(test, !!(condition), ==, 1)
#define KUNIT_ASSERT_TRUE_MSG(test, condition, ...)                                                \
	KUNIT_ASSERT_BINARY(test, !!(condition), ==, 1, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE(test, condition) KUNIT_ASSERT_BINARY(test, !!(condition), ==, 0)
#define KUNIT_ASSERT_FALSE_MSG(test, condition, ...)                                               \
	KUNIT_ASSERT_BINARY(test, !!(condition), ==, 0, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ(test, left, right)                                                     \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(left), ==, (unsigned long)(right))
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, ...)                                            \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(left), ==, (unsigned long)(right), __VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE(test, left, right)                                                     \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(left), !=, (unsigned long)(right))
#define KUNIT_ASSERT_PTR_NE_MSG(test, left, right, ...)                                            \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(left), !=, (unsigned long)(right), __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(test, pointer)                                                       \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(pointer), !=, 0UL)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, pointer, ...)                                              \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(pointer), !=, 0UL, __VA_ARGS__)
#define KUNIT_ASSERT_NULL(test, pointer)                                                           \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(pointer), ==, 0UL)
#define KUNIT_ASSERT_NULL_MSG(test, pointer, ...)                                                  \
	KUNIT_ASSERT_BINARY(test, (unsigned long)(pointer), ==, 0UL, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pointer)                                                \
	KUNIT_ASSERT_BINARY(test, (int)IS_ERR_OR_NULL(pointer), ==, 0)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, pointer, ...)                                       \
	KUNIT_ASSERT_BINARY(test, (int)IS_ERR_OR_NULL(pointer), ==, 0, __VA_ARGS__)
#define KUNIT_EXPECT_STREQ(test, left, right) KUNIT_EXPECT_BINARY(test, strcmp(left, right), ==, 0)
#define KUNIT_ASSERT_STREQ(test, left, right) KUNIT_ASSERT_BINARY(test, strcmp(left, right), ==, 0)
#define KUNIT_SUCCEED(test) ((void)(test))

#endif
