/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spin locks of kernel code. They are real: virtual CPUs may be threads. The irq variants also
 * raise the CPU's count of disabled interrupts, so that sleeping under them is noticed
 * (see linux/preempt.h).
 */
#ifndef _LINUX_SPINLOCK_H_RIG
#define _LINUX_SPINLOCK_H_RIG

#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/types.h>

typedef struct spinlock {
	unsigned int locked; /* 0 or 1; accessed atomically */
} spinlock_t;

typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                                                                 \
	{                                                                                          \
		0                                                                                  \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

static inline void spin_lock_init(spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELAXED);
}

/* Waits for a contended lock; yields the host's processor between looks. */
void rig_spin_wait(spinlock_t *lock);

/*
 * The bare lock, without the bookkeeping of contexts: for the allocators' own locks, whose
 * critical sections never sleep.
 */
static inline void rig_spin_lock(spinlock_t *lock)
{
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		rig_spin_wait(lock);
}

static inline bool rig_spin_trylock(spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static inline void rig_spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0;
}

#include <linux/preempt.h>

static inline void spin_lock(spinlock_t *lock)
{
	preempt_disable();
	rig_spin_lock(lock);
}

static inline void spin_unlock(spinlock_t *lock)
{
	rig_spin_unlock(lock);
	preempt_enable();
}

static inline bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (rig_spin_trylock(lock))
		return true;
	preempt_enable();
	return false;
}

static inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	spin_lock(lock);
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	local_irq_enable();
}

#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		spin_lock(lock);                                                                   \
	} while (0)

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

static inline void spin_lock_bh(spinlock_t *lock)
{
	local_bh_disable();
	spin_lock(lock);
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

static inline int spin_trylock_bh(spinlock_t *lock)
{
	local_bh_disable();
	if (spin_trylock(lock))
		return 1;
	local_bh_enable();
	return 0;
}

#define spin_trylock_irqsave(lock, flags)                                                          \
	({                                                                                         \
		bool _taken;                                                                       \
		local_irq_save(flags);                                                             \
		_taken = spin_trylock(lock);                                                       \
		if (!_taken)                                                                       \
			local_irq_restore(flags);                                                  \
		_taken;                                                                            \
	})
#define spin_lock_nested(lock, subclass) spin_lock(lock)
#define spin_lock_bh_nested(lock, subclass) spin_lock_bh(lock)
#define spin_lock_irqsave_nested(lock, flags, subclass) spin_lock_irqsave(lock, flags)
#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))

#define __RAW_SPIN_LOCK_UNLOCKED(name) __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)
#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_trylock(lock) spin_trylock(lock)
#define raw_spin_lock_irq(lock) spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock) spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)

#include <linux/rwlock.h>

#endif
