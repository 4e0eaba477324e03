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

/* Who waits looks again at its condition: one waiter or all is the same here. */
#define wake_up_all(head) wake_up(head)
#define wake_up_interruptible(head) wake_up(head)
#define wake_up_interruptible_all(head) wake_up(head)
#define wake_up_nr(head, nr) wake_up(head)
#define wake_up_interruptible_sync(head) wake_up(head)

static inline int waitqueue_active(wait_queue_head_t *head)
{
	return __atomic_load_n(&head->waiters, __ATOMIC_ACQUIRE) != 0;
}

struct rig_waiter {
	u64 start_ns;	   /* virtual */
	u64 deadline_ns;   /* virtual; ~0: none */
	unsigned int idle; /* looks in a row that found nothing to do */
};

/* A waiter's state before its first rig_wait_step(). @timeout_ns: ~0 means for good. */
struct rig_waiter rig_wait_begin(struct rig_cpu *cpu);
struct rig_waiter rig_wait_begin_timeout(struct rig_cpu *cpu, u64 timeout_ns);

/*
 * Lets something happen: work, kernel threads, the next timer, other host threads. Returns false
 * when nothing is left to wait for (and has reported the task as hung), or when the clock has come
 * to the deadline.
 */
bool rig_wait_step(struct rig_cpu *cpu, struct rig_waiter *waiter);

/* Ticks that are left until the waiter's deadline. */
long rig_wait_left(struct rig_cpu *cpu, const struct rig_waiter *waiter);
/* A timeout in ticks as one in nanoseconds. */
u64 rig_timeout_ns(long ticks);

/* true: the condition came true; false: given up, or the time was over. */
#define rig_wait_for(head, condition, waiter)                                                      \
	({                                                                                         \
		bool _true;                                                                        \
		rig_might_sleep(rig_this_cpu(), __FILE__, __LINE__);                               \
		__atomic_fetch_add(&(head).waiters, 1, __ATOMIC_ACQ_REL);                          \
		while (!(_true = (condition)) && rig_wait_step(rig_this_cpu(), (waiter)))          \
			;                                                                          \
		__atomic_fetch_sub(&(head).waiters, 1, __ATOMIC_ACQ_REL);                          \
		_true;                                                                             \
	})

/* Returns false when the wait was given up. */
#define wait_event(head, condition)                                                                \
	({                                                                                         \
		struct rig_waiter _waiter = rig_wait_begin(rig_this_cpu());                        \
		rig_wait_for(head, condition, &_waiter);                                           \
	})
/* No task gets signals: 0. */
#define wait_event_interruptible(head, condition)                                                  \
	({                                                                                         \
		(void)wait_event(head, condition);                                                 \
		0;                                                                                 \
	})
#define wait_event_killable(head, condition)                                                       \
	({                                                                                         \
		(void)wait_event(head, condition);                                                 \
		0;                                                                                 \
	})
#define wait_event_freezable(head, condition)                                                      \
	({                                                                                         \
		(void)wait_event(head, condition);                                                 \
		0;                                                                                 \
	})
#define wait_event_idle(head, condition) ((void)wait_event(head, condition))
/* 0: the condition is still false after @ticks; otherwise what is left of them, at least 1. */
#define wait_event_timeout(head, condition, ticks)                                                 \
	({                                                                                         \
		struct rig_waiter _waiter =                                                        \
			rig_wait_begin_timeout(rig_this_cpu(), rig_timeout_ns(ticks));             \
		long _left = 0;                                                                    \
		if (rig_wait_for(head, condition, &_waiter)) {                                     \
			_left = rig_wait_left(rig_this_cpu(), &_waiter);                           \
			_left = _left ? _left : 1;                                                 \
		}                                                                                  \
		_left;                                                                             \
	})
#define wait_event_interruptible_timeout(head, condition, ticks)                                   \
	wait_event_timeout(head, condition, ticks)
#define wait_event_killable_timeout(head, condition, ticks)                                        \
	wait_event_timeout(head, condition, ticks)
#define wait_event_idle_timeout(head, condition, ticks) wait_event_timeout(head, condition, ticks)
#define wait_event_lock_irq(head, condition, lock)                                                 \
	do {                                                                                       \
		while (!(condition)) {                                                             \
			spin_unlock_irq(&(lock));                                                  \
			(void)wait_event(head, condition);                                         \
			spin_lock_irq(&(lock));                                                    \
		}                                                                                  \
	} while (0)
#define wait_var_event(var, condition)                                                             \
	do {                                                                                       \
		DECLARE_WAIT_QUEUE_HEAD(_var_head);                                                \
		(void)(var);                                                                       \
		(void)wait_event(_var_head, condition);                                            \
	} while (0)
#define wake_up_var(var) ((void)(var))

#endif
