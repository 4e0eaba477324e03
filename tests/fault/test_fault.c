// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault attributes: the failures that a kernel made of recorded scripts, and each member of an
 * attribute by itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/fault.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/input.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#define NR_SLOTS 4096
#define NR_CACHES 16
#define BLOCKING GFP_KERNEL

static char logged[8192];

static void keep_log(struct rig_machine *machine, const char *line, void *data)
{
	size_t length = strlen(logged);

	snprintf(logged + length, sizeof(logged) - length, "%s\n", line);
}

static struct rig_machine *make(u64 seed)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 255 * SZ_1M } };
	struct rig_machine_config config = {
		.name = "fault", .memory = memory, .nr_memory = 1, .seed = seed
	};
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	machine->check->print = keep_log;
	logged[0] = '\0';
	rig_cpu_enter(&machine->cpus[0]);
	return machine;
}

static int make_machine(void **state)
{
	*state = make(1);
	return 0;
}

static int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

static void set(struct rig_machine *machine, const char *path, const char *value)
{
	char error[200] = "";

	if (rig_fault_set(machine, path, value, error, sizeof(error)))
		fail_msg("%s", error);
}

static bool slab_fails(struct rig_machine *machine, size_t size, gfp_t gfp)
{
	return rig_should_failslab(&machine->cpus[0], NULL, size, gfp);
}

static bool page_fails(struct rig_machine *machine, gfp_t gfp, unsigned int order)
{
	return rig_should_fail_alloc_page(&machine->cpus[0], gfp, order);
}

/* --- recorded scripts */

struct script {
	struct rig_machine *machine;
	struct kmem_cache *caches[NR_CACHES];
	char kind[NR_SLOTS];
	void *slots[NR_SLOTS];
	unsigned int orders[NR_SLOTS];
	char *answers;
	unsigned int compared, failed;
};

static void construct(void *object)
{
}

static void compare(struct script *script, const char *got)
{
	size_t length = strcspn(script->answers, "\n");

	if (strlen(got) != length || strncmp(got, script->answers, length) != 0)
		fail_msg("answer %u: kernel '%.*s', here '%s'", script->compared, (int)length,
			 script->answers, got);
	script->answers += length + 1;
	script->compared++;
	script->failed += strstr(got, "NULL") != NULL;
}

static void answer(struct script *script, char kind, unsigned int slot, void *object,
		   unsigned int order)
{
	char text[64];

	script->kind[slot] = object ? kind : 0;
	script->slots[slot] = object;
	script->orders[slot] = order;
	snprintf(text, sizeof(text), "%c %u %s", kind, slot, object ? "ok" : "NULL");
	compare(script, text);
}

static void run_line(struct script *script, const char *line)
{
	struct rig_machine *machine = script->machine;
	unsigned int slot = 0, number = 0, gfp = (__force unsigned int)GFP_ATOMIC;
	char path[64], value[32], text[32];

	switch (line[0]) {
	case 'A':
		assert_int_equal(sscanf(line, "A %63s %31s", path, value), 2);
		set(machine, path, value);
		break;
	case 'F':
		rig_fault_make_it_fail(machine, current, line[2] == '1');
		break;
	case 'n':
		snprintf(text, sizeof(text), "n %u",
			 rig_fault_fail_nth(machine, current, (unsigned int)atoi(line + 2)));
		compare(script, text);
		break;
	case 'c':
		assert_int_equal(sscanf(line, "c %u %u", &slot, &number), 2);
		snprintf(text, sizeof(text), "script-%u", slot);
		script->caches[slot] = kmem_cache_create(text, number, 0, 0, construct);
		assert_non_null(script->caches[slot]);
		break;
	case 'a':
		assert_true(sscanf(line, "a %u %u %x", &slot, &number, &gfp) >= 2);
		answer(script, 'a', slot,
		       kmem_cache_alloc(script->caches[number], (__force gfp_t)gfp), number);
		break;
	case 'k':
		assert_int_equal(sscanf(line, "k %u %u %x", &slot, &number, &gfp), 3);
		answer(script, 'k', slot, kmalloc(number, (__force gfp_t)gfp), 0);
		break;
	case 'p':
		assert_int_equal(sscanf(line, "p %u %u %x", &slot, &number, &gfp), 3);
		answer(script, 'p', slot, alloc_pages((__force gfp_t)gfp, number), number);
		break;
	default:
		fail_msg("%s", line);
	}
}

static void free_all(struct script *script)
{
	for (unsigned int slot = 0; slot < NR_SLOTS; slot++) {
		if (script->kind[slot] == 'a')
			kmem_cache_free(script->caches[script->orders[slot]], script->slots[slot]);
		else if (script->kind[slot] == 'k')
			kfree(script->slots[slot]);
		else if (script->kind[slot] == 'p')
			__free_pages(script->slots[slot], script->orders[slot]);
	}
	for (unsigned int id = 0; id < NR_CACHES; id++)
		kmem_cache_destroy(script->caches[id]);
}

static void read_data(struct rig_input *input, unsigned int number, const char *what)
{
	char path[100], error[RIG_INPUT_ERROR];

	snprintf(path, sizeof(path), "tests/fault/data/%u.%s.xz", number, what);
	if (!rig_input_read(input, path, error))
		fail_msg("%s", error);
}

static unsigned int run_script(unsigned int number)
{
	struct script *script = calloc(1, sizeof(*script));
	struct rig_input ops, kernel;
	char *save = NULL, *line;
	unsigned int failed;

	script->machine = make(0);
	read_data(&ops, number, "ops");
	read_data(&kernel, number, "kernel");
	script->answers = kernel.data;
	for (line = strtok_r(ops.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		run_line(script, line);
	assert_int_equal(*script->answers, '\0');
	assert_true(script->compared >= 400);
	failed = script->failed;
	free_all(script);
	rig_machine_destroy(script->machine);
	rig_input_free(&ops);
	rig_input_free(&kernel);
	free(script);
	return failed;
}

static void scripts_fail_where_a_kernel_failed(void **state)
{
	static const unsigned int numbers[] = { 1, 2, 3, 6, 8, 9, 10, 11 };
	unsigned int failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		failed += run_script(numbers[i]);
	/* The scripts would agree for nothing if nothing failed in them. */
	assert_true(failed > 250);
}

/* --- one member at a time */

static void nothing_fails_at_first(void **state)
{
	struct rig_machine *machine = *state;

	assert_false(machine->cpus[0].faults_armed);
	for (int i = 0; i < 100; i++)
		assert_false(slab_fails(machine, 8, GFP_ATOMIC));
}

static void defaults_are_the_kernels(void **state)
{
	static const char *const expected[][2] = {
		{ "failslab/probability", "0\n" },
		{ "failslab/interval", "1\n" },
		{ "failslab/times", "1\n" },
		{ "failslab/space", "0\n" },
		{ "failslab/verbose", "2\n" },
		{ "failslab/verbose_ratelimit_interval_ms", "0\n" },
		{ "failslab/verbose_ratelimit_burst", "10\n" },
		{ "failslab/task-filter", "N\n" },
		{ "failslab/stacktrace-depth", "32\n" },
		{ "failslab/require-end", "18446744073709551615\n" },
		{ "failslab/ignore-gfp-wait", "Y\n" },
		{ "failslab/cache-filter", "N\n" },
		{ "fail_page_alloc/ignore-gfp-wait", "Y\n" },
		{ "fail_page_alloc/ignore-gfp-highmem", "Y\n" },
		{ "fail_page_alloc/min-order", "1\n" },
	};
	char value[64];

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(rig_fault_get(*state, expected[i][0], value, sizeof(value)), 0);
		assert_string_equal(value, expected[i][1]);
	}
	assert_int_equal(rig_fault_get(*state, "failslab/min-order", value, 64), -ENOENT);
	assert_int_equal(rig_fault_get(*state, "fail_page_alloc/cache-filter", value, 64), -ENOENT);
}

static void wrong_values_are_refused(void **state)
{
	static const char *const wrong[][3] = {
		{ "failslab/probability", "ten", "failslab/probability: 'ten' is not a number" },
		{ "failslab/probability", "-1", "is not a number" },
		{ "failslab/times", "1x", "is not a number, -1 for no limit" },
		{ "failslab/task-filter", "maybe", "is not Y or N" },
		{ "failslab/gfp", "GFP_WRONG", "is not gfp flags" },
		{ "failslab/min-order", "1", "failslab has no file 'min-order'" },
		{ "failbench/times", "1", "no fault attribute 'failbench'" },
		{ "failslab", "1", "failslab has no file ''" },
	};
	char error[200];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_not_equal(
			rig_fault_set(*state, wrong[i][0], wrong[i][1], error, sizeof(error)), 0);
		if (!strstr(error, wrong[i][2]))
			fail_msg("'%s' is not in '%s'", wrong[i][2], error);
	}
}

static void requests_that_may_sleep_are_spared_until_told(void **state)
{
	struct rig_machine *machine = *state;

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1\n");
	set(machine, "failslab/verbose", "0");
	assert_false(slab_fails(machine, 8, BLOCKING));
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	set(machine, "failslab/ignore-gfp-wait", "n");
	assert_true(slab_fails(machine, 8, BLOCKING));
	assert_false(slab_fails(machine, 8, BLOCKING | __GFP_NOFAIL));
}

/* BUGS: probability 100 must fire in task context while fail-nth is not used. */
static void probability_100_fires_in_a_task(void **state)
{
	struct rig_machine *machine = *state;

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "0");
	assert_true(in_task());
	for (int i = 0; i < 10; i++)
		assert_true(slab_fails(machine, 8, GFP_ATOMIC));
}

/* BUGS: one request with __GFP_NOWARN is silent, and the next one is not. */
static void a_silent_failure_leaves_the_attribute_verbose(void **state)
{
	struct rig_machine *machine = *state;
	char value[32];

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "1");
	assert_true(slab_fails(machine, 8, GFP_ATOMIC | __GFP_NOWARN));
	assert_string_equal(logged, "");
	rig_fault_get(machine, "failslab/verbose", value, sizeof(value));
	assert_string_equal(value, "1\n");
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	assert_string_equal(logged, "FAULT_INJECTION: forcing a failure.\n"
				    "name failslab, interval 1, probability 100, space 0, "
				    "times -1\n");
}

static void messages_are_limited_in_virtual_time(void **state)
{
	struct rig_machine *machine = *state;
	unsigned int lines = 0;

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "1");
	set(machine, "failslab/verbose_ratelimit_interval_ms", "100");
	set(machine, "failslab/verbose_ratelimit_burst", "3");
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			machine->clock_ns += 200000000;
		assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	}
	for (const char *at = logged; (at = strstr(at, "forcing")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 6);
}

static void space_passes_first_then_interval_counts(void **state)
{
	struct rig_machine *machine = *state;
	char pattern[32] = "";

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "2");
	set(machine, "failslab/space", "100");
	set(machine, "failslab/interval", "3");
	set(machine, "failslab/verbose", "0");
	/* 100 bytes: 32 + 32 + 32 pass and 4 are left, so the fourth counts in the interval */
	for (int i = 0; i < 14; i++)
		strcat(pattern, slab_fails(machine, 32, GFP_ATOMIC) ? "F" : ".");
	assert_string_equal(pattern, ".....F..F.....");
}

static void fail_nth_comes_before_all_and_only_in_tasks(void **state)
{
	struct rig_machine *machine = *state;

	set(machine, "failslab/verbose", "0");
	rig_fault_fail_nth(machine, current, 3);
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	machine->cpus[0].preempt_count += HARDIRQ_OFFSET;
	for (int i = 0; i < 5; i++)
		assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	machine->cpus[0].preempt_count -= HARDIRQ_OFFSET;
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	assert_int_equal(rig_fault_fail_nth(machine, current, 7), 0);
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	assert_int_equal(rig_fault_fail_nth(machine, current, 0), 6);
}

static void the_task_filter_asks_the_task_outside_of_interrupts(void **state)
{
	struct rig_machine *machine = *state;

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "0");
	set(machine, "failslab/task-filter", "Y");
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	rig_fault_make_it_fail(machine, current, true);
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	machine->cpus[0].preempt_count += SOFTIRQ_OFFSET;
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	machine->cpus[0].preempt_count -= SOFTIRQ_OFFSET;
	/* Disabled soft interrupts are a task's own business. */
	machine->cpus[0].preempt_count += SOFTIRQ_DISABLE_OFFSET;
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
	machine->cpus[0].preempt_count -= SOFTIRQ_DISABLE_OFFSET;
}

static void cache_filter_asks_for_marked_caches(void **state)
{
	struct rig_machine *machine = *state;
	struct kmem_cache marked = { .name = "a", .flags = SLAB_FAILSLAB, .object_size = 8 };
	struct kmem_cache other = { .name = "b", .object_size = 8 };
	struct kmem_cache boot = { .name = "kmem_cache", .flags = SLAB_FAILSLAB };

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "0");
	set(machine, "failslab/cache-filter", "1");
	assert_true(rig_should_failslab(&machine->cpus[0], &marked, 8, GFP_ATOMIC));
	assert_false(rig_should_failslab(&machine->cpus[0], &other, 8, GFP_ATOMIC));
	assert_false(rig_should_failslab(&machine->cpus[0], &boot, 8, GFP_ATOMIC));
}

static void pages_ask_for_order_and_zone(void **state)
{
	struct rig_machine *machine = *state;

	set(machine, "fail_page_alloc/probability", "100");
	set(machine, "fail_page_alloc/times", "-1");
	set(machine, "fail_page_alloc/verbose", "0");
	assert_false(page_fails(machine, GFP_ATOMIC, 0));
	assert_true(page_fails(machine, GFP_ATOMIC, 1));
	assert_false(page_fails(machine, GFP_ATOMIC | __GFP_HIGHMEM, 1));
	set(machine, "fail_page_alloc/ignore-gfp-highmem", "N");
	assert_true(page_fails(machine, GFP_ATOMIC | __GFP_HIGHMEM, 1));
	set(machine, "fail_page_alloc/gfp", "__GFP_COMP|GFP_ATOMIC");
	assert_false(page_fails(machine, GFP_ATOMIC, 1));
	assert_true(page_fails(machine, GFP_ATOMIC | __GFP_COMP, 1));
}

static noinline bool a_caller(struct rig_machine *machine)
{
	bool fails = slab_fails(machine, 8, GFP_ATOMIC);

	barrier();
	return fails;
}

static void the_stack_filter_requires_and_rejects_callers(void **state)
{
	struct rig_machine *machine = *state;
	char start[32], end[32];

	set(machine, "failslab/probability", "100");
	set(machine, "failslab/times", "-1");
	set(machine, "failslab/verbose", "0");
	snprintf(start, sizeof(start), "%lu", (unsigned long)a_caller);
	snprintf(end, sizeof(end), "%lu", (unsigned long)a_caller + 64);
	set(machine, "failslab/require-start", start);
	set(machine, "failslab/require-end", end);
	assert_true(a_caller(machine));
	assert_false(slab_fails(machine, 8, GFP_ATOMIC));
	set(machine, "failslab/require-start", "0");
	set(machine, "failslab/require-end", "0xffffffffffffffff");
	set(machine, "failslab/reject-start", start);
	set(machine, "failslab/reject-end", end);
	assert_false(a_caller(machine));
	assert_true(slab_fails(machine, 8, GFP_ATOMIC));
}

static void chance_repeats_with_the_seed(void **state)
{
	char patterns[3][201] = { "", "", "" };
	unsigned int failed = 0;

	for (int run = 0; run < 3; run++) {
		struct rig_machine *machine = make(run == 2 ? 8 : 7);

		set(machine, "failslab/probability", "25");
		set(machine, "failslab/times", "-1");
		set(machine, "failslab/verbose", "0");
		for (int i = 0; i < 200; i++)
			patterns[run][i] = slab_fails(machine, 8, GFP_ATOMIC) ? 'F' : '.';
		rig_machine_destroy(machine);
	}
	assert_string_equal(patterns[0], patterns[1]);
	assert_string_not_equal(patterns[0], patterns[2]);
	for (int i = 0; i < 200; i++)
		failed += patterns[0][i] == 'F';
	assert_in_range(failed, 30, 70);
}

static void an_argument_sets_all_at_once(void **state)
{
	struct rig_machine *machine = *state;
	char error[200], value[64];

	assert_int_equal(rig_fault_parse(machine,
					 "failslab:probability=10,interval=3,times=-1,space=0,"
					 "gfp=GFP_ATOMIC;fail_page_alloc:min-order=2",
					 error, sizeof(error)),
			 0);
	rig_fault_get(machine, "failslab/probability", value, sizeof(value));
	assert_string_equal(value, "10\n");
	rig_fault_get(machine, "failslab/interval", value, sizeof(value));
	assert_string_equal(value, "3\n");
	rig_fault_get(machine, "fail_page_alloc/probability", value, sizeof(value));
	assert_string_equal(value, "100\n");
	rig_fault_get(machine, "fail_page_alloc/min-order", value, sizeof(value));
	assert_string_equal(value, "2\n");
	assert_true(machine->cpus[0].faults_armed);
	/* a flag that the default would exclude */
	assert_int_equal(rig_fault_parse(machine, "failslab:gfp=GFP_KERNEL", error, sizeof(error)),
			 0);
	rig_fault_get(machine, "failslab/ignore-gfp-wait", value, sizeof(value));
	assert_string_equal(value, "N\n");
}

static void a_wrong_argument_changes_nothing(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "nothing named" },
		{ "failslap:times=1", "no fault attribute 'failslap'" },
		{ "failslab:tims=1", "fault 'failslab' has no setting 'tims'" },
		{ "failslab:times", "times: '' is not a number" },
		{ "failslab:times=2;fail_page_alloc:min-order=x",
		  "min-order: 'x' is not a number" },
	};
	char error[200], value[64];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(rig_fault_parse(*state, wrong[i][0], error, sizeof(error)),
				 -EINVAL);
		if (!strstr(error, wrong[i][1]))
			fail_msg("'%s' is not in '%s'", wrong[i][1], error);
	}
	rig_fault_get(*state, "failslab/times", value, sizeof(value));
	assert_string_equal(value, "1\n");
	rig_fault_get(*state, "failslab/probability", value, sizeof(value));
	assert_string_equal(value, "0\n");
}

struct counting_sink {
	struct rig_event_sink sink;
	unsigned int events;
	u64 size, gfp, nth;
	char attribute[32];
};

static void count_event(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct counting_sink *counting = container_of(sink, struct counting_sink, sink);

	counting->events++;
	counting->size = event->fault_injected.size;
	counting->gfp = event->fault_injected.gfp_flags;
	counting->nth = event->fault_injected.nth;
	snprintf(counting->attribute, sizeof(counting->attribute), "%s",
		 event->fault_injected.attribute);
}

static void each_failure_is_an_event(void **state)
{
	struct rig_machine *machine = *state;
	struct counting_sink counting = { .sink = { .emit = count_event,
						    .wanted = RIG_WANT(fault_injected) } };

	set(machine, "fail_page_alloc/probability", "100");
	set(machine, "fail_page_alloc/times", "1");
	set(machine, "fail_page_alloc/verbose", "0");
	rig_event_attach(machine, &counting.sink);
	assert_null(alloc_pages(GFP_ATOMIC, 2));
	rig_event_detach(machine, &counting.sink);
	assert_int_equal(counting.events, 1);
	assert_string_equal(counting.attribute, "fail_page_alloc");
	assert_int_equal(counting.size, 4 * PAGE_SIZE);
	assert_int_equal(counting.gfp, (__force u64)GFP_ATOMIC);
	assert_int_equal(counting.nth, 1);
}

static void a_boot_parameter_sets_an_attribute(void **state)
{
	DECLARE_FAULT_ATTR(attr);

	assert_int_equal(setup_fault_attr(&attr, "2,100,0,-1"), 1);
	attr.verbose = 0;
	assert_false(should_fail(&attr, 1));
	assert_true(should_fail(&attr, 1));
	assert_int_equal(setup_fault_attr(&attr, "2,100"), 0);
	assert_int_equal(attr.interval, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_fail_where_a_kernel_failed),
		TEST(nothing_fails_at_first),
		TEST(defaults_are_the_kernels),
		TEST(wrong_values_are_refused),
		TEST(requests_that_may_sleep_are_spared_until_told),
		TEST(probability_100_fires_in_a_task),
		TEST(a_silent_failure_leaves_the_attribute_verbose),
		TEST(messages_are_limited_in_virtual_time),
		TEST(space_passes_first_then_interval_counts),
		TEST(fail_nth_comes_before_all_and_only_in_tasks),
		TEST(the_task_filter_asks_the_task_outside_of_interrupts),
		TEST(cache_filter_asks_for_marked_caches),
		TEST(pages_ask_for_order_and_zone),
		TEST(the_stack_filter_requires_and_rejects_callers),
		cmocka_unit_test(chance_repeats_with_the_seed),
		TEST(an_argument_sets_all_at_once),
		TEST(a_wrong_argument_changes_nothing),
		TEST(each_failure_is_an_event),
		TEST(a_boot_parameter_sets_an_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
