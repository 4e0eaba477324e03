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
	__atomic_fetch_add(&x->done, 1, __ATOMIC_RELEASE);
	wake_up(&x->wait);
}

/* Takes one completion; false: there is none now. */
static inline bool try_wait_for_completion(struct completion *x)
{
	unsigned int done = __atomic_load_n(&x->done, __ATOMIC_ACQUIRE);

	while (done && !__atomic_compare_exchange_n(&x->done, &done, done - 1, false,
						    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return done != 0;
}

/* Sleeps until complete(). */
#define wait_for_completion(x) ((void)wait_event((x)->wait, try_wait_for_completion(x)))

#endif
