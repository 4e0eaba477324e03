/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/ktime.h. */
#ifndef _LINUX_SCHED_CLOCK_H_RIG
#define _LINUX_SCHED_CLOCK_H_RIG

#include <linux/ktime.h>

#endif
