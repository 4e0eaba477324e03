// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real kernels' page frames: a recorded state, the events that followed, and the state after them.
 * Our allocator has to choose the same pages and end with the same lists in the same order.
 */

#include <kmemrig/follow.h>
#include <kmemrig/input.h>
#include <kmemrig/proc.h>
#include <kmemrig/state.h>

#include "rig.h"

struct recording {
	const char *name;
	u64 least_exact; /* of 10,000 allocations */
	bool proc;
};

static struct rig_state *read_state(const char *name, const char *which)
{
	char path[200], error[RIG_STATE_ERROR];
	struct rig_state *state;

	snprintf(path, sizeof(path), "tests/page/data/%s.%s.state.xz", name, which);
	state = rig_state_read(path, error);
	if (!state)
		fail_msg("%s", error);
	return state;
}

/* A line of the data's README to an event; false: the end. */
static bool read_line(char **text, struct rig_event *event)
{
	char kind = **text, *at = *text + 1;
	unsigned long v[6] = { 0 };

	if (!kind || kind == '\n')
		return false;
	for (int i = 0; i < 6 && *at != '\n'; i++)
		v[i] = strtoul(at, &at, i == 2 || (kind == 'A' && i == 4) ? 16 : 10);
	*text = at + 1;
	*event = (struct rig_event){ .cpu = (int)v[0], .pid = (int)v[1], .comm = "" };
	switch (kind) {
	case 'A':
		event->id = RIG_EVENT_mm_page_alloc;
		event->mm_page_alloc.pfn = v[2];
		event->mm_page_alloc.order = (u32)v[3];
		event->mm_page_alloc.gfp_flags = v[4];
		event->mm_page_alloc.migratetype = (s32)v[5];
		break;
	case 'F':
		event->id = RIG_EVENT_mm_page_free;
		event->mm_page_free.pfn = v[2];
		event->mm_page_free.order = (u32)v[3];
		break;
	case 'B':
		event->id = RIG_EVENT_mm_page_free_batched;
		event->mm_page_free_batched.pfn = v[2];
		break;
	case 'Z':
		event->id = RIG_EVENT_mm_page_alloc_zone_locked;
		event->mm_page_alloc_zone_locked.pfn = v[2];
		event->mm_page_alloc_zone_locked.order = (u32)v[3];
		event->mm_page_alloc_zone_locked.migratetype = (s32)v[4] / 10;
		event->mm_page_alloc_zone_locked.percpu_refill = (s32)v[4] % 10;
		break;
	case 'D':
		event->id = RIG_EVENT_mm_page_pcpu_drain;
		event->mm_page_pcpu_drain.pfn = v[2];
		event->mm_page_pcpu_drain.order = (u32)v[3];
		event->mm_page_pcpu_drain.migratetype = (s32)v[4];
		break;
	default:
		event->id = RIG_EVENT_mm_page_alloc_extfrag;
		event->mm_page_alloc_extfrag.pfn = v[2];
		event->mm_page_alloc_extfrag.change_ownership = (s32)v[4] % 10;
	}
	return true;
}

static struct rig_follow *read_events(struct rig_machine *machine, const char *name)
{
	struct rig_follow *follow = rig_follow_create(machine);
	char path[200], error[RIG_INPUT_ERROR], *text;
	struct rig_input input;
	struct rig_event event;

	assert_non_null(follow);
	snprintf(path, sizeof(path), "tests/page/data/%s.events.xz", name);
	if (!rig_input_read(&input, path, error))
		fail_msg("%s", error);
	text = input.data;
	while (read_line(&text, &event))
		assert_int_equal(rig_follow_event(follow, &event), 0);
	rig_input_free(&input);
	return follow;
}

static void compare_proc(struct rig_machine *machine, const char *recording, const char *file)
{
	char path[200], error[RIG_INPUT_ERROR], *text = NULL;
	struct rig_input input;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	snprintf(path, sizeof(path), "tests/page/data/%s.%s", recording, file);
	if (!rig_input_read(&input, path, error))
		fail_msg("%s", error);
	assert_true(rig_proc_write(machine, file, out));
	fclose(out);
	assert_string_equal(text, input.data);
	free(text);
	rig_input_free(&input);
}

static void follow_recording(const struct recording *recording)
{
	struct rig_state *before = read_state(recording->name, "before");
	struct rig_state *after = read_state(recording->name, "after"), *got;
	struct rig_machine_config config = { .name = recording->name, .slab_backend = "slob" };
	const struct rig_follow_result *result;
	struct rig_state_difference difference;
	char error[RIG_STATE_ERROR] = "";
	struct rig_machine *machine = rig_state_make_machine(before, &config, false, error);
	struct rig_follow *follow;

	if (!machine)
		fail_msg("%s", error);
	machine->check->on_failure = RIG_FAILURE_COUNT;
	rig_cpu_enter(&machine->cpus[0]);
	follow = read_events(machine, recording->name);
	assert_true(rig_follow_run(follow));
	result = rig_follow_result(follow);
	print_message("%s: %lu of %lu exact, %lu inferred\n", recording->name, result->exact,
		      result->allocs, result->inferred);
	assert_true(result->exact * 10000 >= result->allocs * recording->least_exact);
	assert_int_equal(result->failed_spurious, 0);
	assert_int_equal(result->failed_reproduced, result->failed_traced);
	assert_int_equal(result->lost, 0);
	test_check(machine);
	assert_int_equal(machine->check->failures, 0);
	got = rig_state_of_machine(machine);
	difference = rig_state_compare(after, got, stderr, 5);
	assert_int_equal(difference.lists_identical, difference.lists);
	assert_int_equal(difference.pageblocks_identical, difference.pageblocks);
	if (recording->proc) {
		compare_proc(machine, recording->name, "buddyinfo");
		compare_proc(machine, recording->name, "pagetypeinfo");
	}
	rig_follow_destroy(follow);
	rig_state_free(got);
	rig_state_free(after);
	rig_state_free(before);
	test_end(machine);
}

static void every_page_where_watermarks_decide(void **state)
{
	follow_recording(&(struct recording){ .name = "low-1cpu", .least_exact = 10000 });
}

static void failures_and_the_oom_killers_victim(void **state)
{
	follow_recording(&(struct recording){ .name = "oom-1cpu", .least_exact = 10000 });
}

static void two_cpus_in_the_order_of_the_zone_lock(void **state)
{
	follow_recording(&(struct recording){ .name = "smp2", .least_exact = 10000, .proc = true });
}

static void two_nodes_with_huge_pages(void **state)
{
	follow_recording(
		&(struct recording){ .name = "numa-thp-2cpu", .least_exact = 10000, .proc = true });
}

static void bulk_allocations_are_inferred(void **state)
{
	follow_recording(&(struct recording){ .name = "blind-1cpu", .least_exact = 10000 });
}

static void fallbacks_reclaim_and_compaction(void **state)
{
	follow_recording(
		&(struct recording){ .name = "pressure-1cpu", .least_exact = 9990, .proc = true });
}

/* A trace that was changed must be noticed. */
static void another_page_is_a_difference(void **state)
{
	struct rig_state *before = read_state("low-1cpu", "before");
	struct rig_machine_config config = { .name = "changed", .slab_backend = "slob" };
	char error[RIG_STATE_ERROR] = "";
	struct rig_machine *machine = rig_state_make_machine(before, &config, false, error);
	struct rig_follow *follow = rig_follow_create(machine);
	struct rig_event event = { .id = RIG_EVENT_mm_page_alloc, .comm = "" };

	rig_cpu_enter(&machine->cpus[0]);
	event.mm_page_alloc.gfp_flags = GFP_KERNEL;
	event.mm_page_alloc.pfn = 0x100; /* free, but not next */
	while (rig_page_where(machine, event.mm_page_alloc.pfn, NULL) != RIG_PLACE_BUDDY)
		event.mm_page_alloc.pfn++;
	rig_follow_event(follow, &event);
	assert_true(rig_follow_run(follow));
	assert_int_equal(rig_follow_result(follow)->exact, 0);
	assert_int_equal(rig_follow_result(follow)->inferred, 1);
	test_check(machine);
	rig_follow_destroy(follow);
	rig_state_free(before);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_where_watermarks_decide),
		cmocka_unit_test(failures_and_the_oom_killers_victim),
		cmocka_unit_test(two_cpus_in_the_order_of_the_zone_lock),
		cmocka_unit_test(two_nodes_with_huge_pages),
		cmocka_unit_test(bulk_allocations_are_inferred),
		cmocka_unit_test(fallbacks_reclaim_and_compaction),
		cmocka_unit_test(another_page_is_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
