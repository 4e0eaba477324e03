// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmalloc: kmalloc where that is cheap, vmalloc where it is not. Above a page kmalloc is asked
 * not to try hard and to be silent, because vmalloc comes next; what must not fail is vmalloc's
 * business alone.
 */
#include <string.h>

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "private.h"

void *kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	struct rig_cpu *cpu = rig_this_cpu();
	gfp_t first = gfp;
	void *object;

	if (size > PAGE_SIZE) {
		first |= __GFP_NOWARN;
		if (!(first & __GFP_RETRY_MAYFAIL))
			first |= __GFP_NORETRY;
		first &= ~__GFP_NOFAIL;
	}
	object = rig_kmalloc(cpu, size, first, node, _RET_IP_);
	if (object || size <= PAGE_SIZE)
		return object;
	/* vmalloc can't serve those who may not sleep. */
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	if (size > INT_MAX) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	return rig_vmalloc(cpu, size, 1, gfp, VM_ALLOW_HUGE_VMAP, node, _RET_IP_);
}

void kvfree(const void *address)
{
	if (is_vmalloc_addr(address))
		vfree(address);
	else
		kfree(address);
}

void kvfree_sensitive(const void *address, size_t size)
{
	if (ZERO_OR_NULL_PTR(address))
		return;
	memset((void *)address, 0, size);
	/* The compiler may not drop the memset of memory about to be freed. */
	__asm__ __volatile__("" : : "r"(address) : "memory");
	kvfree(address);
}
