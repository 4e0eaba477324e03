/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtually contiguous memory from scattered page frames: the kernel's API over kmemrig/vmalloc.h,
 * on the CPU that the thread drives. Addresses are the host's; rig_kernel_address() gives the
 * kernel's view. All but is_vmalloc_addr, vmalloc_to_page and vmalloc_to_pfn may sleep; vfree may
 * also be called in interrupts (the area then goes with the next deferred work).
 */
#ifndef _LINUX_VMALLOC_H_RIG
#define _LINUX_VMALLOC_H_RIG

#include <kmemrig/machine.h>
#include <kmemrig/vmalloc.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

#define PAGE_KERNEL __pgprot(0x8000000000000163UL)

/* NULL: @size is 0, above the machine's memory, or memory or address space ran out. */
#define RIG_VMALLOC(size, align, gfp, flags, node)                                                 \
	rig_vmalloc(rig_this_cpu(), size, align, gfp, flags, node, _RET_IP_)

static noinline __maybe_unused void *vmalloc(unsigned long size)
{
	return RIG_VMALLOC(size, 1, GFP_KERNEL, 0, NUMA_NO_NODE);
}

static noinline __maybe_unused void *vzalloc(unsigned long size)
{
	return RIG_VMALLOC(size, 1, GFP_KERNEL | __GFP_ZERO, 0, NUMA_NO_NODE);
}

/* Zeroed, and remap_vmalloc_range may map it: aligned to SHMLBA (a page on x86). */
static noinline __maybe_unused void *vmalloc_user(unsigned long size)
{
	return RIG_VMALLOC(size, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO, VM_USERMAP, NUMA_NO_NODE);
}

static noinline __maybe_unused void *vmalloc_node(unsigned long size, int node)
{
	return RIG_VMALLOC(size, 1, GFP_KERNEL, 0, node);
}

static noinline __maybe_unused void *vzalloc_node(unsigned long size, int node)
{
	return RIG_VMALLOC(size, 1, GFP_KERNEL | __GFP_ZERO, 0, node);
}

/* From memory below 4 GiB. */
static noinline __maybe_unused void *vmalloc_32(unsigned long size)
{
	return RIG_VMALLOC(size, 1, GFP_DMA32 | GFP_KERNEL, 0, NUMA_NO_NODE);
}

static noinline __maybe_unused void *vmalloc_32_user(unsigned long size)
{
	return RIG_VMALLOC(size, PAGE_SIZE, GFP_DMA32 | GFP_KERNEL | __GFP_ZERO, VM_USERMAP,
			   NUMA_NO_NODE);
}

static noinline __maybe_unused void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return RIG_VMALLOC(size, 1, gfp, 0, NUMA_NO_NODE);
}

static noinline __maybe_unused void *__vmalloc_node(unsigned long size, unsigned long align,
						    gfp_t gfp, int node, const void *caller)
{
	return rig_vmalloc(rig_this_cpu(), size, align, gfp, 0, node, (unsigned long)caller);
}

#undef RIG_VMALLOC

static inline void vfree(const void *address)
{
	rig_vfree(rig_this_cpu(), address);
}

/* From any context; the area goes with the next deferred work. */
static inline void vfree_atomic(const void *address)
{
	rig_vfree_atomic(rig_this_cpu(), address);
}

/*
 * Maps @count pages side by side. With VM_MAP_PUT_PAGES the array (kmalloc or vmalloc memory) and
 * a reference to each page go over to the area and are dropped by vfree.
 */
static noinline __maybe_unused void *vmap(struct page **pages, unsigned int count,
					  unsigned long flags, pgprot_t prot)
{
	return rig_vmap(rig_this_cpu(), pages, count, flags, _RET_IP_);
}

static inline void vunmap(const void *address)
{
	rig_vunmap(rig_this_cpu(), address);
}

static inline bool is_vmalloc_addr(const void *address)
{
	return rig_is_vmalloc_address(rig_this_cpu()->machine, address);
}

/* NULL: nothing is mapped there. */
static inline struct page *vmalloc_to_page(const void *address)
{
	return rig_vmalloc_to_page(rig_this_cpu()->machine, address);
}

static inline unsigned long vmalloc_to_pfn(const void *address)
{
	return rig_page_to_pfn(rig_this_cpu()->machine, vmalloc_to_page(address));
}

static inline void vm_unmap_aliases(void)
{
	rig_vm_unmap_aliases(rig_this_cpu());
}

static noinline __maybe_unused struct vm_struct *get_vm_area(unsigned long size,
							     unsigned long flags)
{
	return rig_get_vm_area(rig_this_cpu(), size, flags, _RET_IP_);
}

static inline struct vm_struct *find_vm_area(const void *address)
{
	return rig_find_vm_area(rig_this_cpu()->machine, address);
}

/* Gives back an area of get_vm_area that nothing is mapped in any more. */
static inline void free_vm_area(struct vm_struct *area)
{
	rig_free_vm_area(rig_this_cpu(), area);
}

/* A user mapping that remap_vmalloc_range checks; the rig has no user address spaces. */
struct vm_area_struct {
	unsigned long vm_start, vm_end; /* user addresses, bytes */
	unsigned long vm_flags;
	unsigned long vm_pgoff;
};

/*
 * The checks of remap_vmalloc_range(): @address is page aligned, of an area made for user
 * mappings, and @pgoff pages plus the user mapping lie within it. 0 or -EINVAL.
 */
static inline int remap_vmalloc_range(struct vm_area_struct *vma, void *address,
				      unsigned long pgoff)
{
	return rig_remap_vmalloc_check(rig_this_cpu()->machine, address, pgoff,
				       vma->vm_end - vma->vm_start);
}

#endif
