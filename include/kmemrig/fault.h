/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocation failures on request, as the kernel's fault-injection framework makes them
 * (Documentation/fault-injection there). This is the side that can fail: one hook at the front of
 * the slab layer, one at the front of the page allocator. The side that makes them fail is
 * kmemrig/fault_control.h.
 */
#ifndef KMEMRIG_FAULT_H
#define KMEMRIG_FAULT_H

#include <kmemrig/cpu.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct kmem_cache;

/* The slow parts; they decide, count, and emit kmemrig:fault_injected. */
bool rig_failslab_decide(struct rig_cpu *cpu, struct kmem_cache *cache, size_t size, gfp_t gfp);
bool rig_fail_alloc_page_decide(struct rig_cpu *cpu, gfp_t gfp, unsigned int order);

/* True: this slab allocation of @size bytes must fail (should_failslab in the kernel). */
static __always_inline bool rig_should_failslab(struct rig_cpu *cpu, struct kmem_cache *cache,
						size_t size, gfp_t gfp)
{
	return unlikely(cpu->faults_armed) && rig_failslab_decide(cpu, cache, size, gfp);
}

/* True: this page allocation must fail (should_fail_alloc_page in the kernel). */
static __always_inline bool rig_should_fail_alloc_page(struct rig_cpu *cpu, gfp_t gfp,
						       unsigned int order)
{
	return unlikely(cpu->faults_armed) && rig_fail_alloc_page_decide(cpu, gfp, order);
}

#endif
