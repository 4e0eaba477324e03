/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Following a trace of page events on a machine: each allocation is made by our allocator and
 * compared with the trace; after a difference the traced page is taken instead, so that one
 * surprise costs one. What the trace lets one see of what it does not show is used: the order of
 * CPUs under the zone lock (zone_locked and pcpu_drain events), drains, kswapd at work, pages that
 * bulk allocations took.
 *
 *	follow = rig_follow_create(machine);
 *	rig_follow_event(follow, &event);	... each kmem event in the trace's order
 *	rig_follow_run(follow);
 *	... rig_follow_result(follow) ...
 *	rig_follow_destroy(follow);
 *
 * Events are kept until the run, about 40 bytes each: what a page is used for later is needed.
 */
#ifndef KMEMRIG_FOLLOW_H
#define KMEMRIG_FOLLOW_H

#include <kmemrig/event.h>
#include <kmemrig/machine.h>

struct rig_follow_result {
	u64 allocs;	       /* traced allocations, failed ones too */
	u64 exact;	       /* our allocator chose the very page, or failed too */
	u64 inferred;	       /* after a difference the traced page was taken */
	u64 lost;	       /* it could not be taken: it is in use here */
	u64 failed_traced;     /* of allocs */
	u64 failed_reproduced; /* of these: ours failed too */
	u64 failed_spurious;   /* ours failed, the kernel's did not */
	u64 frees;
	u64 frees_unknown; /* of pages that were never in use here */
	u64 bulk;	   /* pages that bulk allocations must have taken */
	u64 drains;	   /* runs of pcpu_drain events that no free explains */
	/* Of exact: made with no hint from the trace right before the choice. */
	u64 exact_unaided;
	/*
	 * Hints: what neither the state nor the events before say, and the trace's next ones show.
	 */
	u64 boosts_ended;   /* watermark boosts that kswapd must have ended */
	u64 folds;	    /* per-CPU counter differences that must have been folded */
	u64 reclaim_active; /* frees that found kswapd at work */
	u64 blocks_told;    /* steals: whether the pageblock's used pages let it change its type */
	u64 nodes_told;	    /* requests for another node than the CPU's own */
	u64 victims;	    /* tasks that the OOM killer must have chosen */
};

struct rig_follow;

/*
 * @enter is called before an event takes effect, @report after an allocation that was not exact,
 * with our page frame (all ones: ours failed). Numbers count the events given to
 * rig_follow_event(), from 0. Both may be NULL.
 */
typedef void (*rig_follow_enter)(void *data, size_t number);
typedef void (*rig_follow_report)(void *data, size_t number, unsigned long ours);

/* NULL: no host memory. */
struct rig_follow *rig_follow_create(struct rig_machine *machine);
void rig_follow_destroy(struct rig_follow *follow);

void rig_follow_hooks(struct rig_follow *follow, rig_follow_enter enter, rig_follow_report report,
		      void *data);

/*
 * @hidden is called with each block that somebody must have taken with no event (result->bulk
 * counts their pages): from then on, or since before the trace began.
 */
typedef void (*rig_follow_hidden)(void *data, unsigned long pfn, unsigned int order);
void rig_follow_on_hidden(struct rig_follow *follow, rig_follow_hidden hidden);

/* Other events than kmem's page events are ignored. -ENOMEM: no host memory. */
int rig_follow_event(struct rig_follow *follow, const struct rig_event *event);

/*
 * Steps of the caller's own, for what works above the page allocator (object events): when its turn
 * comes in the run, @call gets its number and the data of rig_follow_hooks(). -ENOMEM. Events that
 * are left out count too, so that numbers stay the trace's.
 */
void rig_follow_on_step(struct rig_follow *follow, rig_follow_enter call);
int rig_follow_add_step(struct rig_follow *follow, const struct rig_event *event);
void rig_follow_skip(struct rig_follow *follow);

/* Replays all events so far; once. False: no host memory. */
bool rig_follow_run(struct rig_follow *follow);

const struct rig_follow_result *rig_follow_result(const struct rig_follow *follow);

#endif
