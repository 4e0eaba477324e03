// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following a trace of page events on a machine; see kmemrig/follow.h. Here: taking events in, and
 * the run. follow_plan.c says which events belong together, follow_hidden.c what must have
 * happened between them.
 */
#include <errno.h>
#include <stdlib.h>

#include "follow.h"

/* Pages that may turn out to be in use, one after the other, before one allocation. */
#define MAX_TRIES 256

struct rig_follow *rig_follow_create(struct rig_machine *machine)
{
	struct rig_follow *follow = calloc(1, sizeof(*follow));

	if (follow)
		follow->machine = machine;
	return follow;
}

void rig_follow_destroy(struct rig_follow *follow)
{
	if (!follow)
		return;
	free(follow->steps);
	free(follow->next_of_pfn);
	free(follow);
}

void rig_follow_hooks(struct rig_follow *follow, rig_follow_enter enter, rig_follow_report report,
		      void *data)
{
	follow->enter = enter;
	follow->report = report;
	follow->hook_data = data;
}

const struct rig_follow_result *rig_follow_result(const struct rig_follow *follow)
{
	return &follow->result;
}

/* False: an event of no interest. */
static bool read_event(const struct rig_event *event, struct step *step)
{
	switch (event->id) {
	case RIG_EVENT_mm_page_alloc:
		step->kind = STEP_ALLOC;
		step->pfn = event->mm_page_alloc.pfn;
		step->order = (u8)event->mm_page_alloc.order;
		step->gfp = (u32)event->mm_page_alloc.gfp_flags;
		step->migratetype = (s16)event->mm_page_alloc.migratetype;
		return true;
	case RIG_EVENT_mm_page_free:
		step->kind = STEP_FREE;
		step->pfn = event->mm_page_free.pfn;
		step->order = (u8)event->mm_page_free.order;
		return true;
	case RIG_EVENT_mm_page_free_batched:
		step->kind = STEP_BATCH_COMMIT;
		step->pfn = event->mm_page_free_batched.pfn;
		return true;
	case RIG_EVENT_mm_page_alloc_zone_locked:
		step->kind = STEP_ZONE_LOCKED;
		step->pfn = event->mm_page_alloc_zone_locked.pfn;
		step->order = (u8)event->mm_page_alloc_zone_locked.order;
		step->migratetype = (s16)event->mm_page_alloc_zone_locked.migratetype;
		step->extra = (u8)event->mm_page_alloc_zone_locked.percpu_refill;
		return true;
	case RIG_EVENT_mm_page_pcpu_drain:
		step->kind = STEP_DRAIN;
		step->pfn = event->mm_page_pcpu_drain.pfn;
		step->order = (u8)event->mm_page_pcpu_drain.order;
		step->migratetype = (s16)event->mm_page_pcpu_drain.migratetype;
		return true;
	case RIG_EVENT_mm_page_alloc_extfrag:
		step->kind = STEP_EXTFRAG;
		step->pfn = event->mm_page_alloc_extfrag.pfn;
		step->extra = (u8)event->mm_page_alloc_extfrag.change_ownership;
		return true;
	default:
		return false;
	}
}

static int add_step(struct rig_follow *follow, const struct step *step)
{
	if (follow->nr == follow->capacity) {
		u32 capacity = follow->capacity ? follow->capacity * 2 : 1024;
		struct step *steps = realloc(follow->steps, capacity * sizeof(*steps));

		if (!steps || capacity < follow->capacity) {
			free(steps ? steps : follow->steps);
			follow->steps = NULL;
			follow->nr = follow->capacity = 0;
			return -ENOMEM;
		}
		follow->steps = steps;
		follow->capacity = capacity;
	}
	follow->steps[follow->nr++] = *step;
	return 0;
}

int rig_follow_event(struct rig_follow *follow, const struct rig_event *event)
{
	struct step step = { .next_of_page = NO_STEP,
			     .next_of_cpu = NO_STEP,
			     .first_inner = NO_STEP };

	step.number = follow->nr_events++;
	if (!read_event(event, &step))
		return 0;
	if (event->cpu < 0 || event->cpu >= follow->machine->nr_cpus)
		return 0;
	step.cpu = (u8)event->cpu;
	step.pid = event->pid;
	step.time_ns = event->time_ns;
	return add_step(follow, &step);
}

void rig_follow_on_hidden(struct rig_follow *follow, rig_follow_hidden hidden)
{
	follow->hidden = hidden;
}

void rig_follow_on_step(struct rig_follow *follow, rig_follow_enter call)
{
	follow->call = call;
}

int rig_follow_add_step(struct rig_follow *follow, const struct rig_event *event)
{
	struct step step = { .kind = STEP_CALL,
			     .cpu = (u8)event->cpu,
			     .pid = event->pid,
			     .time_ns = event->time_ns,
			     .pfn = ~0ULL,
			     .next_of_page = NO_STEP,
			     .next_of_cpu = NO_STEP,
			     .first_inner = NO_STEP };

	step.number = follow->nr_events++;
	if (event->cpu < 0 || event->cpu >= follow->machine->nr_cpus)
		return 0;
	return add_step(follow, &step);
}

void rig_follow_skip(struct rig_follow *follow)
{
	follow->nr_events++;
}

/* --- allocations */

/*
 * The node that a request asked for is not traced. Most ask for the CPU's own; only where that one
 * would not lead to the node of the traced page, the page tells.
 */
int preferred_node(const struct rig_follow *follow, const struct step *step)
{
	const struct zone *traced = pfn_zone(follow, step->pfn), *local;
	struct rig_cpu *cpu = step_cpu(follow, step);

	if (!traced || traced->node == cpu->nid)
		return cpu->nid;
	local = rig_zone_for(cpu, step->gfp, step->order, cpu->nid);
	return local && local->node == traced->node ? cpu->nid : traced->node;
}

/* All that the trace has told so far. */
static u64 hints(const struct rig_follow_result *result)
{
	return result->bulk + result->boosts_ended + result->folds + result->blocks_told +
	       result->nodes_told + result->victims;
}

static void enter(const struct rig_follow *follow, const struct step *step)
{
	if (follow->enter)
		follow->enter(follow->hook_data, step->number);
}

static unsigned long try_alloc(struct rig_follow *follow, const struct step *step,
			       struct page **page)
{
	step_cpu(follow, step)->task->oom_victim = is_victim(follow, step->pid);
	*page = rig_alloc_pages_traced(step_cpu(follow, step), step->gfp, step->order,
				       preferred_node(follow, step));
	return *page ? rig_page_to_pfn(follow->machine, *page) : ~0UL;
}

/* Ours is not the trace's, and is back where it was: on with the trace's. */
static void take_traced(struct rig_follow *follow, const struct step *step)
{
	if (rig_page_take(step_cpu(follow, step), step->pfn, step->order, step->gfp))
		follow->result.inferred++;
	else
		follow->result.lost++;
}

static void compare(struct rig_follow *follow, u32 index, unsigned long ours)
{
	const struct step *step = &follow->steps[index];
	bool fails = step->pfn >= follow->machine->max_pfn;

	if (fails && ours == ~0UL)
		follow->result.failed_reproduced++;
	/* the right page, but the refill had to be told */
	if (ours == step->pfn && !fails && follow->reordered) {
		follow->result.inferred++;
		return;
	}
	if (ours == step->pfn || (fails && ours == ~0UL)) {
		follow->result.exact++;
		return;
	}
	if (follow->report)
		follow->report(follow->hook_data, step->number, ours);
	if (fails)
		return;
	follow->result.failed_spurious += ours == ~0UL;
	take_traced(follow, step);
}

static void expect_pageblocks(struct rig_follow *follow, u32 first, u32 end)
{
	rig_pageblock_expect_none(follow->machine);
	for (u32 i = first; i != NO_STEP && i < end; i = follow->steps[i].next_of_cpu)
		if (follow->steps[i].kind == STEP_EXTFRAG) {
			rig_pageblock_expect(follow->machine, follow->steps[i].pfn,
					     follow->steps[i].extra);
			follow->result.blocks_told++;
		}
}

static void run_alloc(struct rig_follow *follow, u32 index)
{
	struct step *step = &follow->steps[index];
	bool fails = step->pfn >= follow->machine->max_pfn;
	u64 told = hints(&follow->result), exact = follow->result.exact;
	unsigned long ours;
	struct page *page;

	enter(follow, step);
	step->done = true;
	follow->reordered = 0;
	follow->result.nodes_told += preferred_node(follow, step) != step_cpu(follow, step)->nid;
	follow->result.allocs++;
	follow->result.failed_traced += fails;
	if (step->first_inner != NO_STEP) {
		expect_pageblocks(follow, step->first_inner, index);
		settle_refills(follow, step->first_inner, index, true);
	}
	settle_before_alloc(follow, step);
	ours = try_alloc(follow, step, &page);
	if (!page && !fails && settle_failure(follow, step))
		ours = try_alloc(follow, step, &page);
	for (int tries = 0; page && ours != step->pfn && tries < MAX_TRIES; tries++) {
		rig_page_put_back(step_cpu(follow, step), page, step->order, step->migratetype);
		page = NULL;
		if (!settle_difference(follow, step, ours))
			break;
		ours = try_alloc(follow, step, &page);
	}
	if (page && ours != step->pfn)
		rig_page_put_back(step_cpu(follow, step), page, step->order, step->migratetype);
	compare(follow, index, ours);
	if (!fails && follow->result.exact > exact && hints(&follow->result) == told)
		follow->result.exact_unaided++;
}

/* --- frees and drains */

static unsigned int drain_run_pages(const struct rig_follow *follow, u32 index)
{
	unsigned int pages = 0;

	while (index != NO_STEP && follow->steps[index].kind == STEP_DRAIN) {
		pages += 1U << follow->steps[index].order;
		index = follow->steps[index].next_of_cpu;
	}
	return pages;
}

static void run_free(struct rig_follow *follow, u32 index)
{
	struct step *step = &follow->steps[index];
	struct rig_cpu *cpu = step_cpu(follow, step);
	struct follow_cpu *state = &follow->cpus[step->cpu];
	struct zone *zone = pfn_zone(follow, step->pfn);
	unsigned int drained = 0;

	enter(follow, step);
	step->done = true;
	if (!zone)
		return;
	if (step->deferred && drains_itself(follow, step))
		drained = drain_run_pages(follow, step->next_of_cpu);
	settle_before_free(follow, step, drained);
	if (step->kind == STEP_BATCH_COMMIT) {
		if (!state->batch_left)
			return;
		rig_page_batch_commit(cpu, &state->batch, step->pfn);
		if (--state->batch_left == 0)
			rig_page_batch_end(cpu, &state->batch);
	} else {
		follow->result.frees++;
		if (!rig_page_free_traced(cpu, step->pfn, step->order) &&
		    (!settle_free_page(follow, step) ||
		     !rig_page_free_traced(cpu, step->pfn, step->order)))
			follow->result.frees_unknown++;
	}
	rig_zone_reclaim_active(zone, false);
}

static void run_prepare(struct rig_follow *follow, const struct step *step)
{
	struct rig_cpu *cpu = step_cpu(follow, step);

	enter(follow, step);
	follow->result.frees++;
	if (rig_page_batch_prepare(cpu, step->pfn) ||
	    (settle_free_page(follow, step) && rig_page_batch_prepare(cpu, step->pfn))) {
		follow->cpus[step->cpu].batch_left++;
		return;
	}
	follow->result.frees_unknown++;
	/* its commit finds a page that is free already */
	if (step->next_of_page != NO_STEP)
		follow->steps[step->next_of_page].done = true;
}

/* Pages of the run [index, ...) that are still on @cpu's list of @zone, up to the first other. */
static int drain_same_list(const struct rig_follow *follow, u32 index,
			   const struct rig_page_where *first, const struct zone *zone)
{
	int pages = 0;

	for (; index != NO_STEP && follow->steps[index].kind == STEP_DRAIN;
	     index = follow->steps[index].next_of_cpu) {
		struct rig_page_where where;

		rig_page_where(follow->machine, follow->steps[index].pfn, &where);
		if (where.place != RIG_PLACE_PCP || where.cpu != first->cpu ||
		    pfn_zone(follow, follow->steps[index].pfn) != zone)
			break;
		pages += 1 << follow->steps[index].order;
	}
	return pages;
}

/* A drained page that is still on a per-CPU list: something drains that the trace has no word for.
 */
static void run_drain(struct rig_follow *follow, u32 index)
{
	const struct step *step = &follow->steps[index];
	struct zone *zone = pfn_zone(follow, step->pfn);
	struct rig_page_where where;
	int pages;

	if (!zone || rig_page_where(follow->machine, step->pfn, &where) != RIG_PLACE_PCP)
		return;
	enter(follow, step);
	pages = drain_same_list(follow, index, &where, zone);
	rig_page_drain_traced(step_cpu(follow, step), where.cpu, zone, pages);
	follow->result.drains++;
}

/* --- the run */

/* The allocation that an inner event belongs to; NO_STEP: none. */
static u32 owner_of_inner(const struct rig_follow *follow, u32 index)
{
	while (index != NO_STEP && (follow->steps[index].kind == STEP_ZONE_LOCKED ||
				    follow->steps[index].kind == STEP_EXTFRAG))
		index = follow->steps[index].next_of_cpu;
	return index;
}

static void run_inner(struct rig_follow *follow, u32 index)
{
	u32 owner = owner_of_inner(follow, index);

	if (owner != NO_STEP && follow->steps[owner].kind == STEP_ALLOC) {
		if (!follow->steps[owner].done)
			run_alloc(follow, owner);
		return;
	}
	/* refills that no allocation explains: once, at the first */
	if (follow->steps[index].done)
		return;
	enter(follow, &follow->steps[index]);
	expect_pageblocks(follow, index, owner == NO_STEP ? follow->nr : owner);
	settle_refills(follow, index, owner == NO_STEP ? follow->nr : owner, false);
	for (u32 i = index; i != NO_STEP && i != owner; i = follow->steps[i].next_of_cpu)
		follow->steps[i].done = true;
}

static void run_deferred(struct rig_follow *follow, const struct step *drain)
{
	u32 last = follow->cpus[drain->cpu].last;

	if (last != NO_STEP && follow->steps[last].deferred && !follow->steps[last].done)
		run_free(follow, last);
}

static void run_step(struct rig_follow *follow, u32 index)
{
	struct step *step = &follow->steps[index];

	if (step->kind == STEP_CALL) {
		follow->call(follow->hook_data, step->number);
		return;
	}
	switch (step->kind) {
	case STEP_ALLOC:
		if (!step->done)
			run_alloc(follow, index);
		break;
	case STEP_BATCH_PREPARE:
		run_prepare(follow, step);
		break;
	case STEP_FREE:
	case STEP_BATCH_COMMIT:
		if (!step->deferred && !step->done)
			run_free(follow, index);
		break;
	case STEP_DRAIN:
		run_deferred(follow, step);
		run_drain(follow, index);
		break;
	default:
		run_inner(follow, index);
	}
	if (step->kind != STEP_DRAIN)
		follow->cpus[step->cpu].last = index;
	if (step->pfn < follow->machine->max_pfn)
		follow->next_of_pfn[step->pfn] = step->next_of_page;
}

bool rig_follow_run(struct rig_follow *follow)
{
	if (!follow_plan(follow))
		return false;
	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		follow->cpus[cpu].last = NO_STEP;
	for (u32 i = 0; i < follow->nr; i++) {
		follow->machine->clock_ns =
			max(follow->machine->clock_ns, follow->steps[i].time_ns);
		run_step(follow, i);
	}
	for (int cpu = 0; cpu < follow->machine->nr_cpus; cpu++)
		rig_page_batch_end(&follow->machine->cpus[cpu], &follow->cpus[cpu].batch);
	follow->nr = 0;
	return true;
}
