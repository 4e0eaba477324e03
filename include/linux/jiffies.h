/* SPDX-License-Identifier: GPL-2.0-only */
/* Time in ticks of the machine's virtual clock. */
#ifndef _LINUX_JIFFIES_H_RIG
#define _LINUX_JIFFIES_H_RIG

#include <kmemrig/context.h>
#include <kmemrig/machine.h>

#define HZ RIG_HZ
#define jiffies ((unsigned long)(rig_this_cpu()->machine->clock_ns / RIG_NS_PER_JIFFY))

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ((unsigned long)ms * RIG_HZ + 999) / 1000;
}

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return (unsigned int)(ticks * 1000 / RIG_HZ);
}

#endif
