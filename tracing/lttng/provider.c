// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LTTng-UST provider: a shared object that the library loads on request, so that a process
 * without tracing has nothing of LTTng in it.
 *
 * The probes of "kmem", "vmscan", "compaction" and "kmemrig" are generated from the event table: a
 *tracepoint gets the event's struct, and LTTng copies the fields. Two things of a simulated machine
 *have no place in these fields:
 *
 *	CPU	the getcpu override makes the packet's cpu_id the simulated CPU (modulo the
 *		host's CPUs, since LTTng has one buffer for each of these)
 *	task	event kmemrig:task precedes the first event of another CPU or task in a buffer
 *
 * Time is the machine's where the session asked for that (clock/clock.c). LTTng orders events
 * of different buffers by time only, so no two get the same stamp: those of one instant are
 * 1 ns apart. Invariant: the clock never goes back.
 *
 * Locking: none; the clock is advanced with compare and exchange, the last task of a buffer is
 * written by the thread that drives that CPU.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "provider_compaction.h"
#include "provider_kmem.h"
#include "provider_kmemrig.h"
#include "provider_vmscan.h"

#include <kmemrig/lttng.h>
#include <lttng/ust-getcpu.h>

#include "clock/clock.h"
#include "save.h"

#define MAX_BUFFERS 1024
#define MAX_FRAMES 32

struct last_task {
	int cpu;
	int pid;
	char comm[TASK_COMM_LEN];
};

static struct last_task last_tasks[MAX_BUFFERS];
static unsigned int nr_buffers;
static __thread int simulated_cpu = -1;
static uint64_t *machine_clock;
static bool with_callstack;
static bool old_names;

static unsigned int buffer_of(int cpu)
{
	return (unsigned int)cpu < nr_buffers ? (unsigned int)cpu : (unsigned int)cpu % nr_buffers;
}

/* Threads that drive no machine keep their own CPU. */
static int buffer_cpu(void)
{
	return simulated_cpu < 0 ? sched_getcpu() : simulated_cpu;
}

static void advance_clock(u64 time_ns)
{
	u64 now = __atomic_load_n(machine_clock, __ATOMIC_RELAXED);
	u64 next;

	do
		next = time_ns > now ? time_ns : now + 1;
	while (!__atomic_compare_exchange_n(machine_clock, &now, next, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
}

static noinline void tell_task(struct last_task *last, const struct rig_event *event)
{
	last->cpu = event->cpu;
	last->pid = event->pid;
	strncpy(last->comm, event->comm, sizeof(last->comm) - 1);
	lttng_ust_tracepoint(kmemrig, task, event->cpu, event->pid, last->comm);
}

static noinline void tell_callstack(void)
{
	void *frames[MAX_FRAMES];
	/* without this function's own frame and the sink's */
	int nr = backtrace(frames, MAX_FRAMES) - 2;

	if (nr > 0)
		lttng_ust_tracepoint(kmemrig, callstack, (const unsigned long *)(frames + 2),
				     (unsigned int)nr);
}

/* Under the names of kernels before 6.1; false: the event had no other name. */
static bool emit_old(const struct rig_event *event)
{
	switch (event->id) {
	case RIG_EVENT_mm_page_free:
		lttng_ust_tracepoint(kmem, mm_page_free_direct, &event->mm_page_free);
		return true;
	case RIG_EVENT_kmem_cache_alloc:
		if (event->kmem_cache_alloc.node < 0)
			return false;
		lttng_ust_tracepoint(kmem, kmem_cache_alloc_node, &event->kmem_cache_alloc);
		return true;
	case RIG_EVENT_kmalloc:
		if (event->kmalloc.node < 0)
			return false;
		lttng_ust_tracepoint(kmem, kmalloc_node, &event->kmalloc);
		return true;
	default:
		return false;
	}
}

static void emit(struct rig_event_sink *sink, const struct rig_event *event)
{
	unsigned int buffer = buffer_of(event->cpu);
	struct last_task *last = &last_tasks[buffer];

	simulated_cpu = (int)buffer;
	if (machine_clock)
		advance_clock(event->time_ns);
	if (unlikely(last->cpu != event->cpu || last->pid != event->pid ||
		     strncmp(last->comm, event->comm, sizeof(last->comm) - 1) != 0))
		tell_task(last, event);
	if (unlikely(with_callstack))
		tell_callstack();
	if (unlikely(old_names) && emit_old(event))
		goto out;
	switch (event->id) {
#define EMIT_CASE(system, name)                                                                    \
	case RIG_EVENT_##name:                                                                     \
		lttng_ust_do_tracepoint(system, name, &event->name);                               \
		break;
		RIG_EVENTS(EMIT_CASE)
#undef EMIT_CASE
	case RIG_NR_EVENTS:
		break;
	}
	if (unlikely(event->id == RIG_EVENT_check_failed))
		rig_lttng_save();
out:
	simulated_cpu = -1;
}

/* The clock plug-in, if LTTng has loaded ours. */
static void find_clock(void)
{
	const char *path = getenv("LTTNG_UST_CLOCK_PLUGIN");
	void *plugin = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
	uint64_t **clock = plugin ? dlsym(plugin, "rig_trace_clock") : NULL;

	machine_clock = clock ? *clock : NULL;
}

struct rig_event_sink *kmemrig_lttng_sink(unsigned int abi)
{
	const char *callstack = getenv("KMEMRIG_TRACE_CALLSTACK");
	struct rig_event_sink *sink;

	if (abi != RIG_LTTNG_ABI)
		return NULL;
	if (!nr_buffers) {
		long nr = sysconf(_SC_NPROCESSORS_CONF);

		nr_buffers = nr < 1 ? 1 : nr > MAX_BUFFERS ? MAX_BUFFERS : (unsigned int)nr;
		for (size_t i = 0; i < MAX_BUFFERS; i++)
			last_tasks[i].cpu = -1;
		with_callstack = callstack && *callstack;
		old_names = getenv("KMEMRIG_TRACE_OLD_NAMES") != NULL;
		find_clock();
		lttng_ust_getcpu_override(buffer_cpu);
	}
	sink = calloc(1, sizeof(*sink));
	if (sink) {
		sink->emit = emit;
		sink->wanted = RIG_WANT_ALL;
	}
	return sink;
}
