// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done for a request that found no zone above its low watermark (__alloc_pages_slowpath):
 * kswapd is woken, the reserves that the request has a right to are tried, then, if it may sleep,
 * compaction, reclaim, and at last the out-of-memory killer, as long as they make progress.
 */
#include <linux/gfp.h>

#include "internal.h"

#define MAX_COMPACT_RETRIES 16
/* A request that may not fail and for which nothing can be done would spin for ever here. */
#define NOFAIL_ROUNDS 1000

struct slow_state {
	struct rig_cpu *cpu;
	gfp_t gfp;
	unsigned int order;
	unsigned int alloc_flags;
	struct alloc_context *ac;
	unsigned long did_some_progress;
	enum compact_result compact_result;
	enum compact_priority compact_priority;
	int compaction_retries;
	int no_progress_loops;
};

unsigned int gfp_to_alloc_flags(gfp_t gfp, unsigned int order)
{
	unsigned int alloc_flags = ALLOC_WMARK_MIN | ALLOC_CPUSET;

	/* these two bits have the same value in both */
	alloc_flags |= gfp & (__GFP_HIGH | __GFP_KSWAPD_RECLAIM);
	if (!(gfp & __GFP_DIRECT_RECLAIM)) {
		if (!(gfp & __GFP_NOMEMALLOC)) {
			alloc_flags |= ALLOC_NON_BLOCK;
			if (order > 0 && (alloc_flags & ALLOC_MIN_RESERVE))
				alloc_flags |= ALLOC_HIGHATOMIC;
		}
		if (alloc_flags & ALLOC_MIN_RESERVE)
			alloc_flags &= ~ALLOC_CPUSET;
	}
	return gfp_to_alloc_flags_cma(gfp, alloc_flags);
}

unsigned int pfmemalloc_flags(const struct rig_cpu *cpu, gfp_t gfp)
{
	bool serving_softirq = cpu->preempt_count & 0x100UL;

	if (gfp & __GFP_NOMEMALLOC)
		return 0;
	if (gfp & __GFP_MEMALLOC)
		return ALLOC_NO_WATERMARKS;
	if (serving_softirq && (cpu->task->flags & PF_MEMALLOC))
		return ALLOC_NO_WATERMARKS;
	if (!in_interrupt_of(cpu)) {
		if (cpu->task->flags & PF_MEMALLOC)
			return ALLOC_NO_WATERMARKS;
		if (cpu->task->oom_victim)
			return ALLOC_OOM;
	}
	return 0;
}

static void wake_all_kswapds(const struct slow_state *s)
{
	struct zoneref *z = next_zones_zonelist(s->ac->zonelist->_zonerefs, s->ac->highest_zoneidx,
						s->ac->nodemask);
	const struct pglist_data *last = NULL;
	struct zone *zone;

	for_each_zone_from(zone, z, s->ac->highest_zoneidx, s->ac->nodemask)
	{
		if (!managed_zone(zone) || zone->zone_pgdat == last)
			continue;
		wakeup_kswapd(s->cpu, zone, s->gfp, s->order, s->ac->highest_zoneidx);
		last = zone->zone_pgdat;
	}
}

static struct page *try_freelist(const struct slow_state *s, unsigned int alloc_flags)
{
	return get_page_from_freelist(s->cpu, s->gfp, s->order, alloc_flags, s->ac);
}

static struct page *direct_compact(struct slow_state *s, enum compact_priority priority)
{
	struct rig_page_front *front = s->cpu->machine->page_front;
	unsigned int task_flags = s->cpu->task->flags;
	struct page *page = NULL;

	if (!s->order)
		return NULL;
	s->cpu->task->flags |= PF_MEMALLOC;
	s->compact_result = try_to_compact_pages(s->cpu, s->gfp, s->order, s->alloc_flags, s->ac,
						 priority, &page);
	s->cpu->task->flags = task_flags;
	if (s->compact_result == COMPACT_SKIPPED)
		return NULL;
	front->compact_stall++;
	if (page)
		prep_new_page(s->cpu, page, s->order, s->gfp, s->alloc_flags);
	else
		page = try_freelist(s, s->alloc_flags);
	if (!page) {
		front->compact_fail++;
		return NULL;
	}
	compaction_succeeded(s->cpu, rig_page_zone(s->cpu->machine, page), (int)s->order);
	front->compact_success++;
	return page;
}

static struct page *direct_reclaim(struct slow_state *s)
{
	unsigned int task_flags = s->cpu->task->flags;
	struct page *page;

	s->cpu->task->flags |= PF_MEMALLOC;
	s->did_some_progress = try_to_free_pages(s->cpu, s->ac, s->order, s->gfp);
	s->cpu->task->flags = task_flags;
	if (!s->did_some_progress)
		return NULL;
	page = try_freelist(s, s->alloc_flags);
	if (page)
		return page;
	/* what was freed may be on other CPUs' lists, or in the high-order reserve */
	unreserve_highatomic_pageblock(s->cpu, s->ac, false);
	rig_drain_all_pages(s->cpu, NULL);
	return try_freelist(s, s->alloc_flags);
}

/* Would the request succeed if all that can be reclaimed were free? */
static bool reclaim_could_help(const struct slow_state *s)
{
	struct zoneref *z = next_zones_zonelist(s->ac->zonelist->_zonerefs, s->ac->highest_zoneidx,
						s->ac->nodemask);
	struct zone *zone;

	for_each_zone_from(zone, z, s->ac->highest_zoneidx, s->ac->nodemask)
	{
		unsigned long available = zone_reclaimable_pages(zone) + zone_free_snapshot(zone);

		if (zone_watermark_ok_free(zone, s->order, min_wmark_pages(zone),
					   (int)s->ac->highest_zoneidx, s->alloc_flags,
					   (long)available))
			return true;
	}
	return false;
}

static bool should_reclaim_retry(struct slow_state *s)
{
	if (s->did_some_progress && s->order <= PAGE_ALLOC_COSTLY_ORDER)
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	if (s->no_progress_loops <= MAX_RECLAIM_RETRIES && reclaim_could_help(s))
		return true;
	/* before OOM, use up the high-order reserve */
	return unreserve_highatomic_pageblock(s->cpu, s->ac, true);
}

static bool should_compact_retry(struct slow_state *s)
{
	bool costly = s->order > PAGE_ALLOC_COSTLY_ORDER;
	int max_retries = costly ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;

	if (!s->order)
		return false;
	if (s->compact_result == COMPACT_SUCCESS)
		s->compaction_retries++;
	if (s->compact_result == COMPACT_SKIPPED)
		return compaction_zonelist_suitable(s->ac, s->order, s->alloc_flags);
	if (s->compact_result == COMPACT_SUCCESS && s->compaction_retries <= max_retries)
		return true;
	if (s->compact_priority > (costly ? COMPACT_PRIO_SYNC_LIGHT : COMPACT_PRIO_SYNC_FULL)) {
		s->compact_priority--;
		s->compaction_retries = 0;
		return true;
	}
	return false;
}

static bool oom_may_kill(const struct slow_state *s)
{
	return s->order <= PAGE_ALLOC_COSTLY_ORDER &&
	       !(s->gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE)) &&
	       s->ac->highest_zoneidx >= ZONE_NORMAL;
}

static struct page *may_oom(struct slow_state *s)
{
	struct rig_page_front *front = s->cpu->machine->page_front;
	struct page *page;
	bool killed = false;

	s->did_some_progress = 0;
	/* a very high mark: only what a kill at the same time freed is wanted here */
	page = get_page_from_freelist(s->cpu, (s->gfp | __GFP_HARDWALL) & ~__GFP_DIRECT_RECLAIM,
				      s->order, ALLOC_WMARK_HIGH | ALLOC_CPUSET, s->ac);
	if (page || !oom_may_kill(s))
		return page;
	/* without __GFP_FS the killer only nods: somebody else will make room */
	if (front->oom_kill)
		killed = front->oom_kill(s->cpu, s->gfp, s->order, front->oom_data);
	if (!killed && !(s->gfp & __GFP_NOFAIL))
		return NULL;
	front->oom_kills += killed;
	s->did_some_progress = 1;
	return s->gfp & __GFP_NOFAIL ? try_freelist(s, ALLOC_NO_WATERMARKS) : NULL;
}

/* Costly orders, and those that would mix kinds, are worth compacting before any reclaim. */
static bool compact_first(const struct slow_state *s)
{
	return (s->gfp & __GFP_DIRECT_RECLAIM) && (s->gfp & __GFP_IO) &&
	       (s->order > PAGE_ALLOC_COSTLY_ORDER ||
		(s->order > 0 && s->ac->migratetype != MIGRATE_MOVABLE)) &&
	       !pfmemalloc_flags(s->cpu, s->gfp);
}

static void reset_state(struct slow_state *s)
{
	s->compaction_retries = 0;
	s->no_progress_loops = 0;
	s->compact_result = COMPACT_SKIPPED;
	s->compact_priority = COMPACT_PRIO_SYNC_LIGHT;
}

enum slow_step { SLOW_RETRY, SLOW_GIVE_UP, SLOW_DONE };

/* One round of the efforts for a request that may sleep. */
static enum slow_step make_efforts(struct slow_state *s, struct page **page)
{
	bool costly = s->order > PAGE_ALLOC_COSTLY_ORDER, can_compact = s->gfp & __GFP_IO;

	*page = direct_reclaim(s);
	if (!*page)
		*page = direct_compact(s, s->compact_priority);
	if (*page)
		return SLOW_DONE;
	if (s->gfp & __GFP_NORETRY)
		return SLOW_GIVE_UP;
	if (costly && !(can_compact && (s->gfp & __GFP_RETRY_MAYFAIL)))
		return SLOW_GIVE_UP;
	if (should_reclaim_retry(s))
		return SLOW_RETRY;
	if (s->did_some_progress > 0 && can_compact && should_compact_retry(s))
		return SLOW_RETRY;
	*page = may_oom(s);
	if (*page)
		return SLOW_DONE;
	if (s->cpu->task->oom_victim &&
	    ((s->alloc_flags & ALLOC_OOM) || (s->gfp & __GFP_NOMEMALLOC)))
		return SLOW_GIVE_UP;
	if (s->did_some_progress) {
		s->no_progress_loops = 0;
		return SLOW_RETRY;
	}
	return SLOW_GIVE_UP;
}

/* The whole of it but for the last rescue of requests that may not fail. */
static struct page *attempt(struct slow_state *s)
{
	bool can_direct_reclaim = s->gfp & __GFP_DIRECT_RECLAIM;
	enum slow_step step = SLOW_RETRY;
	struct page *page = NULL;

	while (step == SLOW_RETRY) {
		unsigned int reserve_flags = pfmemalloc_flags(s->cpu, s->gfp);

		if (s->alloc_flags & ALLOC_KSWAPD)
			wake_all_kswapds(s);
		if (reserve_flags)
			s->alloc_flags = gfp_to_alloc_flags_cma(s->gfp, reserve_flags) |
					 (s->alloc_flags & ALLOC_KSWAPD);
		/* memory policies do not bind who may use reserves */
		if (!(s->alloc_flags & ALLOC_CPUSET) || reserve_flags) {
			s->ac->nodemask = NULL;
			s->ac->preferred_zoneref = next_zones_zonelist(
				s->ac->zonelist->_zonerefs, s->ac->highest_zoneidx, NULL);
		}
		page = try_freelist(s, s->alloc_flags);
		if (page || !can_direct_reclaim || (s->cpu->task->flags & PF_MEMALLOC))
			return page;
		step = make_efforts(s, &page);
	}
	return page;
}

static struct page *first_efforts(struct slow_state *s, bool *give_up)
{
	struct page *page;

	*give_up = false;
	if (s->alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(s);
	page = try_freelist(s, s->alloc_flags);
	if (page || !compact_first(s))
		return page;
	page = direct_compact(s, COMPACT_PRIO_ASYNC);
	if (page || s->order <= PAGE_ALLOC_COSTLY_ORDER || !(s->gfp & __GFP_NORETRY))
		return page;
	/* huge pages on a page fault: nothing more than this */
	*give_up = s->compact_result == COMPACT_SKIPPED || s->compact_result == COMPACT_DEFERRED ||
		   (s->gfp & __GFP_THISNODE);
	s->compact_priority = COMPACT_PRIO_ASYNC;
	return NULL;
}

static struct page *not_failing(struct slow_state *s)
{
	struct page *page = NULL;

	for (int round = 0; !page && round < NOFAIL_ROUNDS; round++) {
		page = try_freelist(s, ALLOC_MIN_RESERVE);
		if (!page)
			page = attempt(s);
	}
	if (!page)
		rig_misuse(s->cpu, "page.nofail_hangs",
			   "__GFP_NOFAIL request of order %u can never be served", s->order);
	return page;
}

struct page *alloc_pages_slowpath(struct rig_cpu *cpu, gfp_t gfp, unsigned int order,
				  struct alloc_context *ac)
{
	struct slow_state s = { .cpu = cpu, .gfp = gfp, .order = order, .ac = ac };
	bool give_up = true;
	struct page *page = NULL;

	/* reserves for atomic contexts are not for those who may sleep */
	if (WARN_ON_ONCE((gfp & (__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)) ==
			 (__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)))
		s.gfp &= ~__GFP_ATOMIC;
	reset_state(&s);
	s.alloc_flags = gfp_to_alloc_flags(s.gfp, order);
	if (ac->preferred_zoneref->zone)
		page = first_efforts(&s, &give_up);
	if (!page && !give_up)
		page = attempt(&s);
	if (!page && (s.gfp & __GFP_NOFAIL) && ac->preferred_zoneref->zone &&
	    !WARN_ON_ONCE(!(s.gfp & __GFP_DIRECT_RECLAIM)))
		page = not_failing(&s);
	if (!page)
		warn_alloc(cpu, s.gfp, ac->nodemask, order);
	return page;
}
