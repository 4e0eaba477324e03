// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay of objects: calls that the trace does not show. kmem_cache_alloc_bulk and
 * kmem_cache_free_bulk emit no events; what they did follows from the events around them: which
 * object comes next, which slab was made or given back, and what a free would find in use.
 */
#include <linux/gfp.h>

#include <string.h>

#include "object_replay.h"

/* An allocation without a trace: no event, no failure asked for. */
static void *alloc_untraced(struct object_replay *replay, struct rig_cpu *cpu,
			    struct kmem_cache *cache)
{
	void *object = cache->alloc(cache, GFP_NOWAIT | __GFP_NOWARN, NUMA_NO_NODE, cpu);

	if (object)
		rig_kmem_set_live(machine_of(replay), object, true);
	return object;
}

/*
 * Of the objects taken, those that the trace allocates again, or whose slab it gives back, without
 * freeing them before: whoever took them in bulk gave them back so.
 */
static void remember_round_trips(struct object_replay *replay, void **taken, int nr)
{
	struct rig_machine *machine = machine_of(replay);

	replay->nr_round_trips = 0;
	for (int i = 0; i < nr; i++) {
		enum rig_object_fate fate =
			rig_object_plan_fate(replay->plan, rig_kernel_address(machine, taken[i]));
		u64 pfn = rig_page_to_pfn(machine, rig_virt_to_page(machine, taken[i]));

		if (fate == RIG_OBJECT_ALLOCATED ||
		    (fate == RIG_OBJECT_SILENT &&
		     rig_object_plan_page_ends(replay->plan, pfn, replay->number)))
			replay->round_trips[replay->nr_round_trips++] = taken[i];
	}
}

/* Is the allocation at hand the first event of a slab that the trace made? */
static bool object_is_of_new_slab(const struct object_replay *replay)
{
	u32 life = replay->plan->life[replay->number];

	return life != RIG_NO_LIFE && replay->plan->lives[life].alloc_event != RIG_NO_EVENT &&
	       replay->plan->lives[life].first_object == replay->number;
}

/*
 * Objects that a bulk allocation took before @wanted could be the next: allocated here too, until
 * @wanted comes. A slab is made for them only where the trace made the one that holds @wanted.
 */
static void settle_taken(struct object_replay *replay, struct rig_cpu *cpu,
			 struct kmem_cache *cache, void *wanted)
{
	bool new_slab = !object_slab_at(replay, wanted) && object_is_of_new_slab(replay);
	void *taken[OBJECT_MAX_HIDDEN], *next = NULL;
	int nr = 0;

	while (nr < OBJECT_MAX_HIDDEN) {
		next = rig_object_next(cpu, cache);
		if (next == wanted || (!next && !new_slab))
			break;
		taken[nr] = alloc_untraced(replay, cpu, cache);
		if (!taken[nr])
			break;
		if (taken[nr] == wanted) {
			rig_object_put_back(cpu, cache, wanted);
			next = wanted;
			break;
		}
		nr++;
	}
	if (next == wanted) {
		replay->engine->object.inferred += (u64)nr;
		remember_round_trips(replay, taken, nr);
		return;
	}
	while (nr-- > 0)
		rig_object_put_back(cpu, cache, taken[nr]);
}

/* After the traced allocation: what was taken before it without need goes back, in bulk too. */
void object_finish_round_trips(struct object_replay *replay, struct rig_cpu *cpu,
			       struct kmem_cache *cache)
{
	if (replay->nr_round_trips)
		rig_kmem_cache_free_bulk(cpu, cache, (size_t)replay->nr_round_trips,
					 replay->round_trips);
	replay->nr_round_trips = 0;
}

/*
 * What must have happened before an allocation: the first free into a full slab was this CPU's, not
 * the other's; or there were untraced calls: an object freed in bulk, or some allocated in bulk.
 */
void object_settle_before_alloc(struct object_replay *replay, struct rig_cpu *cpu,
				struct kmem_cache *cache, void *wanted)
{
	struct rig_machine *machine = machine_of(replay);

	if (rig_object_next(cpu, cache) == wanted)
		return;
	if (rig_slab_adopt(cpu, cache, wanted))
		replay->engine->object.inferred++;
	if (!rig_object_plan_hides(replay->plan, cache->name) ||
	    rig_object_next(cpu, cache) == wanted)
		return;
	if (!rig_kmem_is_live(machine, wanted)) {
		settle_taken(replay, cpu, cache, wanted);
	} else if (rig_kmem_cache_of(machine, wanted) == cache) {
		rig_object_put_back(cpu, cache, wanted);
		replay->engine->object.inferred++;
	}
}

/* The trace made a slab for a call that it does not show. */
void object_run_slab_alloc(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_machine *machine = machine_of(replay);
	u64 pfn = event->mm_page_alloc.pfn;
	const char *name = replay->plan->lives[replay->plan->life[number]].cache;
	struct kmem_cache *cache = name ? object_cache_by_name(replay, cpu, name, 0) : NULL;
	struct page *page;

	if (!replay->literal || !cache || pfn >= machine->max_low_pfn)
		return;
	page = rig_pfn_to_page(machine, pfn);
	for (int nr = 0; nr < OBJECT_MAX_HIDDEN && !PageSlab(page); nr++) {
		void *next = rig_object_next(cpu, cache);
		void *object = alloc_untraced(replay, cpu, cache);

		if (!object)
			return;
		replay->engine->object.inferred++;
		/* a slab was made, and it is another */
		if (!next && !PageSlab(page)) {
			object_show(replay, number, "slab made here at",
				    rig_kernel_address(machine, object));
			return;
		}
	}
}

/* The trace gave a slab's page back; when it is one still, its objects were freed untraced. */
void object_run_slab_free(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_machine *machine = machine_of(replay);
	u64 pfn = event->mm_page_free.pfn;
	struct kmem_cache *cache;
	struct page *page;
	const char *name;
	u8 *object, *end;

	if (!replay->literal || pfn >= machine->max_low_pfn)
		return;
	page = rig_pfn_to_page(machine, pfn);
	if (!PageSlab(page) || PageTail(page))
		return;
	object = rig_page_address(machine, page);
	end = object + (PAGE_SIZE << compound_order(page));
	cache = rig_kmem_cache_of(machine, object);
	/* after a difference it may be a slab of something else */
	name = replay->plan->lives[replay->plan->life[number]].cache;
	if (!cache || !name || strcmp(cache->name, name))
		return;
	for (; object + cache->size <= end && PageSlab(page); object += cache->size) {
		if (!rig_kmem_is_live(machine, object))
			continue;
		rig_object_put_back(cpu, cache, object);
		replay->engine->object.inferred++;
	}
	if (rig_object_plan_hides(replay->plan, name) && rig_slab_give_back(cpu, pfn))
		replay->engine->object.inferred++;
}

/* Does the trace give the page back, from its event at hand on, before anything else happens? */
static bool goes_now(const struct object_replay *replay, unsigned long pfn)
{
	const struct rig_trace_log *log = replay->engine->log;
	int cpu = log->events[replay->number].cpu;

	for (size_t i = replay->number; i < log->nr; i++) {
		const struct rig_event *event = &log->events[i];

		if (event->cpu != cpu)
			continue;
		if (i > replay->number && rig_event_object(event))
			return false;
		if (event->id == RIG_EVENT_mm_page_free && event->mm_page_free.pfn == pfn)
			return true;
	}
	return false;
}

/*
 * Where untraced calls have moved slabs between lists, the node's count is not the kernel's any
 * more, but the trace shows which slabs went.
 */
bool object_empty_slab(void *data, struct kmem_cache *cache, unsigned long pfn, bool enough)
{
	struct object_replay *replay = data;
	bool goes;

	if (!rig_object_plan_hides(replay->plan, cache->name) ||
	    (cache->flags & SLAB_TYPESAFE_BY_RCU))
		return enough;
	goes = goes_now(replay, pfn);
	replay->engine->object.inferred += goes != enough;
	return goes;
}

/*
 * After an allocation: what its caller took in bulk besides. Those objects are the next ones here,
 * and the trace will see them freed before it sees them allocated.
 */
void object_settle_after_alloc(struct object_replay *replay, struct rig_cpu *cpu,
			       struct kmem_cache *cache)
{
	struct rig_machine *machine = machine_of(replay);

	if (!rig_object_plan_hides(replay->plan, cache->name))
		return;
	for (int nr = 0; nr < OBJECT_MAX_HIDDEN; nr++) {
		void *next = rig_object_next(cpu, cache);

		if (!next ||
		    rig_object_plan_fate(replay->plan, rig_kernel_address(machine, next)) !=
			    RIG_OBJECT_FREED)
			return;
		if (rig_kmem_cache_alloc(cpu, cache, GFP_NOWAIT | __GFP_NOWARN, NUMA_NO_NODE, 0) !=
		    next)
			return;
		replay->engine->object.inferred++;
	}
}

/* Freed here, but not in use here: somebody allocated it without telling. */
void *object_settle_before_free(struct object_replay *replay, struct rig_cpu *cpu, u64 traced)
{
	struct rig_machine *machine = machine_of(replay);
	void *object = replay->literal ? rig_host_address(machine, traced) : NULL;
	struct kmem_cache *cache = object ? rig_kmem_cache_of(machine, object) : NULL;

	if (!cache || !rig_object_take(cpu, cache, object))
		return NULL;
	replay->engine->object.inferred++;
	return object;
}
