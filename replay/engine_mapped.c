// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay on a machine that is not the traced one, or with another slab allocator: what would have
 * happened there. The trace's page frames are names; a table says which of our pages stands for
 * which. Pages in use by a recorded past stand for themselves until the trace frees them.
 */
#include <kmemrig/command.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <linux/gfp.h>

#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "object_plan.h"

#define FAILED_PFN (~0ULL)

/* Values of the table: our page frame plus PRESENT; GONE: freed since. */
#define GONE 1
#define PRESENT 2

/* kswapd gets a CPU when the waker leaves it, or after so long. */
#define KSWAPD_DELAY_NS 1000000

struct replay {
	struct rig_engine *engine;
	const struct rig_engine_above *above;
	struct rig_address_map pages; /* by the trace's page frame plus one */
	u8 *batched;		      /* by event: this mm_page_free is one of a list */
	/* kswapd was woken by this event and has not run yet; its time 0: it was not */
	struct rig_event waker;
};

/*
 * What kswapd frees is in the trace; what else it does has to be done here: it ends the boosts of
 * watermarks that woke it.
 */
static void let_kswapd_run(struct replay *replay, const struct rig_event *event)
{
	const struct rig_event *waker = &replay->waker;
	struct rig_machine *machine = replay->engine->machine;

	if (waker->time_ns && (event->time_ns - waker->time_ns >= KSWAPD_DELAY_NS ||
			       (event->cpu == waker->cpu && event->pid != waker->pid))) {
		rig_kswapd_run(rig_engine_enter(replay->engine, event));
		replay->waker.time_ns = 0;
	}
	for (int nid = 0; !waker->time_ns && nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid] && machine->nodes[nid]->kswapd_woken)
			replay->waker = *event;
}

static void run_alloc(struct replay *replay, struct rig_cpu *cpu, const struct rig_event *event)
{
	struct rig_engine *engine = replay->engine;
	const struct rig_event_mm_page_alloc *traced = &event->mm_page_alloc;
	struct page *page = rig_alloc_pages(cpu, (gfp_t)traced->gfp_flags | __GFP_NOWARN,
					    traced->order, NUMA_NO_NODE, NULL);
	bool failed = traced->pfn == FAILED_PFN;
	u64 pfn = page ? rig_page_to_pfn(engine->machine, page) : FAILED_PFN;

	engine->page.allocs += !failed;
	engine->page.failed_traced += failed;
	engine->page.failed_reproduced += failed && !page;
	engine->page.failed_spurious += !failed && !page;
	engine->page.exact += page && pfn == traced->pfn;
	if (failed && page) {
		rig_free_pages(cpu, page, traced->order);
		return;
	}
	for (u64 i = 0; !failed && i < 1ULL << traced->order; i++) {
		u64 *value = rig_address_map_find(&replay->pages, traced->pfn + i + 1, true);

		if (value)
			*value = page ? pfn + i + PRESENT : GONE;
	}
}

/* Our page frame for one that the trace frees. False: none is known. */
static bool find_page(struct replay *replay, u64 traced, unsigned int order, u64 *pfn)
{
	struct rig_machine *machine = replay->engine->machine;
	u64 *value = rig_address_map_find(&replay->pages, traced + 1, true);
	bool past = value && *value == 0 && replay->engine->from_state;

	if (!value || order >= MAX_ORDER)
		return false;
	*pfn = past ? traced : *value - PRESENT;
	if (!past && *value < PRESENT)
		return false;
	for (u64 i = 0; i < 1ULL << order; i++) {
		value = rig_address_map_find(&replay->pages, traced + i + 1, true);
		if (value)
			*value = GONE;
	}
	return *pfn < machine->max_pfn;
}

static void run_free(struct replay *replay, struct rig_cpu *cpu, u64 traced, unsigned int order,
		     bool batched)
{
	struct rig_page_counts *counts = &replay->engine->page;
	LIST_HEAD(pages);
	u64 pfn;

	counts->frees++;
	if (!find_page(replay, traced, order, &pfn))
		counts->frees_unknown++;
	else if (!batched)
		counts->frees_unknown += !rig_page_free_traced(cpu, pfn, order);
	else if (rig_page_list_add_traced(cpu, pfn, &pages))
		rig_free_page_list(cpu, &pages);
	else
		counts->frees_unknown++;
}

/* Frees of a list take effect at their mm_page_free_batched. */
static bool find_batched(struct replay *replay)
{
	const struct rig_trace_log *log = replay->engine->log;
	struct rig_address_map waiting = { 0 };

	replay->batched = calloc(log->nr + 1, 1);
	for (size_t i = log->end; replay->batched && i-- > log->first;) {
		const struct rig_event *event = &log->events[i];
		u64 *next;

		if (event->id == RIG_EVENT_mm_page_free_batched) {
			next = rig_address_map_find(&waiting, event->mm_page_free_batched.pfn + 1,
						    true);
			if (next)
				*next = 1;
		} else if (event->id == RIG_EVENT_mm_page_free) {
			next = rig_address_map_find(&waiting, event->mm_page_free.pfn + 1, false);
			if (next) {
				replay->batched[i] = *next != 0;
				*next = 0;
			}
		}
	}
	rig_address_map_free(&waiting);
	return replay->batched;
}

static void run_event(struct replay *replay, size_t number)
{
	const struct rig_event *event = &replay->engine->log->events[number];
	struct rig_cpu *cpu = rig_engine_enter(replay->engine, event);

	switch (event->id) {
	case RIG_EVENT_mm_page_alloc:
		run_alloc(replay, cpu, event);
		break;
	case RIG_EVENT_mm_page_free:
		if (!replay->batched[number])
			run_free(replay, cpu, event->mm_page_free.pfn, event->mm_page_free.order,
				 false);
		break;
	case RIG_EVENT_mm_page_free_batched:
		run_free(replay, cpu, event->mm_page_free_batched.pfn, 0, true);
		break;
	default:
		break;
	}
}

bool rig_engine_run_mapped(struct rig_engine *engine, const struct rig_engine_above *above,
			   char *error)
{
	struct replay replay = { .engine = engine, .above = above };
	const struct rig_trace_log *log = engine->log;
	struct rig_cpu *before = rig_this_cpu();
	struct rig_progress progress;

	if (!find_batched(&replay)) {
		snprintf(error, RIG_TRACE_ERROR, "no host memory for %zu events", log->nr);
		return false;
	}
	rig_page_what_if(engine->machine);
	rig_progress_begin(&progress, "replaying", log->end - log->first);
	for (size_t i = log->first; i < log->end; i++) {
		enum rig_mapped_event kind = above ? above->kind(above->data, i) : RIG_MAPPED_PAGE;

		rig_progress_step(&progress, i);
		let_kswapd_run(&replay, &log->events[i]);
		if (kind == RIG_MAPPED_PAGE) {
			run_event(&replay, i);
		} else if (kind == RIG_MAPPED_ABOVE) {
			rig_engine_enter(engine, &log->events[i]);
			above->step(above->data, i);
		}
	}
	rig_progress_end(&progress);
	rig_cpu_enter(before);
	rig_address_map_free(&replay.pages);
	free(replay.batched);
	return true;
}
