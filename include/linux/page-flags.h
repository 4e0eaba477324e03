/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flags of struct page, numbered as in Linux 6.1 (x86-64), and the page types that share the
 * word of the map count. The node and zone numbers sit in the top bits of flags:
 *
 *	63        54 53   51                 0
 *	| node (10) | zone (3) |     flags   |
 */
#ifndef _LINUX_PAGE_FLAGS_H_RIG
#define _LINUX_PAGE_FLAGS_H_RIG

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>

enum pageflags {
	PG_locked,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,
	PG_active,
	PG_workingset,
	PG_waiters,
	PG_error,
	PG_slab,
	PG_owner_priv_1,
	PG_arch_1,
	PG_reserved,
	PG_private,
	PG_private_2,
	PG_writeback,
	PG_head,
	PG_mappedtodisk,
	PG_reclaim,
	PG_swapbacked,
	PG_unevictable,
	PG_mlocked,
	PG_uncached,
	PG_hwpoison,
	PG_young,
	PG_idle,
	PG_arch_2,
	__NR_PAGEFLAGS,
	PG_slob_free = PG_private,
	PG_reported = PG_uptodate,
	PG_isolated = PG_reclaim,
};

#define RIG_PAGE_NODE_SHIFT 54
#define RIG_PAGE_ZONE_SHIFT 51
#define RIG_PAGE_NODE_MASK 0x3ffUL
#define RIG_PAGE_ZONE_MASK 0x7UL
#define RIG_PAGE_FLAGS_MASK ((1UL << __NR_PAGEFLAGS) - 1)

/* May not be set when a page is freed / is handed out (PAGE_FLAGS_CHECK_AT_FREE and _AT_PREP). */
#define PAGE_FLAGS_CHECK_AT_FREE                                                                   \
	(BIT(PG_lru) | BIT(PG_locked) | BIT(PG_private) | BIT(PG_private_2) | BIT(PG_writeback) |  \
	 BIT(PG_reserved) | BIT(PG_slab) | BIT(PG_active) | BIT(PG_unevictable) | BIT(PG_mlocked))
#define PAGE_FLAGS_CHECK_AT_PREP (RIG_PAGE_FLAGS_MASK & ~BIT(PG_hwpoison))

#define RIG_PAGE_FLAG(Name, name)                                                                  \
	static inline bool Page##Name(const struct page *page)                                     \
	{                                                                                          \
		return READ_ONCE(page->flags) & BIT(PG_##name);                                    \
	}                                                                                          \
	static inline void SetPage##Name(struct page *page)                                        \
	{                                                                                          \
		__atomic_fetch_or(&page->flags, BIT(PG_##name), __ATOMIC_RELAXED);                 \
	}                                                                                          \
	static inline void ClearPage##Name(struct page *page)                                      \
	{                                                                                          \
		__atomic_fetch_and(&page->flags, ~BIT(PG_##name), __ATOMIC_RELAXED);               \
	}                                                                                          \
	/* not atomic: for an owner whom readers alone may race */                                 \
	static inline void __SetPage##Name(struct page *page)                                      \
	{                                                                                          \
		WRITE_ONCE(page->flags, page->flags | BIT(PG_##name));                             \
	}                                                                                          \
	static inline void __ClearPage##Name(struct page *page)                                    \
	{                                                                                          \
		WRITE_ONCE(page->flags, page->flags & ~BIT(PG_##name));                            \
	}

RIG_PAGE_FLAG(Locked, locked)
RIG_PAGE_FLAG(Referenced, referenced)
RIG_PAGE_FLAG(Uptodate, uptodate)
RIG_PAGE_FLAG(Dirty, dirty)
RIG_PAGE_FLAG(LRU, lru)
RIG_PAGE_FLAG(Active, active)
RIG_PAGE_FLAG(Slab, slab)
RIG_PAGE_FLAG(Reserved, reserved)
RIG_PAGE_FLAG(Private, private)
RIG_PAGE_FLAG(Private2, private_2)
RIG_PAGE_FLAG(Writeback, writeback)
RIG_PAGE_FLAG(Head, head)
RIG_PAGE_FLAG(SwapBacked, swapbacked)
RIG_PAGE_FLAG(Unevictable, unevictable)
RIG_PAGE_FLAG(Mlocked, mlocked)
RIG_PAGE_FLAG(HWPoison, hwpoison)
RIG_PAGE_FLAG(SlobFree, slob_free)
RIG_PAGE_FLAG(Isolated, isolated)
/* SLUB and SLAB: the slab was taken from the reserves (PG_active has no other use there). */
RIG_PAGE_FLAG(SlabPfmemalloc, active)

/*
 * Page types: a page that is not mapped into user space may say what it is in the word of the map
 * count; a type is a bit that is CLEAR in a word whose upper bits are otherwise set.
 */
#define PAGE_TYPE_BASE 0xf0000000
#define PG_buddy 0x00000080
#define PG_offline 0x00000100
#define PG_table 0x00000200
#define PG_guard 0x00000400

#define RIG_PAGE_TYPE(Name, name)                                                                  \
	static inline bool Page##Name(const struct page *page)                                     \
	{                                                                                          \
		return (READ_ONCE(page->page_type) & (PAGE_TYPE_BASE | PG_##name)) ==              \
		       PAGE_TYPE_BASE;                                                             \
	}                                                                                          \
	static inline void __SetPage##Name(struct page *page)                                      \
	{                                                                                          \
		WRITE_ONCE(page->page_type, page->page_type & ~(unsigned int)PG_##name);           \
	}                                                                                          \
	static inline void __ClearPage##Name(struct page *page)                                    \
	{                                                                                          \
		WRITE_ONCE(page->page_type, page->page_type | PG_##name);                          \
	}

RIG_PAGE_TYPE(Buddy, buddy)
RIG_PAGE_TYPE(Offline, offline)
RIG_PAGE_TYPE(Table, table)
RIG_PAGE_TYPE(Guard, guard)

static inline bool PageTail(const struct page *page)
{
	return READ_ONCE(page->compound_head) & 1;
}

static inline bool PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

static inline struct page *compound_head(const struct page *page)
{
	unsigned long head = READ_ONCE(page->compound_head);

	return head & 1 ? (struct page *)(head - 1) : (struct page *)page;
}

static inline unsigned int compound_order(const struct page *page)
{
	return PageHead(page) ? page[1].compound_order : 0;
}

static inline unsigned long compound_nr(const struct page *page)
{
	return 1UL << compound_order(page);
}

static inline int page_ref_count(const struct page *page)
{
	return atomic_read(&page->_refcount);
}

static inline void set_page_count(struct page *page, int count)
{
	atomic_set(&page->_refcount, count);
}

static inline void page_mapcount_reset(struct page *page)
{
	atomic_set(&page->_mapcount, -1);
}

/* References to the page, counted at the head of a compound page; 0: free. */
static inline int page_count(const struct page *page)
{
	return page_ref_count(compound_head(page));
}

static inline bool put_page_testzero(struct page *page)
{
	return atomic_dec_and_test(&page->_refcount);
}

static inline int page_to_nid(const struct page *page)
{
	return (int)(READ_ONCE(page->flags) >> RIG_PAGE_NODE_SHIFT & RIG_PAGE_NODE_MASK);
}

static inline unsigned int page_zonenum(const struct page *page)
{
	return (unsigned int)(READ_ONCE(page->flags) >> RIG_PAGE_ZONE_SHIFT & RIG_PAGE_ZONE_MASK);
}

#endif
