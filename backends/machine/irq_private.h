/* SPDX-License-Identifier: GPL-2.0-only */
/* What irq.c and context.c share: a machine's interrupt lines and queues. */
#ifndef RIG_IRQ_PRIVATE_H
#define RIG_IRQ_PRIVATE_H

#include <kmemrig/irq.h>
#include <kmemrig/machine.h>
#include <linux/spinlock.h>

struct irq_action {
	rig_irq_handler handler; /* NULL: the thread function alone */
	rig_irq_handler thread_fn;
	struct rig_work thread; /* runs thread_fn in task context */
	unsigned int irq;
	unsigned long flags; /* IRQF_* */
	const char *name;
	void *dev_id;
	struct irq_action *next; /* in the order of request */
};

struct irq_line {
	struct irq_action *actions;
	bool up;	       /* the device holds it */
	bool in_service;       /* its handlers run */
	unsigned int disabled; /* nests */
	const char *device;
	u64 served;
	unsigned int watched, unhandled; /* since the last look */
};

/* Work that is being done, innermost first: an item never runs nested in itself. */
struct running_work {
	const struct rig_work *work;
	struct running_work *outer;
};

struct rig_irq {
	spinlock_t lock;
	struct irq_line lines[RIG_NR_IRQS];
	struct list_head softirqs;
	struct list_head works;	 /* oldest first */
	struct list_head timers; /* next first */
	struct running_work *running;
	struct list_head kthreads; /* in the order of creation */
	u64 kthread_round;
	int last_pid;
	struct task_struct worker; /* who does queued work */
};

/* These are found by name in stack traces: what they interrupt did not call what they call. */
void rig_irq_serve(struct rig_cpu *cpu, unsigned int irq);
void rig_softirq_serve(struct rig_cpu *cpu);

/*
 * Kernel threads of @cpu that may run do, each until it sleeps, and those that wait look once.
 * Returns whether one got on.
 */
bool kthreads_run(struct rig_cpu *cpu);

/* Is the CPU's task a kernel thread, which gives the CPU back rather than letting others run? */
static inline bool on_kthread(const struct rig_cpu *cpu)
{
	return cpu->task->kthread != NULL;
}

/* The thread on @cpu sleeps: until the clock says @until_ns (at once: its next turn). */
void kthread_sleep(struct rig_cpu *cpu, u64 until_ns);
/* It waits for a condition and looks again when others ran; @again: not for the first time. */
void kthread_wait(struct rig_cpu *cpu, u64 deadline_ns, bool again);
/* It waits until its task is TASK_RUNNING. */
void kthread_block(struct rig_cpu *cpu, u64 deadline_ns);
/* At the machine's end. */
void kthreads_end(struct rig_machine *machine);

/* Runs the timers whose time has come, in soft interrupt context. */
void timers_run_due(struct rig_cpu *cpu);

#endif
