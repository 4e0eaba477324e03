// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kernel code leans on beside the allocators: kernel threads, per-CPU memory, reference
 * counts, strings, threaded interrupts, waiting with a timeout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/vmalloc.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

static char log_text[4096];

static void keep_line(struct rig_machine *machine, const char *line, void *data)
{
	size_t length = strlen(log_text);

	snprintf(log_text + length, sizeof(log_text) - length, "%s\n", line);
}

static int make_machine(void **state)
{
	struct rig_memory_range memory = { .base = 1 << 20, .size = 63 << 20 };
	struct rig_machine_config config = {
		.memory = &memory, .nr_memory = 1, .nr_cpus = 2, .check_tier = 1
	};
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));

	if (!machine) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	log_text[0] = '\0';
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_line;
	rig_cpu_enter(&machine->cpus[0]);
	*state = machine;
	return 0;
}

static int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

static void expect_no_failure(struct rig_machine *machine)
{
	if (machine->check->failures)
		fail_msg("%s", log_text);
}

/* --- kernel threads */

struct worker {
	wait_queue_head_t wait;
	struct completion done;
	int requests, served;
};

/* The usual loop: waits for work or for its end. */
static int serve(void *data)
{
	struct worker *worker = data;

	while (!kthread_should_stop()) {
		wait_event_interruptible(worker->wait, worker->requests || kthread_should_stop());
		while (worker->requests) {
			worker->requests--;
			worker->served++;
			msleep(10);
			complete(&worker->done);
		}
	}
	return 7;
}

static void a_thread_serves_while_others_wait(void **state)
{
	struct rig_machine *machine = *state;
	struct worker worker = { .requests = 0 };
	struct task_struct *task;

	init_waitqueue_head(&worker.wait);
	init_completion(&worker.done);
	task = kthread_run(serve, &worker, "serve/%d", 3);
	assert_false(IS_ERR(task));
	assert_string_equal(task->comm, "serve/3");
	for (int i = 0; i < 5; i++) {
		worker.requests = 2;
		wake_up(&worker.wait);
		wait_for_completion(&worker.done);
		wait_for_completion(&worker.done);
	}
	assert_int_equal(worker.served, 10);
	/* ten sleeps of 10 ms, none of them at the same time */
	assert_true(machine->clock_ns >= 100 * 1000000ULL);
	assert_int_equal(kthread_stop(task), 7);
	expect_no_failure(machine);
}

static void a_thread_never_woken_never_runs(void **state)
{
	struct worker worker = { .requests = 1 };
	struct task_struct *task = kthread_create(serve, &worker, "never");

	assert_int_equal(kthread_stop(task), -EINTR);
	assert_int_equal(worker.served, 0);
}

static int block(void *data)
{
	int *steps = data;

	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
		++*steps;
		if (kthread_should_park())
			kthread_parkme();
	}
	return 0;
}

static void who_blocks_goes_on_when_woken(void **state)
{
	struct task_struct *task;
	int steps = 0;

	task = kthread_run(block, &steps, "block");
	msleep(100);
	assert_int_equal(steps, 0);
	for (int i = 1; i <= 3; i++) {
		wake_up_process(task);
		msleep(1);
		assert_int_equal(steps, i);
	}
	assert_int_equal(kthread_park(task), 0);
	wake_up_process(task);
	msleep(1);
	kthread_unpark(task);
	assert_int_equal(kthread_stop(task), 0);
	expect_no_failure(*state);
}

static int end_at_once(void *data)
{
	return 0;
}

static void a_thread_needs_memory(void **state)
{
	char error[200];

	assert_int_equal(
		rig_fault_parse(*state, "failslab:times=1,ignore-gfp-wait=N", error, sizeof(error)),
		0);
	assert_int_equal(PTR_ERR(kthread_run(end_at_once, NULL, "none")), -ENOMEM);
}

static int wait_for_ever(void *data)
{
	wait_for_completion(data);
	return 0;
}

static void a_thread_left_behind_is_reported(void **state)
{
	struct rig_machine *machine = *state;
	DECLARE_COMPLETION(never);

	kthread_run(wait_for_ever, &never, "left");
	msleep(1);
	rig_machine_destroy(machine);
	assert_non_null(strstr(log_text, "kthread left:"));
	assert_non_null(strstr(log_text, "check: kthread.left"));
	make_machine(state);
}

/* --- waiting */

static void a_timeout_ends_a_wait_at_its_time(void **state)
{
	struct rig_machine *machine = *state;
	DECLARE_COMPLETION(done);
	u64 start = machine->clock_ns;

	assert_int_equal(wait_for_completion_timeout(&done, msecs_to_jiffies(200)), 0);
	assert_int_equal(machine->clock_ns - start, 200 * 1000000ULL);
	complete(&done);
	assert_true(wait_for_completion_timeout(&done, 5) >= 1);
	complete_all(&done);
	wait_for_completion(&done);
	assert_true(completion_done(&done));
	expect_no_failure(machine);
}

static void schedule_timeout_says_what_is_left(void **state)
{
	assert_int_equal(schedule_timeout_uninterruptible(10), 0);
	set_current_state(TASK_INTERRUPTIBLE);
	wake_up_process(current);
	assert_int_equal(schedule_timeout(10), 10);
}

static void semaphores_know_readers_and_writers(void **state)
{
	struct rig_machine *machine = *state;
	DECLARE_RWSEM(sem);

	down_read(&sem);
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	down_write(&sem);
	assert_false(down_read_trylock(&sem));
	downgrade_write(&sem);
	up_read(&sem);
	expect_no_failure(machine);
	up_write(&sem);
	assert_string_equal(machine->check->last_check, "rwsem.owner");
}

/* --- interrupts with threads */

struct threaded {
	int hard, soft;
	bool in_task;
};

static irqreturn_t hard_half(int irq, void *data)
{
	((struct threaded *)data)->hard++;
	return IRQ_WAKE_THREAD;
}

static irqreturn_t thread_half(int irq, void *data)
{
	struct threaded *threaded = data;

	threaded->soft++;
	threaded->in_task = in_task() && !irqs_disabled();
	rig_irq_lower(rig_this_cpu()->machine, (unsigned int)irq);
	kfree(kmalloc(10, GFP_KERNEL));
	return IRQ_HANDLED;
}

static void a_thread_function_runs_in_task_context(void **state)
{
	struct rig_machine *machine = *state;
	struct threaded threaded = { .hard = 0 };

	assert_int_equal(
		request_threaded_irq(9, hard_half, thread_half, IRQF_ONESHOT, "two", &threaded), 0);
	rig_irq_raise(rig_this_cpu(), 9, "test");
	assert_int_equal(threaded.hard, 1);
	assert_int_equal(threaded.soft, 0);
	msleep(1);
	assert_int_equal(threaded.hard, 1);
	assert_int_equal(threaded.soft, 1);
	assert_true(threaded.in_task);
	rig_irq_raise(rig_this_cpu(), 9, "test");
	msleep(1);
	assert_int_equal(threaded.soft, 2);
	free_irq(9, &threaded);
	expect_no_failure(machine);
}

/* --- per-CPU memory */

static DEFINE_PER_CPU(int, counter) = 5;

static void each_cpu_has_its_own_copy(void **state)
{
	struct rig_machine *machine = *state;
	u64 __percpu *words = alloc_percpu(u64);

	assert_non_null(words);
	assert_int_equal(per_cpu(counter, 1), 5);
	this_cpu_inc(counter);
	*this_cpu_ptr(words) = 1;
	rig_cpu_enter(&machine->cpus[1]);
	assert_int_equal(this_cpu_read(counter), 5);
	assert_int_equal(*this_cpu_ptr(words), 0);
	*this_cpu_ptr(words) = 2;
	rig_cpu_enter(&machine->cpus[0]);
	assert_int_equal(this_cpu_read(counter), 6);
	assert_int_equal(*per_cpu_ptr(words, 0), 1);
	assert_int_equal(*per_cpu_ptr(words, 1), 2);
	this_cpu_dec(counter);
	free_percpu(words);
	expect_no_failure(machine);
}

#define ALLOCATIONS 3000

static void per_cpu_allocations_never_overlap(void **state)
{
	struct rig_machine *machine = *state;
	static u8 *at[ALLOCATIONS];
	static size_t size[ALLOCATIONS];
	unsigned long areas = rig_vmalloc_nr_areas(machine);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < ALLOCATIONS; i++) {
			size_t align = 1UL << get_random_u32_below(9);

			if (at[i])
				continue;
			size[i] = 1 + get_random_u32_below(700);
			at[i] = __alloc_percpu(size[i], align);
			assert_non_null(at[i]);
			assert_int_equal((unsigned long)at[i] % align, 0);
			for (int cpu = 0; cpu < 2; cpu++) {
				assert_null(memchr_inv(per_cpu_ptr(at[i], cpu), 0, size[i]));
				memset(per_cpu_ptr(at[i], cpu), i % 251 + cpu, size[i]);
			}
		}
		for (int i = 0; i < ALLOCATIONS; i++) {
			for (int cpu = 0; cpu < 2; cpu++)
				assert_null(memchr_inv(per_cpu_ptr(at[i], cpu), i % 251 + cpu,
						       size[i]));
			if (round == 2 || get_random_u32_below(2)) {
				free_percpu(at[i]);
				at[i] = NULL;
			}
		}
	}
	msleep(1);
	rig_vmalloc_settle(rig_this_cpu());
	assert_int_equal(rig_vmalloc_nr_areas(machine), areas);
	expect_no_failure(machine);
}

static void freeing_what_is_no_start_is_misuse(void **state)
{
	struct rig_machine *machine = *state;
	u8 *at = __alloc_percpu(64, 8), *other = __alloc_percpu(64, 8);

	free_percpu(at + 8);
	assert_string_equal(machine->check->last_check, "percpu.free");
	free_percpu(at);
	free_percpu(at);
	assert_int_equal(machine->check->failures, 2);
	free_percpu(other);
	assert_null(__alloc_percpu(PCPU_MIN_UNIT_SIZE + 1, 8));
	assert_null(__alloc_percpu_gfp(8, 8, GFP_ATOMIC | __GFP_NOWARN));
}

/* --- counts */

static int released;

static void release(struct kref *kref)
{
	released++;
}

static void a_reference_after_the_last_is_warned_of(void **state)
{
	struct kref kref;

	kref_init(&kref);
	kref_get(&kref);
	assert_int_equal(kref_put(&kref, release), 0);
	assert_int_equal(kref_put(&kref, release), 1);
	assert_int_equal(released, 1);
	assert_false(kref_get_unless_zero(&kref));
	kref_get(&kref);
	assert_non_null(strstr(log_text, "refcount_t: addition on 0; use-after-free."));
	/* saturated: it is never released again */
	assert_int_equal(kref_put(&kref, release), 0);
	assert_int_equal(released, 1);
}

/* --- memory after a grace period */

struct object {
	u64 before;
	struct rcu_head rcu;
};

static void kfree_rcu_waits_for_readers(void **state)
{
	struct rig_machine *machine = *state;
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);
	void *large = vmalloc(3 * PAGE_SIZE);

	kfree_rcu(object, rcu);
	assert_true(rig_kmem_is_live(machine, object));
	rcu_barrier();
	assert_false(rig_kmem_is_live(machine, object));
	kvfree_rcu(large);
	assert_null(find_vm_area(large));
	expect_no_failure(machine);
}

/* --- strings */

static void copies_are_kmalloc_memory(void **state)
{
	static const char constant[] = "constant";
	char *copy = kstrdup("text", GFP_KERNEL);
	const char *same = kstrdup_const(constant, GFP_KERNEL);
	char *formatted = kasprintf(GFP_KERNEL, "%s-%04d", copy, 42);

	assert_true(rig_kmem_is_live(*state, copy));
	assert_ptr_equal(same, constant);
	assert_string_equal(formatted, "text-0042");
	assert_int_equal(ksize(formatted), 16);
	kfree_const(same);
	kfree(formatted);
	kfree(copy);
	copy = kstrndup("abcdef", 3, GFP_KERNEL);
	assert_string_equal(copy, "abc");
	kfree(copy);
	expect_no_failure(*state);
}

/* --- modules */

static int number;
module_param(number, int, 0444);
static bool enabled;
module_param(enabled, bool, 0444);

static void parameters_are_set_by_name(void **state)
{
	assert_int_equal(rig_module_parameter("number=0x10"), 0);
	assert_int_equal(number, 16);
	assert_int_equal(rig_module_parameter("enabled"), 0);
	assert_true(enabled);
	assert_int_equal(rig_module_parameter("number=ten"), -EINVAL);
	assert_int_equal(rig_module_parameter("number=99999999999"), -ERANGE);
	assert_int_equal(rig_module_parameter("numbers=1"), -ENOENT);
	assert_int_equal(number, 16);
}

/* --- bits against the obvious way */

static void bits_are_found_as_one_by_one(void **state)
{
	enum { BITS = 200 };
	DECLARE_BITMAP(one, BITS);
	DECLARE_BITMAP(two, BITS);
	DECLARE_BITMAP(three, BITS);

	for (int round = 0; round < 2000; round++) {
		unsigned int start = get_random_u32_below(BITS);
		unsigned int size = 1 + get_random_u32_below(BITS);
		unsigned int expected = size, last = size;

		get_random_bytes(one, sizeof(one));
		get_random_bytes(two, sizeof(two));
		if (round % 3 == 0)
			bitmap_and(one, one, two, BITS), bitmap_and(one, one, two, BITS);
		for (unsigned int i = 0; i < size; i++) {
			if (!test_bit(i, one))
				continue;
			last = i;
			if (i >= start && expected == size)
				expected = i;
		}
		assert_int_equal(find_next_bit(one, size, start), expected);
		assert_int_equal(find_last_bit(one, size), last);
		bitmap_shift_right(three, one, start, BITS);
		for (unsigned int i = 0; i < BITS; i++)
			assert_int_equal(test_bit(i, three),
					 i + start < BITS && test_bit(i + start, one));
		bitmap_shift_left(three, one, start, BITS);
		for (unsigned int i = 0; i < BITS; i++)
			assert_int_equal(test_bit(i, three),
					 i >= start && test_bit(i - start, one));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thread_serves_while_others_wait),
		TEST(a_thread_never_woken_never_runs),
		TEST(who_blocks_goes_on_when_woken),
		TEST(a_thread_needs_memory),
		TEST(a_thread_left_behind_is_reported),
		TEST(a_timeout_ends_a_wait_at_its_time),
		TEST(schedule_timeout_says_what_is_left),
		TEST(semaphores_know_readers_and_writers),
		TEST(a_thread_function_runs_in_task_context),
		TEST(each_cpu_has_its_own_copy),
		TEST(per_cpu_allocations_never_overlap),
		TEST(freeing_what_is_no_start_is_misuse),
		TEST(a_reference_after_the_last_is_warned_of),
		TEST(kfree_rcu_waits_for_readers),
		TEST(copies_are_kmalloc_memory),
		TEST(parameters_are_set_by_name),
		TEST(bits_are_found_as_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
