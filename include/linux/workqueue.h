/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work for later, in task context: one queue a machine, served whenever a task sleeps (there is
 * no scheduler), in the order of queueing.
 */
#ifndef _LINUX_WORKQUEUE_H_RIG
#define _LINUX_WORKQUEUE_H_RIG

#include <kmemrig/context.h>
#include <kmemrig/irq.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	struct rig_work work;
	work_func_t func;
};

struct delayed_work {
	struct work_struct work;
	struct rig_timer timer;
};

static inline void rig_work_call(struct rig_work *work)
{
	struct work_struct *outer = container_of(work, struct work_struct, work);

	outer->func(outer);
}

static inline void rig_delayed_work_due(struct rig_timer *timer)
{
	rig_work_queue(rig_this_cpu(), &container_of(timer, struct delayed_work, timer)->work.work);
}

#define INIT_WORK(item, callback)                                                                  \
	do {                                                                                       \
		INIT_LIST_HEAD(&(item)->work.node);                                                \
		(item)->work.function = rig_work_call;                                             \
		(item)->func = (callback);                                                         \
	} while (0)

#define INIT_DELAYED_WORK(item, callback)                                                          \
	do {                                                                                       \
		INIT_WORK(&(item)->work, callback);                                                \
		INIT_LIST_HEAD(&(item)->timer.node);                                               \
		(item)->timer.function = rig_delayed_work_due;                                     \
	} while (0)

/* false: it was queued already. Any context. */
static inline bool schedule_work(struct work_struct *item)
{
	return rig_work_queue(rig_this_cpu(), &item->work);
}

static inline bool schedule_delayed_work(struct delayed_work *item, unsigned long ticks)
{
	struct rig_cpu *cpu = rig_this_cpu();

	return !rig_timer_set(cpu, &item->timer, cpu->machine->clock_ns + ticks * RIG_NS_PER_JIFFY);
}

/* Runs it now if it is queued. May sleep. */
static inline bool flush_work(struct work_struct *item)
{
	bool queued = item->work.node.next && !list_empty(&item->work.node);

	rig_might_sleep(rig_this_cpu(), __FILE__, __LINE__);
	rig_run_work(rig_this_cpu());
	return queued;
}

static inline bool cancel_work_sync(struct work_struct *item)
{
	return rig_work_cancel(rig_this_cpu(), &item->work);
}

static inline bool cancel_delayed_work_sync(struct delayed_work *item)
{
	bool timer = rig_timer_cancel(rig_this_cpu(), &item->timer);

	return cancel_work_sync(&item->work) || timer;
}

static inline void flush_scheduled_work(void)
{
	rig_run_work(rig_this_cpu());
}

#endif
