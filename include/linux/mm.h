/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages, their numbers, addresses and references. Everything refers to the current CPU's machine.
 */
#ifndef _LINUX_MM_H_RIG
#define _LINUX_MM_H_RIG

#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>

static inline unsigned long page_to_pfn(const struct page *page)
{
	return rig_page_to_pfn(rig_this_cpu()->machine, page);
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return rig_pfn_to_page(rig_this_cpu()->machine, pfn);
}

static inline bool pfn_valid(unsigned long pfn)
{
	return pfn < rig_this_cpu()->machine->max_pfn;
}

#define max_mapnr (rig_this_cpu()->machine->max_pfn)

static inline struct page *virt_to_page(const void *address)
{
	return rig_virt_to_page(rig_this_cpu()->machine, address);
}

static inline struct page *virt_to_head_page(const void *address)
{
	return compound_head(virt_to_page(address));
}

/* Does the address lie in the direct map? */
static inline bool virt_addr_valid(const void *address)
{
	const struct rig_machine *machine = rig_this_cpu()->machine;

	return (unsigned long)((const u8 *)address - machine->direct_map) < machine->max_low_pfn
										    << PAGE_SHIFT;
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return PFN_PHYS(page_to_pfn(page));
}

#define phys_to_page(phys) pfn_to_page(PHYS_PFN(phys))

static inline phys_addr_t virt_to_phys(const void *address)
{
	return (phys_addr_t)((const u8 *)address - rig_this_cpu()->machine->direct_map);
}

static inline void *phys_to_virt(phys_addr_t phys)
{
	return rig_this_cpu()->machine->direct_map + phys;
}

#define __pa(address) virt_to_phys((const void *)(address))
#define __va(phys) phys_to_virt(phys)

static inline struct zone *page_zone(const struct page *page)
{
	return rig_page_zone(rig_this_cpu()->machine, page);
}

static inline bool PageHighMem(const struct page *page)
{
	return page_to_pfn(page) >= rig_this_cpu()->machine->max_low_pfn;
}

static inline void *lowmem_page_address(const struct page *page)
{
	return rig_page_address(rig_this_cpu()->machine, page);
}

/* Host address; NULL for a highmem page that is not mapped. */
static inline void *page_address(const struct page *page)
{
	return PageHighMem(page) ? page->virtual : lowmem_page_address(page);
}

#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)

static inline unsigned long page_private(const struct page *page)
{
	return page->private;
}

static inline void set_page_private(struct page *page, unsigned long value)
{
	page->private = value;
}

static inline unsigned long page_size(const struct page *page)
{
	return PAGE_SIZE << compound_order(page);
}

/* Takes one more reference to a page that has some. */
static inline void get_page(struct page *page)
{
	atomic_inc(&compound_head(page)->_refcount);
}

static inline void put_page(struct page *page)
{
	rig_put_page(rig_this_cpu(), page);
}

static inline void split_page(struct page *page, unsigned int order)
{
	rig_split_page(rig_this_cpu(), page, order);
}

static inline void free_reserved_page(struct page *page)
{
	rig_free_reserved_page(rig_this_cpu(), page);
}

/* The smallest order whose pages hold @size bytes. */
static inline int get_order(unsigned long size)
{
	return size ? (size - 1 < PAGE_SIZE ? 0 : fls64((size - 1) >> PAGE_SHIFT))
		    : 64 - PAGE_SHIFT;
}

static inline unsigned long totalram_pages(void)
{
	return (unsigned long)atomic_long_read(&rig_this_cpu()->machine->totalram_pages);
}

/* Was the page taken from the reserves that only freeing memory may use? */
static inline bool page_is_pfmemalloc(const struct page *page)
{
	return (unsigned long)page->lru.next & BIT(1);
}

/* Is memory cleared when it is handed out / given back: init_on_alloc=1, init_on_free=1. */
static inline bool want_init_on_alloc(gfp_t gfp)
{
	char value[8];

	return (gfp & __GFP_ZERO) ||
	       (rig_boot_option(rig_this_cpu()->machine, "init_on_alloc", value, sizeof(value)) &&
		value[0] != '0' && value[0] != 'n');
}

static inline bool want_init_on_free(void)
{
	char value[8];

	return rig_boot_option(rig_this_cpu()->machine, "init_on_free", value, sizeof(value)) &&
	       value[0] != '0' && value[0] != 'n';
}

#endif
