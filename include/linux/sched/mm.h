/* SPDX-License-Identifier: GPL-2.0-only */
/* Scopes of allocations: see linux/sched.h. */
#ifndef _LINUX_SCHED_MM_H_RIG
#define _LINUX_SCHED_MM_H_RIG

#include <linux/gfp.h>
#include <linux/sched.h>

#define fs_reclaim_acquire(gfp) ((void)(gfp))
#define fs_reclaim_release(gfp) ((void)(gfp))

#endif
