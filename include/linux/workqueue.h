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

#define __WORK_INITIALIZER(item, callback)                                                         \
	{                                                                                          \
		.work = { .function = rig_work_call }, .func = (callback)                          \
	}
#define DECLARE_WORK(item, callback) struct work_struct item = __WORK_INITIALIZER(item, callback)
#define DECLARE_DELAYED_WORK(item, callback)                                                       \
	struct delayed_work item = { .work = __WORK_INITIALIZER((item).work, callback),            \
				     .timer = { .function = rig_delayed_work_due } }
#define INIT_WORK_ONSTACK(item, callback) INIT_WORK(item, callback)
#define INIT_DELAYED_WORK_ONSTACK(item, callback) INIT_DELAYED_WORK(item, callback)
#define destroy_work_on_stack(item) ((void)(item))
#define INIT_DEFERRABLE_WORK(item, callback) INIT_DELAYED_WORK(item, callback)

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

static inline bool work_pending(struct work_struct *item)
{
	return item->work.node.next && !list_empty(&item->work.node);
}

static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

#define cancel_work(item) cancel_work_sync(item)
#define cancel_delayed_work(item) cancel_delayed_work_sync(item)
#define delayed_work_pending(item) work_pending(&(item)->work)

static inline bool cancel_delayed_work_sync(struct delayed_work *item)
{
	bool timer = rig_timer_cancel(rig_this_cpu(), &item->timer);

	return cancel_work_sync(&item->work) || timer;
}

static inline void flush_scheduled_work(void)
{
	rig_run_work(rig_this_cpu());
}

/* From now on @ticks until it runs, whether it was set before (true) or not. */
static inline bool rig_mod_delayed_work(struct delayed_work *item, unsigned long ticks)
{
	bool pending = cancel_delayed_work_sync(item);

	schedule_delayed_work(item, ticks);
	return pending;
}

/* Runs it now if it is set or queued. May sleep. */
static inline bool flush_delayed_work(struct delayed_work *item)
{
	if (rig_timer_cancel(rig_this_cpu(), &item->timer))
		schedule_work(&item->work);
	return flush_work(&item->work);
}

/*
 * Queues of one's own: each is a name for the machine's one queue, so flushing one flushes all.
 * NULL: no memory.
 */
struct workqueue_struct {
	char name[24];
};

#define WQ_UNBOUND 0x0002
#define WQ_FREEZABLE 0x0004
#define WQ_MEM_RECLAIM 0x0008
#define WQ_HIGHPRI 0x0010
#define WQ_SYSFS 0x0040
#define WQ_POWER_EFFICIENT 0x0080

struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active,
					 ...) __printf(1, 4);
void destroy_workqueue(struct workqueue_struct *queue);

#define alloc_ordered_workqueue(format, flags, ...) alloc_workqueue(format, flags, 1, ##__VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", WQ_MEM_RECLAIM, 1, name)
#define create_singlethread_workqueue(name) alloc_workqueue("%s", WQ_MEM_RECLAIM, 1, name)
#define queue_work(queue, item) ((void)(queue), schedule_work(item))
#define queue_work_on(cpu, queue, item) ((void)(cpu), queue_work(queue, item))
#define queue_delayed_work(queue, item, ticks) ((void)(queue), schedule_delayed_work(item, ticks))
#define mod_delayed_work(queue, item, ticks) ((void)(queue), rig_mod_delayed_work(item, ticks))
#define flush_workqueue(queue) ((void)(queue), flush_scheduled_work())
#define drain_workqueue(queue) flush_workqueue(queue)
#define system_wq ((struct workqueue_struct *)NULL)
#define system_highpri_wq system_wq
#define system_long_wq system_wq
#define system_unbound_wq system_wq
#define system_freezable_wq system_wq
#define system_power_efficient_wq system_wq

#endif
