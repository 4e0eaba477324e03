// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: memory that its owners can do without. There are two kinds: the simulated page cache,
 * an LRU of single pages that the machine's user declared (rig_lru_add), oldest first; and the
 * shrinkers that were registered. Direct reclaim works for one request; kswapd.c has the other
 * user of what is here.
 *
 * Locking: front->lru_lock for the LRU; shrinkers are registered while CPUs are at rest.
 */
#include <linux/gfp.h>

#include "reclaim.h"

#define SHRINK_BATCH 128UL
#define DEFAULT_SEEKS 2UL

/* --- the page cache */

void lru_link(struct rig_machine *machine, struct page *page)
{
	SetPageLRU(page);
	list_add_tail(&page->lru, &machine->page_front->lru);
	machine->page_front->nr_lru++;
	atomic_long_inc(&rig_page_zone(machine, page)->vm_stat[NR_ZONE_INACTIVE_FILE]);
}

void rig_lru_add(struct rig_cpu *cpu, struct page *page, bool dirty)
{
	struct rig_page_front *front = cpu->machine->page_front;

	rig_spin_lock(&front->lru_lock);
	if (dirty)
		SetPageDirty(page);
	lru_link(cpu->machine, page);
	rig_spin_unlock(&front->lru_lock);
}

void lru_unlink(struct rig_machine *machine, struct page *page)
{
	list_del(&page->lru);
	ClearPageLRU(page);
	machine->page_front->nr_lru--;
	atomic_long_dec(&rig_page_zone(machine, page)->vm_stat[NR_ZONE_INACTIVE_FILE]);
}

void rig_lru_del(struct rig_cpu *cpu, struct page *page)
{
	struct rig_page_front *front = cpu->machine->page_front;

	rig_spin_lock(&front->lru_lock);
	if (PageLRU(page)) {
		lru_unlink(cpu->machine, page);
		ClearPageDirty(page);
	}
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
	if (PageDirty(page) && sc->no_writes)
		return false;
	return !PageDirty(page) || (sc->gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS);
}

unsigned long shrink_lru(struct scan_control *sc)
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
		lru_unlink(sc->cpu->machine, page);
		ClearPageDirty(page);
		set_page_count(page, 0);
		list_add(&page->lru, &pages);
		taken++;
	}
	rig_spin_unlock(&front->lru_lock);
	sc->cpu->machine->page->free_list(sc->cpu, &pages);
	sc->nr_reclaimed += taken;
	*(sc->kswapd ? &front->pgscan_kswapd : &front->pgscan_direct) += scanned;
	*(sc->kswapd ? &front->pgsteal_kswapd : &front->pgsteal_direct) += taken;
	return scanned;
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

void shrink_slab(struct scan_control *sc, int priority)
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

/* --- direct reclaim */

/* Something could be reclaimed: kswapd may try again. */
static void give_hope(struct rig_machine *machine)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			WRITE_ONCE(machine->nodes[nid]->kswapd_failures, 0);
}

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
	rig_daemons_run(cpu);
	RIG_TRACE(cpu, mm_vmscan_direct_reclaim_begin, .order = (int)order, .gfp_flags = gfp);
	__atomic_fetch_add(&zone_extra(ac->preferred_zoneref->zone)->allocstall, 1,
			   __ATOMIC_RELAXED);
	for (int priority = DEF_PRIORITY; priority >= 0; priority--) {
		shrink_lru(&sc);
		shrink_slab(&sc, priority);
		if (sc.nr_reclaimed >= sc.nr_to_reclaim)
			break;
	}
	if (sc.nr_reclaimed)
		give_hope(cpu->machine);
	RIG_TRACE(cpu, mm_vmscan_direct_reclaim_end, .nr_reclaimed = sc.nr_reclaimed);
	return sc.nr_reclaimed;
}

/* --- node reclaim */

/* Bits of vm.zone_reclaim_mode; the third, for mapped pages, has no pages here. */
#define NODE_RECLAIM_WRITE 2u
#define NODE_RECLAIM_DISTANCE 30
#define NODE_RECLAIM_PRIORITY 4

/* Worth it only for nodes near the one that was wanted, and not for those with CPUs of their own.
 */
static bool may_reclaim_node(const struct rig_cpu *cpu, const struct zone *preferred, int nid)
{
	const struct rig_machine *machine = cpu->machine;

	if (machine->node_distance[preferred->node * machine->nr_nodes + nid] >
	    NODE_RECLAIM_DISTANCE)
		return false;
	for (int i = 0; i < machine->nr_cpus; i++)
		if (machine->cpus[i].nid == nid)
			return cpu->nid == nid;
	return true;
}

/* A hundredth of a node's page cache is not worth the trouble (vm.min_unmapped_ratio). */
static bool has_page_cache(struct rig_machine *machine, const struct pglist_data *node,
			   bool no_writes)
{
	unsigned long managed = 0, pages = 0;
	const struct page *page;

	for (int type = 0; type < MAX_NR_ZONES; type++)
		managed += zone_managed_pages(&node->node_zones[type]);
	rig_spin_lock(&machine->page_front->lru_lock);
	list_for_each_entry (page, &machine->page_front->lru, lru)
		pages += page_to_nid(page) == node->node_id && !(no_writes && PageDirty(page));
	rig_spin_unlock(&machine->page_front->lru_lock);
	return pages > managed / 100;
}

static bool reclaim_from_node(struct rig_cpu *cpu, const struct pglist_data *node, gfp_t gfp,
			      unsigned int order, bool no_writes)
{
	unsigned int task_flags = cpu->task->flags;
	struct scan_control sc = { .cpu = cpu,
				   .gfp = gfp,
				   .nr_to_reclaim = max(1UL << order, SWAP_CLUSTER_MAX),
				   .reclaim_idx = gfp_zone(gfp),
				   .nid = node->node_id,
				   .no_writes = no_writes };

	cpu->task->flags |= PF_MEMALLOC;
	for (int priority = NODE_RECLAIM_PRIORITY; priority >= 0 && sc.nr_reclaimed < 1UL << order;
	     priority--) {
		shrink_lru(&sc);
		shrink_slab(&sc, priority);
	}
	cpu->task->flags = task_flags;
	return sc.nr_reclaimed >= 1UL << order;
}

bool node_reclaim(struct rig_cpu *cpu, const struct zone *preferred, struct zone *zone, gfp_t gfp,
		  unsigned int order)
{
	struct rig_page_front *front = cpu->machine->page_front;
	const struct pglist_data *node = zone->zone_pgdat;
	bool no_writes = !(front->zone_reclaim_mode & NODE_RECLAIM_WRITE), enough;

	if (front->reclaim_off || !(gfp & __GFP_DIRECT_RECLAIM) ||
	    (cpu->task->flags & PF_MEMALLOC) || !may_reclaim_node(cpu, preferred, node->node_id) ||
	    !has_page_cache(cpu->machine, node, no_writes))
		return false;
	if (__atomic_test_and_set(&front->node_reclaims[node->node_id], __ATOMIC_ACQUIRE))
		return false;
	enough = reclaim_from_node(cpu, node, gfp, order, no_writes);
	__atomic_clear(&front->node_reclaims[node->node_id], __ATOMIC_RELEASE);
	return enough;
}

void rig_oom_handler_set(struct rig_machine *machine,
			 bool (*kill)(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				      void *data),
			 void *data)
{
	machine->page_front->oom_kill = kill;
	machine->page_front->oom_data = data;
}
