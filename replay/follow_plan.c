// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which events of a trace belong together. On each CPU
 *
 *	zone_locked ... alloc		the refill comes before the allocation's own event
 *	free  drain ...			what a free pushes out comes after it
 *	free ... batched drain ...	pages freed in a list: first all are prepared
 *
 * The events under a zone's lock are in the order in which the CPUs held it. So an allocation is
 * made at its first inner event, and a free takes effect at its first drain.
 */
#include <stdlib.h>

#include "follow.h"

static bool is_inner(const struct step *step)
{
	return step->kind == STEP_ZONE_LOCKED || step->kind == STEP_EXTFRAG;
}

/* A free of a single page whose next event is mm_page_free_batched is one of a list. */
static void link_pages(struct rig_follow *follow)
{
	for (u32 i = follow->nr; i-- > 0;) {
		struct step *step = &follow->steps[i];
		u32 next;

		if (step->kind == STEP_CALL || step->pfn >= follow->machine->max_pfn)
			continue;
		next = follow->next_of_pfn[step->pfn];
		step->next_of_page = next;
		if (step->kind == STEP_FREE && step->order == 0 && next != NO_STEP &&
		    follow->steps[next].kind == STEP_BATCH_COMMIT &&
		    follow->steps[next].cpu == step->cpu)
			step->kind = STEP_BATCH_PREPARE;
		follow->next_of_pfn[step->pfn] = i;
	}
}

static void link_cpus(struct rig_follow *follow)
{
	u32 later[RIG_NR_CPUS];

	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		later[cpu] = NO_STEP;
	for (u32 i = follow->nr; i-- > 0;) {
		struct step *step = &follow->steps[i];
		u32 next = later[step->cpu];

		if (step->kind == STEP_CALL)
			continue;
		step->next_of_cpu = next;
		if ((step->kind == STEP_FREE || step->kind == STEP_BATCH_COMMIT) &&
		    next != NO_STEP && follow->steps[next].kind == STEP_DRAIN)
			step->deferred = true;
		later[step->cpu] = i;
	}
}

/* The inner events before an allocation, back to the CPU's last other event, are its own. */
static void find_inner(struct rig_follow *follow)
{
	u32 first[RIG_NR_CPUS];

	for (int cpu = 0; cpu < RIG_NR_CPUS; cpu++)
		first[cpu] = NO_STEP;
	for (u32 i = 0; i < follow->nr; i++) {
		struct step *step = &follow->steps[i];

		if (step->kind == STEP_CALL)
			continue;
		if (is_inner(step)) {
			if (first[step->cpu] == NO_STEP)
				first[step->cpu] = i;
			continue;
		}
		if (step->kind == STEP_ALLOC)
			step->first_inner = first[step->cpu];
		first[step->cpu] = NO_STEP;
	}
}

/* Are pages freed that were free by all that is traced? Then some are taken without an event. */
static bool hides_allocations(const struct rig_follow *follow)
{
	for (u32 i = 0; i < follow->nr; i++) {
		const struct step *step = &follow->steps[i], *next;

		if (step->next_of_page == NO_STEP || step->order)
			continue;
		next = &follow->steps[step->next_of_page];
		if ((step->kind == STEP_DRAIN || step->kind == STEP_BATCH_COMMIT) &&
		    (next->kind == STEP_FREE || next->kind == STEP_BATCH_PREPARE) && !next->order)
			return true;
	}
	return false;
}

bool follow_plan(struct rig_follow *follow)
{
	follow->next_of_pfn = malloc(sizeof(u32) * (follow->machine->max_pfn + 1));
	if (!follow->next_of_pfn)
		return false;
	for (unsigned long pfn = 0; pfn <= follow->machine->max_pfn; pfn++)
		follow->next_of_pfn[pfn] = NO_STEP;
	link_pages(follow);
	follow->hides = hides_allocations(follow);
	link_cpus(follow);
	find_inner(follow);
	return true;
}
