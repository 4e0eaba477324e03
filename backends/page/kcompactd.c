// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcompactd: each node's thread that compacts in the background. It is woken when kswapd goes to
 * sleep, for the order that kswapd was woken for; when kswapd has taken a watermark's boost away;
 * and by requests that can't reclaim, when their node is balanced and only in pieces. By itself it
 * looks each half second whether a node has become too mixed (proactive compaction).
 *
 * It is no thread here: it runs when rig_daemons_run() is called, after kswapd.
 */
#include <linux/gfp.h>

#include "compact.h"

#define MAX_DEFER_SHIFT 6
#define HUGE_PAGE_ORDER 9

/* --- being woken */

static bool node_is_suitable(struct rig_cpu *cpu, struct pglist_data *node)
{
	for (int type = 0; type <= (int)node->kcompactd_highest_zoneidx; type++) {
		struct zone *zone = &node->node_zones[type];

		if (populated_zone(zone) &&
		    compaction_suitable(cpu, zone, node->kcompactd_max_order, 0,
					node->kcompactd_highest_zoneidx) == COMPACT_CONTINUE)
			return true;
	}
	return false;
}

void wakeup_kcompactd(struct rig_cpu *cpu, struct pglist_data *node, int order,
		      enum zone_type highest_zoneidx)
{
	if (!order || cpu->machine->page_front->reclaim_off)
		return;
	WRITE_ONCE(node->kcompactd_max_order, max(READ_ONCE(node->kcompactd_max_order), order));
	if (READ_ONCE(node->kcompactd_highest_zoneidx) > highest_zoneidx)
		WRITE_ONCE(node->kcompactd_highest_zoneidx, highest_zoneidx);
	if (READ_ONCE(node->kcompactd_woken) || !node_is_suitable(cpu, node))
		return;
	RIG_TRACE(cpu, mm_compaction_wakeup_kcompactd, .nid = node->node_id, .order = order,
		  .highest_zoneidx = (s32)highest_zoneidx);
	WRITE_ONCE(node->kcompactd_woken, true);
}

/* --- its work */

static void compact_for_order(struct rig_cpu *cpu, struct zone *zone, struct compaction *c)
{
	struct rig_page_front *front = cpu->machine->page_front;
	enum compact_result result;

	if (compaction_deferred(cpu, zone, c->order) ||
	    compaction_suitable(cpu, zone, c->order, 0, zone_idx(zone)) != COMPACT_CONTINUE)
		return;
	c->zone = zone;
	result = compact_zone(c);
	if (result == COMPACT_SUCCESS) {
		compaction_defer_reset(cpu, zone, c->order, false);
	} else if (result == COMPACT_PARTIAL_SKIPPED || result == COMPACT_COMPLETE) {
		/* pages that CPUs hold could be what is missing */
		rig_drain_all_pages(cpu, zone);
		defer_compaction(cpu, zone, c->order);
	}
	front->compact_daemon_migrate_scanned += c->migrate_scanned;
	front->compact_daemon_free_scanned += c->free_scanned;
}

static void do_work(struct rig_cpu *cpu, struct pglist_data *node)
{
	enum zone_type highest = node->kcompactd_highest_zoneidx;
	struct compaction c = {
		.cpu = cpu,
		.order = node->kcompactd_max_order,
		.search_order = node->kcompactd_max_order,
		.highest_zoneidx = highest,
		.mode = COMPACT_SYNC_LIGHT,
		.gfp = GFP_KERNEL,
	};

	RIG_TRACE(cpu, mm_compaction_kcompactd_wake, .nid = node->node_id, .order = c.order,
		  .highest_zoneidx = (s32)highest);
	cpu->machine->page_front->compact_daemon_wake++;
	for (int type = 0; type <= (int)highest; type++)
		if (populated_zone(&node->node_zones[type]))
			compact_for_order(cpu, &node->node_zones[type], &c);
	node->kcompactd_max_order = 0;
	node->kcompactd_highest_zoneidx = (enum zone_type)(node->nr_zones - 1);
}

/* --- before anyone asks */

/* How much of what is free is in blocks too small for a huge page, percent. */
unsigned int fragmentation_score_zone(const struct zone *zone)
{
	u64 pages = 0, suitable = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		u64 nr = (u64)READ_ONCE(zone->free_area[order].nr_free) << order;

		pages += nr;
		suitable += order >= HUGE_PAGE_ORDER ? nr : 0;
	}
	return pages ? (unsigned int)((pages - suitable) * 100 / pages) : 0;
}

/* The same, by the zone's share of its node. */
static unsigned int score_node(const struct pglist_data *node)
{
	unsigned int score = 0;

	for (int type = 0; type < MAX_NR_ZONES; type++) {
		const struct zone *zone = &node->node_zones[type];

		if (populated_zone(zone))
			score += (unsigned int)((u64)zone->present_pages *
						fragmentation_score_zone(zone) /
						(node->node_present_pages + 1));
	}
	return score;
}

unsigned int fragmentation_score_mark(const struct rig_machine *machine, bool low)
{
	unsigned int mark = max(100 - machine->page_front->compaction_proactiveness, 5u);

	return low ? mark : min(mark + 10, 100u);
}

static bool is_too_mixed(const struct rig_machine *machine, const struct pglist_data *node)
{
	if (!machine->page_front->compaction_proactiveness || node->kswapd_woken)
		return false;
	return score_node(node) > fragmentation_score_mark(machine, false);
}

static void compact_node(struct rig_cpu *cpu, struct pglist_data *node, bool proactive)
{
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		struct compaction c = {
			.cpu = cpu,
			.zone = &node->node_zones[type],
			.order = COMPACT_WHOLE_NODE,
			.mode = proactive ? COMPACT_SYNC_LIGHT : COMPACT_SYNC,
			.ignore_skip = true,
			.whole_zone = true,
			.gfp = GFP_KERNEL,
			.proactive = proactive,
		};

		if (populated_zone(c.zone))
			compact_zone(&c);
	}
}

static void look_by_itself(struct rig_cpu *cpu, struct pglist_data *node)
{
	u64 now = READ_ONCE(cpu->machine->clock_ns);
	unsigned int before;

	node->kcompactd_next_look_ns = now + KCOMPACTD_INTERVAL_NS;
	if (!is_too_mixed(cpu->machine, node))
		return;
	before = score_node(node);
	compact_node(cpu, node, true);
	/* it was of no use: not again for a while */
	if (score_node(node) >= before)
		node->kcompactd_next_look_ns = now + (KCOMPACTD_INTERVAL_NS << MAX_DEFER_SHIFT);
}

/* --- the thread */

void kcompactd_run(struct rig_cpu *cpu, struct pglist_data *node)
{
	struct task_struct kcompactd = { .pid = 3, .comm = "kcompactd", .flags = PF_KTHREAD };
	struct rig_page_front *front = cpu->machine->page_front;
	struct task_struct *task = cpu->task;
	bool looks = front->compaction_proactiveness &&
		     READ_ONCE(cpu->machine->clock_ns) >= node->kcompactd_next_look_ns;

	if (!node->kcompactd_woken && !looks)
		return;
	cpu->task = &kcompactd;
	rig_spin_lock(&front->compact_lock);
	if (node->kcompactd_max_order) {
		do_work(cpu, node);
		node->kcompactd_next_look_ns =
			READ_ONCE(cpu->machine->clock_ns) + KCOMPACTD_INTERVAL_NS;
	} else {
		look_by_itself(cpu, node);
	}
	node->kcompactd_woken = false;
	rig_spin_unlock(&front->compact_lock);
	RIG_TRACE(cpu, mm_compaction_kcompactd_sleep, .nid = node->node_id);
	cpu->task = task;
}

void rig_compaction_proactiveness_set(struct rig_machine *machine, unsigned int percent)
{
	machine->page_front->compaction_proactiveness = min(percent, 100u);
}

void rig_compact_memory(struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;

	rig_spin_lock(&machine->page_front->compact_lock);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			compact_node(cpu, machine->nodes[nid], false);
	rig_spin_unlock(&machine->page_front->compact_lock);
}
