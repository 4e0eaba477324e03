/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in the host's address space machines live. */
#ifndef RIG_WINDOW_H
#define RIG_WINDOW_H

#include <linux/types.h>

/*
 * Reserves @size bytes (a multiple of 2 MiB is used up) of the arena, not accessible yet. First
 * fit, so the same sequence of machines gets the same addresses in every run. NULL: no room, or
 * the host refuses (errno says).
 */
void *rig_window_reserve(u64 size);

/* Gives a window back, whatever is mapped in it. */
void rig_window_release(void *window, u64 size);

#endif
