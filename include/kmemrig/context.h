/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What code may do in the context it runs in, and what happens when it sleeps: virtual time
 * passes, deferred work runs, timers expire.
 */
#ifndef KMEMRIG_CONTEXT_H
#define KMEMRIG_CONTEXT_H

#include <kmemrig/cpu.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

/* May code on this CPU sleep: no interrupt, preemption and interrupts on? */
static inline bool rig_may_sleep(const struct rig_cpu *cpu)
{
	return cpu->preempt_count == 0 && !cpu->irqs_disabled;
}

/* The report of a sleep in the wrong context (check "context.sleep"); a misuse. */
void rig_sleep_misuse(struct rig_cpu *cpu, const char *file, int line);

/*
 * A function that may sleep says so here (might_sleep() of the kernel): called where sleeping is
 * forbidden, it is reported as "BUG: sleeping function called from invalid context at FILE:LINE".
 */
static inline void rig_might_sleep(struct rig_cpu *cpu, const char *file, int line)
{
	if (unlikely(!rig_may_sleep(cpu)))
		rig_sleep_misuse(cpu, file, line);
}

/* An allocation that may reclaim may sleep: might_alloc() of the kernel. */
static inline void rig_might_alloc(struct rig_cpu *cpu, gfp_t gfp, const char *file, int line)
{
	if (gfp & __GFP_DIRECT_RECLAIM)
		rig_might_sleep(cpu, file, line);
}

/*
 * Moves the machine's clock by @ns, and runs the timers that expire on the way, each at its
 * time, in soft interrupt context on @cpu.
 */
void rig_time_pass(struct rig_cpu *cpu, u64 ns);

/* As rig_time_pass, in a context that sleeps: queued work runs first, in task context. */
void rig_sleep(struct rig_cpu *cpu, u64 ns);

/* Runs the work that is queued on the machine, oldest first, on @cpu in task context. */
void rig_run_work(struct rig_cpu *cpu);

/* Is anything left that could still happen on its own: queued work, a timer that is set? */
bool rig_work_pending(const struct rig_cpu *cpu);

/*
 * Sleeps until cpu->task is TASK_RUNNING (it may be already: then others get a turn), at most
 * @ticks; the value is what is left of them. Who is never woken is reported as hung.
 */
void rig_schedule(struct rig_cpu *cpu);
long rig_schedule_timeout(struct rig_cpu *cpu, long ticks);

/* The task is TASK_RUNNING from now on. 1: it was not. Any context. */
int rig_wake_up(struct rig_cpu *cpu, struct task_struct *task);

/* Gives back a reference to a kernel thread's task. */
void rig_task_put(struct rig_cpu *cpu, struct task_struct *task);

/* Moves the clock to the next timer, if there is one, and runs it. false: there is none. */
bool rig_sleep_until_timer(struct rig_cpu *cpu);

#define RIG_HZ 250
#define RIG_NS_PER_JIFFY (1000000000ULL / RIG_HZ)

#endif
