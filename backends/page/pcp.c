// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU page lists: what a CPU freed lately is what it gets next, without the zone's lock.
 *
 *	per_cpu_pageset[cpu].lists[3 * order + migratetype]	orders 0 to 3
 *				  [12], [13]			huge pages: not movable, movable
 *
 * A list is refilled at its tail from the buddy lists, a batch at a time, and used at its head.
 * Frees go to the head too; from `high` pages on, a batch is freed from the tails, round robin
 * over the lists. Batches of frees double while nothing is allocated (free_factor).
 *
 * A page's index keeps the migratetype of its pageblock as of the free; an entry's first struct
 * page says PAGE_USE_PCP, the order, and in private the CPU.
 *
 * Invariants: page.pcp_count (count is the sum of the lists), page.list_type.
 *
 * Locking: pcp->lock, inside of it zone->lock. The owner only tries for pcp->lock: where a drain
 * of another CPU holds it, the buddy lists serve.
 */
#include <kmemrig/restore.h>

#include "internal.h"

#define NR_LOWORDER_PCP_LISTS (MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1))

unsigned int order_to_pindex(int migratetype, unsigned int order)
{
	if (order > PAGE_ALLOC_COSTLY_ORDER)
		return NR_LOWORDER_PCP_LISTS + (migratetype == MIGRATE_MOVABLE);
	return MIGRATE_PCPTYPES * order + (unsigned int)migratetype;
}

unsigned int pindex_to_order(const struct rig_machine *machine, unsigned int pindex)
{
	return pindex >= NR_LOWORDER_PCP_LISTS ? machine->pageblock_order
					       : pindex / MIGRATE_PCPTYPES;
}

/*
 * The migratetype that a page on list @index would go back to. It is the list's, but for the
 * reserved and CMA pageblocks' pages on the movable one, and for huge pages.
 */
void pcp_note_migratetype(const struct rig_machine *machine, struct page *page, unsigned int index)
{
	int pageblock = get_pageblock_migratetype(machine, rig_page_to_pfn(machine, page));
	int list = (int)(index % MIGRATE_PCPTYPES);

	if (index >= NR_LOWORDER_PCP_LISTS ||
	    (list == MIGRATE_MOVABLE && pageblock >= MIGRATE_PCPTYPES))
		list = pageblock;
	set_pcppage_migratetype(page, list);
}

bool pcp_allowed_order(const struct rig_machine *machine, unsigned int order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER ||
	       (machine->huge_pages && order == machine->pageblock_order);
}

static void pcp_mark(struct page *page, unsigned int order, const struct rig_cpu *cpu)
{
	set_page_use(page, PAGE_USE_PCP, order);
	page->private = (unsigned long)cpu->id;
}

/*
 * Frees @count pages of the lists, round robin, the list @pindex first; of each list from its
 * tail. pcp->lock is held.
 */
void free_pcppages_bulk(struct rig_cpu *cpu, struct zone *zone, int count,
			struct per_cpu_pages *pcp, unsigned int pindex)
{
	const struct rig_machine *machine = zone->machine;
	int index = (int)pindex - 1, min_index = 0;
	int max_index = machine->huge_pages ? NR_PCP_LISTS - 1 : NR_LOWORDER_PCP_LISTS - 1;
	bool isolated;

	count = min(pcp->count, count);
	rig_spin_lock(&zone->lock);
	isolated = zone->nr_isolate_pageblock;
	while (count > 0) {
		struct list_head *list;
		unsigned int order;

		for (;;) {
			if (++index > max_index)
				index = min_index;
			list = &pcp->lists[index];
			if (!list_empty(list))
				break;
			if (index == max_index)
				max_index--;
			if (index == min_index)
				min_index++;
		}
		order = pindex_to_order(machine, (unsigned int)index);
		do {
			struct page *page = list_last_entry(list, struct page, pcp_list);
			unsigned long pfn = rig_page_to_pfn(machine, page);
			int migratetype = get_pcppage_migratetype(page);

			list_del(&page->pcp_list);
			set_page_use(page, PAGE_USE_NONE, 0);
			count -= 1 << order;
			pcp->count -= 1 << order;
			if (free_page_is_bad(cpu, page))
				continue;
			if (unlikely(isolated))
				migratetype = get_pageblock_migratetype(machine, pfn);
			free_one_page_locked(cpu, page, pfn, zone, order, migratetype, FPI_NONE);
			RIG_TRACE(cpu, mm_page_pcpu_drain, .pfn = pfn, .order = order,
				  .migratetype = migratetype);
		} while (count > 0 && !list_empty(list));
	}
	rig_spin_unlock(&zone->lock);
}

/* @count blocks from the buddy lists to the tail of @list; returns how many came. */
static int rmqueue_bulk(struct rig_cpu *cpu, struct zone *zone, unsigned int order, int count,
			struct list_head *list, int migratetype, unsigned int alloc_flags)
{
	int taken, allocated = 0;

	rig_spin_lock(&zone->lock);
	for (taken = 0; taken < count; taken++) {
		struct page *page = rmqueue_locked(cpu, zone, order, migratetype, alloc_flags);

		if (unlikely(!page))
			break;
		if (unlikely(check_new_pages(cpu, page, order)))
			continue;
		list_add_tail(&page->pcp_list, list);
		pcp_mark(page, order, cpu);
		allocated++;
		/* CMA's count page by page, that of free pages all at once below */
		if (is_migrate_cma(get_pcppage_migratetype(page)))
			mod_zone_cma_state(cpu, zone, -(1L << order));
	}
	mod_zone_freepage_state(cpu, zone, -((long)taken << order), MIGRATE_MOVABLE);
	rig_spin_unlock(&zone->lock);
	return allocated;
}

/* The head of @list, refilled when it is empty; pcp->lock is held (__rmqueue_pcplist). */
struct page *rmqueue_pcplist_locked(struct rig_cpu *cpu, struct zone *zone, unsigned int order,
				    int migratetype, unsigned int alloc_flags,
				    struct per_cpu_pages *pcp, struct list_head *list)
{
	struct page *page;

	if (list_empty(list)) {
		int batch = READ_ONCE(pcp->batch);

		/* a batch of 1: lists that keep nothing */
		if (batch > 1)
			batch = max(batch >> order, 2);
		pcp->count += rmqueue_bulk(cpu, zone, order, batch, list, migratetype, alloc_flags)
			      << order;
		if (unlikely(list_empty(list)))
			return NULL;
	}
	page = list_first_entry(list, struct page, pcp_list);
	list_del(&page->pcp_list);
	set_page_use(page, PAGE_USE_NONE, 0);
	pcp->count -= 1 << order;
	return page;
}

/* NUMA's counters of hits and misses. */
void zone_statistics(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone, long nr)
{
	bool hit = zone->node == preferred->node;

	count_page_event(cpu, zone, hit ? NUMA_HIT : NUMA_MISS, (unsigned long)nr);
	if (!hit)
		count_page_event(cpu, preferred, NUMA_FOREIGN, (unsigned long)nr);
	count_page_event(cpu, zone, zone->node == cpu->nid ? NUMA_LOCAL : NUMA_OTHER,
			 (unsigned long)nr);
}

struct page *rmqueue_pcplist(struct rig_cpu *cpu, struct zone *preferred, struct zone *zone,
			     unsigned int order, int migratetype, unsigned int alloc_flags)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	struct page *page;

	if (unlikely(!rig_spin_trylock(&pcp->lock)))
		return NULL;
	pcp->free_factor >>= 1;
	page = rmqueue_pcplist_locked(cpu, zone, order, migratetype, alloc_flags, pcp,
				      &pcp->lists[order_to_pindex(migratetype, order)]);
	rig_spin_unlock(&pcp->lock);
	if (page) {
		count_page_event(cpu, zone, PGALLOC, 1UL << order);
		zone_statistics(cpu, preferred, zone, 1);
	}
	return page;
}

/* --- freeing */

static int nr_pcp_free(struct per_cpu_pages *pcp, int high, int batch, bool free_high)
{
	int min_nr = batch, max_nr = high - batch;

	if (unlikely(free_high))
		return pcp->count;
	/* lists that keep nothing */
	if (unlikely(high < batch))
		return 1;
	batch <<= pcp->free_factor;
	if (batch < max_nr && pcp->free_factor < PCP_BATCH_SCALE_MAX)
		pcp->free_factor++;
	return batch <= min_nr ? min_nr : min(batch, max_nr);
}

static int nr_pcp_high(const struct per_cpu_pages *pcp, const struct zone *zone, bool free_high)
{
	int high = READ_ONCE(pcp->high);

	if (unlikely(!high || free_high))
		return 0;
	if (likely(!(READ_ONCE(zone->flags) & BIT(ZONE_RECLAIM_ACTIVE))))
		return high;
	return min(READ_ONCE(pcp->batch) << 2, high);
}

static void free_unref_page_commit(struct rig_cpu *cpu, struct zone *zone,
				   struct per_cpu_pages *pcp, struct page *page, int migratetype,
				   unsigned int order)
{
	unsigned int pindex = order_to_pindex(migratetype, order);
	bool free_high;
	int high;

	count_page_event(cpu, zone, PGFREE, 1UL << order);
	list_add(&page->pcp_list, &pcp->lists[pindex]);
	pcp_mark(page, order, cpu);
	pcp->count += 1 << order;
	/* high orders kept here would fragment memory: let them go when frees follow frees */
	free_high = pcp->free_factor && order && order <= PAGE_ALLOC_COSTLY_ORDER;
	high = nr_pcp_high(pcp, zone, free_high);
	if (pcp->count >= high)
		free_pcppages_bulk(cpu, zone,
				   nr_pcp_free(pcp, high, READ_ONCE(pcp->batch), free_high), pcp,
				   pindex);
}

/* Checks the page and notes its pageblock's migratetype; false: the page is lost. */
bool free_unref_page_prepare(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	const struct rig_machine *machine = cpu->machine;

	if (!free_pages_prepare(cpu, page, order, false))
		return false;
	set_pcppage_migratetype(page,
				get_pageblock_migratetype(machine, rig_page_to_pfn(machine, page)));
	return true;
}

/* HIGHATOMIC and CMA pages wait among the movable ones, so that they can be got back. */
static int pcp_list_type(int migratetype)
{
	return migratetype >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : migratetype;
}

void free_unref_page(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct zone *zone = rig_page_zone(cpu->machine, page);
	unsigned long pfn = rig_page_to_pfn(cpu->machine, page);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	int migratetype;

	if (!free_unref_page_prepare(cpu, page, order))
		return;
	migratetype = get_pcppage_migratetype(page);
	if (unlikely(is_migrate_isolate(migratetype)) || unlikely(!rig_spin_trylock(&pcp->lock))) {
		free_one_page(cpu, zone, page, pfn, order, migratetype, FPI_NONE);
		return;
	}
	free_unref_page_commit(cpu, zone, pcp, page, pcp_list_type(migratetype), order);
	rig_spin_unlock(&pcp->lock);
}

/* First part of freeing a list: each page is checked; isolated ones are freed at once. */
static void prepare_list(struct rig_cpu *cpu, struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru) {
		if (!free_unref_page_prepare(cpu, page, 0)) {
			list_del(&page->lru);
		} else if (unlikely(is_migrate_isolate(get_pcppage_migratetype(page)))) {
			list_del(&page->lru);
			free_one_page(cpu, rig_page_zone(cpu->machine, page), page,
				      rig_page_to_pfn(cpu->machine, page), 0,
				      get_pcppage_migratetype(page), FPI_NONE);
		}
	}
}

/* One page of a list goes to the CPU's list, whose lock is then held for the next one. */
void free_unref_list_page(struct rig_cpu *cpu, struct rig_page_batch *batch, struct page *page)
{
	struct zone *zone = rig_page_zone(cpu->machine, page);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	unsigned long pfn = rig_page_to_pfn(cpu->machine, page);
	int migratetype = get_pcppage_migratetype(page);

	if (zone != batch->zone) {
		free_unref_list_end(cpu, batch);
		if (unlikely(!rig_spin_trylock(&pcp->lock))) {
			free_one_page(cpu, zone, page, pfn, 0, migratetype, FPI_NONE);
			return;
		}
		batch->zone = zone;
		batch->nr = 0;
	}
	RIG_TRACE(cpu, mm_page_free_batched, .pfn = pfn);
	free_unref_page_commit(cpu, zone, pcp, page, pcp_list_type(migratetype), 0);
	/* the lock is not held for too long */
	if (++batch->nr == SWAP_CLUSTER_MAX)
		free_unref_list_end(cpu, batch);
}

void free_unref_list_end(struct rig_cpu *cpu, struct rig_page_batch *batch)
{
	if (batch->zone)
		rig_spin_unlock(&batch->zone->per_cpu_pageset[cpu->id].lock);
	batch->zone = NULL;
}

/* free_unref_page_list */
void free_unref_list(struct rig_cpu *cpu, struct list_head *pages)
{
	struct rig_page_batch batch = { .zone = NULL };
	struct page *page, *next;

	prepare_list(cpu, pages);
	list_for_each_entry_safe (page, next, pages, lru) {
		list_del(&page->lru);
		free_unref_list_page(cpu, &batch, page);
	}
	free_unref_list_end(cpu, &batch);
}

/* __free_pages_ok: straight to the buddy lists. */
void free_pages_ok(struct rig_cpu *cpu, struct page *page, unsigned int order, unsigned int fpi)
{
	struct rig_machine *machine = cpu->machine;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	struct zone *zone = rig_page_zone(machine, page);

	if (!free_pages_prepare(cpu, page, order, true))
		return;
	free_one_page(cpu, zone, page, pfn, order, get_pageblock_migratetype(machine, pfn), fpi);
	count_page_event(cpu, zone, PGFREE, 1UL << order);
}

void free_the_page(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	if (pcp_allowed_order(cpu->machine, order))
		free_unref_page(cpu, page, order);
	else
		free_pages_ok(cpu, page, order, FPI_NONE);
}

/* --- drains */

/* All pages of a CPU's lists of @zone go back; @cpu is who does it. */
void drain_pages_zone(struct rig_cpu *cpu, int pcp_cpu, struct zone *zone)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[pcp_cpu];
	int count;

	do {
		rig_spin_lock(&pcp->lock);
		count = pcp->count;
		if (count) {
			int to_drain = min(count, pcp->batch << PCP_BATCH_SCALE_MAX);

			free_pcppages_bulk(cpu, zone, to_drain, pcp, 0);
			count -= to_drain;
		}
		rig_spin_unlock(&pcp->lock);
	} while (count);
}

static void drain_cpu(struct rig_cpu *cpu, int pcp_cpu, struct zone *zone)
{
	if (zone) {
		drain_pages_zone(cpu, pcp_cpu, zone);
		return;
	}
	for_each_populated_zone(cpu->machine, zone) drain_pages_zone(cpu, pcp_cpu, zone);
}

/* False: another page backend keeps (or does not keep) lists of its own. */
static bool lists_are_ours(struct rig_machine *machine)
{
	struct zone *zone;

	for_each_populated_zone(machine, zone) return zone->per_cpu_pageset;
	return false;
}

void rig_drain_local_pages(struct rig_cpu *cpu, struct zone *zone)
{
	if (lists_are_ours(cpu->machine))
		drain_cpu(cpu, cpu->id, zone);
	else if (cpu->machine->page->drain)
		cpu->machine->page->drain(cpu);
}

void rig_drain_all_pages(struct rig_cpu *cpu, struct zone *zone)
{
	if (!lists_are_ours(cpu->machine)) {
		if (cpu->machine->page->drain)
			cpu->machine->page->drain(cpu);
		return;
	}
	for (int id = 0; id < cpu->machine->nr_cpus; id++)
		if (cpu->machine->cpus[id].online)
			drain_cpu(cpu, id, zone);
}
