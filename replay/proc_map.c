// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drawing the map of page frames: first what kpageflags says, then what the trace says (its first
 * event of a page tells what the page was before), then types for the pageblocks, and, where there
 * is no kpageflags, places for as many free blocks as the counts say.
 */
#include <linux/pfn.h>

#include <stdlib.h>
#include <string.h>

#include "proc_map.h"

void *proc_must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* The first free page from @pfn on; @end: none. */
unsigned long proc_map_next_free(const struct proc_map *map, unsigned long pfn, unsigned long end)
{
	const u8 *at = pfn < end ? memchr(&map->place[pfn], PLACE_FREE, end - pfn) : NULL;

	return at ? (unsigned long)(at - map->place) : end;
}

/* The largest block that begins at a free page, in the zone. */
unsigned int proc_map_order_at(const struct proc_map *map, unsigned long pfn, unsigned long end)
{
	unsigned int order = 0;

	while (order < MAX_ORDER - 1) {
		unsigned long size = 2UL << order;

		if (pfn & (size - 1) || pfn + size > end)
			break;
		for (unsigned long i = pfn + size / 2; i < pfn + size; i++)
			if (map->place[i] != PLACE_FREE)
				return order;
		order++;
	}
	return order;
}

/* A vote of the allocator's own lists weighs more than what pages are used for. */
#define LIST_VOTE 1000

static struct votes *votes_for(struct proc_map *map, unsigned long pfn)
{
	return &map->votes[pfn >> map->block_order];
}

/* --- what kpageflags knows */

static int type_of_use(u64 flags)
{
	if (flags & (1ULL << KPF_LRU | 1ULL << KPF_ANON))
		return MIGRATE_MOVABLE;
	return MIGRATE_UNMOVABLE;
}

static void draw_flags(struct proc_map *map)
{
	for (unsigned long pfn = 0; pfn < map->nr_pages && pfn < map->files.nr_flags; pfn++) {
		u64 flags = map->files.flags[pfn];

		if (flags & 1ULL << KPF_BUDDY) {
			map->place[pfn] = PLACE_FREE;
			continue;
		}
		map->place[pfn] = PLACE_USED;
		if (!(flags & 1ULL << KPF_NOPAGE))
			votes_for(map, pfn)->of[type_of_use(flags)]++;
	}
}

/* --- what the trace knows */

/* The trace names these pages for the first time: so they were then. */
static void see(struct proc_map *map, u64 pfn, unsigned int order, size_t event, enum place place)
{
	if (order >= MAX_ORDER || pfn >= map->nr_pages)
		return;
	for (u64 i = pfn; i < pfn + (1UL << order) && i < map->nr_pages; i++)
		if (!map->seen[i]) {
			map->seen[i] = (u32)event + 1;
			map->place[i] = (u8)place;
		}
}

static bool seen_before(const struct proc_map *map, u64 pfn)
{
	return pfn >= map->nr_pages || map->seen[pfn];
}

static void see_on_list(struct proc_map *map, const struct rig_event *event, u64 pfn,
			unsigned int order, int migratetype, size_t number)
{
	struct pcp_page *pages;

	if (migratetype < 0 || migratetype >= MIGRATE_PCPTYPES || order > PAGE_ALLOC_COSTLY_ORDER ||
	    pfn + (1UL << order) > map->nr_pages || pfn & ((1UL << order) - 1) ||
	    event->cpu >= RIG_NR_CPUS)
		return;
	for (u64 i = pfn; i < pfn + (1UL << order); i++)
		if (seen_before(map, i))
			return;
	pages = realloc(map->pcp_pages, (map->nr_pcp_pages + 1) * sizeof(*pages));
	if (!pages)
		abort();
	map->pcp_pages = pages;
	pages[map->nr_pcp_pages++] = (struct pcp_page){
		.pfn = (unsigned long)pfn,
		.cpu = event->cpu,
		.index = order * MIGRATE_PCPTYPES + (unsigned int)migratetype,
		.order = order,
	};
	see(map, pfn, order, number, PLACE_PCP);
}

static void see_alloc(struct proc_map *map, const struct rig_event *event, size_t number,
		      bool refills)
{
	const struct rig_event_mm_page_alloc *alloc = &event->mm_page_alloc;

	if (seen_before(map, alloc->pfn) || alloc->order >= MAX_ORDER)
		return;
	if (refills && alloc->order <= PAGE_ALLOC_COSTLY_ORDER)
		see_on_list(map, event, alloc->pfn, alloc->order, alloc->migratetype, number);
	else
		see(map, alloc->pfn, alloc->order, number, PLACE_FREE);
}

static void see_refill(struct proc_map *map, const struct rig_event *event, size_t number)
{
	const struct rig_event_mm_page_alloc_zone_locked *refill =
		&event->mm_page_alloc_zone_locked;

	if (!seen_before(map, refill->pfn) && refill->migratetype >= 0 &&
	    refill->migratetype < MIGRATE_PCPTYPES)
		votes_for(map, refill->pfn)->of[refill->migratetype] += LIST_VOTE;
	see(map, refill->pfn, refill->order, number, PLACE_FREE);
}

/* Its pages were of the other type until now. */
static void see_fallback(struct proc_map *map, const struct rig_event *event)
{
	const struct rig_event_mm_page_alloc_extfrag *extfrag = &event->mm_page_alloc_extfrag;

	if (extfrag->pfn < map->nr_pages && extfrag->fallback_migratetype >= 0 &&
	    extfrag->fallback_migratetype < MIGRATE_PCPTYPES)
		votes_for(map, extfrag->pfn)->of[extfrag->fallback_migratetype] += 2 * LIST_VOTE;
}

static void draw_trace(struct proc_map *map)
{
	const struct rig_trace_log *log = map->log;
	bool refills = log->by_id[RIG_EVENT_mm_page_alloc_zone_locked];

	for (size_t i = log->first; i < log->nr && i < PAGE_NEVER_SEEN; i++) {
		const struct rig_event *event = &log->events[i];

		switch (event->id) {
		case RIG_EVENT_mm_page_alloc:
			see_alloc(map, event, i, refills);
			break;
		case RIG_EVENT_mm_page_alloc_zone_locked:
			see_refill(map, event, i);
			break;
		case RIG_EVENT_mm_page_alloc_extfrag:
			see_fallback(map, event);
			break;
		case RIG_EVENT_mm_page_free:
			see(map, event->mm_page_free.pfn, event->mm_page_free.order, i, PLACE_USED);
			break;
		case RIG_EVENT_mm_page_free_batched:
			see(map, event->mm_page_free_batched.pfn, 0, i, PLACE_USED);
			break;
		case RIG_EVENT_mm_page_pcpu_drain:
			see_on_list(map, event, event->mm_page_pcpu_drain.pfn,
				    event->mm_page_pcpu_drain.order,
				    event->mm_page_pcpu_drain.migratetype, i);
			break;
		default:
			break;
		}
	}
}

/* --- pageblocks */

/* A pageblock and its free blocks by order. */
struct pageblock {
	size_t number;
	unsigned int histogram[MAX_ORDER];
	unsigned int nr_free;
	bool told; /* the allocator's own lists named its type */
};

/* What is left to be shared out among a zone's pageblocks. */
struct shares {
	unsigned long pageblocks[MIGRATE_TYPES];
	long free_blocks[MIGRATE_TYPES][MAX_ORDER];
};

static int most_telling_first(const void *a, const void *b)
{
	const struct pageblock *left = a, *right = b;

	if (left->told != right->told)
		return left->told ? -1 : 1;
	if (left->nr_free != right->nr_free)
		return left->nr_free > right->nr_free ? -1 : 1;
	return left->number < right->number ? -1 : 1;
}

/* How well the pageblock's free blocks and users go with a type that still has a share. */
static long score(const struct proc_map *map, const struct pageblock *block,
		  const struct shares *shares, int type)
{
	const struct votes *votes = &map->votes[block->number];
	unsigned int all = 0, its = type < MIGRATE_PCPTYPES ? votes->of[type] : 0;
	long fit = 0;

	if (its >= LIST_VOTE)
		return 1000000 + its;
	for (int order = 0; order < MAX_ORDER; order++) {
		long there = block->histogram[order], wanted = shares->free_blocks[type][order];

		fit += there <= wanted ? there : 2 * wanted - there;
	}
	for (int i = 0; i < MIGRATE_PCPTYPES; i++)
		all += votes->of[i];
	/* slabs can be reclaimable, which their pages' flags do not say */
	if (type == MIGRATE_RECLAIMABLE)
		its = votes->of[MIGRATE_UNMOVABLE] / 2;
	return 100 * fit + (all ? (long)(100 * its / all) : 0);
}

static void choose_type(struct proc_map *map, const struct pageblock *block, struct shares *shares)
{
	int best = -1;

	for (int type = 0; type < MIGRATE_TYPES; type++)
		if (shares->pageblocks[type] &&
		    (best < 0 || score(map, block, shares, type) > score(map, block, shares, best)))
			best = type;
	if (best < 0)
		best = MIGRATE_MOVABLE;
	else
		shares->pageblocks[best]--;
	for (int order = 0; order < MAX_ORDER; order++)
		shares->free_blocks[best][order] -= block->histogram[order];
	map->votes[block->number].type = (u8)best;
}

static void count_free_blocks(const struct proc_map *map, const struct proc_zone *zone,
			      struct pageblock *blocks)
{
	unsigned long end = zone->record.start_pfn + zone->record.spanned;
	unsigned long pfn = proc_map_next_free(map, zone->record.start_pfn, end);
	size_t first = zone->record.start_pfn >> map->block_order;

	for (; pfn < end; pfn = proc_map_next_free(map, pfn, end)) {
		struct pageblock *block = &blocks[(pfn >> map->block_order) - first];
		unsigned int order = proc_map_order_at(map, pfn, end);

		block->histogram[order]++;
		block->nr_free++;
		pfn += 1UL << order;
	}
}

static int favourite(const struct votes *votes)
{
	int best = MIGRATE_MOVABLE;

	for (int type = 0; type < MIGRATE_PCPTYPES; type++)
		if (votes->of[type] > votes->of[best])
			best = type;
	return best;
}

static void choose_types(struct proc_map *map, const struct proc_zone *zone)
{
	size_t first = zone->record.start_pfn >> map->block_order;
	size_t end = ((zone->record.start_pfn + zone->record.spanned - 1) >> map->block_order) + 1;
	struct pageblock *blocks = proc_must(calloc(end - first, sizeof(*blocks)));
	struct shares shares;

	for (int type = 0; type < MIGRATE_TYPES; type++) {
		shares.pageblocks[type] = zone->pageblocks[type];
		for (int order = 0; order < MAX_ORDER; order++)
			shares.free_blocks[type][order] = (long)zone->free_blocks[type][order];
	}
	count_free_blocks(map, zone, blocks);
	for (size_t i = first; i < end; i++) {
		blocks[i - first].number = i;
		for (int type = 0; type < MIGRATE_PCPTYPES; type++)
			blocks[i - first].told |= map->votes[i].of[type] >= LIST_VOTE;
		map->votes[i].type = (u8)favourite(&map->votes[i]);
	}
	qsort(blocks, end - first, sizeof(*blocks), most_telling_first);
	for (size_t i = 0; map->files.have_types && i < end - first; i++)
		choose_type(map, &blocks[i], &shares);
	free(blocks);
}

/* --- places for the counts, without kpageflags */

/* Where a free block may be looked for, best first. */
enum round {
	ROUND_SEEN,	/* in a pageblock of its type, where the trace saw free pages */
	ROUND_ITS_TYPE, /* in a pageblock of its type */
	ROUND_ANYWHERE, /* a pageblock's type changes, and free blocks stay where they are listed */
	NR_ROUNDS
};

static bool is_free(const struct proc_map *map, unsigned long pfn)
{
	return map->place[pfn] == PLACE_FREE || map->place[pfn] == PLACE_BLOCK;
}

/* May a free block be here? */
static bool fits(const struct proc_map *map, const struct proc_zone *zone, unsigned long pfn,
		 unsigned int order, int type, enum round round)
{
	unsigned long end = pfn + (1UL << order), buddy = pfn ^ (1UL << order);
	bool buddy_free = order < MAX_ORDER - 1 &&
			  buddy + (1UL << order) <= zone->record.start_pfn + zone->record.spanned;
	bool seen = false;

	if (round < ROUND_ANYWHERE && map->files.have_types &&
	    map->votes[pfn >> map->block_order].type != type)
		return false;
	for (unsigned long i = pfn; i < end; i++) {
		if (map->place[i] != PLACE_UNKNOWN && map->place[i] != PLACE_FREE)
			return false;
		seen |= map->place[i] == PLACE_FREE;
	}
	/* they would have merged */
	for (unsigned long i = buddy; buddy_free && i < buddy + (1UL << order); i++)
		buddy_free = is_free(map, i);
	return !buddy_free && (seen || round != ROUND_SEEN);
}

static void place_block(struct proc_map *map, unsigned long pfn, unsigned int order)
{
	unsigned long buddy = pfn ^ (1UL << order);

	memset(&map->place[pfn], PLACE_BLOCK, 1UL << order);
	/* so its buddy is not free as a whole */
	for (unsigned long i = buddy;
	     order < MAX_ORDER - 1 && i < buddy + (1UL << order) && i < map->nr_pages; i++)
		if (map->place[i] == PLACE_UNKNOWN) {
			map->place[i] = PLACE_USED;
			return;
		}
}

/* As many blocks as the count says. */
static void place_blocks(struct proc_map *map, const struct proc_zone *zone, unsigned int order,
			 int type)
{
	unsigned long nr = zone->free_blocks[type][order], step = 1UL << order;
	unsigned long start = (zone->record.start_pfn + step - 1) & ~(step - 1);
	unsigned long end = zone->record.start_pfn + zone->record.spanned;

	for (int round = 0; round < NR_ROUNDS; round++)
		for (unsigned long pfn = start; nr && pfn + step <= end; pfn += step)
			if (fits(map, zone, pfn, order, type, (enum round)round)) {
				place_block(map, pfn, order);
				nr--;
			}
}

static void place_counts(struct proc_map *map, const struct proc_zone *zone)
{
	for (unsigned int order = MAX_ORDER; order-- > 0;)
		for (int type = 0; type < MIGRATE_TYPES; type++)
			place_blocks(map, zone, order, type);
	for (unsigned long pfn = zone->record.start_pfn;
	     pfn < zone->record.start_pfn + zone->record.spanned; pfn++)
		if (map->place[pfn] == PLACE_BLOCK)
			map->place[pfn] = PLACE_FREE;
}

static bool make_map(struct proc_map *map, const char *folder, char *error)
{
	for (size_t i = 0; i < map->files.nr_zones; i++) {
		const struct rig_state_zone *zone = &map->files.zones[i].record;

		map->nr_pages = max(map->nr_pages, zone->start_pfn + zone->spanned);
	}
	map->block_order = map->files.pageblock_order ? map->files.pageblock_order : MAX_ORDER - 1;
	map->nr_votes = (map->nr_pages >> map->block_order) + 1;
	map->place = calloc(map->nr_pages + MAX_ORDER_NR_PAGES, 1);
	map->seen = calloc(map->nr_pages, sizeof(*map->seen));
	map->votes = calloc(map->nr_votes, sizeof(*map->votes));
	if (!map->place || !map->seen || !map->votes) {
		snprintf(error, RIG_STATE_ERROR, "%s: no host memory for %lu pages", folder,
			 map->nr_pages);
		return false;
	}
	return true;
}

bool proc_map_draw(struct proc_map *map, const char *folder, const struct rig_trace_log *log,
		   char *error)
{
	memset(map, 0, sizeof(*map));
	map->log = log;
	if (!proc_files_read(&map->files, folder, error) || !make_map(map, folder, error))
		return false;
	if (map->files.flags)
		draw_flags(map);
	if (log)
		draw_trace(map);
	for (size_t i = 0; i < map->files.nr_zones; i++)
		choose_types(map, &map->files.zones[i]);
	for (size_t i = 0; !map->files.flags && i < map->files.nr_zones; i++)
		place_counts(map, &map->files.zones[i]);
	return true;
}

void proc_map_free(struct proc_map *map)
{
	free(map->place);
	free(map->seen);
	free(map->votes);
	free(map->pcp_pages);
	proc_files_free(&map->files);
}
