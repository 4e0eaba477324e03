// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hash tables whose size follows that of memory (alloc_large_system_hash of mm/page_alloc.c), for
 * the kernel's memblock. Memory counts as the page allocator would count it at that time: all of
 * it, less what the memory map takes.
 */
#include <linux/bug.h>
#include <linux/sizes.h>

#include "internal.h"

/* Above 64 GiB a table doubles for each fourfold of memory only. */
#define ADAPT_SCALE_PAGES ((64UL << 30) >> PAGE_SHIFT)
#define ADAPT_SCALE_SHIFT 2
#define MAX_BUCKETS 0x80000000UL

static unsigned long kernel_pages(void)
{
	unsigned long pages = PFN_DOWN(memblock.memory.total_size);

	return pages - PFN_UP(pages * sizeof(struct page));
}

/* One bucket for each 2^scale bytes of memory. */
static unsigned long entries_for_memory(unsigned long bucketsize, int scale, int flags,
					unsigned long high_limit, unsigned int minimum_shift)
{
	unsigned long entries = round_up(kernel_pages(), SZ_1M / PAGE_SIZE);

	if (!high_limit)
		for (unsigned long adapt = ADAPT_SCALE_PAGES; adapt < entries;
		     adapt <<= ADAPT_SCALE_SHIFT)
			scale++;
	if (scale > PAGE_SHIFT)
		entries >>= scale - PAGE_SHIFT;
	else
		entries <<= PAGE_SHIFT - scale;
	if (flags & HASH_SMALL)
		return entries >> minimum_shift ? entries : 1UL << minimum_shift;
	return entries * bucketsize < PAGE_SIZE ? PAGE_SIZE / bucketsize : entries;
}

static void *alloc_table(unsigned long size, int flags)
{
	return flags & HASH_ZERO ? memblock_alloc(size, SMP_CACHE_BYTES)
				 : memblock_alloc_raw(size, SMP_CACHE_BYTES);
}

void *alloc_large_system_hash(const char *tablename, unsigned long bucketsize,
			      unsigned long numentries, int scale, int flags,
			      unsigned int *_hash_shift, unsigned int *_hash_mask,
			      unsigned long low_limit, unsigned long high_limit)
{
	unsigned long most = high_limit ? high_limit : memblock.memory.total_size / 16 / bucketsize;
	unsigned int shift;
	void *table;

	most = min(most, MAX_BUCKETS);
	WARN_ON(!(flags & HASH_EARLY));
	if (!numentries)
		numentries = entries_for_memory(bucketsize, scale, flags, high_limit,
						flags & HASH_SMALL ? *_hash_shift : 0);
	numentries = roundup_pow_of_two(numentries);
	numentries = max(numentries, low_limit);
	numentries = min(numentries, most);
	shift = (unsigned int)ilog2(numentries);
	for (;;) {
		table = alloc_table(bucketsize << shift, flags);
		if (table || bucketsize << shift <= PAGE_SIZE || shift == 0)
			break;
		shift--;
	}
	BUG_ON(!table);
	memblock_log(rig_memblock_kernel(),
		     "%s hash table entries: %lu (order: %d, %lu bytes, linear)", tablename,
		     1UL << shift, get_order(bucketsize << shift), bucketsize << shift);
	if (_hash_shift)
		*_hash_shift = shift;
	if (_hash_mask)
		*_hash_mask = (1U << shift) - 1;
	return table;
}
