/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes and CPUs: which is where, and how far apart. */
#ifndef _LINUX_TOPOLOGY_H_RIG
#define _LINUX_TOPOLOGY_H_RIG

#include <kmemrig/machine.h>

#define LOCAL_DISTANCE 10
#define REMOTE_DISTANCE 20

static inline int cpu_to_node(int cpu)
{
	return rig_this_cpu()->machine->cpus[cpu].nid;
}

static inline int numa_node_id(void)
{
	return rig_this_cpu()->nid;
}

/* The nearest node that has memory. */
int numa_mem_id(void);

/* Distance as firmware tells it: 10 is local. */
int rig_node_distance(const struct rig_machine *machine, int from, int to);

static inline int node_distance(int from, int to)
{
	return rig_node_distance(rig_this_cpu()->machine, from, to);
}

#endif
