/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU's cycle counter: nanoseconds of the virtual clock. */
#ifndef _ASM_TIMEX_H_RIG
#define _ASM_TIMEX_H_RIG

#include <linux/ktime.h>

typedef unsigned long long cycles_t;

static inline cycles_t get_cycles(void)
{
	return ktime_get_ns();
}

#endif
