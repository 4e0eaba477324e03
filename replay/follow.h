/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of following a trace share. */
#ifndef RIG_REPLAY_FOLLOW_H
#define RIG_REPLAY_FOLLOW_H

#include <kmemrig/follow.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <linux/gfp.h>

enum step_kind {
	STEP_ALLOC,
	STEP_FREE,
	STEP_BATCH_PREPARE, /* an mm_page_free whose mm_page_free_batched comes */
	STEP_BATCH_COMMIT,
	STEP_ZONE_LOCKED,
	STEP_DRAIN,
	STEP_EXTFRAG,
	STEP_CALL, /* not the page allocator's; in no chain */
};

#define NO_STEP UINT32_MAX

/* A traced event. */
struct step {
	u64 time_ns;
	u64 pfn;
	u32 gfp;
	u32 number; /* of the event */
	s32 pid;
	u32 next_of_page; /* the next step with this pfn */
	u32 next_of_cpu;  /* the next step of this CPU */
	u32 first_inner;  /* ALLOC: the first of its zone_locked and extfrag events */
	s16 migratetype;
	u8 kind;
	u8 cpu;
	u8 order;
	u8 extra; /* ZONE_LOCKED: percpu_refill; EXTFRAG: change_ownership */
	bool done;
	bool deferred; /* FREE, BATCH_COMMIT: done at its first drain event */
};

struct follow_cpu {
	u32 last; /* latest step before the one at hand that is not a drain */
	struct rig_page_batch batch;
	u32 batch_left; /* prepared pages not yet committed */
};

struct rig_follow {
	struct rig_machine *machine;
	struct step *steps;
	u32 nr, capacity;
	s32 victims[16]; /* tasks that the OOM killer must have chosen */
	u32 nr_victims;
	u32 *next_of_pfn; /* [max_pfn] the first step, at or after the one at hand, with that pfn */
	struct follow_cpu cpus[RIG_NR_CPUS];
	struct rig_follow_result result;
	rig_follow_enter enter;
	rig_follow_report report;
	rig_follow_enter call;
	rig_follow_hidden hidden;
	void *hook_data;
	int reordered; /* blocks of the refill at hand that were not the first of their lists */
	u32 nr_events;
	bool hides; /* pages are freed that no event gave out */
};

static inline struct rig_cpu *step_cpu(const struct rig_follow *follow, const struct step *step)
{
	return &follow->machine->cpus[step->cpu];
}

static inline struct zone *pfn_zone(const struct rig_follow *follow, u64 pfn)
{
	if (pfn >= follow->machine->max_pfn)
		return NULL;
	return rig_pfn_zone(follow->machine, pfn);
}

/* follow.c */
int preferred_node(const struct rig_follow *follow, const struct step *step);

/* follow_plan.c: what belongs together, before the run. false: no host memory. */
bool follow_plan(struct rig_follow *follow);

/* follow_hidden.c: what must have happened between the events. */
void settle_before_free(struct rig_follow *follow, const struct step *step, unsigned int drained);
void settle_before_alloc(struct rig_follow *follow, const struct step *step);
bool settle_difference(struct rig_follow *follow, const struct step *step, unsigned long ours);
bool settle_failure(struct rig_follow *follow, const struct step *step);
bool is_victim(const struct rig_follow *follow, s32 pid);
bool drains_itself(const struct rig_follow *follow, const struct step *step);
bool settle_free_page(struct rig_follow *follow, const struct step *step);
void settle_refills(struct rig_follow *follow, u32 first, u32 end, bool alloc_follows);

#endif
