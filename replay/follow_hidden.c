// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trace of page events does not show, as far as what it shows tells it:
 *
 *	kswapd at work		per-CPU lists are kept shorter: from the drains after a free
 *	the end of a boost	kswapd lowers watermarks again: from the zone that served a request
 *	counters folded		each CPU, once a second: from the same
 *	bulk allocations	pages that are freed and were never allocated; refills of lists that
 *				hold such pages
 */
#include <stdlib.h>

#include "follow.h"

/* --- frees */

/* Pages that a free pushes out of the per-CPU lists, by nr_pcp_high() and nr_pcp_free(). */
static int drain_size(const struct per_cpu_pages *pcp, unsigned int order, bool reclaim_active)
{
	bool free_high = pcp->free_factor && order && order <= PAGE_ALLOC_COSTLY_ORDER;
	int count = pcp->count + (1 << order), batch = pcp->batch, high = pcp->high;

	if (free_high)
		return count;
	if (reclaim_active)
		high = min(batch << 2, high);
	if (count < high)
		return 0;
	if (high < batch)
		return 1;
	return max(batch, min(batch << pcp->free_factor, high - batch));
}

struct list_pages {
	struct rig_follow *follow;
	unsigned long pfns[64];
	unsigned int nr;
	unsigned long target; /* stop there */
	bool found;
	bool sure;    /* all before must go: those never seen again too */
	bool certain; /* none before the target is seen again as free */
};

/* The page's next event is a free: it is in use now, whatever our list says. */
static bool must_be_used(const struct rig_follow *follow, unsigned long pfn, bool sure)
{
	u32 next = follow->next_of_pfn[pfn];

	if (next == NO_STEP)
		return sure;
	return follow->steps[next].kind == STEP_FREE ||
	       follow->steps[next].kind == STEP_BATCH_PREPARE;
}

static bool collect_used(unsigned long pfn, void *data)
{
	struct list_pages *pages = data;

	if (pfn == pages->target) {
		pages->found = true;
		return false;
	}
	if (pages->nr == ARRAY_SIZE(pages->pfns))
		return false;
	if (must_be_used(pages->follow, pfn, pages->sure))
		pages->pfns[pages->nr++] = pfn;
	else
		pages->certain = false;
	return true;
}

/* Somebody took the block, and no event says so. */
static void note_hidden(struct rig_follow *follow, unsigned long pfn, unsigned int order)
{
	follow->result.bulk += 1U << order;
	if (follow->hidden)
		follow->hidden(follow->hook_data, pfn, order);
}

static void take_silently(struct rig_follow *follow, struct rig_cpu *cpu,
			  const struct list_pages *pages, unsigned int order)
{
	for (unsigned int i = 0; i < pages->nr; i++)
		if (rig_page_take(cpu, pages->pfns[i], order, 0))
			note_hidden(follow, pages->pfns[i], order);
}

/* Takes from the CPU's lists what bulk allocations must have taken, until no free drains. */
static void shorten_lists(struct rig_follow *follow, struct rig_cpu *cpu, struct zone *zone)
{
	for (unsigned int index = 0; index < MIGRATE_PCPTYPES; index++) {
		struct list_pages pages = { .follow = follow, .target = ~0UL };

		rig_pcp_list_walk(zone, cpu->id, index, collect_used, &pages);
		take_silently(follow, cpu, &pages, 0);
	}
}

static bool remember_last(unsigned long pfn, void *data)
{
	*(unsigned long *)data = pfn;
	return true;
}

void settle_before_free(struct rig_follow *follow, const struct step *step, unsigned int drained)
{
	struct zone *zone = pfn_zone(follow, step->pfn);
	struct rig_cpu *cpu = step_cpu(follow, step);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[step->cpu];
	int quiet, active;
	bool at_work;

	if (step->order > PAGE_ALLOC_COSTLY_ORDER)
		return;
	quiet = drain_size(pcp, step->order, false);
	if (!drained && quiet && !spin_is_locked(&pcp->lock))
		shorten_lists(follow, cpu, zone);
	quiet = drain_size(pcp, step->order, false);
	active = drain_size(pcp, step->order, true);
	at_work = quiet != active && abs(active - (int)drained) < abs(quiet - (int)drained);
	follow->result.reclaim_active += at_work;
	rig_zone_reclaim_active(zone, at_work);
}

/* Are the drains after a free its own? They begin at the end of the list that it goes to. */
bool drains_itself(const struct rig_follow *follow, const struct step *step)
{
	const struct zone *zone = pfn_zone(follow, step->pfn);
	const struct step *drain = &follow->steps[step->next_of_cpu];
	int migratetype = rig_pageblock_migratetype(follow->machine, step->pfn);
	unsigned int index = MIGRATE_PCPTYPES * step->order + (unsigned int)migratetype;
	unsigned long last = step->pfn;

	if (!zone || step->order > PAGE_ALLOC_COSTLY_ORDER)
		return true;
	if (migratetype >= MIGRATE_PCPTYPES)
		index = MIGRATE_PCPTYPES * step->order + MIGRATE_MOVABLE;
	rig_pcp_list_walk((struct zone *)zone, step->cpu, index, remember_last, &last);
	return drain->pfn == last;
}

/* A page that is freed but free: a bulk allocation took it. */
bool settle_free_page(struct rig_follow *follow, const struct step *step)
{
	if (!rig_page_take(step_cpu(follow, step), step->pfn, step->order, 0))
		return false;
	note_hidden(follow, step->pfn, step->order);
	return true;
}

/* --- allocations */

static bool served_from(struct rig_follow *follow, const struct step *step, const struct zone *want)
{
	return rig_zone_for(step_cpu(follow, step), step->gfp, step->order,
			    preferred_node(follow, step)) == want;
}

/* Without the boosts of its node's zones, would the request be served from there? */
static bool without_boosts(struct rig_follow *follow, const struct step *step, struct zone *want)
{
	struct zone *zones = want->zone_pgdat->node_zones;
	unsigned long boosts[MAX_NR_ZONES];
	bool any = false;

	for (int type = 0; type < MAX_NR_ZONES; type++) {
		boosts[type] = zones[type].watermark_boost;
		any |= boosts[type] != 0;
		zones[type].watermark_boost = 0;
	}
	if (any && served_from(follow, step, want))
		return true;
	for (int type = 0; type < MAX_NR_ZONES; type++)
		zones[type].watermark_boost = boosts[type];
	return false;
}

void settle_before_alloc(struct rig_follow *follow, const struct step *step)
{
	struct zone *want = pfn_zone(follow, step->pfn);

	if (!want || served_from(follow, step, want))
		return;
	if (without_boosts(follow, step, want)) {
		follow->result.boosts_ended++;
	} else {
		rig_vmstat_fold(follow->machine, step->cpu);
		follow->result.folds++;
	}
}

/* The traced page is on the CPU's list: what stands above it and must be in use goes. */
static bool take_above(struct rig_follow *follow, const struct step *step)
{
	struct list_pages pages = {
		.follow = follow, .target = step->pfn, .sure = true, .certain = true
	};
	struct zone *zone = pfn_zone(follow, step->pfn);

	if (!zone || step->order || step->migratetype >= MIGRATE_PCPTYPES)
		return false;
	rig_pcp_list_walk(zone, step->cpu, (unsigned int)step->migratetype, collect_used, &pages);
	if (!pages.found || !pages.nr || !pages.certain)
		return false;
	take_silently(follow, step_cpu(follow, step), &pages, 0);
	return true;
}

/*
 * Ours, which is back on its list, is not what the kernel chose. True: pages that bulk allocations
 * or compaction must have taken are gone now, and it is worth another try.
 */
bool settle_difference(struct rig_follow *follow, const struct step *step, unsigned long ours)
{
	if (take_above(follow, step))
		return true;
	/* where pages are known to vanish, one that is never seen again did */
	if (ours >= follow->machine->max_pfn || !must_be_used(follow, ours, follow->hides))
		return false;
	if (!rig_page_take(step_cpu(follow, step), ours, step->order, 0))
		return false;
	note_hidden(follow, ours, step->order);
	return true;
}

bool is_victim(const struct rig_follow *follow, s32 pid)
{
	for (u32 i = 0; i < follow->nr_victims; i++)
		if (follow->victims[i] == pid)
			return true;
	return false;
}

/*
 * Ours failed and the kernel's did not: the task has rights to reserves since the OOM killer chose
 * it. True: it is worth another try.
 */
bool settle_failure(struct rig_follow *follow, const struct step *step)
{
	if (is_victim(follow, step->pid) || follow->nr_victims == ARRAY_SIZE(follow->victims))
		return false;
	follow->victims[follow->nr_victims++] = step->pid;
	follow->result.victims++;
	return true;
}

/* --- refills */

/* A list is refilled when it is empty: what ours still holds, bulk allocations took. */
static void empty_list(struct rig_follow *follow, struct rig_cpu *cpu, struct zone *zone,
		       unsigned int index)
{
	struct list_pages pages;

	do {
		pages = (struct list_pages){ .follow = follow, .target = ~0UL, .sure = true };
		rig_pcp_list_walk(zone, cpu->id, index, collect_used, &pages);
		take_silently(follow, cpu, &pages, 0);
	} while (pages.nr == ARRAY_SIZE(pages.pfns));
}

static bool has_vanished(void *data, unsigned long pfn)
{
	struct rig_follow *follow = data;

	if (!must_be_used(follow, pfn, true))
		return false;
	note_hidden(follow, pfn, 0);
	return true;
}

#define MAX_REFILL 64

struct refills {
	u64 pfns[MAX_REFILL];
	int nr;
	const struct step *step; /* one of them */
};

/* The refills from a zone among [first, end) of that CPU. */
static void collect_refills(const struct rig_follow *follow, u32 first, u32 end,
			    struct refills *refills)
{
	const struct zone *zone = pfn_zone(follow, follow->steps[first].pfn);

	refills->nr = 0;
	for (u32 i = first; i != NO_STEP && i < end; i = follow->steps[i].next_of_cpu) {
		const struct step *step = &follow->steps[i];

		if (step->kind != STEP_ZONE_LOCKED || !step->extra ||
		    pfn_zone(follow, step->pfn) != zone || refills->nr == MAX_REFILL)
			continue;
		refills->step = step;
		refills->pfns[refills->nr++] = step->pfn;
	}
}

/*
 * The refills of [first, end) on that CPU: those that a single allocation does not explain are made
 * here; with @alloc_follows, the last is left to it. Where the trace is known to hide things, the
 * last is made here too, after what has vanished left the free lists.
 */
void settle_refills(struct rig_follow *follow, u32 first, u32 end, bool alloc_follows)
{
	struct zone *zone = pfn_zone(follow, follow->steps[first].pfn);
	struct rig_cpu *cpu = step_cpu(follow, &follow->steps[first]);
	struct rig_refill_trace trace = { .nr = 0 };
	struct per_cpu_pages *pcp;
	struct refills refills;
	int batch;

	collect_refills(follow, first, end, &refills);
	if (!zone || !refills.nr || refills.step->order > PAGE_ALLOC_COSTLY_ORDER ||
	    refills.step->migratetype >= MIGRATE_PCPTYPES)
		return;
	pcp = &zone->per_cpu_pageset[cpu->id];
	/* under the list's lock, single pages come from the buddy lists */
	if (spin_is_locked(&pcp->lock))
		return;
	trace.order = refills.step->order;
	trace.migratetype = refills.step->migratetype;
	trace.vanished = follow->hides ? has_vanished : NULL;
	trace.data = follow;
	batch = pcp->batch > 1 ? max(pcp->batch >> trace.order, 2) : pcp->batch;
	for (int done = 0; done < refills.nr; done += batch) {
		if (trace.order == 0)
			empty_list(follow, cpu, zone, (unsigned int)trace.migratetype);
		if (done + batch >= refills.nr && alloc_follows && !follow->hides)
			return;
		trace.pfns = &refills.pfns[done];
		trace.nr = min(batch, refills.nr - done);
		follow->reordered += rig_pcp_refill_traced(cpu, zone, &trace);
	}
}
