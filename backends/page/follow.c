// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following a trace: frees of pages whatever they were allocated as, and what puts a replay back on
 * the trace's track after a difference. See kmemrig/restore.h.
 *
 * Locking: pcp->lock and zone->lock, as the allocator itself.
 */
#include <kmemrig/restore.h>

#include "internal.h"

/*
 * A replay is one thread, and may hold the list's lock itself between the pages of a batch: then
 * there is nothing to wait for. Returns whether the lock was taken.
 */
static bool pcp_lock(struct per_cpu_pages *pcp)
{
	return rig_spin_trylock(&pcp->lock);
}

static void pcp_unlock(struct per_cpu_pages *pcp, bool locked)
{
	if (locked)
		rig_spin_unlock(&pcp->lock);
}

/* Nobody knows what these pages were: as free_pages_prepare() wants to see them. */
static void forget_use(struct page *page, unsigned int order)
{
	for (struct page *p = page; p < page + (1UL << order); p++) {
		p->flags &= ~(PAGE_FLAGS_CHECK_AT_PREP | PAGE_USE_MASK | PAGE_ORDER_MASK);
		p->mapping = NULL;
		p->lru.next = p->lru.prev = NULL;
		page_mapcount_reset(p);
		set_page_count(p, 0);
	}
}

static bool in_use(struct rig_machine *machine, unsigned long pfn, unsigned int order)
{
	if (order >= MAX_ORDER || pfn & ((1UL << order) - 1))
		return false;
	for (unsigned long i = pfn; i < pfn + (1UL << order); i++)
		if (rig_page_where(machine, i, NULL) != RIG_PLACE_USED ||
		    PageSlab(compound_head(rig_pfn_to_page(machine, i))))
			return false; /* free, or a slab's here: its allocator frees it */
	return true;
}

bool rig_page_free_traced(struct rig_cpu *cpu, unsigned long pfn, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct page *page = rig_pfn_to_page(machine, pfn);

	if (!in_use(machine, pfn, order))
		return false;
	forget_use(page, order);
	machine->page->free(cpu, page, order);
	return true;
}

bool rig_page_list_add_traced(struct rig_cpu *cpu, unsigned long pfn, struct list_head *pages)
{
	struct page *page = rig_pfn_to_page(cpu->machine, pfn);

	if (!in_use(cpu->machine, pfn, 0))
		return false;
	forget_use(page, 0);
	list_add_tail(&page->lru, pages);
	return true;
}

bool rig_page_batch_prepare(struct rig_cpu *cpu, unsigned long pfn)
{
	struct page *page = rig_pfn_to_page(cpu->machine, pfn);

	if (!in_use(cpu->machine, pfn, 0))
		return false;
	forget_use(page, 0);
	return free_unref_page_prepare(cpu, page, 0);
}

void rig_page_batch_commit(struct rig_cpu *cpu, struct rig_page_batch *batch, unsigned long pfn)
{
	free_unref_list_page(cpu, batch, rig_pfn_to_page(cpu->machine, pfn));
}

void rig_page_batch_end(struct rig_cpu *cpu, struct rig_page_batch *batch)
{
	free_unref_list_end(cpu, batch);
}

void rig_page_put_back(struct rig_cpu *cpu, struct page *page, unsigned int order, int migratetype)
{
	struct rig_machine *machine = cpu->machine;
	struct zone *zone = rig_page_zone(machine, page);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	bool locked;
	unsigned long pfn = rig_page_to_pfn(machine, page);

	forget_use(page, order);
	if (!pcp_allowed_order(machine, order) || migratetype >= MIGRATE_PCPTYPES) {
		free_one_page(cpu, zone, page, pfn, order, migratetype, FPI_NONE);
		return;
	}
	locked = pcp_lock(pcp);
	list_add(&page->pcp_list, &pcp->lists[order_to_pindex(migratetype, order)]);
	set_page_use(page, PAGE_USE_PCP, order);
	page->private = (unsigned long)cpu->id;
	pcp_note_migratetype(machine, page, order_to_pindex(migratetype, order));
	pcp->count += 1 << order;
	pcp_unlock(pcp, locked);
}

/* Splits the free block at @head down to the one of @order at @pfn; that one is on no list. */
static void split_out(struct rig_cpu *cpu, struct zone *zone, const struct rig_page_where *where,
		      unsigned long pfn, unsigned int order)
{
	struct rig_machine *machine = zone->machine;
	unsigned long head = where->head_pfn;
	struct page *page = rig_pfn_to_page(machine, head);

	rig_spin_lock(&zone->lock);
	del_page_from_free_list(page, zone, where->order);
	for (unsigned int high = where->order; high > order;) {
		unsigned long half = head + (1UL << --high), other = half;

		if (pfn >= half) {
			other = head;
			head = half;
		}
		add_to_free_list(rig_pfn_to_page(machine, other), zone, high, where->migratetype);
		set_buddy_order(rig_pfn_to_page(machine, other), high);
	}
	mod_zone_freepage_state(cpu, zone, -(1L << order), where->migratetype);
	rig_spin_unlock(&zone->lock);
}

/* A block on a per-CPU list: off it; its other parts, if any, to the buddy lists. */
static void take_from_pcp(struct rig_cpu *cpu, struct zone *zone,
			  const struct rig_page_where *where, unsigned long pfn, unsigned int order)
{
	struct rig_machine *machine = zone->machine;
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[where->cpu];
	bool locked;
	struct page *page = rig_pfn_to_page(machine, where->head_pfn);

	locked = pcp_lock(pcp);
	list_del(&page->pcp_list);
	set_page_use(page, PAGE_USE_NONE, 0);
	page->private = 0;
	pcp->count -= 1 << where->order;
	pcp_unlock(pcp, locked);
	for (unsigned int high = where->order; high > order; high--) {
		unsigned long half = ALIGN_DOWN(pfn, 1UL << (high - 1));
		unsigned long other = half ^ (1UL << (high - 1));

		free_one_page(cpu, zone, rig_pfn_to_page(machine, other), other, high - 1,
			      where->migratetype, FPI_NONE);
	}
}

/* Takes the block off whatever list it is on. False: no part of one free block. */
static bool take_block(struct rig_cpu *cpu, unsigned long pfn, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct rig_page_where where;
	struct zone *zone;

	if (order >= MAX_ORDER || pfn & ((1UL << order) - 1))
		return false;
	rig_page_where(machine, pfn, &where);
	if ((where.place != RIG_PLACE_BUDDY && where.place != RIG_PLACE_PCP) || where.order < order)
		return false;
	zone = rig_page_zone(machine, rig_pfn_to_page(machine, pfn));
	if (where.place == RIG_PLACE_BUDDY)
		split_out(cpu, zone, &where, pfn, order);
	else
		take_from_pcp(cpu, zone, &where, pfn, order);
	return true;
}

/* The same for a range that several free blocks may make up. */
static bool take_pieces(struct rig_cpu *cpu, unsigned long pfn, unsigned int order)
{
	for (unsigned long i = pfn; i < pfn + (1UL << order); i++) {
		enum rig_page_place place = rig_page_where(cpu->machine, i, NULL);

		if (place != RIG_PLACE_BUDDY && place != RIG_PLACE_PCP)
			return false;
	}
	for (unsigned long i = pfn; i < pfn + (1UL << order); i++)
		take_block(cpu, i, 0);
	return true;
}

struct page *rig_page_take(struct rig_cpu *cpu, unsigned long pfn, unsigned int order, gfp_t gfp)
{
	struct page *page = rig_pfn_to_page(cpu->machine, pfn);

	if (order >= MAX_ORDER || pfn + (1UL << order) > cpu->machine->max_pfn ||
	    pfn & ((1UL << order) - 1))
		return NULL;
	if (!take_block(cpu, pfn, order) && !take_pieces(cpu, pfn, order))
		return NULL;
	prep_new_page(cpu, page, order, gfp & ~__GFP_ZERO, 0);
	return page;
}

void rig_page_drain_traced(struct rig_cpu *cpu, int pcp_cpu, struct zone *zone, int nr_pages)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[pcp_cpu];
	bool locked;

	locked = pcp_lock(pcp);
	free_pcppages_bulk(cpu, zone, nr_pages, pcp, 0);
	pcp_unlock(pcp, locked);
}

void rig_vmstat_fold(struct rig_machine *machine, int cpu)
{
	struct zone *zone;

	for_each_populated_zone(machine, zone) fold_zone_diff(zone, cpu);
}

void rig_zone_reclaim_active(struct zone *zone, bool active)
{
	unsigned long flags = READ_ONCE(zone->flags) & ~BIT(ZONE_RECLAIM_ACTIVE);

	WRITE_ONCE(zone->flags, active ? flags | BIT(ZONE_RECLAIM_ACTIVE) : flags);
}

void rig_pageblock_expect(struct rig_machine *machine, unsigned long pfn, bool changes)
{
	struct rig_page_front *front = machine->page_front;

	if (front->nr_expected < ARRAY_SIZE(front->expected)) {
		front->expected[front->nr_expected].pfn = pfn;
		front->expected[front->nr_expected++].changes = changes;
	}
}

void rig_pageblock_expect_none(struct rig_machine *machine)
{
	machine->page_front->expected_first = machine->page_front->nr_expected = 0;
}

/* The page that rmqueue_smallest() would choose; NULL: it would have to fall back. */
static struct page *peek_smallest(struct zone *zone, unsigned int order, int migratetype)
{
	for (; order < MAX_ORDER; order++) {
		struct page *page = get_page_from_free_area(zone, order, migratetype);

		if (page)
			return page;
	}
	return NULL;
}

/* Pages in front of the traced one that are in use by now leave the free lists. */
static void drop_vanished(struct rig_cpu *cpu, struct zone *zone,
			  const struct rig_refill_trace *trace, u64 traced)
{
	for (int tries = 0; tries < 1 << (MAX_ORDER - 1); tries++) {
		struct page *page = peek_smallest(zone, trace->order, trace->migratetype);
		unsigned long pfn = page ? rig_page_to_pfn(zone->machine, page) : ~0UL;

		if (!page || pfn == traced || !trace->vanished(trace->data, pfn))
			return;
		if (!rig_page_take(cpu, pfn, trace->order, 0))
			return;
	}
}

/* The traced page's block is further down in the list than ours: true, it is the first now. */
static bool reorder(struct zone *zone, const struct rig_refill_trace *trace, u64 traced)
{
	struct page *page = peek_smallest(zone, trace->order, trace->migratetype);
	struct rig_page_where where;

	if (!page || rig_page_where(zone->machine, traced, &where) != RIG_PLACE_BUDDY ||
	    where.head_pfn != traced || rig_page_to_pfn(zone->machine, page) == traced ||
	    where.order != buddy_order(page))
		return false;
	list_move(&rig_pfn_to_page(zone->machine, traced)->buddy_list,
		  &zone->free_area[where.order].free_list[trace->migratetype]);
	return true;
}

int rig_pcp_refill_traced(struct rig_cpu *cpu, struct zone *zone,
			  const struct rig_refill_trace *trace)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	unsigned int index = order_to_pindex(trace->migratetype, trace->order);
	bool locked = pcp_lock(pcp);
	int taken, reordered = 0;

	for (taken = 0; taken < trace->nr; taken++) {
		struct page *page;

		if (trace->vanished) {
			drop_vanished(cpu, zone, trace, trace->pfns[taken]);
			reordered += reorder(zone, trace, trace->pfns[taken]);
		}
		rig_spin_lock(&zone->lock);
		page = rmqueue_locked(cpu, zone, trace->order, trace->migratetype,
				      trace->migratetype == MIGRATE_MOVABLE ? ALLOC_CMA : 0);
		rig_spin_unlock(&zone->lock);
		if (!page)
			break;
		list_add_tail(&page->pcp_list, &pcp->lists[index]);
		set_page_use(page, PAGE_USE_PCP, trace->order);
		page->private = (unsigned long)cpu->id;
	}
	pcp->count += taken << trace->order;
	rig_spin_lock(&zone->lock);
	mod_zone_freepage_state(cpu, zone, -((long)taken << trace->order), trace->migratetype);
	rig_spin_unlock(&zone->lock);
	pcp_unlock(pcp, locked);
	return reordered;
}

struct zone *rig_zone_for(struct rig_cpu *cpu, gfp_t gfp, unsigned int order, int nid)
{
	struct rig_page_request request = { .gfp = gfp, .order = order };
	unsigned int alloc_flags = ALLOC_WMARK_LOW;
	struct alloc_context ac;
	struct zone *zone;
	struct zoneref *z;

	request.preferred_nid = nid == NUMA_NO_NODE ? cpu->nid : nid;
	prepare_context(cpu, &request, &ac, &alloc_flags);
	for (int slow = 0; slow < 2; slow++) {
		if (slow)
			alloc_flags = gfp_to_alloc_flags(gfp, order);
		z = ac.preferred_zoneref;
		for_each_zone_from(
			zone, z, ac.highest_zoneidx,
			ac.nodemask) if (zone_watermark_fast(zone, order,
							     wmark_pages(zone,
									 alloc_flags &
										 ALLOC_WMARK_MASK),
							     (int)ac.highest_zoneidx, alloc_flags,
							     gfp)) return zone;
	}
	return NULL;
}
