/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/lockdep.h. */
#ifndef _LINUX_LOCKDEP_TYPES_H_RIG
#define _LINUX_LOCKDEP_TYPES_H_RIG

#include <linux/lockdep.h>

#endif
