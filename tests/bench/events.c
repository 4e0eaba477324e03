// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event costs: a pair of kmem_cache_alloc and kmem_cache_free (two events) with nobody
 * listening, with the in-memory ring, and with LTTng-UST recording in a private session; beside a
 * bare lttng-ust tracepoint with the fields of kmem_cache_alloc, in the same session.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/lttng.h>
#include <kmemrig/ring.h>
#include <kmemrig/session.h>
#include <linux/slab.h>

#include "bench.h"

#define PAIRS 300000UL
#define RING_EVENTS 4096

struct listener {
	struct rig_machine *machine;
	struct kmem_cache *cache;
	struct rig_event_sink *sink; /* NULL: nobody */
};

/* The bare tracepoint, from a shared object of its own (see bare/). */
static void (*bare_tracepoint)(unsigned long i);

static double pairs(void *data)
{
	const struct listener *own = data;
	unsigned long n = bench_scale(PAIRS);
	double start, took;

	rig_cpu_enter(&own->machine->cpus[0]);
	if (own->sink)
		rig_event_attach(own->machine, own->sink);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++)
		kmem_cache_free(own->cache, kmem_cache_alloc(own->cache, GFP_KERNEL));
	took = (bench_now() - start) / (double)n;
	if (own->sink)
		rig_event_detach(own->machine, own->sink);
	return took / 2;
}

static double bare(void *data)
{
	unsigned long n = bench_scale(2 * PAIRS);
	double start;

	if (!bare_tracepoint)
		return -1;
	start = bench_now();
	for (unsigned long i = 0; i < n; i++)
		bare_tracepoint(i);
	return (bench_now() - start) / (double)n;
}

static void load_bare_tracepoint(void)
{
	char path[4096];
	void *handle;

	snprintf(path, sizeof(path), "%.4000s/bench-bare.so", bench_folder());
	handle = dlopen(path, RTLD_NOW);
	if (handle)
		*(void **)&bare_tracepoint = dlsym(handle, "bench_bare_tracepoint");
}

static struct rig_session *start_session(char *folder)
{
	static const char *const wanted[] = { "kmem:*", "bench:*" };
	struct rig_session_options options = {
		.output = folder, .events = wanted, .nr_events = 2, .nr_subbufs = 8
	};
	char error[256];
	struct rig_session *session;

	if (!mkdtemp(folder))
		return NULL;
	session = rig_session_start(&options, error, sizeof(error));
	if (!session)
		fprintf(stderr, "bench: no LTTng session: %s\n", error);
	return session;
}

static void end_session(struct rig_session *session, const char *folder)
{
	struct rig_session_result result = { 0 };
	char command[256];

	if (!session)
		return;
	if (rig_session_stop(session, &result) || result.discarded)
		fprintf(stderr, "bench: LTTng discarded %llu events: its figures do not count\n",
			(unsigned long long)result.discarded);
	snprintf(command, sizeof(command), "rm -rf '%.200s'", folder);
	if (system(command))
		fprintf(stderr, "bench: %s stays\n", folder);
}

void bench_events(void)
{
	struct bench_group group = {
		.name = "events",
		.title = "kmem_cache_alloc and kmem_cache_free, per call, by who "
			 "listens to their events (ratio to nobody)",
		.unit = "ns a call",
		.reference = 0
	};
	char folder[] = "/tmp/kmemrig-bench-XXXXXX", error[256];
	struct listener listeners[3] = { { NULL, NULL, NULL } };
	struct rig_session *session;
	struct rig_ring ring;

	if (!bench_wanted("events"))
		return;
	for (int i = 0; i < 3; i++) {
		listeners[i].machine = bench_machine(NULL, 64, 1, 0);
		rig_cpu_enter(&listeners[i].machine->cpus[0]);
		listeners[i].cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	}
	/* machines first: in a session they would trace by themselves; then providers, to find it
	 */
	session = start_session(folder);
	if (session)
		load_bare_tracepoint();
	bench_add(&group, "tracing off", pairs, &listeners[0]);
	if (rig_ring_init(&ring, RING_EVENTS, RIG_WANT_ALL))
		abort();
	listeners[1].sink = &ring.sink;
	bench_add(&group, "ring", pairs, &listeners[1]);
	listeners[2].sink = session ? rig_lttng_open(error, sizeof(error)) : NULL;
	if (listeners[2].sink)
		bench_add(&group, "LTTng-UST", pairs, &listeners[2]);
	bench_add(&group, "bare tracepoint", bare, NULL);
	bench_run(&group);
	for (int i = 0; i < 3; i++)
		rig_machine_destroy(listeners[i].machine);
	rig_ring_fini(&ring);
	if (listeners[2].sink)
		rig_lttng_close(listeners[2].sink);
	end_session(session, folder);
}
