// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: memory that its owners can do without. There are two kinds: the simulated page cache,
 * an LRU of single pages that the machine's user declared (rig_lru_add), oldest first; and the
 * shrinkers that were registered. Direct reclaim works for one request; kswapd, woken below the
 * low watermark, works until its node is above the high one.
 *
 * kswapd is no thread: it runs when rig_kswapd_run() is called, and before the direct reclaim of a
 * request that woke it. So a run repeats.
 *
 * Locking: front->lru_lock for the LRU; shrinkers are registered while CPUs are at rest.
 */
#include <linux/gfp.h>

#include "internal.h"

#define DEF_PRIORITY 12
#define SHRINK_BATCH 128UL
#define DEFAULT_SEEKS 2UL

struct scan_control {
	struct rig_cpu *cpu;
	gfp_t gfp;
	unsigned long nr_to_reclaim;
	unsigned long nr_reclaimed;
	enum zone_type reclaim_idx;
	const unsigned long *nodemask;
	int nid; /* kswapd: its node; NUMA_NO_NODE: all that nodemask has */
	bool kswapd;
};

/* --- the page cache */

void rig_lru_add(struct rig_cpu *cpu, struct page *page, bool dirty)
{
	struct rig_page_front *front = cpu->machine->page_front;
	struct zone *zone = rig_page_zone(cpu->machine, page);

	rig_spin_lock(&front->lru_lock);
	SetPageLRU(page);
	if (dirty)
		SetPageDirty(page);
	list_add_tail(&page->lru, &front->lru);
	front->nr_lru++;
	atomic_long_inc(&zone->vm_stat[NR_ZONE_INACTIVE_FILE]);
	rig_spin_unlock(&front->lru_lock);
}

static void lru_del_locked(struct rig_machine *machine, struct page *page)
{
	list_del(&page->lru);
	ClearPageLRU(page);
	ClearPageDirty(page);
	machine->page_front->nr_lru--;
	atomic_long_dec(&rig_page_zone(machine, page)->vm_stat[NR_ZONE_INACTIVE_FILE]);
}

void rig_lru_del(struct rig_cpu *cpu, struct page *page)
{
	struct rig_page_front *front = cpu->machine->page_front;

	rig_spin_lock(&front->lru_lock);
	if (PageLRU(page))
		lru_del_locked(cpu->machine, page);
	rig_spin_unlock(&front->lru_lock);
}

unsigned long zone_reclaimable_pages(const struct zone *zone)
{
	return zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
	       zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
}

static bool may_reclaim(const struct scan_control *sc, const struct page *page)
{
	int nid = page_to_nid(page);

	if (page_zonenum(page) > sc->reclaim_idx || page_ref_count(page) != 1)
		return false;
	if (sc->nid != NUMA_NO_NODE && sc->nid != nid)
		return false;
	if (sc->nodemask && !(sc->nodemask[nid / BITS_PER_LONG] >> (nid % BITS_PER_LONG) & 1))
		return false;
	/* writing it needs I/O, and the file system */
	return !PageDirty(page) || (sc->gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS);
}

static void shrink_lru(struct scan_control *sc)
{
	struct rig_page_front *front = sc->cpu->machine->page_front;
	unsigned long wanted = sc->nr_to_reclaim - sc->nr_reclaimed, taken = 0, scanned = 0;
	struct page *page, *next;
	LIST_HEAD(pages);

	rig_spin_lock(&front->lru_lock);
	list_for_each_entry_safe (page, next, &front->lru, lru) {
		if (taken >= wanted)
			break;
		scanned++;
		if (!may_reclaim(sc, page))
			continue;
		lru_del_locked(sc->cpu->machine, page);
		set_page_count(page, 0);
		list_add(&page->lru, &pages);
		taken++;
	}
	rig_spin_unlock(&front->lru_lock);
	sc->cpu->machine->page->free_list(sc->cpu, &pages);
	sc->nr_reclaimed += taken;
	*(sc->kswapd ? &front->pgscan_kswapd : &front->pgscan_direct) += scanned;
	*(sc->kswapd ? &front->pgsteal_kswapd : &front->pgsteal_direct) += taken;
}

/* --- shrinkers */

void rig_shrinker_register(struct rig_machine *machine, struct rig_shrinker *shrinker)
{
	list_add_tail(&shrinker->list, &machine->page_front->shrinkers);
}

void rig_shrinker_unregister(struct rig_machine *machine, struct rig_shrinker *shrinker)
{
	list_del(&shrinker->list);
}

/* @number: of the shrinker, by which its events name it. */
static void shrink_one(struct scan_control *sc, struct rig_shrinker *shrinker, int priority,
		       unsigned int number)
{
	unsigned long objects = shrinker->count(shrinker, sc->cpu, sc->gfp);
	unsigned long delta = (objects >> priority) * 4 / DEFAULT_SEEKS;
	unsigned long to_scan = delta, freed = 0;

	if (!objects)
		return;
	if (to_scan < SHRINK_BATCH)
		to_scan = min(objects, SHRINK_BATCH);
	RIG_TRACE(sc->cpu, mm_shrink_slab_start, .shr = number,
		  .shrink = rig_code_address((u64)(uintptr_t)shrinker->scan), .nid = sc->nid,
		  .gfp_flags = sc->gfp, .cache_items = objects, .delta = delta,
		  .total_scan = to_scan, .priority = priority);
	while (to_scan) {
		unsigned long nr = min(to_scan, SHRINK_BATCH);

		freed += shrinker->scan(shrinker, sc->cpu, sc->gfp, nr);
		sc->cpu->machine->page_front->slabs_scanned += nr;
		to_scan -= nr;
	}
	sc->nr_reclaimed += freed;
	RIG_TRACE(sc->cpu, mm_shrink_slab_end, .shr = number, .nid = sc->nid,
		  .shrink = rig_code_address((u64)(uintptr_t)shrinker->scan), .retval = (int)freed);
}

static void shrink_slab(struct scan_control *sc, int priority)
{
	struct rig_shrinker *shrinker, *next;
	unsigned int number = 0;

	list_for_each_entry_safe (shrinker, next, &sc->cpu->machine->page_front->shrinkers, list) {
		number++;
		if ((shrinker->io && !(sc->gfp & __GFP_IO)) ||
		    (shrinker->fs && !(sc->gfp & __GFP_FS)))
			continue;
		shrink_one(sc, shrinker, priority, number);
	}
}

/* --- kswapd */

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

void wakeup_kswapd(struct rig_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order,
		   enum zone_type highest_zoneidx)
{
	struct pglist_data *node = zone->zone_pgdat;
	bool asleep;

	if (!managed_zone(zone))
		return;
	if (READ_ONCE(node->kswapd_failures) >= MAX_RECLAIM_RETRIES ||
	    (pgdat_balanced(node, order, highest_zoneidx) && !pgdat_boosted(node, highest_zoneidx)))
		return;
	asleep = READ_ONCE(node->kswapd_highest_zoneidx) == MAX_NR_ZONES &&
		 !(cpu->task->flags & PF_KSWAPD);
	if (READ_ONCE(node->kswapd_highest_zoneidx) == MAX_NR_ZONES ||
	    READ_ONCE(node->kswapd_highest_zoneidx) < highest_zoneidx)
		WRITE_ONCE(node->kswapd_highest_zoneidx, highest_zoneidx);
	if (READ_ONCE(node->kswapd_order) < (int)order)
		WRITE_ONCE(node->kswapd_order, (int)order);
	/* who is awake is not woken */
	if (asleep)
		RIG_TRACE(cpu, mm_vmscan_wakeup_kswapd, .nid = node->node_id,
			  .zid = (int)highest_zoneidx, .order = (int)order, .gfp_flags = gfp);
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

/* balance_pgdat */
static void balance_node(struct rig_cpu *cpu, struct pglist_data *node, unsigned int order,
			 enum zone_type highest)
{
	struct rig_page_front *front = cpu->machine->page_front;
	unsigned long boosts[MAX_NR_ZONES], boost_left = 0;
	struct scan_control sc = { .cpu = cpu,
				   .gfp = GFP_KERNEL,
				   .reclaim_idx = highest,
				   .nid = node->node_id,
				   .kswapd = true };

	front->pageoutrun++;
	for (int type = 0; type <= (int)highest; type++) {
		boosts[type] = node->node_zones[type].watermark_boost;
		boost_left += boosts[type];
	}
	set_reclaim_active(node, highest, true);
	for (int priority = DEF_PRIORITY; priority >= 1; priority--) {
		bool balanced = pgdat_balanced(node, order, highest);
		unsigned long before = sc.nr_reclaimed;

		if (!balanced)
			boost_left = 0;
		else if (!boost_left)
			break;
		sc.nr_to_reclaim = sc.nr_reclaimed + kswapd_target(node, highest);
		shrink_lru(&sc);
		shrink_slab(&sc, priority);
		boost_left -= min(boost_left, sc.nr_reclaimed - before);
		if (boost_left && sc.nr_reclaimed == before)
			break;
	}
	/* where a trace says what is freed, finding nothing is no failure */
	if (sc.nr_reclaimed || front->reclaim_off || pgdat_balanced(node, 0, highest))
		node->kswapd_failures = 0;
	else
		node->kswapd_failures++;
	set_reclaim_active(node, highest, false);
	for (int type = 0; type <= (int)highest; type++) {
		struct zone *zone = &node->node_zones[type];

		rig_spin_lock(&zone->lock);
		WRITE_ONCE(zone->watermark_boost,
			   zone->watermark_boost - min(zone->watermark_boost, boosts[type]));
		rig_spin_unlock(&zone->lock);
	}
}

void rig_kswapd_run(struct rig_cpu *cpu)
{
	struct rig_machine *machine = cpu->machine;
	struct task_struct kswapd = { .pid = 2,
				      .comm = "kswapd",
				      .flags = PF_KTHREAD | PF_MEMALLOC | PF_KSWAPD };
	struct task_struct *task = cpu->task;

	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		struct pglist_data *node = machine->nodes[nid];
		enum zone_type highest;
		unsigned int order;

		if (!node || node->kswapd_highest_zoneidx == MAX_NR_ZONES)
			continue;
		highest = node->kswapd_highest_zoneidx;
		order = (unsigned int)node->kswapd_order;
		node->kswapd_highest_zoneidx = MAX_NR_ZONES;
		node->kswapd_order = 0;
		cpu->task = &kswapd;
		RIG_TRACE(cpu, mm_vmscan_kswapd_wake, .nid = nid, .zid = (int)highest,
			  .order = (int)order);
		balance_node(cpu, node, order, highest);
		RIG_TRACE(cpu, mm_vmscan_kswapd_sleep, .nid = nid);
		cpu->task = task;
	}
}

/* --- direct reclaim */

/*
 * A trace's frees stand for what reclaim freed for this request, and are done. What is left of the
 * wait is that kswapd, which runs meanwhile, ends boosts. Progress, in pages: those it unlocked.
 */
static unsigned long wait_for_kswapd(struct rig_cpu *cpu)
{
	unsigned long before = 0, after = 0;
	struct zone *zone;

	for_each_populated_zone(cpu->machine, zone) before += zone->watermark_boost;
	rig_kswapd_run(cpu);
	for_each_populated_zone(cpu->machine, zone) after += zone->watermark_boost;
	return before - after;
}

/* Returns the pages freed (try_to_free_pages). */
unsigned long try_to_free_pages(struct rig_cpu *cpu, const struct alloc_context *ac,
				unsigned int order, gfp_t gfp)
{
	struct rig_page_front *front = cpu->machine->page_front;
	struct scan_control sc = { .cpu = cpu,
				   .gfp = gfp,
				   .nr_to_reclaim = SWAP_CLUSTER_MAX,
				   .reclaim_idx = ac->highest_zoneidx,
				   .nodemask = ac->nodemask,
				   .nid = NUMA_NO_NODE };

	if (front->reclaim_off)
		return front->what_if ? wait_for_kswapd(cpu) : 0;
	rig_kswapd_run(cpu);
	RIG_TRACE(cpu, mm_vmscan_direct_reclaim_begin, .order = (int)order, .gfp_flags = gfp);
	__atomic_fetch_add(&zone_extra(ac->preferred_zoneref->zone)->allocstall, 1,
			   __ATOMIC_RELAXED);
	for (int priority = DEF_PRIORITY; priority >= 0; priority--) {
		shrink_lru(&sc);
		shrink_slab(&sc, priority);
		if (sc.nr_reclaimed >= sc.nr_to_reclaim)
			break;
	}
	RIG_TRACE(cpu, mm_vmscan_direct_reclaim_end, .nr_reclaimed = sc.nr_reclaimed);
	return sc.nr_reclaimed;
}

void rig_oom_handler_set(struct rig_machine *machine,
			 bool (*kill)(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				      void *data),
			 void *data)
{
	machine->page_front->oom_kill = kill;
	machine->page_front->oom_data = data;
}
