// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes over a trace before its objects are replayed.
 *
 * An object's address in the direct map gives its page frame. A block of pages into which an object
 * event points while the block lives is a slab (or a large kmalloc): its page events are the slab
 * allocator's own and come of themselves when the object calls are made.
 *
 * kmem_cache_alloc does not name its cache, kmem_cache_free does: all objects of one slab are of
 * one cache, and calls from one place ask for one cache.
 *
 * An object that is freed twice, or allocated twice, without the opposite between, shows that its
 * cache is also used by calls that are not traced: kmem_cache_alloc_bulk, kmem_cache_free_bulk.
 */
#include <linux/slab.h>

#include <stdlib.h>
#include <string.h>

#include "object_plan.h"

#define NO_EVENT RIG_NO_EVENT

/* Events that may come between a slab's page and the object it was made for. */
#define MAX_BETWEEN 4096

enum object_state { OBJECT_UNKNOWN, OBJECT_LIVE, OBJECT_FREE };

struct pass {
	struct rig_object_plan *plan;
	struct rig_trace_log *log;
	struct rig_address_map life_of_pfn; /* number of the life, plus one */
	struct rig_address_map object;	    /* enum object_state by address */
	struct rig_address_map site;	    /* cache name by call site and size */
	bool have_state;
	bool large_are_pages;
	bool failed;
};

u64 *rig_address_map_find(struct rig_address_map *map, u64 key, bool make)
{
	size_t slot;

	if (make && map->nr * 2 >= map->nr_slots) {
		struct rig_address_map bigger = { .nr_slots = map->nr_slots ? map->nr_slots * 2
									    : 4096 };

		bigger.entries = calloc(bigger.nr_slots, sizeof(*bigger.entries));
		if (!bigger.entries)
			return NULL;
		for (size_t i = 0; i < map->nr_slots; i++)
			if (map->entries[i].key)
				*rig_address_map_find(&bigger, map->entries[i].key, true) =
					map->entries[i].value;
		free(map->entries);
		*map = bigger;
	}
	if (!map->nr_slots)
		return NULL;
	slot = (size_t)(key * 0x9e3779b97f4a7c15ull >> 24) & (map->nr_slots - 1);
	while (map->entries[slot].key && map->entries[slot].key != key)
		slot = (slot + 1) & (map->nr_slots - 1);
	if (!map->entries[slot].key) {
		if (!make)
			return NULL;
		map->entries[slot].key = key;
		map->nr++;
	}
	return &map->entries[slot].value;
}

void rig_address_map_free(struct rig_address_map *map)
{
	free(map->entries);
	*map = (struct rig_address_map){ 0 };
}

u64 rig_event_object(const struct rig_event *event)
{
	switch (event->id) {
	case RIG_EVENT_kmem_cache_alloc:
		return event->kmem_cache_alloc.ptr;
	case RIG_EVENT_kmalloc:
		return event->kmalloc.ptr;
	case RIG_EVENT_kfree:
		return event->kfree.ptr;
	case RIG_EVENT_kmem_cache_free:
		return event->kmem_cache_free.ptr;
	default:
		return 0;
	}
}

/* Key of a page frame: never 0. */
static u64 pfn_key(u64 pfn)
{
	return pfn + 1;
}

static u32 add_life(struct pass *pass, u32 event, u64 pfn, unsigned int order)
{
	struct rig_object_plan *plan = pass->plan;
	size_t nr = plan->nr_lives;

	if (!(nr & (nr - 1))) {
		struct rig_block_life *lives =
			realloc(plan->lives, (nr ? nr * 2 : 1) * sizeof(*lives));

		if (!lives) {
			pass->failed = true;
			return RIG_NO_LIFE;
		}
		plan->lives = lives;
	}
	plan->lives[nr] = (struct rig_block_life){ .alloc_event = event,
						   .first_object = NO_EVENT,
						   .order = order };
	plan->nr_lives++;
	for (u64 i = pfn; order < MAX_ORDER && i < pfn + (1ULL << order); i++) {
		u64 *life = rig_address_map_find(&pass->life_of_pfn, pfn_key(i), true);

		if (life)
			*life = nr + 1;
		else
			pass->failed = true;
	}
	return (u32)nr;
}

static u32 find_life(struct pass *pass, u64 pfn)
{
	u64 *life = rig_address_map_find(&pass->life_of_pfn, pfn_key(pfn), false);

	return life && *life ? (u32)(*life - 1) : RIG_NO_LIFE;
}

static void end_life(struct pass *pass, u64 pfn, unsigned int order)
{
	for (u64 i = pfn; order < MAX_ORDER && i < pfn + (1ULL << order); i++) {
		u64 *life = rig_address_map_find(&pass->life_of_pfn, pfn_key(i), false);

		if (life)
			*life = 0;
	}
}

static void begin_with_state(struct pass *pass, const struct rig_state *state)
{
	for (size_t i = 0; i < state->nr_slabs && !pass->failed; i++) {
		const struct rig_state_slab *slab = &state->slabs[i];
		const struct rig_state_cache *cache = &state->caches[slab->cache];
		u32 life;

		if (slab->place == RIG_STATE_CPU_FREELIST)
			continue;
		life = add_life(pass, NO_EVENT, slab->pfn,
				slab->objects == cache->objects ? cache->order : cache->min_order);
		if (life == RIG_NO_LIFE)
			return;
		pass->plan->lives[life].objects = true;
		pass->plan->lives[life].cache = rig_trace_log_string(pass->log, cache->name);
	}
}

static void hides(struct pass *pass, const struct rig_block_life *life)
{
	struct rig_object_plan *plan = pass->plan;
	const char **names;

	if (!life->cache || rig_object_plan_hides(plan, life->cache))
		return;
	names = realloc(plan->hidden, (plan->nr_hidden + 1) * sizeof(*names));
	if (!names) {
		pass->failed = true;
		return;
	}
	plan->hidden = names;
	names[plan->nr_hidden++] = life->cache;
}

/* Is this event possible after what was seen of the object? */
static void follow_object(struct pass *pass, const struct rig_event *event, u64 address, u32 life)
{
	u64 *state = rig_address_map_find(&pass->object, address, true);
	bool alloc = event->id == RIG_EVENT_kmem_cache_alloc || event->id == RIG_EVENT_kmalloc;

	if (!state) {
		pass->failed = true;
		return;
	}
	if (*state == (alloc ? OBJECT_LIVE : OBJECT_FREE))
		hides(pass, &pass->plan->lives[life]);
	/* a slab made in the trace has no objects that are older than it */
	if (*state == OBJECT_UNKNOWN && !alloc && pass->plan->lives[life].alloc_event != NO_EVENT)
		hides(pass, &pass->plan->lives[life]);
	*state = alloc ? OBJECT_LIVE : OBJECT_FREE;
}

static void see_object(struct pass *pass, u32 number)
{
	const struct rig_event *event = &pass->log->events[number];
	u64 address = rig_event_object(event);
	u64 pfn = (address - RIG_PAGE_OFFSET) >> PAGE_SHIFT;
	struct rig_block_life *block;
	u32 life;

	if (address < RIG_PAGE_OFFSET || address >= RIG_VMALLOC_START)
		return;
	life = find_life(pass, pfn);
	/* a state names all slabs: anything else is a large kmalloc of the past, plain pages */
	if (life == RIG_NO_LIFE && !pass->have_state)
		life = add_life(pass, NO_EVENT, pfn, 0);
	if (life == RIG_NO_LIFE)
		return;
	block = &pass->plan->lives[life];
	if (block->first_object == NO_EVENT)
		block->first_object = number;
	block->objects = true;
	block->large |=
		event->id == RIG_EVENT_kmalloc && event->kmalloc.bytes_req > KMALLOC_MAX_CACHE_SIZE;
	block->kmalloc |= event->id == RIG_EVENT_kmalloc;
	if (event->id == RIG_EVENT_kmem_cache_free)
		block->cache = event->kmem_cache_free.name;
	pass->plan->life[number] = life;
	follow_object(pass, event, address, life);
}

/* First pass: blocks and what is in them. */
static void see_lives(struct pass *pass)
{
	for (size_t i = pass->log->first; i < pass->log->end && !pass->failed; i++) {
		const struct rig_event *event = &pass->log->events[i];
		u32 *life = &pass->plan->life[i];

		switch (event->id) {
		case RIG_EVENT_mm_page_alloc:
			if (event->mm_page_alloc.pfn != ~0ULL)
				*life = add_life(pass, (u32)i, event->mm_page_alloc.pfn,
						 event->mm_page_alloc.order);
			break;
		case RIG_EVENT_mm_page_free:
			*life = find_life(pass, event->mm_page_free.pfn);
			end_life(pass, event->mm_page_free.pfn, event->mm_page_free.order);
			break;
		default:
			see_object(pass, (u32)i);
			break;
		}
	}
}

/* Second pass: page events of slabs, with the refills before and the drains behind them. */
static void mark_pages(struct pass *pass)
{
	struct rig_object_plan *plan = pass->plan;
	const struct rig_trace_log *log = pass->log;
	bool frees_slab[RIG_NR_CPUS] = { false }, allocs_slab[RIG_NR_CPUS] = { false };

	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];
		u32 life = plan->life[i];

		if (event->id == RIG_EVENT_mm_page_alloc || event->id == RIG_EVENT_mm_page_free) {
			plan->of_slab[i] = life != RIG_NO_LIFE && plan->lives[life].objects &&
					   !(pass->large_are_pages && plan->lives[life].large);
			plan->slab_pages += plan->of_slab[i];
			frees_slab[event->cpu] =
				plan->of_slab[i] && event->id == RIG_EVENT_mm_page_free;
		} else if (event->id == RIG_EVENT_mm_page_free_batched) {
			frees_slab[event->cpu] = false;
		} else if (event->id == RIG_EVENT_mm_page_pcpu_drain) {
			plan->of_slab[i] = frees_slab[event->cpu];
		}
	}
	for (size_t i = log->end; i-- > log->first;) {
		const struct rig_event *event = &log->events[i];

		if (event->id == RIG_EVENT_mm_page_alloc)
			allocs_slab[event->cpu] = plan->of_slab[i];
		else if (event->id == RIG_EVENT_mm_page_free)
			allocs_slab[event->cpu] = false;
		else if (event->id == RIG_EVENT_mm_page_alloc_zone_locked ||
			 event->id == RIG_EVENT_mm_page_alloc_extfrag)
			plan->of_slab[i] = allocs_slab[event->cpu];
	}
}

static u64 *site_of(struct pass *pass, const struct rig_event_kmem_cache_alloc *alloc, bool make)
{
	return rig_address_map_find(&pass->site, alloc->call_site * 31 + alloc->bytes_req, make);
}

/*
 * The task's next allocation on the CPU after event @number, and whether other object events come
 * before it: those of interrupts, or of tasks that came in between.
 */
static u32 next_alloc(const struct rig_trace_log *log, size_t number, bool *between)
{
	const struct rig_event *page = &log->events[number];

	*between = false;
	for (size_t i = number + 1; i < log->end && i < number + MAX_BETWEEN; i++) {
		const struct rig_event *event = &log->events[i];

		if (event->cpu != page->cpu || !rig_event_object(event))
			continue;
		if (event->pid == page->pid &&
		    (event->id == RIG_EVENT_kmem_cache_alloc || event->id == RIG_EVENT_kmalloc))
			return (u32)i;
		*between = true;
	}
	return NO_EVENT;
}

/*
 * A slab's page whose task does not go on with an allocation from that slab was allocated for a
 * call that is not traced. Whether its free was, the replay sees: the slab is still there.
 */
static void mark_untraced(struct pass *pass)
{
	struct rig_object_plan *plan = pass->plan;
	const struct rig_trace_log *log = pass->log;

	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];
		bool between;
		u32 alloc;

		if (!plan->of_slab[i])
			continue;
		if (event->id == RIG_EVENT_mm_page_free) {
			plan->untraced[i] = true;
		} else if (event->id == RIG_EVENT_mm_page_alloc) {
			alloc = next_alloc(log, i, &between);
			if (alloc == NO_EVENT || plan->life[alloc] != plan->life[i])
				plan->untraced[i] = true;
			else if (between)
				plan->early[i] = alloc;
		}
	}
}

/* Third pass: caches of allocations, by their slab, else by where they were called from. */
static void name_caches(struct pass *pass)
{
	struct rig_object_plan *plan = pass->plan;
	const struct rig_trace_log *log = pass->log;

	for (int round = 0; round < 2; round++)
		for (size_t i = log->first; i < log->end; i++) {
			const struct rig_event *event = &log->events[i];
			u32 life = plan->life[i];
			u64 *site;

			if (event->id != RIG_EVENT_kmem_cache_alloc || plan->cache[i])
				continue;
			if (life != RIG_NO_LIFE && plan->lives[life].cache)
				plan->cache[i] = plan->lives[life].cache;
			site = site_of(pass, &event->kmem_cache_alloc, plan->cache[i] != NULL);
			if (plan->cache[i] && site)
				*site = (u64)(uintptr_t)plan->cache[i];
			else if (site && *site)
				plan->cache[i] = (const char *)(uintptr_t)*site;
		}
}

/*
 * From the end, so that in the end each address has its first event. What comes after the second
 * mark is not replayed, but tells of objects in use there.
 */
static bool chain_events(struct rig_object_plan *plan)
{
	const struct rig_trace_log *log = plan->log;

	for (size_t i = log->nr; i-- > log->first;) {
		u64 address = rig_event_object(&log->events[i]);
		u64 *next = address ? rig_address_map_find(&plan->upcoming, address, true) : NULL;

		plan->next[i] = NO_EVENT;
		if (!address)
			continue;
		if (!next)
			return false;
		if (*next)
			plan->next[i] = (u32)(*next - 1);
		*next = i + 1;
	}
	return true;
}

/* The same for the frees of each page frame. */
static bool chain_page_ends(struct rig_object_plan *plan)
{
	const struct rig_trace_log *log = plan->log;
	size_t pages = 0;

	for (size_t i = log->first; i < log->nr; i++)
		if (log->events[i].id == RIG_EVENT_mm_page_free &&
		    log->events[i].mm_page_free.order < MAX_ORDER)
			pages += 1UL << log->events[i].mm_page_free.order;
	plan->page_end = malloc((pages + 1) * sizeof(*plan->page_end));
	if (!plan->page_end)
		return false;
	for (size_t i = log->nr; i-- > log->first;) {
		const struct rig_event_mm_page_free *event = &log->events[i].mm_page_free;

		if (log->events[i].id != RIG_EVENT_mm_page_free || event->order >= MAX_ORDER)
			continue;
		for (u64 pfn = event->pfn; pfn < event->pfn + (1ULL << event->order); pfn++) {
			u64 *first = rig_address_map_find(&plan->page_ends, pfn_key(pfn), true);

			if (!first)
				return false;
			plan->page_end[plan->nr_page_ends++] =
				(struct rig_page_end){ .event = (u32)i, .next = (u32)*first };
			*first = plan->nr_page_ends;
		}
	}
	return true;
}

bool rig_object_plan_page_ends(struct rig_object_plan *plan, u64 pfn, u32 number)
{
	u64 *first = rig_address_map_find(&plan->page_ends, pfn_key(pfn), false);

	while (first && *first && plan->page_end[*first - 1].event < number)
		*first = plan->page_end[*first - 1].next;
	return first && *first;
}

void rig_object_plan_passed(struct rig_object_plan *plan, u32 number)
{
	u64 address = rig_event_object(&plan->log->events[number]);
	u64 *next = address ? rig_address_map_find(&plan->upcoming, address, false) : NULL;

	if (next)
		*next = plan->next[number] == NO_EVENT ? 0 : (u64)plan->next[number] + 1;
}

enum rig_object_fate rig_object_plan_fate(struct rig_object_plan *plan, u64 address)
{
	u64 *next = rig_address_map_find(&plan->upcoming, address, false);
	const struct rig_event *event;

	if (!next || !*next)
		return RIG_OBJECT_SILENT;
	event = &plan->log->events[*next - 1];
	if (event->id == RIG_EVENT_kmem_cache_free || event->id == RIG_EVENT_kfree)
		return RIG_OBJECT_FREED;
	return RIG_OBJECT_ALLOCATED;
}

struct rig_object_plan *rig_object_plan_create(struct rig_trace_log *log,
					       const struct rig_state *state, bool large_are_pages)
{
	struct rig_object_plan *plan = calloc(1, sizeof(*plan));
	struct pass pass = { .plan = plan,
			     .log = log,
			     .have_state = state != NULL,
			     .large_are_pages = large_are_pages };

	if (!plan)
		return NULL;
	plan->log = log;
	plan->life = malloc((log->nr + 1) * sizeof(*plan->life));
	plan->of_slab = calloc(log->nr + 1, sizeof(*plan->of_slab));
	plan->untraced = calloc(log->nr + 1, sizeof(*plan->untraced));
	plan->early = malloc((log->nr + 1) * sizeof(*plan->early));
	plan->cache = calloc(log->nr + 1, sizeof(*plan->cache));
	plan->next = malloc((log->nr + 1) * sizeof(*plan->next));
	if (plan->life && plan->of_slab && plan->untraced && plan->early && plan->cache &&
	    plan->next && chain_events(plan) && chain_page_ends(plan)) {
		memset(plan->life, 0xff, log->nr * sizeof(*plan->life));
		memset(plan->early, 0xff, log->nr * sizeof(*plan->early));
		if (state)
			begin_with_state(&pass, state);
		see_lives(&pass);
		mark_pages(&pass);
		mark_untraced(&pass);
		name_caches(&pass);
	} else {
		pass.failed = true;
	}
	rig_address_map_free(&pass.life_of_pfn);
	rig_address_map_free(&pass.object);
	rig_address_map_free(&pass.site);
	if (pass.failed) {
		rig_object_plan_destroy(plan);
		return NULL;
	}
	return plan;
}

void rig_object_plan_destroy(struct rig_object_plan *plan)
{
	if (!plan)
		return;
	free(plan->lives);
	free(plan->life);
	free(plan->of_slab);
	free(plan->untraced);
	free(plan->early);
	free(plan->cache);
	free(plan->hidden);
	free(plan->next);
	free(plan->page_end);
	rig_address_map_free(&plan->page_ends);
	rig_address_map_free(&plan->upcoming);
	free(plan);
}

bool rig_object_plan_hides(const struct rig_object_plan *plan, const char *cache)
{
	for (size_t i = 0; i < plan->nr_hidden; i++)
		if (!strcmp(plan->hidden[i], cache))
			return true;
	return false;
}
