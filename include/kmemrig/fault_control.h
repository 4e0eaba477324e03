/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making allocations fail: the other side of kmemrig/fault.h. Each machine has the kernel's two
 * fault attributes and each task its make-it-fail and fail-nth:
 *
 *	failslab         probability interval times space verbose task-filter
 *	fail_page_alloc  verbose_ratelimit_interval_ms verbose_ratelimit_burst
 *	                 stacktrace-depth require-start require-end reject-start reject-end
 *	                 ignore-gfp-wait
 *	failslab only:         cache-filter
 *	fail_page_alloc only:  ignore-gfp-highmem min-order
 *	both, the rig's own:   gfp (only requests that have all of these flags)
 *
 * Values and defaults are those of the kernel's debugfs files (Documentation/fault-injection):
 * nothing fails at first, and requests that may sleep are spared until ignore-gfp-wait is N.
 */
#ifndef KMEMRIG_FAULT_CONTROL_H
#define KMEMRIG_FAULT_CONTROL_H

#include <kmemrig/cpu.h>
#include <linux/fault-inject.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

struct rig_machine;

enum rig_fault_kind { RIG_FAILSLAB, RIG_FAIL_PAGE_ALLOC, RIG_NR_FAULTS };

/* One of the two attributes with its own filters. */
struct rig_fault_point {
	struct fault_attr attr;
	bool ignore_gfp_reclaim; /* file ignore-gfp-wait */
	bool ignore_gfp_highmem; /* fail_page_alloc */
	bool cache_filter;	 /* failslab: only caches with SLAB_FAILSLAB */
	u32 min_order;		 /* fail_page_alloc */
	gfp_t gfp;		 /* only requests with all of these flags; 0: all */
	u64 calls;		 /* allocations that asked while faults were armed */
	u64 failures;		 /* made to fail */
};

/*
 * Fails the nth allocation of a machine, whoever makes it (interrupt handlers too), and with
 * persistent all after it: how `kmemrig fault` walks through a program. Allocations with
 * __GFP_NOFAIL are not counted.
 */
struct rig_fault_plan {
	u64 nth; /* 0: none; counts slab and page allocations from 1 */
	bool persistent;
	gfp_t gfp; /* count only requests with all of these flags */
	u64 calls; /* counted so far */
	u64 failures;
};

struct rig_fault {
	struct rig_fault_point point[RIG_NR_FAULTS];
	struct rig_fault_plan plan;
	bool tasks_armed;	       /* some task had fail-nth written */
	u64 chances;		       /* random numbers drawn */
	struct rig_fault_watch *watch; /* of a run under `kmemrig fault`; NULL otherwise */
};

/* Parts of a machine; see backends/machine/parts.c. */
int rig_fault_init(struct rig_machine *machine);
void rig_fault_fini(struct rig_machine *machine);

/*
 * What `kmemrig fault` asked for through the environment starts (counting and watching for
 * leaks) / ends here: after the machine is built and before anything of it is taken down.
 */
void rig_fault_watch_begin(struct rig_machine *machine);
void rig_fault_watch_end(struct rig_machine *machine);

/*
 * Writes @value to the file @path, "ATTRIBUTE/FILE" ("failslab/probability"), as a write to the
 * kernel's debugfs would: numbers in C notation, Y/N for switches, gfp flags by name or number.
 * Returns 0, or -ENOENT (no such file) or -EINVAL with one line of reason in @error.
 */
int rig_fault_set(struct rig_machine *machine, const char *path, const char *value, char *error,
		  size_t error_size);

/* The file's text (with the kernel's newline) into @value. -ENOENT: no such file. */
int rig_fault_get(struct rig_machine *machine, const char *path, char *value, size_t value_size);

/*
 * A --fault argument: attributes separated by ';', each with the files it sets:
 *
 *	failslab:probability=10,interval=3,times=-1,space=0,gfp=GFP_ATOMIC
 *	fail_page_alloc:min-order=1,ignore-gfp-wait=N;failslab:times=5
 *
 * What is not named keeps the kernel's default, but an attribute named without probability gets
 * 100, its verbose is 0, and gfp flags that ignore-gfp-wait or ignore-gfp-highmem would exclude
 * switch that filter off. Returns 0, or -EINVAL with one line of reason in @error.
 */
int rig_fault_parse(struct rig_machine *machine, const char *spec, char *error, size_t error_size);

/*
 * Writes the task's fail-nth: its @nth allocation from now on fails (0: none). Returns what was
 * left of the last one: 0 when it fired or there was none.
 */
unsigned int rig_fault_fail_nth(struct rig_machine *machine, struct task_struct *task,
				unsigned int nth);

/* Writes the task's make-it-fail, which attributes with task-filter ask for. */
void rig_fault_make_it_fail(struct rig_machine *machine, struct task_struct *task, bool on);

/* Sets faults_armed of all CPUs from what is configured; the functions above call it. */
void rig_fault_rearm(struct rig_machine *machine);

/* "GFP_ATOMIC", "GFP_NOWAIT|__GFP_NOWARN", "0x820". false: not understood. */
bool rig_fault_parse_gfp(const char *text, gfp_t *gfp);

/* The functions that a fault's stack trace shows, outermost last. Returns how many. */
unsigned int rig_stack_trace(struct rig_cpu *cpu, unsigned long *entries, unsigned int depth);

/* "function+0x12/0x40" of a code address, or "file+0x1234": never depends on ASLR. */
const char *rig_symbol(unsigned long address, char *text, size_t text_size);

#endif
