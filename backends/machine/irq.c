// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: lines that devices hold up, the handlers that drivers request for them, and soft
 * interrupts at the end of each.
 *
 *	device raises its line ── CPU has interrupts on ──> hard interrupt: handlers, nested in what
 *	        │                                             the CPU was doing; again while it is
 *up └── they are off: pending ── turned on ──┘     └> at the outermost end: soft interrupts
 *
 * Lines are level triggered, so a handler has to make its device let go. One that nobody serves is
 * switched off as in the kernel ("irq N: nobody cared"), one whose handlers serve it without end
 * is misuse ("irq.storm").
 *
 * Invariants: in a handler the CPU's preempt_count and interrupt state are those of hard interrupt
 * context and come back unchanged ("irq.context"). irq->lock guards lines and queues; handlers run
 * outside of it.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <kmemrig/irq.h>
#include <kmemrig/kmem.h>
#include <linux/interrupt.h>
#include <linux/spinlock.h>

#include "irq_private.h"

/* Looks at a lock before the host's processor is given away: virtual CPUs may outnumber it. */
#define SPINS_BEFORE_YIELD 64
/* Of so many interrupts, more than so many without a taker: the line is switched off. */
#define INTERRUPTS_WATCHED 100000u
#define UNHANDLED_LIMIT 99900u

void rig_spin_wait(spinlock_t *lock)
{
	for (;;) {
		for (int spin = 0; spin < SPINS_BEFORE_YIELD; spin++) {
			if (!spin_is_locked(lock) && rig_spin_trylock(lock))
				return;
			__builtin_ia32_pause();
		}
		sched_yield();
	}
}

static bool in_hardirq_on(const struct rig_cpu *cpu)
{
	return cpu->preempt_count & HARDIRQ_MASK;
}

static bool in_interrupt_on(const struct rig_cpu *cpu)
{
	return cpu->preempt_count & (HARDIRQ_MASK | SOFTIRQ_MASK);
}

static void switch_off(struct rig_cpu *cpu, unsigned int irq)
{
	struct irq_line *line = &cpu->machine->irq->lines[irq];

	rig_log(cpu->machine, "irq %u: nobody cared (try booting with the \"irqpoll\" option)",
		irq);
	rig_log(cpu->machine, "handlers:");
	for (const struct irq_action *action = line->actions; action; action = action->next)
		rig_log(cpu->machine, " %s", action->name ? action->name : "(no name)");
	rig_log(cpu->machine, "Disabling IRQ #%u", irq);
	line->disabled++;
}

/* The thread function of a handler that asked for it, and the line is on again. */
static void run_thread(struct rig_work *work)
{
	struct irq_action *action = container_of(work, struct irq_action, thread);
	unsigned int irq = action->irq;

	action->thread_fn((int)irq, action->dev_id);
	rig_irq_enable(rig_this_cpu(), irq);
}

/* One handler's answer; where it wants its thread, the line is off until that has run. */
static int call_handler(struct rig_cpu *cpu, struct irq_line *line, struct irq_action *action)
{
	int answer = action->handler ? action->handler((int)action->irq, action->dev_id)
				     : IRQ_WAKE_THREAD;

	if (answer != IRQ_WAKE_THREAD || !action->thread_fn)
		return answer;
	if (rig_work_queue(cpu, &action->thread))
		rig_irq_disable(cpu, action->irq);
	return IRQ_HANDLED;
}

/* Calls the handlers of a line once, in hard interrupt context. Named in stack traces. */
noinline void rig_irq_serve(struct rig_cpu *cpu, unsigned int irq)
{
	struct irq_line *line = &cpu->machine->irq->lines[irq];
	struct rig_cpu *before = rig_cpu_enter(cpu);
	unsigned int count;
	int handled = IRQ_NONE;

	cpu->irqs_disabled = true;
	cpu->preempt_count += HARDIRQ_OFFSET;
	count = cpu->preempt_count;
	RIG_TRACE(cpu, device_interrupt, .irq = irq,
		  .device = READ_ONCE(line->device) ? READ_ONCE(line->device) : "");
	for (struct irq_action *action = smp_load_acquire(&line->actions), *next; action;
	     action = next) {
		next = smp_load_acquire(&action->next);
		handled |= call_handler(cpu, line, action);
		if (cpu->preempt_count != count || !cpu->irqs_disabled)
			rig_misuse(cpu, "irq.context",
				   "irq %u handler %s enabled interrupts or left preempt_count "
				   "%#x, not %#x",
				   irq, action->name ? action->name : "", cpu->preempt_count,
				   count);
		cpu->preempt_count = count;
		cpu->irqs_disabled = true;
	}
	cpu->preempt_count -= HARDIRQ_OFFSET;
	cpu->irqs_disabled = false;
	line->served++;
	line->unhandled += handled == IRQ_NONE;
	if (++line->watched >= INTERRUPTS_WATCHED) {
		if (line->unhandled > UNHANDLED_LIMIT)
			switch_off(cpu, irq);
		line->watched = 0;
		line->unhandled = 0;
	}
	rig_cpu_enter(before);
}

/* The line's turn, if it has one; marks it as being served. */
static bool begin_service(struct rig_irq *irqs, struct irq_line *line)
{
	bool mine;

	rig_spin_lock(&irqs->lock);
	mine = line->up && line->actions && !line->disabled && !line->in_service;
	if (mine)
		line->in_service = true;
	rig_spin_unlock(&irqs->lock);
	return mine;
}

static void serve_line(struct rig_cpu *cpu, unsigned int irq)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct irq_line *line = &irqs->lines[irq];
	unsigned int in_a_row = 0;

	while (begin_service(irqs, line)) {
		rig_irq_serve(cpu, irq);
		if (++in_a_row == INTERRUPTS_WATCHED && READ_ONCE(line->up) && !line->disabled) {
			rig_misuse(cpu, "irq.storm",
				   "irq %u: %s holds its line up after %u interrupts", irq,
				   line->device ? line->device : "a device", in_a_row);
			line->disabled++;
		}
		rig_spin_lock(&irqs->lock);
		line->in_service = false;
		rig_spin_unlock(&irqs->lock);
	}
}

static void serve_lines(struct rig_cpu *cpu)
{
	for (unsigned int irq = 0; irq < RIG_NR_IRQS; irq++)
		if (READ_ONCE(cpu->machine->irq->lines[irq].up))
			serve_line(cpu, irq);
}

static struct rig_softirq *next_softirq(struct rig_irq *irqs)
{
	struct rig_softirq *work = NULL;

	rig_spin_lock(&irqs->lock);
	if (!list_empty(&irqs->softirqs)) {
		work = container_of(irqs->softirqs.next, struct rig_softirq, node);
		list_del_init(&work->node);
	}
	rig_spin_unlock(&irqs->lock);
	return work;
}

noinline void rig_softirq_serve(struct rig_cpu *cpu)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct rig_cpu *before = rig_cpu_enter(cpu);
	struct rig_softirq *work;

	cpu->preempt_count += SOFTIRQ_OFFSET;
	timers_run_due(cpu);
	while ((work = next_softirq(irqs)) != NULL)
		work->function(work);
	cpu->preempt_count -= SOFTIRQ_OFFSET;
	rig_cpu_enter(before);
}

void rig_irq_deliver_pending(struct rig_cpu *cpu)
{
	if (cpu->irqs_disabled || in_hardirq_on(cpu) || !cpu->machine->irq)
		return;
	cpu->irqs_pending = false;
	serve_lines(cpu);
	if (!in_interrupt_on(cpu))
		rig_softirq_serve(cpu);
	else
		cpu->irqs_pending = true;
}

static bool good_line(unsigned int irq)
{
	return irq > 0 && irq < RIG_NR_IRQS;
}

void rig_irq_set(struct rig_cpu *cpu, unsigned int irq, const char *device)
{
	struct rig_irq *irqs = cpu->machine->irq;

	if (!irqs || !good_line(irq))
		return;
	rig_spin_lock(&irqs->lock);
	WRITE_ONCE(irqs->lines[irq].up, true);
	WRITE_ONCE(irqs->lines[irq].device, device);
	rig_spin_unlock(&irqs->lock);
	cpu->irqs_pending = true;
}

void rig_irq_raise(struct rig_cpu *cpu, unsigned int irq, const char *device)
{
	rig_irq_set(cpu, irq, device);
	rig_irq_deliver_pending(cpu);
}

void rig_irq_lower(struct rig_machine *machine, unsigned int irq)
{
	if (!machine->irq || !good_line(irq))
		return;
	rig_spin_lock(&machine->irq->lock);
	WRITE_ONCE(machine->irq->lines[irq].up, false);
	rig_spin_unlock(&machine->irq->lock);
}

u64 rig_irq_count(const struct rig_machine *machine, unsigned int irq)
{
	return machine->irq && good_line(irq) ? machine->irq->lines[irq].served : 0;
}

int rig_irq_request(struct rig_cpu *cpu, unsigned int irq, rig_irq_handler handler,
		    unsigned long flags, const char *name, void *dev_id)
{
	return rig_irq_request_threaded(cpu, irq, handler, NULL, flags, name, dev_id);
}

int rig_irq_request_threaded(struct rig_cpu *cpu, unsigned int irq, rig_irq_handler handler,
			     rig_irq_handler thread_fn, unsigned long flags, const char *name,
			     void *dev_id)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct irq_action *action, **link;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!good_line(irq) || (!handler && !thread_fn) || ((flags & IRQF_SHARED) && !dev_id))
		return -EINVAL;
	action = rig_kmalloc(cpu, sizeof(*action), GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, _RET_IP_);
	if (!action)
		return -ENOMEM;
	*action = (struct irq_action){ .handler = handler,
				       .thread_fn = thread_fn,
				       .thread = { .function = run_thread },
				       .irq = irq,
				       .flags = flags,
				       .name = name,
				       .dev_id = dev_id };
	INIT_LIST_HEAD(&action->thread.node);
	rig_spin_lock(&irqs->lock);
	link = &irqs->lines[irq].actions;
	if (*link && !((*link)->flags & flags & IRQF_SHARED)) {
		rig_spin_unlock(&irqs->lock);
		rig_log(cpu->machine, "genirq: Flags mismatch irq %u. %08lx (%s) vs. %08lx (%s)",
			irq, flags, name ? name : "", (*link)->flags,
			(*link)->name ? (*link)->name : "");
		rig_kfree(cpu, action, _RET_IP_);
		return -EBUSY;
	}
	while (*link)
		link = &(*link)->next;
	smp_store_release(link, action);
	rig_spin_unlock(&irqs->lock);
	/* It may have been waiting for a handler. */
	if (!(flags & IRQF_NO_AUTOEN)) {
		cpu->irqs_pending = true;
		rig_irq_deliver_pending(cpu);
	} else {
		rig_irq_disable(cpu, irq);
	}
	return 0;
}

static bool is_in_service(struct rig_irq *irqs, const struct irq_line *line)
{
	bool in_service;

	rig_spin_lock(&irqs->lock);
	in_service = line->in_service;
	rig_spin_unlock(&irqs->lock);
	return in_service;
}

const void *rig_irq_release(struct rig_cpu *cpu, unsigned int irq, void *dev_id)
{
	struct rig_irq *irqs = cpu->machine->irq;
	struct irq_action **link, *action;
	const char *name;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!good_line(irq)) {
		rig_misuse(cpu, "irq.free", "Trying to free irq %u: there is no such line", irq);
		return NULL;
	}
	rig_spin_lock(&irqs->lock);
	link = &irqs->lines[irq].actions;
	while (*link && (*link)->dev_id != dev_id)
		link = &(*link)->next;
	action = *link;
	if (action)
		smp_store_release(link, action->next);
	rig_spin_unlock(&irqs->lock);
	if (!action) {
		rig_misuse(cpu, "irq.free", "Trying to free already-free IRQ %u", irq);
		return NULL;
	}
	/* Another CPU may be in the handler: it ends before the driver takes anything down. */
	while (is_in_service(irqs, &irqs->lines[irq]))
		sched_yield();
	/* A thread function that was to run does not; the line it kept off is as before. */
	if (action->thread_fn && rig_work_cancel(cpu, &action->thread))
		rig_irq_enable(cpu, irq);
	name = action->name;
	rig_kfree(cpu, action, _RET_IP_);
	return name;
}

void rig_irq_disable(struct rig_cpu *cpu, unsigned int irq)
{
	if (!good_line(irq))
		return;
	rig_spin_lock(&cpu->machine->irq->lock);
	cpu->machine->irq->lines[irq].disabled++;
	rig_spin_unlock(&cpu->machine->irq->lock);
}

void rig_irq_enable(struct rig_cpu *cpu, unsigned int irq)
{
	struct rig_irq *irqs = cpu->machine->irq;
	bool unbalanced;

	if (!good_line(irq))
		return;
	rig_spin_lock(&irqs->lock);
	unbalanced = irqs->lines[irq].disabled == 0;
	irqs->lines[irq].disabled -= !unbalanced;
	rig_spin_unlock(&irqs->lock);
	if (unbalanced)
		rig_log(cpu->machine, "WARNING: Unbalanced enable for IRQ %u", irq);
	cpu->irqs_pending = true;
	rig_irq_deliver_pending(cpu);
}

void rig_softirq_raise(struct rig_cpu *cpu, struct rig_softirq *work)
{
	struct rig_irq *irqs = cpu->machine->irq;

	rig_spin_lock(&irqs->lock);
	if (!work->node.next || list_empty(&work->node))
		list_add_tail(&work->node, &irqs->softirqs);
	rig_spin_unlock(&irqs->lock);
	cpu->irqs_pending = true;
	/* In a task the kernel wakes a thread for it: it runs as soon as preemption is on. */
	if (rig_may_sleep(cpu))
		rig_irq_deliver_pending(cpu);
}

void rig_softirq_cancel(struct rig_cpu *cpu, struct rig_softirq *work)
{
	struct rig_irq *irqs = cpu->machine->irq;

	rig_spin_lock(&irqs->lock);
	if (work->node.next && !list_empty(&work->node))
		list_del_init(&work->node);
	rig_spin_unlock(&irqs->lock);
}

int rig_irq_init(struct rig_machine *machine)
{
	struct rig_irq *irqs = calloc(1, sizeof(*irqs));

	if (!irqs)
		return -ENOMEM;
	spin_lock_init(&irqs->lock);
	INIT_LIST_HEAD(&irqs->softirqs);
	INIT_LIST_HEAD(&irqs->works);
	INIT_LIST_HEAD(&irqs->timers);
	INIT_LIST_HEAD(&irqs->kthreads);
	irqs->last_pid = 100;
	irqs->worker.pid = 2;
	irqs->worker.tgid = 2;
	irqs->worker.flags = PF_KTHREAD | PF_WQ_WORKER;
	strcpy(irqs->worker.comm, "kworker/0:0");
	machine->irq = irqs;
	return 0;
}

void rig_irq_fini(struct rig_machine *machine)
{
	if (!machine->irq)
		return;
	kthreads_end(machine);
	free(machine->irq);
	machine->irq = NULL;
}
