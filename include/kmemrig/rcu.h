/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU as far as allocators use it: callbacks that wait for a grace period. A grace period ends when
 * rig_rcu_run() says so: when someone waits for one (synchronize_rcu, rcu_barrier, the end of a
 * SLAB_TYPESAFE_BY_RCU cache, the end of the machine), when a replay saw its effect, or when more
 * than RIG_RCU_LIMIT callbacks wait and the CPU is not in a read-side section.
 */
#ifndef KMEMRIG_RCU_H
#define KMEMRIG_RCU_H

#include <kmemrig/cpu.h>
#include <linux/types.h>

#define RIG_RCU_LIMIT 10000

/* @function gets @head back after a grace period. Any context. */
void rig_call_rcu(struct rig_cpu *cpu, struct rcu_head *head,
		  void (*function)(struct rcu_head *head));

/*
 * A @function below this is no address: @head lies so many bytes within memory that kvfree() takes
 * after the grace period.
 */
#define RIG_RCU_FREE_OFFSETS 4096

/* Waits for a grace period, then frees @pointer (kvfree). May sleep. */
void rig_kvfree_rcu(struct rig_cpu *cpu, const void *pointer);

/* The callbacks that wait, oldest first; not those that they add. No reader may be in a section. */
void rig_rcu_run(struct rig_cpu *cpu);

#endif
