// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run of compaction leaves for the next ones: where its scanners stopped, and which
 * pageblocks gave nothing, so that they are skipped. When the scanners have met, all begins anew
 * at the ends of the zone; and when that was for a request, kswapd forgets the skipped pageblocks
 * before it goes to sleep (reset_isolation_suitable).
 *
 * Locking: front->compact_lock.
 */
#include "compact.h"

bool pageblock_is_skipped(const struct zone *zone, unsigned long pfn)
{
	const struct buddy *buddy = machine_buddy(zone->machine);

	return buddy->skipped[pfn >> zone->machine->pageblock_order];
}

void pageblock_skip(struct zone *zone, unsigned long pfn, bool skip)
{
	const struct buddy *buddy = machine_buddy(zone->machine);

	buddy->skipped[pfn >> zone->machine->pageblock_order] = skip;
}

void compact_reset_positions(struct zone *zone)
{
	struct compact_memory *memory = &zone_extra(zone)->compact;

	memory->migrate_pfn[COMPACT_ASYNC] = zone->zone_start_pfn;
	memory->migrate_pfn[COMPACT_SYNC_LIGHT] = zone->zone_start_pfn;
	memory->free_pfn = pageblock_start(zone, zone_end_pfn(zone) - 1);
}

/*
 * The pageblock that ends at @pfn is done. As in 6.1 the position is that of the block after the
 * next one when @pfn is a border.
 */
void compact_note_source_block(struct compaction *c, unsigned long pfn)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;

	pfn = pageblock_end(c->zone, pfn);
	memory->migrate_pfn[0] = max(memory->migrate_pfn[0], pfn);
	if (c->mode != COMPACT_ASYNC)
		memory->migrate_pfn[1] = max(memory->migrate_pfn[1], pfn);
}

/* The pageblock at @pfn was looked through for free pages to its end. */
void compact_note_full_block(struct compaction *c, unsigned long pfn)
{
	struct compact_memory *memory = &zone_extra(c->zone)->compact;

	pageblock_skip(c->zone, pfn, true);
	memory->free_pfn = min(memory->free_pfn, pfn);
}

/* --- forgetting */

/* A huge page has the pageblock for itself: nothing to be had there as long as it lives. */
static bool is_skipped_for_good(const struct zone *zone, const struct page *page)
{
	return PageCompound(page) &&
	       compound_order(compound_head((struct page *)page)) >= zone->machine->pageblock_order;
}

/* Does a sample of the pageblock find a page to move, or a free one? */
static bool block_is_worth_a_look(struct zone *zone, unsigned long pfn, bool source, bool target)
{
	unsigned long start = max(pageblock_start(zone, pfn), zone->zone_start_pfn);
	unsigned long last = min(pageblock_end(zone, start), zone_end_pfn(zone)) - 1;

	for (pfn = start; pfn <= last; pfn += 1UL << PAGE_ALLOC_COSTLY_ORDER) {
		const struct page *page = rig_pfn_to_page(zone->machine, pfn);

		if ((source && PageLRU(page)) || (target && PageBuddy(page)))
			return true;
	}
	return false;
}

/* Is the pageblock at @pfn one where a scanner may begin? Then it is not skipped any more. */
static bool reset_block(struct zone *zone, unsigned long pfn, bool source, bool target)
{
	const struct page *page = rig_pfn_to_page(zone->machine, pfn);

	if (rig_pfn_zone(zone->machine, pfn) != zone || is_skipped_for_good(zone, page))
		return false;
	if (source && target && !pageblock_is_skipped(zone, pfn))
		return true;
	if (!source && target && get_pageblock_migratetype(zone->machine, pfn) != MIGRATE_MOVABLE)
		return false;
	if (!block_is_worth_a_look(zone, pfn, source, target))
		return false;
	pageblock_skip(zone, pfn, false);
	return true;
}

/* From both ends at once, until they meet. */
void compact_forget_skipped(struct zone *zone)
{
	struct compact_memory *memory = &zone_extra(zone)->compact;
	unsigned long up = zone->zone_start_pfn, down = zone_end_pfn(zone) - 1;
	unsigned long first_source = down, first_target = up;
	bool have_source = false, have_target = false;

	if (!memory->forget_skipped)
		return;
	memory->forget_skipped = false;
	for (; up < down;
	     up += pageblock_nr_pages(zone->machine), down -= pageblock_nr_pages(zone->machine)) {
		if (reset_block(zone, up, true, have_source) && up < first_source) {
			have_source = true;
			first_source = up;
			memory->init_migrate_pfn = up;
			memory->migrate_pfn[0] = memory->migrate_pfn[1] = up;
		}
		if (reset_block(zone, down, have_target, true) && down > first_target) {
			have_target = true;
			first_target = down;
			memory->init_free_pfn = memory->free_pfn = down;
		}
	}
	/* none was worth it: the scanners have nothing between them */
	if (first_source >= first_target) {
		memory->migrate_pfn[0] = memory->migrate_pfn[1] = up;
		memory->free_pfn = down;
	}
}

void reset_isolation_suitable(struct rig_cpu *cpu, struct pglist_data *node)
{
	rig_spin_lock(&cpu->machine->page_front->compact_lock);
	for (int type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&node->node_zones[type]))
			compact_forget_skipped(&node->node_zones[type]);
	rig_spin_unlock(&cpu->machine->page_front->compact_lock);
}
