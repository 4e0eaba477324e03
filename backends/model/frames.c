// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of page frames: an array of owners, searched from its start. See kmemrig/frames.h.
 *
 * Invariant: a change is all or nothing, so that a refused one can be reported and the run go on.
 * Locking: the caller's.
 */
#include <stdlib.h>

#include <kmemrig/frames.h>

struct rig_frames {
	unsigned long nr;
	u32 owner[];
};

struct rig_frames *rig_frames_create(unsigned long nr)
{
	struct rig_frames *frames;

	if (nr == 0 || nr > RIG_FRAMES_MAX)
		return NULL;
	/* calloc: untouched parts of a large map cost nothing */
	frames = calloc(1, sizeof(*frames) + nr * sizeof(frames->owner[0]));
	if (frames)
		frames->nr = nr;
	return frames;
}

void rig_frames_destroy(struct rig_frames *frames)
{
	free(frames);
}

u32 rig_frames_owner(const struct rig_frames *frames, unsigned long pfn)
{
	return pfn < frames->nr ? frames->owner[pfn] : RIG_FRAME_ABSENT;
}

unsigned long rig_frames_move(struct rig_frames *frames, unsigned long pfn, unsigned long nr,
			      u32 from, u32 to)
{
	for (unsigned long i = pfn; i < pfn + nr; i++)
		if (i >= frames->nr || frames->owner[i] != from)
			return i;
	for (unsigned long i = pfn; i < pfn + nr; i++)
		frames->owner[i] = to;
	return RIG_NO_FRAME;
}

unsigned long rig_frames_count(const struct rig_frames *frames, unsigned long start,
			       unsigned long end, u32 owner)
{
	unsigned long count = 0;

	for (unsigned long pfn = start; pfn < end && pfn < frames->nr; pfn++)
		count += frames->owner[pfn] == owner;
	return count;
}

static bool block_free(const struct rig_frames *frames, unsigned long pfn, unsigned long nr)
{
	for (unsigned long i = pfn; i < pfn + nr; i++)
		if (i >= frames->nr || frames->owner[i] != RIG_FRAME_FREE)
			return false;
	return true;
}

unsigned long rig_frames_find(const struct rig_frames *frames, unsigned long start,
			      unsigned long end, unsigned int order)
{
	unsigned long nr = 1UL << order;

	for (unsigned long pfn = (start + nr - 1) & ~(nr - 1); pfn + nr <= end; pfn += nr)
		if (block_free(frames, pfn, nr))
			return pfn;
	return RIG_NO_FRAME;
}
