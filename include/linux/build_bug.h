/* SPDX-License-Identifier: GPL-2.0-only */
/* Conditions that the compiler checks; BUILD_BUG_ON itself is in linux/kernel.h. */
#ifndef _LINUX_BUILD_BUG_H_RIG
#define _LINUX_BUILD_BUG_H_RIG

#include <linux/kernel.h>

#define BUILD_BUG_ON_MSG(condition, message) _Static_assert(!(condition), message)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || ((n) & ((n)-1)) != 0)
#define BUILD_BUG_ON_ZERO(e) ((int)sizeof(struct { int : (-!!(e)); }))

#endif
