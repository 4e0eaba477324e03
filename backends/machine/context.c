// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping, waiting, time: timers of the virtual clock, work that is queued for task context,
 * mutexes.
 *
 * A rig has no scheduler. A task that sleeps lets the queued work run on its CPU (as the task
 * kworker), moves the clock from timer to timer, and looks again. A wait that nothing can end any
 * more, or that lasts 120 seconds of the virtual clock, is reported as the kernel's hung task.
 *
 * irq->lock guards the queues; functions of timers and work run outside of it.
 */
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "irq_private.h"

#define HUNG_TASK_NS (120ULL * 1000000000)
/* Where other CPUs may be threads: how often and how long to wait for them to do something. */
#define IDLE_LOOKS 2000u
#define IDLE_LOOKS_BEFORE_DEADLINE 5u
#define IDLE_LOOK_US 1000u

void rig_sleep_misuse(struct rig_cpu *cpu, const char *file, int line)
{
	rig_misuse(cpu, "context.sleep",
		   "sleeping function called from invalid context at %s:%d\n"
		   "in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s\n"
		   "preempt_count: %x, expected: 0",
		   file, line, cpu->preempt_count != 0, cpu->irqs_disabled, cpu->task->pid,
		   cpu->task->comm, cpu->preempt_count);
}

/* --- timers */

static bool is_queued(const struct list_head *node)
{
	return node->next && !list_empty(node);
}

bool rig_timer_set(struct rig_cpu *cpu, struct rig_timer *timer, u64 expires_ns)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct list_head *at;
	bool was_set;

	rig_spin_lock(&irqs->lock);
	was_set = is_queued(&timer->node);
	if (was_set)
		list_del_init(&timer->node);
	timer->expires_ns = expires_ns;
	for (at = irqs->timers.prev; at != &irqs->timers; at = at->prev)
		if (container_of(at, struct rig_timer, node)->expires_ns <= expires_ns)
			break;
	list_add(&timer->node, at);
	rig_spin_unlock(&irqs->lock);
	return was_set;
}

bool rig_timer_cancel(struct rig_cpu *cpu, struct rig_timer *timer)
{
	struct rig_irq *irqs = cpu->machine->irq;
	bool was_set;

	rig_spin_lock(&irqs->lock);
	was_set = is_queued(&timer->node);
	if (was_set)
		list_del_init(&timer->node);
	rig_spin_unlock(&irqs->lock);
	return was_set;
}

/* When the next timer expires; false: none is set. */
static bool next_expiry(struct rig_irq *irqs, u64 *expires_ns)
{
	bool any;

	rig_spin_lock(&irqs->lock);
	any = !list_empty(&irqs->timers);
	if (any)
		*expires_ns = container_of(irqs->timers.next, struct rig_timer, node)->expires_ns;
	rig_spin_unlock(&irqs->lock);
	return any;
}

void timers_run_due(struct rig_cpu *cpu)
{
	struct rig_irq *irqs = cpu->machine->irq;

	for (;;) {
		struct rig_timer *timer = NULL;

		rig_spin_lock(&irqs->lock);
		if (!list_empty(&irqs->timers))
			timer = container_of(irqs->timers.next, struct rig_timer, node);
		if (timer && timer->expires_ns <= READ_ONCE(cpu->machine->clock_ns))
			list_del_init(&timer->node);
		else
			timer = NULL;
		rig_spin_unlock(&irqs->lock);
		if (!timer)
			return;
		timer->function(timer);
	}
}

/* Work of the slab allocator that is due (SLAB's reaper), in task context. */
static void slab_tick(struct rig_cpu *cpu)
{
	const struct rig_machine *machine = cpu->machine;

	if (machine->kmem && machine->slab->tick)
		machine->slab->tick(cpu);
}

/* kswapd and kcompactd, when a task does nothing for a while. */
static void run_daemons(struct rig_cpu *cpu)
{
	if (cpu->machine->daemons)
		cpu->machine->daemons(cpu);
}

/* The clock goes on to @now, never back; what is due runs where it may. */
static void clock_to(struct rig_cpu *cpu, u64 now)
{
	if (now > READ_ONCE(cpu->machine->clock_ns))
		WRITE_ONCE(cpu->machine->clock_ns, now);
	cpu->irqs_pending = true;
	rig_irq_deliver_pending(cpu);
}

void rig_time_pass(struct rig_cpu *cpu, u64 ns)
{
	u64 end = READ_ONCE(cpu->machine->clock_ns) + ns, next;
	bool timers_may_run =
		!cpu->irqs_disabled && !(cpu->preempt_count & (HARDIRQ_MASK | SOFTIRQ_MASK));

	while (timers_may_run && cpu->machine->irq && next_expiry(cpu->machine->irq, &next) &&
	       next <= end)
		clock_to(cpu, next);
	if (end > READ_ONCE(cpu->machine->clock_ns))
		WRITE_ONCE(cpu->machine->clock_ns, end);
	if (timers_may_run && cpu->preempt_count == 0) {
		slab_tick(cpu);
		run_daemons(cpu);
	}
	/* Timers that could not run do when interrupts are on again. */
	cpu->irqs_pending |= !timers_may_run;
}

/* --- work */

bool rig_work_queue(struct rig_cpu *cpu, struct rig_work *work)
{
	struct rig_irq *irqs = cpu->machine->irq;
	bool queued;

	rig_spin_lock(&irqs->lock);
	queued = !is_queued(&work->node);
	if (queued)
		list_add_tail(&work->node, &irqs->works);
	rig_spin_unlock(&irqs->lock);
	return queued;
}

bool rig_work_cancel(struct rig_cpu *cpu, struct rig_work *work)
{
	struct rig_irq *irqs = cpu->machine->irq;
	bool was_queued;

	rig_spin_lock(&irqs->lock);
	was_queued = is_queued(&work->node);
	if (was_queued)
		list_del_init(&work->node);
	rig_spin_unlock(&irqs->lock);
	return was_queued;
}

static bool runs_already(const struct rig_irq *irqs, const struct rig_work *work)
{
	for (const struct running_work *at = irqs->running; at; at = at->outer)
		if (at->work == work)
			return true;
	return false;
}

/* The oldest work that does not run already, off the queue; NULL: none. Notes it as running. */
static struct rig_work *begin_work(struct rig_irq *irqs, struct running_work *entry)
{
	struct rig_work *found = NULL;
	struct list_head *at;

	rig_spin_lock(&irqs->lock);
	for (at = irqs->works.next; at != &irqs->works && !found; at = at->next) {
		struct rig_work *work = container_of(at, struct rig_work, node);

		if (!runs_already(irqs, work))
			found = work;
	}
	if (found) {
		list_del_init(&found->node);
		entry->work = found;
		entry->outer = irqs->running;
		irqs->running = entry;
	}
	rig_spin_unlock(&irqs->lock);
	return found;
}

static void end_work(struct rig_irq *irqs, struct running_work *entry)
{
	struct running_work **link;

	rig_spin_lock(&irqs->lock);
	for (link = &irqs->running; *link != entry; link = &(*link)->outer)
		;
	*link = entry->outer;
	rig_spin_unlock(&irqs->lock);
}

noinline void rig_run_work(struct rig_cpu *cpu)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct rig_cpu *before = rig_cpu_enter(cpu);
	struct task_struct *task = cpu->task;
	struct running_work entry;
	struct rig_work *work;

	while (irqs && (work = begin_work(irqs, &entry)) != NULL) {
		cpu->task = &irqs->worker;
		/* It may free its own item. */
		work->function(work);
		cpu->task = task;
		end_work(irqs, &entry);
	}
	if (irqs && !on_kthread(cpu))
		kthreads_run(cpu);
	rig_cpu_enter(before);
}

bool rig_work_pending(const struct rig_cpu *cpu)
{
	struct rig_irq *irqs = cpu->machine->irq;
	bool pending;

	rig_spin_lock(&irqs->lock);
	pending = !list_empty(&irqs->works) || !list_empty(&irqs->timers);
	rig_spin_unlock(&irqs->lock);
	return pending;
}

/* --- sleeping and waiting */

void rig_sleep(struct rig_cpu *cpu, u64 ns)
{
	u64 end = READ_ONCE(cpu->machine->clock_ns) + ns, next;

	if (on_kthread(cpu)) {
		kthread_sleep(cpu, end);
		return;
	}
	rig_run_work(cpu);
	while (cpu->machine->irq && next_expiry(cpu->machine->irq, &next) && next <= end) {
		clock_to(cpu, next);
		rig_run_work(cpu);
	}
	if (end > READ_ONCE(cpu->machine->clock_ns))
		WRITE_ONCE(cpu->machine->clock_ns, end);
	run_daemons(cpu);
}

bool rig_sleep_until_timer(struct rig_cpu *cpu)
{
	u64 next;

	if (!next_expiry(cpu->machine->irq, &next))
		return false;
	clock_to(cpu, next);
	return true;
}

struct rig_waiter rig_wait_begin_timeout(struct rig_cpu *cpu, u64 timeout_ns)
{
	u64 now = READ_ONCE(cpu->machine->clock_ns);

	return (struct rig_waiter){
		.start_ns = now,
		.deadline_ns = timeout_ns < ~0ULL - now ? now + timeout_ns : ~0ULL,
	};
}

struct rig_waiter rig_wait_begin(struct rig_cpu *cpu)
{
	return rig_wait_begin_timeout(cpu, ~0ULL);
}

long rig_wait_left(struct rig_cpu *cpu, const struct rig_waiter *waiter)
{
	u64 now = READ_ONCE(cpu->machine->clock_ns);

	if (waiter->deadline_ns == ~0ULL)
		return LONG_MAX;
	return waiter->deadline_ns > now ? (long)((waiter->deadline_ns - now) / RIG_NS_PER_JIFFY)
					 : 0;
}

u64 rig_timeout_ns(long ticks)
{
	if (ticks <= 0)
		return 0;
	return (u64)ticks < ~0ULL / RIG_NS_PER_JIFFY ? (u64)ticks * RIG_NS_PER_JIFFY : ~0ULL;
}

static bool work_waits(struct rig_irq *irqs)
{
	bool waits = false;
	struct list_head *at;

	rig_spin_lock(&irqs->lock);
	for (at = irqs->works.next; at != &irqs->works && !waits; at = at->next)
		waits = !runs_already(irqs, container_of(at, struct rig_work, node));
	rig_spin_unlock(&irqs->lock);
	return waits;
}

/* Moves the clock to the next timer, or to the deadline. false: there is neither. */
static bool let_time_pass(struct rig_cpu *cpu, const struct rig_waiter *waiter)
{
	u64 next;
	bool timer = next_expiry(cpu->machine->irq, &next);

	if (waiter->deadline_ns != ~0ULL) {
		clock_to(cpu, timer ? min(next, waiter->deadline_ns) : waiter->deadline_ns);
		return true;
	}
	if (!timer || READ_ONCE(cpu->machine->clock_ns) - waiter->start_ns >= HUNG_TASK_NS)
		return false;
	clock_to(cpu, next);
	return true;
}

bool rig_wait_step(struct rig_cpu *cpu, struct rig_waiter *waiter)
{
	struct rig_irq *irqs = cpu->machine->irq;

	if (READ_ONCE(cpu->machine->clock_ns) >= waiter->deadline_ns)
		return false;
	if (work_waits(irqs)) {
		waiter->idle = 0;
		rig_run_work(cpu);
		return true;
	}
	if (on_kthread(cpu)) {
		kthread_wait(cpu, waiter->deadline_ns, waiter->idle++ > 0);
		return true;
	}
	if (kthreads_run(cpu)) {
		waiter->idle = 0;
		return true;
	}
	/* With a deadline time passes by itself, but other CPUs get a chance to be in time. */
	if (waiter->deadline_ns != ~0ULL && cpu->machine->nr_cpus > 1 &&
	    waiter->idle++ < IDLE_LOOKS_BEFORE_DEADLINE) {
		usleep(IDLE_LOOK_US);
		return true;
	}
	if (let_time_pass(cpu, waiter)) {
		waiter->idle = 0;
		return true;
	}
	if (cpu->machine->nr_cpus > 1 && waiter->idle++ < IDLE_LOOKS) {
		usleep(IDLE_LOOK_US);
		return true;
	}
	rig_time_pass(cpu, HUNG_TASK_NS);
	rig_misuse(cpu, "task.hung", "task %s:%d blocked for more than 120 seconds.",
		   cpu->task->comm, cpu->task->pid);
	return false;
}

/* --- tasks that put themselves to sleep */

static bool is_running(struct rig_cpu *cpu)
{
	return __atomic_load_n(&cpu->task->__state, __ATOMIC_ACQUIRE) == TASK_RUNNING;
}

static void schedule_until(struct rig_cpu *cpu, struct rig_waiter *waiter)
{
	if (is_running(cpu))
		rig_sleep(cpu, 0);
	while (!is_running(cpu)) {
		if (on_kthread(cpu) && READ_ONCE(cpu->machine->clock_ns) < waiter->deadline_ns)
			kthread_block(cpu, waiter->deadline_ns);
		else if (!rig_wait_step(cpu, waiter))
			break;
	}
	__atomic_store_n(&cpu->task->__state, TASK_RUNNING, __ATOMIC_RELEASE);
}

void rig_schedule(struct rig_cpu *cpu)
{
	struct rig_waiter waiter = rig_wait_begin(cpu);

	schedule_until(cpu, &waiter);
}

long rig_schedule_timeout(struct rig_cpu *cpu, long ticks)
{
	struct rig_waiter waiter =
		rig_wait_begin_timeout(cpu, ticks == LONG_MAX ? ~0ULL : rig_timeout_ns(ticks));

	if (is_running(cpu)) {
		rig_sleep(cpu, 0);
		return ticks;
	}
	schedule_until(cpu, &waiter);
	return ticks == LONG_MAX ? ticks : rig_wait_left(cpu, &waiter);
}

/* --- semaphores of readers and writers */

void rig_spin_pause(unsigned int *spins)
{
	if (++*spins % 64 == 0)
		sched_yield();
	else
		cpu_relax();
}

bool rig_rwsem_try(struct rw_semaphore *sem, bool write)
{
	long count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);

	if (write ? count != 0 : count < 0)
		return false;
	return __atomic_compare_exchange_n(&sem->count, &count, write ? -1 : count + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rig_rwsem_down(struct rig_cpu *cpu, struct rw_semaphore *sem, bool write, const char *file,
		    int line)
{
	struct rig_waiter waiter = rig_wait_begin(cpu);

	rig_might_sleep(cpu, file, line);
	while (!rig_rwsem_try(sem, write))
		if (!rig_wait_step(cpu, &waiter))
			return;
}

void rig_rwsem_up(struct rig_cpu *cpu, struct rw_semaphore *sem, bool write)
{
	long count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);

	if (write ? count != -1 : count <= 0) {
		rig_misuse(cpu, "rwsem.owner", "semaphore is given back by a task that has it not");
		return;
	}
	if (write)
		__atomic_store_n(&sem->count, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(&sem->count, 1, __ATOMIC_RELEASE);
}

/* --- mutexes */

int rig_mutex_trylock(struct rig_cpu *cpu, struct mutex *lock)
{
	struct task_struct *nobody = NULL;

	return __atomic_compare_exchange_n(&lock->owner, &nobody, cpu->task, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rig_mutex_lock(struct rig_cpu *cpu, struct mutex *lock, const char *file, int line)
{
	struct rig_waiter waiter = rig_wait_begin(cpu);

	rig_might_sleep(cpu, file, line);
	while (!rig_mutex_trylock(cpu, lock)) {
		if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == cpu->task) {
			rig_misuse(cpu, "mutex.recursive",
				   "%s:%d: mutex is taken again by the task that holds it", file,
				   line);
			return;
		}
		if (!rig_wait_step(cpu, &waiter))
			return;
	}
}

void rig_mutex_unlock(struct rig_cpu *cpu, struct mutex *lock)
{
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != cpu->task) {
		rig_misuse(cpu, "mutex.owner", "mutex is given back by a task that has it not");
		return;
	}
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELEASE);
}
