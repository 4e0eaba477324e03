// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several CPUs as threads on what is shared: the vmalloc space, a mempool whose reserve is all
 * there is, kmap's places, fault attributes. Most telling under ThreadSanitizer.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/machine.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define NR_CPUS_HERE 4
#define ROUNDS 300

struct shared {
	struct rig_machine *machine;
	mempool_t *pool;
	struct page *page;
	struct mutex mutex;
	unsigned int guarded;
	void (*round)(struct shared *shared, int cpu, int round);
};

struct driver {
	struct shared *shared;
	int cpu;
};

static void *drive(void *data)
{
	const struct driver *driver = data;
	struct shared *shared = driver->shared;

	rig_cpu_enter(&shared->machine->cpus[driver->cpu]);
	for (int round = 0; round < ROUNDS; round++)
		shared->round(shared, driver->cpu, round);
	rig_cpu_enter(NULL);
	return NULL;
}

static void run(struct shared *shared, void (*round)(struct shared *shared, int cpu, int round))
{
	struct driver drivers[NR_CPUS_HERE];
	pthread_t threads[NR_CPUS_HERE];

	shared->round = round;
	for (int cpu = 0; cpu < NR_CPUS_HERE; cpu++) {
		drivers[cpu] = (struct driver){ shared, cpu };
		assert_int_equal(pthread_create(&threads[cpu], NULL, drive, &drivers[cpu]), 0);
	}
	for (int cpu = 0; cpu < NR_CPUS_HERE; cpu++)
		pthread_join(threads[cpu], NULL);
	rig_cpu_enter(&shared->machine->cpus[0]);
}

static int make_machine(void **state)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 127 * SZ_1M } };
	static struct shared shared;
	struct rig_machine_config config = { .name = "threads",
					     .memory = memory,
					     .nr_memory = 1,
					     .nr_cpus = NR_CPUS_HERE,
					     .lowmem_limit = 64 * SZ_1M };
	char error[200] = "";

	memset(&shared, 0, sizeof(shared));
	shared.machine = rig_machine_create(&config, error, sizeof(error));
	if (!shared.machine)
		fail_msg("%s", error);
	rig_cpu_enter(&shared.machine->cpus[0]);
	*state = &shared;
	return 0;
}

static int end_machine(void **state)
{
	rig_machine_destroy(((struct shared *)*state)->machine);
	return 0;
}

static void expect_sound(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

static void use_vmalloc(struct shared *shared, int cpu, int round)
{
	unsigned long bytes = (unsigned long)(1 + (round * 7 + cpu) % 20) * PAGE_SIZE;
	u8 *area = vmalloc(bytes);

	memset(area, cpu + 1, bytes);
	if (round % 16 == 0)
		vm_unmap_aliases();
	for (unsigned long at = 0; at < bytes; at += PAGE_SIZE)
		if (area[at] != cpu + 1 || !vmalloc_to_page(area + at))
			BUG();
	vfree(area);
}

static void areas_of_several_cpus_do_not_meet(void **state)
{
	struct shared *shared = *state;

	run(shared, use_vmalloc);
	assert_int_equal(rig_vmalloc_nr_areas(shared->machine), 0);
	expect_sound(shared->machine);
}

static void *nothing(gfp_t gfp, void *data)
{
	return *(int *)data ? kmalloc(64, gfp) : NULL;
}

static void give_back(void *element, void *data)
{
	kfree(element);
}

/* Two elements for four CPUs: someone always waits, everyone gets one. */
static void use_pool(struct shared *shared, int cpu, int round)
{
	u8 *element = mempool_alloc(shared->pool, GFP_KERNEL);

	if (!element)
		BUG();
	element[0] = (u8)cpu;
	cpu_relax();
	if (element[0] != cpu)
		BUG();
	mempool_free(element, shared->pool);
}

static void a_reserve_goes_round(void **state)
{
	struct shared *shared = *state;
	int works = 1;

	shared->pool = mempool_create(2, nothing, give_back, &works);
	works = 0;
	run(shared, use_pool);
	assert_int_equal(shared->pool->curr_nr, 2);
	mempool_destroy(shared->pool);
	expect_sound(shared->machine);
}

static void use_kmap(struct shared *shared, int cpu, int round)
{
	struct page *own = alloc_page(GFP_HIGHUSER);
	u32 *mapped = kmap(own), *local = kmap_local_page(shared->page);

	mapped[0] = (u32)cpu;
	__atomic_fetch_add(&local[0], 1, __ATOMIC_RELAXED);
	kunmap_local(local);
	if (mapped[0] != (u32)cpu)
		BUG();
	kunmap(own);
	__free_page(own);
}

static void mappings_of_several_cpus_do_not_meet(void **state)
{
	struct shared *shared = *state;
	u32 *count;

	shared->page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	run(shared, use_kmap);
	count = kmap(shared->page);
	assert_int_equal(*count, NR_CPUS_HERE * ROUNDS);
	kunmap(shared->page);
	__free_page(shared->page);
	expect_sound(shared->machine);
}

static void use_mutex(struct shared *shared, int cpu, int round)
{
	mutex_lock(&shared->mutex);
	shared->guarded++;
	mutex_unlock(&shared->mutex);
}

static void a_mutex_lets_one_in(void **state)
{
	struct shared *shared = *state;

	run(shared, use_mutex);
	assert_int_equal(shared->guarded, NR_CPUS_HERE * ROUNDS);
}

static void use_faults(struct shared *shared, int cpu, int round)
{
	void *object = kmalloc(64, GFP_ATOMIC);

	if (!object)
		__atomic_fetch_add(&shared->guarded, 1, __ATOMIC_RELAXED);
	kfree(object);
}

static void failures_are_counted_once(void **state)
{
	struct shared *shared = *state;
	const struct rig_fault_point *point = &shared->machine->fault->point[RIG_FAILSLAB];
	char error[200];

	assert_int_equal(rig_fault_parse(shared->machine, "failslab:times=100,interval=2", error,
					 sizeof(error)),
			 0);
	run(shared, use_faults);
	assert_int_equal(point->calls, NR_CPUS_HERE * ROUNDS);
	assert_int_equal(point->failures, shared->guarded);
	assert_int_equal(atomic_read(&point->attr.times), 0);
	/* As in the kernel, CPUs that look at once may each see the last one left. */
	assert_in_range(shared->guarded, 100, 100 + NR_CPUS_HERE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(areas_of_several_cpus_do_not_meet),
		TEST(a_reserve_goes_round),
		TEST(mappings_of_several_cpus_do_not_meet),
		TEST(a_mutex_lets_one_in),
		TEST(failures_are_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
