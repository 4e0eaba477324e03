/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual CPU: what runs on a machine. Core functions take one; the kernel's API takes the one
 * that the calling thread drives, from a single thread-local pointer.
 */
#ifndef KMEMRIG_CPU_H
#define KMEMRIG_CPU_H

#include <linux/types.h>

struct rig_kthread;
struct rig_machine;

/* Flags of a task that the allocators look at, with the kernel's bit values. */
#define PF_WQ_WORKER 0x00000020
#define PF_EXITING 0x00000004
#define PF_MEMALLOC 0x00000800
#define PF_KSWAPD 0x00020000
#define PF_MEMALLOC_NOFS 0x00040000
#define PF_MEMALLOC_NOIO 0x00080000
#define PF_KTHREAD 0x00200000
#define PF_MEMALLOC_PIN 0x10000000

#define TASK_COMM_LEN 16

/* Who a CPU works for, as far as allocators and fault injection ask. */
struct task_struct {
	int pid;
	int tgid;
	char comm[TASK_COMM_LEN];
	unsigned int flags;	     /* PF_* */
	bool make_it_fail;	     /* task-filter of fault attributes */
	unsigned int fail_nth;	     /* > 0: count down, and fail the call that reaches 0 */
	bool oom_victim;	     /* TIF_MEMDIE: may use all reserves */
	unsigned int __state;	     /* TASK_* of linux/sched.h; accessed atomically */
	int usage;		     /* of a kernel thread: references beyond its own */
	struct rig_kthread *kthread; /* NULL: not one of linux/kthread.h */
};

struct rig_cpu {
	struct rig_machine *machine;
	int id;	 /* 0 .. machine->nr_cpus - 1 */
	int nid; /* the node it belongs to */
	bool online;
	bool irqs_pending; /* one arrived while they were off */
	u8 busy;	   /* in the fast path of some cache: struct kmem_cache, cpu_lists */
	/* Hot paths look at all of it at once. */
	union {
		struct {
			unsigned int preempt_count; /* linux/preempt.h */
			bool irqs_disabled;
			bool faults_armed; /* some fault attribute or fail-nth is active: ask it
					      (kmemrig/fault.h) */
			bool checked;	   /* machine->check_tier is not 0 */
			bool watched;	   /* someone listens to events of slab objects */
		};
		u64 unusual; /* 0: none of these */
	};
	unsigned long list_at;	  /* id * KMEM_CPU_LIST_STRIDE */
	struct task_struct *task; /* never NULL; the CPU's idle task at first */
	struct task_struct idle;
	/* Where the API was entered, for call_site fields; 0: take the return address. */
	unsigned long call_site;
	/* For slab backends that track users (cache->wants_caller): of the call under way. */
	unsigned long slab_caller;
	size_t slab_orig_size; /* bytes that kmalloc was asked for; 0: not a kmalloc */
} __attribute__((aligned(64)));

extern __thread struct rig_cpu *rig_current_cpu __attribute__((tls_model("initial-exec")));

/* The CPU that this thread drives; NULL before rig_cpu_enter(). */
static inline struct rig_cpu *rig_this_cpu(void)
{
	return rig_current_cpu;
}

/*
 * From here on this thread drives @cpu (NULL: none). Returns the one that it drove before.
 * Two threads may not drive the same CPU at the same time.
 */
static inline struct rig_cpu *rig_cpu_enter(struct rig_cpu *cpu)
{
	struct rig_cpu *before = rig_current_cpu;

	rig_current_cpu = cpu;
	return before;
}

#define current (rig_this_cpu()->task)
#define smp_processor_id() (rig_this_cpu()->id)
#define raw_smp_processor_id() (rig_this_cpu()->id)

#endif
