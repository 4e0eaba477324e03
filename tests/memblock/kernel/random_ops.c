// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of memblock's API in a random order, the same for the same seed: built once with the
 * kernel's mm/memblock.c and once with ours, by suite.sh, which compares what both print. After
 * each call the result and both region arrays are printed (or their hash, on most lines).
 *
 * Physical addresses are host addresses of one mapping at a fixed place, so that arrays that
 * double lie at the same addresses in both programs.
 *
 * Usage: random_ops SEED CALLS
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/types.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>

#define BASE 0x100000000UL
#define SPACE 0x800000UL  /* of which ops use all */
#define BEYOND 0x100000UL /* what a range that starts inside may reach */
#define PIECE 0x100UL

bool movable_node_enabled;

#ifdef KERNEL_MEMBLOCK
/* What the kernel's file wants of a slab allocator; there is none yet when memblock serves. */
void *__kmalloc_node(size_t size, gfp_t flags, int node);
void *kmalloc(size_t size, gfp_t flags);
void kfree(void *p);

void *kmalloc(size_t size, gfp_t flags)
{
	return NULL;
}

void kfree(void *p)
{
}
#endif

static u64 state;

static u64 next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static u64 below(u64 limit)
{
	return (next() >> 11) % limit;
}

static u64 hash_bytes(u64 hash, u64 word)
{
	return (hash ^ word) * 0x100000001b3UL;
}

static int shown_nid(const struct memblock_region *region)
{
	return region->nid == MAX_NUMNODES ? -9 : region->nid;
}

static u64 hash_type(const struct memblock_type *type)
{
	u64 hash = 0xcbf29ce484222325UL;

	hash = hash_bytes(hash, type->cnt);
	hash = hash_bytes(hash, type->max);
	hash = hash_bytes(hash, type->total_size);
	for (unsigned long i = 0; i < type->cnt; i++) {
		hash = hash_bytes(hash, type->regions[i].base);
		hash = hash_bytes(hash, type->regions[i].size);
		hash = hash_bytes(hash, type->regions[i].flags);
		hash = hash_bytes(hash, (u64)shown_nid(&type->regions[i]));
	}
	return hash;
}

static void print_type(const struct memblock_type *type)
{
	for (unsigned long i = 0; i < type->cnt; i++)
		printf("= %s %lu %llx+%llx %x %d\n", type->name, i,
		       (unsigned long long)type->regions[i].base,
		       (unsigned long long)type->regions[i].size, type->regions[i].flags,
		       shown_nid(&type->regions[i]));
}

/* Freeing the arrays themselves would let memory that is in use be handed out. */
static int holds_array(u64 base, u64 size)
{
	const struct memblock_type *types[] = { &memblock.memory, &memblock.reserved };

	for (int i = 0; i < 2; i++) {
		u64 start = (u64)types[i]->regions;
		u64 end = start + types[i]->max * sizeof(*types[i]->regions);

		if (start < base + size && base < end)
			return 1;
	}
	return 0;
}

/* Limits cut reservations too, the arrays' among them; they are made again. */
static void keep_arrays(void)
{
	const struct memblock_type *types[] = { &memblock.memory, &memblock.reserved };

	for (int i = 0; i < 2; i++) {
		u64 start = (u64)types[i]->regions;

		if (start >= BASE && start < BASE + SPACE + BEYOND)
			memblock_reserve(start, types[i]->max * sizeof(*types[i]->regions));
	}
}

static u64 walk(int nid, unsigned int flags, int down)
{
	phys_addr_t start, end;
	u64 hash = 1, i;
	int at;

	if (down) {
		for_each_free_mem_range_reverse (i, nid, flags, &start, &end, &at)
			hash = hash_bytes(hash_bytes(hash, start), end);
	} else {
		for_each_free_mem_range (i, nid, flags, &start, &end, &at)
			hash = hash_bytes(hash_bytes(hash, start), end);
	}
	for_each_mem_range (i, &start, &end)
		hash = hash_bytes(hash, end);
	for_each_reserved_mem_range (i, &start, &end)
		hash = hash_bytes(hash, start);
	return hash;
}

static u64 walk_pages(int nid)
{
	unsigned long start, end;
	u64 hash = 1;
	int i, at;

	for_each_mem_pfn_range (i, nid, &start, &end, &at)
		hash = hash_bytes(hash_bytes(hash, start), end);
	return hash;
}

static u64 ask(u64 base, u64 size)
{
	unsigned long start = 0, end = 0;
	u64 answer = memblock_is_memory(base);

	answer = answer * 2 + memblock_is_map_memory(base);
	answer = answer * 2 + memblock_is_region_memory(base, size);
	answer = answer * 2 + memblock_is_reserved(base);
	answer = answer * 2 + memblock_is_region_reserved(base, size);
	answer = answer * 2 + memblock_overlaps_region(&memblock.memory, base, size);
	answer = answer * 32 +
		 (u64)(memblock_search_pfn_nid(base >> 12, &start, &end) % MAX_NUMNODES);
	return hash_bytes(hash_bytes(answer, start), end);
}

static u64 allocate(u64 base, u64 size)
{
	u64 align = 1UL << below(14), limit = below(3) ? 0 : base + SPACE / 2;
	int nid = below(3) ? (int)below(4) : NUMA_NO_NODE;

	switch (below(7)) {
	case 0:
		return memblock_phys_alloc(size, align);
	case 1:
		return memblock_phys_alloc_range(size, align, base, limit ? limit : ~0UL);
	case 2:
		return memblock_phys_alloc_try_nid(size, align, nid);
	case 3:
		return (u64)memblock_alloc_try_nid(size, align, base, limit, nid);
	case 4:
		return (u64)memblock_alloc_try_nid_raw(size, align, 0, limit, nid);
	case 5:
		return (u64)memblock_alloc_exact_nid_raw(size, align, base, limit, nid);
	default:
		return memblock_alloc_range_nid(size, align, base, limit, nid, below(2));
	}
}

static u64 change(u64 base, u64 size)
{
	switch (below(8)) {
	case 0:
		return memblock_mark_hotplug(base, size);
	case 1:
		return memblock_clear_hotplug(base, 4 * size);
	case 2:
		return memblock_mark_nomap(base, size);
	case 3:
		return memblock_clear_nomap(base, 8 * size);
	case 4:
		return memblock_set_node(base, 4 * size, &memblock.memory, (int)below(4));
	case 5:
		return memblock_add_node(base, size, (int)below(4), MEMBLOCK_NONE);
	case 6:
		return memblock_add(base, 8 * size);
	default:
		return memblock_remove(base, size / 4);
	}
}

static u64 rare(u64 base, u64 size)
{
	switch (below(7)) {
	case 0:
		memblock_set_bottom_up(!memblock_bottom_up());
		return 0;
	case 1:
		memblock_set_current_limit(below(2) ? base + SPACE / 2 : MEMBLOCK_ALLOC_ANYWHERE);
		return memblock_get_current_limit();
	case 2:
		memblock_enforce_memory_limit(memblock_phys_mem_size() - size);
		return memblock_end_of_DRAM();
	case 3:
		memblock_mem_limit_remove_map(memblock_phys_mem_size() - size);
		return memblock_end_of_DRAM();
	case 4:
		memblock_cap_memory_range(BASE + below(0x10000), SPACE - below(0x10000));
		return memblock_start_of_DRAM();
	case 5:
		movable_node_enabled = !movable_node_enabled;
		return movable_node_enabled;
	default:
		/* more memory again */
		return memblock_add(BASE, SPACE);
	}
}

static u64 call(void)
{
	u64 base = BASE + below(SPACE / PIECE) * PIECE, size = (1 + below(64)) * PIECE;

	switch (below(16)) {
	case 0 ... 5:
		return (u64)memblock_reserve(base, below(40) ? size : ~0UL - base - size);
	case 6 ... 7:
		if (holds_array(base, 4 * size))
			return 0;
		return (u64)memblock_phys_free(base, 4 * size);
	case 8 ... 10:
		return allocate(base, size);
	case 11 ... 12:
		return change(base, size);
	case 13:
		return walk(below(2) ? NUMA_NO_NODE : (int)below(4), (unsigned int)below(8),
			    (int)below(2));
	case 14:
		return below(2) ? ask(base, size) : walk_pages(below(2) ? MAX_NUMNODES : 1);
	default:
		return below(4) ? 0 : rare(base, size);
	}
}

int main(int argc, char **argv)
{
	long calls = argc > 2 ? atol(argv[2]) : 0;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15UL + 1 : 1;
	if (mmap((void *)BASE, SPACE + BEYOND, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)BASE) {
		perror("mmap");
		return 2;
	}
	memblock_add(BASE, SPACE);
	memblock_allow_resize();
	for (long n = 0; n < calls; n++) {
		u64 result = call();

		keep_arrays();
		printf("= %ld %llx %llx %llx\n", n, (unsigned long long)result,
		       (unsigned long long)hash_type(&memblock.memory),
		       (unsigned long long)hash_type(&memblock.reserved));
		if (n % 500 == 499) {
			print_type(&memblock.memory);
			print_type(&memblock.reserved);
		}
		/* begin anew before all is reserved */
		if (memblock_reserved_size() > SPACE * 3 / 4) {
			for (u64 at = BASE; at < BASE + SPACE; at += 0x4000)
				if (!holds_array(at, 0x4000))
					memblock_phys_free(at, 0x4000);
		}
	}
	printf("= max %lu %lu\n", memblock.memory.max, memblock.reserved.max);
	return 0;
}
