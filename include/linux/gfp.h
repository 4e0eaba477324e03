/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page allocator's API. Each function runs on the CPU that the calling thread drives (see
 * rig_cpu_enter()); kmemrig/page.h has the same functions with the CPU as a parameter, and says
 * what they return and whether they sleep. Addresses are the host's, so that the memory can be
 * used.
 */
#ifndef _LINUX_GFP_H_RIG
#define _LINUX_GFP_H_RIG

#include <kmemrig/page.h>
#include <linux/errno.h>
#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/topology.h>

typedef struct nodemask {
	unsigned long bits[MAX_NUMNODES / BITS_PER_LONG];
} nodemask_t;

#define node_isset(node, mask)                                                                     \
	(((mask).bits[(node) / BITS_PER_LONG] >> ((node) % BITS_PER_LONG)) & 1)
#define node_set(node, mask) ((mask).bits[(node) / BITS_PER_LONG] |= BIT((node) % BITS_PER_LONG))
#define node_clear(node, mask) ((mask).bits[(node) / BITS_PER_LONG] &= ~BIT((node) % BITS_PER_LONG))
#define nodes_clear(mask) ((void)((mask) = (nodemask_t){ { 0 } }))

/* The migratetype that a request's flags ask for. */
static inline int gfp_migratetype(gfp_t gfp)
{
	return (int)((gfp & GFP_MOVABLE_MASK) >> 3);
}

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/* The highest zone that may serve a request (gfp_zone's table in the kernel). */
enum zone_type gfp_zone(gfp_t gfp);

/* Flags that a task's scope takes away (memalloc_noio_save and the like). */
gfp_t rig_current_gfp_context(const struct rig_cpu *cpu, gfp_t gfp);

static inline gfp_t current_gfp_context(gfp_t gfp)
{
	return rig_current_gfp_context(rig_this_cpu(), gfp);
}

static inline struct page *__alloc_pages(gfp_t gfp, unsigned int order, int preferred_nid,
					 const nodemask_t *nodemask)
{
	return rig_alloc_pages(rig_this_cpu(), gfp, order, preferred_nid,
			       nodemask ? nodemask->bits : NULL);
}

/* @nid: NUMA_NO_NODE means the CPU's own. */
static inline struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	return rig_alloc_pages(rig_this_cpu(), gfp, order, nid, NULL);
}

static inline struct page *__alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	return rig_alloc_pages(rig_this_cpu(), gfp, order, nid, NULL);
}

static inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return rig_alloc_pages(rig_this_cpu(), gfp, order, NUMA_NO_NODE, NULL);
}

#define alloc_page(gfp) alloc_pages(gfp, 0)

unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
unsigned long get_zeroed_page(gfp_t gfp);

#define __get_free_page(gfp) __get_free_pages((gfp), 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, (order))
/* names without underscores, as older code has them */
#define get_free_page(gfp) get_zeroed_page(gfp)
#define get_free_pages(gfp, order) __get_free_pages((gfp), (order))

void *alloc_pages_exact(size_t size, gfp_t gfp);
void *alloc_pages_exact_nid(int nid, size_t size, gfp_t gfp);
void free_pages_exact(void *address, size_t size);

static inline void __free_pages(struct page *page, unsigned int order)
{
	rig_free_pages(rig_this_cpu(), page, order);
}

/* @address: what __get_free_pages returned; 0 is allowed and does nothing. */
void free_pages(unsigned long address, unsigned int order);

#define __free_page(page) __free_pages((page), 0)
#define free_page(address) free_pages((address), 0)

/* Pages linked by lru whose last reference is gone. */
static inline void free_unref_page_list(struct list_head *pages)
{
	rig_free_page_list(rig_this_cpu(), pages);
}

static inline unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr_pages,
						   struct page **pages)
{
	return rig_alloc_pages_bulk(rig_this_cpu(), gfp, NUMA_NO_NODE, NULL, nr_pages, pages);
}

static inline unsigned long alloc_pages_bulk_array_node(gfp_t gfp, int nid, unsigned long nr_pages,
							struct page **pages)
{
	return rig_alloc_pages_bulk(rig_this_cpu(), gfp, nid, NULL, nr_pages, pages);
}

/* Adds up to @nr_pages single pages to @list, newest first; returns how many. */
unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr_pages, struct list_head *list);

/* Page fragments: pieces of a page or compound page that share its reference count. */
#define PAGE_FRAG_CACHE_MAX_SIZE ALIGN(32768, PAGE_SIZE)
#define PAGE_FRAG_CACHE_MAX_ORDER (PAGE_SHIFT >= 15 ? 0 : 15 - PAGE_SHIFT)

struct page_frag_cache {
	void *va;
	unsigned int offset;
	unsigned int size;
	unsigned int pagecnt_bias;
	bool pfmemalloc;
};

void *page_frag_alloc_align(struct page_frag_cache *cache, unsigned int size, gfp_t gfp,
			    unsigned int align_mask);
static inline void *page_frag_alloc(struct page_frag_cache *cache, unsigned int size, gfp_t gfp)
{
	return page_frag_alloc_align(cache, size, gfp, ~0u);
}
void page_frag_free(void *address);
void __page_frag_cache_drain(struct page *page, unsigned int count);

static inline int alloc_contig_range(unsigned long start, unsigned long end, int migratetype,
				     gfp_t gfp)
{
	return rig_alloc_contig_range(rig_this_cpu(), start, end, migratetype, gfp);
}

static inline struct page *alloc_contig_pages(unsigned long nr_pages, gfp_t gfp, int nid,
					      const nodemask_t *nodemask)
{
	return rig_alloc_contig_pages(rig_this_cpu(), nr_pages, gfp, nid,
				      nodemask ? nodemask->bits : NULL);
}

static inline void free_contig_range(unsigned long pfn, unsigned long nr_pages)
{
	rig_free_contig_range(rig_this_cpu(), pfn, nr_pages);
}

/* @zone: NULL means all. */
static inline void drain_local_pages(struct zone *zone)
{
	rig_drain_local_pages(rig_this_cpu(), zone);
}

static inline void drain_all_pages(struct zone *zone)
{
	rig_drain_all_pages(rig_this_cpu(), zone);
}

#endif
