/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers of driver code, on the machine's virtual clock; they run in soft interrupt context. */
#ifndef _LINUX_TIMER_H_RIG
#define _LINUX_TIMER_H_RIG

#include <kmemrig/irq.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

struct timer_list {
	struct rig_timer timer;
	unsigned long expires; /* jiffies */
	void (*function)(struct timer_list *timer);
};

static inline void rig_timer_list_run(struct rig_timer *timer)
{
	struct timer_list *outer = container_of(timer, struct timer_list, timer);

	outer->function(outer);
}

static inline void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *),
			       unsigned int flags)
{
	INIT_LIST_HEAD(&timer->timer.node);
	timer->timer.function = rig_timer_list_run;
	timer->function = function;
}

/* 1: it was set before. */
static inline int mod_timer(struct timer_list *timer, unsigned long expires)
{
	timer->expires = expires;
	return rig_timer_set(rig_this_cpu(), &timer->timer, expires * RIG_NS_PER_JIFFY);
}

static inline void add_timer(struct timer_list *timer)
{
	mod_timer(timer, timer->expires);
}

static inline int del_timer(struct timer_list *timer)
{
	return rig_timer_cancel(rig_this_cpu(), &timer->timer);
}

static inline int del_timer_sync(struct timer_list *timer)
{
	return del_timer(timer);
}

static inline int timer_pending(const struct timer_list *timer)
{
	return timer->timer.node.next && !list_empty(&timer->timer.node);
}

#define DEFINE_TIMER(name, callback)                                                               \
	struct timer_list name = { .timer = { .function = rig_timer_list_run },                    \
				   .function = (callback) }
#define TIMER_DEFERRABLE 0x00080000
#define TIMER_IRQSAFE 0x00200000
#define timer_delete(timer) del_timer(timer)
#define timer_delete_sync(timer) del_timer_sync(timer)
#define try_to_del_timer_sync(timer) del_timer(timer)
#define timer_shutdown_sync(timer) del_timer_sync(timer)

#define from_timer(var, callback_timer, timer_fieldname)                                           \
	container_of(callback_timer, __typeof__(*var), timer_fieldname)

#endif
