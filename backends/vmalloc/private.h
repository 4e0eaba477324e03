/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share: the vmalloc space of one machine. */
#ifndef RIG_VMALLOC_PRIVATE_H
#define RIG_VMALLOC_PRIVATE_H

#include <kmemrig/irq.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <kmemrig/vmalloc.h>
#include <linux/spinlock.h>

#include "tree.h"

/* The end of the kernel's vmalloc space with four-level paging. */
#define RIG_VMALLOC_END 0xffffe8ffffffffffUL

/* GFP_RECLAIM_MASK of the kernel: how hard a request tries, not where memory comes from. */
#define RECLAIM_MASK                                                                               \
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_RETRY_MAYFAIL |   \
	 __GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC)

/* An area as this folder knows it: what callers see, and what is mapped. */
struct area {
	struct vm_struct vm;
	struct span *span;
	u64 *pfns; /* [nr_mapped], host memory */
	unsigned long nr_mapped;
	void *object; /* kmalloc'd where the kernel has struct vm_struct; may be NULL */
};

struct deferred_free {
	const void *address;
	struct deferred_free *next;
};

struct rig_vmalloc {
	struct rig_machine *machine;
	spinlock_t lock; /* all of the below */
	struct span_tree free, busy, lazy;
	unsigned long nr_lazy_pages;
	unsigned long nr_pages; /* of areas made by vmalloc */
	u64 serial;
	struct kmem_cache *cache;	   /* "vmap_area" */
	struct span *preload[RIG_NR_CPUS]; /* a node for a split, kept ready for each CPU */
	struct rig_work drain_work;
	struct rig_work free_work;
	struct deferred_free *deferred;
};

static inline struct area *area_of(struct vm_struct *vm)
{
	return container_of(vm, struct area, vm);
}

static inline void *host_of(const struct rig_vmalloc *space, u64 address)
{
	return space->machine->vmalloc_window + (address - RIG_VMALLOC_START);
}

static inline u64 address_of(const struct rig_vmalloc *space, const void *host)
{
	return RIG_VMALLOC_START + (u64)((const u8 *)host - space->machine->vmalloc_window);
}

/* The pages of an area without its guard page. */
static inline unsigned long area_bytes(const struct vm_struct *vm)
{
	return vm->flags & VM_NO_GUARD ? vm->size : vm->size - PAGE_SIZE;
}

/* space.c: spans of addresses. */
int space_init(struct rig_vmalloc *space);
void space_fini(struct rig_vmalloc *space);
/* A used span of @size bytes, or NULL; see alloc_vmap_area of 6.1. */
struct span *space_alloc(struct rig_cpu *cpu, u64 size, u64 align, int node, gfp_t gfp);
/* The span is used no more; its addresses stay taken until the purge. */
void space_free_lazily(struct rig_cpu *cpu, struct span *span);
void space_purge(struct rig_cpu *cpu);
int space_occupy(struct rig_vmalloc *space, u64 start, u64 end);
bool space_check(struct rig_vmalloc *space, struct rig_verdict *verdict);

#endif
