/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks of data that is one's CPU's own: preemption (interrupts) off. */
#ifndef _LINUX_LOCAL_LOCK_H_RIG
#define _LINUX_LOCAL_LOCK_H_RIG

#include <linux/preempt.h>

typedef struct {
	char unused;
} local_lock_t;

#define INIT_LOCAL_LOCK(name)                                                                      \
	{                                                                                          \
		0                                                                                  \
	}
#define local_lock_init(lock) ((void)(lock))
#define local_lock(lock) ((void)(lock), preempt_disable())
#define local_unlock(lock) ((void)(lock), preempt_enable())
#define local_lock_irq(lock) ((void)(lock), local_irq_disable())
#define local_unlock_irq(lock) ((void)(lock), local_irq_enable())
#define local_lock_irqsave(lock, flags) local_irq_save(flags)
#define local_unlock_irqrestore(lock, flags) local_irq_restore(flags)

#endif
