/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map of page frames: one word a frame that says who has it. Slow and obviously right, so that
 * cleverer allocators can be held against it: the page backend "model" is this map and a linear
 * search, and the fuzzers keep one beside the buddy allocator to see at once when a frame is
 * handed out twice or was never free.
 *
 * Positions are page frame numbers, sizes are in frames. Not safe to use from several threads.
 */
#ifndef KMEMRIG_FRAMES_H
#define KMEMRIG_FRAMES_H

#include <linux/compiler.h>
#include <linux/types.h>

#define RIG_FRAME_ABSENT 0u /* no memory there, or reserved at boot */
#define RIG_FRAME_FREE 1u
#define RIG_FRAME_FIRST_OWNER 2u /* owners are numbered from here */

#define RIG_NO_FRAME (~0UL)

/* More frames than this and a map is refused: it is for machines that can be searched. */
#define RIG_FRAMES_MAX (1UL << 26)

struct rig_frames;

/* A map of @nr frames, all absent. NULL: @nr is 0 or too large, or the host has no memory. */
struct rig_frames *rig_frames_create(unsigned long nr);
void rig_frames_destroy(struct rig_frames *frames);

/* Owner of a frame; RIG_FRAME_ABSENT for one outside of the map. */
u32 rig_frames_owner(const struct rig_frames *frames, unsigned long pfn);

/*
 * Gives @nr frames from @pfn on to @to. All of them must be @from's; otherwise nothing changes
 * and the first frame that is not is returned. RIG_NO_FRAME: done.
 */
unsigned long __must_check rig_frames_move(struct rig_frames *frames, unsigned long pfn,
					   unsigned long nr, u32 from, u32 to);

/* Frames of @owner in [start, end). */
unsigned long rig_frames_count(const struct rig_frames *frames, unsigned long start,
			       unsigned long end, u32 owner);

/* Lowest pfn in [start, end) of a free block of 2^@order frames, aligned to its size. */
unsigned long rig_frames_find(const struct rig_frames *frames, unsigned long start,
			      unsigned long end, unsigned int order);

#endif
