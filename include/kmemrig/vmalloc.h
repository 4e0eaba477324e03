/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vmalloc space of a machine: areas of kernel addresses, what is mapped in them, and the
 * choice of their addresses as in Linux 6.1's mm/vmalloc.c.
 */
#ifndef KMEMRIG_VMALLOC_H
#define KMEMRIG_VMALLOC_H

#include <kmemrig/check.h>
#include <kmemrig/cpu.h>
#include <kmemrig/page_size.h>
#include <linux/gfp_types.h>
#include <linux/types.h>
#include <stdio.h>

struct page;
struct rig_machine;

/* Flags of an area, with the kernel's values. */
#define VM_IOREMAP 0x00000001
#define VM_ALLOC 0x00000002
#define VM_MAP 0x00000004
#define VM_USERMAP 0x00000008
#define VM_DMA_COHERENT 0x00000010
#define VM_UNINITIALIZED 0x00000020
#define VM_NO_GUARD 0x00000040
#define VM_MAP_PUT_PAGES 0x00000200
#define VM_ALLOW_HUGE_VMAP 0x00000400

typedef struct {
	unsigned long pgprot;
} pgprot_t;

#define __pgprot(bits) ((pgprot_t){ (bits) })
#define pgprot_val(prot) ((prot).pgprot)

/* An area; it belongs to the vmalloc space and is valid until it is freed. */
struct vm_struct {
	void *addr;		 /* host address of its start */
	unsigned long size;	 /* bytes, guard page included */
	unsigned long flags;	 /* VM_* */
	struct page **pages;	 /* [nr_pages]; of the machine's memory */
	unsigned int page_order; /* of the blocks that pages came in */
	unsigned int nr_pages;
	phys_addr_t phys_addr;	 /* of an ioremap */
	unsigned long caller;	 /* who asked; 0: not known */
	const char *caller_name; /* in its stead where a name was recorded; NULL */
	u64 serial;		 /* areas are numbered as they are made */
};

int rig_vmalloc_init(struct rig_machine *machine);
void rig_vmalloc_fini(struct rig_machine *machine);

/*
 * __vmalloc_node_range() of 6.1: pages for @size bytes by the bulk allocator, mapped side by side
 * at the lowest fitting address of @align bytes (a power of two), a guard page behind them. @node:
 * where from, NUMA_NO_NODE: anywhere. NULL: no memory, and a "vmalloc error" line in the log
 * unless __GFP_NOWARN. May sleep.
 */
void *rig_vmalloc(struct rig_cpu *cpu, unsigned long size, unsigned long align, gfp_t gfp,
		  unsigned long vm_flags, int node, unsigned long caller);

/*
 * Frees an area and its pages; NULL is nothing. May sleep outside of interrupts; in interrupts it
 * becomes deferred work. An address that is not an area's start is misuse ("vmalloc.free").
 */
void rig_vfree(struct rig_cpu *cpu, const void *address);
void rig_vfree_atomic(struct rig_cpu *cpu, const void *address);

/* vmap() and vunmap() of 6.1. NULL: no address space or no memory. May sleep. */
void *rig_vmap(struct rig_cpu *cpu, struct page **pages, unsigned int count, unsigned long flags,
	       unsigned long caller);
void rig_vunmap(struct rig_cpu *cpu, const void *address);

/* An area with nothing mapped in it: @size bytes and a guard page. NULL: none. May sleep. */
struct vm_struct *rig_get_vm_area(struct rig_cpu *cpu, unsigned long size, unsigned long flags,
				  unsigned long caller);
void rig_free_vm_area(struct rig_cpu *cpu, struct vm_struct *area);

/* The area that an address lies in (its guard page included), or NULL. */
struct vm_struct *rig_find_vm_area(struct rig_machine *machine, const void *address);

bool rig_is_vmalloc_address(const struct rig_machine *machine, const void *address);
struct page *rig_vmalloc_to_page(struct rig_machine *machine, const void *address);

/* Purges what was freed lazily: its addresses can be used again. May sleep. */
void rig_vm_unmap_aliases(struct rig_cpu *cpu);

/* Also gives back what is kept ready for the next areas: before looking for what was leaked. */
void rig_vmalloc_settle(struct rig_cpu *cpu);

/* Is the object (host address) one that the vmalloc space itself allocated for its own use? */
bool rig_vmalloc_owns(struct rig_machine *machine, const void *object);

/* 0, or -EINVAL: see remap_vmalloc_range in linux/vmalloc.h. @size in bytes. */
int rig_remap_vmalloc_check(struct rig_machine *machine, const void *address, unsigned long pgoff,
			    unsigned long size);

/*
 * Marks an area as in use since before: @offset and @size in bytes from VMALLOC_START, guard page
 * included. @caller_name may be NULL. -EBUSY: something is there; -EINVAL: not whole pages or
 * outside; -ENOMEM.
 */
int rig_vmalloc_occupy(struct rig_machine *machine, u64 offset, u64 size, unsigned long flags,
		       const char *caller_name);

/* Live areas by address; @area NULL: the first; NULL: there is no other. */
struct vm_struct *rig_vmalloc_next_area(struct rig_machine *machine, const struct vm_struct *area);

/* Live areas, the number of areas ever made, and the pages of those made by vmalloc. */
unsigned long rig_vmalloc_nr_areas(const struct rig_machine *machine);
u64 rig_vmalloc_serial(const struct rig_machine *machine);
unsigned long rig_vmalloc_nr_pages(const struct rig_machine *machine);

/* /proc/vmallocinfo in the kernel's format. */
void rig_vmallocinfo(struct rig_machine *machine, FILE *out);

/* Invariants "vmalloc.*". */
bool rig_vmalloc_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict);

#endif
