// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reaper: on each CPU, every two seconds of the virtual clock, it goes through all caches and
 * lets go of what was not used since its last visit: a fifth of the CPU's array and of the node's
 * shared one, one alien array, and (every four seconds, each cache at its own time) about a fifth
 * of the free slabs. Follows cache_reap; its work is timed as round_jiffies_relative does, so that
 * CPUs come one after the other.
 *
 * Locking: one CPU at a time does the visits that are due (tick_lock). The lock of the list of
 * caches is tried, and held while they are visited; who does not get it comes again next time.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/jiffies.h>

#include "slab.h"

#define REAPTIMEOUT_AC (2 * HZ)
#define REAPTIMEOUT_NODE (4 * HZ)
#define CPU_SKEW 3 /* jiffies between the CPUs' visits */

/* About @delay jiffies after @now, on the CPU's full second. */
static u64 round_due(u64 now, u64 delay, int cpu)
{
	u64 skew = (u64)cpu * CPU_SKEW;
	u64 exact = now + delay, due = exact + skew;
	u64 rest = due % HZ;

	due = rest < HZ / 4 ? due - rest : due - rest + HZ;
	due -= skew;
	return (s64)(due - now) > 0 ? due : exact;
}

static int next_node(const struct rig_machine *machine, int nid)
{
	for (int step = 1; step <= machine->nr_nodes; step++) {
		int next = (nid + step) % machine->nr_nodes;

		if (machine->nodes[next])
			return next;
	}
	return nid;
}

int slab_init_reapers(struct rig_machine *machine)
{
	struct slab_machine *all = slab_machine(machine);
	u64 now = machine->clock_ns / RIG_NS_PER_JIFFY;

	all->reapers = calloc((size_t)machine->nr_cpus, sizeof(*all->reapers));
	if (!all->reapers)
		return -ENOMEM;
	for (int id = 0; id < machine->nr_cpus; id++) {
		all->reapers[id].due = round_due(now, HZ, id);
		all->reapers[id].node = next_node(machine, machine->cpus[id].nid);
	}
	return 0;
}

/* A fifth of an array goes, unless it was used since the last visit. Its lock is held. */
static bool drain_unused(struct slab_cache *data, struct slab_array *array, int nid,
			 struct list_head *doomed)
{
	struct slab_node *node;

	if (!array || !array->avail)
		return false;
	if (array->touched) {
		array->touched = 0;
		return true;
	}
	node = slab_lock_node(data, nid);
	slab_drain_array_locked(data, array, nid, false, doomed);
	rig_spin_unlock(&node->lock);
	return true;
}

static bool reap_array(struct slab_cache *data, struct rig_cpu *owner, int nid, struct rig_cpu *cpu)
{
	LIST_HEAD(doomed);
	bool worked = drain_unused(data, slab_lock_array(data, owner->id), nid, &doomed);

	slab_unlock_array(data, owner->id);
	slab_destroy_list(data, &doomed, cpu);
	return worked;
}

/* The shared array is guarded by the node's lock alone. */
static bool reap_shared(struct slab_cache *data, int nid, struct rig_cpu *cpu)
{
	struct slab_node *node = slab_lock_node(data, nid);
	struct slab_array *shared = node->shared;
	bool worked = shared && shared->avail;
	LIST_HEAD(doomed);

	if (worked && shared->touched)
		shared->touched = 0;
	else
		slab_drain_array_locked(data, shared, nid, false, &doomed);
	rig_spin_unlock(&node->lock);
	slab_destroy_list(data, &doomed, cpu);
	return worked;
}

/* One cache; true: there was something to do, or will be. */
static bool reap_cache(struct slab_cache *data, struct rig_cpu *owner, u64 now, struct rig_cpu *cpu)
{
	int nid = slab_node_of_cpu(owner);
	struct slab_node *node = data->node[nid];
	bool worked;

	slab_reap_alien(data, node, slab_machine(data->machine)->reapers[owner->id].node, cpu);
	worked = reap_array(data, owner, nid, cpu);
	if ((s64)(node->next_reap - now) > 0)
		return worked || READ_ONCE(node->free_slabs);
	node->next_reap = now + REAPTIMEOUT_NODE;
	worked |= reap_shared(data, nid, cpu);
	if (READ_ONCE(node->free_touched)) {
		WRITE_ONCE(node->free_touched, 0);
		return true;
	}
	return slab_drain_free(data, nid, (node->free_limit + 5 * data->num - 1) / (5 * data->num),
			       cpu) ||
	       worked;
}

/* Everything that a CPU's visit does; true: the next one may find something, too. */
static bool reap(struct rig_cpu *owner, u64 now, struct rig_cpu *cpu)
{
	struct slab_machine *all = slab_machine(cpu->machine);
	struct slab_cache *data;
	bool worked = false;

	if (!rig_spin_trylock(&all->lock))
		return true;
	list_for_each_entry (data, &all->caches, list)
		worked |= reap_cache(data, owner, now, cpu);
	all->reapers[owner->id].node = next_node(cpu->machine, all->reapers[owner->id].node);
	rig_spin_unlock(&all->lock);
	return worked;
}

/* A long sleep would mean many visits to caches where nothing is left: those are left out. */
static void reap_until(struct rig_cpu *owner, u64 now, struct rig_cpu *cpu)
{
	struct slab_reaper *reaper = &slab_machine(cpu->machine)->reapers[owner->id];

	while ((s64)(now - reaper->due) >= 0) {
		u64 at = reaper->due;

		reaper->due = round_due(at, REAPTIMEOUT_AC, owner->id);
		if (!reap(owner, at, cpu) && (s64)(now - reaper->due) > REAPTIMEOUT_NODE)
			reaper->due += (now - reaper->due) / REAPTIMEOUT_AC * REAPTIMEOUT_AC;
	}
}

void slab_tick(struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;
	struct slab_machine *all = slab_machine(machine);
	u64 now = READ_ONCE(machine->clock_ns) / RIG_NS_PER_JIFFY, next = ~0ULL;

	if (!all->full || (s64)(now - READ_ONCE(all->next_due)) < 0)
		return;
	if (!rig_spin_trylock(&all->tick_lock))
		return;
	for (int id = 0; id < machine->nr_cpus; id++) {
		reap_until(&machine->cpus[id], now, cpu);
		next = min(next, all->reapers[id].due);
	}
	WRITE_ONCE(all->next_due, next);
	rig_spin_unlock(&all->tick_lock);
}
