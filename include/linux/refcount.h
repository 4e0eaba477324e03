/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reference counts that notice abuse: an increment of 0 is a use after free, a decrement below 0
 * an underflow; both are warned of in the kernel's words, and the count stays saturated, so that
 * what it guards leaks rather than being freed early.
 */
#ifndef _LINUX_REFCOUNT_H_RIG
#define _LINUX_REFCOUNT_H_RIG

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)                                                                           \
	{                                                                                          \
		.refs = ATOMIC_INIT(n),                                                            \
	}
#define REFCOUNT_MAX INT_MAX
#define REFCOUNT_SATURATED (INT_MIN / 2)

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return (unsigned int)atomic_read(&r->refs);
}

/* Not from 0: false, and nothing changes. */
bool __must_check refcount_add_not_zero(int i, refcount_t *r);
void refcount_add(int i, refcount_t *r);
/* true: it is 0 now, and who calls this was the last. */
bool __must_check refcount_sub_and_test(int i, refcount_t *r);
void refcount_dec(refcount_t *r);
/* From 1 to 0: true. */
bool __must_check refcount_dec_if_one(refcount_t *r);
/* Not from 1: false. */
bool __must_check refcount_dec_not_one(refcount_t *r);
/* true: it is 0 now, and the lock is taken. */
bool __must_check refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock);
bool __must_check refcount_dec_and_lock(refcount_t *r, spinlock_t *lock);

static inline bool __must_check refcount_inc_not_zero(refcount_t *r)
{
	return refcount_add_not_zero(1, r);
}

static inline void refcount_inc(refcount_t *r)
{
	refcount_add(1, r);
}

static inline bool __must_check refcount_dec_and_test(refcount_t *r)
{
	return refcount_sub_and_test(1, r);
}

#endif
