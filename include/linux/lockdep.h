/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and classes of locks, for a checker of their order: there is none here. Assertions that a
 * lock is held look at whether somebody holds it.
 */
#ifndef _LINUX_LOCKDEP_H_RIG
#define _LINUX_LOCKDEP_H_RIG

#include <linux/bug.h>

struct lock_class_key {
	char unused;
};
struct lockdep_map {
	char unused;
};

#define lockdep_set_class(lock, key) ((void)(lock), (void)(key))
#define lockdep_set_class_and_name(lock, key, name) ((void)(lock), (void)(key))
#define lockdep_set_subclass(lock, subclass) ((void)(lock))
#define lockdep_set_novalidate_class(lock) ((void)(lock))
#define lockdep_init_map(map, name, key, subclass) ((void)(map), (void)(key))
#define lockdep_register_key(key) ((void)(key))
#define lockdep_unregister_key(key) ((void)(key))
#define lock_acquire_exclusive(map, subclass, trylock, nest, ip) ((void)(map))
#define lock_acquire_shared(map, subclass, trylock, nest, ip) ((void)(map))
#define lock_release(map, ip) ((void)(map))
#define lock_map_acquire(map) ((void)(map))
#define lock_map_release(map) ((void)(map))
#define lockdep_is_held(lock) 1
#define lockdep_is_held_type(lock, type) 1
#define lockdep_assert(condition) WARN_ON(!(condition))
#define lockdep_assert_held(lock) ((void)(lock))
#define lockdep_assert_not_held(lock) ((void)(lock))
#define lockdep_assert_held_write(lock) ((void)(lock))
#define lockdep_assert_held_read(lock) ((void)(lock))
#define lockdep_assert_held_once(lock) ((void)(lock))
#define lockdep_assert_irqs_disabled() WARN_ON_ONCE(!irqs_disabled())
#define lockdep_assert_irqs_enabled() WARN_ON_ONCE(irqs_disabled())
#define lockdep_assert_in_softirq() WARN_ON_ONCE(!in_softirq() || in_hardirq())
#define lockdep_off() ((void)0)
#define lockdep_on() ((void)0)
#define debug_check_no_locks_freed(from, length) ((void)(from))
#define SINGLE_DEPTH_NESTING 1

#endif
