/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a machine's devices, soft interrupts, timers and work. A line is level triggered:
 * while a device holds it up, its handlers run, on the CPU that raised it or on the one it is
 * bound to, nested in what that CPU was doing, with in_hardirq() true and interrupts off. On a
 * CPU with interrupts off it waits until they are on again.
 */
#ifndef KMEMRIG_IRQ_H
#define KMEMRIG_IRQ_H

#include <kmemrig/cpu.h>
#include <linux/list.h>
#include <linux/types.h>

struct rig_machine;

#define RIG_NR_IRQS 64

int rig_irq_init(struct rig_machine *machine);
void rig_irq_fini(struct rig_machine *machine);

/*
 * The device holds its line up / lets go. Raising runs the handlers before it returns where they
 * may run; @cpu is the CPU whose access made the device do so.
 */
void rig_irq_raise(struct rig_cpu *cpu, unsigned int irq, const char *device);
/* The first half: the line is up and the CPU will see it at rig_irq_deliver_pending(). */
void rig_irq_set(struct rig_cpu *cpu, unsigned int irq, const char *device);
void rig_irq_lower(struct rig_machine *machine, unsigned int irq);

/* Interrupts served on a line since boot. */
u64 rig_irq_count(const struct rig_machine *machine, unsigned int irq);

typedef int (*rig_irq_handler)(int irq, void *dev_id);

/* request_irq / free_irq of linux/interrupt.h; -errno as there. */
int rig_irq_request(struct rig_cpu *cpu, unsigned int irq, rig_irq_handler handler,
		    unsigned long flags, const char *name, void *dev_id);
/* The same with a function that runs in task context when the handler asks for it. */
int rig_irq_request_threaded(struct rig_cpu *cpu, unsigned int irq, rig_irq_handler handler,
			     rig_irq_handler thread_fn, unsigned long flags, const char *name,
			     void *dev_id);
const void *rig_irq_release(struct rig_cpu *cpu, unsigned int irq, void *dev_id);
void rig_irq_disable(struct rig_cpu *cpu, unsigned int irq);
void rig_irq_enable(struct rig_cpu *cpu, unsigned int irq);

/* A soft interrupt's work: linked into the machine's queue, run at the end of an interrupt. */
struct rig_softirq {
	struct list_head node; /* self-linked or NULL: not queued */
	void (*function)(struct rig_softirq *work);
};

void rig_softirq_raise(struct rig_cpu *cpu, struct rig_softirq *work);
/* Not queued any more when it returns. */
void rig_softirq_cancel(struct rig_cpu *cpu, struct rig_softirq *work);

/* Work in task context: see rig_run_work. */
struct rig_work {
	struct list_head node;
	void (*function)(struct rig_work *work);
};

/* false: it was queued already. Any context. */
bool rig_work_queue(struct rig_cpu *cpu, struct rig_work *work);
bool rig_work_cancel(struct rig_cpu *cpu, struct rig_work *work);

/* A timer of the virtual clock. */
struct rig_timer {
	struct list_head node; /* by expiry, then in the order of setting */
	u64 expires_ns;
	void (*function)(struct rig_timer *timer);
};

/* true: it was set already (and is set anew). Any context. */
bool rig_timer_set(struct rig_cpu *cpu, struct rig_timer *timer, u64 expires_ns);
bool rig_timer_cancel(struct rig_cpu *cpu, struct rig_timer *timer);

#endif
