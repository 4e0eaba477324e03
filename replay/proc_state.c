// SPDX-License-Identifier: GPL-2.0-only
/*
 * A state from /proc files: see rig_state_from_proc(). The free pages of the map (proc_map.h) are
 * cut into blocks as the buddy system would have merged them, which is the only way to do it.
 */
#include <linux/pfn.h>

#include <stdlib.h>
#include <string.h>

#include "proc_map.h"
#include "state_lists.h"

struct block {
	unsigned long pfn;
	unsigned int order;
	int type;
	u32 first_seen;
};

static int in_list_order(const void *a, const void *b)
{
	const struct block *left = a, *right = b;

	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	if (left->first_seen != right->first_seen)
		return left->first_seen < right->first_seen ? -1 : 1;
	return left->pfn < right->pfn ? -1 : 1;
}

/* How many of the blocks have that order and type. */
static unsigned long count_blocks(const struct block *blocks, size_t nr, unsigned int order,
				  int type)
{
	unsigned long found = 0;

	for (size_t i = 0; i < nr; i++)
		found += blocks[i].order == order && blocks[i].type == type;
	return found;
}

/*
 * A pageblock's type changes, and its free blocks stay on the lists they are on: what pagetypeinfo
 * counts more of one type, and the map less, is taken from types that the map has more of.
 */
static void match_types(struct block *blocks, size_t nr, const struct proc_zone *zone)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		long over[MIGRATE_TYPES];

		for (int type = 0; type < MIGRATE_TYPES; type++)
			over[type] = (long)count_blocks(blocks, nr, order, type) -
				     (long)zone->free_blocks[type][order];
		for (int want = 0; want < MIGRATE_TYPES; want++)
			for (size_t i = nr; i-- > 0 && over[want] < 0;) {
				if (blocks[i].order != order || over[blocks[i].type] <= 0)
					continue;
				over[blocks[i].type]--;
				over[want]++;
				blocks[i].type = want;
			}
	}
}

static void add_free_lists(struct rig_state *state, const struct proc_map *map, size_t index)
{
	struct rig_state_zone *zone = &state->zones[index];
	unsigned long end = zone->start_pfn + zone->spanned;
	unsigned long pfn = proc_map_next_free(map, zone->start_pfn, end);
	struct block *blocks = NULL, *block;
	size_t nr = 0;

	zone->free = 0;
	for (; pfn < end; pfn = proc_map_next_free(map, pfn, end)) {
		if (!(nr & (nr - 1)))
			blocks = proc_must(realloc(blocks, (nr ? 2 * nr : 1) * sizeof(*blocks)));
		block = &blocks[nr];
		*block = (struct block){ .pfn = pfn,
					 .order = proc_map_order_at(map, pfn, end),
					 .type = map->votes[pfn >> map->block_order].type,
					 .first_seen = PAGE_NEVER_SEEN };
		for (unsigned long i = pfn; i < pfn + (1UL << block->order); i++)
			block->first_seen = min(block->first_seen, map->seen[i] - 1);
		zone->free += 1UL << block->order;
		pfn += 1UL << block->order;
		nr++;
	}
	if (map->files.have_types)
		match_types(blocks, nr, &map->files.zones[index]);
	if (nr)
		qsort(blocks, nr, sizeof(*blocks), in_list_order);
	for (size_t i = 0; i < nr; i++)
		state_list_add(state_free_list(state, index, blocks[i].order,
					       (unsigned int)blocks[i].type),
			       blocks[i].pfn);
	free(blocks);
}

static void add_pcps(struct rig_state *state, const struct proc_map *map, size_t index)
{
	const struct proc_zone *zone = &map->files.zones[index];
	const struct rig_state_zone *record = &zone->record;

	for (int cpu = 0; cpu < state->nr_cpus; cpu++) {
		struct rig_state_pcp *pcp;
		int count = 0;

		for (size_t i = 0; i < map->nr_pcp_pages; i++) {
			const struct pcp_page *page = &map->pcp_pages[i];

			if (page->cpu != cpu || page->pfn - record->start_pfn >= record->spanned)
				continue;
			state_list_add(state_pcp_list(state, index, cpu, page->index), page->pfn);
			count += 1 << page->order;
		}
		state->pcps = proc_must(
			realloc(state->pcps, (state->nr_pcps + 1) * sizeof(*state->pcps)));
		pcp = &state->pcps[state->nr_pcps++];
		*pcp = (struct rig_state_pcp){ .zone = (unsigned int)index,
					       .cpu = cpu,
					       .count = count,
					       .high = zone->pcps[cpu].high,
					       .batch = zone->pcps[cpu].batch };
	}
}

static void add_pageblocks(struct rig_state *state, const struct proc_map *map)
{
	struct rig_state_pageblocks *blocks = proc_must(calloc(1, sizeof(*blocks)));

	blocks->order = map->block_order;
	blocks->nr = map->nr_votes;
	blocks->migratetypes = proc_must(malloc(map->nr_votes));
	for (size_t i = 0; i < map->nr_votes; i++)
		blocks->migratetypes[i] = map->votes[i].type;
	state->pageblocks = blocks;
	state->nr_pageblocks = 1;
}

static struct rig_state *make_state(const struct proc_map *map, const char *folder)
{
	struct rig_state *state = proc_must(calloc(1, sizeof(*state)));
	size_t nr = map->files.nr_zones;

	state->file = proc_must(strdup(folder));
	state->from_proc = true;
	state->pageblock_order = map->block_order;
	state->zones = proc_must(calloc(nr, sizeof(*state->zones)));
	state->nr_zones = nr;
	for (size_t i = 0; i < nr; i++) {
		const struct proc_zone *zone = &map->files.zones[i];

		state->zones[i] = zone->record;
		state->zones[i].line = 0;
		state->zones[i].highatomic = zone->pageblocks[MIGRATE_HIGHATOMIC]
					     << map->block_order;
		state->nr_cpus = max(state->nr_cpus, zone->nr_pcps);
		state->nr_nodes = max(state->nr_nodes, zone->record.node + 1);
	}
	state->nr_cpus = max(state->nr_cpus, 1);
	for (size_t i = 0; i < nr; i++) {
		add_free_lists(state, map, i);
		add_pcps(state, map, i);
	}
	add_pageblocks(state, map);
	return state;
}

struct rig_state *rig_state_from_proc(const char *folder, const struct rig_trace_log *log,
				      char *error)
{
	struct rig_state *state = NULL;
	struct proc_map map;

	if (proc_map_draw(&map, folder, log, error))
		state = make_state(&map, folder);
	proc_map_free(&map);
	return state;
}
