// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zonelists: for each node, the zones that may serve a request, best first. Nodes come by
 * distance; within a node, zones come from the highest type down.
 *
 *	ZONELIST_FALLBACK	all nodes
 *	ZONELIST_NOFALLBACK	this node only (__GFP_THISNODE)
 *
 * A request walks its list from the first zone whose type it may use; a node without memory has
 * an empty NOFALLBACK list, and a CPU there begins at the nearest node that has some.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/gfp.h>

#include "internal.h"

struct zone *next_zone(const struct rig_machine *machine, const struct zone *zone)
{
	int nid = zone ? zone->node : -1;

	if (zone && zone_idx(zone) + 1 < MAX_NR_ZONES)
		return (struct zone *)zone + 1;
	while (++nid < machine->nr_nodes)
		if (machine->nodes[nid])
			return &machine->nodes[nid]->node_zones[0];
	return NULL;
}

int nr_online_nodes(const struct rig_machine *machine)
{
	int nr = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		nr += machine->nodes[nid] != NULL;
	return nr;
}

int rig_node_distance(const struct rig_machine *machine, int from, int to)
{
	if (machine->node_distance)
		return machine->node_distance[from * machine->nr_nodes + to];
	return from == to ? LOCAL_DISTANCE : REMOTE_DISTANCE;
}

enum zone_type gfp_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	if (gfp & __GFP_DMA32)
		return ZONE_DMA32;
	if (gfp & __GFP_HIGHMEM)
		return gfp & __GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
	return ZONE_NORMAL;
}

static bool nodemask_has(const unsigned long *nodemask, int nid)
{
	return !nodemask || nodemask[nid / BITS_PER_LONG] >> (nid % BITS_PER_LONG) & 1;
}

/* The first zone from @z on that may be used; one with a NULL zone at the end. */
struct zoneref *next_zones_zonelist(struct zoneref *z, enum zone_type highest_zoneidx,
				    const unsigned long *nodemask)
{
	while (z->zone && (z->zone_idx > (int)highest_zoneidx ||
			   unlikely(!nodemask_has(nodemask, z->zone->node))))
		z++;
	return z;
}

struct zonelist *node_zonelist(const struct rig_machine *machine, int nid, gfp_t gfp)
{
	return machine->nodes[nid]
		->node_zonelists[gfp & __GFP_THISNODE ? ZONELIST_NOFALLBACK : ZONELIST_FALLBACK];
}

/* --- building */

static bool node_has_memory(const struct rig_machine *machine, int nid)
{
	if (!machine->nodes[nid])
		return false;
	for (int type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&machine->nodes[nid]->node_zones[type]))
			return true;
	return false;
}

static bool node_has_cpus(const struct rig_machine *machine, int nid)
{
	for (int id = 0; id < machine->nr_cpus; id++)
		if (machine->cpus[id].nid == nid)
			return true;
	return false;
}

/* The next of @local's neighbours; -1: no more (find_next_best_node). */
static int find_next_best_node(const struct rig_machine *machine, int local, u8 *used,
			       const int *load)
{
	long best_value = LONG_MAX;
	int best = NUMA_NO_NODE;

	if (!used[local]) {
		used[local] = 1;
		return local;
	}
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		long value;

		if (used[nid] || !node_has_memory(machine, nid))
			continue;
		value = rig_node_distance(machine, local, nid);
		value += nid < local; /* rather the next node than the one before */
		if (node_has_cpus(machine, nid))
			value += PENALTY_FOR_NODE_WITH_CPUS;
		value = value * MAX_NUMNODES + load[nid];
		if (value < best_value) {
			best_value = value;
			best = nid;
		}
	}
	if (best >= 0)
		used[best] = 1;
	return best;
}

static int add_node_zones(struct rig_machine *machine, int nid, struct zoneref *refs)
{
	int nr = 0;

	for (int type = MAX_NR_ZONES - 1; type >= 0; type--) {
		struct zone *zone = &machine->nodes[nid]->node_zones[type];

		if (populated_zone(zone))
			refs[nr++] = (struct zoneref){ .zone = zone, .zone_idx = type };
	}
	return nr;
}

static struct zonelist *new_zonelist(int nr_nodes)
{
	return calloc(1, offsetof(struct zonelist, _zonerefs) +
				 sizeof(struct zoneref) * (size_t)(nr_nodes * MAX_NR_ZONES + 1));
}

static int build_node(struct rig_machine *machine, int local, int *load)
{
	struct pglist_data *node = machine->nodes[local];
	u8 used[MAX_NUMNODES] = { 0 };
	int nr_zones = 0, nid, before = local;

	node->node_zonelists[ZONELIST_FALLBACK] = new_zonelist(machine->nr_nodes);
	node->node_zonelists[ZONELIST_NOFALLBACK] = new_zonelist(1);
	if (!node->node_zonelists[ZONELIST_FALLBACK] || !node->node_zonelists[ZONELIST_NOFALLBACK])
		return -ENOMEM;
	while ((nid = find_next_best_node(machine, local, used, load)) >= 0) {
		/* the first of each distance is loaded more, so that nodes take turns */
		if (rig_node_distance(machine, local, nid) !=
		    rig_node_distance(machine, local, before))
			load[nid]++;
		before = nid;
		nr_zones += add_node_zones(
			machine, nid,
			&node->node_zonelists[ZONELIST_FALLBACK]->_zonerefs[nr_zones]);
	}
	add_node_zones(machine, local, node->node_zonelists[ZONELIST_NOFALLBACK]->_zonerefs);
	return 0;
}

/* -errno; what was built so far is freed by free_zonelists(). */
int build_zonelists(struct rig_machine *machine)
{
	int load[MAX_NUMNODES] = { 0 };

	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		const struct zone *first;

		if (!machine->nodes[nid])
			continue;
		if (build_node(machine, nid, load))
			return -ENOMEM;
		first = next_zones_zonelist(
				machine->nodes[nid]->node_zonelists[ZONELIST_FALLBACK]->_zonerefs,
				ZONE_NORMAL, NULL)
				->zone;
		machine->page_front->numa_mem[nid] = first ? first->node : nid;
	}
	return 0;
}

void free_zonelists(struct rig_machine *machine)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		for (int i = 0; machine->nodes[nid] && i < MAX_ZONELISTS; i++) {
			free(machine->nodes[nid]->node_zonelists[i]);
			machine->nodes[nid]->node_zonelists[i] = NULL;
		}
}

int numa_mem_id(void)
{
	const struct rig_cpu *cpu = rig_this_cpu();

	return cpu->machine->page_front->numa_mem[cpu->nid];
}
