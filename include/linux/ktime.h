/* SPDX-License-Identifier: GPL-2.0-only */
/* Time in nanoseconds since boot, of the machine's virtual clock; all clocks are the same. */
#ifndef _LINUX_KTIME_H_RIG
#define _LINUX_KTIME_H_RIG

#include <kmemrig/machine.h>
#include <linux/jiffies.h>
#include <linux/math64.h>

typedef s64 ktime_t;

#define KTIME_MAX ((s64)(~0ULL >> 1))
#define NSEC_PER_USEC 1000L
#define USEC_PER_MSEC 1000L
#define MSEC_PER_SEC 1000L
#define NSEC_PER_MSEC 1000000L
#define USEC_PER_SEC 1000000L
#define NSEC_PER_SEC 1000000000L

static inline ktime_t ktime_get(void)
{
	return (ktime_t)READ_ONCE(rig_this_cpu()->machine->clock_ns);
}

#define ktime_get_boottime() ktime_get()
#define ktime_get_real() ktime_get()
#define ktime_get_raw() ktime_get()
#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_boottime_ns() ktime_get_ns()
#define ktime_get_mono_fast_ns() ktime_get_ns()
#define ktime_get_real_ns() ktime_get_ns()
#define ktime_get_raw_ns() ktime_get_ns()
#define local_clock() ktime_get_ns()
#define sched_clock() ktime_get_ns()
#define ktime_get_seconds() (ktime_get() / NSEC_PER_SEC)

#define ktime_set(secs, nsecs) ((ktime_t)(secs)*NSEC_PER_SEC + (ktime_t)(nsecs))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ms_to_ktime(ms) ((ktime_t)(ms)*NSEC_PER_MSEC)
#define us_to_ktime(us) ((ktime_t)(us)*NSEC_PER_USEC)
#define ktime_to_ns(kt) ((s64)(kt))
#define ktime_to_us(kt) ((s64)(kt) / NSEC_PER_USEC)
#define ktime_to_ms(kt) ((s64)(kt) / NSEC_PER_MSEC)
#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(kt, ns) ((kt) + (ktime_t)(ns))
#define ktime_sub_ns(kt, ns) ((kt) - (ktime_t)(ns))
#define ktime_add_us(kt, us) ((kt) + us_to_ktime(us))
#define ktime_add_ms(kt, ms) ((kt) + ms_to_ktime(ms))
#define ktime_us_delta(later, earlier) ktime_to_us((later) - (earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms((later) - (earlier))

static inline int ktime_compare(ktime_t a, ktime_t b)
{
	return a < b ? -1 : a > b;
}

#define ktime_after(a, b) ((a) > (b))
#define ktime_before(a, b) ((a) < (b))

#include <asm/timex.h>

#endif
