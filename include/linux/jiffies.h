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

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return ((unsigned long)us * RIG_HZ + 999999) / 1000000;
}

static inline unsigned long nsecs_to_jiffies(u64 ns)
{
	return ns / RIG_NS_PER_JIFFY;
}

static inline unsigned int jiffies_to_usecs(unsigned long ticks)
{
	return (unsigned int)(ticks * 1000000 / RIG_HZ);
}

static inline u64 jiffies_to_nsecs(unsigned long ticks)
{
	return ticks * RIG_NS_PER_JIFFY;
}

#define jiffies_64 ((u64)jiffies)
#define get_jiffies_64() jiffies_64
#define MAX_JIFFY_OFFSET ((~0UL >> 2) - 1)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_after64(a, b) time_after(a, b)
#define time_before64(a, b) time_before(a, b)

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return (unsigned int)(ticks * 1000 / RIG_HZ);
}

#endif
