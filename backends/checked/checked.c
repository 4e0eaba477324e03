// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page backend "checked": the buddy allocator under a map of frame owners. It decides nothing;
 * it holds each answer against what a naive reader of the kernel's documentation would expect,
 * and reports a difference as a broken invariant (names: kmemrig/checked.h).
 *
 * The map is per machine (machine->checked) and starts with what boot handed over, so this
 * backend does not serve bare machines, whose free lists come from a recorded state.
 *
 * Locking: the map has a lock of its own, taken around the map's update only. An allocation is
 * entered after the inner allocator returned and a free before it is called, so that no other CPU
 * can be handed frames that the map still shows as taken.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/checked.h>
#include <kmemrig/frames.h>
#include <kmemrig/page.h>
#include <linux/gfp.h>
#include <linux/spinlock.h>

struct rig_checked {
	const struct page_backend *inner;
	struct rig_frames *frames;
	spinlock_t lock;
	bool alone;		 /* one thread drives all CPUs */
	bool nothing_to_reclaim; /* no page cache, and nobody who gives memory back */
};

void rig_checked_set_inner(struct rig_machine *machine, const struct page_backend *inner)
{
	machine->checked->inner = inner;
}

void rig_checked_set_alone(struct rig_machine *machine)
{
	machine->checked->alone = true;
	machine->checked->nothing_to_reclaim = true;
}

const struct page_backend *rig_checked_inner(const struct rig_machine *machine)
{
	return machine->checked->inner;
}

const struct rig_frames *rig_checked_frames(const struct rig_machine *machine)
{
	return machine->checked->frames;
}

static int checked_init(struct rig_machine *machine)
{
	struct rig_checked *checked = calloc(1, sizeof(*checked));
	int code;

	if (!checked)
		return -ENOMEM;
	checked->inner = rig_find_page_backend("page");
	if (!checked->inner) {
		free(checked);
		return -ENOENT;
	}
	spin_lock_init(&checked->lock);
	checked->frames = rig_frames_create(machine->max_pfn);
	code = checked->frames ? checked->inner->init(machine) : -ENOMEM;
	if (code) {
		rig_frames_destroy(checked->frames);
		free(checked);
		return code;
	}
	checked->alone = machine->nr_cpus == 1;
	machine->checked = checked;
	return 0;
}

static void checked_fini(struct rig_machine *machine)
{
	struct rig_checked *checked = machine->checked;

	if (!checked)
		return;
	checked->inner->fini(machine);
	rig_frames_destroy(checked->frames);
	free(checked);
	machine->checked = NULL;
}

static void broken(struct rig_machine *machine, const char *name, const char *format, ...)
	__printf(3, 4);

static void broken(struct rig_machine *machine, const char *name, const char *format, ...)
{
	struct rig_verdict verdict = { .name = name };
	va_list args;

	va_start(args, format);
	vsnprintf(verdict.detail, sizeof(verdict.detail), format, args);
	va_end(args);
	rig_broken(machine, &verdict);
}

static void checked_free_boot_range(struct rig_machine *machine, unsigned long start_pfn,
				    unsigned long end_pfn)
{
	struct rig_checked *checked = machine->checked;
	unsigned long bad = rig_frames_move(checked->frames, start_pfn, end_pfn - start_pfn,
					    RIG_FRAME_ABSENT, RIG_FRAME_FREE);

	if (bad != RIG_NO_FRAME)
		broken(machine, "checked.boot_range",
		       "pfn %#lx of [%#lx, %#lx) was handed over before", bad, start_pfn, end_pfn);
	checked->inner->free_boot_range(machine, start_pfn, end_pfn);
}

/* --- what an allocation must be */

static void take_frames(struct rig_machine *machine, unsigned long pfn, unsigned int order)
{
	struct rig_checked *checked = machine->checked;
	unsigned long bad;

	rig_spin_lock(&checked->lock);
	bad = rig_frames_move(checked->frames, pfn, 1UL << order, RIG_FRAME_FREE,
			      RIG_FRAME_FIRST_OWNER + order);
	rig_spin_unlock(&checked->lock);
	if (bad != RIG_NO_FRAME)
		broken(machine, "checked.frames_free",
		       "pfn %#lx order %u handed out, but frame %#lx %s", pfn, order, bad,
		       rig_frames_owner(checked->frames, bad) == RIG_FRAME_ABSENT
			       ? "was never given to the allocator"
			       : "is in use");
}

static bool node_allowed(const struct rig_page_request *request, int nid)
{
	if ((request->gfp & __GFP_THISNODE) && nid != request->preferred_nid)
		return false;
	return !request->nodemask ||
	       request->nodemask[nid / BITS_PER_LONG] & BIT(nid % BITS_PER_LONG);
}

static void check_place(struct rig_machine *machine, const struct rig_page_request *request,
			unsigned long pfn, const struct page *page)
{
	const struct zone *zone = rig_page_zone(machine, page);

	if (pfn & ((1UL << request->order) - 1))
		broken(machine, "checked.block_aligned", "pfn %#lx for order %u", pfn,
		       request->order);
	if (zone_idx(zone) > gfp_zone(request->gfp) || !node_allowed(request, zone->node))
		broken(machine, "checked.zone_allowed",
		       "pfn %#lx of node %d zone %s for gfp %#x, node %d", pfn, zone->node,
		       zone->name, request->gfp, request->preferred_nid);
}

static void check_prepared(struct rig_machine *machine, const struct rig_page_request *request,
			   const struct page *page)
{
	bool compound = request->order && request->gfp & __GFP_COMP;
	unsigned long stale = page->flags & PAGE_FLAGS_CHECK_AT_PREP & ~BIT(PG_head);
	const char *wrong = NULL;

	if (page_ref_count(page) != 1)
		wrong = "reference count";
	else if (stale)
		wrong = "flags";
	else if (PageHead(page) != compound || (compound && compound_order(page) != request->order))
		wrong = "compound state";
	else if (page->private)
		wrong = "private";
	if (wrong)
		broken(machine, "checked.page_prepared",
		       "pfn %#lx order %u gfp %#x: %s (refcount %d, flags %#lx, private %#lx)",
		       rig_page_to_pfn(machine, page), request->order, request->gfp, wrong,
		       page_ref_count(page), page->flags, page->private);
}

/* So many frames are looked at with one read. */
#define FRAMES_AT_ONCE 16UL

static bool frames_are_zero(struct rig_machine *machine, unsigned long pfn, unsigned long nr)
{
	static const u8 zeroes[FRAMES_AT_ONCE * PAGE_SIZE];
	u8 copy[FRAMES_AT_ONCE * PAGE_SIZE];
	size_t size = nr * PAGE_SIZE;

	if (pread(machine->memory_fd, copy, size, (off_t)PFN_PHYS(pfn)) != (ssize_t)size)
		return false;
	return memcmp(copy, zeroes, size) == 0;
}

static void check_zeroed(struct rig_machine *machine, const struct rig_page_request *request,
			 unsigned long pfn)
{
	unsigned long nr = min(1UL << request->order, FRAMES_AT_ONCE);

	for (unsigned long i = 0; i < 1UL << request->order; i += nr)
		if (!frames_are_zero(machine, pfn + i, nr))
			broken(machine, "checked.zeroed", "pfn %#lx to %#lx of order %u at %#lx",
			       pfn + i, pfn + i + nr - 1, request->order, pfn);
}

static void check_block(struct rig_machine *machine, const struct rig_page_request *request,
			const struct page *page)
{
	unsigned long pfn = rig_page_to_pfn(machine, page);

	take_frames(machine, pfn, request->order);
	check_place(machine, request, pfn, page);
	check_prepared(machine, request, page);
	if (request->gfp & __GFP_ZERO)
		check_zeroed(machine, request, pfn);
}

/* --- what a failure must be */

/*
 * Is there a block of the order on @zone's lists that any request may have? Blocks of the
 * reserves and of isolated pageblocks are not for everybody.
 */
static bool has_common_block(const struct zone *zone, unsigned int order)
{
	for (; order < MAX_ORDER; order++)
		for (int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
			if (!list_empty(&zone->free_area[order].free_list[mt]))
				return true;
	return false;
}

/* CPUs keep differences to the free counter; a threshold is at most this. */
#define MAX_COUNTER_DRIFT 125

static bool has_room(const struct zone *zone, const struct rig_page_request *request)
{
	long free_pages = (long)zone_page_state(zone, NR_FREE_PAGES) -
			  (long)zone_page_state(zone, NR_FREE_CMA_PAGES) -
			  (long)zone->nr_reserved_highatomic - (1L << request->order);
	long mark = (long)high_wmark_pages(zone) + zone->lowmem_reserve[gfp_zone(request->gfp)] +
		    MAX_COUNTER_DRIFT;

	return free_pages > mark && has_common_block(zone, request->order);
}

/* A zone that has room for the request, or NULL. */
static const struct zone *find_room(const struct rig_machine *machine,
				    const struct rig_page_request *request)
{
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		if (!machine->nodes[nid] || !node_allowed(request, nid))
			continue;
		for (int type = 0; type <= (int)gfp_zone(request->gfp); type++) {
			const struct zone *zone = rig_machine_zone(machine, nid, type);

			if (managed_zone(zone) && has_room(zone, request))
				return zone;
		}
	}
	return NULL;
}

/*
 * @zone had room before, and has it still: what was freed, or a boost of the watermark that ended,
 * while the request was tried is no fault.
 */
static void check_failure(struct rig_machine *machine, const struct rig_page_request *request,
			  const struct zone *zone)
{
	if (zone && has_room(zone, request))
		broken(machine, "checked.spurious_failure",
		       "order %u gfp %#x: node %d zone %s has %lu free pages, high watermark %lu, "
		       "reserve %ld",
		       request->order, request->gfp, zone->node, zone->name,
		       zone_page_state(zone, NR_FREE_PAGES), high_wmark_pages(zone),
		       zone->lowmem_reserve[gfp_zone(request->gfp)]);
}

/* --- how low a zone may get */

/*
 * The zones before an allocation: who was above min, in the kernel's terms (__zone_watermark_ok
 * without rights), and how much was free. Only for requests whose answer can be foretold from what
 * was there: they may not use min's reserves, and what they can free themselves is known.
 */
struct zones_before {
	bool known;
	bool above_min[MAX_NUMNODES][MAX_NR_ZONES];
	unsigned long free_pages[MAX_NUMNODES][MAX_NR_ZONES];
	unsigned long reserved[MAX_NUMNODES][MAX_NR_ZONES];
};

static bool is_foretold(const struct rig_cpu *cpu, gfp_t gfp)
{
	const struct rig_checked *checked = cpu->machine->checked;

	if (!checked->alone || cpu->task->flags & PF_MEMALLOC || cpu->task->oom_victim ||
	    gfp & (__GFP_HIGH | __GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOFAIL))
		return false;
	return !(gfp & __GFP_DIRECT_RECLAIM) || checked->nothing_to_reclaim;
}

static long pages_of_cpus(const struct zone *zone)
{
	long pages = 0;

	for (int cpu = 0; cpu < zone->machine->nr_cpus && zone->per_cpu_pageset; cpu++)
		pages += zone->per_cpu_pageset[cpu].count;
	return pages;
}

static bool is_above_min(const struct zone *zone, const struct rig_page_request *request)
{
	gfp_t gfp = request->gfp;
	long free_pages = (long)zone_page_state(zone, NR_FREE_PAGES) - (1L << request->order) + 1;

	/* who may sleep has the CPUs' lists drained and their counters folded */
	if (gfp & __GFP_DIRECT_RECLAIM)
		free_pages += pages_of_cpus(zone) + zone->machine->nr_cpus * MAX_COUNTER_DRIFT;
	/* who may not sleep may use what is kept for atomic requests, unless it says otherwise */
	if (gfp & (__GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC))
		free_pages -= (long)zone->nr_reserved_highatomic;
	if (gfp_migratetype(gfp) != MIGRATE_MOVABLE)
		free_pages -= (long)zone_page_state(zone, NR_FREE_CMA_PAGES);
	return free_pages > (long)zone->_watermark[WMARK_MIN] + zone->lowmem_reserve[gfp_zone(gfp)];
}

static void look_at_zones(struct rig_cpu *cpu, const struct rig_page_request *request,
			  struct zones_before *before)
{
	const struct rig_machine *machine = cpu->machine;

	before->known = is_foretold(cpu, request->gfp);
	for (int nid = 0; before->known && nid < machine->nr_nodes; nid++) {
		for (int type = 0; machine->nodes[nid] && type < MAX_NR_ZONES; type++) {
			const struct zone *zone = rig_machine_zone(machine, nid, type);

			before->above_min[nid][type] = is_above_min(zone, request);
			before->free_pages[nid][type] = zone_page_state(zone, NR_FREE_PAGES);
			before->reserved[nid][type] = zone->nr_reserved_highatomic;
		}
	}
}

static void check_watermark(struct rig_cpu *cpu, const struct rig_page_request *request,
			    const struct page *page, const struct zones_before *before)
{
	struct rig_machine *machine = cpu->machine;
	const struct zone *zone = rig_page_zone(machine, page);
	int nid = zone->node, type = (int)zone_idx(zone);

	/* the reserve may have been given up, or the task been killed to make room */
	if (!before->known || before->above_min[nid][type] || cpu->task->oom_victim ||
	    zone->nr_reserved_highatomic != before->reserved[nid][type])
		return;
	if (!(request->gfp & __GFP_DIRECT_RECLAIM) &&
	    zone_page_state(zone, NR_FREE_PAGES) > before->free_pages[nid][type])
		return;
	broken(machine, "checked.below_min",
	       "order %u gfp %#x from node %d zone %s with %lu free pages, min watermark %lu, "
	       "reserve %ld, %lu for high-order atomic requests",
	       request->order, request->gfp, nid, zone->name, before->free_pages[nid][type],
	       zone->_watermark[WMARK_MIN], zone->lowmem_reserve[gfp_zone(request->gfp)],
	       before->reserved[nid][type]);
}

/* --- the table */

static struct page *checked_alloc(struct rig_cpu *cpu, const struct rig_page_request *request)
{
	struct rig_machine *machine = cpu->machine;
	const struct zone *room;
	struct zones_before before;
	struct page *page;

	if (request->order >= MAX_ORDER) {
		broken(machine, "checked.order", "a request of order %u got past the front",
		       request->order);
		return NULL;
	}
	/* with several threads, what another one frees meanwhile is no fault of ours */
	room = machine->checked->alone ? find_room(machine, request) : NULL;
	look_at_zones(cpu, request, &before);
	page = machine->checked->inner->alloc(cpu, request);
	if (page) {
		check_block(machine, request, page);
		check_watermark(cpu, request, page, &before);
	} else {
		check_failure(machine, request, room);
	}
	return page;
}

static unsigned long checked_alloc_bulk(struct rig_cpu *cpu, const struct rig_page_request *request,
					unsigned long nr_pages, struct page **pages)
{
	struct rig_checked *checked = cpu->machine->checked;
	struct page **before = malloc(nr_pages * sizeof(*before) + 1);
	unsigned long filled;

	if (!before)
		abort();
	memcpy(before, pages, nr_pages * sizeof(*before));
	filled = checked->inner->alloc_bulk(cpu, request, nr_pages, pages);
	for (unsigned long i = 0; i < nr_pages; i++)
		if (!before[i] && pages[i])
			check_block(cpu->machine, request, pages[i]);
	free(before);
	return filled;
}

/* A block may come back in parts (split_page), so only that one block holds all frames counts. */
static void release_frames(struct rig_cpu *cpu, const struct page *page, unsigned int order)
{
	struct rig_machine *machine = cpu->machine;
	struct rig_checked *checked = machine->checked;
	unsigned long pfn = rig_page_to_pfn(machine, page);
	unsigned long bad = pfn;
	u32 owner;

	rig_spin_lock(&checked->lock);
	owner = rig_frames_owner(checked->frames, pfn);
	/* boot frees what it reserved (highmem too) as if it had been allocated */
	if (owner == RIG_FRAME_ABSENT ||
	    (owner >= RIG_FRAME_FIRST_OWNER && owner - RIG_FRAME_FIRST_OWNER >= order))
		bad = rig_frames_move(checked->frames, pfn, 1UL << order, owner, RIG_FRAME_FREE);
	rig_spin_unlock(&checked->lock);
	if (bad != RIG_NO_FRAME)
		broken(machine, "checked.free_of_frames",
		       "free of pfn %#lx order %u: frame %#lx is not in use as part of it", pfn,
		       order, bad);
}

static void checked_free(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	release_frames(cpu, page, order);
	cpu->machine->checked->inner->free(cpu, page, order);
}

static void checked_free_to_tail(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	const struct page_backend *inner = cpu->machine->checked->inner;

	release_frames(cpu, page, order);
	(inner->free_to_tail ? inner->free_to_tail : inner->free)(cpu, page, order);
}

static void checked_free_list(struct rig_cpu *cpu, struct list_head *pages)
{
	struct page *page;

	list_for_each_entry (page, pages, lru)
		release_frames(cpu, page, 0);
	cpu->machine->checked->inner->free_list(cpu, pages);
}

static void checked_drain(struct rig_cpu *cpu)
{
	cpu->machine->checked->inner->drain(cpu);
}

static bool checked_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	return machine->checked->inner->check(machine, tier, verdict);
}

const struct page_backend rig_checked_page_backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "checked",
	.init = checked_init,
	.fini = checked_fini,
	.free_boot_range = checked_free_boot_range,
	.alloc = checked_alloc,
	.alloc_bulk = checked_alloc_bulk,
	.free = checked_free,
	.free_to_tail = checked_free_to_tail,
	.free_list = checked_free_list,
	.drain = checked_drain,
	.check = checked_check,
};
