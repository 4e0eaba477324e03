// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page backend "model": the reference to hold the buddy allocator against. It has no free
 * lists, no per-CPU lists and no mobility grouping: a map of owners (kmemrig/frames.h), and an
 * allocation takes the lowest aligned free block of the first zone that may serve it. It keeps
 * what callers can see of the kernel's rules: which zones and nodes a request may use, watermarks
 * and reserves, how a page is prepared, and what a free must find.
 *
 * A block is held by the owner RIG_FRAME_FIRST_OWNER + order, so a free of another size than was
 * allocated is noticed only through split_page's exception: the parts of a block may come back
 * one by one, never more than it had.
 *
 * Invariants (tier 2):
 *	model.free_count	NR_FREE_PAGES of a zone is its number of free frames
 *	model.free_page_clean	a free frame's struct page has no reference and no flags of use
 *
 * Locking: one lock for everything.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/frames.h>
#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <linux/spinlock.h>

struct model {
	struct rig_frames *frames;
	spinlock_t lock;
};

#define COMPOUND_PAGE_DTOR 1

static int model_init(struct rig_machine *machine)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return -ENOMEM;
	model->frames = rig_frames_create(machine->max_pfn);
	if (!model->frames) {
		free(model);
		return machine->max_pfn > RIG_FRAMES_MAX ? -E2BIG : -ENOMEM;
	}
	spin_lock_init(&model->lock);
	machine->page_private = model;
	return 0;
}

static void model_fini(struct rig_machine *machine)
{
	struct model *model = machine->page_private;

	if (!model)
		return;
	rig_frames_destroy(model->frames);
	free(model);
	machine->page_private = NULL;
}

static void account_free(struct zone *zone, long pages)
{
	atomic_long_add(pages, &zone->vm_stat[NR_FREE_PAGES]);
}

/* A frame that nobody touched has an all-zero struct page: it learns its node and zone here. */
static void make_free_page(const struct zone *zone, struct page *page)
{
	page->flags = (unsigned long)zone->node << RIG_PAGE_NODE_SHIFT |
		      (unsigned long)zone_idx(zone) << RIG_PAGE_ZONE_SHIFT;
	set_page_count(page, 0);
	page_mapcount_reset(page);
}

static void model_free_boot_range(struct rig_machine *machine, unsigned long start_pfn,
				  unsigned long end_pfn)
{
	struct model *model = machine->page_private;

	for (unsigned long pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct zone *zone = rig_pfn_zone(machine, pfn);

		if (!zone)
			continue;
		if (rig_frames_move(model->frames, pfn, 1, RIG_FRAME_ABSENT, RIG_FRAME_FREE) !=
		    RIG_NO_FRAME) {
			rig_misuse(&machine->cpus[0], "model.boot_range_twice",
				   "pfn %#lx of range [%#lx, %#lx) is there already", pfn,
				   start_pfn, end_pfn);
			return;
		}
		make_free_page(zone, rig_pfn_to_page(machine, pfn));
		account_free(zone, 1);
	}
}

/* --- which zones may serve a request, and how far they may be drained */

static enum zone_type highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	if (gfp & __GFP_DMA32)
		return ZONE_DMA32;
	if (gfp & __GFP_HIGHMEM)
		return gfp & __GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
	return ZONE_NORMAL;
}

static bool no_watermarks(const struct rig_cpu *cpu, gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	if (gfp & __GFP_MEMALLOC)
		return true;
	return (cpu->task->flags & PF_MEMALLOC) && !(cpu->preempt_count & HARDIRQ_MASK);
}

/* Pages that must remain in @zone, before its lowmem reserve. */
static long watermark(const struct rig_cpu *cpu, const struct zone *zone, gfp_t gfp)
{
	long mark = (long)min_wmark_pages(zone);
	bool atomic = (gfp & __GFP_ATOMIC) && !(gfp & __GFP_NOMEMALLOC);

	if (gfp & __GFP_HIGH)
		mark -= mark / 2;
	if (cpu->task->oom_victim)
		mark -= mark / 2;
	else if (atomic)
		mark -= mark / 4;
	return mark;
}

static bool may_take(const struct rig_cpu *cpu, const struct zone *zone, gfp_t gfp,
		     unsigned int order)
{
	long remaining = (long)zone_page_state(zone, NR_FREE_PAGES) - (1L << order) + 1;

	if (no_watermarks(cpu, gfp))
		return true;
	return remaining > watermark(cpu, zone, gfp) + zone->lowmem_reserve[highest_zone(gfp)];
}

static bool node_allowed(const unsigned long *nodemask, int nid)
{
	return !nodemask || nodemask[nid / BITS_PER_LONG] & (1UL << (nid % BITS_PER_LONG));
}

/* Takes a block from the first zone that has one; RIG_NO_FRAME: none has. */
static unsigned long take_block(struct rig_cpu *cpu, const struct rig_page_request *request,
				bool ignore_watermarks)
{
	struct model *model = cpu->machine->page_private;
	const struct pglist_data *node = cpu->machine->nodes[request->preferred_nid];
	bool here = request->gfp & __GFP_THISNODE;
	const struct zoneref *ref =
		node->node_zonelists[here ? ZONELIST_NOFALLBACK : ZONELIST_FALLBACK]->_zonerefs;

	for (; ref->zone; ref++) {
		struct zone *zone = ref->zone;
		unsigned long pfn;

		if (ref->zone_idx > (int)highest_zone(request->gfp) ||
		    !node_allowed(request->nodemask, zone->node))
			continue;
		if (!ignore_watermarks && !may_take(cpu, zone, request->gfp, request->order))
			continue;
		pfn = rig_frames_find(model->frames, zone->zone_start_pfn, zone_end_pfn(zone),
				      request->order);
		if (pfn == RIG_NO_FRAME)
			continue;
		if (rig_frames_move(model->frames, pfn, 1UL << request->order, RIG_FRAME_FREE,
				    RIG_FRAME_FIRST_OWNER + request->order) != RIG_NO_FRAME)
			continue;
		account_free(zone, -(1L << request->order));
		return pfn;
	}
	return RIG_NO_FRAME;
}

/* --- how a page is handed out, and taken back */

static void clear_frames(struct rig_machine *machine, unsigned long pfn, unsigned int order)
{
	size_t size = PAGE_SIZE << order;

	if (pfn < machine->max_low_pfn)
		memset(rig_page_address(machine, rig_pfn_to_page(machine, pfn)), 0, size);
	else if (fallocate(machine->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   (off_t)PFN_PHYS(pfn), (off_t)size))
		abort(); /* a memfd of ours can always lose pages */
}

/* Node and zone; what else is there belongs to the block's last life. */
#define LASTING_FLAGS                                                                              \
	(RIG_PAGE_NODE_MASK << RIG_PAGE_NODE_SHIFT | RIG_PAGE_ZONE_MASK << RIG_PAGE_ZONE_SHIFT)

static void prepare(struct rig_machine *machine, struct page *page,
		    const struct rig_page_request *request)
{
	for (unsigned long i = 0; i < 1UL << request->order; i++)
		page[i].flags &= LASTING_FLAGS;
	page->private = 0;
	set_page_count(page, 1);
	if (request->gfp & __GFP_ZERO)
		clear_frames(machine, rig_page_to_pfn(machine, page), request->order);
	if (!request->order || !(request->gfp & __GFP_COMP))
		return;
	__SetPageHead(page);
	for (unsigned long i = 1; i < 1UL << request->order; i++) {
		page[i].mapping = NULL;
		page[i].compound_head = (unsigned long)page + 1;
	}
	page[1].compound_dtor = COMPOUND_PAGE_DTOR;
	page[1].compound_order = (unsigned char)request->order;
	atomic_set(&page[1].compound_mapcount, -1);
	atomic_set(&page[1].compound_pincount, 0);
}

static void unprepare(struct page *page, unsigned int order)
{
	bool compound = PageHead(page);

	__ClearPageHead(page);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (compound && i)
			page[i].compound_head = 0;
		page[i].flags &= ~PAGE_FLAGS_CHECK_AT_PREP;
		page[i].mapping = NULL;
		page[i].private = 0;
	}
}

static struct page *model_alloc(struct rig_cpu *cpu, const struct rig_page_request *request)
{
	struct rig_machine *machine = cpu->machine;
	struct model *model = machine->page_private;
	struct page *page = NULL;
	unsigned long pfn;

	rig_spin_lock(&model->lock);
	pfn = take_block(cpu, request, false);
	if (pfn == RIG_NO_FRAME && (request->gfp & __GFP_NOFAIL))
		pfn = take_block(cpu, request, true);
	if (pfn != RIG_NO_FRAME) {
		page = rig_pfn_to_page(machine, pfn);
		prepare(machine, page, request);
	}
	rig_spin_unlock(&model->lock);
	return page;
}

static unsigned long model_alloc_bulk(struct rig_cpu *cpu, const struct rig_page_request *request,
				      unsigned long nr_pages, struct page **pages)
{
	unsigned long filled = 0;

	while (filled < nr_pages && pages[filled])
		filled++;
	for (; filled < nr_pages; filled++) {
		if (pages[filled])
			continue;
		pages[filled] = model_alloc(cpu, request);
		if (!pages[filled])
			break;
	}
	return filled;
}

/* What a page may not look like when its last reference goes; NULL: nothing is wrong. */
static const char *bad_reason(const struct page *page, unsigned int order)
{
	if (page_ref_count(page) != 0)
		return "nonzero _refcount";
	if (atomic_read(&page->_mapcount) != -1)
		return "nonzero mapcount";
	if (page->mapping)
		return "non-NULL mapping";
	if (page->flags & PAGE_FLAGS_CHECK_AT_FREE)
		return "PAGE_FLAGS_CHECK_AT_FREE flag(s) set";
	if (PageHead(page) && compound_order(page) != order)
		return "compound page of another order";
	return NULL;
}

/* Does one block hold all frames of [pfn, pfn + nr)? Its owner then, else RIG_FRAME_ABSENT. */
static u32 owner_of(const struct rig_frames *frames, unsigned long pfn, unsigned long nr)
{
	u32 owner = rig_frames_owner(frames, pfn);

	for (unsigned long i = pfn + 1; i < pfn + nr; i++)
		if (rig_frames_owner(frames, i) != owner)
			return RIG_FRAME_ABSENT;
	return owner;
}

static void model_free(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct model *model = machine->page_private;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	unsigned long nr = 1UL << order;
	const char *reason = bad_reason(page, order);
	u32 owner;

	RIG_TRACE(cpu, mm_page_free, .pfn = pfn, .order = order);
	if (reason) {
		rig_misuse(cpu, "model.bad_page_state", "free of pfn %#lx order %u: %s", pfn, order,
			   reason);
		return;
	}
	rig_spin_lock(&model->lock);
	owner = owner_of(model->frames, pfn, nr);
	/* absent frames come from boot, which frees what it reserved (highmem too) */
	if ((owner == RIG_FRAME_ABSENT &&
	     rig_frames_count(model->frames, pfn, pfn + nr, owner) != nr) ||
	    (owner != RIG_FRAME_ABSENT &&
	     (owner < RIG_FRAME_FIRST_OWNER || owner - RIG_FRAME_FIRST_OWNER < order))) {
		rig_spin_unlock(&model->lock);
		rig_misuse(cpu, "model.free_of_foreign_frames",
			   "free of pfn %#lx order %u: not one allocated block", pfn, order);
		return;
	}
	unprepare(page, order);
	if (rig_frames_move(model->frames, pfn, nr, owner, RIG_FRAME_FREE) == RIG_NO_FRAME)
		account_free(rig_page_zone(machine, page), (long)nr);
	rig_spin_unlock(&model->lock);
}

static void model_free_list(struct rig_cpu *cpu, struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru) {
		list_del(&page->lru);
		model_free(cpu, page, 0);
	}
}

static void model_drain(struct rig_cpu *cpu)
{
	/* no per-CPU lists */
}

/* --- checks */

static bool check_zone(struct rig_machine *machine, const struct zone *zone,
		       struct rig_verdict *verdict)
{
	const struct model *model = machine->page_private;
	unsigned long free_frames = 0;

	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++) {
		const struct page *page = rig_pfn_to_page(machine, pfn);

		/* zones of several nodes may interleave */
		if (rig_frames_owner(model->frames, pfn) != RIG_FRAME_FREE ||
		    rig_page_zone(machine, page) != zone)
			continue;
		free_frames++;
		if (page_ref_count(page) || page->flags & PAGE_FLAGS_CHECK_AT_FREE)
			return rig_fails(verdict, "model.free_page_clean",
					 "zone %s: pfn %#lx is free, refcount %d flags %#lx",
					 zone->name, pfn, page_ref_count(page), page->flags);
	}
	if (free_frames != zone_page_state(zone, NR_FREE_PAGES))
		return rig_fails(verdict, "model.free_count",
				 "zone %s: %lu frames are free, the counter says %lu", zone->name,
				 free_frames, zone_page_state(zone, NR_FREE_PAGES));
	return true;
}

static bool model_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	for (int nid = 0; tier >= 2 && nid < machine->nr_nodes; nid++) {
		if (!machine->nodes[nid])
			continue;
		for (int type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *zone = &machine->nodes[nid]->node_zones[type];

			if (populated_zone(zone) && !check_zone(machine, zone, verdict))
				return false;
		}
	}
	return true;
}

const struct page_backend rig_model_page_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "model",
	.init = model_init,
	.fini = model_fini,
	.free_boot_range = model_free_boot_range,
	.alloc = model_alloc,
	.alloc_bulk = model_alloc_bulk,
	.free = model_free,
	.free_list = model_free_list,
	.drain = model_drain,
	.check = model_check,
};
