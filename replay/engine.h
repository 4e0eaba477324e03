/* SPDX-License-Identifier: GPL-2.0-only */
/* The replay engines: a trace's events become calls on a machine, and choices are compared. */
#ifndef RIG_ENGINE_H
#define RIG_ENGINE_H

#include <kmemrig/follow.h>
#include <kmemrig/machine.h>

#include "trace_log.h"

struct rig_page_counts {
	u64 allocs;	       /* that succeeded in the trace */
	u64 exact;	       /* our choice was the trace's page frame */
	u64 inferred;	       /* corrections: the traced page was taken instead of our choice */
	u64 failed_traced;     /* the trace's allocation failed */
	u64 failed_reproduced; /* and so did ours */
	u64 failed_spurious;   /* ours failed, the trace's did not */
	u64 frees;
	u64 frees_unknown;		/* of pages that were free already */
	struct rig_follow_result hints; /* what the trace had to tell */
	u64 drains;			/* drains that no free explains, done as traced */
	u64 inner;	/* zone_locked, pcpu_drain and extfrag events in the trace */
	u64 inner_same; /* which ours gave too, in the same call */
};

struct rig_object_counts {
	u64 allocs;
	u64 exact;    /* our choice was the trace's address */
	u64 inferred; /* corrections: the traced object was taken */
	u64 failed_traced, failed_reproduced, failed_spurious;
	u64 frees;
	u64 frees_unknown; /* of objects that nobody was seen to allocate */
	u64 exact_unaided; /* of the exact: nothing was inferred right before them */
	u64 slab_pages;	   /* page events that belong to slabs */
	/* Memory of our slabs and large kmallocs when the replay begins and ends, kB. */
	u64 slab_kb_before, slab_kb_after;
	/* What of that is in use at the end, bytes (rig_engine_count_live); 0: not counted. */
	u64 live_bytes_after;
};

struct rig_engine {
	struct rig_machine *machine;
	struct rig_trace_log *log;
	const struct rig_state *state; /* that the machine was made from, with its slabs; or NULL */
	struct rig_page_counts page;
	struct rig_object_counts object;
	bool from_state; /* the machine starts as the traced kernel did */
	bool what_if;	 /* on the same machine, but something is changed: faults */
	u8 *hidden;	 /* bits, by page frame: taken with no event; may be NULL */
	unsigned long nr_hidden_bits;
	long most_hidden; /* pages: what comes later is not believed */
	u8 *differs;	  /* by the log's events: this page allocation was not exact; may be NULL */
	unsigned int show; /* print the first differences to stderr */
};

/*
 * Page events only. False: @error. The machine's clock, CPUs and tasks follow the trace.
 */
bool rig_engine_run_pages(struct rig_engine *engine, char *error);

/*
 * Page events with something above: @feed gives the events to the follower (kmemrig/follow.h),
 * @step is called with the log's number of each of the engine's own steps.
 */
enum rig_mapped_event {
	RIG_MAPPED_PAGE,  /* a page event to replay */
	RIG_MAPPED_ABOVE, /* a step of the engine above */
	RIG_MAPPED_NONE,  /* neither */
};

struct rig_follow;
struct rig_engine_above {
	bool (*feed)(struct rig_engine *engine, struct rig_follow *follow, void *data);
	void (*step)(void *data, size_t event);
	/* Where pages are only names: what an event is. */
	enum rig_mapped_event (*kind)(void *data, size_t event);
	void *data;
};
bool rig_engine_follow(struct rig_engine *engine, const struct rig_engine_above *above,
		       char *error);

/*
 * The same on a machine that is not the traced one: the trace's page frames and objects are names.
 * @above NULL: page events only.
 */
bool rig_engine_run_mapped(struct rig_engine *engine, const struct rig_engine_above *above,
			   char *error);

/*
 * Object events through the slab backend; page events that belong to slabs are the backend's own,
 * the others are replayed beside. False: @error.
 */
bool rig_engine_run_objects(struct rig_engine *engine, char *error);

/*
 * After a replay of objects: counts object.live_bytes_after, object sizes of the live objects and
 * the pages of large kmallocs. Where pages do not lead to caches (SLOB) it stays 0.
 */
void rig_engine_count_live(struct rig_engine *engine);

/* Sets clock and task of the event's CPU to the event's; returns the CPU. Shared by the engines. */
struct rig_cpu *rig_engine_enter(struct rig_engine *engine, const struct rig_event *event);

#endif
