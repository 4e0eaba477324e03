// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recorded state with more memory, as if it had been plugged in and set online before the trace
 * began: free, movable, behind the last zone's end; what does not fit below 4 GiB makes a zone
 * Normal.
 */
#include <kmemrig/state.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>

#include <stdlib.h>
#include <string.h>

#include "state_lists.h"

#define DMA32_END (1UL << (32 - PAGE_SHIFT))
/* The kernel plugs memory in by sections. */
#define SECTION_PAGES (1UL << (27 - PAGE_SHIFT))

static unsigned long end_of(const struct rig_state_zone *zone)
{
	return zone->start_pfn + zone->spanned;
}

static size_t last_zone(const struct rig_state *state)
{
	size_t last = 0;

	for (size_t i = 1; i < state->nr_zones; i++)
		if (end_of(&state->zones[i]) > end_of(&state->zones[last]))
			last = i;
	return last;
}

/* Room for one more at the end, zeroed. */
static void *one_more(void *array, size_t *nr, size_t size)
{
	char *bigger = realloc(array, (*nr + 1) * size);

	if (!bigger)
		abort();
	memset(bigger + *nr * size, 0, size);
	(*nr)++;
	return bigger;
}

/* A zone of the same node behind all others; its index. */
static size_t add_normal_zone(struct rig_state *state, size_t like, unsigned long start_pfn)
{
	struct rig_state_zone *zone;
	unsigned int number = 0;

	state->zones = one_more(state->zones, &state->nr_zones, sizeof(*state->zones));
	zone = &state->zones[state->nr_zones - 1];
	for (size_t i = 0; i + 1 < state->nr_zones; i++)
		number = max(number, state->zones[i].number + 1);
	zone->number = number;
	zone->node = state->zones[like].node;
	zone->start_pfn = start_pfn;
	strcpy(zone->name, "Normal");
	return state->nr_zones - 1;
}

static void add_free_blocks(struct rig_state *state, size_t zone, unsigned long start_pfn,
			    unsigned long nr_pages)
{
	struct rig_state_list *list = state_free_list(state, zone, MAX_ORDER - 1, MIGRATE_MOVABLE);

	/* memory that comes online goes to the tail */
	for (unsigned long pfn = start_pfn; pfn < start_pfn + nr_pages; pfn += MAX_ORDER_NR_PAGES)
		state_list_add(list, pfn);
}

static void add_pageblocks(struct rig_state *state, unsigned long start_pfn, unsigned long nr_pages)
{
	unsigned int order = state->pageblock_order ? state->pageblock_order : MAX_ORDER - 1;
	struct rig_state_pageblocks *blocks;

	state->pageblocks =
		one_more(state->pageblocks, &state->nr_pageblocks, sizeof(*state->pageblocks));
	blocks = &state->pageblocks[state->nr_pageblocks - 1];
	blocks->start_pfn = start_pfn;
	blocks->order = order;
	blocks->nr = nr_pages >> order;
	blocks->migratetypes = malloc(blocks->nr);
	if (!blocks->migratetypes)
		abort();
	memset(blocks->migratetypes, MIGRATE_MOVABLE, blocks->nr);
}

static void add_range(struct rig_state *state, size_t index, unsigned long start_pfn,
		      unsigned long nr_pages)
{
	struct rig_state_zone *zone = &state->zones[index];

	zone->spanned = start_pfn + nr_pages - zone->start_pfn;
	zone->present += nr_pages;
	zone->managed += nr_pages;
	zone->free += nr_pages;
	add_free_blocks(state, index, start_pfn, nr_pages);
	add_pageblocks(state, start_pfn, nr_pages);
}

bool rig_state_add_memory(struct rig_state *state, u64 bytes, char *error)
{
	size_t zone = last_zone(state);
	unsigned long start =
		(end_of(&state->zones[zone]) + SECTION_PAGES - 1) & ~(SECTION_PAGES - 1);
	unsigned long left = (unsigned long)(bytes >> PAGE_SHIFT);

	if (!left || left & (SECTION_PAGES - 1) || bytes >> 46) {
		snprintf(error, RIG_STATE_ERROR,
			 "%s: memory is added in multiples of %lu MiB, to 64 TiB", state->file,
			 SECTION_PAGES >> (20 - PAGE_SHIFT));
		return false;
	}
	if (!strcmp(state->zones[zone].name, "DMA32") && start < DMA32_END) {
		unsigned long part = min(left, DMA32_END - start);

		add_range(state, zone, start, part);
		start += part;
		left -= part;
	}
	if (left && !strcmp(state->zones[zone].name, "DMA32"))
		zone = add_normal_zone(state, zone, start);
	if (left)
		add_range(state, zone, start, left);
	state->added_bytes += bytes;
	return true;
}
