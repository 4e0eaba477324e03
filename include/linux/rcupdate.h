/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU: see kmemrig/rcu.h for when grace periods end. */
#ifndef _LINUX_RCUPDATE_H_RIG
#define _LINUX_RCUPDATE_H_RIG

#include <kmemrig/rcu.h>
#include <linux/preempt.h>

static inline void rcu_read_lock(void)
{
	preempt_disable();
}

static inline void rcu_read_unlock(void)
{
	preempt_enable();
}

/* All readers of now have finished when it returns. May sleep. */
static inline void synchronize_rcu(void)
{
	rig_rcu_run(rig_this_cpu());
}

/* Callbacks have run when it returns. May sleep. */
static inline void rcu_barrier(void)
{
	rig_rcu_run(rig_this_cpu());
}

static inline void call_rcu(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	rig_call_rcu(rig_this_cpu(), head, function);
}

#endif
