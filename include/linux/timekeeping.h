/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/ktime.h. */
#ifndef _LINUX_TIMEKEEPING_H_RIG
#define _LINUX_TIMEKEEPING_H_RIG

#include <linux/ktime.h>

#endif
