/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for a condition. A rig has no scheduler: who waits lets queued work run and timers
 * expire on its CPU, and where other CPUs are threads, gives them time. When nothing is left that
 * could make the condition true, the task is reported as hung ("task.hung").
 */
#ifndef _LINUX_WAIT_H_RIG
#define _LINUX_WAIT_H_RIG

#include <kmemrig/context.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

typedef struct wait_queue_head {
	unsigned int wakeups; /* so far; accessed atomically */
	unsigned int waiters;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                        \
	{                                                                                          \
		0, 0                                                                               \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

static inline void init_waitqueue_head(wait_queue_head_t *head)
{
	__atomic_store_n(&head->wakeups, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&head->waiters, 0, __ATOMIC_RELAXED);
}

static inline void wake_up(wait_queue_head_t *head)
{
	__atomic_fetch_add(&head->wakeups, 1, __ATOMIC_RELEASE);
}

#define wake_up_all(head) wake_up(head)
#define wake_up_interruptible(head) wake_up(head)

static inline int waitqueue_active(wait_queue_head_t *head)
{
	return __atomic_load_n(&head->waiters, __ATOMIC_ACQUIRE) != 0;
}

struct rig_waiter {
	u64 start_ns;	   /* virtual */
	unsigned int idle; /* looks in a row that found nothing to do */
};

/* A waiter's state before its first rig_wait_step(). */
struct rig_waiter rig_wait_begin(struct rig_cpu *cpu);

/*
 * Lets something happen: work, the next timer, other threads. Returns false when nothing is left
 * to wait for (and has reported the task as hung).
 */
bool rig_wait_step(struct rig_cpu *cpu, struct rig_waiter *waiter);

/* Returns false when the wait was given up. */
#define wait_event(head, condition)                                                                \
	({                                                                                         \
		struct rig_waiter _waiter = rig_wait_begin(rig_this_cpu());                        \
		bool _waits = true;                                                                \
		rig_might_sleep(rig_this_cpu(), __FILE__, __LINE__);                               \
		__atomic_fetch_add(&(head).waiters, 1, __ATOMIC_ACQ_REL);                          \
		while (!(condition) && _waits)                                                     \
			_waits = rig_wait_step(rig_this_cpu(), &_waiter);                          \
		__atomic_fetch_sub(&(head).waiters, 1, __ATOMIC_ACQ_REL);                          \
		_waits;                                                                            \
	})

#endif
