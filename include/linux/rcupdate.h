/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU: see kmemrig/rcu.h for when grace periods end. A read-side section disables preemption, so
 * that sleeping in it is reported.
 */
#ifndef _LINUX_RCUPDATE_H_RIG
#define _LINUX_RCUPDATE_H_RIG

#include <kmemrig/rcu.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

static inline void rcu_read_lock(void)
{
	preempt_disable();
}

static inline void rcu_read_unlock(void)
{
	preempt_enable();
}

#define rcu_read_lock_sched() preempt_disable()
#define rcu_read_unlock_sched() preempt_enable()
#define rcu_read_lock_bh() local_bh_disable()
#define rcu_read_unlock_bh() local_bh_enable()
#define rcu_read_lock_held() 1
#define rcu_read_lock_bh_held() 1
#define rcu_read_lock_sched_held() 1
#define rcu_read_lock_any_held() 1
#define RCU_LOCKDEP_WARN(condition, text) ((void)0)
#define rcu_sleep_check() ((void)0)

/* All readers of now have finished when it returns. May sleep. */
static inline void synchronize_rcu(void)
{
	rig_rcu_run(rig_this_cpu());
}

#define synchronize_rcu_expedited() synchronize_rcu()
#define synchronize_net() synchronize_rcu()
#define cond_synchronize_rcu(cookie) ((void)(cookie), synchronize_rcu())
#define get_state_synchronize_rcu() 0UL

/* Callbacks have run when it returns. May sleep. */
static inline void rcu_barrier(void)
{
	rig_rcu_run(rig_this_cpu());
}

static inline void call_rcu(struct rcu_head *head, rcu_callback_t function)
{
	rig_call_rcu(rig_this_cpu(), head, function);
}

#define call_rcu_hurry(head, function) call_rcu(head, function)
#define init_rcu_head(head) ((void)(head))
#define destroy_rcu_head(head) ((void)(head))
/* Was call_rcu() called with this function since rcu_head_init()? */
#define rcu_head_init(head) ((void)((head)->func = (rcu_callback_t)~0UL))
#define rcu_head_after_call_rcu(head, function) (READ_ONCE((head)->func) == (function))

/* Publishes; reads what was published; looks without following. */
#define rcu_assign_pointer(p, v) smp_store_release(&(p), (__typeof__(p))(v))
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, (__typeof__(p))(v))
#define RCU_INITIALIZER(v) (v)
#define RCU_POINTER_INITIALIZER(p, v) .p = (v)
#define rcu_dereference(p) smp_load_acquire(&(p))
#define rcu_dereference_raw(p) smp_load_acquire(&(p))
#define rcu_dereference_check(p, condition) smp_load_acquire(&(p))
#define rcu_dereference_bh(p) smp_load_acquire(&(p))
#define rcu_dereference_bh_check(p, condition) smp_load_acquire(&(p))
#define rcu_dereference_sched(p) smp_load_acquire(&(p))
#define rcu_dereference_protected(p, condition) (p)
#define rcu_dereference_raw_check(p) smp_load_acquire(&(p))
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_pointer_handoff(p) (p)
#define unrcu_pointer(p) (p)
#define rcu_replace_pointer(p, v, condition)                                                       \
	({                                                                                         \
		__typeof__(p) _rcu_old = (p);                                                      \
		rcu_assign_pointer(p, v);                                                          \
		_rcu_old;                                                                          \
	})
#define rcu_swap_protected(p, v, condition) ((v) = rcu_replace_pointer(p, v, condition))

/*
 * Frees @ptr (kmalloc or vmalloc memory) after a grace period. With the name of its rcu_head it
 * may be called anywhere; without, it waits for the grace period itself, and may sleep.
 */
#define RIG_KFREE_RCU_1(ptr) rig_kvfree_rcu(rig_this_cpu(), (ptr))
#define RIG_KFREE_RCU_2(ptr, member)                                                               \
	do {                                                                                       \
		__typeof__(ptr) _rcu_ptr = (ptr);                                                  \
		if (_rcu_ptr)                                                                      \
			rig_call_rcu(rig_this_cpu(), &_rcu_ptr->member,                            \
				     (rcu_callback_t)offsetof(__typeof__(*(ptr)), member));        \
	} while (0)
#define RIG_KFREE_RCU(one, two, which, ...) which
#define kfree_rcu(...) RIG_KFREE_RCU(__VA_ARGS__, RIG_KFREE_RCU_2, RIG_KFREE_RCU_1)(__VA_ARGS__)
#define kvfree_rcu(...) kfree_rcu(__VA_ARGS__)
#define kfree_rcu_mightsleep(ptr) RIG_KFREE_RCU_1(ptr)
#define kvfree_rcu_mightsleep(ptr) RIG_KFREE_RCU_1(ptr)

#endif
