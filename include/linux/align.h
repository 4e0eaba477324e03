/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounding to powers of two: see linux/math.h. */
#ifndef _LINUX_ALIGN_H_RIG
#define _LINUX_ALIGN_H_RIG

#include <linux/math.h>

#endif
