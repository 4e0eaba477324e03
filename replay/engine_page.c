// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay of page events: the trace's log goes through a follower (kmemrig/follow.h), the clock,
 * CPUs and tasks of the machine go with it, and the events that our allocator gives from inside
 * (refills, drains, steals) are compared with the trace's, CPU by CPU in their order.
 */
#include <kmemrig/backend.h>
#include <kmemrig/command.h>
#include <kmemrig/follow.h>
#include <kmemrig/machine.h>
#include <kmemrig/trace_event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

/* How far ahead the trace's inner events are searched for one of ours. */
#define INNER_WINDOW 256

struct replay {
	struct rig_engine *engine;
	const struct rig_engine_above *above;
	struct rig_event_sink sink;
	struct rig_progress progress;
	size_t inner_at[RIG_NR_CPUS]; /* the log's first event that ours may be */
	unsigned int shown;
};

struct rig_cpu *rig_engine_enter(struct rig_engine *engine, const struct rig_event *event)
{
	struct rig_machine *machine = engine->machine;
	struct rig_cpu *cpu = &machine->cpus[event->cpu < machine->nr_cpus ? event->cpu : 0];
	struct task_struct *task = &cpu->idle;

	rig_cpu_enter(cpu);
	machine->clock_ns = event->time_ns;
	if (task->pid != event->pid || strncmp(task->comm, event->comm, sizeof(task->comm) - 1)) {
		task->pid = event->pid;
		task->tgid = event->pid;
		snprintf(task->comm, sizeof(task->comm), "%s", event->comm);
		task->flags = 0;
		if (!strncmp(event->comm, "kswapd", 6))
			task->flags = PF_MEMALLOC | PF_KSWAPD | PF_KTHREAD;
	}
	cpu->task = task;
	/* SLAB's reaper comes when the recorded clock says so */
	if (machine->kmem && machine->slab->tick)
		machine->slab->tick(cpu);
	return cpu;
}

static bool is_inner(const struct rig_event *event)
{
	return event->id == RIG_EVENT_mm_page_alloc_zone_locked ||
	       event->id == RIG_EVENT_mm_page_pcpu_drain ||
	       event->id == RIG_EVENT_mm_page_alloc_extfrag;
}

static bool same_inner(const struct rig_event *a, const struct rig_event *b)
{
	if (a->id != b->id || a->cpu != b->cpu)
		return false;
	switch (a->id) {
	case RIG_EVENT_mm_page_alloc_zone_locked:
		return a->mm_page_alloc_zone_locked.pfn == b->mm_page_alloc_zone_locked.pfn &&
		       a->mm_page_alloc_zone_locked.order == b->mm_page_alloc_zone_locked.order;
	case RIG_EVENT_mm_page_pcpu_drain:
		return a->mm_page_pcpu_drain.pfn == b->mm_page_pcpu_drain.pfn &&
		       a->mm_page_pcpu_drain.order == b->mm_page_pcpu_drain.order;
	default:
		return a->mm_page_alloc_extfrag.pfn == b->mm_page_alloc_extfrag.pfn &&
		       a->mm_page_alloc_extfrag.change_ownership ==
			       b->mm_page_alloc_extfrag.change_ownership;
	}
}

/* One of our inner events: the CPU's next in the trace? */
static void see_inner(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct replay *replay = (struct replay *)((char *)sink - offsetof(struct replay, sink));
	const struct rig_trace_log *log = replay->engine->log;
	size_t window = 0;

	for (size_t i = replay->inner_at[event->cpu]; i < log->end && window < INNER_WINDOW; i++) {
		if (log->events[i].cpu != event->cpu || !is_inner(&log->events[i]))
			continue;
		if (same_inner(event, &log->events[i])) {
			replay->engine->page.inner_same++;
			replay->inner_at[event->cpu] = i + 1;
			return;
		}
		window++;
	}
}

static void enter(void *data, size_t number)
{
	struct replay *replay = data;

	rig_engine_enter(replay->engine,
			 &replay->engine->log->events[replay->engine->log->first + number]);
	rig_progress_step(&replay->progress, number);
}

static void show(void *data, size_t number, unsigned long ours)
{
	struct replay *replay = data;
	const struct rig_event *event =
		&replay->engine->log->events[replay->engine->log->first + number];

	if (replay->engine->differs)
		replay->engine->differs[replay->engine->log->first + number] = 1;
	if (replay->shown++ >= replay->engine->show)
		return;
	fprintf(stderr, "event %zu, CPU %d, %s-%d, allocation of order %u: pfn %#llx, ours ",
		number, event->cpu, event->comm, event->pid, event->mm_page_alloc.order,
		(unsigned long long)event->mm_page_alloc.pfn);
	if (ours == ~0UL)
		fprintf(stderr, "failed\n");
	else
		fprintf(stderr, "%#lx\n", ours);
}

static void mark_hidden(void *data, unsigned long pfn, unsigned int order)
{
	struct rig_engine *engine = ((struct replay *)data)->engine;

	for (unsigned long i = pfn; i < pfn + (1UL << order) && i < engine->nr_hidden_bits; i++)
		if (engine->most_hidden-- > 0)
			engine->hidden[i / 8] |= (u8)(1u << i % 8);
}

static void count(struct rig_page_counts *counts, const struct rig_follow_result *result)
{
	counts->allocs = result->allocs - result->failed_traced;
	counts->exact = result->exact - result->failed_reproduced;
	counts->inferred = result->inferred;
	counts->failed_traced = result->failed_traced;
	counts->failed_reproduced = result->failed_reproduced;
	counts->failed_spurious = result->failed_spurious;
	counts->frees = result->frees;
	counts->frees_unknown = result->frees_unknown;
	counts->drains = result->drains;
	counts->hints = *result;
}

static bool feed_all(struct rig_engine *engine, struct rig_follow *follow, void *data)
{
	const struct rig_trace_log *log = engine->log;

	for (size_t i = log->first; i < log->end; i++)
		if (rig_follow_event(follow, &log->events[i]))
			return false;
	return true;
}

/* Steps of the engine above, in their turn. */
static void call_above(void *data, size_t number)
{
	struct replay *replay = data;

	enter(data, number);
	replay->above->step(replay->above->data, replay->engine->log->first + number);
}

static bool run(struct replay *replay, struct rig_follow *follow)
{
	const struct rig_trace_log *log = replay->engine->log;
	bool good;

	for (size_t i = log->first; i < log->end; i++)
		replay->engine->page.inner += is_inner(&log->events[i]);
	if (!replay->above->feed(replay->engine, follow, replay->above->data))
		return false;
	rig_event_attach(replay->engine->machine, &replay->sink);
	rig_progress_begin(&replay->progress, "replaying", log->end - log->first);
	rig_follow_hooks(follow, enter, show, replay);
	rig_follow_on_step(follow, call_above);
	if (replay->engine->hidden)
		rig_follow_on_hidden(follow, mark_hidden);
	good = rig_follow_run(follow);
	rig_progress_end(&replay->progress);
	rig_event_detach(replay->engine->machine, &replay->sink);
	count(&replay->engine->page, rig_follow_result(follow));
	return good;
}

bool rig_engine_follow(struct rig_engine *engine, const struct rig_engine_above *above, char *error)
{
	struct replay replay = { .engine = engine, .above = above };
	struct rig_follow *follow = rig_follow_create(engine->machine);
	struct rig_cpu *before = rig_this_cpu();
	bool good;

	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		replay.inner_at[cpu] = engine->log->first;
	replay.sink.emit = see_inner;
	replay.sink.wanted = RIG_WANT(mm_page_alloc_zone_locked) | RIG_WANT(mm_page_pcpu_drain) |
			     RIG_WANT(mm_page_alloc_extfrag);
	good = follow && run(&replay, follow);
	if (!good)
		snprintf(error, RIG_TRACE_ERROR, "no host memory for %zu events", engine->log->nr);
	rig_follow_destroy(follow);
	rig_cpu_enter(before);
	return good;
}

bool rig_engine_run_pages(struct rig_engine *engine, char *error)
{
	static const struct rig_engine_above nothing = { .feed = feed_all };

	if (!engine->from_state || engine->what_if)
		return rig_engine_run_mapped(engine, NULL, error);
	return rig_engine_follow(engine, &nothing, error);
}
