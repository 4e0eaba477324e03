// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transplanting a state's objects: each slab's objects in use are those that neither its own free
 * list nor a CPU's names. They are allocated anew in the order of the records, through the front
 * end: a cache of the same name, size, alignment and flags, or kmalloc for the size classes. Sizes
 * of kmalloc are those that the trace asks for in the same class, over and over; where it asks
 * seldom, the middle of what the class serves. What SLUB keeps for itself is left out.
 */
#include <kmemrig/event.h>
#include <kmemrig/kmem.h>
#include <linux/slab.h>

#include <stdlib.h>
#include <string.h>

#include "transplant.h"

#define FLAGS_KEPT                                                                                 \
	(SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_TYPESAFE_BY_RCU |           \
	 SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT | SLAB_NOLEAKTRACE)

#define MAX_SAMPLES 256
#define ENOUGH_SAMPLES 32 /* with fewer, a class's objects are taken for half way up to it */

/* What the trace asked kmalloc for in one size class. */
struct samples {
	u32 bytes[MAX_SAMPLES];
	u32 nr, next;
};

struct transplant {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	const struct rig_state *state;
	struct rig_address_map *ours;
	struct kmem_cache **caches;			/* by the state's index; NULL: kmalloc */
	struct samples samples[KMALLOC_SHIFT_HIGH + 1]; /* by the class's number, as kmalloc's */
	bool *used;					/* by object of the slab at hand */
	char *error;
};

static void construct_nothing(void *object)
{
}

static bool is_kmalloc(const struct rig_state_cache *cache)
{
	return cache->flags & SLAB_KMALLOC || strstr(cache->name, "kmalloc-");
}

/* SLUB's own: another allocator has its own ways. */
static bool is_internal(const struct rig_state_cache *cache)
{
	return !strcmp(cache->name, "kmem_cache") || !strcmp(cache->name, "kmem_cache_node");
}

static gfp_t class_gfp(const struct rig_state_cache *cache)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	if (cache->flags & SLAB_CACHE_DMA)
		gfp |= GFP_DMA;
	if (cache->flags & SLAB_RECLAIM_ACCOUNT)
		gfp |= __GFP_RECLAIMABLE;
	if (cache->flags & SLAB_ACCOUNT)
		gfp |= __GFP_ACCOUNT;
	return gfp;
}

/* A number for each class: 96 and 192 are 1 and 2, the others their logarithm. */
static unsigned int class_number(u64 size)
{
	unsigned int number = size == 96    ? 1
			      : size == 192 ? 2
					    : (unsigned int)__builtin_ctzll(size);

	return number <= KMALLOC_SHIFT_HIGH ? number : 0;
}

static void take_samples(struct transplant *work, const struct rig_trace_log *log)
{
	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];
		struct samples *samples;

		if (event->id != RIG_EVENT_kmalloc || !event->kmalloc.bytes_alloc)
			continue;
		samples = &work->samples[class_number(event->kmalloc.bytes_alloc)];
		if (samples->nr < MAX_SAMPLES && event->kmalloc.bytes_req)
			samples->bytes[samples->nr++] = (u32)event->kmalloc.bytes_req;
	}
}

/* The largest size that the next smaller class serves. */
static unsigned int class_below(unsigned int class_size)
{
	switch (class_size) {
	case 96:
		return 64;
	case 128:
		return 96;
	case 192:
		return 128;
	case 256:
		return 192;
	default:
		return class_size / 2;
	}
}

static size_t kmalloc_size(struct transplant *work, unsigned int class_size)
{
	struct samples *samples = &work->samples[class_number(class_size)];
	u32 bytes;

	if (samples->nr < ENOUGH_SAMPLES)
		return (class_below(class_size) + class_size + 1) / 2;
	bytes = samples->bytes[samples->next++ % samples->nr];
	return bytes <= class_size ? bytes : class_size;
}

static bool make_caches(struct transplant *work)
{
	const struct rig_state *state = work->state;

	for (size_t i = state->nr_caches; i-- > 0;) {
		const struct rig_state_cache *cache = &state->caches[i];

		if (is_kmalloc(cache) || is_internal(cache))
			continue;
		work->caches[i] = rig_kmem_cache_create(work->cpu, cache->name, cache->object_size,
							cache->align, cache->flags & FLAGS_KEPT, 0,
							0, cache->ctor ? construct_nothing : NULL);
		if (work->caches[i])
			continue;
		snprintf(work->error, RIG_STATE_ERROR, "%s:%zu: no such cache can be made here",
			 state->file, cache->line);
		return false;
	}
	return true;
}

/* What the list of a record names is free. */
static void note_free(struct transplant *work, const struct rig_state_slab *slab)
{
	for (size_t i = 0; i < slab->nr_free; i++)
		work->used[slab->free[i]] = false;
}

static bool transplant_object(struct transplant *work, const struct rig_state_slab *slab,
			      unsigned int index)
{
	const struct rig_state_cache *recorded = &work->state->caches[slab->cache];
	struct kmem_cache *cache = work->caches[slab->cache];
	u64 address = RIG_PAGE_OFFSET + PFN_PHYS(slab->pfn) + (u64)index * recorded->size;
	u64 *entry = rig_address_map_find(work->ours, address, true);
	void *object;

	if (cache)
		object = rig_kmem_cache_alloc(work->cpu, cache, GFP_KERNEL | __GFP_NOWARN,
					      NUMA_NO_NODE, 0);
	else
		object = rig_kmalloc(work->cpu, kmalloc_size(work, recorded->object_size),
				     class_gfp(recorded), NUMA_NO_NODE, 0);
	if (!object || !entry) {
		snprintf(work->error, RIG_STATE_ERROR, "%s:%zu: no memory left for its objects",
			 work->state->file, slab->line);
		return false;
	}
	*entry = (u64)(uintptr_t)object;
	return true;
}

static bool transplant_slab(struct transplant *work, const struct rig_state_slab *slab)
{
	const struct rig_state *state = work->state;

	if (is_internal(&state->caches[slab->cache]))
		return true;
	for (unsigned int i = 0; i < slab->objects; i++)
		work->used[i] = true;
	note_free(work, slab);
	for (size_t i = 0; i < state->nr_slabs; i++)
		if (state->slabs[i].place == RIG_STATE_CPU_FREELIST &&
		    state->slabs[i].pfn == slab->pfn)
			note_free(work, &state->slabs[i]);
	for (unsigned int i = 0; i < slab->objects; i++)
		if (work->used[i] && !transplant_object(work, slab, i))
			return false;
	return true;
}

bool rig_transplant_objects(struct rig_machine *machine, const struct rig_state *state,
			    const struct rig_trace_log *log, struct rig_address_map *ours,
			    char *error)
{
	struct transplant work = { .machine = machine,
				   .cpu = &machine->cpus[0],
				   .state = state,
				   .ours = ours,
				   .error = error };
	struct rig_cpu *before = rig_cpu_enter(work.cpu);
	bool good = false;

	work.caches = calloc(state->nr_caches + 1, sizeof(struct kmem_cache *));
	work.used = calloc(UINT16_MAX + 1, sizeof(bool));
	if (!work.caches || !work.used)
		snprintf(error, RIG_STATE_ERROR, "no host memory");
	else
		good = make_caches(&work);
	if (log)
		take_samples(&work, log);
	for (size_t i = 0; good && i < state->nr_slabs; i++)
		if (state->slabs[i].place != RIG_STATE_CPU_FREELIST)
			good = transplant_slab(&work, &state->slabs[i]);
	free(work.caches);
	free(work.used);
	rig_cpu_enter(before);
	return good;
}
