// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four CPUs, each a thread, share caches on every slab backend: objects are allocated on one and
 * freed on another. Nothing is lost or handed out twice, and every check holds afterwards. Built
 * with ThreadSanitizer, the same run says whether the locking is right.
 */
#include "backends.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#define CPUS 4
#define MAILBOXES 64
#define STEPS 6000

struct work {
	struct conformance *test;
	struct kmem_cache *caches[3];
	/* objects on their way from one CPU to another: cache in the mailbox's number */
	void *mail[MAILBOXES];
	unsigned long allocated, freed;
};

struct worker {
	struct work *work;
	int cpu;
	pthread_t thread;
};

static const unsigned int sizes[3] = { 32, 200, 1500 };

/* The object carries its size's number in its first and last byte while it is in use. */
static void *take(struct work *work, unsigned int which)
{
	u8 *object = kmem_cache_alloc(work->caches[which], GFP_ATOMIC);

	if (!object)
		return NULL;
	object[0] = (u8)(which + 1);
	object[sizes[which] - 1] = (u8)(which + 1);
	__atomic_fetch_add(&work->allocated, 1, __ATOMIC_RELAXED);
	return object;
}

static void give(struct work *work, unsigned int which, u8 *object)
{
	if (object[0] != which + 1 || object[sizes[which] - 1] != which + 1)
		abort(); /* somebody else has it, too */
	object[0] = 0;
	object[sizes[which] - 1] = 0;
	kmem_cache_free(work->caches[which], object);
	__atomic_fetch_add(&work->freed, 1, __ATOMIC_RELAXED);
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct work *work = worker->work;
	unsigned long chance = (unsigned long)worker->cpu + 1;

	rig_cpu_enter(&work->test->machine->cpus[worker->cpu]);
	for (int step = 0; step < STEPS; step++) {
		unsigned int box = conformance_random(&chance) % MAILBOXES;
		void *mine = take(work, box % 3), *other;

		other = __atomic_exchange_n(&work->mail[box], mine, __ATOMIC_ACQ_REL);
		if (other)
			give(work, box % 3, other);
		if (step % 50 == 0) {
			void *block = kmalloc(conformance_random(&chance) % 5000 + 1, GFP_ATOMIC);

			kfree(block);
		}
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void hammer(struct conformance *test)
{
	struct work work = { .test = test };
	struct worker workers[CPUS];

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		work.caches[i] = kmem_cache_create("shared", sizes[i], 0, 0, NULL);
	rig_cpu_enter(NULL);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		workers[cpu] = (struct worker){ .work = &work, .cpu = cpu };
		assert_int_equal(pthread_create(&workers[cpu].thread, NULL, run, &workers[cpu]), 0);
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		pthread_join(workers[cpu].thread, NULL);
	rig_cpu_enter(test->cpu);
	conformance_check(test);
	for (unsigned int box = 0; box < MAILBOXES; box++)
		if (work.mail[box])
			give(&work, box % 3, work.mail[box]);
	assert_int_equal(work.allocated, work.freed);
	assert_true(work.allocated >= CPUS * STEPS * 9 / 10);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		kmem_cache_destroy(work.caches[i]);
	assert_int_equal(test->failures, 0);
}

/* Every CPU frees what CPU 0 allocated, while CPU 0 goes on. */
static void *free_all(void *data)
{
	struct worker *worker = data;
	struct work *work = worker->work;
	int idle = 0;

	rig_cpu_enter(&work->test->machine->cpus[worker->cpu]);
	while (idle < 2000) {
		bool found = false;

		for (unsigned int box = (unsigned int)worker->cpu - 1; box < MAILBOXES;
		     box += CPUS - 1) {
			void *object =
				__atomic_exchange_n(&work->mail[box], NULL, __ATOMIC_ACQ_REL);

			if (!object)
				continue;
			give(work, 1, object);
			found = true;
		}
		idle = found ? 0 : idle + 1;
		if (!found)
			sched_yield();
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void *allocate_all(void *data)
{
	struct worker *worker = data;
	struct work *work = worker->work;

	rig_cpu_enter(&work->test->machine->cpus[0]);
	for (int step = 0; step < STEPS; step++) {
		void *object = take(work, 1), *full;

		full = __atomic_exchange_n(&work->mail[step % MAILBOXES], object, __ATOMIC_ACQ_REL);
		if (full)
			give(work, 1, full);
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void remote_frees(struct conformance *test)
{
	struct work work = { .test = test };
	struct worker workers[CPUS];

	work.caches[1] = kmem_cache_create("remote", sizes[1], 0, 0, NULL);
	rig_cpu_enter(NULL);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		workers[cpu] = (struct worker){ .work = &work, .cpu = cpu };
		assert_int_equal(pthread_create(&workers[cpu].thread, NULL,
						cpu ? free_all : allocate_all, &workers[cpu]),
				 0);
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		pthread_join(workers[cpu].thread, NULL);
	rig_cpu_enter(test->cpu);
	conformance_check(test);
	for (unsigned int box = 0; box < MAILBOXES; box++)
		if (work.mail[box])
			give(&work, 1, work.mail[box]);
	kmem_cache_shrink(work.caches[1]);
	kmem_cache_destroy(work.caches[1]);
	assert_int_equal(test->failures, 0);
}

/* Caches come and go on one CPU while the others allocate; shrinking comes from outside, too. */
static void *make_caches(void *data)
{
	struct worker *worker = data;
	struct work *work = worker->work;

	rig_cpu_enter(&work->test->machine->cpus[worker->cpu]);
	for (int round = 0; round < 60; round++) {
		struct kmem_cache *cache =
			kmem_cache_create("passing", 72, 0, SLAB_NOLEAKTRACE, NULL);
		void *objects[20];

		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(cache, objects[i]);
		kmem_cache_destroy(cache);
		kmem_cache_shrink(work->caches[round % 3]);
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void caches_come_and_go(struct conformance *test)
{
	struct work work = { .test = test };
	struct worker workers[CPUS];

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		work.caches[i] = kmem_cache_create("shared", sizes[i], 0, 0, NULL);
	rig_cpu_enter(NULL);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		workers[cpu] = (struct worker){ .work = &work, .cpu = cpu };
		assert_int_equal(pthread_create(&workers[cpu].thread, NULL, cpu ? run : make_caches,
						&workers[cpu]),
				 0);
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		pthread_join(workers[cpu].thread, NULL);
	rig_cpu_enter(test->cpu);
	conformance_check(test);
	for (unsigned int box = 0; box < MAILBOXES; box++)
		if (work.mail[box])
			give(&work, box % 3, work.mail[box]);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		kmem_cache_destroy(work.caches[i]);
	assert_int_equal(test->failures, 0);
}

int main(void)
{
	static const struct conformance_test tests[] = {
		{ "four CPUs hand objects to each other", hammer, false },
		{ "three CPUs free what one allocates", remote_frees, false },
		{ "caches come and go, and are shrunk", caches_come_and_go, false },
	};

	return CONFORMANCE_RUN("threads", tests, CPUS, 0);
}
