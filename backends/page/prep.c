// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages between the lists and their users: how a page is made ready when it is handed out, what it
 * must look like when it comes back, and what is said when it does not ("Bad page state").
 *
 * A page on the lists has no reference (page.refcount), no map count, no mapping and none of the
 * flags that mean use. The checks are the kernel's, at the kernel's places: single pages are looked
 * at when they leave the per-CPU lists for the buddy lists, or the other way.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define COMPOUND_PAGE_DTOR 1
#define TAIL_MAPPING ((struct address_space *)(0x400UL + POISON_POINTER_DELTA))
#define PAGE_MAPPING_FLAGS 3UL /* in mapping: anonymous, movable */

static const char *const page_flag_names[] = {
	"locked",     "referenced", "uptodate",	   "dirty",	"lru",		"active",
	"workingset", "waiters",    "error",	   "slab",	"owner_priv_1", "arch_1",
	"reserved",   "private",    "private_2",   "writeback", "head",		"mappedtodisk",
	"reclaim",    "swapbacked", "unevictable", "mlocked",	"uncached",	"hwpoison",
	"young",      "idle",	    "arch_2",
};

static void flag_names(unsigned long flags, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < __NR_PAGEFLAGS; i++)
		if (flags & BIT(i) && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : "",
						 page_flag_names[i]);
}

/* The kernel's report on a page that is not what it must be. */
void bad_page(struct rig_cpu *cpu, struct page *page, const char *check, const char *reason)
{
	unsigned long pfn = rig_page_to_pfn(cpu->machine, page);
	char names[200];

	flag_names(page->flags, names, sizeof(names));
	rig_misuse(cpu, check,
		   "Bad page state in process %s  pfn:%05lx\n"
		   "page:%016llx refcount:%d mapcount:%d mapping:%016lx index:%#lx pfn:%#lx\n"
		   "flags: %#lx(%s)\n"
		   "page dumped because: %s",
		   cpu->task->comm, pfn, (unsigned long long)rig_kernel_address(cpu->machine, page),
		   page_ref_count(page), PageSlab(page) ? 0 : atomic_read(&page->_mapcount) + 1,
		   (unsigned long)page->mapping, page->index, pfn,
		   page->flags & RIG_PAGE_FLAGS_MASK, names, reason);
}

static bool page_expected_state(const struct page *page, unsigned long flags)
{
	return atomic_read(&page->_mapcount) == -1 && !page->mapping && !page_ref_count(page) &&
	       !(page->flags & flags);
}

/* What is wrong with a page that should be free; also the name of the check that says so. */
static const char *page_bad_reason(const struct page *page, unsigned long flags, const char **check)
{
	if (page->flags & flags) {
		*check = page->flags & flags & BIT(PG_reserved) ? "page.reserved" : "page.flags";
		return flags == PAGE_FLAGS_CHECK_AT_FREE ? "PAGE_FLAGS_CHECK_AT_FREE flag(s) set"
							 : "PAGE_FLAGS_CHECK_AT_PREP flag(s) set";
	}
	*check = "page.refcount";
	if (page_ref_count(page))
		return "nonzero _refcount";
	*check = "page.mapping";
	if (page->mapping)
		return "non-NULL mapping";
	*check = "page.mapcount";
	return "nonzero mapcount";
}

bool free_page_is_bad(struct rig_cpu *cpu, struct page *page)
{
	const char *check, *reason;

	if (likely(page_expected_state(page, PAGE_FLAGS_CHECK_AT_FREE)))
		return false;
	reason = page_bad_reason(page, PAGE_FLAGS_CHECK_AT_FREE, &check);
	bad_page(cpu, page, check, reason);
	/* it is lost, but its neighbours may not take it for a free one */
	page_mapcount_reset(page);
	return true;
}

/* True: a page of the block is not as free pages are, so the block may not be handed out. */
bool check_new_pages(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	for (struct page *p = page; p < page + (1UL << order); p++) {
		const char *check, *reason;

		if (likely(page_expected_state(p, PAGE_FLAGS_CHECK_AT_PREP | BIT(PG_hwpoison))))
			continue;
		if (PageHWPoison(p)) {
			page_mapcount_reset(p);
			return true;
		}
		reason = page_bad_reason(p, PAGE_FLAGS_CHECK_AT_PREP, &check);
		bad_page(cpu, p, check, reason);
		page_mapcount_reset(p);
		return true;
	}
	return false;
}

static void clear_pages(const struct rig_machine *machine, struct page *page, unsigned int order)
{
	unsigned long pfn = rig_page_to_pfn(machine, page);
	size_t size = PAGE_SIZE << order;

	if (likely(pfn + (1UL << order) <= machine->max_low_pfn))
		memset(rig_page_address(machine, page), 0, size);
	else if (fallocate(machine->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   (off_t)PFN_PHYS(pfn), (off_t)size))
		BUG(); /* a memfd can always lose pages */
}

static void prep_compound_page(struct page *page, unsigned int order)
{
	__SetPageHead(page);
	for (struct page *tail = page + 1; tail < page + (1UL << order); tail++) {
		tail->mapping = TAIL_MAPPING;
		WRITE_ONCE(tail->compound_head, (unsigned long)page + 1);
		tail->private = 0;
	}
	page[1].compound_dtor = COMPOUND_PAGE_DTOR;
	page[1].compound_order = (unsigned char)order;
	atomic_set(&page[1].compound_mapcount, -1);
	atomic_set(&page[1].compound_pincount, 0);
}

/* The last steps before a block is the caller's. */
void prep_new_page(struct rig_cpu *cpu, struct page *page, unsigned int order, gfp_t gfp,
		   unsigned int alloc_flags)
{
	page->private = 0;
	set_page_use(page, PAGE_USE_BLOCK, order);
	set_page_count(page, 1);
	if ((gfp & __GFP_ZERO) || cpu->machine->page_front->init_on_alloc)
		clear_pages(cpu->machine, page, order);
	if (order && (gfp & __GFP_COMP))
		prep_compound_page(page, order);
	/* page_is_pfmemalloc() */
	page->lru.next = (struct list_head *)(alloc_flags & ALLOC_NO_WATERMARKS ? BIT(1) : 0);
}

/*
 * A tail page as a free page must be. One that is in use by the past loses its reference here:
 * nobody knows of what it was a part.
 */
static bool tail_is_bad(struct rig_cpu *cpu, struct page *page, bool compound)
{
	if (compound) {
		page->mapping = NULL;
		WRITE_ONCE(page->compound_head, 0);
	}
	if (unlikely(page_use(page) == PAGE_USE_PAST)) {
		set_page_use(page, PAGE_USE_NONE, 0);
		set_page_count(page, 0);
	}
	if (free_page_is_bad(cpu, page))
		return true;
	WRITE_ONCE(page->flags, page->flags & ~PAGE_FLAGS_CHECK_AT_PREP);
	return false;
}

/*
 * Looks at a block whose last reference is gone and takes the marks of use away. @check: also look
 * at the first page now, not when it leaves the per-CPU list. False: it may not be used again.
 */
bool free_pages_prepare(struct rig_cpu *cpu, struct page *page, unsigned int order, bool check)
{
	bool compound = order && PageCompound(page);
	int bad = 0;

	RIG_TRACE(cpu, mm_page_free, .pfn = rig_page_to_pfn(cpu->machine, page), .order = order);
	if (unlikely(PageHWPoison(page)) && !order)
		return false;
	if (unlikely(PageMlocked(page)))
		__ClearPageMlocked(page);
	for (struct page *tail = page + 1; tail < page + (1UL << order); tail++)
		bad += tail_is_bad(cpu, tail, compound);
	if ((unsigned long)page->mapping & PAGE_MAPPING_FLAGS)
		page->mapping = NULL;
	set_page_use(page, PAGE_USE_NONE, 0);
	if (check && free_page_is_bad(cpu, page))
		bad++;
	if (unlikely(bad))
		return false;
	WRITE_ONCE(page->flags, page->flags & ~PAGE_FLAGS_CHECK_AT_PREP);
	page->private = 0;
	return true;
}
