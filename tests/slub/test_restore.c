// SPDX-License-Identifier: GPL-2.0-only
/* Recorded caches and slabs: restored, they are what was recorded, and work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/input.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/restore.h>
#include <kmemrig/state.h>
#include <linux/slab.h>

#define SAMPLE "replay/samples/calm/"
#define DATA "tests/slub/data/"

static struct rig_state *read_state(const char *path)
{
	char error[RIG_STATE_ERROR];
	struct rig_state *state = rig_state_read(path, error);

	if (!state)
		fail_msg("%s", error);
	return state;
}

static struct rig_machine *machine_of(const struct rig_state *state)
{
	char error[RIG_STATE_ERROR];
	struct rig_machine *machine = rig_state_make_machine(state, NULL, true, error);

	if (!machine)
		fail_msg("%s", error);
	return machine;
}

static void expect_all_holds(struct rig_machine *machine)
{
	struct rig_verdict verdict = { .name = NULL };

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void expect_slabinfo(struct rig_machine *machine, const char *path)
{
	struct rig_input recorded;
	char error[RIG_STATE_ERROR];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!rig_input_read(&recorded, path, error))
		fail_msg("%s", error);
	rig_slabinfo_show(machine, out);
	fclose(out);
	assert_int_equal(size, recorded.size);
	assert_memory_equal(text, recorded.data, size);
	free(text);
	rig_input_free(&recorded);
}

static void restored_slabs_read_back_as_recorded(void **unused)
{
	struct rig_state *state = read_state(SAMPLE "before.state.xz");
	struct rig_machine *machine = machine_of(state);
	struct rig_state *got = rig_state_of_machine(machine);
	struct rig_state_difference difference = rig_state_compare(state, got, stderr, 10);

	assert_true(difference.slab_lists > 100);
	assert_int_equal(difference.slab_lists_identical, difference.slab_lists);
	assert_int_equal(difference.lists_identical, difference.lists);
	expect_all_holds(machine);
	rig_state_free(got);
	rig_machine_destroy(machine);
	rig_state_free(state);
}

static void slabinfo_is_the_recorded_file(void **unused)
{
	static const char *const files[][2] = {
		{ SAMPLE "before.state.xz", DATA "calm-before.slabinfo.xz" },
		{ SAMPLE "after.state.xz", DATA "calm-after.slabinfo.xz" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct rig_state *state = read_state(files[i][0]);
		struct rig_machine *machine = machine_of(state);

		expect_slabinfo(machine, files[i][1]);
		rig_machine_destroy(machine);
		rig_state_free(state);
	}
}

static void a_restored_machine_works(void **unused)
{
	struct rig_state *state = read_state(SAMPLE "before.state.xz");
	struct rig_machine *machine = machine_of(state);
	struct kmem_cache *old = rig_kmem_cache_find(machine, "dentry"), *made;
	void *objects[500];

	rig_cpu_enter(&machine->cpus[0]);
	made = kmem_cache_create("made", 48, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = i % 3 == 0	  ? kmem_cache_alloc(old, GFP_KERNEL)
			     : i % 3 == 1 ? kmem_cache_alloc(made, GFP_KERNEL)
					  : kmalloc(i, GFP_KERNEL);
	expect_all_holds(machine);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		assert_non_null(objects[i]);
		kfree(objects[i]);
	}
	kmem_cache_destroy(made);
	expect_all_holds(machine);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	rig_state_free(state);
}

static void objects_are_taken_and_put_back(void **unused)
{
	struct rig_state *state = read_state(SAMPLE "before.state.xz");
	struct rig_machine *machine = machine_of(state);
	struct kmem_cache *cache = rig_kmem_cache_find(machine, "dentry");
	struct rig_cpu *cpu = &machine->cpus[0];
	void *next, *object;

	rig_cpu_enter(cpu);
	next = rig_object_next(cpu, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_ptr_equal(object, next);
	assert_null(rig_object_take(cpu, cache, object));
	rig_object_put_back(cpu, cache, object);
	assert_ptr_equal(rig_object_next(cpu, cache), object);
	assert_ptr_equal(rig_object_take(cpu, cache, object), object);
	assert_ptr_not_equal(rig_object_next(cpu, cache), object);
	kmem_cache_free(cache, object);
	expect_all_holds(machine);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	rig_state_free(state);
}

static void wrong_slabs_are_refused(void **unused)
{
	struct rig_state *state = read_state(SAMPLE "before.state.xz");
	char error[RIG_STATE_ERROR];
	u16 twice[] = { 1, 1 };

	for (size_t i = 0; i < state->nr_slabs; i++) {
		struct rig_state_slab *slab = &state->slabs[i];
		u16 *before = slab->free;

		if (slab->place != RIG_STATE_NODE_PARTIAL || slab->nr_free != 2)
			continue;
		slab->free = twice;
		assert_null(rig_state_make_machine(state, NULL, true, error));
		assert_non_null(strstr(error, "has no object 1 in use to be freed"));
		slab->free = before;
		rig_state_free(state);
		return;
	}
	fail_msg("no slab with two free objects in the sample");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restored_slabs_read_back_as_recorded),
		cmocka_unit_test(slabinfo_is_the_recorded_file),
		cmocka_unit_test(a_restored_machine_works),
		cmocka_unit_test(objects_are_taken_and_put_back),
		cmocka_unit_test(wrong_slabs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
