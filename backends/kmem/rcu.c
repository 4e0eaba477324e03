// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks after a grace period: one list a machine, in the order of the calls. */
#include <kmemrig/context.h>
#include <kmemrig/rcu.h>

#include "kmem_private.h"

void rig_call_rcu(struct rig_cpu *cpu, struct rcu_head *head,
		  void (*function)(struct rcu_head *head))
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);
	unsigned long waiting;

	head->func = function;
	head->next = NULL;
	rig_spin_lock(&kmem->rcu_lock);
	*kmem->rcu_tail = head;
	kmem->rcu_tail = &head->next;
	waiting = ++kmem->rcu_waiting;
	rig_spin_unlock(&kmem->rcu_lock);
	if (unlikely(waiting > RIG_RCU_LIMIT && cpu->preempt_count == 0))
		rig_rcu_run(cpu);
}

void rig_kvfree_rcu(struct rig_cpu *cpu, const void *pointer)
{
	rig_might_sleep(cpu, __FILE__, __LINE__);
	rig_rcu_run(cpu);
	kvfree(pointer);
}

void rig_rcu_run(struct rig_cpu *cpu)
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);
	struct rcu_head *head, *next;

	rig_spin_lock(&kmem->rcu_lock);
	head = kmem->rcu_list;
	kmem->rcu_list = NULL;
	kmem->rcu_tail = &kmem->rcu_list;
	kmem->rcu_waiting = 0;
	rig_spin_unlock(&kmem->rcu_lock);
	for (; head; head = next) {
		next = head->next;
		if ((unsigned long)head->func < RIG_RCU_FREE_OFFSETS)
			kvfree((u8 *)head - (unsigned long)head->func);
		else
			head->func(head);
	}
}
