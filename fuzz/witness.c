// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts in between, and what is left at the end: see witness.h. */
#include <stdlib.h>

#include <kmemrig/checked.h>
#include <kmemrig/context.h>
#include <kmemrig/frames.h>
#include <kmemrig/irq.h>
#include <kmemrig/kmem.h>
#include <kmemrig/rcu.h>
#include <kmemrig/slub.h>
#include <kmemrig/vmalloc.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <string.h>

#include "run.h"
#include "witness.h"

/* A line that no device of the fuzzers' machines has. */
#define WITNESS_IRQ 9
#define STASH 8

struct stashed {
	struct kmem_cache *cache; /* NULL: of kmalloc */
	void *object;
};

struct fuzz_witness {
	struct rig_event_sink sink;
	struct rig_machine *machine;
	struct rig_ops *ops;
	const struct rig_op *op; /* that runs now; NULL: none */
	s64 objects;		 /* allocated and not freed */
	unsigned long frames;	 /* in use at the beginning, of no slab */
	bool has_line;
	bool interrupts;
	bool in_interrupt;
	struct stashed stash[STASH]; /* what the handler holds */
	unsigned int next;
	const void *freelist; /* of the CPU, before a bulk allocation */
	unsigned long tid;
};

/* --- the interrupt */

static void drop(struct fuzz_witness *witness, struct stashed *held)
{
	struct rig_cpu *cpu = rig_this_cpu();

	if (held->object && held->cache)
		rig_kmem_cache_free(cpu, held->cache, held->object, 0);
	else if (held->object)
		rig_kfree(cpu, held->object, 0);
	held->object = NULL;
}

static void drop_all(struct fuzz_witness *witness)
{
	struct rig_cpu *before = rig_cpu_enter(witness->ops ? rig_ops_cpu(witness->ops)
							    : &witness->machine->cpus[0]);

	for (unsigned int i = 0; i < STASH; i++)
		drop(witness, &witness->stash[i]);
	rig_cpu_enter(before);
}

static struct kmem_cache *cache_of_op(const struct fuzz_witness *witness)
{
	const struct rig_op *op = witness->op;

	if (!op || (op->kind != RIG_OP_CACHE_ALLOC && op->kind != RIG_OP_CACHE_ALLOC_BULK))
		return NULL;
	return rig_ops_cache(witness->ops, op->id);
}

static bool watches_tid(const struct fuzz_witness *witness, const struct kmem_cache *cache)
{
	return cache && witness->op->kind == RIG_OP_CACHE_ALLOC_BULK &&
	       !strcmp(witness->machine->slab->name, "slub");
}

static void check_tid(struct fuzz_witness *witness, struct rig_cpu *cpu)
{
	struct kmem_cache *cache = cache_of_op(witness);
	const void *freelist;
	unsigned long tid;

	if (!watches_tid(witness, cache))
		return;
	rig_slub_cpu_state(cache, cpu, &freelist, &tid);
	if (freelist != witness->freelist && tid == witness->tid)
		fuzz_fail(witness->machine, "slub.tid",
			  "cache %s: an interrupt in a bulk allocation finds another free list "
			  "under the number %lu",
			  cache->name, tid);
}

/* What a driver's handler may do: it frees what it holds for longest and allocates anew. */
static irqreturn_t handle(int irq, void *data)
{
	struct fuzz_witness *witness = data;
	struct rig_cpu *cpu = rig_this_cpu();
	struct stashed *held = &witness->stash[witness->next++ % STASH];

	rig_irq_lower(witness->machine, WITNESS_IRQ);
	witness->in_interrupt = true;
	check_tid(witness, cpu);
	drop(witness, held);
	held->cache = cache_of_op(witness);
	if (held->cache)
		held->object = rig_kmem_cache_alloc(cpu, held->cache, GFP_ATOMIC | __GFP_NOWARN,
						    NUMA_NO_NODE, 0);
	else
		held->object = rig_kmalloc(cpu, 32u << witness->next % 4, GFP_ATOMIC | __GFP_NOWARN,
					   NUMA_NO_NODE, 0);
	witness->in_interrupt = false;
	return IRQ_HANDLED;
}

/* --- events */

static bool is_object(u64 address)
{
	return address > (u64)(unsigned long)ZERO_SIZE_PTR;
}

static void witness_event(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct fuzz_witness *witness = container_of(sink, struct fuzz_witness, sink);

	switch (event->id) {
	case RIG_EVENT_kmalloc:
		witness->objects += is_object(event->kmalloc.ptr);
		break;
	case RIG_EVENT_kmem_cache_alloc:
		witness->objects += is_object(event->kmem_cache_alloc.ptr);
		break;
	case RIG_EVENT_kfree:
		witness->objects -= is_object(event->kfree.ptr);
		break;
	case RIG_EVENT_kmem_cache_free:
		witness->objects -= is_object(event->kmem_cache_free.ptr);
		break;
	case RIG_EVENT_mm_page_alloc:
		if (witness->interrupts && !witness->in_interrupt && witness->op)
			rig_irq_raise(&witness->machine->cpus[event->cpu], WITNESS_IRQ, "fuzz");
		break;
	default:
		break;
	}
}

/* --- the run */

/* Frames in use that are not a slab's; 0 where nobody knows who has a frame. */
static unsigned long frames_in_use(const struct rig_machine *machine)
{
	unsigned long used = 0;

	/* SLOB's pages are not counted as those of slabs */
	if (!machine->checked || !strcmp(machine->slab->name, "slob"))
		return 0;
	for (unsigned long pfn = 0; pfn < machine->max_pfn; pfn++)
		used += rig_frames_owner(rig_checked_frames(machine), pfn) >= RIG_FRAME_FIRST_OWNER;
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		used -= rig_kmem_pages(machine, nid, false) + rig_kmem_pages(machine, nid, true);
	return used;
}

/* What waits its turn to be freed is not leaked; at the start, not in use. */
static void settle(struct rig_machine *machine)
{
	struct rig_cpu *cpu = &machine->cpus[0];
	struct rig_cpu *before = rig_cpu_enter(cpu);

	rig_rcu_run(cpu);
	rig_run_work(cpu);
	rig_vmalloc_settle(cpu);
	rig_cpu_enter(before);
}

struct fuzz_witness *fuzz_witness_begin(struct rig_machine *machine, struct rig_ops *ops,
					bool interrupts)
{
	struct fuzz_witness *witness = calloc(1, sizeof(*witness));
	struct rig_cpu *before;

	if (!witness)
		return NULL;
	settle(machine);
	witness->machine = machine;
	witness->ops = ops;
	witness->frames = frames_in_use(machine);
	witness->sink.emit = witness_event;
	witness->sink.wanted = RIG_WANT(kmalloc) | RIG_WANT(kfree) | RIG_WANT(kmem_cache_alloc) |
			       RIG_WANT(kmem_cache_free) | RIG_WANT(mm_page_alloc);
	rig_event_attach(machine, &witness->sink);
	before = rig_cpu_enter(&machine->cpus[0]);
	/* a machine that is too full for it gets none */
	witness->has_line =
		!rig_irq_request(&machine->cpus[0], WITNESS_IRQ, handle, 0, "fuzz", witness);
	witness->interrupts = interrupts && witness->has_line;
	rig_cpu_enter(before);
	return witness;
}

void fuzz_witness_before(struct fuzz_witness *witness, const struct rig_op *op)
{
	/* a cache is destroyed when its users have freed their objects */
	if (op->kind == RIG_OP_CACHE_DESTROY)
		drop_all(witness);
	witness->op = op;
	if (!watches_tid(witness, cache_of_op(witness)))
		return;
	rig_slub_cpu_state(cache_of_op(witness), rig_ops_cpu(witness->ops), &witness->freelist,
			   &witness->tid);
	/* one that waits for interrupts to be on again, in the middle of the call */
	if (witness->interrupts)
		rig_irq_set(rig_ops_cpu(witness->ops), WITNESS_IRQ, "fuzz");
}

void fuzz_witness_after(struct fuzz_witness *witness, const struct rig_op *op,
			const struct rig_op_result *result)
{
	witness->op = NULL;
	if (witness->interrupts)
		rig_irq_deliver_pending(rig_ops_cpu(witness->ops));
	/* calls in bulk have no events */
	if (op->kind == RIG_OP_CACHE_ALLOC_BULK && result->status == RIG_OP_DONE)
		witness->objects += result->value;
}

void fuzz_witness_stop(struct fuzz_witness *witness)
{
	struct rig_cpu *cpu = &witness->machine->cpus[0];
	struct rig_cpu *before = rig_cpu_enter(cpu);

	witness->interrupts = false;
	drop_all(witness);
	if (witness->has_line)
		rig_irq_release(cpu, WITNESS_IRQ, witness);
	rig_cpu_enter(before);
}

void fuzz_witness_end(struct fuzz_witness *witness)
{
	struct rig_machine *machine = witness->machine;
	unsigned long frames;

	settle(machine);
	rig_event_detach(machine, &witness->sink);
	if (witness->objects)
		fuzz_fail(machine, "shadow.leak_objects", "%lld objects",
			  (long long)witness->objects);
	frames = frames_in_use(machine);
	if (frames != witness->frames)
		fuzz_fail(machine, "shadow.leak_frames",
			  "%lu frames are in use and no slab's, at the beginning %lu", frames,
			  witness->frames);
	free(witness);
}
