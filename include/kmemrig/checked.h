/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page backend "checked": another page backend (the buddy allocator, unless told otherwise)
 * under a map of frame owners. Each answer is held against the map at once. What it reports:
 *
 *	checked.frames_free	    frames were handed out that somebody has
 *	checked.order		    an order that does not exist reached the page backend
 *	checked.block_aligned	    a block does not start at a multiple of its size
 *	checked.zone_allowed	    the zone or node may not serve the request
 *	checked.page_prepared	    reference count, flags or compound state of the page are wrong
 *	checked.zeroed		    __GFP_ZERO, and the memory is not zero
 *	checked.spurious_failure    NULL, with a free block above the high watermark
 *	checked.below_min	    a request without rights to reserves was served from a zone
 *				    that was at its min watermark, with all that it could free
 *	checked.free_of_frames	    frames are freed that are not one allocated block
 */
#ifndef KMEMRIG_CHECKED_H
#define KMEMRIG_CHECKED_H

#include <kmemrig/backend.h>

/*
 * Puts @inner under the map in place of what is there, for a backend that keeps the same state
 * (a planted bug around the original). @machine runs "checked".
 */
void rig_checked_set_inner(struct rig_machine *machine, const struct page_backend *inner);
const struct page_backend *rig_checked_inner(const struct rig_machine *machine);

/*
 * One thread drives all of the machine's CPUs, and nothing is in memory that reclaim could free:
 * what was there before a request tells what its answer may be (checked.spurious_failure,
 * checked.below_min). Machines of one CPU need not say the first.
 */
void rig_checked_set_alone(struct rig_machine *machine);

/* The map: who has what. */
const struct rig_frames *rig_checked_frames(const struct rig_machine *machine);

#endif
