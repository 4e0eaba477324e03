/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What if that kernel had used another slab allocator? The objects that a state (of SLUB) says are
 * in use get counterparts on a machine with any backend.
 */
#ifndef RIG_TRANSPLANT_H
#define RIG_TRANSPLANT_H

#include <kmemrig/state.h>

#include "object_plan.h"

/*
 * @log: the trace that goes with the state; what it asks kmalloc for stands for what the state's
 * kmalloc objects were asked for, which a state does not know. May be NULL: then the classes'
 * sizes.
 *
 * Makes the state's caches and, slab by slab, an object for each that is in use; @ours says which
 * of our objects (host address) stands for an address of the state. False: @error
 * (RIG_STATE_ERROR bytes): no memory left on the machine, or on the host.
 */
bool rig_transplant_objects(struct rig_machine *machine, const struct rig_state *state,
			    const struct rig_trace_log *log, struct rig_address_map *ours,
			    char *error);

#endif
