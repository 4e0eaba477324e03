/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for something to be done once; see linux/wait.h for what waiting means here. */
#ifndef _LINUX_COMPLETION_H_RIG
#define _LINUX_COMPLETION_H_RIG

#include <linux/wait.h>

struct completion {
	unsigned int done; /* completions nobody has waited for yet; accessed atomically */
	wait_queue_head_t wait;
};

#define DECLARE_COMPLETION(work)                                                                   \
	struct completion work = { 0, __WAIT_QUEUE_HEAD_INITIALIZER((work).wait) }
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)
#define COMPLETION_ALL (~0U) /* done: complete_all() */

static inline void init_completion(struct completion *x)
{
	__atomic_store_n(&x->done, 0, __ATOMIC_RELAXED);
	init_waitqueue_head(&x->wait);
}

static inline void reinit_completion(struct completion *x)
{
	__atomic_store_n(&x->done, 0, __ATOMIC_RELAXED);
}

/* Lets one waiter go on. Any context. */
static inline void complete(struct completion *x)
{
	if (__atomic_load_n(&x->done, __ATOMIC_RELAXED) != COMPLETION_ALL)
		__atomic_fetch_add(&x->done, 1, __ATOMIC_RELEASE);
	wake_up(&x->wait);
}

/* Lets all waiters go on, also those still to come, until reinit_completion(). */
static inline void complete_all(struct completion *x)
{
	__atomic_store_n(&x->done, COMPLETION_ALL, __ATOMIC_RELEASE);
	wake_up(&x->wait);
}

static inline bool completion_done(struct completion *x)
{
	return __atomic_load_n(&x->done, __ATOMIC_ACQUIRE) != 0;
}

/* Takes one completion; false: there is none now. */
static inline bool try_wait_for_completion(struct completion *x)
{
	unsigned int done = __atomic_load_n(&x->done, __ATOMIC_ACQUIRE);

	while (done && done != COMPLETION_ALL &&
	       !__atomic_compare_exchange_n(&x->done, &done, done - 1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED))
		;
	return done != 0;
}

/* Sleeps until complete(). */
#define wait_for_completion(x)                                                                     \
	({                                                                                         \
		struct completion *_completion = (x);                                              \
		(void)wait_event(_completion->wait, try_wait_for_completion(_completion));         \
	})
#define wait_for_completion_interruptible(x)                                                       \
	({                                                                                         \
		wait_for_completion(x);                                                            \
		0;                                                                                 \
	})
#define wait_for_completion_killable(x) wait_for_completion_interruptible(x)
#define wait_for_completion_io(x) wait_for_completion(x)
/* 0: not within @ticks; otherwise what is left of them, at least 1. */
#define wait_for_completion_timeout(x, ticks)                                                      \
	({                                                                                         \
		struct completion *_completion = (x);                                              \
		(unsigned long)wait_event_timeout(                                                 \
			_completion->wait, try_wait_for_completion(_completion), (long)(ticks));   \
	})
#define wait_for_completion_interruptible_timeout(x, ticks)                                        \
	((long)wait_for_completion_timeout(x, ticks))
#define wait_for_completion_killable_timeout(x, ticks) ((long)wait_for_completion_timeout(x, ticks))

#endif
