// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: a pair of kmem_cache_alloc and kmem_cache_free, or of kmalloc and kfree, a batch of 128,
 * and objects that one CPU allocates and another frees, for each slab backend, beside the host's
 * allocators with the same size. The rig runs with its checks of tier 0 on, which can't be turned
 * off, and on a machine of two CPUs, where all paths have to mind other threads, as its peers do.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <linux/slab.h>

#include "bench.h"

#define OBJECT_SIZE 64
#define PAIRS 2000000UL
#define BATCH 128
#define BATCHES 10000UL
#define REMOTE_OBJECTS 500000UL

/* One contestant: a machine with a cache, or an allocator of the host. */
struct contestant {
	struct rig_machine *machine;
	struct kmem_cache *cache;
	const struct bench_host_allocator *host;
};

static void touch(void *object)
{
	/* what any caller does; it also keeps the compiler from pairing the calls away */
	*(volatile unsigned long *)object = 1;
}

static double pair_rig(void *data)
{
	const struct contestant *own = data;
	struct kmem_cache *cache = own->cache;
	unsigned long n = bench_scale(PAIRS);
	double start;

	rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++) {
		void *object = kmem_cache_alloc(cache, GFP_KERNEL);

		touch(object);
		kmem_cache_free(cache, object);
	}
	return (bench_now() - start) / (double)n;
}

static double kmalloc_rig(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(PAIRS);
	double start;

	rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++) {
		void *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

		touch(object);
		kfree(object);
	}
	return (bench_now() - start) / (double)n;
}

static double pair_host(void *data)
{
	const struct bench_host_allocator *host = ((const struct contestant *)data)->host;
	unsigned long n = bench_scale(PAIRS);
	double start = bench_now();

	for (unsigned long i = 0; i < n; i++) {
		void *object = host->malloc(OBJECT_SIZE);

		touch(object);
		host->free(object);
	}
	return (bench_now() - start) / (double)n;
}

static double batch_rig(void *data)
{
	const struct contestant *own = data;
	unsigned long n = bench_scale(BATCHES);
	void *objects[BATCH];
	double start;

	rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_now();
	for (unsigned long i = 0; i < n; i++) {
		for (int k = 0; k < BATCH; k++) {
			objects[k] = kmem_cache_alloc(own->cache, GFP_KERNEL);
			touch(objects[k]);
		}
		for (int k = 0; k < BATCH; k++)
			kmem_cache_free(own->cache, objects[k]);
	}
	return (bench_now() - start) / (double)(n * BATCH);
}

static double batch_host(void *data)
{
	const struct bench_host_allocator *host = ((const struct contestant *)data)->host;
	unsigned long n = bench_scale(BATCHES);
	void *objects[BATCH];
	double start = bench_now();

	for (unsigned long i = 0; i < n; i++) {
		for (int k = 0; k < BATCH; k++) {
			objects[k] = host->malloc(OBJECT_SIZE);
			touch(objects[k]);
		}
		for (int k = 0; k < BATCH; k++)
			host->free(objects[k]);
	}
	return (bench_now() - start) / (double)(n * BATCH);
}

/* --- remote frees: a ring of pointers between two threads, one writer and one reader */

#define RING 1024

struct pipe {
	void *slots[RING];
	unsigned long n;
	const struct contestant *own;
	unsigned long written __attribute__((aligned(64)));
	unsigned long read __attribute__((aligned(64)));
};

static void pipe_put(struct pipe *pipe, unsigned long i, void *object)
{
	while (i - __atomic_load_n(&pipe->read, __ATOMIC_ACQUIRE) >= RING)
		sched_yield();
	pipe->slots[i % RING] = object;
	__atomic_store_n(&pipe->written, i + 1, __ATOMIC_RELEASE);
}

static void *pipe_get(struct pipe *pipe, unsigned long i)
{
	void *object;

	while (__atomic_load_n(&pipe->written, __ATOMIC_ACQUIRE) <= i)
		sched_yield();
	object = pipe->slots[i % RING];
	__atomic_store_n(&pipe->read, i + 1, __ATOMIC_RELEASE);
	return object;
}

static void *free_remotely(void *data)
{
	struct pipe *pipe = data;
	const struct contestant *own = pipe->own;

	if (own->host) {
		for (unsigned long i = 0; i < pipe->n; i++)
			own->host->free(pipe_get(pipe, i));
		return NULL;
	}
	rig_cpu_enter(&own->machine->cpus[1]);
	for (unsigned long i = 0; i < pipe->n; i++)
		kmem_cache_free(own->cache, pipe_get(pipe, i));
	rig_cpu_enter(NULL);
	return NULL;
}

static void *allocate(const struct contestant *own)
{
	void *object = own->host ? own->host->malloc(OBJECT_SIZE)
				 : kmem_cache_alloc(own->cache, GFP_KERNEL);

	touch(object);
	return object;
}

static double remote(void *data)
{
	struct pipe *pipe = aligned_alloc(64, sizeof(*pipe));
	const struct contestant *own = data;
	pthread_t thread;
	double start, took;

	if (!pipe)
		abort();
	pipe->n = bench_scale(REMOTE_OBJECTS);
	pipe->own = own;
	pipe->written = pipe->read = 0;
	if (own->machine)
		rig_cpu_enter(&own->machine->cpus[0]);
	start = bench_wall();
	if (pthread_create(&thread, NULL, free_remotely, pipe))
		abort();
	for (unsigned long i = 0; i < pipe->n; i++)
		pipe_put(pipe, i, allocate(own));
	pthread_join(thread, NULL);
	took = (bench_wall() - start) / (double)pipe->n;
	free(pipe);
	return took;
}

/* --- the groups */

#define MAX_CONTESTANTS 8

static const char *const backends[] = { "slub", "slab", "slob" };

static size_t make_contestants(struct contestant *contestants, const char **names)
{
	const struct bench_host_allocator *hosts;
	size_t nr_hosts = bench_host_allocators(&hosts), n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		struct contestant *own = &contestants[n];

		if (!rig_find_slab_backend(backends[i]))
			continue;
		own->machine = bench_machine(backends[i], 256, 2, 0);
		rig_cpu_enter(&own->machine->cpus[0]);
		own->cache = kmem_cache_create("bench-64", OBJECT_SIZE, 0, 0, NULL);
		names[n++] = backends[i];
	}
	for (size_t i = 0; i < nr_hosts && n < MAX_CONTESTANTS; i++) {
		contestants[n].host = &hosts[i];
		names[n++] = hosts[i].name;
	}
	return n;
}

static void run_group(struct bench_group *group, struct contestant *contestants, const char **names,
		      size_t n, double (*rig)(void *), double (*host)(void *))
{
	if (!bench_wanted(group->name))
		return;
	for (size_t i = 0; i < n; i++) {
		bench_add(group, names[i], contestants[i].host ? host : rig, &contestants[i]);
		if (contestants[i].host && group->reference < 0)
			group->reference = (int)i; /* glibc */
	}
	bench_run(group);
}

void bench_slab(void)
{
	struct bench_group pair = { .name = "pair",
				    .title = "A pair of kmem_cache_alloc and kmem_cache_free, 64 "
					     "bytes (ratio to glibc's malloc and free)",
				    .unit = "ns a pair",
				    .reference = -1 };
	struct bench_group batch = { .name = "batch",
				     .title = "128 objects of 64 bytes allocated, then freed",
				     .unit = "ns an object",
				     .reference = -1 };
	struct bench_group any = { .name = "kmalloc",
				   .title = "A pair of kmalloc and kfree, 64 bytes (ratio to "
					    "glibc's malloc and free)",
				   .unit = "ns a pair",
				   .reference = -1 };
	struct bench_group two = { .name = "remote",
				   .title = "Objects of 64 bytes, allocated on one CPU and freed "
					    "on another (two threads)",
				   .unit = "ns an object",
				   .reference = -1 };
	struct contestant contestants[MAX_CONTESTANTS] = { { NULL, NULL, NULL } };
	const char *names[MAX_CONTESTANTS];
	size_t n;

	if (!bench_wanted("pair") && !bench_wanted("batch") && !bench_wanted("kmalloc") &&
	    !bench_wanted("remote"))
		return;
	n = make_contestants(contestants, names);
	run_group(&pair, contestants, names, n, pair_rig, pair_host);
	run_group(&batch, contestants, names, n, batch_rig, batch_host);
	run_group(&any, contestants, names, n, kmalloc_rig, pair_host);
	run_group(&two, contestants, names, n, remote, remote);
	for (size_t i = 0; i < n; i++)
		rig_machine_destroy(contestants[i].machine);
}
