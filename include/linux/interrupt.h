/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt handlers and tasklets of driver code: the kernel's API over kmemrig/irq.h, on the CPU
 * that the thread drives.
 */
#ifndef _LINUX_INTERRUPT_H_RIG
#define _LINUX_INTERRUPT_H_RIG

#include <kmemrig/irq.h>
#include <linux/irqreturn.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

#define IRQF_TRIGGER_NONE 0x00000000
#define IRQF_TRIGGER_RISING 0x00000001
#define IRQF_TRIGGER_FALLING 0x00000002
#define IRQF_TRIGGER_HIGH 0x00000004
#define IRQF_TRIGGER_LOW 0x00000008
#define IRQF_SHARED 0x00000080
#define IRQF_ONESHOT 0x00002000
#define IRQF_NO_AUTOEN 0x00080000

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

/*
 * The handler (NULL: none) runs in the interrupt; when it answers IRQ_WAKE_THREAD, @thread_fn
 * runs later in task context, with the line off until it is done. -errno as of request_irq.
 */
static inline int request_threaded_irq(unsigned int irq, irq_handler_t handler,
				       irq_handler_t thread_fn, unsigned long flags,
				       const char *name, void *dev_id)
{
	return rig_irq_request_threaded(rig_this_cpu(), irq, handler, thread_fn, flags, name,
					dev_id);
}

struct device;
/* Freed with the device's driver; see linux/device.h. */
int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
			      irq_handler_t thread_fn, unsigned long flags, const char *name,
			      void *dev_id);
void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id);

static inline int __must_check devm_request_irq(struct device *dev, unsigned int irq,
						irq_handler_t handler, unsigned long flags,
						const char *name, void *dev_id)
{
	return devm_request_threaded_irq(dev, irq, handler, NULL, flags, name, dev_id);
}

/* Handlers that run now have ended when it returns: nothing runs beside one here. */
#define synchronize_irq(irq) ((void)(irq))

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
