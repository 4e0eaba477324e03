// SPDX-License-Identifier: GPL-2.0-only
/*
 * States and machines: a machine is built bare, with the zones of the state, and filled through
 * kmemrig/restore.h; a machine's lists are read back into a state through the same header.
 */
#include <kmemrig/kmem.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <kmemrig/state.h>
#include <linux/kernel.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int fail(const struct rig_state *state, size_t line, char *error, const char *format, ...)
	__printf(4, 5);

static int fail(const struct rig_state *state, size_t line, char *error, const char *format, ...)
{
	int used = snprintf(error, RIG_STATE_ERROR, "%s:%zu: ", state->file, line);
	va_list list;

	if (used < 0 || used >= RIG_STATE_ERROR)
		used = 0;
	va_start(list, format);
	vsnprintf(error + used, RIG_STATE_ERROR - (size_t)used, format, list);
	va_end(list);
	return -1;
}

/* The machine's zone of a state's record; NULL: there is none. */
static struct zone *find_zone(struct rig_machine *machine, const struct rig_state_zone *wanted)
{
	if (wanted->node < 0 || wanted->node >= machine->nr_nodes || !machine->nodes[wanted->node])
		return NULL;
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = rig_machine_zone(machine, wanted->node, type);

		if (populated_zone(zone) && !strcmp(zone->name, wanted->name))
			return zone;
	}
	return NULL;
}

static int restore_zone(struct rig_machine *machine, const struct rig_state *state,
			const struct rig_state_zone *recorded, char *error)
{
	struct rig_zone_state values = {
		.watermark = { recorded->watermark[0], recorded->watermark[1],
			       recorded->watermark[2] },
		.watermark_boost = recorded->watermark_boost,
		.nr_reserved_highatomic = recorded->highatomic,
		.managed_pages = recorded->managed,
		.present_pages = recorded->present,
		.nr_free_pages = recorded->free,
		.lowmem_reserve = recorded->lowmem_reserve,
		.nr_lowmem_reserve = recorded->nr_lowmem_reserve,
	};
	struct zone *zone = find_zone(machine, recorded);
	char reason[RIG_RESTORE_ERROR];

	if (!zone || zone->zone_start_pfn != recorded->start_pfn ||
	    zone->spanned_pages != recorded->spanned)
		return fail(state, recorded->line, error,
			    "no zone %s of this kernel would span pages %lx to %lx of node %d",
			    recorded->name, recorded->start_pfn,
			    recorded->start_pfn + recorded->spanned - 1, recorded->node);
	/* which pages are missing is not recorded; they are on no list */
	zone->zone_pgdat->node_present_pages -= zone->present_pages - recorded->present;
	zone->present_pages = recorded->present;
	if (rig_restore_zone(zone, &values, reason))
		return fail(state, recorded->line, error, "%s", reason);
	return 0;
}

static int restore_list(struct rig_machine *machine, const struct rig_state *state,
			const struct rig_state_list *list, char *error)
{
	struct zone *zone = find_zone(machine, &state->zones[list->zone]);
	char reason[RIG_RESTORE_ERROR];

	if (!zone)
		return fail(state, list->line, error, "a list of zone %s, which has no pages",
			    state->zones[list->zone].name);
	for (size_t i = 0; i < list->nr; i++) {
		int code = list->cpu < 0
				   ? rig_restore_free(zone, list->order, (int)list->migratetype,
						      list->pfns[i], reason)
				   : rig_restore_pcp_page(zone, list->cpu, list->index,
							  list->pfns[i], reason);

		if (code)
			return fail(state, list->line, error, "%s", reason);
	}
	return 0;
}

static int restore_pages(struct rig_machine *machine, const struct rig_state *state, char *error)
{
	char reason[RIG_RESTORE_ERROR];

	for (size_t i = 0; i < state->nr_zones; i++)
		if (restore_zone(machine, state, &state->zones[i], error))
			return -1;
	for (size_t i = 0; i < state->nr_pageblocks; i++) {
		const struct rig_state_pageblocks *blocks = &state->pageblocks[i];

		if (rig_restore_pageblocks(machine, blocks->start_pfn, blocks->migratetypes,
					   blocks->nr, reason))
			return fail(state, blocks->line, error, "%s", reason);
	}
	for (size_t i = 0; i < state->nr_lists; i++)
		if (restore_list(machine, state, &state->lists[i], error))
			return -1;
	for (size_t i = 0; i < state->nr_pcps; i++) {
		const struct rig_state_pcp *pcp = &state->pcps[i];

		if (rig_restore_pcp(find_zone(machine, &state->zones[pcp->zone]), pcp->cpu,
				    pcp->count, pcp->high, pcp->batch, pcp->free_factor, reason))
			return fail(state, pcp->line, error, "%s", reason);
	}
	if (rig_restore_done(machine, reason)) {
		snprintf(error, RIG_STATE_ERROR, "%s: %s", state->file, reason);
		return -1;
	}
	return 0;
}

static int restore_slabs(struct rig_machine *machine, const struct rig_state *state, char *error)
{
	struct kmem_cache **caches = calloc(state->nr_caches + 1, sizeof(*caches));
	char reason[RIG_RESTORE_ERROR] = "no host memory";
	int code = caches ? 0 : -1;

	if (code)
		snprintf(error, RIG_STATE_ERROR, "%s: %s", state->file, reason);
	/* recorded newest first */
	for (size_t i = state->nr_caches; !code && i-- > 0;) {
		caches[i] = rig_restore_cache(machine, &state->caches[i], reason);
		if (!caches[i])
			code = fail(state, state->caches[i].line, error, "%s", reason);
	}
	for (size_t i = 0; !code && i < state->nr_slabs; i++) {
		const struct rig_state_slab *slab = &state->slabs[i];

		if (rig_restore_slab(caches[slab->cache], slab, reason))
			code = fail(state, slab->line, error, "%s", reason);
	}
	if (!code && rig_restore_slabs_done(machine, reason)) {
		snprintf(error, RIG_STATE_ERROR, "%s: %s", state->file, reason);
		code = -1;
	}
	free(caches);
	return code;
}

/* Memory as the zones span it: holes inside are not recorded. */
static struct rig_memory_range *memory_of(const struct rig_state *state)
{
	struct rig_memory_range *memory = calloc(state->nr_zones, sizeof(*memory));

	for (size_t i = 0; memory && i < state->nr_zones; i++) {
		memory[i].base = PFN_PHYS(state->zones[i].start_pfn);
		memory[i].size = PFN_PHYS(state->zones[i].spanned);
		memory[i].nid = state->zones[i].node;
	}
	return memory;
}

static struct rig_machine *make_machine(const struct rig_state *state,
					const struct rig_machine_config *config, bool bare,
					char *error)
{
	struct rig_machine_config wanted = { 0 };
	struct rig_memory_range *memory = memory_of(state);
	struct rig_machine *machine;
	int cpu_nid[RIG_NR_CPUS];
	char reason[300] = "no host memory";

	if (config)
		wanted = *config;
	/* a state does not say where CPUs are: in turn, as emulators place them */
	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		cpu_nid[cpu] = cpu % state->nr_nodes;
	wanted.memory = memory;
	wanted.nr_memory = state->nr_zones;
	wanted.nr_cpus = state->nr_cpus;
	wanted.cpu_nid = cpu_nid;
	if (state->pageblock_order)
		wanted.pageblock_order = state->pageblock_order;
	/* pageblocks smaller than the largest block come with huge pages */
	wanted.huge_pages = wanted.pageblock_order && wanted.pageblock_order < MAX_ORDER - 1;
	wanted.bare = bare;
	machine = memory ? rig_machine_create(&wanted, reason, sizeof(reason)) : NULL;
	free(memory);
	if (!machine)
		snprintf(error, RIG_STATE_ERROR, "%s: %s", state->file, reason);
	return machine;
}

/* What the state was not recorded with: memory that was added, settings of the command line. */
static int change_settings(struct rig_machine *machine, const struct rig_state *state, char *error)
{
	char reason[300];

	if (state->added_bytes)
		rig_page_memory_added(machine);
	if (rig_page_boot_sysctls(machine, reason, sizeof(reason))) {
		snprintf(error, RIG_STATE_ERROR, "%s", reason);
		return -1;
	}
	return 0;
}

struct rig_machine *rig_state_make_machine(const struct rig_state *state,
					   const struct rig_machine_config *config, bool objects,
					   char *error)
{
	struct rig_machine *machine = make_machine(state, config, true, error);

	if (!machine)
		return NULL;
	if (restore_pages(machine, state, error) || change_settings(machine, state, error) ||
	    (objects && state->nr_caches && restore_slabs(machine, state, error))) {
		rig_machine_destroy(machine);
		return NULL;
	}
	return machine;
}

struct rig_machine *rig_state_boot_machine(const struct rig_state *state,
					   const struct rig_machine_config *config, char *error)
{
	return make_machine(state, config, false, error);
}

/* Reading back. */

struct collector {
	struct rig_state *state;
	bool failed;
};

static void *grow(struct collector *collector, void **array, size_t *nr, size_t size)
{
	void *bigger = collector->failed ? NULL : realloc(*array, (*nr + 1) * size);

	if (!bigger) {
		collector->failed = true;
		return NULL;
	}
	*array = bigger;
	memset((char *)bigger + *nr * size, 0, size);
	return (char *)bigger + (*nr)++ * size;
}

#define GROW(collector, array, nr) grow(collector, (void **)&(array), &(nr), sizeof(*(array)))

struct block_collector {
	struct collector *collector;
	struct rig_state_list *list;
};

static bool collect_block(unsigned long pfn, void *data)
{
	struct block_collector *blocks = data;
	struct rig_state_list *list = blocks->list;

	/* room for 16 more at a time: lists are long */
	if (list->nr % 16 == 0) {
		unsigned long *bigger = realloc(list->pfns, (list->nr + 16) * sizeof(*list->pfns));

		if (!bigger) {
			blocks->collector->failed = true;
			return false;
		}
		list->pfns = bigger;
	}
	list->pfns[list->nr++] = pfn;
	return true;
}

/* Empty lists are not recorded. */
static void drop_empty(struct rig_state *state)
{
	if (state->nr_lists && !state->lists[state->nr_lists - 1].nr)
		state->nr_lists--;
}

static void collect_free_lists(struct collector *collector, struct zone *zone, unsigned int index)
{
	struct rig_state *state = collector->state;
	struct block_collector blocks = { collector, NULL };

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (unsigned int type = 0; type < MIGRATE_TYPES; type++) {
			blocks.list = GROW(collector, state->lists, state->nr_lists);
			if (!blocks.list)
				return;
			blocks.list->zone = index;
			blocks.list->cpu = -1;
			blocks.list->order = order;
			blocks.list->migratetype = type;
			rig_free_list_walk(zone, order, (int)type, collect_block, &blocks);
			drop_empty(state);
		}
}

static void collect_pcp(struct collector *collector, struct zone *zone, unsigned int index, int cpu)
{
	struct rig_state *state = collector->state;
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];
	struct block_collector blocks = { collector, NULL };
	struct rig_state_pcp *counters = GROW(collector, state->pcps, state->nr_pcps);

	if (!counters)
		return;
	*counters = (struct rig_state_pcp){ .zone = index,
					    .cpu = cpu,
					    .count = pcp->count,
					    .high = pcp->high,
					    .batch = pcp->batch,
					    .free_factor = pcp->free_factor };
	for (unsigned int list = 0; list < NR_PCP_LISTS; list++) {
		blocks.list = GROW(collector, state->lists, state->nr_lists);
		if (!blocks.list)
			return;
		blocks.list->zone = index;
		blocks.list->cpu = cpu;
		blocks.list->index = list;
		rig_pcp_list_walk(zone, cpu, list, collect_block, &blocks);
		drop_empty(state);
	}
}

static void collect_zone(struct collector *collector, struct zone *zone)
{
	struct rig_state *state = collector->state;
	struct rig_state_zone *record = GROW(collector, state->zones, state->nr_zones);
	unsigned int index = (unsigned int)state->nr_zones - 1;

	if (!record)
		return;
	record->number = index;
	snprintf(record->name, sizeof(record->name), "%s", zone->name);
	record->node = zone->node;
	record->start_pfn = zone->zone_start_pfn;
	record->spanned = zone->spanned_pages;
	record->present = zone->present_pages;
	record->managed = zone_managed_pages(zone);
	for (int mark = 0; mark < 3; mark++)
		record->watermark[mark] = zone->_watermark[mark];
	record->watermark_boost = zone->watermark_boost;
	record->highatomic = zone->nr_reserved_highatomic;
	record->nr_lowmem_reserve = MAX_NR_ZONES;
	memcpy(record->lowmem_reserve, zone->lowmem_reserve, sizeof(record->lowmem_reserve));
	record->free = zone_page_state(zone, NR_FREE_PAGES);
	collect_free_lists(collector, zone, index);
	for (int cpu = 0; zone->per_cpu_pageset && cpu < zone->machine->nr_cpus; cpu++)
		collect_pcp(collector, zone, index, cpu);
}

static void collect_pageblocks(struct collector *collector, struct rig_machine *machine)
{
	struct rig_state *state = collector->state;
	size_t nr = DIV_ROUND_UP(machine->max_pfn, 1UL << machine->pageblock_order);
	struct rig_state_pageblocks *blocks =
		GROW(collector, state->pageblocks, state->nr_pageblocks);

	state->pageblock_order = machine->pageblock_order;
	if (!blocks)
		return;
	blocks->order = machine->pageblock_order;
	blocks->migratetypes = malloc(nr);
	if (!blocks->migratetypes) {
		collector->failed = true;
		return;
	}
	blocks->nr = nr;
	for (size_t i = 0; i < nr; i++)
		blocks->migratetypes[i] =
			(u8)rig_pageblock_migratetype(machine, i << machine->pageblock_order);
}

struct slab_collector {
	struct collector *collector;
	unsigned int cache;
};

static bool collect_slab(const struct rig_state_slab *slab, void *data)
{
	struct slab_collector *slabs = data;
	struct rig_state *state = slabs->collector->state;
	struct rig_state_slab *copy = GROW(slabs->collector, state->slabs, state->nr_slabs);

	if (!copy)
		return false;
	*copy = *slab;
	copy->cache = slabs->cache;
	copy->free = malloc((slab->nr_free + 1) * sizeof(*copy->free));
	if (!copy->free) {
		copy->nr_free = 0;
		slabs->collector->failed = true;
		return false;
	}
	if (slab->nr_free)
		memcpy(copy->free, slab->free, slab->nr_free * sizeof(*copy->free));
	return true;
}

static void collect_caches(struct collector *collector, struct rig_machine *machine)
{
	struct rig_state *state = collector->state;

	if (strcmp(machine->slab->name, "slub"))
		return;
	for (struct kmem_cache *cache = rig_kmem_cache_next(machine, NULL); cache;
	     cache = rig_kmem_cache_next(machine, cache)) {
		struct slab_collector slabs = { collector, (unsigned int)state->nr_caches };
		struct rig_state_cache *record = GROW(collector, state->caches, state->nr_caches);

		if (!record)
			return;
		rig_cache_describe(cache, record);
		record->name = strdup(cache->name);
		if (!record->name) {
			state->nr_caches--;
			collector->failed = true;
			return;
		}
		rig_slab_walk(cache, collect_slab, &slabs);
	}
}

struct rig_state *rig_state_of_machine(struct rig_machine *machine)
{
	struct collector collector = { .state = calloc(1, sizeof(struct rig_state)) };

	if (!collector.state)
		return NULL;
	collector.state->file = strdup(machine->name);
	collector.state->page_struct_size = sizeof(struct page);
	collector.state->nr_cpus = machine->nr_cpus;
	collector.state->nr_nodes = machine->nr_nodes;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		for (int type = 0; machine->nodes[nid] && type < MAX_NR_ZONES; type++) {
			struct zone *zone = rig_machine_zone(machine, nid, type);

			if (populated_zone(zone))
				collect_zone(&collector, zone);
		}
	collect_pageblocks(&collector, machine);
	collect_caches(&collector, machine);
	if (collector.failed || !collector.state->file) {
		rig_state_free(collector.state);
		return NULL;
	}
	return collector.state;
}
