// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads (linux/kthread.h). Each has a host thread for its stack, but only one of all that
 * share a CPU runs at a time: the CPU is handed over and back like a baton.
 *
 *	a task sleeps or waits ──> kthreads_run() ── go ──> the thread runs, on the same CPU
 *	        ^                                                 │ sleeps, waits, ends
 *	        └──────────────────────── back ───────────────────┘
 *
 * Nobody is preempted, so a run repeats. A thread that waits for a condition looks again whenever
 * others ran; one that sleeps has a timer. Threads that the machine's end finds alive are reported
 * ("kthread.left").
 *
 * irq->lock guards the list. A thread's state is written by whoever has the baton, and by wakers
 * on other CPUs; it is accessed atomically.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "irq_private.h"

enum kthread_state {
	KTHREAD_NEW,	 /* never ran: no host thread yet */
	KTHREAD_READY,	 /* gets the CPU when somebody gives it away */
	KTHREAD_RUNNING, /* has the CPU, or gave it to another itself */
	KTHREAD_SLEEPS,	 /* until its timer */
	KTHREAD_WAITS,	 /* for a condition that it looks at when others ran */
	KTHREAD_BLOCKED, /* until it is woken */
	KTHREAD_ENDED,
};

struct rig_kthread {
	struct task_struct task;
	struct rig_cpu *cpu;
	struct list_head node;
	enum kthread_state state;
	bool woken; /* once at least */
	bool vain;  /* it looked at its condition, which was false again */
	bool should_stop, should_park, parked;
	bool abandoned; /* the machine ends */
	u64 round;	/* of kthreads_run that it had its turn in */
	struct rig_timer timer;
	pthread_t host;
	bool has_host;
	sem_t go, back;
	int (*function)(void *data);
	void *data;
	int result;
};

static void set_state(struct rig_kthread *thread, enum kthread_state state)
{
	__atomic_store_n(&thread->state, state, __ATOMIC_RELEASE);
}

static enum kthread_state state_of(const struct rig_kthread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		;
}

/* The host thread: waits for the baton, runs the function, hands it back for good. */
static void *host_main(void *data)
{
	struct rig_kthread *thread = data;

	wait_for(&thread->go);
	if (!thread->abandoned) {
		rig_cpu_enter(thread->cpu);
		thread->result = thread->function(thread->data);
		rig_cpu_enter(NULL);
	}
	set_state(thread, KTHREAD_ENDED);
	sem_post(&thread->back);
	return NULL;
}

/* Gives the CPU to a thread until it hands it back. false: it looked at its condition in vain. */
static bool resume(struct rig_cpu *cpu, struct rig_kthread *thread)
{
	struct task_struct *before = cpu->task;

	if (!thread->has_host) {
		if (pthread_create(&thread->host, NULL, host_main, thread) != 0) {
			rig_log(cpu->machine, "kthread %s: the host gives no thread",
				thread->task.comm);
			thread->result = -EAGAIN;
			set_state(thread, KTHREAD_ENDED);
			return true;
		}
		thread->has_host = true;
	}
	set_state(thread, KTHREAD_RUNNING);
	thread->vain = false;
	cpu->task = &thread->task;
	sem_post(&thread->go);
	wait_for(&thread->back);
	cpu->task = before;
	return !thread->vain;
}

/* The next thread of @cpu that may run and had no turn in @round. */
static struct rig_kthread *next_in_round(struct rig_cpu *cpu, u64 round)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct rig_kthread *thread, *found = NULL;

	rig_spin_lock(&irqs->lock);
	list_for_each_entry (thread, &irqs->kthreads, node) {
		enum kthread_state state = state_of(thread);

		if (thread->cpu == cpu && thread->round < round &&
		    (state == KTHREAD_READY || state == KTHREAD_WAITS)) {
			thread->round = round;
			found = thread;
			break;
		}
	}
	rig_spin_unlock(&irqs->lock);
	return found;
}

bool kthreads_run(struct rig_cpu *cpu)
{
	u64 round = __atomic_add_fetch(&cpu->machine->irq->kthread_round, 1, __ATOMIC_RELAXED);
	struct rig_kthread *thread;
	bool got_on = false;

	while ((thread = next_in_round(cpu, round)) != NULL)
		got_on |= resume(cpu, thread);
	return got_on;
}

/* The thread's own side: hands the baton back, and goes on when it gets it again. */
static void hand_back(struct rig_kthread *thread, enum kthread_state state, u64 until_ns)
{
	struct rig_cpu *cpu = thread->cpu;

	if (until_ns != ~0ULL)
		rig_timer_set(cpu, &thread->timer, until_ns);
	else
		rig_timer_cancel(cpu, &thread->timer);
	set_state(thread, state);
	sem_post(&thread->back);
	wait_for(&thread->go);
	if (thread->abandoned) {
		set_state(thread, KTHREAD_ENDED);
		rig_cpu_enter(NULL);
		sem_post(&thread->back);
		pthread_exit(NULL);
	}
	rig_timer_cancel(cpu, &thread->timer);
}

void kthread_sleep(struct rig_cpu *cpu, u64 until_ns)
{
	struct rig_kthread *thread = cpu->task->kthread;

	if (READ_ONCE(cpu->machine->clock_ns) >= until_ns)
		hand_back(thread, KTHREAD_READY, ~0ULL);
	while (READ_ONCE(cpu->machine->clock_ns) < until_ns)
		hand_back(thread, KTHREAD_SLEEPS, until_ns);
}

void kthread_wait(struct rig_cpu *cpu, u64 deadline_ns, bool again)
{
	struct rig_kthread *thread = cpu->task->kthread;

	thread->vain = again;
	hand_back(thread, KTHREAD_WAITS, deadline_ns);
}

void kthread_block(struct rig_cpu *cpu, u64 deadline_ns)
{
	hand_back(cpu->task->kthread, KTHREAD_BLOCKED, deadline_ns);
}

static void timer_due(struct rig_timer *timer)
{
	set_state(container_of(timer, struct rig_kthread, timer), KTHREAD_READY);
}

int rig_wake_up(struct rig_cpu *cpu, struct task_struct *task)
{
	unsigned int before = __atomic_exchange_n(&task->__state, TASK_RUNNING, __ATOMIC_ACQ_REL);
	struct rig_kthread *thread = task->kthread;
	enum kthread_state state;

	if (!thread)
		return before != TASK_RUNNING;
	thread->woken = true;
	state = state_of(thread);
	if (state != KTHREAD_NEW && state != KTHREAD_BLOCKED && state != KTHREAD_WAITS)
		return 0;
	set_state(thread, KTHREAD_READY);
	return 1;
}

struct task_struct *kthread_create_on_node(int (*function)(void *data), void *data, int node,
					   const char *format, ...)
{
	struct rig_cpu *cpu = rig_this_cpu();
	struct rig_irq *irqs = cpu->machine->irq;
	/* What a kernel needs to ask for a thread; its failure is a driver's to take. */
	void *request = kmalloc(64, GFP_KERNEL);
	struct rig_kthread *thread;
	va_list args;

	if (!request)
		return ERR_PTR(-ENOMEM);
	kfree(request);
	thread = calloc(1, sizeof(*thread));
	if (!thread || sem_init(&thread->go, 0, 0) != 0 || sem_init(&thread->back, 0, 0) != 0) {
		free(thread);
		return ERR_PTR(-ENOMEM);
	}
	va_start(args, format);
	vsnprintf(thread->task.comm, sizeof(thread->task.comm), format, args);
	va_end(args);
	thread->task.flags = PF_KTHREAD;
	thread->task.kthread = thread;
	thread->task.usage = 1;
	thread->cpu = cpu;
	thread->function = function;
	thread->data = data;
	thread->timer.function = timer_due;
	INIT_LIST_HEAD(&thread->timer.node);
	rig_spin_lock(&irqs->lock);
	thread->task.pid = thread->task.tgid = ++irqs->last_pid;
	list_add_tail(&thread->node, &irqs->kthreads);
	rig_spin_unlock(&irqs->lock);
	return &thread->task;
}

static void free_thread(struct rig_kthread *thread)
{
	if (thread->has_host)
		pthread_join(thread->host, NULL);
	sem_destroy(&thread->go);
	sem_destroy(&thread->back);
	free(thread);
}

void rig_task_put(struct rig_cpu *cpu, struct task_struct *task)
{
	struct rig_irq *irqs = cpu->machine->irq;

	if (!task->kthread || __atomic_sub_fetch(&task->usage, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	rig_spin_lock(&irqs->lock);
	list_del(&task->kthread->node);
	rig_spin_unlock(&irqs->lock);
	free_thread(task->kthread);
}

int kthread_stop(struct task_struct *task)
{
	struct rig_cpu *cpu = rig_this_cpu();
	struct rig_kthread *thread = task->kthread;
	struct rig_waiter waiter = rig_wait_begin(cpu);
	int result;

	might_sleep();
	WRITE_ONCE(thread->should_stop, true);
	WRITE_ONCE(thread->should_park, false);
	if (state_of(thread) == KTHREAD_NEW) {
		thread->result = -EINTR;
		set_state(thread, KTHREAD_ENDED);
	}
	rig_wake_up(cpu, task);
	while (state_of(thread) != KTHREAD_ENDED && rig_wait_step(cpu, &waiter))
		;
	result = thread->result;
	if (state_of(thread) == KTHREAD_ENDED)
		rig_task_put(cpu, task);
	return result;
}

/* The kernel thread that asks; a task that is none is never told to stop. */
static struct rig_kthread *this_thread(void)
{
	return rig_this_cpu()->task->kthread;
}

bool kthread_should_stop(void)
{
	return this_thread() && READ_ONCE(this_thread()->should_stop);
}

bool kthread_should_park(void)
{
	return this_thread() && READ_ONCE(this_thread()->should_park);
}

void kthread_parkme(void)
{
	struct rig_kthread *thread = this_thread();

	while (READ_ONCE(thread->should_park)) {
		WRITE_ONCE(thread->parked, true);
		kthread_block(thread->cpu, ~0ULL);
	}
	WRITE_ONCE(thread->parked, false);
	__atomic_store_n(&thread->task.__state, TASK_RUNNING, __ATOMIC_RELEASE);
}

int kthread_park(struct task_struct *task)
{
	struct rig_cpu *cpu = rig_this_cpu();
	struct rig_kthread *thread = task->kthread;
	struct rig_waiter waiter = rig_wait_begin(cpu);

	if (state_of(thread) == KTHREAD_ENDED)
		return -ENOSYS;
	WRITE_ONCE(thread->should_park, true);
	rig_wake_up(cpu, task);
	while (!READ_ONCE(thread->parked) && rig_wait_step(cpu, &waiter))
		;
	return 0;
}

void kthread_unpark(struct task_struct *task)
{
	WRITE_ONCE(task->kthread->should_park, false);
	rig_wake_up(rig_this_cpu(), task);
}

void kthreads_end(struct rig_machine *machine)
{
	struct rig_irq *irqs = machine->irq;
	struct rig_kthread *thread, *next;

	list_for_each_entry_safe (thread, next, &irqs->kthreads, node) {
		enum kthread_state state = state_of(thread);

		if (state != KTHREAD_ENDED)
			rig_misuse(thread->cpu, "kthread.left",
				   "kthread %s:%d is still there when the machine ends",
				   thread->task.comm, thread->task.pid);
		if (thread->has_host && state != KTHREAD_ENDED) {
			thread->abandoned = true;
			sem_post(&thread->go);
			wait_for(&thread->back);
		}
		list_del(&thread->node);
		free_thread(thread);
	}
}
