// SPDX-License-Identifier: GPL-2.0-only
/* Writing a state in the recorded format. */
#include <kmemrig/state.h>

static void write_zone(const struct rig_state_zone *zone, FILE *out)
{
	fprintf(out,
		"zone %u %s start_pfn %lu spanned %lu present %lu managed %lu wm_min %lu "
		"wm_low %lu wm_high %lu wm_boost %lu highatomic %lu lowmem_reserve ",
		zone->number, zone->name, zone->start_pfn, zone->spanned, zone->present,
		zone->managed, zone->watermark[0], zone->watermark[1], zone->watermark[2],
		zone->watermark_boost, zone->highatomic);
	for (int i = 0; i < zone->nr_lowmem_reserve; i++)
		fprintf(out, "%s%ld", i ? "," : "", zone->lowmem_reserve[i]);
	fprintf(out, "%s free %lu node %d\n", zone->nr_lowmem_reserve ? "" : "0", zone->free,
		zone->node);
}

static void write_list(const struct rig_state *state, const struct rig_state_list *list, FILE *out)
{
	unsigned int number = state->zones[list->zone].number;

	if (list->cpu < 0)
		fprintf(out, "free %u %u %u", number, list->order, list->migratetype);
	else
		fprintf(out, "pcplist %u %d %u", number, list->cpu, list->index);
	for (size_t i = 0; i < list->nr; i++)
		fprintf(out, " %lx", list->pfns[i]);
	fputc('\n', out);
}

static void write_zone_lists(const struct rig_state *state, unsigned int zone, FILE *out)
{
	for (size_t i = 0; i < state->nr_lists; i++)
		if (state->lists[i].zone == zone && state->lists[i].cpu < 0)
			write_list(state, &state->lists[i], out);
	for (size_t i = 0; i < state->nr_pcps; i++) {
		const struct rig_state_pcp *pcp = &state->pcps[i];

		if (pcp->zone != zone)
			continue;
		fprintf(out, "pcp %u %d count %d high %d batch %d free_factor %d\n",
			state->zones[zone].number, pcp->cpu, pcp->count, pcp->high, pcp->batch,
			pcp->free_factor);
		for (size_t j = 0; j < state->nr_lists; j++)
			if (state->lists[j].zone == zone && state->lists[j].cpu == pcp->cpu)
				write_list(state, &state->lists[j], out);
	}
}

/* 32 blocks a line, as the recordings have them. */
static void write_pageblocks(const struct rig_state_pageblocks *blocks, FILE *out)
{
	enum { A_LINE = 32 };

	for (size_t i = 0; i < blocks->nr; i++) {
		if (i % A_LINE == 0)
			fprintf(out, "%spageblocks %lx order %u ", i ? "\n" : "",
				blocks->start_pfn + (i << blocks->order), blocks->order);
		fprintf(out, "%x", blocks->migratetypes[i]);
	}
	fputc('\n', out);
}

static void write_cache(const struct rig_state_cache *cache, FILE *out)
{
	fprintf(out,
		"cache %s size %u object_size %u align %u fp_offset %u inuse %u order %u "
		"objects %u min_order %u min_objects %u flags %x min_partial %u cpu_partial %u "
		"cpu_partial_slabs %u refcount %d allocflags %x ctor %d\n",
		cache->name, cache->size, cache->object_size, cache->align, cache->fp_offset,
		cache->inuse, cache->order, cache->objects, cache->min_order, cache->min_objects,
		cache->flags, cache->min_partial, cache->cpu_partial, cache->cpu_partial_slabs,
		cache->refcount, cache->allocflags, cache->ctor);
}

static void write_slab(const struct rig_state *state, const struct rig_state_slab *slab, FILE *out)
{
	static const char *const records[] = {
		[RIG_STATE_CPU_SLAB] = "cpu_slab",
		[RIG_STATE_CPU_FREELIST] = "cpu_freelist",
		[RIG_STATE_CPU_PARTIAL] = "cpu_partial",
		[RIG_STATE_NODE_PARTIAL] = "node_partial",
		[RIG_STATE_FULL] = "full",
	};

	fprintf(out, "%s %s", records[slab->place], state->caches[slab->cache].name);
	if (slab->place != RIG_STATE_FULL)
		fprintf(out, " %d", slab->where);
	fprintf(out, " %lx", slab->pfn);
	if (slab->place != RIG_STATE_CPU_FREELIST)
		fprintf(out, " inuse %u objects %u frozen %d free%s", slab->inuse, slab->objects,
			slab->frozen, slab->nr_free ? "" : " ");
	for (size_t i = 0; i < slab->nr_free; i++)
		fprintf(out, " %u", slab->free[i]);
	fputc('\n', out);
}

void rig_state_write(const struct rig_state *state, FILE *out)
{
	if (state->page_struct_size)
		fprintf(out, "page_size_struct %u\n", state->page_struct_size);
	for (unsigned int i = 0; i < state->nr_zones; i++) {
		write_zone(&state->zones[i], out);
		write_zone_lists(state, i, out);
	}
	for (size_t i = 0; i < state->nr_pageblocks; i++)
		write_pageblocks(&state->pageblocks[i], out);
	for (unsigned int i = 0; i < state->nr_caches; i++) {
		write_cache(&state->caches[i], out);
		for (size_t j = 0; j < state->nr_slabs; j++)
			if (state->slabs[j].cache == i)
				write_slab(state, &state->slabs[j], out);
	}
}
