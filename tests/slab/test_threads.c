// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLAB on two nodes with two CPUs each, every CPU a thread: objects cross nodes through alien
 * arrays while the reaper comes, caches are shrunk, and free lists are random. Afterwards every
 * check holds and nothing is lost. With ThreadSanitizer: is the locking right?
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kmemrig/backend.h>
#include <kmemrig/context.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#define CPUS 4
#define MAILBOXES 48
#define STEPS 5000
#define SIZE 300

static struct rig_machine *machine;
static struct kmem_cache *cache;
static void *mail[MAILBOXES];

static void construct(void *object)
{
}

static unsigned int chance(unsigned long *state)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)(*state >> 33);
}

static void give(u8 *object)
{
	if (object[0] != 0x77 || object[SIZE - 1] != 0x77)
		abort(); /* somebody else has it, too */
	object[0] = object[SIZE - 1] = 0;
	kmem_cache_free(cache, object);
}

static void *run(void *data)
{
	struct rig_cpu *cpu = data;
	unsigned long state = (unsigned long)cpu->id + 7;

	rig_cpu_enter(cpu);
	for (int step = 0; step < STEPS; step++) {
		unsigned int box = chance(&state) % MAILBOXES;
		int node = (int)(chance(&state) % 3) - 1; /* any, 0, 1 */
		u8 *object = kmem_cache_alloc_node(cache, GFP_ATOMIC, node), *other;

		if (object)
			object[0] = object[SIZE - 1] = 0x77;
		other = __atomic_exchange_n(&mail[box], object, __ATOMIC_ACQ_REL);
		if (other)
			give(other);
		if (cpu->id == 0 && step % 100 == 0)
			rig_time_pass(cpu, 1000000000); /* the reaper's time comes */
		if (cpu->id == 3 && step % 500 == 0)
			kmem_cache_shrink(cache);
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void hammer(const char *command_line)
{
	static const struct rig_memory_range memory[] = {
		{ .base = 0, .size = 64UL << 20, .nid = 0 },
		{ .base = 64UL << 20, .size = 64UL << 20, .nid = 1 },
	};
	static const int cpu_nid[CPUS] = { 0, 0, 1, 1 };
	struct rig_machine_config config = { .memory = memory,
					     .nr_memory = 2,
					     .nr_cpus = CPUS,
					     .cpu_nid = cpu_nid,
					     .slab_backend = "slab",
					     .command_line = command_line };
	struct rig_verdict verdict;
	pthread_t threads[CPUS];
	char error[300] = "";

	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine)
		fail_msg("%s", error);
	rig_cpu_enter(&machine->cpus[0]);
	cache = kmem_cache_create("crossing", SIZE, 0, 0, construct);
	rig_cpu_enter(NULL);
	for (int id = 0; id < CPUS; id++)
		assert_int_equal(pthread_create(&threads[id], NULL, run, &machine->cpus[id]), 0);
	for (int id = 0; id < CPUS; id++)
		pthread_join(threads[id], NULL);
	rig_cpu_enter(&machine->cpus[0]);
	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	for (int box = 0; box < MAILBOXES; box++)
		if (mail[box])
			give(mail[box]);
	for (int box = 0; box < MAILBOXES; box++)
		mail[box] = NULL;
	assert_int_equal(kmem_cache_shrink(cache), 0);
	kmem_cache_destroy(cache);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

static void objects_cross_nodes(void **state)
{
	hammer(NULL);
}

static void free_lists_are_random(void **state)
{
	hammer("slab_freelist_random");
}

static void every_object_is_debugged(void **state)
{
	hammer("slab_debug");
}

static void there_are_no_alien_arrays(void **state)
{
	hammer("noaliencache");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_cross_nodes),
		cmocka_unit_test(free_lists_are_random),
		cmocka_unit_test(every_object_is_debugged),
		cmocka_unit_test(there_are_no_alien_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
