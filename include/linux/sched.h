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
#include <linux/ktime.h>
#include <linux/might_sleep.h>
#include <linux/preempt.h>

/* task->__state: a task that is not TASK_RUNNING sleeps at its next schedule(). */
#define TASK_RUNNING 0x0000
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_WAKEKILL 0x0100
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE 0x0402
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define THREAD_SIZE (16UL << 10) /* bytes of a kernel stack */
#define THREAD_ALIGN THREAD_SIZE
#define MAX_SCHEDULE_TIMEOUT ((long)(~0UL >> 1))

#define set_current_state(state) __atomic_store_n(&current->__state, (state), __ATOMIC_SEQ_CST)
#define __set_current_state(state) WRITE_ONCE(current->__state, (state))
#define get_current_state() READ_ONCE(current->__state)

#define might_alloc(gfp) rig_might_alloc(rig_this_cpu(), gfp, __FILE__, __LINE__)

/*
 * Gives others the CPU: queued work and kernel threads run. A task whose state is not TASK_RUNNING
 * goes on when wake_up_process() set it so, or @ticks later (at once for 0).
 */
#define schedule()                                                                                 \
	do {                                                                                       \
		might_sleep();                                                                     \
		rig_schedule(rig_this_cpu());                                                      \
	} while (0)
/* Ticks that were left. */
#define schedule_timeout(ticks)                                                                    \
	({                                                                                         \
		might_sleep();                                                                     \
		rig_schedule_timeout(rig_this_cpu(), (ticks));                                     \
	})
#define rig_schedule_timeout_as(state, ticks)                                                      \
	({                                                                                         \
		__set_current_state(state);                                                        \
		schedule_timeout(ticks);                                                           \
	})
#define schedule_timeout_uninterruptible(ticks) rig_schedule_timeout_as(TASK_UNINTERRUPTIBLE, ticks)
#define schedule_timeout_interruptible(ticks) rig_schedule_timeout_as(TASK_INTERRUPTIBLE, ticks)
#define schedule_timeout_killable(ticks) rig_schedule_timeout_as(TASK_KILLABLE, ticks)
#define schedule_timeout_idle(ticks) rig_schedule_timeout_as(TASK_IDLE, ticks)
#define io_schedule_timeout(ticks) schedule_timeout(ticks)
#define io_schedule() schedule()
/* 0: nothing was waiting for the CPU, as far as anybody can tell. */
#define cond_resched()                                                                             \
	({                                                                                         \
		might_sleep();                                                                     \
		rig_sleep(rig_this_cpu(), 0);                                                      \
		0;                                                                                 \
	})
#define cond_resched_lock(lock)                                                                    \
	({                                                                                         \
		spin_unlock(lock);                                                                 \
		cond_resched();                                                                    \
		spin_lock(lock);                                                                   \
		1;                                                                                 \
	})
#define cond_resched_rcu() ((void)0)
#define yield() cond_resched()
#define need_resched() false

/* 1: it slept. Any context. */
static inline int wake_up_process(struct task_struct *task)
{
	return rig_wake_up(rig_this_cpu(), task);
}

/* The task stays, also after it has ended, until put_task_struct(). */
static inline struct task_struct *get_task_struct(struct task_struct *task)
{
	__atomic_fetch_add(&task->usage, 1, __ATOMIC_RELAXED);
	return task;
}

static inline void put_task_struct(struct task_struct *task)
{
	rig_task_put(rig_this_cpu(), task);
}

#define task_pid_nr(task) ((task)->pid)
#define set_user_nice(task, nice) ((void)(task), (void)(nice))
#define sched_set_fifo(task) ((void)(task))
#define set_cpus_allowed_ptr(task, mask) ((void)(task), 0)

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
