/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping locks: real ones where CPUs are threads. Taken in atomic context they are reported as
 * any sleep; taken again by the task that holds them, or given back by another, as misuse
 * ("mutex.recursive", "mutex.owner").
 */
#ifndef _LINUX_MUTEX_H_RIG
#define _LINUX_MUTEX_H_RIG

#include <kmemrig/cpu.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/types.h>

struct mutex {
	struct task_struct *owner; /* NULL: free; accessed atomically */
};

#define __MUTEX_INITIALIZER(name)                                                                  \
	{                                                                                          \
		NULL                                                                               \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)
#define mutex_init(lock) ((void)__atomic_store_n(&(lock)->owner, NULL, __ATOMIC_RELEASE))
#define mutex_destroy(lock) ((void)(lock))

/* May sleep; not in interrupts. */
void rig_mutex_lock(struct rig_cpu *cpu, struct mutex *lock, const char *file, int line);
/* 1: taken. Does not sleep. */
int rig_mutex_trylock(struct rig_cpu *cpu, struct mutex *lock);
void rig_mutex_unlock(struct rig_cpu *cpu, struct mutex *lock);

#define mutex_lock(lock) rig_mutex_lock(rig_this_cpu(), lock, __FILE__, __LINE__)
#define mutex_lock_interruptible(lock) (mutex_lock(lock), 0)
#define mutex_lock_killable(lock) (mutex_lock(lock), 0)
#define mutex_lock_nested(lock, subclass) mutex_lock(lock)
#define mutex_lock_io(lock) mutex_lock(lock)
#define mutex_trylock(lock) rig_mutex_trylock(rig_this_cpu(), lock)
#define mutex_unlock(lock) rig_mutex_unlock(rig_this_cpu(), lock)

static inline bool mutex_is_locked(struct mutex *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != NULL;
}

#endif
