// SPDX-License-Identifier: GPL-2.0-only
/* A state in which some of the free pages are in use: their blocks fall apart around them. */
#include <kmemrig/state.h>
#include <linux/mmzone.h>

#include "state_lists.h"

struct taker {
	struct rig_state *state;
	const u8 *taken; /* bits, by page frame */
	unsigned long nr_bits;
};

static bool is_taken(const struct taker *taker, unsigned long pfn)
{
	return pfn < taker->nr_bits && taker->taken[pfn / 8] >> pfn % 8 & 1;
}

static bool any_taken(const struct taker *taker, unsigned long pfn, unsigned int order)
{
	for (unsigned long i = pfn; i < pfn + (1UL << order); i++)
		if (is_taken(taker, i))
			return true;
	return false;
}

/* What is left of a block goes to the tails of the lists of smaller ones. */
static void add_rest(struct taker *taker, unsigned int zone, unsigned int migratetype,
		     unsigned long pfn, unsigned int order)
{
	if (any_taken(taker, pfn, order)) {
		if (!order) {
			taker->state->zones[zone].free--;
			return;
		}
		add_rest(taker, zone, migratetype, pfn, order - 1);
		add_rest(taker, zone, migratetype, pfn + (1UL << (order - 1)), order - 1);
		return;
	}
	state_list_add(state_free_list(taker->state, zone, order, migratetype), pfn);
}

static void take_from_free_list(struct taker *taker, size_t index)
{
	struct rig_state_list list = taker->state->lists[index];
	size_t kept = 0;

	for (size_t i = 0; i < list.nr; i++) {
		unsigned long pfn = list.pfns[i];

		if (any_taken(taker, pfn, list.order))
			add_rest(taker, list.zone, list.migratetype, pfn, list.order);
		else
			list.pfns[kept++] = pfn;
	}
	taker->state->lists[index].nr = kept;
}

static void take_from_cpu(struct taker *taker, struct rig_state_list *list)
{
	struct rig_state *state = taker->state;
	unsigned int order = list->index / MIGRATE_PCPTYPES;
	size_t kept = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (!any_taken(taker, list->pfns[i], order)) {
			list->pfns[kept++] = list->pfns[i];
			continue;
		}
		for (size_t j = 0; j < state->nr_pcps; j++)
			if (state->pcps[j].zone == list->zone && state->pcps[j].cpu == list->cpu)
				state->pcps[j].count -= 1 << order;
	}
	list->nr = kept;
}

void rig_state_take_pages(struct rig_state *state, const u8 *taken, unsigned long nr_bits)
{
	struct taker taker = { state, taken, nr_bits };
	size_t nr = state->nr_lists;

	/* lists that come to the end hold what is left only */
	for (size_t i = 0; i < nr; i++)
		if (state->lists[i].cpu < 0)
			take_from_free_list(&taker, i);
		else
			take_from_cpu(&taker, &state->lists[i]);
}
