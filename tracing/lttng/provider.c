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
 * A process that is killed while it writes an event leaves a sub-buffer that LTTng can never read,
 * and does not tell. So each thread marks in the session's state (trace_state.h) when it is
 *writing; the session looks there at its end.
 *
 * Locking: none; the clock is advanced with compare and exchange, the last task of a buffer is
 * written by the thread that drives that CPU.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "provider_compaction.h"
#include "provider_kmem.h"
#include "provider_kmemrig.h"
#include "provider_vmscan.h"

#include <kmemrig/lttng.h>
#include <kmemrig/trace_state.h>
#include <lttng/ust-fork.h>
#include <lttng/ust-getcpu.h>

#include "callstack.h"
#include "save.h"

#define MAX_BUFFERS 1024

struct last_task {
	int cpu;
	int pid;
	char comm[TASK_COMM_LEN];
};

static struct last_task last_tasks[MAX_BUFFERS];
static unsigned int nr_buffers;
static __thread int simulated_cpu = -1;
static __thread struct rig_trace_writer *writer;
static pid_t process;
static struct rig_trace_state *state; /* NULL: not in a session of kmemrig's */
static bool machine_clock;
static bool with_callstack;
static bool with_snapshots;
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
	u64 now = __atomic_load_n(&state->now_ns, __ATOMIC_RELAXED);
	u64 next;

	do
		next = time_ns > now ? time_ns : now + 1;
	while (!__atomic_compare_exchange_n(&state->now_ns, &now, next, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
}

/* The thread's slot; threads beyond those that have one share one that nobody looks at. */
static noinline struct rig_trace_writer *find_writer(void)
{
	static struct rig_trace_writer nobodys;
	u32 slot = state ? __atomic_fetch_add(&state->nr_writers, 1, __ATOMIC_RELAXED)
			 : RIG_TRACE_WRITERS;

	return slot < RIG_TRACE_WRITERS ? &state->writers[slot] : &nobodys;
}

static noinline void tell_task(struct last_task *last, const struct rig_event *event)
{
	last->cpu = event->cpu;
	last->pid = event->pid;
	memcpy(last->comm, event->comm, sizeof(last->comm));
	lttng_ust_tracepoint(kmemrig, task, event->cpu, event->pid, last->comm);
}

static noinline void tell_callstack(void)
{
	struct rig_callstack stack;

	rig_callstack_take(&stack);
	lttng_ust_tracepoint(kmemrig, callstack, stack.functions, stack.lines);
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

static void write_event(const struct rig_event *event)
{
	struct last_task *last = &last_tasks[simulated_cpu];

	if (unlikely(last->cpu != event->cpu || last->pid != event->pid ||
		     memcmp(last->comm, event->comm, sizeof(last->comm)) != 0))
		tell_task(last, event);
	if (unlikely(with_callstack))
		tell_callstack();
	if (unlikely(old_names) && emit_old(event))
		return;
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
}

static void emit(struct rig_event_sink *sink, const struct rig_event *event)
{
	if (unlikely(!writer))
		writer = find_writer();
	simulated_cpu = (int)buffer_of(event->cpu);
	if (machine_clock)
		advance_clock(event->time_ns);
	/* a killed thread has done its stores in order: the compiler must not move them */
	__atomic_store_n(&writer->pid, process, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	write_event(event);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&writer->pid, 0, __ATOMIC_RELAXED);
	if (unlikely(with_snapshots))
		rig_lttng_save_failure(state, event);
	simulated_cpu = -1;
}

/* The session's state; false and a reason: there is one, and it can't be had. */
static bool map_state(char *error, size_t error_size)
{
	const char *path = getenv(RIG_TRACE_STATE_FILE);
	int fd;

	if (!path || !*path)
		return true;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		void *map = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		close(fd);
		if (map != MAP_FAILED)
			state = map;
	}
	if (!state)
		snprintf(error, error_size, "the session's state, %s: %s", path, strerror(errno));
	return state;
}

/* The clock plug-in, if LTTng has loaded ours: then its clock is to be driven. */
static bool find_clock(char *error, size_t error_size)
{
	const char *path = getenv("LTTNG_UST_CLOCK_PLUGIN");
	void *plugin = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
	bool *is_used = plugin ? dlsym(plugin, "rig_trace_clock_is_used") : NULL;

	if (is_used && !*is_used) {
		snprintf(error, error_size, "%s: the machine's clock can't be used", path);
		return false;
	}
	machine_clock = is_used && state;
	return true;
}

/* Around a fork, for a child that is to be a process of its own to LTTng. */
static sigset_t signals_before_fork;

static void before_fork(void)
{
	lttng_ust_before_fork(&signals_before_fork);
}

static void after_fork_parent(void)
{
	lttng_ust_after_fork_parent(&signals_before_fork);
}

static void after_fork_child(void)
{
	lttng_ust_after_fork_child(&signals_before_fork);
}

/* A child has its own slots, and tells anew for whom its CPUs work. */
static void forget_parent(void)
{
	process = getpid();
	writer = NULL;
	for (size_t i = 0; i < MAX_BUFFERS; i++)
		last_tasks[i].cpu = -1;
}

static bool start(char *error, size_t error_size)
{
	const char *callstack = getenv("KMEMRIG_TRACE_CALLSTACK");
	long nr = sysconf(_SC_NPROCESSORS_CONF);

	if (!map_state(error, error_size) || !find_clock(error, error_size))
		return false;
	/* each session of kmemrig's records this one; before LTTng has registered the process
	 * events would be lost, and nobody would know */
	if (state && !lttng_ust_tracepoint_enabled(kmemrig, task)) {
		snprintf(error, error_size, "LTTng has not registered this process in time");
		return false;
	}
	nr_buffers = nr < 1 ? 1 : nr > MAX_BUFFERS ? MAX_BUFFERS : (unsigned int)nr;
	with_callstack = callstack && *callstack;
	if (with_callstack && !rig_callstack_start(error, error_size))
		return false;
	with_snapshots = rig_lttng_save_wanted();
	old_names = getenv("KMEMRIG_TRACE_OLD_NAMES") != NULL;
	forget_parent();
	pthread_atfork(NULL, NULL, forget_parent);
	if (getenv("KMEMRIG_TRACE_FORKS"))
		pthread_atfork(before_fork, after_fork_parent, after_fork_child);
	lttng_ust_getcpu_override(buffer_cpu);
	return true;
}

struct rig_event_sink *kmemrig_lttng_sink(unsigned int abi, char *error, size_t error_size)
{
	struct rig_event_sink *sink;

	if (abi != RIG_LTTNG_ABI || (!nr_buffers && !start(error, error_size)))
		return NULL;
	sink = calloc(1, sizeof(*sink));
	if (sink) {
		sink->emit = emit;
		sink->wanted = RIG_WANT_ALL;
	}
	return sink;
}
