/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Semaphores of readers and writers: any number of the former or one of the latter. May sleep;
 * misuse is reported as of mutexes ("rwsem.owner").
 */
#ifndef _LINUX_RWSEM_H_RIG
#define _LINUX_RWSEM_H_RIG

#include <kmemrig/cpu.h>
#include <linux/compiler.h>

struct rw_semaphore {
	long count; /* readers; -1: a writer; accessed atomically */
};

#define __RWSEM_INITIALIZER(name)                                                                  \
	{                                                                                          \
		0                                                                                  \
	}
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)
#define init_rwsem(sem) __atomic_store_n(&(sem)->count, 0, __ATOMIC_RELEASE)

void rig_rwsem_down(struct rig_cpu *cpu, struct rw_semaphore *sem, bool write, const char *file,
		    int line);
bool rig_rwsem_try(struct rw_semaphore *sem, bool write);
void rig_rwsem_up(struct rig_cpu *cpu, struct rw_semaphore *sem, bool write);

#define down_read(sem) rig_rwsem_down(rig_this_cpu(), sem, false, __FILE__, __LINE__)
#define down_write(sem) rig_rwsem_down(rig_this_cpu(), sem, true, __FILE__, __LINE__)
#define down_read_killable(sem) (down_read(sem), 0)
#define down_read_interruptible(sem) (down_read(sem), 0)
#define down_write_killable(sem) (down_write(sem), 0)
#define down_read_trylock(sem) rig_rwsem_try(sem, false)
#define down_write_trylock(sem) rig_rwsem_try(sem, true)
#define up_read(sem) rig_rwsem_up(rig_this_cpu(), sem, false)
#define up_write(sem) rig_rwsem_up(rig_this_cpu(), sem, true)
#define down_read_nested(sem, subclass) down_read(sem)
#define down_write_nested(sem, subclass) down_write(sem)
/* The writer becomes a reader. */
#define downgrade_write(sem) __atomic_store_n(&(sem)->count, 1, __ATOMIC_RELEASE)

static inline bool rwsem_is_locked(struct rw_semaphore *sem)
{
	return __atomic_load_n(&sem->count, __ATOMIC_RELAXED) != 0;
}

#endif
