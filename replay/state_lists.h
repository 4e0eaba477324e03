/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of a state that is being made or changed. They are made where there is none yet. */
#ifndef RIG_STATE_LISTS_H
#define RIG_STATE_LISTS_H

#include <kmemrig/state.h>

/*
 * The zone's free list of that order and type; a CPU's list. @zone: index into state->zones. The
 * pointer is valid until the next call of one of them.
 */
struct rig_state_list *state_free_list(struct rig_state *state, size_t zone, unsigned int order,
				       unsigned int migratetype);
struct rig_state_list *state_pcp_list(struct rig_state *state, size_t zone, int cpu,
				      unsigned int index);

/* Appends a block. */
void state_list_add(struct rig_state_list *list, unsigned long pfn);

#endif
