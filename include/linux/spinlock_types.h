/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/spinlock.h. */
#ifndef _LINUX_SPINLOCK_TYPES_H_RIG
#define _LINUX_SPINLOCK_TYPES_H_RIG

#include <linux/spinlock.h>

#endif
