/* SPDX-License-Identifier: GPL-2.0-only */
/* Spin locks of readers and writers; included by linux/spinlock.h. */
#ifndef _LINUX_RWLOCK_H_RIG
#define _LINUX_RWLOCK_H_RIG

#include <linux/preempt.h>

typedef struct {
	int count; /* readers; -1: a writer; accessed atomically */
} rwlock_t;

#define __RW_LOCK_UNLOCKED(name)                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define DEFINE_RWLOCK(name) rwlock_t name = __RW_LOCK_UNLOCKED(name)
#define rwlock_init(lock) __atomic_store_n(&(lock)->count, 0, __ATOMIC_RELEASE)

static inline bool rig_read_trylock(rwlock_t *lock)
{
	int count = __atomic_load_n(&lock->count, __ATOMIC_RELAXED);

	return count >= 0 && __atomic_compare_exchange_n(&lock->count, &count, count + 1, false,
							 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool rig_write_trylock(rwlock_t *lock)
{
	int free = 0;

	return __atomic_compare_exchange_n(&lock->count, &free, -1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Yields the host's processor after a while. */
void rig_spin_pause(unsigned int *spins);

static inline void read_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	preempt_disable();
	while (!rig_read_trylock(lock))
		rig_spin_pause(&spins);
}

static inline void write_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	preempt_disable();
	while (!rig_write_trylock(lock))
		rig_spin_pause(&spins);
}

static inline void read_unlock(rwlock_t *lock)
{
	__atomic_fetch_sub(&lock->count, 1, __ATOMIC_RELEASE);
	preempt_enable();
}

static inline void write_unlock(rwlock_t *lock)
{
	__atomic_store_n(&lock->count, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

#define RIG_RWLOCK_CONTEXTS(kind)                                                                  \
	static inline void kind##_lock_irq(rwlock_t *lock)                                         \
	{                                                                                          \
		local_irq_disable();                                                               \
		kind##_lock(lock);                                                                 \
	}                                                                                          \
	static inline void kind##_unlock_irq(rwlock_t *lock)                                       \
	{                                                                                          \
		kind##_unlock(lock);                                                               \
		local_irq_enable();                                                                \
	}                                                                                          \
	static inline void kind##_unlock_irqrestore(rwlock_t *lock, unsigned long flags)           \
	{                                                                                          \
		kind##_unlock(lock);                                                               \
		local_irq_restore(flags);                                                          \
	}                                                                                          \
	static inline void kind##_lock_bh(rwlock_t *lock)                                          \
	{                                                                                          \
		local_bh_disable();                                                                \
		kind##_lock(lock);                                                                 \
	}                                                                                          \
	static inline void kind##_unlock_bh(rwlock_t *lock)                                        \
	{                                                                                          \
		kind##_unlock(lock);                                                               \
		local_bh_enable();                                                                 \
	}
RIG_RWLOCK_CONTEXTS(read)
RIG_RWLOCK_CONTEXTS(write)
#undef RIG_RWLOCK_CONTEXTS

#define read_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		read_lock(lock);                                                                   \
	} while (0)
#define write_lock_irqsave(lock, flags)                                                            \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		write_lock(lock);                                                                  \
	} while (0)

#endif
