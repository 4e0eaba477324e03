// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: stamping and handing out. The fields come from the one table; see kmemrig/event.h.
 *
 * The machine's sinks form a list that changes only while its CPUs are at rest, so emitting
 * takes no lock.
 */
#include <string.h>

#include <kmemrig/event.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>

static const char *const event_names[] = {
#define EVENT_NAME(system, name) #name,
	RIG_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

static const char *const event_systems[] = {
#define EVENT_SYSTEM(system, name) #system,
	RIG_EVENTS(EVENT_SYSTEM)
#undef EVENT_SYSTEM
};

const char *rig_event_name(enum rig_event_id id)
{
	return event_names[id];
}

const char *rig_event_system(enum rig_event_id id)
{
	return event_systems[id];
}

int rig_event_find(const char *name)
{
	const char *colon = strchr(name, ':');

	for (int id = 0; id < RIG_NR_EVENTS; id++) {
		const char *system = event_systems[id];

		if (colon && (strlen(system) != (size_t)(colon - name) ||
			      strncmp(system, name, (size_t)(colon - name)) != 0))
			continue;
		if (strcmp(event_names[id], colon ? colon + 1 : name) == 0)
			return id;
	}
	return -1;
}

/* Those that the slab front end's hot paths would have to emit. */
#define OBJECT_EVENTS                                                                              \
	(RIG_WANT(kmalloc) | RIG_WANT(kmem_cache_alloc) | RIG_WANT(kfree) |                        \
	 RIG_WANT(kmem_cache_free))

void rig_event_tell_cpus(struct rig_machine *machine)
{
	for (int id = 0; machine->cpus && id < machine->nr_cpus; id++) {
		machine->cpus[id].watched = machine->events.enabled & OBJECT_EVENTS;
		machine->cpus[id].checked = machine->check_tier != 0;
	}
}

static void update_enabled(struct rig_machine *machine)
{
	u64 wanted = 0;

	for (const struct rig_event_sink *sink = machine->events.sinks; sink; sink = sink->next)
		wanted |= sink->wanted;
	WRITE_ONCE(machine->events.enabled, wanted);
	rig_event_tell_cpus(machine);
}

void rig_event_attach(struct rig_machine *machine, struct rig_event_sink *sink)
{
	struct rig_event_sink **link = &machine->events.sinks;

	while (*link)
		link = &(*link)->next;
	sink->next = NULL;
	*link = sink;
	update_enabled(machine);
}

void rig_event_detach(struct rig_machine *machine, struct rig_event_sink *sink)
{
	struct rig_event_sink **link = &machine->events.sinks;

	while (*link && *link != sink)
		link = &(*link)->next;
	if (*link)
		*link = sink->next;
	update_enabled(machine);
}

/* Call sites are given as the host has them, and told as a kernel has them. */
static void show_call_site(struct rig_event *event)
{
	switch (event->id) {
	case RIG_EVENT_kmalloc:
		event->kmalloc.call_site = rig_code_address(event->kmalloc.call_site);
		break;
	case RIG_EVENT_kmem_cache_alloc:
		event->kmem_cache_alloc.call_site =
			rig_code_address(event->kmem_cache_alloc.call_site);
		break;
	case RIG_EVENT_kfree:
		event->kfree.call_site = rig_code_address(event->kfree.call_site);
		break;
	case RIG_EVENT_kmem_cache_free:
		event->kmem_cache_free.call_site =
			rig_code_address(event->kmem_cache_free.call_site);
		break;
	case RIG_EVENT_fault_injected:
		event->fault_injected.call_site = rig_code_address(event->fault_injected.call_site);
		break;
	default:
		break;
	}
}

void rig_event_emit(struct rig_cpu *cpu, struct rig_event *event)
{
	struct rig_machine *machine = cpu->machine;

	show_call_site(event);
	event->cpu = cpu->id;
	event->pid = cpu->task->pid;
	event->comm = cpu->task->comm;
	event->time_ns = machine->clock_ns;
	for (struct rig_event_sink *sink = machine->events.sinks; sink; sink = sink->next)
		if (sink->wanted & (1ULL << event->id))
			sink->emit(sink, event);
}
