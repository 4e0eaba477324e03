// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay of page events. A first pass turns events into ops and says when each happened:
 *
 *	mm_page_alloc_zone_locked ...  mm_page_alloc     an allocation, with the refill before it
 *	mm_page_free                   mm_page_pcpu_drain ...   a free, with what it drains behind
 *it mm_page_free (prepared) ... mm_page_free_batched mm_page_pcpu_drain ... a page freed in a list:
 *it reaches the per-CPU list at its mm_page_free_batched mm_page_pcpu_drain ...         without a
 *free: somebody drained the CPU's lists
 *
 * An op that worked under the zone's lock has its place where its first event under the lock is:
 * between CPUs, that is the order in which the zone changed. Ops of one CPU keep their order.
 *
 * The second pass performs the ops and compares: the page frame of each allocation, and the events
 * inside each op. After a difference the traced page is taken instead of ours, so that one surprise
 * costs one allocation and not all that follow.
 */
#include <kmemrig/command.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <linux/gfp.h>
#include <linux/list.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define NONE UINT32_MAX
#define FAILED_PFN (~0ULL)

enum op_kind { OP_ALLOC, OP_FREE, OP_FREE_BATCHED, OP_DRAIN, OP_NOTHING };

struct op {
	enum op_kind kind;
	u32 event; /* the op's own */
	u32 place; /* in the order of ops: an event's number */
	u32 inner; /* first of its inner events, linked by replay->next */
	u32 last_inner;
	u32 nr_inner;
};

/* A CPU while events are sorted into ops. */
struct cpu_state {
	u32 refill, last_refill; /* zone_locked events without an allocation yet */
	u32 nr_refill;
	u32 last_op; /* NONE: nothing that could drain came before */
	bool draining;
};

struct replay {
	struct rig_engine *engine;
	const struct rig_event *events;
	struct op *ops;
	size_t nr_ops;
	u32 *next;    /* inner events of an op, by event */
	u32 *free_op; /* by pfn: the mm_page_free that waits for its mm_page_free_batched */
	unsigned long max_pfn;
	struct rig_event_sink sink;
	struct rig_event seen[4096]; /* inner events of the op that is being performed */
	size_t nr_seen;
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
	return cpu;
}

/* First pass. */

static void link_inner(struct replay *replay, struct op *op, u32 event)
{
	replay->next[event] = NONE;
	if (op->inner == NONE)
		op->inner = event;
	else
		replay->next[op->last_inner] = event;
	op->last_inner = event;
	op->nr_inner++;
	if (op->nr_inner == 1)
		op->place = event;
}

static struct op *add_op(struct replay *replay, enum op_kind kind, u32 event)
{
	struct op *op = &replay->ops[replay->nr_ops++];

	*op = (struct op){
		.kind = kind, .event = event, .place = event, .inner = NONE, .last_inner = NONE
	};
	return op;
}

static void sort_in_alloc(struct replay *replay, struct cpu_state *cpu, u32 event)
{
	struct op *op = add_op(replay, OP_ALLOC, event);

	if (cpu->nr_refill) {
		op->inner = cpu->refill;
		op->last_inner = cpu->last_refill;
		op->nr_inner = cpu->nr_refill;
		op->place = cpu->refill;
	}
	cpu->nr_refill = 0;
	cpu->last_op = NONE;
	cpu->draining = false;
}

static void sort_in_free(struct replay *replay, struct cpu_state *cpu, u32 event)
{
	u64 pfn = replay->events[event].mm_page_free.pfn;

	cpu->last_op = (u32)replay->nr_ops;
	cpu->draining = false;
	if (pfn < replay->max_pfn && replay->events[event].mm_page_free.order == 0)
		replay->free_op[pfn] = (u32)replay->nr_ops;
	add_op(replay, OP_FREE, event);
}

static void sort_in_batched(struct replay *replay, struct cpu_state *cpu, u32 event)
{
	u64 pfn = replay->events[event].mm_page_free_batched.pfn;
	struct op *prepared;

	if (pfn >= replay->max_pfn || replay->free_op[pfn] == NONE)
		return;
	prepared = &replay->ops[replay->free_op[pfn]];
	replay->free_op[pfn] = NONE;
	/* what was drained behind the preparation was nobody's: it stays where it is */
	prepared->kind = prepared->nr_inner ? OP_DRAIN : OP_NOTHING;
	cpu->last_op = (u32)replay->nr_ops;
	cpu->draining = false;
	add_op(replay, OP_FREE_BATCHED, event);
}

static void sort_in_drain(struct replay *replay, struct cpu_state *cpu, u32 event)
{
	if (cpu->last_op == NONE) {
		cpu->last_op = (u32)replay->nr_ops;
		add_op(replay, OP_DRAIN, event);
	}
	link_inner(replay, &replay->ops[cpu->last_op], event);
}

static void sort_in_refill(struct replay *replay, struct cpu_state *cpu, u32 event)
{
	replay->next[event] = NONE;
	if (!cpu->nr_refill)
		cpu->refill = event;
	else
		replay->next[cpu->last_refill] = event;
	cpu->last_refill = event;
	cpu->nr_refill++;
}

static int by_place(const void *a, const void *b)
{
	const struct op *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return left->event < right->event ? -1 : left->event > right->event;
}

static void sort_into_ops(struct replay *replay)
{
	const struct rig_trace_log *log = replay->engine->log;
	struct cpu_state cpus[RIG_NR_CPUS];

	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		cpus[cpu] = (struct cpu_state){ .last_op = NONE };
	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];
		struct cpu_state *cpu = &cpus[event->cpu];

		switch (event->id) {
		case RIG_EVENT_mm_page_alloc:
			sort_in_alloc(replay, cpu, (u32)i);
			if (event->mm_page_alloc.pfn < replay->max_pfn)
				replay->free_op[event->mm_page_alloc.pfn] = NONE;
			break;
		case RIG_EVENT_mm_page_free:
			sort_in_free(replay, cpu, (u32)i);
			break;
		case RIG_EVENT_mm_page_free_batched:
			sort_in_batched(replay, cpu, (u32)i);
			break;
		case RIG_EVENT_mm_page_pcpu_drain:
			sort_in_drain(replay, cpu, (u32)i);
			break;
		case RIG_EVENT_mm_page_alloc_zone_locked:
			sort_in_refill(replay, cpu, (u32)i);
			break;
		default:
			break;
		}
	}
	qsort(replay->ops, replay->nr_ops, sizeof(*replay->ops), by_place);
}

/* Second pass. */

static void see_inner(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct replay *replay = container_of(sink, struct replay, sink);

	if (replay->nr_seen < sizeof(replay->seen) / sizeof(replay->seen[0]))
		replay->seen[replay->nr_seen++] = *event;
}

static bool same_inner(const struct rig_event *a, const struct rig_event *b)
{
	if (a->id != b->id)
		return false;
	if (a->id == RIG_EVENT_mm_page_alloc_zone_locked)
		return a->mm_page_alloc_zone_locked.pfn == b->mm_page_alloc_zone_locked.pfn &&
		       a->mm_page_alloc_zone_locked.order == b->mm_page_alloc_zone_locked.order;
	return a->mm_page_pcpu_drain.pfn == b->mm_page_pcpu_drain.pfn &&
	       a->mm_page_pcpu_drain.order == b->mm_page_pcpu_drain.order;
}

static void show(struct replay *replay, const struct op *op, const char *what, u64 got)
{
	const struct rig_event *event = &replay->events[op->event];

	if (replay->shown >= replay->engine->show)
		return;
	replay->shown++;
	fprintf(stderr, "event %u, CPU %d, %s-%d, %s of %s: %s (%llx)\n", op->event, event->cpu,
		event->comm, event->pid, rig_event_name(event->id),
		op->kind == OP_ALLOC   ? "an allocation"
		: op->kind == OP_DRAIN ? "a drain"
				       : "a free",
		what, (unsigned long long)got);
}

/* Compares the events inside the op with the trace's; returns how many of the trace's are left. */
static u32 compare_inner(struct replay *replay, const struct op *op, u32 *left)
{
	u32 event = op->inner, nr = 0;
	size_t i = 0;

	for (; event != NONE && i < replay->nr_seen; event = replay->next[event], i++)
		replay->engine->page.inner_same +=
			same_inner(&replay->events[event], &replay->seen[i]);
	*left = event;
	for (; event != NONE; event = replay->next[event])
		nr++;
	replay->engine->page.inner += op->nr_inner;
	return nr;
}

static int node_of(struct replay *replay, struct rig_cpu *cpu, u64 pfn)
{
	struct rig_machine *machine = replay->engine->machine;

	/* the trace does not say which node was asked for: the one it came from will do */
	if (machine->nr_nodes > 1 && pfn < machine->max_pfn)
		return page_to_nid(rig_pfn_to_page(machine, pfn));
	return cpu->nid;
}

static void follow(struct replay *replay, struct rig_cpu *cpu, const struct op *op,
		   struct page *ours)
{
	const struct rig_event *event = &replay->events[op->event];
	const struct rig_event_mm_page_alloc *traced = &event->mm_page_alloc;
	struct rig_page_counts *counts = &replay->engine->page;
	int migratetype = gfp_migratetype((gfp_t)traced->gfp_flags);

	if (ours)
		rig_page_put_back(cpu, ours, traced->order, migratetype);
	counts->inferred++;
	if (!rig_page_take(cpu, traced->pfn, traced->order, (gfp_t)traced->gfp_flags))
		show(replay, op, "the traced page is not free here", traced->pfn);
}

static void perform_alloc(struct replay *replay, struct rig_cpu *cpu, const struct op *op)
{
	const struct rig_event_mm_page_alloc *traced = &replay->events[op->event].mm_page_alloc;
	struct rig_page_counts *counts = &replay->engine->page;
	gfp_t gfp = (gfp_t)traced->gfp_flags;
	bool failed = traced->pfn == FAILED_PFN;
	struct page *page;
	u64 pfn = FAILED_PFN;
	u32 left;

	/* a replay's log has the trace's failures, not a report for each */
	page = rig_alloc_pages(cpu, gfp | __GFP_NOWARN, traced->order,
			       node_of(replay, cpu, traced->pfn), NULL);
	if (page)
		pfn = rig_page_to_pfn(replay->engine->machine, page);
	compare_inner(replay, op, &left);
	counts->allocs += !failed;
	counts->failed_traced += failed;
	if (failed) {
		counts->failed_reproduced += !page;
		if (page)
			rig_page_put_back(cpu, page, traced->order, gfp_migratetype(gfp));
		return;
	}
	counts->exact += pfn == traced->pfn;
	counts->failed_spurious += !page;
	if (pfn == traced->pfn)
		return;
	show(replay, op, page ? "another page here" : "failed here", pfn);
	follow(replay, cpu, op, page);
}

/* Drain events that no op of ours explains: the pages go back as the trace says. */
static void drain_rest(struct replay *replay, struct rig_cpu *cpu, u32 event)
{
	struct rig_machine *machine = replay->engine->machine;

	while (event != NONE) {
		u64 pfn = replay->events[event].mm_page_pcpu_drain.pfn;
		struct zone *zone;
		int pages = 0;

		if (pfn >= machine->max_pfn)
			return;
		zone = rig_page_zone(machine, rig_pfn_to_page(machine, pfn));
		for (; event != NONE; event = replay->next[event]) {
			const struct rig_event_mm_page_pcpu_drain *drain =
				&replay->events[event].mm_page_pcpu_drain;

			if (drain->pfn >= machine->max_pfn ||
			    rig_page_zone(machine, rig_pfn_to_page(machine, drain->pfn)) != zone)
				break;
			pages += 1 << drain->order;
		}
		if (pages > zone->per_cpu_pageset[cpu->id].count)
			pages = zone->per_cpu_pageset[cpu->id].count;
		rig_page_drain_traced(cpu, cpu->id, zone, pages);
		replay->engine->page.drains++;
	}
}

/* A page that was free here and is freed by the trace was taken by somebody who does not tell. */
static bool take_hidden(struct replay *replay, struct rig_cpu *cpu, u64 pfn, unsigned int order)
{
	if (pfn >= replay->engine->machine->max_pfn || !rig_page_take(cpu, pfn, order, GFP_KERNEL))
		return false;
	replay->engine->page.inferred++;
	return true;
}

static void perform_free(struct replay *replay, struct rig_cpu *cpu, const struct op *op)
{
	const struct rig_event *event = &replay->events[op->event];
	bool batched = op->kind == OP_FREE_BATCHED;
	u64 pfn = batched ? event->mm_page_free_batched.pfn : event->mm_page_free.pfn;
	unsigned int order = batched ? 0 : event->mm_page_free.order;
	struct rig_page_counts *counts = &replay->engine->page;
	LIST_HEAD(pages);
	bool done;
	u32 left;

	counts->frees++;
	for (int try = 0; try < 2; try++) {
		if (pfn >= replay->engine->machine->max_pfn)
			done = false;
		else if (batched)
			done = rig_page_list_add_traced(cpu, pfn, &pages);
		else
			done = rig_page_free_traced(cpu, pfn, order);
		if (done || !take_hidden(replay, cpu, pfn, order))
			break;
	}
	if (!done) {
		counts->frees_unknown++;
		show(replay, op, "not in use here", pfn);
	}
	if (batched && done)
		rig_free_page_list(cpu, &pages);
	if (compare_inner(replay, op, &left))
		drain_rest(replay, cpu, left);
}

static void perform(struct replay *replay, const struct op *op)
{
	struct rig_cpu *cpu = rig_engine_enter(replay->engine, &replay->events[op->event]);
	u32 left;

	replay->nr_seen = 0;
	switch (op->kind) {
	case OP_ALLOC:
		perform_alloc(replay, cpu, op);
		break;
	case OP_FREE:
	case OP_FREE_BATCHED:
		perform_free(replay, cpu, op);
		break;
	case OP_DRAIN:
		compare_inner(replay, op, &left);
		drain_rest(replay, cpu, op->inner);
		break;
	case OP_NOTHING:
		break;
	}
}

bool rig_engine_run_pages(struct rig_engine *engine, char *error)
{
	const struct rig_trace_log *log = engine->log;
	struct replay *replay = calloc(1, sizeof(*replay));
	struct rig_progress progress;
	struct rig_cpu *before = rig_this_cpu();
	bool good = false;

	if (log->nr >= NONE || !replay) {
		snprintf(error, RIG_TRACE_ERROR, "%zu events are too many for this host", log->nr);
		free(replay);
		return false;
	}
	replay->engine = engine;
	replay->events = log->events;
	replay->max_pfn = engine->machine->max_pfn;
	replay->ops = malloc((log->end - log->first + 1) * sizeof(*replay->ops));
	replay->next = malloc((log->nr + 1) * sizeof(*replay->next));
	replay->free_op = malloc((replay->max_pfn + 1) * sizeof(*replay->free_op));
	if (replay->ops && replay->next && replay->free_op) {
		memset(replay->free_op, 0xff, replay->max_pfn * sizeof(*replay->free_op));
		sort_into_ops(replay);
		replay->sink =
			(struct rig_event_sink){ .emit = see_inner,
						 .wanted = RIG_WANT(mm_page_alloc_zone_locked) |
							   RIG_WANT(mm_page_pcpu_drain) };
		rig_event_attach(engine->machine, &replay->sink);
		rig_progress_begin(&progress, "replaying", replay->nr_ops);
		for (size_t i = 0; i < replay->nr_ops; i++) {
			perform(replay, &replay->ops[i]);
			rig_progress_step(&progress, i);
		}
		rig_progress_end(&progress);
		rig_event_detach(engine->machine, &replay->sink);
		rig_cpu_enter(before);
		good = true;
	} else {
		snprintf(error, RIG_TRACE_ERROR, "no host memory");
	}
	free(replay->ops);
	free(replay->next);
	free(replay->free_op);
	free(replay);
	return good;
}
