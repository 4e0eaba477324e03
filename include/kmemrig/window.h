/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in the host's address space machines live. */
#ifndef KMEMRIG_WINDOW_H
#define KMEMRIG_WINDOW_H

#include <linux/types.h>

struct page;
struct rig_machine;

/*
 * Reserves @size bytes (a multiple of 2 MiB is used up) of the arena, not accessible yet. First
 * fit, so the same sequence of machines gets the same addresses in every run. NULL: no room, or
 * the host refuses (errno says).
 */
void *rig_window_reserve(u64 size);

/* Gives a window back, whatever is mapped in it. */
void rig_window_release(void *window, u64 size);

/*
 * Maps @nr_pages neighbouring page frames, from @page on, at @at, a page of a window. 0 or -errno:
 * the host refuses.
 */
int rig_window_map_pages(struct rig_machine *machine, void *at, const struct page *page,
			 unsigned long nr_pages);

/* Takes away what is mapped there: a touch faults again. */
void rig_window_unmap(void *at, unsigned long nr_pages);

#endif
