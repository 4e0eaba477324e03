/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct page: one for each page frame, 64 bytes, in a sparse array (the memory map). All zero
 * means "never touched". What the 40 bytes of the union hold depends on who owns the page:
 *
 *	 0  flags        page flags; node and zone in the top bits (linux/page-flags.h)
 *	 8  union        free in the buddy lists:  buddy_list, private = order
 *	                 on a per-CPU list:        pcp_list, index = migratetype
 *	                 page cache, anonymous:    lru, mapping, index, private
 *	                 slab (PG_slab, head):     slab_list / next+slabs, slab_cache, freelist,
 *counters compound tail:            compound_head = head | 1, order in the first tail 48  _mapcount
 * / page_type 52  _refcount 56  virtual      highmem: where kmap put it
 */
#ifndef _LINUX_MM_TYPES_H_RIG
#define _LINUX_MM_TYPES_H_RIG

#include <linux/types.h>

struct address_space;
struct kmem_cache;

struct page {
	unsigned long flags;
	union {
		struct {
			union {
				struct list_head lru;
				struct list_head buddy_list;
				struct list_head pcp_list;
			};
			struct address_space *mapping;
			unsigned long index;
			unsigned long private;
		};
		struct { /* head page of a slab; each backend says how it uses the last words */
			union {
				struct list_head slab_list;
				struct {
					struct page *next;
					int slabs;
				};
			};
			struct kmem_cache *slab_cache;
			union {
				/* SLUB: freelist and counters change together (16 bytes) */
				struct {
					void *freelist;
					union {
						unsigned long counters;
						struct {
							unsigned inuse : 16;
							unsigned objects : 15;
							unsigned frozen : 1;
							unsigned owner; /* a CPU's number + 1 */
						};
					};
				};
				/* SLAB */
				struct {
					void *slab_freelist;
					void *s_mem;
				};
				/* SLOB */
				struct {
					void *slob_freelist;
					long units;
				};
			};
		};
		struct { /* tail pages of a compound page */
			unsigned long compound_head;
			/* first tail only */
			unsigned char compound_dtor;
			unsigned char compound_order;
			atomic_t compound_mapcount;
			atomic_t compound_pincount;
		};
		struct rcu_head rcu_head;
	};
	union {
		atomic_t _mapcount;	/* -1: not mapped */
		unsigned int page_type; /* buddy, offline, table, guard; see linux/page-flags.h */
		unsigned int active;	/* SLAB: objects in use */
	};
	atomic_t _refcount;
	void *virtual;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct page) == 64, "struct page is one cache line");
_Static_assert(offsetof(struct page, freelist) % 16 == 0, "freelist and counters swap as one");

#endif
