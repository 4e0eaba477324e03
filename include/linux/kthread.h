/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel threads. They run one at a time, on the CPU that made them, while others on it sleep or
 * wait, and until they do so themselves: no thread is ever preempted, so that runs repeat. Each
 * has a host thread of its own for its stack.
 */
#ifndef _LINUX_KTHREAD_H_RIG
#define _LINUX_KTHREAD_H_RIG

#include <linux/err.h>
#include <linux/sched.h>

/*
 * A thread that does not run yet: wake_up_process(). ERR_PTR(-ENOMEM), ERR_PTR(-EAGAIN): the host
 * gives none. Process context.
 */
struct task_struct *kthread_create_on_node(int (*function)(void *data), void *data, int node,
					   const char *format, ...) __printf(4, 5);

#define kthread_create(function, data, format, ...)                                                \
	kthread_create_on_node(function, data, -1, format, ##__VA_ARGS__)
#define kthread_create_on_cpu(function, data, cpu, format)                                         \
	kthread_create_on_node(function, data, -1, format, cpu)
#define kthread_run(function, data, format, ...)                                                   \
	({                                                                                         \
		struct task_struct *_kthread =                                                     \
			kthread_create(function, data, format, ##__VA_ARGS__);                     \
		if (!IS_ERR(_kthread))                                                             \
			wake_up_process(_kthread);                                                 \
		_kthread;                                                                          \
	})

/*
 * Asks the thread to end, waits until it has, and returns what its function returned (-EINTR: it
 * never ran). The task is gone afterwards unless get_task_struct() holds it.
 */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
int kthread_park(struct task_struct *task);
void kthread_unpark(struct task_struct *task);
bool kthread_should_park(void);
void kthread_parkme(void);
#define kthread_bind(task, cpu) ((void)(task), (void)(cpu))
#define kthread_freezable_should_stop(frozen) kthread_should_stop()

#endif
