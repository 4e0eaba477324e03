/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/sched.h. */
#ifndef _LINUX_SCHED_TASK_H_RIG
#define _LINUX_SCHED_TASK_H_RIG

#include <linux/sched.h>

#endif
