// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event costs. A pair of kmem_cache_alloc and kmem_cache_free (two events): compiled
 * without events, with nobody listening, with the in-memory ring, and with LTTng-UST recording in a
 * private session. And an event alone, kmem_cache_alloc, beside a bare lttng-ust tracepoint with
 * the same fields in the same session.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/lttng.h>
#include <kmemrig/ring.h>
#include <kmemrig/session.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "bench.h"

#define PAIRS 300000UL
#define RING_EVENTS 4096

struct listener {
	struct rig_machine *machine;
	struct kmem_cache *cache;
	struct rig_event_sink *sink;
};

/* The bare tracepoint, from a shared object of its own (see bare/). */
static void (*bare_tracepoint)(unsigned long i);

/* A program that does pairs by itself (see pairs/), and our ends of its pipes. */
struct other {
	const char *name;
	FILE *to, *from;
};

static void start_other(struct other *other)
{
	char path[4096];
	int to[2], from[2];

	snprintf(path, sizeof(path), "%.4000s/%.80s", bench_folder(), other->name);
	if (access(path, X_OK) || pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return;
	if (fork() == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(path, path, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	other->to = fdopen(to[1], "w");
	other->from = fdopen(from[0], "r");
}

static double pairs_of_other(void *data)
{
	struct other *other = data;
	double took = -1;

	if (!other->to || fprintf(other->to, "%lu\n", bench_scale(10 * PAIRS)) < 0 ||
	    fflush(other->to) || fscanf(other->from, "%lf", &took) != 1)
		return -1;
	return took;
}

static void end_other(struct other *other)
{
	if (!other->to)
		return;
	fclose(other->to);
	fclose(other->from);
	wait(NULL);
}

static double pairs(void *data)
{
	const struct listener *own = data;
	unsigned long n = bench_scale(PAIRS);
	double start, took;

	rig_cpu_enter(&own->machine->cpus[0]);
	rig_event_attach(own->machine, own->sink);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++)
		kmem_cache_free(own->cache, kmem_cache_alloc(own->cache, GFP_KERNEL));
	took = (bench_now() - start) / (double)n;
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

/* The event alone. */
static double event(void *data)
{
	const struct listener *own = data;
	struct rig_cpu *cpu = &own->machine->cpus[0];
	unsigned long n = bench_scale(2 * PAIRS);
	double start, took;

	rig_cpu_enter(cpu);
	rig_event_attach(own->machine, own->sink);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++)
		RIG_TRACE(cpu, kmem_cache_alloc, .call_site = 0xffffffff81000000UL + i,
			  .ptr = 0xffff888000000000UL + i * 64, .bytes_req = 64, .bytes_alloc = 64,
			  .gfp_flags = 0xcc0, .node = -1, .accounted = 0);
	took = (bench_now() - start) / (double)n;
	rig_event_detach(own->machine, own->sink);
	return took;
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
	struct bench_group alone = {
		.name = "event",
		.title = "an event alone, and an lttng-ust tracepoint with the same fields",
		.unit = "ns an event",
		.reference = 0
	};
	char folder[] = "/tmp/kmemrig-bench-XXXXXX", error[256];
	struct other others[] = { { .name = "bench-pairs" }, { .name = "bench-pairs-untraced" } };
	struct listener listeners[2] = { { NULL, NULL, NULL } };
	struct rig_session *session;
	struct rig_ring ring;

	if (!bench_wanted("events"))
		return;
	for (int i = 0; i < 2; i++) {
		listeners[i].machine = bench_machine(NULL, 64, 1, 0);
		rig_cpu_enter(&listeners[i].machine->cpus[0]);
		listeners[i].cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	}
	/* machines first: in a session they would trace by themselves; then providers, to find it
	 */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		start_other(&others[i]);
	session = start_session(folder);
	if (session)
		load_bare_tracepoint();
	bench_add(&group, "tracing off", pairs_of_other, &others[0]);
	bench_add(&group, "compiled without events", pairs_of_other, &others[1]);
	if (rig_ring_init(&ring, RING_EVENTS, RIG_WANT_ALL))
		abort();
	listeners[0].sink = &ring.sink;
	bench_add(&group, "ring", pairs, &listeners[0]);
	listeners[1].sink = session ? rig_lttng_open(error, sizeof(error)) : NULL;
	if (listeners[1].sink)
		bench_add(&group, "LTTng-UST", pairs, &listeners[1]);
	bench_run(&group);
	bench_add(&alone, "bare tracepoint", bare, NULL);
	if (listeners[1].sink)
		bench_add(&alone, "kmem_cache_alloc", event, &listeners[1]);
	bench_run(&alone);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		end_other(&others[i]);
	for (int i = 0; i < 2; i++)
		rig_machine_destroy(listeners[i].machine);
	rig_ring_fini(&ring);
	if (listeners[1].sink)
		rig_lttng_close(listeners[1].sink);
	end_session(session, folder);
}
