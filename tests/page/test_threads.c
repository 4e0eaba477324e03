// SPDX-License-Identifier: GPL-2.0-only
/* Four CPUs, each a thread: the allocator's locks are real, and nothing is lost. */
#include <pthread.h>

#include "rig.h"

#define NR_CPUS 4
#define ROUNDS 20000
#define HELD 200

/* A page that one CPU allocated and another frees. */
static struct page *exchange[64];

static u64 next(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void swap_held(struct rig_cpu *cpu, struct page **held, u64 random)
{
	unsigned int order = (unsigned int)(random >> 20) % 5 ? 0 : 2;

	if (*held) {
		rig_free_pages(cpu, *held, (unsigned int)(*held)->index);
		*held = NULL;
		return;
	}
	*held = rig_alloc_pages(cpu, GFP_ATOMIC | __GFP_NOWARN, order, NUMA_NO_NODE, NULL);
	if (*held)
		(*held)->index = order;
}

static void hand_over(struct rig_cpu *cpu, u64 random)
{
	struct page *page = rig_alloc_pages(cpu, GFP_NOWAIT | __GFP_NOWARN, 0, NUMA_NO_NODE, NULL);

	page = __atomic_exchange_n(&exchange[random % ARRAY_SIZE(exchange)], page,
				   __ATOMIC_ACQ_REL);
	if (page)
		rig_free_pages(cpu, page, 0);
}

static void *work(void *data)
{
	struct rig_cpu *cpu = data;
	struct page *held[HELD] = { NULL };
	u64 x = 0x9e3779b97f4a7c15ULL + (u64)cpu->id;

	rig_cpu_enter(cpu);
	for (int i = 0; i < ROUNDS; i++) {
		u64 random = next(&x);

		if (random % 3000 == 0)
			rig_drain_all_pages(cpu, NULL);
		else if (random % 4 == 0)
			hand_over(cpu, random >> 8);
		else
			swap_held(cpu, &held[(random >> 8) % HELD], random);
	}
	for (int i = 0; i < HELD; i++)
		if (held[i])
			swap_held(cpu, &held[i], 0);
	rig_cpu_enter(NULL);
	return NULL;
}

static void nothing_is_lost_between_cpus(void **state)
{
	struct rig_memory_range memory = { .base = 0, .size = 64 * MIB };
	struct rig_machine_config config = { .name = "threads",
					     .memory = &memory,
					     .nr_memory = 1,
					     .nr_cpus = NR_CPUS,
					     .check_tier = 2 };
	struct rig_machine *machine = test_boot_config(&config);
	unsigned long before = 0, after = 0;
	pthread_t threads[NR_CPUS];
	struct zone *zones[] = { rig_machine_zone(machine, 0, ZONE_DMA),
				 rig_machine_zone(machine, 0, ZONE_DMA32) };

	drain_all_pages(NULL);
	for (int i = 0; i < 2; i++)
		before += test_free_pages(zones[i]);
	rig_cpu_enter(NULL);
	for (int i = 0; i < NR_CPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &machine->cpus[i]), 0);
	for (int i = 0; i < NR_CPUS; i++)
		pthread_join(threads[i], NULL);
	rig_cpu_enter(&machine->cpus[0]);
	for (size_t i = 0; i < ARRAY_SIZE(exchange); i++)
		if (exchange[i])
			__free_page(exchange[i]);
	test_check(machine);
	drain_all_pages(NULL);
	for (int i = 0; i < 2; i++)
		after += test_free_pages(zones[i]);
	assert_int_equal(after, before);
	assert_int_equal(machine->check->failures, 0);
	test_end(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost_between_cpus) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
