/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the replay of objects share: engine_object.c, object_hidden.c. */
#ifndef RIG_OBJECT_REPLAY_H
#define RIG_OBJECT_REPLAY_H

#include <kmemrig/kmem.h>
#include <kmemrig/restore.h>

#include "engine.h"
#include "object_plan.h"

/* Untraced allocations of one bulk call that are looked for before a traced one. */
#define OBJECT_MAX_HIDDEN 2048

struct object_replay {
	struct rig_engine *engine;
	struct rig_object_plan *plan;
	struct rig_address_map ours;   /* what-if: host address of the object that stands for one */
	struct rig_address_map caches; /* struct kmem_cache * by its name's address */
	u32 number;		       /* of the event at hand */
	void *round_trips[OBJECT_MAX_HIDDEN]; /* taken before an allocation, to be given back after
						 it */
	int nr_round_trips;
	bool past;	  /* the machine holds the recorded objects, at their addresses */
	bool literal;	  /* addresses are the trace's own */
	u64 grace_period; /* what-if: of the clock, when callbacks last ran */
	unsigned int shown;
};

static inline struct rig_machine *machine_of(const struct object_replay *replay)
{
	return replay->engine->machine;
}

/* The slab that holds an object now; NULL: its page is no slab. */
static inline struct page *object_slab_at(struct object_replay *replay, const void *object)
{
	struct page *page = compound_head(rig_virt_to_page(machine_of(replay), object));

	return PageSlab(page) ? page : NULL;
}

/* Tells of a difference, as long as some are asked for. */
void object_show(struct object_replay *replay, u32 number, const char *what, u64 got);

/* The machine's cache of that name; @object_size not 0: it is made when it is not there. */
struct kmem_cache *object_cache_by_name(struct object_replay *replay, struct rig_cpu *cpu,
					const char *name, u64 object_size);

/* object_hidden.c: what must have happened between the events. Each counts what it infers. */
void object_settle_before_alloc(struct object_replay *replay, struct rig_cpu *cpu,
				struct kmem_cache *cache, void *wanted);
void object_settle_after_alloc(struct object_replay *replay, struct rig_cpu *cpu,
			       struct kmem_cache *cache);
void object_finish_round_trips(struct object_replay *replay, struct rig_cpu *cpu,
			       struct kmem_cache *cache);
/* The object of ours, now in use; NULL: it can't be. */
void *object_settle_before_free(struct object_replay *replay, struct rig_cpu *cpu, u64 traced);
/* As rig_slab_verdict; @data: the replay. */
bool object_empty_slab(void *data, struct kmem_cache *cache, unsigned long pfn, bool enough);
/* A slab's page was allocated (freed) in the trace. */
void object_run_slab_alloc(struct object_replay *replay, struct rig_cpu *cpu, u32 number);
void object_run_slab_free(struct object_replay *replay, struct rig_cpu *cpu, u32 number);

#endif
