/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals: no task of a rig ever gets one. */
#ifndef _LINUX_SCHED_SIGNAL_H_RIG
#define _LINUX_SCHED_SIGNAL_H_RIG

#include <linux/sched.h>

#define signal_pending(task) ((void)(task), 0)
#define fatal_signal_pending(task) ((void)(task), 0)

#endif
