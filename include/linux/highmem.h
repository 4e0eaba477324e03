/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reaching pages that have no address of their own: the kernel's API over kmemrig/highmem.h, on
 * the CPU that the thread drives. Lowmem pages have their direct map address and cost nothing.
 */
#ifndef _LINUX_HIGHMEM_H_RIG
#define _LINUX_HIGHMEM_H_RIG

#include <kmemrig/highmem.h>
#include <kmemrig/machine.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/preempt.h>
#include <string.h>

/* Until kunmap; may sleep while all of the LAST_PKMAP places are taken. */
static inline void *kmap(struct page *page)
{
	return rig_kmap(rig_this_cpu(), page);
}

static inline void kunmap(struct page *page)
{
	rig_kunmap(rig_this_cpu(), page);
}

/*
 * For this task on this CPU, in any context; given back in the opposite order. The older
 * kmap_atomic also switches preemption off.
 */
static inline void *kmap_local_page(struct page *page)
{
	return rig_kmap_local(rig_this_cpu(), page);
}

static inline void *kmap_atomic(struct page *page)
{
	preempt_disable();
	return rig_kmap_local(rig_this_cpu(), page);
}

static inline void rig_kunmap_atomic(const void *address)
{
	rig_kunmap_local(rig_this_cpu(), address);
	preempt_enable();
}

#define kunmap_local(address) rig_kunmap_local(rig_this_cpu(), (address))
#define kunmap_atomic(address) rig_kunmap_atomic(address)

/* The page that kmap, kmap_local_page or the direct map put at this address. */
static inline struct page *kmap_to_page(void *address)
{
	return rig_kmap_to_page(rig_this_cpu(), address);
}

static inline void kmap_flush_unused(void)
{
	rig_kmap_flush_unused(rig_this_cpu()->machine);
}

static inline unsigned long nr_free_highpages(void)
{
	return rig_nr_free_highpages(rig_this_cpu()->machine);
}

static inline unsigned long totalhigh_pages(void)
{
	return rig_totalhigh_pages(rig_this_cpu()->machine);
}

static inline void clear_highpage(struct page *page)
{
	void *address = kmap_local_page(page);

	memset(address, 0, PAGE_SIZE);
	kunmap_local(address);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	void *source = kmap_local_page(from);
	void *target = kmap_local_page(to);

	memcpy(target, source, PAGE_SIZE);
	kunmap_local(target);
	kunmap_local(source);
}

/* @offset and @length stay within the page. */
static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t length)
{
	char *from = kmap_local_page(page);

	BUG_ON(offset + length > PAGE_SIZE);
	memcpy(to, from + offset, length);
	kunmap_local(from);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t length)
{
	char *to = kmap_local_page(page);

	BUG_ON(offset + length > PAGE_SIZE);
	memcpy(to + offset, from, length);
	kunmap_local(to);
}

static inline void memset_page(struct page *page, size_t offset, int value, size_t length)
{
	char *at = kmap_local_page(page);

	BUG_ON(offset + length > PAGE_SIZE);
	memset(at + offset, value, length);
	kunmap_local(at);
}

static inline void memzero_page(struct page *page, size_t offset, size_t length)
{
	memset_page(page, offset, 0, length);
}

/* Caches that know physical addresses: nothing to write back. */
#define flush_dcache_page(page) ((void)(page))
#define flush_kernel_dcache_page(page) ((void)(page))
#define flush_kernel_vmap_range(address, size) ((void)(address))
#define invalidate_kernel_vmap_range(address, size) ((void)(address))

#endif
