/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what a machine tells. The structs are generated from event_table.h.
 *
 * RIG_TRACE(cpu, mm_page_free, ...) costs one relaxed load and a branch while no sink wants it; in
 * a build with RIG_NO_EVENTS, which the benches compare with, nothing. Strings are borrowed for the
 * call. Sinks are called on the emitting CPU, possibly under a zone's lock: they may not allocate
 * from the machine, and where CPUs are threads they must be safe to call from several.
 */
#ifndef KMEMRIG_EVENT_H
#define KMEMRIG_EVENT_H

#include <kmemrig/cpu.h>
#include <kmemrig/event_table.h>
#include <linux/compiler.h>
#include <linux/types.h>

enum rig_event_id {
#define RIG_EVENT_ID(system, name) RIG_EVENT_##name,
	RIG_EVENTS(RIG_EVENT_ID)
#undef RIG_EVENT_ID
		RIG_NR_EVENTS
};

#define RIG_EVENT_FIELD(type, name, meaning) type name;
#define RIG_EVENT_STRUCT(system, name)                                                             \
	struct rig_event_##name {                                                                  \
		RIG_FIELDS_##name(RIG_EVENT_FIELD)                                                 \
	};
RIG_EVENTS(RIG_EVENT_STRUCT)
#undef RIG_EVENT_STRUCT
#undef RIG_EVENT_FIELD

struct rig_event {
	enum rig_event_id id;
	int cpu;
	int pid;	  /* of the CPU's task */
	const char *comm; /* of the CPU's task; borrowed */
	u64 time_ns;	  /* the machine's clock */
	union {
#define RIG_EVENT_MEMBER(system, name) struct rig_event_##name name;
		RIG_EVENTS(RIG_EVENT_MEMBER)
#undef RIG_EVENT_MEMBER
	};
};

struct rig_event_sink {
	void (*emit)(struct rig_event_sink *sink, const struct rig_event *event);
	/* Which events are wanted: bit = enum rig_event_id. */
	u64 wanted;
	struct rig_event_sink *next; /* the machine's */
};

struct rig_events {
	u64 enabled; /* union of all sinks' wanted; what RIG_TRACE looks at */
	struct rig_event_sink *sinks;
};

_Static_assert(RIG_NR_EVENTS < 64, "an event is a bit of a u64");

#define RIG_WANT_ALL ((1ULL << RIG_NR_EVENTS) - 1)
#define RIG_WANT(name) (1ULL << RIG_EVENT_##name)

struct rig_machine;

/* Attaches / detaches a sink. The machine's CPUs must be at rest. */
void rig_event_attach(struct rig_machine *machine, struct rig_event_sink *sink);
void rig_event_detach(struct rig_machine *machine, struct rig_event_sink *sink);

/* Sets watched and checked of all CPUs, from what is wanted and the tier of checks. */
void rig_event_tell_cpus(struct rig_machine *machine);

/* Name and system of an event, "mm_page_alloc" and "kmem"; static strings. */
const char *rig_event_name(enum rig_event_id id);
const char *rig_event_system(enum rig_event_id id);

/* Number of the event of that name (with or without "system:"), or -1. */
int rig_event_find(const char *name);

/* The slow part of RIG_TRACE: stamps the event and gives it to the sinks that want it. */
void rig_event_emit(struct rig_cpu *cpu, struct rig_event *event);

/* Does any sink want this event? */
static __always_inline bool rig_event_enabled(const struct rig_events *events, enum rig_event_id id)
{
#ifdef RIG_NO_EVENTS
	return false;
#else
	return unlikely(READ_ONCE(events->enabled) & (1ULL << id));
#endif
}

/* Does any sink want an event of slab objects? */
static __always_inline bool rig_slab_events_wanted(const struct rig_cpu *cpu)
{
#ifdef RIG_NO_EVENTS
	return false;
#else
	return cpu->watched;
#endif
}

/*
 * Emitting: fill an event only when someone wants it.
 *
 *	RIG_TRACE(cpu, mm_page_free, .pfn = pfn, .order = order);
 */
#define RIG_TRACE(cpu, name, ...)                                                                  \
	do {                                                                                       \
		struct rig_cpu *_cpu = (cpu);                                                      \
		if (rig_event_enabled(&_cpu->machine->events, RIG_EVENT_##name)) {                 \
			struct rig_event _event = { .id = RIG_EVENT_##name,                        \
						    .name = { __VA_ARGS__ } };                     \
			rig_event_emit(_cpu, &_event);                                             \
		}                                                                                  \
	} while (0)

#endif
