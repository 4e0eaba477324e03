// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection: which allocations fail on request. The two hooks in front of the slab layer
 * and of the page allocator end here while faults are armed; each asks its own filters, then the
 * attribute, in the order of Linux 6.1:
 *
 *	failslab:        boot cache, __GFP_NOFAIL, ignore-gfp-wait, cache-filter
 *	fail_page_alloc: min-order, __GFP_NOFAIL, ignore-gfp-highmem, ignore-gfp-wait
 *	the attribute:   fail-nth, probability 0, task-filter, times, space, interval, probability,
 *	                 stack filter; then the message and times
 *
 * A request with __GFP_NOWARN fails without a message; the attribute itself stays as it is. The
 * machine's plan (kmemrig fault) stands before all of that and looks at __GFP_NOFAIL only.
 *
 * Chance is a stateless function of the machine's seed and of how many times it was asked, so that
 * CPUs need no lock. Counters are atomic; as in the kernel, two CPUs that ask at once may see the
 * same place in an interval.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <kmemrig/fault.h>
#include <kmemrig/kmem_cache.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "private.h"

#define PERCENT 100
#define DEFAULT_RATELIMIT_BURST 10
#define GOLDEN_RATIO_64 0x9e3779b97f4a7c15ULL

const char *const rig_fault_names[RIG_NR_FAULTS] = { "failslab", "fail_page_alloc" };

/* A number below @ceiling from the machine's seed (splitmix64 of a counter). */
static u32 chance_below(struct rig_cpu *cpu, u32 ceiling)
{
	struct rig_fault *fault = cpu->machine->fault;
	u64 z = __atomic_add_fetch(&fault->chances, 1, __ATOMIC_RELAXED) * GOLDEN_RATIO_64 +
		cpu->machine->seed;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (u32)((z >> 32) * ceiling >> 32);
}

static bool in_task_on(const struct rig_cpu *cpu)
{
	return !(cpu->preempt_count & (HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

/* At most burst messages in an interval of the virtual clock; interval 0: all. */
static bool may_print(struct rig_cpu *cpu, struct fault_attr *attr)
{
	u64 interval_ns = attr->verbose_ratelimit_interval_ms * 1000000ULL;
	u64 now = cpu->machine->clock_ns;

	if (!interval_ns)
		return true;
	if (now - attr->ratelimit_begin_ns > interval_ns) {
		attr->ratelimit_begin_ns = now;
		attr->ratelimit_printed = 0;
	}
	return attr->ratelimit_printed++ < attr->verbose_ratelimit_burst;
}

static void print_stack(struct rig_cpu *cpu)
{
	unsigned long entries[MAX_STACK_TRACE_DEPTH];
	unsigned int depth = rig_stack_trace(cpu, entries, MAX_STACK_TRACE_DEPTH);
	char name[160];

	rig_log(cpu->machine, "CPU: %d PID: %d Comm: %s", cpu->id, cpu->task->pid, cpu->task->comm);
	rig_log(cpu->machine, "Call Trace:");
	for (unsigned int i = 0; i < depth; i++)
		rig_log(cpu->machine, " %s", rig_symbol(entries[i], name, sizeof(name)));
}

static void report(struct rig_cpu *cpu, struct fault_attr *attr)
{
	if (attr->verbose == 0 || !may_print(cpu, attr))
		return;
	rig_log(cpu->machine, "FAULT_INJECTION: forcing a failure.");
	rig_log(cpu->machine, "name %s, interval %lu, probability %lu, space %d, times %d",
		attr->dname ? attr->dname : "(null)", attr->interval, attr->probability,
		atomic_read(&attr->space), atomic_read(&attr->times));
	if (attr->verbose > 1)
		print_stack(cpu);
}

/* Some caller in the required range, none in the rejected one. */
static bool stack_allows(struct rig_cpu *cpu, const struct fault_attr *attr)
{
	unsigned long entries[MAX_STACK_TRACE_DEPTH];
	bool found = attr->require_start == 0 && attr->require_end == ULONG_MAX;
	unsigned int depth;

	if (attr->stacktrace_depth == 0)
		return found;
	/* The default filter lets every stack pass: do not walk it for nothing. */
	if (found && attr->reject_end == 0)
		return true;
	depth = rig_stack_trace(cpu, entries, (unsigned int)attr->stacktrace_depth);
	for (unsigned int i = 0; i < depth; i++) {
		if (attr->reject_start <= entries[i] && entries[i] < attr->reject_end)
			return false;
		if (attr->require_start <= entries[i] && entries[i] < attr->require_end)
			found = true;
	}
	return found;
}

enum nth_answer { NTH_NOT_SET, NTH_LATER, NTH_NOW };

static enum nth_answer ask_fail_nth(struct rig_cpu *cpu)
{
	struct task_struct *task = cpu->task;

	if (!in_task_on(cpu) || task->fail_nth == 0)
		return NTH_NOT_SET;
	return --task->fail_nth == 0 ? NTH_NOW : NTH_LATER;
}

/* The members of the attribute in the kernel's order; true: all let the call fail. */
static bool attribute_fires(struct rig_cpu *cpu, struct fault_attr *attr, ssize_t size)
{
	if (attr->probability == 0)
		return false;
	if (attr->task_filter && !(in_task_on(cpu) && cpu->task->make_it_fail))
		return false;
	if (atomic_read(&attr->times) == 0)
		return false;
	if (atomic_read(&attr->space) > size) {
		atomic_sub((int)size, &attr->space);
		return false;
	}
	if (attr->interval > 1 &&
	    __atomic_add_fetch(&attr->count, 1, __ATOMIC_RELAXED) % attr->interval != 0)
		return false;
	if (attr->probability <= chance_below(cpu, PERCENT))
		return false;
	return stack_allows(cpu, attr);
}

bool rig_fault_should_fail(struct rig_cpu *cpu, struct fault_attr *attr, ssize_t size, int flags)
{
	enum nth_answer nth = ask_fail_nth(cpu);

	if (nth == NTH_LATER || (nth == NTH_NOT_SET && !attribute_fires(cpu, attr, size)))
		return false;
	if (!(flags & FAULT_NOWARN))
		report(cpu, attr);
	if (atomic_read(&attr->times) != -1)
		atomic_add_unless(&attr->times, -1, 0);
	return true;
}

int setup_fault_attr(struct fault_attr *attr, const char *text)
{
	unsigned long probability, interval;
	int times, space;

	if (sscanf(text, "%lu,%lu,%d,%d", &interval, &probability, &space, &times) < 4) {
		rig_log(rig_this_cpu() ? rig_this_cpu()->machine : NULL,
			"FAULT_INJECTION: failed to parse arguments");
		return 0;
	}
	attr->probability = probability;
	attr->interval = interval;
	atomic_set(&attr->times, times);
	atomic_set(&attr->space, space);
	return 1;
}

static bool plan_fires(struct rig_fault_plan *plan, gfp_t gfp)
{
	u64 call;

	if (plan->nth == 0 || (gfp & __GFP_NOFAIL) || (gfp & plan->gfp) != plan->gfp)
		return false;
	call = __atomic_add_fetch(&plan->calls, 1, __ATOMIC_RELAXED);
	if (call != plan->nth && !(plan->persistent && call > plan->nth))
		return false;
	__atomic_add_fetch(&plan->failures, 1, __ATOMIC_RELAXED);
	return true;
}

static bool failslab_filters_pass(const struct rig_fault_point *point,
				  const struct kmem_cache *cache, gfp_t gfp)
{
	/* The cache that caches come from: nothing could be created any more. */
	if (cache && cache->name && strcmp(cache->name, "kmem_cache") == 0)
		return false;
	if (gfp & __GFP_NOFAIL)
		return false;
	if (point->ignore_gfp_reclaim && (gfp & __GFP_DIRECT_RECLAIM))
		return false;
	if (point->cache_filter && !(cache && (cache->flags & SLAB_FAILSLAB)))
		return false;
	return (gfp & point->gfp) == point->gfp;
}

static bool fail_page_filters_pass(const struct rig_fault_point *point, gfp_t gfp,
				   unsigned int order)
{
	if (order < point->min_order || (gfp & __GFP_NOFAIL))
		return false;
	if (point->ignore_gfp_highmem && (gfp & __GFP_HIGHMEM))
		return false;
	if (point->ignore_gfp_reclaim && (gfp & __GFP_DIRECT_RECLAIM))
		return false;
	return (gfp & point->gfp) == point->gfp;
}

/* What the two hooks share: the plan, then the attribute; @bytes for the event. */
static bool decide(struct rig_cpu *cpu, enum rig_fault_kind kind, bool filters_pass, ssize_t size,
		   size_t bytes, gfp_t gfp)
{
	struct rig_fault *fault = cpu->machine->fault;
	struct rig_fault_point *point = &fault->point[kind];
	u64 nth = __atomic_add_fetch(&point->calls, 1, __ATOMIC_RELAXED);
	bool planned = plan_fires(&fault->plan, gfp);
	int flags = gfp & __GFP_NOWARN ? FAULT_NOWARN : 0;

	if (!planned && !(filters_pass && rig_fault_should_fail(cpu, &point->attr, size, flags)))
		return false;
	__atomic_add_fetch(&point->failures, 1, __ATOMIC_RELAXED);
	RIG_TRACE(cpu, fault_injected, .attribute = rig_fault_names[kind], .nth = nth,
		  .size = bytes, .gfp_flags = (__force u64)gfp,
		  .call_site = rig_fault_call_site(cpu));
	if (planned)
		rig_fault_watch_fired(cpu, rig_fault_names[kind], READ_ONCE(fault->plan.calls),
				      bytes, gfp);
	return true;
}

bool rig_failslab_decide(struct rig_cpu *cpu, struct kmem_cache *cache, size_t size, gfp_t gfp)
{
	const struct rig_fault *fault = cpu->machine->fault;
	/* The kernel counts what the cache's objects were asked to hold, not the caller's size. */
	size_t space = cache ? cache->object_size : size;

	if (!fault)
		return false;
	return decide(cpu, RIG_FAILSLAB,
		      failslab_filters_pass(&fault->point[RIG_FAILSLAB], cache, gfp),
		      (ssize_t)space, space, gfp);
}

bool rig_fail_alloc_page_decide(struct rig_cpu *cpu, gfp_t gfp, unsigned int order)
{
	const struct rig_fault *fault = cpu->machine->fault;

	if (!fault)
		return false;
	return decide(cpu, RIG_FAIL_PAGE_ALLOC,
		      fail_page_filters_pass(&fault->point[RIG_FAIL_PAGE_ALLOC], gfp, order),
		      (ssize_t)1 << order, PAGE_SIZE << order, gfp);
}

void rig_fault_rearm(struct rig_machine *machine)
{
	const struct rig_fault *fault = machine->fault;
	bool armed = fault->tasks_armed || fault->plan.nth != 0;

	for (int kind = 0; kind < RIG_NR_FAULTS; kind++)
		armed |= fault->point[kind].attr.probability != 0;
	for (int id = 0; id < machine->nr_cpus; id++)
		machine->cpus[id].faults_armed = armed;
}

unsigned int rig_fault_fail_nth(struct rig_machine *machine, struct task_struct *task,
				unsigned int nth)
{
	unsigned int left = task->fail_nth;

	task->fail_nth = nth;
	machine->fault->tasks_armed |= nth != 0;
	rig_fault_rearm(machine);
	return left;
}

void rig_fault_make_it_fail(struct rig_machine *machine, struct task_struct *task, bool on)
{
	task->make_it_fail = on;
	rig_fault_rearm(machine);
}

int rig_fault_init(struct rig_machine *machine)
{
	struct rig_fault *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return -ENOMEM;
	for (int kind = 0; kind < RIG_NR_FAULTS; kind++) {
		struct rig_fault_point *point = &fault->point[kind];

		point->attr = (struct fault_attr)FAULT_ATTR_INITIALIZER;
		point->attr.dname = rig_fault_names[kind];
		point->attr.verbose_ratelimit_burst = DEFAULT_RATELIMIT_BURST;
		point->ignore_gfp_reclaim = true;
	}
	fault->point[RIG_FAIL_PAGE_ALLOC].ignore_gfp_highmem = true;
	fault->point[RIG_FAIL_PAGE_ALLOC].min_order = 1;
	machine->fault = fault;
	return 0;
}

void rig_fault_fini(struct rig_machine *machine)
{
	free(machine->fault);
	machine->fault = NULL;
	for (int id = 0; id < machine->nr_cpus; id++)
		machine->cpus[id].faults_armed = false;
}
