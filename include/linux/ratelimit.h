/* SPDX-License-Identifier: GPL-2.0-only */
/* At most @burst messages in @interval ticks of the virtual clock. */
#ifndef _LINUX_RATELIMIT_H_RIG
#define _LINUX_RATELIMIT_H_RIG

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#define DEFAULT_RATELIMIT_INTERVAL (5 * HZ)
#define DEFAULT_RATELIMIT_BURST 10

struct ratelimit_state {
	int interval; /* ticks; 0: no limit */
	int burst;
	int printed, missed;
	unsigned long begin; /* ticks; 0: not begun */
};

#define RATELIMIT_STATE_INIT(name, interval_init, burst_init)                                      \
	{                                                                                          \
		.interval = interval_init, .burst = burst_init                                     \
	}
#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init)                                    \
	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval_init, burst_init)

static inline void ratelimit_state_init(struct ratelimit_state *rs, int interval, int burst)
{
	*rs = (struct ratelimit_state){ .interval = interval, .burst = burst };
}

static inline void ratelimit_set_flags(struct ratelimit_state *rs, unsigned long flags)
{
}

/* Not 0: say it. */
static inline int __ratelimit(struct ratelimit_state *rs)
{
	unsigned long now = jiffies;

	if (!rs->interval)
		return 1;
	if (!rs->begin || time_after(now, rs->begin + (unsigned long)rs->interval)) {
		rs->begin = now ? now : 1;
		rs->printed = 0;
		rs->missed = 0;
	}
	if (rs->printed < rs->burst) {
		rs->printed++;
		return 1;
	}
	rs->missed++;
	return 0;
}

#define printk_ratelimited(format, ...)                                                            \
	({                                                                                         \
		static DEFINE_RATELIMIT_STATE(_rs, DEFAULT_RATELIMIT_INTERVAL,                     \
					      DEFAULT_RATELIMIT_BURST);                            \
		if (__ratelimit(&_rs))                                                             \
			printk(format, ##__VA_ARGS__);                                             \
	})
#define pr_err_ratelimited(format, ...) printk_ratelimited(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn_ratelimited(format, ...)                                                           \
	printk_ratelimited(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice_ratelimited(format, ...)                                                         \
	printk_ratelimited(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info_ratelimited(format, ...) printk_ratelimited(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define printk_ratelimit() 1

#endif
