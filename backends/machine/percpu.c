// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU memory. What programs define lies in one section; CPU 0 uses it as it is, the others get
 * a copy when they first ask. What they allocate comes from chunks:
 *
 *	chunk->base    [unit of CPU 0][unit of CPU 1] ... each PCPU_MIN_UNIT_SIZE
 *	a pointer is into the first unit; that of CPU n lies n units further on
 *
 * Each chunk has two bitmaps in steps of PCPU_MIN_ALLOC_SIZE: what is taken, and where an
 * allocation begins (with one more bit for the end). First fit, the oldest chunk with room first; a
 * chunk that is empty goes back. percpu->lock guards all of it; chunks are made outside of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/vmalloc.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "percpu.h"

#define UNITS (PCPU_MIN_UNIT_SIZE / PCPU_MIN_ALLOC_SIZE)

struct chunk {
	struct list_head node;
	u8 *base;
	unsigned int free; /* steps */
	DECLARE_BITMAP(taken, UNITS);
	DECLARE_BITMAP(starts, UNITS + 1);
};

struct rig_percpu {
	spinlock_t lock;
	struct list_head chunks; /* oldest first */
};

extern u8 __start_rig_percpu[] __attribute__((weak)), __stop_rig_percpu[] __attribute__((weak));

/* Of the program's own variables, for CPUs above 0; made once and kept. */
static u8 *copies[RIG_NR_CPUS];

static u8 *copy_of(int cpu)
{
	size_t size = (size_t)(__stop_rig_percpu - __start_rig_percpu);
	u8 *copy = __atomic_load_n(&copies[cpu], __ATOMIC_ACQUIRE), *fresh;

	if (copy)
		return copy;
	fresh = aligned_alloc(64, ALIGN(size, 64));
	if (!fresh)
		abort();
	/* As CPU 0 has them by now: what a program sets before it starts its CPUs is for all. */
	memcpy(fresh, __start_rig_percpu, size);
	if (__atomic_compare_exchange_n(&copies[cpu], &copy, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	free(fresh);
	return copy;
}

void *rig_per_cpu_address(struct rig_cpu *cpu, const void __percpu *ptr, int of)
{
	u8 *at = (u8 *)(__force unsigned long)ptr;

	if (at >= __start_rig_percpu && at < __stop_rig_percpu)
		return of == 0 ? at : copy_of(of) + (at - __start_rig_percpu);
	return at + (size_t)of * PCPU_MIN_UNIT_SIZE;
}

static struct chunk *make_chunk(struct rig_cpu *cpu, gfp_t gfp, unsigned long caller)
{
	struct chunk *chunk =
		rig_kmalloc(cpu, sizeof(*chunk), gfp | __GFP_ZERO, NUMA_NO_NODE, caller);

	if (!chunk)
		return NULL;
	chunk->base = rig_vmalloc(cpu, (unsigned long)cpu->machine->nr_cpus * PCPU_MIN_UNIT_SIZE, 1,
				  gfp | __GFP_ZERO, 0, NUMA_NO_NODE, caller);
	if (!chunk->base) {
		rig_kfree(cpu, chunk, caller);
		return NULL;
	}
	chunk->free = UNITS;
	return chunk;
}

/* Takes @steps from a chunk; NULL: no room. */
static u8 *take_from(struct chunk *chunk, unsigned int steps, unsigned int align)
{
	unsigned long at;

	if (chunk->free < steps)
		return NULL;
	at = bitmap_find_next_zero_area(chunk->taken, UNITS, 0, steps, align - 1);
	if (at >= UNITS)
		return NULL;
	bitmap_set(chunk->taken, (unsigned int)at, steps);
	__set_bit((long)at, chunk->starts);
	__set_bit((long)(at + steps), chunk->starts);
	chunk->free -= steps;
	return chunk->base + at * PCPU_MIN_ALLOC_SIZE;
}

static u8 *take(struct rig_percpu *percpu, unsigned int steps, unsigned int align)
{
	struct chunk *chunk;
	u8 *found = NULL;

	rig_spin_lock(&percpu->lock);
	list_for_each_entry (chunk, &percpu->chunks, node) {
		found = take_from(chunk, steps, align);
		if (found)
			break;
	}
	rig_spin_unlock(&percpu->lock);
	return found;
}

static void clear(const struct rig_machine *machine, u8 *at, unsigned int steps)
{
	for (int cpu = 0; cpu < machine->nr_cpus; cpu++)
		memset(at + (size_t)cpu * PCPU_MIN_UNIT_SIZE, 0, steps * PCPU_MIN_ALLOC_SIZE);
}

static void *allocate(struct rig_cpu *cpu, size_t size, size_t align, gfp_t gfp,
		      unsigned long caller)
{
	struct rig_percpu *percpu = cpu->machine->percpu;
	unsigned int steps = (unsigned int)DIV_ROUND_UP(size, PCPU_MIN_ALLOC_SIZE);
	unsigned int align_steps;
	struct chunk *chunk;
	u8 *found;

	align = max(align, (size_t)PCPU_MIN_ALLOC_SIZE);
	if (!size || size > PCPU_MIN_UNIT_SIZE || align > PAGE_SIZE || !is_power_of_2(align)) {
		rig_log(cpu->machine, "illegal size (%zu) or align (%zu) for percpu allocation",
			size, align);
		return NULL;
	}
	align_steps = (unsigned int)(align / PCPU_MIN_ALLOC_SIZE);
	found = take(percpu, steps, align_steps);
	if (!found && (gfp & __GFP_DIRECT_RECLAIM)) {
		chunk = make_chunk(cpu, gfp, caller);
		if (chunk) {
			rig_spin_lock(&percpu->lock);
			list_add_tail(&chunk->node, &percpu->chunks);
			rig_spin_unlock(&percpu->lock);
			found = take(percpu, steps, align_steps);
		}
	}
	if (found)
		clear(cpu->machine, found, steps);
	else if (!(gfp & __GFP_NOWARN))
		rig_log(cpu->machine, "percpu: allocation failed, size=%zu align=%zu atomic=%d",
			size, align, !(gfp & __GFP_DIRECT_RECLAIM));
	return found;
}

void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	return (__force void __percpu *)allocate(rig_this_cpu(), size, align, gfp, _RET_IP_);
}

void __percpu *__alloc_percpu(size_t size, size_t align)
{
	return (__force void __percpu *)allocate(rig_this_cpu(), size, align, GFP_KERNEL, _RET_IP_);
}

/* The chunk whose first unit has the address; NULL: none. */
static struct chunk *chunk_of(struct rig_percpu *percpu, const u8 *at)
{
	struct chunk *chunk;

	list_for_each_entry (chunk, &percpu->chunks, node)
		if (at >= chunk->base && at < chunk->base + PCPU_MIN_UNIT_SIZE)
			return chunk;
	return NULL;
}

/* Gives [start, end) back; the end's mark goes unless the next allocation begins there. */
static void give_back(struct chunk *chunk, unsigned int start)
{
	unsigned int end = (unsigned int)find_next_bit(chunk->starts, UNITS + 1, start + 1);

	bitmap_clear(chunk->taken, start, end - start);
	if (end == UNITS || !test_bit(end, chunk->taken))
		__clear_bit(end, chunk->starts);
	if (start == 0 || !test_bit(start - 1, chunk->taken))
		__clear_bit(start, chunk->starts);
	chunk->free += end - start;
}

void free_percpu(void __percpu *ptr)
{
	struct rig_cpu *cpu = rig_this_cpu();
	struct rig_percpu *percpu = cpu->machine->percpu;
	u8 *at = (u8 *)(__force unsigned long)ptr;
	struct chunk *chunk;
	unsigned int start = 0;
	bool ours = false;

	if (!ptr)
		return;
	rig_spin_lock(&percpu->lock);
	chunk = chunk_of(percpu, at);
	if (chunk) {
		start = (unsigned int)((size_t)(at - chunk->base) / PCPU_MIN_ALLOC_SIZE);
		ours = test_bit(start, chunk->taken) && test_bit(start, chunk->starts);
	}
	if (ours)
		give_back(chunk, start);
	if (ours && chunk->free == UNITS)
		list_del(&chunk->node);
	else
		chunk = NULL;
	rig_spin_unlock(&percpu->lock);
	if (!ours) {
		rig_misuse(cpu, "percpu.free", "free_percpu of %#llx, where no allocation begins",
			   (unsigned long long)rig_kernel_address(cpu->machine, at));
		return;
	}
	if (chunk) {
		rig_vfree_atomic(cpu, chunk->base);
		rig_kfree(cpu, chunk, _RET_IP_);
	}
}

int rig_percpu_init(struct rig_machine *machine)
{
	machine->percpu = calloc(1, sizeof(*machine->percpu));
	if (!machine->percpu)
		return -ENOMEM;
	spin_lock_init(&machine->percpu->lock);
	INIT_LIST_HEAD(&machine->percpu->chunks);
	return 0;
}

void rig_percpu_fini(struct rig_machine *machine)
{
	/* Chunks are memory of the machine, and go with it. */
	free(machine->percpu);
	machine->percpu = NULL;
}
