// SPDX-License-Identifier: GPL-2.0-only
/* SLUB's CPUs are threads: others empty a CPU's place while it allocates and frees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/slab.h>

#define CPUS 4
#define ROUNDS 60000
#define HELD 100

static struct rig_machine *machine;
static struct kmem_cache *cache;
static int running;

/* Takes and gives back objects in an order that depends on the CPU; marks those it holds. */
static void *hammer(void *data)
{
	struct rig_cpu *cpu = data;
	unsigned long *held[HELD] = { NULL };
	unsigned int random = (unsigned int)cpu->id;
	unsigned long wrong = 0;

	rig_cpu_enter(cpu);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned int i = (random = random * 1103515245 + 12345) >> 16;
		unsigned long **slot = &held[i % HELD];

		if (*slot) {
			wrong += **slot != (unsigned long)slot;
			kmem_cache_free(cache, *slot);
			*slot = NULL;
		} else {
			*slot = kmem_cache_alloc(cache, GFP_ATOMIC);
			**slot = (unsigned long)slot;
		}
	}
	for (int i = 0; i < HELD; i++)
		if (held[i])
			kmem_cache_free(cache, held[i]);
	rig_cpu_enter(NULL);
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
	return (void *)wrong;
}

static void shrinking_disturbs_no_one(void **state)
{
	struct rig_memory_range memory = { .size = 32UL << 20 };
	struct rig_machine_config config = {
		.memory = &memory,
		.nr_memory = 1,
		.nr_cpus = CPUS,
	};
	struct rig_verdict verdict = { .name = NULL };
	pthread_t threads[CPUS];
	char error[200];

	machine = rig_machine_create(&config, error, sizeof(error));
	assert_non_null(machine);
	rig_cpu_enter(&machine->cpus[0]);
	cache = kmem_cache_create("hammered", 64, 0, SLAB_NOLEAKTRACE, NULL);
	running = CPUS - 1;
	for (int id = 1; id < CPUS; id++)
		pthread_create(&threads[id], NULL, hammer, &machine->cpus[id]);
	/* on a busy host the others may be done before this thread runs: once at least */
	do {
		kmem_cache_shrink(cache);
	} while (__atomic_load_n(&running, __ATOMIC_SEQ_CST));
	for (int id = 1; id < CPUS; id++) {
		void *wrong;

		pthread_join(threads[id], &wrong);
		assert_null(wrong);
	}
	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
	/* every object came back: nothing is left of the cache */
	assert_int_equal(kmem_cache_shrink(cache), 0);
	kmem_cache_destroy(cache);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shrinking_disturbs_no_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
