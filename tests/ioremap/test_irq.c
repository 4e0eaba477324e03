// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and the contexts they make: handlers nested in what the CPU was doing, soft
 * interrupts after them, timers, work, waiting, and what may not be done where.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "machine.h"

struct seen {
	u8 __iomem *base;
	unsigned int calls;
	u32 status;
	bool hardirq, interrupt, task, disabled;
	void (*inside)(struct seen *seen);
	bool keep_line_up;
	void *object;
};

static irqreturn_t handler(int irq, void *dev_id)
{
	struct seen *seen = dev_id;

	seen->calls++;
	seen->hardirq = in_hardirq();
	seen->interrupt = in_interrupt();
	seen->task = in_task();
	seen->disabled = irqs_disabled();
	seen->status = readl(seen->base + RIG_EDU_IRQ_STATUS);
	if (!seen->status)
		return IRQ_NONE;
	if (seen->inside)
		seen->inside(seen);
	if (!seen->keep_line_up)
		writel(seen->status, seen->base + RIG_EDU_IRQ_ACK);
	return IRQ_HANDLED;
}

static struct seen seen;

static int make_machine(void **state)
{
	*state = edu_machine_create(2);
	if (!*state)
		return -1;
	memset(&seen, 0, sizeof(seen));
	seen.base = ioremap(EDU_BASE, 0x100);
	return request_irq(EDU_IRQ, handler, 0, "edu", &seen);
}

static int end_machine(void **state)
{
	rig_machine_destroy(*state);
	return 0;
}

static void expect_misuse(struct rig_machine *machine, const char *check, unsigned long before)
{
	assert_int_equal(machine->check->failures, before + 1);
	assert_string_equal(machine->check->last_check, check);
}

static void ring(u32 value)
{
	writel(value, seen.base + RIG_EDU_DOORBELL);
}

static void a_handler_runs_nested_in_hard_interrupt_context(void **state)
{
	struct rig_machine *machine = *state;

	ring(5);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.status, 5);
	assert_true(seen.hardirq && seen.interrupt && seen.disabled && !seen.task);
	assert_true(in_task() && !irqs_disabled() && !in_interrupt());
	assert_int_equal(rig_irq_count(machine, EDU_IRQ), 1);
	assert_int_equal(machine->check->failures, 0);
}

static void with_interrupts_off_it_waits(void **state)
{
	DEFINE_SPINLOCK(lock);
	unsigned long flags;

	local_irq_disable();
	ring(1);
	ring(2);
	assert_int_equal(seen.calls, 0);
	local_irq_enable();
	/* level triggered: one call finds both reasons */
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.status, 3);
	spin_lock_irqsave(&lock, flags);
	ring(4);
	assert_int_equal(seen.calls, 1);
	spin_unlock_irqrestore(&lock, flags);
	assert_int_equal(seen.calls, 2);
	disable_irq(EDU_IRQ);
	ring(8);
	assert_int_equal(seen.calls, 2);
	enable_irq(EDU_IRQ);
	assert_int_equal(seen.calls, 3);
}

static void without_a_handler_it_waits_for_one(void **state)
{
	assert_string_equal(free_irq(EDU_IRQ, &seen), "edu");
	ring(1);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(request_irq(EDU_IRQ, handler, 0, "edu", &seen), 0);
	assert_int_equal(seen.calls, 1);
}

static void lines_are_shared_only_by_all(void **state)
{
	struct rig_machine *machine = *state;
	struct seen second = seen;

	assert_int_equal(request_irq(EDU_IRQ, handler, IRQF_SHARED, "other", &second), -EBUSY);
	free_irq(EDU_IRQ, &seen);
	assert_int_equal(request_irq(EDU_IRQ, handler, IRQF_SHARED, "edu", &seen), 0);
	assert_int_equal(request_irq(EDU_IRQ, handler, IRQF_SHARED, "other", &second), 0);
	ring(1);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(second.calls, 1);
	assert_int_equal(request_irq(EDU_IRQ, handler, IRQF_SHARED, "none", NULL), -EINVAL);
	assert_int_equal(request_irq(1000, handler, 0, "far", &second), -EINVAL);
	free_irq(EDU_IRQ, &second);
	free_irq(EDU_IRQ, &second);
	expect_misuse(machine, "irq.free", 0);
}

static void delayed_doorbells_ring_when_time_passes(void **state)
{
	writel(5000000, seen.base + RIG_EDU_DOORBELL_DELAY);
	ring(1);
	udelay(100);
	assert_int_equal(seen.calls, 0);
	mdelay(5);
	assert_int_equal(seen.calls, 1);
	ring(2);
	msleep(10);
	assert_int_equal(seen.calls, 2);
}

static void allocate_atomic(struct seen *at)
{
	at->object = kmalloc(100, GFP_ATOMIC);
}

static void allocate_blocking(struct seen *at)
{
	at->object = kmalloc(100, GFP_KERNEL);
}

static void a_handler_may_allocate_with_gfp_atomic(void **state)
{
	struct rig_machine *machine = *state;

	seen.inside = allocate_atomic;
	ring(1);
	assert_non_null(seen.object);
	assert_int_equal(machine->check->failures, 0);
	kfree(seen.object);
}

static void a_handler_that_allocates_with_gfp_kernel_is_reported(void **state)
{
	struct rig_machine *machine = *state;

	seen.inside = allocate_blocking;
	ring(1);
	assert_true(machine->check->failures >= 1);
	assert_non_null(strstr(machine->check->last_check, "sleep"));
	kfree(seen.object);
}

static DEFINE_MUTEX(some_mutex);

static void take_a_mutex(struct seen *at)
{
	mutex_lock(&some_mutex);
	mutex_unlock(&some_mutex);
}

static void sleep_a_while(struct seen *at)
{
	msleep(1);
}

static void a_handler_that_sleeps_is_reported(void **state)
{
	struct rig_machine *machine = *state;

	seen.inside = take_a_mutex;
	ring(1);
	expect_misuse(machine, "context.sleep", 0);
	seen.inside = sleep_a_while;
	ring(1);
	expect_misuse(machine, "context.sleep", 1);
}

static void enable_interrupts(struct seen *at)
{
	local_irq_enable();
}

static void a_handler_that_enables_interrupts_is_reported(void **state)
{
	seen.inside = enable_interrupts;
	ring(1);
	expect_misuse(*state, "irq.context", 0);
}

static void a_device_that_is_never_acknowledged_is_reported(void **state)
{
	seen.keep_line_up = true;
	ring(1);
	expect_misuse(*state, "irq.storm", 0);
	assert_int_equal(seen.calls, 100000);
	ring(2);
	assert_int_equal(seen.calls, 100000);
}

static void mutexes_know_their_owner(void **state)
{
	struct rig_machine *machine = *state;

	mutex_lock(&some_mutex);
	assert_false(mutex_trylock(&some_mutex));
	mutex_lock(&some_mutex);
	expect_misuse(machine, "mutex.recursive", 0);
	mutex_unlock(&some_mutex);
	assert_false(mutex_is_locked(&some_mutex));
	mutex_unlock(&some_mutex);
	expect_misuse(machine, "mutex.owner", 1);
}

/* --- after the interrupt */

struct after {
	struct tasklet_struct tasklet;
	struct work_struct work;
	struct delayed_work late;
	struct timer_list timer;
	char order[32];
	bool soft_ok, task_ok;
};

static struct after after;

static void in_tasklet(struct tasklet_struct *tasklet)
{
	struct after *at = from_tasklet(at, tasklet, tasklet);

	strcat(at->order, "t");
	at->soft_ok = in_interrupt() && !in_hardirq() && !irqs_disabled();
}

static void in_work(struct work_struct *work)
{
	struct after *at = container_of(work, struct after, work);

	strcat(at->order, "w");
	at->task_ok = in_task() && !in_atomic() && (current->flags & PF_WQ_WORKER);
	might_sleep();
}

static void in_late_work(struct work_struct *work)
{
	strcat(after.order, "l");
}

static void in_timer(struct timer_list *timer)
{
	struct after *at = from_timer(at, timer, timer);

	strcat(at->order, "T");
	at->soft_ok = in_interrupt() && !in_hardirq();
}

static void schedule_both(struct seen *at)
{
	tasklet_schedule(&after.tasklet);
	tasklet_schedule(&after.tasklet);
	schedule_work(&after.work);
	strcat(after.order, "h");
}

static void tasklets_run_after_handlers_and_work_when_a_task_sleeps(void **state)
{
	struct rig_machine *machine = *state;

	memset(&after, 0, sizeof(after));
	tasklet_setup(&after.tasklet, in_tasklet);
	INIT_WORK(&after.work, in_work);
	seen.inside = schedule_both;
	ring(1);
	assert_string_equal(after.order, "ht");
	assert_true(after.soft_ok);
	assert_true(flush_work(&after.work));
	assert_string_equal(after.order, "htw");
	assert_true(after.task_ok);
	assert_false(flush_work(&after.work));
	tasklet_kill(&after.tasklet);
	assert_int_equal(machine->check->failures, 0);
}

static void soft_interrupts_wait_while_they_are_off(void **state)
{
	memset(&after, 0, sizeof(after));
	tasklet_setup(&after.tasklet, in_tasklet);
	INIT_WORK(&after.work, in_work);
	seen.inside = schedule_both;
	local_bh_disable();
	ring(1);
	assert_string_equal(after.order, "h");
	local_bh_enable();
	assert_string_equal(after.order, "ht");
	cancel_work_sync(&after.work);
}

static void timers_expire_in_order_on_the_virtual_clock(void **state)
{
	struct rig_machine *machine = *state;
	u64 start = machine->clock_ns;

	memset(&after, 0, sizeof(after));
	timer_setup(&after.timer, in_timer, 0);
	INIT_DELAYED_WORK(&after.late, in_late_work);
	mod_timer(&after.timer, jiffies + 10);
	schedule_delayed_work(&after.late, 5);
	assert_true(timer_pending(&after.timer));
	msleep(100);
	assert_string_equal(after.order, "lT");
	assert_true(after.soft_ok);
	assert_in_range(machine->clock_ns - start, 100000000, 110000000);
	mod_timer(&after.timer, jiffies + 10);
	assert_true(del_timer_sync(&after.timer));
	msleep(100);
	assert_string_equal(after.order, "lT");
}

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool condition;

static void set_condition(struct seen *at)
{
	condition = true;
	wake_up(&queue);
}

static void a_wait_ends_when_the_interrupt_comes(void **state)
{
	struct rig_machine *machine = *state;

	condition = false;
	seen.inside = set_condition;
	writel(1000000, seen.base + RIG_EDU_DOORBELL_DELAY);
	ring(1);
	assert_true(wait_event(queue, condition));
	assert_int_equal(machine->check->failures, 0);
}

static DECLARE_COMPLETION(done);

static void complete_it(struct seen *at)
{
	complete(&done);
}

static void a_completion_is_waited_for_and_taken_once(void **state)
{
	struct rig_machine *machine = *state;

	seen.inside = complete_it;
	writel(1000000, seen.base + RIG_EDU_DOORBELL_DELAY);
	ring(1);
	wait_for_completion(&done);
	assert_false(try_wait_for_completion(&done));
	complete(&done);
	assert_true(try_wait_for_completion(&done));
	assert_int_equal(machine->check->failures, 0);
}

/* The second CPU takes the interrupt that its own access causes. */
static void interrupts_come_to_the_cpu_that_caused_them(void **state)
{
	struct rig_machine *machine = *state;

	rig_cpu_enter(&machine->cpus[0]);
	local_irq_disable();
	rig_cpu_enter(&machine->cpus[1]);
	ring(1);
	assert_int_equal(seen.calls, 1);
	rig_cpu_enter(&machine->cpus[0]);
	local_irq_enable();
	assert_int_equal(seen.calls, 1);
}

static unsigned int events;

static void count_event(struct rig_event_sink *sink, const struct rig_event *event)
{
	events += event->device_interrupt.irq == EDU_IRQ &&
		  strcmp(event->device_interrupt.device, "kmemrig,edu-like@fea00000") == 0;
}

static void each_interrupt_is_an_event(void **state)
{
	struct rig_event_sink sink = { .emit = count_event, .wanted = RIG_WANT(device_interrupt) };

	rig_event_attach(*state, &sink);
	ring(1);
	ring(1);
	rig_event_detach(*state, &sink);
	assert_int_equal(events, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_runs_nested_in_hard_interrupt_context),
		TEST(with_interrupts_off_it_waits),
		TEST(without_a_handler_it_waits_for_one),
		TEST(lines_are_shared_only_by_all),
		TEST(delayed_doorbells_ring_when_time_passes),
		TEST(a_handler_may_allocate_with_gfp_atomic),
		TEST(a_handler_that_allocates_with_gfp_kernel_is_reported),
		TEST(a_handler_that_sleeps_is_reported),
		TEST(a_handler_that_enables_interrupts_is_reported),
		TEST(a_device_that_is_never_acknowledged_is_reported),
		TEST(mutexes_know_their_owner),
		TEST(tasklets_run_after_handlers_and_work_when_a_task_sleeps),
		TEST(soft_interrupts_wait_while_they_are_off),
		TEST(timers_expire_in_order_on_the_virtual_clock),
		TEST(a_wait_ends_when_the_interrupt_comes),
		TEST(a_completion_is_waited_for_and_taken_once),
		TEST(interrupts_come_to_the_cpu_that_caused_them),
		TEST(each_interrupt_is_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
