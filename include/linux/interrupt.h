/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt handlers and tasklets of driver code: the kernel's API over kmemrig/irq.h, on the CPU
 * that the thread drives.
 */
#ifndef _LINUX_INTERRUPT_H_RIG
#define _LINUX_INTERRUPT_H_RIG

#include <kmemrig/irq.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

typedef int irqreturn_t;

#define IRQ_NONE 0 /* not from this device */
#define IRQ_HANDLED 1
#define IRQ_WAKE_THREAD 2 /* not supported: there are no threaded handlers */

#define IRQF_TRIGGER_HIGH 0x00000004
#define IRQF_SHARED 0x00000080

typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);

/*
 * From now on @handler runs at each interrupt on the line. @name is kept, not copied. -EINVAL: no
 * such line, no handler, or shared without dev_id; -EBUSY: taken and not shared by all. May sleep.
 */
static inline int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
			      const char *name, void *dev_id)
{
	return rig_irq_request(rig_this_cpu(), irq, handler, flags, name, dev_id);
}

/* Returns the name given at request. Freeing what is not there is misuse ("irq.free"). */
static inline const void *free_irq(unsigned int irq, void *dev_id)
{
	return rig_irq_release(rig_this_cpu(), irq, dev_id);
}

/* Nests; what arrives meanwhile is served by the last enable. */
static inline void disable_irq(unsigned int irq)
{
	rig_irq_disable(rig_this_cpu(), irq);
}

static inline void disable_irq_nosync(unsigned int irq)
{
	rig_irq_disable(rig_this_cpu(), irq);
}

static inline void enable_irq(unsigned int irq)
{
	rig_irq_enable(rig_this_cpu(), irq);
}

struct tasklet_struct {
	struct rig_softirq softirq;
	void (*callback)(struct tasklet_struct *tasklet);
};

static inline void rig_tasklet_run(struct rig_softirq *softirq)
{
	struct tasklet_struct *tasklet = container_of(softirq, struct tasklet_struct, softirq);

	tasklet->callback(tasklet);
}

static inline void tasklet_setup(struct tasklet_struct *tasklet,
				 void (*callback)(struct tasklet_struct *tasklet))
{
	INIT_LIST_HEAD(&tasklet->softirq.node);
	tasklet->softirq.function = rig_tasklet_run;
	tasklet->callback = callback;
}

/* Runs once in soft interrupt context, however often it is scheduled before. */
static inline void tasklet_schedule(struct tasklet_struct *tasklet)
{
	rig_softirq_raise(rig_this_cpu(), &tasklet->softirq);
}

static inline void tasklet_kill(struct tasklet_struct *tasklet)
{
	rig_softirq_cancel(rig_this_cpu(), &tasklet->softirq);
}

#define from_tasklet(var, callback_tasklet, tasklet_fieldname)                                     \
	container_of(callback_tasklet, __typeof__(*var), tasklet_fieldname)

#endif
