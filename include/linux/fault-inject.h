/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault attributes, as Linux 6.1's lib/fault-inject.c has them: when a call that could fail is
 * made to. failslab and fail_page_alloc are two of them, one pair for each machine (see
 * kmemrig/fault_control.h); code may declare more of its own and ask should_fail().
 */
#ifndef _LINUX_FAULT_INJECT_H_RIG
#define _LINUX_FAULT_INJECT_H_RIG

#include <kmemrig/cpu.h>
#include <limits.h>
#include <linux/atomic.h>
#include <linux/types.h>

/* The order of decisions is that of the members' use in rig_fault_should_fail(). */
struct fault_attr {
	unsigned long probability; /* percent */
	unsigned long interval;	   /* only each interval-th call that got so far */
	atomic_t times;		   /* failures left; -1: no limit */
	atomic_t space;		   /* bytes (failslab) or pages that pass before anything fails */
	unsigned long verbose;	   /* 0: silent, 1: a message, 2: and a stack trace */
	bool task_filter;	   /* only tasks with make_it_fail, outside of interrupts */
	unsigned long stacktrace_depth; /* frames that the next four look at; 0: no filter */
	unsigned long require_start;	/* some caller must lie in [require_start, require_end) */
	unsigned long require_end;
	unsigned long reject_start; /* no caller may lie in [reject_start, reject_end) */
	unsigned long reject_end;

	unsigned long count; /* calls that interval has seen */
	/* messages: at most burst in interval ms; interval 0: no limit */
	u32 verbose_ratelimit_interval_ms;
	u32 verbose_ratelimit_burst;
	u64 ratelimit_begin_ns;
	u32 ratelimit_printed;
	const char *dname; /* the name in messages */
};

enum fault_flags {
	FAULT_NOWARN = 1 << 0, /* no message for this failure */
};

#define MAX_STACK_TRACE_DEPTH 32

#define FAULT_ATTR_INITIALIZER                                                                     \
	{                                                                                          \
		.interval = 1, .times = ATOMIC_INIT(1), .require_end = ULONG_MAX,                  \
		.stacktrace_depth = MAX_STACK_TRACE_DEPTH, .verbose = 2,                           \
	}

#define DECLARE_FAULT_ATTR(name) struct fault_attr name = FAULT_ATTR_INITIALIZER

/*
 * Decides whether a call of @size units fails: should_fail_ex() of 6.1. The current task's
 * fail-nth comes first (in task context only), then probability 0, task-filter, times, space,
 * interval, probability, and the stack filter. @flags: enum fault_flags. May be called in any
 * context; what it changes is changed atomically, but two CPUs that ask at once may share one
 * place in the interval, as in the kernel.
 */
bool rig_fault_should_fail(struct rig_cpu *cpu, struct fault_attr *attr, ssize_t size, int flags);

static inline bool should_fail_ex(struct fault_attr *attr, ssize_t size, int flags)
{
	return rig_fault_should_fail(rig_this_cpu(), attr, size, flags);
}

static inline bool should_fail(struct fault_attr *attr, ssize_t size)
{
	return rig_fault_should_fail(rig_this_cpu(), attr, size, 0);
}

/*
 * Sets an attribute from a boot parameter, "<interval>,<probability>,<space>,<times>". Returns 1,
 * or 0 when the text does not parse (nothing is changed then).
 */
int setup_fault_attr(struct fault_attr *attr, const char *text);

#endif
