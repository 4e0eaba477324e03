/* SPDX-License-Identifier: GPL-2.0-only */
/* Delays of the virtual clock: the sleeping ones let work and timers run, the others only timers.
 */
#ifndef _LINUX_DELAY_H_RIG
#define _LINUX_DELAY_H_RIG

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>

static inline void ndelay(unsigned long ns)
{
	rig_time_pass(rig_this_cpu(), ns);
}

static inline void udelay(unsigned long us)
{
	rig_time_pass(rig_this_cpu(), us * 1000);
}

static inline void mdelay(unsigned long ms)
{
	rig_time_pass(rig_this_cpu(), ms * 1000000);
}

/* Rounded up to whole ticks, and one more, as the kernel's. */
#define msleep(ms)                                                                                 \
	do {                                                                                       \
		might_sleep();                                                                     \
		rig_sleep(rig_this_cpu(), (msecs_to_jiffies(ms) + 1) * RIG_NS_PER_JIFFY);          \
	} while (0)

#define usleep_range(min_us, max_us)                                                               \
	do {                                                                                       \
		might_sleep();                                                                     \
		rig_sleep(rig_this_cpu(), (u64)(min_us)*1000);                                     \
	} while (0)

#define ssleep(seconds) msleep((seconds)*1000)

#endif
