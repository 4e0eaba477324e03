// SPDX-License-Identifier: GPL-2.0-only
/* See state_lists.h. What is small is not expected to fail: host memory's end ends the program. */
#include <stdlib.h>

#include "state_lists.h"

static struct rig_state_list *add_list(struct rig_state *state, const struct rig_state_list *list)
{
	struct rig_state_list *lists =
		realloc(state->lists, (state->nr_lists + 1) * sizeof(*lists));

	if (!lists)
		abort();
	state->lists = lists;
	lists[state->nr_lists] = *list;
	return &lists[state->nr_lists++];
}

struct rig_state_list *state_free_list(struct rig_state *state, size_t zone, unsigned int order,
				       unsigned int migratetype)
{
	const struct rig_state_list wanted = {
		.zone = (unsigned int)zone, .cpu = -1, .order = order, .migratetype = migratetype
	};

	for (size_t i = 0; i < state->nr_lists; i++)
		if (state->lists[i].cpu < 0 && state->lists[i].zone == zone &&
		    state->lists[i].order == order && state->lists[i].migratetype == migratetype)
			return &state->lists[i];
	return add_list(state, &wanted);
}

struct rig_state_list *state_pcp_list(struct rig_state *state, size_t zone, int cpu,
				      unsigned int index)
{
	const struct rig_state_list wanted = { .zone = (unsigned int)zone,
					       .cpu = cpu,
					       .index = index };

	for (size_t i = 0; i < state->nr_lists; i++)
		if (state->lists[i].cpu == cpu && state->lists[i].zone == zone &&
		    state->lists[i].index == index)
			return &state->lists[i];
	return add_list(state, &wanted);
}

void state_list_add(struct rig_state_list *list, unsigned long pfn)
{
	unsigned long *pfns = realloc(list->pfns, (list->nr + 1) * sizeof(*pfns));

	if (!pfns)
		abort();
	list->pfns = pfns;
	pfns[list->nr++] = pfn;
}
