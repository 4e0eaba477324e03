// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay of objects: each object event is a call of the slab front end, which takes its pages from
 * our page allocator; page events that belong to slabs are left out, all others are replayed beside
 * (kmemrig/follow.h), in the trace's order.
 *
 * From a recorded state on SLUB an object is its address, and the choice is compared with the
 * trace's; after a difference the traced object is taken. On other backends or machines the
 * trace's addresses are names only: a table says which object of ours stands for which.
 */
#include <kmemrig/backend.h>
#include <kmemrig/command.h>
#include <kmemrig/follow.h>
#include <kmemrig/kmem.h>
#include <kmemrig/context.h>
#include <kmemrig/rcu.h>
#include <kmemrig/restore.h>
#include <linux/gfp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object_replay.h"
#include "transplant.h"

#define GRACE_PERIOD_JIFFIES 3

void object_show(struct object_replay *replay, u32 number, const char *what, u64 got)
{
	const struct rig_event *event = &replay->engine->log->events[number];

	if (replay->shown >= replay->engine->show)
		return;
	replay->shown++;
	fprintf(stderr, "event %u, CPU %d, %s-%d, %s %llx (%s): %s %llx\n", number, event->cpu,
		event->comm, event->pid, rig_event_name(event->id),
		(unsigned long long)rig_event_object(event),
		replay->plan->cache[number] ? replay->plan->cache[number] : "", what,
		(unsigned long long)got);
}

/* The machine's cache of that name; on what-if machines it is made when first wanted. */
struct kmem_cache *object_cache_by_name(struct object_replay *replay, struct rig_cpu *cpu,
					const char *name, u64 object_size)
{
	u64 *known = rig_address_map_find(&replay->caches, (u64)(uintptr_t)name, true);
	struct kmem_cache *cache;

	if (known && *known)
		return (struct kmem_cache *)(uintptr_t)*known;
	cache = rig_kmem_cache_find(machine_of(replay), name);
	if (!cache && object_size)
		cache = rig_kmem_cache_create(cpu, name, (unsigned int)object_size, 0, 0, 0, 0,
					      NULL);
	if (known)
		*known = (u64)(uintptr_t)cache;
	return cache;
}

/* The cache of an allocation whose cache nobody names: by its sizes. */
static struct kmem_cache *cache_by_size(struct object_replay *replay, struct rig_cpu *cpu,
					const struct rig_event_kmem_cache_alloc *alloc)
{
	struct rig_machine *machine = machine_of(replay);
	const struct rig_state *state = replay->engine->state;
	struct kmem_cache *found = NULL, *cache = NULL;
	char name[48];

	/* the state's names and sizes hold on another backend, too */
	for (size_t i = 0; state && !replay->literal && !found && i < state->nr_caches; i++)
		if (state->caches[i].object_size == alloc->bytes_req &&
		    state->caches[i].size == alloc->bytes_alloc)
			found = rig_kmem_cache_find(machine, state->caches[i].name);
	while (replay->literal && (cache = rig_kmem_cache_next(machine, cache)))
		if (cache->object_size == alloc->bytes_req && cache->size == alloc->bytes_alloc)
			found = found ? found : cache;
	if (found || alloc->bytes_req == 0 || alloc->bytes_req > KMALLOC_MAX_SIZE)
		return found;
	snprintf(name, sizeof(name), "objects-%llu", (unsigned long long)alloc->bytes_req);
	cache = rig_kmem_cache_find(machine, name);
	if (!cache)
		cache = rig_kmem_cache_create(cpu, name, (unsigned int)alloc->bytes_req, 0, 0, 0, 0,
					      NULL);
	return cache;
}

static struct kmem_cache *cache_of_alloc(struct object_replay *replay, struct rig_cpu *cpu,
					 u32 number)
{
	const struct rig_event_kmem_cache_alloc *alloc =
		&replay->engine->log->events[number].kmem_cache_alloc;
	struct kmem_cache *cache = NULL;

	if (replay->literal)
		cache = rig_kmem_cache_of(machine_of(replay),
					  rig_host_address(machine_of(replay), alloc->ptr));
	/* a slab there may be of an earlier life of its pages */
	if (replay->plan->cache[number])
		cache = object_cache_by_name(replay, cpu, replay->plan->cache[number],
					     replay->literal ? 0 : alloc->bytes_req);
	return cache ? cache : cache_by_size(replay, cpu, alloc);
}

/* A node that the machine does not have means any. */
static int node_of(const struct rig_cpu *cpu, int node)
{
	const struct rig_machine *machine = cpu->machine;

	return node >= 0 && node < machine->nr_nodes && machine->nodes[node] ? node : NUMA_NO_NODE;
}

static void *call_alloc(struct rig_cpu *cpu, struct kmem_cache *cache,
			const struct rig_event *event)
{
	if (event->id == RIG_EVENT_kmalloc)
		return rig_kmalloc(cpu, event->kmalloc.bytes_req,
				   (gfp_t)event->kmalloc.gfp_flags | __GFP_NOWARN,
				   node_of(cpu, event->kmalloc.node), event->kmalloc.call_site);
	return rig_kmem_cache_alloc(
		cpu, cache, (gfp_t)event->kmem_cache_alloc.gfp_flags | __GFP_NOWARN,
		node_of(cpu, event->kmem_cache_alloc.node), event->kmem_cache_alloc.call_site);
}

static void free_any(struct rig_cpu *cpu, struct kmem_cache *cache, void *object, u64 call_site)
{
	if (cache)
		rig_kmem_cache_free(cpu, cache, object, call_site);
	else
		rig_kfree(cpu, object, call_site);
}

/* The trace's failure: whatever we got goes back. */
static void alloc_failed(struct object_replay *replay, struct rig_cpu *cpu,
			 struct kmem_cache *cache, void *ours)
{
	replay->engine->object.failed_traced++;
	replay->engine->object.failed_reproduced += !ours;
	if (ours && !ZERO_OR_NULL_PTR(ours))
		free_any(cpu, cache, ours, 0);
}

static void follow(struct object_replay *replay, struct rig_cpu *cpu, struct kmem_cache *cache,
		   void *ours, void *wanted)
{
	struct kmem_cache *its = cache;

	if (!its && ours)
		its = rig_kmem_cache_of(machine_of(replay), ours);
	if (!its || (ours && rig_kmem_cache_of(machine_of(replay), wanted) != its))
		return;
	if (ours)
		rig_object_put_back(cpu, its, ours);
	if (rig_kmem_is_live(machine_of(replay), wanted) || rig_object_take(cpu, its, wanted))
		replay->engine->object.inferred++;
}

/*
 * On the traced machine large kmallocs are page events like others: the page allocator's side is
 * replayed there, and here the event is passed on.
 */
static bool is_large(struct object_replay *replay, const struct rig_event *event)
{
	return replay->literal && event->id == RIG_EVENT_kmalloc && event->kmalloc.ptr &&
	       event->kmalloc.bytes_req > KMALLOC_MAX_CACHE_SIZE;
}

static void pass_on(struct rig_cpu *cpu, const struct rig_event *event)
{
	struct rig_event copy = *event;

	if (rig_event_enabled(&cpu->machine->events, event->id))
		rig_event_emit(cpu, &copy);
}

static void run_large(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	const struct rig_event *event = &replay->engine->log->events[number];
	u32 life = replay->plan->life[number], pages = UINT32_MAX;

	if (life != RIG_NO_LIFE)
		pages = replay->plan->lives[life].alloc_event;
	replay->engine->object.allocs++;
	if (pages != UINT32_MAX && !replay->engine->differs[pages]) {
		replay->engine->object.exact++;
		replay->engine->object.exact_unaided++;
	}
	pass_on(cpu, event);
}

static void run_alloc(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	struct rig_machine *machine = machine_of(replay);
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_object_counts *counts = &replay->engine->object;
	u64 traced = rig_event_object(event);
	void *wanted = replay->literal ? rig_host_address(machine, traced) : NULL, *ours;
	struct kmem_cache *cache = NULL;
	u64 address, *stands_for, inferred;

	if (is_large(replay, event)) {
		run_large(replay, cpu, number);
		return;
	}
	if (event->id == RIG_EVENT_kmem_cache_alloc) {
		cache = cache_of_alloc(replay, cpu, number);
		if (!cache)
			return;
	} else if (replay->literal && event->kmalloc.bytes_req) {
		cache = rig_kmalloc_cache(machine, event->kmalloc.bytes_req,
					  (gfp_t)event->kmalloc.gfp_flags);
	}
	inferred = counts->inferred;
	if (wanted && cache)
		object_settle_before_alloc(replay, cpu, cache, wanted);
	ours = call_alloc(cpu, cache, event);
	if (cache)
		object_finish_round_trips(replay, cpu, cache);
	if (!traced) {
		alloc_failed(replay, cpu, cache, ours);
		return;
	}
	counts->allocs++;
	counts->failed_spurious += !ours;
	address = rig_kernel_address(machine, ours);
	counts->exact += ours && address == traced;
	counts->exact_unaided += ours && address == traced && counts->inferred == inferred;
	if (!replay->literal) {
		stands_for = rig_address_map_find(&replay->ours, traced, true);
		if (stands_for)
			*stands_for = (u64)(uintptr_t)ours;
		return;
	}
	if (ours && address == traced) {
		if (cache)
			object_settle_after_alloc(replay, cpu, cache);
		return;
	}
	object_show(replay, number, "here", address);
	follow(replay, cpu, cache, ours, wanted);
}

/* An object of the recorded past stands for itself, until it is freed. */
static void *past_object(struct object_replay *replay, u64 traced)
{
	void *object = rig_host_address(machine_of(replay), traced);

	if (!object || !rig_kmem_is_live(machine_of(replay), object))
		return NULL;
	/* the address is a name from now on */
	(void)!rig_address_map_find(&replay->ours, traced, true);
	return object;
}

/* The object of ours that a traced address means; NULL: none is known. */
static void *find_object(struct object_replay *replay, u64 traced)
{
	struct rig_machine *machine = machine_of(replay);
	u64 *stands_for;
	void *object;

	if (replay->literal) {
		object = rig_host_address(machine, traced);
		return object && rig_kmem_is_live(machine, object) ? object : NULL;
	}
	stands_for = rig_address_map_find(&replay->ours, traced, false);
	if (!stands_for && replay->past)
		return past_object(replay, traced);
	if (!stands_for || !*stands_for)
		return NULL;
	object = (void *)(uintptr_t)*stands_for;
	*stands_for = 0;
	return object;
}

static void run_free(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_object_counts *counts = &replay->engine->object;
	struct kmem_cache *cache = NULL;
	u64 traced = rig_event_object(event);
	void *object;

	counts->frees++;
	if (!traced) {
		if (event->id == RIG_EVENT_kfree)
			rig_kfree(cpu, NULL, event->kfree.call_site);
		return;
	}
	if (replay->literal && event->id == RIG_EVENT_kfree && traced >= RIG_PAGE_OFFSET &&
	    rig_host_address(machine_of(replay), traced) &&
	    !object_slab_at(replay, rig_host_address(machine_of(replay), traced))) {
		pass_on(cpu, event);
		return;
	}
	object = find_object(replay, traced);
	if (!object) {
		object = object_settle_before_free(replay, cpu, traced);
		counts->frees_unknown++;
		if (!object) {
			object_show(replay, number, "not in use here", 0);
			return;
		}
	}
	if (event->id == RIG_EVENT_kmem_cache_free)
		cache = rig_kmem_cache_of(machine_of(replay), object);
	free_any(cpu, cache, object,
		 cache ? event->kmem_cache_free.call_site : event->kfree.call_site);
}

/*
 * What-if: the trace can't show when grace periods of the other allocator would end. They take some
 * milliseconds: callbacks run when a few jiffies have passed.
 */
static void end_grace_periods(struct object_replay *replay, struct rig_cpu *cpu)
{
	u64 period = cpu->machine->clock_ns / (GRACE_PERIOD_JIFFIES * RIG_NS_PER_JIFFY);

	if (replay->literal || period == replay->grace_period)
		return;
	replay->grace_period = period;
	rig_rcu_run(cpu);
}

/*
 * A slab was made for an allocation whose own event comes later, after those of an interrupt: the
 * allocation begins here, as it did there.
 */
static bool run_early(struct object_replay *replay, struct rig_cpu *cpu, u32 number)
{
	u32 alloc = replay->plan->early[number];

	if (alloc == RIG_NO_EVENT)
		return false;
	replay->plan->early[alloc] = alloc;
	rig_object_plan_passed(replay->plan, alloc);
	run_alloc(replay, cpu, alloc);
	return true;
}

static void run_object(void *data, size_t number)
{
	struct object_replay *replay = data;
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_cpu *cpu = rig_this_cpu();

	replay->number = (u32)number;
	if (replay->plan->early[number] == number)
		return;
	rig_object_plan_passed(replay->plan, (u32)number);
	end_grace_periods(replay, cpu);
	if (event->id == RIG_EVENT_kmem_cache_alloc || event->id == RIG_EVENT_kmalloc) {
		run_alloc(replay, cpu, (u32)number);
	} else if (event->id == RIG_EVENT_mm_page_alloc) {
		if (!run_early(replay, cpu, (u32)number))
			object_run_slab_alloc(replay, cpu, (u32)number);
	} else if (event->id == RIG_EVENT_mm_page_free)
		object_run_slab_free(replay, cpu, (u32)number);
	else
		run_free(replay, cpu, (u32)number);
}

static bool is_object_event(const struct rig_event *event)
{
	return event->id == RIG_EVENT_kmem_cache_alloc || event->id == RIG_EVENT_kmalloc ||
	       event->id == RIG_EVENT_kmem_cache_free || event->id == RIG_EVENT_kfree;
}

static bool feed(struct rig_engine *engine, struct rig_follow *pages, void *data)
{
	const struct object_replay *replay = data;
	const struct rig_trace_log *log = engine->log;
	int code = 0;

	for (size_t i = log->first; i < log->end && !code; i++) {
		const struct rig_event *event = &log->events[i];

		if (is_object_event(event) || replay->plan->untraced[i] ||
		    replay->plan->early[i] != RIG_NO_EVENT)
			code = rig_follow_add_step(pages, event);
		else if (replay->plan->of_slab[i])
			rig_follow_skip(pages);
		else
			code = rig_follow_event(pages, event);
	}
	return !code;
}

/* Memory of slabs and large kmallocs, kB, as /proc/meminfo counts it. */
static u64 slab_kb(const struct rig_machine *machine)
{
	u64 pages = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			pages += rig_kmem_pages(machine, nid, false) +
				 rig_kmem_pages(machine, nid, true);
	return pages << (PAGE_SHIFT - 10);
}

/* Sizes of the live objects that start in a page of a slab of @cache. */
static u64 live_in_page(const struct rig_machine *machine, const struct kmem_cache *cache,
			const struct page *page)
{
	const u8 *address = rig_page_address(machine, page);
	u64 bytes = 0;

	for (size_t at = 0; at < PAGE_SIZE; at += 8)
		if (rig_kmem_is_live(machine, address + at))
			bytes += cache->object_size;
	return bytes;
}

void rig_engine_count_live(struct rig_engine *engine)
{
	const struct rig_machine *machine = engine->machine;
	u64 bytes = 0, pages = 0;

	for (unsigned long pfn = 0; pfn < machine->max_low_pfn; pfn++) {
		struct page *page = rig_pfn_to_page(machine, pfn);
		struct page *head = compound_head(page);

		if (!PageSlab(head) || !head->slab_cache)
			continue;
		bytes += live_in_page(machine, head->slab_cache, page);
		pages++;
	}
	/* the rest are large kmallocs, in use as they are */
	if (pages)
		engine->object.live_bytes_after =
			bytes + (slab_kb(machine) << 10) - (pages << PAGE_SHIFT);
}

/* On another machine the slab allocator's own pages are its own; those of the past are freed. */
static enum rig_mapped_event kind_of(void *data, size_t number)
{
	const struct object_replay *replay = data;
	const struct rig_event *event = &replay->engine->log->events[number];
	u32 life = replay->plan->life[number];

	if (is_object_event(event))
		return RIG_MAPPED_ABOVE;
	if (!replay->plan->of_slab[number])
		return RIG_MAPPED_PAGE;
	return event->id == RIG_EVENT_mm_page_free && life != RIG_NO_LIFE &&
			       replay->plan->lives[life].alloc_event == UINT32_MAX
		       ? RIG_MAPPED_PAGE
		       : RIG_MAPPED_NONE;
}

bool rig_engine_run_objects(struct rig_engine *engine, char *error)
{
	struct object_replay replay = { .engine = engine };
	struct rig_engine_above above = { feed, run_object, kind_of, &replay };
	bool good = false;

	replay.past = engine->state && !strcmp(engine->machine->slab->name, "slub");
	replay.literal = replay.past && !engine->what_if;
	if (engine->state && !replay.past) {
		char reason[RIG_STATE_ERROR];

		if (!rig_transplant_objects(engine->machine, engine->state, engine->log,
					    &replay.ours, reason)) {
			snprintf(error, RIG_TRACE_ERROR, "%s", reason);
			rig_address_map_free(&replay.ours);
			return false;
		}
		engine->from_state = false;
	}
	engine->object.slab_kb_before = slab_kb(engine->machine);
	replay.plan = rig_object_plan_create(engine->log, engine->state, replay.literal);
	engine->differs = calloc(engine->log->nr + 1, 1);
	if (replay.plan && engine->differs) {
		engine->object.slab_pages = replay.plan->slab_pages;
		if (replay.literal)
			rig_slab_on_empty(engine->machine, object_empty_slab, &replay);
		good = replay.literal ? rig_engine_follow(engine, &above, error)
				      : rig_engine_run_mapped(engine, &above, error);
		if (replay.literal)
			rig_slab_on_empty(engine->machine, NULL, NULL);
		engine->object.slab_kb_after = slab_kb(engine->machine);
	} else {
		snprintf(error, RIG_TRACE_ERROR, "no host memory");
	}
	rig_object_plan_destroy(replay.plan);
	free(engine->differs);
	engine->differs = NULL;
	rig_address_map_free(&replay.ours);
	rig_address_map_free(&replay.caches);
	return good;
}
