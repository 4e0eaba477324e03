/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The current task and sleeping. Tasks are struct task_struct of kmemrig/cpu.h; current is the
 * one that the thread's CPU works for.
 */
#ifndef _LINUX_SCHED_H_RIG
#define _LINUX_SCHED_H_RIG

#include <kmemrig/context.h>
#include <kmemrig/cpu.h>
#include <linux/gfp_types.h>
#include <linux/preempt.h>

#define TASK_RUNNING 0x0000
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002

/* See kmemrig/context.h. */
#define might_sleep() rig_might_sleep(rig_this_cpu(), __FILE__, __LINE__)
#define might_sleep_if(condition)                                                                  \
	do {                                                                                       \
		if (condition)                                                                     \
			might_sleep();                                                             \
	} while (0)
#define might_alloc(gfp) rig_might_alloc(rig_this_cpu(), gfp, __FILE__, __LINE__)

/* Gives others the CPU: queued work runs. */
#define schedule()                                                                                 \
	do {                                                                                       \
		might_sleep();                                                                     \
		rig_sleep(rig_this_cpu(), 0);                                                      \
	} while (0)
#define cond_resched()                                                                             \
	({                                                                                         \
		schedule();                                                                        \
		0;                                                                                 \
	})
/* Returns 0: all of the time passed. In ticks. */
#define schedule_timeout_uninterruptible(ticks)                                                    \
	({                                                                                         \
		might_sleep();                                                                     \
		rig_sleep(rig_this_cpu(), (u64)(ticks)*RIG_NS_PER_JIFFY);                          \
		0L;                                                                                \
	})
#define schedule_timeout(ticks) schedule_timeout_uninterruptible(ticks)
#define io_schedule_timeout(ticks) schedule_timeout_uninterruptible(ticks)
#define cpu_relax() __builtin_ia32_pause()

/* Scopes in which allocations of this task may start no I/O / enter no file system. */
static inline unsigned int rig_set_task_flag(unsigned int flag)
{
	unsigned int before = current->flags & flag;

	current->flags |= flag;
	return before;
}

static inline void rig_restore_task_flag(unsigned int flag, unsigned int before)
{
	current->flags = (current->flags & ~flag) | before;
}

static inline unsigned int memalloc_noio_save(void)
{
	return rig_set_task_flag(PF_MEMALLOC_NOIO);
}

static inline void memalloc_noio_restore(unsigned int flags)
{
	rig_restore_task_flag(PF_MEMALLOC_NOIO, flags);
}

static inline unsigned int memalloc_nofs_save(void)
{
	return rig_set_task_flag(PF_MEMALLOC_NOFS);
}

static inline void memalloc_nofs_restore(unsigned int flags)
{
	rig_restore_task_flag(PF_MEMALLOC_NOFS, flags);
}

static inline unsigned int memalloc_noreclaim_save(void)
{
	return rig_set_task_flag(PF_MEMALLOC);
}

static inline void memalloc_noreclaim_restore(unsigned int flags)
{
	rig_restore_task_flag(PF_MEMALLOC, flags);
}

#endif
