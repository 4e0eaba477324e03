// SPDX-License-Identifier: GPL-2.0-only
/*
 * kswapd: each node's thread that reclaims in the background. Requests wake it below the low
 * watermark, for their order and zones; it works until a zone of the node is above its high one
 * (balance_pgdat), and takes away what watermarks were boosted by. Then it goes to sleep and wakes
 * kcompactd for the order that it was woken for. A node in which sixteen rounds found nothing is
 * hopeless, and left to direct reclaim until that finds something.
 *
 * Neither is a thread here: they run when rig_daemons_run() is called, and so a run repeats.
 */
#include <linux/gfp.h>

#include "reclaim.h"

/* The kernel's goes on for ever where a shrinker says that it frees, and nothing becomes free. */
#define MAX_ROUNDS 64

static bool pgdat_balanced(const struct pglist_data *node, unsigned int order,
			   enum zone_type highest_zoneidx)
{
	bool managed = false;

	for (int type = 0; type <= (int)highest_zoneidx; type++) {
		const struct zone *zone = &node->node_zones[type];

		if (!managed_zone(zone))
			continue;
		managed = true;
		if (zone_watermark_ok_safe(zone, order, high_wmark_pages(zone),
					   (int)highest_zoneidx))
			return true;
	}
	return !managed;
}

static bool pgdat_boosted(const struct pglist_data *node, enum zone_type highest_zoneidx)
{
	for (int type = 0; type <= (int)highest_zoneidx; type++)
		if (managed_zone(&node->node_zones[type]) && node->node_zones[type].watermark_boost)
			return true;
	return false;
}

static bool is_hopeless(const struct pglist_data *node)
{
	return READ_ONCE(node->kswapd_failures) >= MAX_RECLAIM_RETRIES;
}

void wakeup_kswapd(struct rig_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order,
		   enum zone_type highest_zoneidx)
{
	struct pglist_data *node = zone->zone_pgdat;

	if (!managed_zone(zone))
		return;
	if (READ_ONCE(node->kswapd_highest_zoneidx) == MAX_NR_ZONES ||
	    READ_ONCE(node->kswapd_highest_zoneidx) < highest_zoneidx)
		WRITE_ONCE(node->kswapd_highest_zoneidx, highest_zoneidx);
	if (READ_ONCE(node->kswapd_order) < (int)order)
		WRITE_ONCE(node->kswapd_order, (int)order);
	/* who is awake is not woken */
	if (READ_ONCE(node->kswapd_woken) || (cpu->task->flags & PF_KSWAPD))
		return;
	if (is_hopeless(node) || (pgdat_balanced(node, order, highest_zoneidx) &&
				  !pgdat_boosted(node, highest_zoneidx))) {
		/* enough is free, but in pieces; who can't reclaim has nobody else to ask */
		if (!(gfp & __GFP_DIRECT_RECLAIM))
			wakeup_kcompactd(cpu, node, (int)order, highest_zoneidx);
		return;
	}
	RIG_TRACE(cpu, mm_vmscan_wakeup_kswapd, .nid = node->node_id, .zid = (int)highest_zoneidx,
		  .order = (int)order, .gfp_flags = gfp);
	WRITE_ONCE(node->kswapd_woken, true);
}

static void set_reclaim_active(struct pglist_data *node, enum zone_type highest, bool active)
{
	for (int type = 0; type <= (int)highest; type++) {
		struct zone *zone = &node->node_zones[type];

		if (!managed_zone(zone))
			continue;
		if (active)
			__atomic_fetch_or(&zone->flags, BIT(ZONE_RECLAIM_ACTIVE), __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&zone->flags, ~BIT(ZONE_RECLAIM_ACTIVE),
					   __ATOMIC_RELAXED);
	}
}

/* Pages of a round: what is missing to all high watermarks, but not less than a cluster each. */
static unsigned long kswapd_target(const struct pglist_data *node, enum zone_type highest)
{
	unsigned long target = 0;

	for (int type = 0; type <= (int)highest; type++)
		if (managed_zone(&node->node_zones[type]))
			target += max(high_wmark_pages(&node->node_zones[type]), SWAP_CLUSTER_MAX);
	return target;
}

/* What was boosted when a round began is no reason to hold memory back any more. */
static void end_boosts(struct rig_cpu *cpu, struct pglist_data *node, enum zone_type highest,
		       const unsigned long *boosts)
{
	bool boosted = false;

	for (int type = 0; type <= (int)highest; type++) {
		struct zone *zone = &node->node_zones[type];

		if (!boosts[type])
			continue;
		boosted = true;
		rig_spin_lock(&zone->lock);
		WRITE_ONCE(zone->watermark_boost,
			   zone->watermark_boost - min(zone->watermark_boost, boosts[type]));
		rig_spin_unlock(&zone->lock);
	}
	if (boosted)
		wakeup_kcompactd(cpu, node, (int)cpu->machine->pageblock_order, highest);
}

/* Reclaims from high priority to low; the order it came down to in the end. */
static unsigned int reclaim_node(struct scan_control *sc, struct pglist_data *node,
				 unsigned int order, unsigned long boost)
{
	int priority = DEF_PRIORITY;
	enum zone_type highest = sc->reclaim_idx;

	while (priority >= 1) {
		unsigned long before = sc->nr_reclaimed, target = kswapd_target(node, highest);
		bool balanced = pgdat_balanced(node, order, highest), raise = true;

		if (!balanced && boost) {
			boost = 0;
			priority = DEF_PRIORITY;
			continue;
		}
		if (balanced && !boost)
			return order;
		/* a boost is not worth much trouble */
		if (boost && priority == DEF_PRIORITY - 2)
			raise = false;
		sc->nr_to_reclaim = sc->nr_reclaimed + target;
		raise &= shrink_lru(sc) < target;
		shrink_slab(sc, priority);
		/* twice the order's size is enough for it, if it only lay together */
		if (order && sc->nr_reclaimed >= 2UL << order)
			order = 0;
		boost -= min(boost, sc->nr_reclaimed - before);
		if (boost && sc->nr_reclaimed == before)
			break;
		priority -= raise || sc->nr_reclaimed == before;
	}
	/* where a trace says what is freed, finding nothing is no failure */
	if (sc->nr_reclaimed || sc->cpu->machine->page_front->reclaim_off)
		WRITE_ONCE(node->kswapd_failures, 0);
	else
		WRITE_ONCE(node->kswapd_failures, node->kswapd_failures + 1);
	return order;
}

/* balance_pgdat; returns the order that it stopped at. */
static unsigned int balance_node(struct rig_cpu *cpu, struct pglist_data *node, unsigned int order,
				 enum zone_type highest)
{
	unsigned long boosts[MAX_NR_ZONES] = { 0 }, boost = 0;
	struct scan_control sc = { .cpu = cpu,
				   .gfp = GFP_KERNEL,
				   .reclaim_idx = highest,
				   .nid = node->node_id,
				   .kswapd = true };

	cpu->machine->page_front->pageoutrun++;
	for (int type = 0; type <= (int)highest; type++)
		if (managed_zone(&node->node_zones[type])) {
			boosts[type] = node->node_zones[type].watermark_boost;
			boost += boosts[type];
		}
	set_reclaim_active(node, highest, true);
	order = reclaim_node(&sc, node, order, boost);
	set_reclaim_active(node, highest, false);
	end_boosts(cpu, node, highest, boosts);
	return order;
}

/* True: it sleeps now, and kcompactd is awake. */
static bool falls_asleep(struct rig_cpu *cpu, struct pglist_data *node, unsigned int alloc_order,
			 unsigned int order, enum zone_type highest)
{
	if (!is_hopeless(node) && !pgdat_balanced(node, order, highest))
		return false;
	reset_isolation_suitable(cpu, node);
	wakeup_kcompactd(cpu, node, (int)alloc_order, highest);
	return true;
}

/* From being woken to being asleep again (kswapd). */
static void kswapd_run(struct rig_cpu *cpu, struct pglist_data *node)
{
	enum zone_type highest = ZONE_DMA;
	unsigned int alloc_order, order;

	for (int round = 0; round < MAX_ROUNDS; round++) {
		if (node->kswapd_highest_zoneidx != MAX_NR_ZONES)
			highest = node->kswapd_highest_zoneidx;
		alloc_order = (unsigned int)node->kswapd_order;
		node->kswapd_highest_zoneidx = MAX_NR_ZONES;
		node->kswapd_order = 0;
		RIG_TRACE(cpu, mm_vmscan_kswapd_wake, .nid = node->node_id, .zid = (int)highest,
			  .order = (int)alloc_order);
		order = balance_node(cpu, node, alloc_order, highest);
		/* all that was asked for is done: on with what was asked for meanwhile */
		if (order >= alloc_order)
			alloc_order = order = (unsigned int)node->kswapd_order;
		if (falls_asleep(cpu, node, alloc_order, order, highest) ||
		    cpu->machine->page_front->reclaim_off)
			break;
	}
	RIG_TRACE(cpu, mm_vmscan_kswapd_sleep, .nid = node->node_id);
	node->kswapd_woken = false;
}

void rig_kswapd_run(struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;
	struct task_struct kswapd = { .pid = 2,
				      .comm = "kswapd",
				      .flags = PF_KTHREAD | PF_MEMALLOC | PF_KSWAPD };
	struct task_struct *task = cpu->task;

	cpu->task = &kswapd;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid] && machine->nodes[nid]->kswapd_woken)
			kswapd_run(cpu, machine->nodes[nid]);
	cpu->task = task;
}

void rig_daemons_run(struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;

	/* a replay has what they did in its trace; and they do not run inside each other */
	if (machine->page->alloc != buddy_alloc || machine->page_front->reclaim_off ||
	    (cpu->task->flags & PF_KTHREAD && cpu->task->flags & PF_MEMALLOC))
		return;
	rig_kswapd_run(cpu);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			kcompactd_run(cpu, machine->nodes[nid]);
}
