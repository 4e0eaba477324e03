// SPDX-License-Identifier: GPL-2.0-only
/* What a trace says about its objects before it is replayed: short traces, drawn by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../replay/object_plan.h"

#define SLAB_PFN 0x100
#define SLAB_AT (RIG_PAGE_OFFSET + (SLAB_PFN << 12))
#define OTHER_AT (RIG_PAGE_OFFSET + (0x200 << 12))

static struct rig_event page_alloc(int pid)
{
	return (struct rig_event){ .id = RIG_EVENT_mm_page_alloc,
				   .pid = pid,
				   .comm = "task",
				   .mm_page_alloc = { .pfn = SLAB_PFN } };
}

static struct rig_event object_alloc(int pid, u64 address)
{
	return (struct rig_event){ .id = RIG_EVENT_kmem_cache_alloc,
				   .pid = pid,
				   .comm = "task",
				   .kmem_cache_alloc = {
					   .ptr = address, .bytes_req = 64, .bytes_alloc = 64 } };
}

static struct rig_event object_free(int pid, u64 address)
{
	return (struct rig_event){ .id = RIG_EVENT_kmem_cache_free,
				   .pid = pid,
				   .comm = "task",
				   .kmem_cache_free = { .ptr = address, .name = "cache" } };
}

static struct rig_object_plan *plan(struct rig_trace_log *log, struct rig_event *events, size_t nr,
				    size_t end)
{
	struct rig_object_plan *made;

	*log = (struct rig_trace_log){ .events = events, .nr = nr, .end = end, .nr_cpus = 1 };
	made = rig_object_plan_create(log, NULL, true);
	assert_non_null(made);
	return made;
}

static void a_slab_and_its_object_belong_together(void **state)
{
	struct rig_event events[] = { page_alloc(1), object_alloc(1, SLAB_AT) };
	struct rig_trace_log log;
	struct rig_object_plan *got = plan(&log, events, 2, 2);

	assert_true(got->of_slab[0]);
	assert_false(got->untraced[0]);
	assert_int_equal(got->early[0], RIG_NO_EVENT);
	rig_object_plan_destroy(got);
}

static void an_interrupt_may_come_between_them(void **state)
{
	struct rig_event events[] = { page_alloc(1), object_free(1, OTHER_AT),
				      object_alloc(2, OTHER_AT), object_alloc(1, SLAB_AT) };
	struct rig_trace_log log;
	struct rig_object_plan *got = plan(&log, events, 4, 4);

	assert_true(got->of_slab[0]);
	assert_false(got->untraced[0]);
	assert_int_equal(got->early[0], 3);
	rig_object_plan_destroy(got);
}

/* The task goes on elsewhere: something untraced took the slab's first objects. */
static void a_slab_that_nobody_asked_for_is_of_an_untraced_call(void **state)
{
	struct rig_event events[] = { page_alloc(1), object_alloc(1, OTHER_AT),
				      object_free(1, SLAB_AT) };
	struct rig_trace_log log;
	struct rig_object_plan *got = plan(&log, events, 3, 3);

	assert_true(got->of_slab[0]);
	assert_true(got->untraced[0]);
	assert_int_equal(got->early[0], RIG_NO_EVENT);
	rig_object_plan_destroy(got);
}

static void what_comes_after_the_end_tells_of_objects(void **state)
{
	struct rig_event events[] = { page_alloc(1), object_alloc(1, SLAB_AT),
				      object_free(1, SLAB_AT + 64) };
	struct rig_trace_log log;
	struct rig_object_plan *got = plan(&log, events, 3, 2);

	assert_int_equal(rig_object_plan_fate(got, SLAB_AT + 64), RIG_OBJECT_FREED);
	assert_int_equal(rig_object_plan_fate(got, SLAB_AT), RIG_OBJECT_ALLOCATED);
	rig_object_plan_passed(got, 1);
	assert_int_equal(rig_object_plan_fate(got, SLAB_AT), RIG_OBJECT_SILENT);
	rig_object_plan_destroy(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slab_and_its_object_belong_together),
		cmocka_unit_test(an_interrupt_may_come_between_them),
		cmocka_unit_test(a_slab_that_nobody_asked_for_is_of_an_untraced_call),
		cmocka_unit_test(what_comes_after_the_end_tells_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
