// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page fragments: pieces cut from the end of a page (or a compound page of 32 KiB) towards its
 * start. All share the page's reference count, which is raised once by more than there can be
 * pieces; pagecnt_bias counts down what of it was not given out.
 */
#include <linux/mm.h>

#include "internal.h"

static struct page *refill(struct page_frag_cache *cache, gfp_t gfp)
{
	struct page *page = NULL;

	if (PAGE_SIZE < PAGE_FRAG_CACHE_MAX_SIZE) {
		page = alloc_pages_node(NUMA_NO_NODE,
					gfp | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY |
						__GFP_NOMEMALLOC,
					PAGE_FRAG_CACHE_MAX_ORDER);
		cache->size = page ? PAGE_FRAG_CACHE_MAX_SIZE : PAGE_SIZE;
	}
	if (!page)
		page = alloc_pages_node(NUMA_NO_NODE, gfp, 0);
	cache->va = page ? page_address(page) : NULL;
	return page;
}

static unsigned int cache_size(const struct page_frag_cache *cache)
{
	return PAGE_SIZE < PAGE_FRAG_CACHE_MAX_SIZE ? cache->size : PAGE_SIZE;
}

static void drop(struct page *page)
{
	rig_this_cpu()->machine->page->free(rig_this_cpu(), page, compound_order(page));
}

static void start_page(struct page_frag_cache *cache, struct page *page)
{
	atomic_add(PAGE_FRAG_CACHE_MAX_SIZE, &page->_refcount);
	cache->pfmemalloc = page_is_pfmemalloc(page);
	cache->pagecnt_bias = PAGE_FRAG_CACHE_MAX_SIZE + 1;
	cache->offset = cache_size(cache);
}

/* The page is used up: again from its end when all pieces came back, else another one. */
static bool next_page(struct page_frag_cache *cache, gfp_t gfp)
{
	struct page *page = virt_to_page(cache->va);

	if (atomic_sub_return((int)cache->pagecnt_bias, &page->_refcount) == 0) {
		if (!cache->pfmemalloc) {
			set_page_count(page, PAGE_FRAG_CACHE_MAX_SIZE + 1);
			cache->pagecnt_bias = PAGE_FRAG_CACHE_MAX_SIZE + 1;
			cache->offset = cache_size(cache);
			return true;
		}
		drop(page);
	}
	page = refill(cache, gfp);
	if (page)
		start_page(cache, page);
	return page != NULL;
}

void *page_frag_alloc_align(struct page_frag_cache *cache, unsigned int size, gfp_t gfp,
			    unsigned int align_mask)
{
	if (!cache->va) {
		struct page *page = refill(cache, gfp);

		if (!page)
			return NULL;
		start_page(cache, page);
	}
	if (cache->offset < size) {
		if (!next_page(cache, gfp))
			return NULL;
		/* larger than the page that could be had: it waits for smaller pieces */
		if (cache->offset < size)
			return NULL;
	}
	cache->pagecnt_bias--;
	cache->offset = (cache->offset - size) & align_mask;
	return (u8 *)cache->va + cache->offset;
}

void page_frag_free(void *address)
{
	struct page *page = virt_to_head_page(address);

	if (unlikely(put_page_testzero(page)))
		drop(page);
}

void __page_frag_cache_drain(struct page *page, unsigned int count)
{
	if (atomic_sub_return((int)count, &page->_refcount) == 0)
		drop(page);
}
