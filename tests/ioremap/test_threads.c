// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device, one line, four CPUs as threads: each rings and takes the interrupts it causes, and
 * none is lost. Most telling under ThreadSanitizer.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "machine.h"

#define NR_CPUS_HERE 4
#define RINGS 200

struct shared {
	struct rig_machine *machine;
	u8 __iomem *base;
	spinlock_t lock;
	unsigned int interrupts;
	u32 status_seen;
	void *last;
};

struct driver {
	struct shared *shared;
	int cpu;
};

static irqreturn_t handler(int irq, void *dev_id)
{
	struct shared *shared = dev_id;
	u32 status = readl(shared->base + RIG_EDU_IRQ_STATUS);
	void *object;

	if (!status)
		return IRQ_NONE;
	writel(status, shared->base + RIG_EDU_IRQ_ACK);
	object = kmalloc(64, GFP_ATOMIC);
	spin_lock(&shared->lock);
	shared->interrupts++;
	shared->status_seen |= status;
	kfree(shared->last);
	shared->last = object;
	spin_unlock(&shared->lock);
	return IRQ_HANDLED;
}

static void *drive(void *data)
{
	const struct driver *driver = data;
	struct shared *shared = driver->shared;

	rig_cpu_enter(&shared->machine->cpus[driver->cpu]);
	for (int i = 0; i < RINGS; i++) {
		writel(1u << driver->cpu, shared->base + RIG_EDU_DOORBELL);
		if (i % 10 == 0) {
			local_irq_disable();
			writel(0x100u << driver->cpu, shared->base + RIG_EDU_DOORBELL);
			local_irq_enable();
		}
	}
	rig_cpu_enter(NULL);
	return NULL;
}

static void no_interrupt_is_lost_between_cpus(void **state)
{
	struct shared shared = { .machine = edu_machine_create(NR_CPUS_HERE) };
	struct driver drivers[NR_CPUS_HERE];
	pthread_t threads[NR_CPUS_HERE];

	assert_non_null(shared.machine);
	spin_lock_init(&shared.lock);
	shared.base = ioremap(EDU_BASE, 0x100);
	assert_int_equal(request_irq(EDU_IRQ, handler, 0, "shared", &shared), 0);
	for (int cpu = 0; cpu < NR_CPUS_HERE; cpu++) {
		drivers[cpu] = (struct driver){ &shared, cpu };
		assert_int_equal(pthread_create(&threads[cpu], NULL, drive, &drivers[cpu]), 0);
	}
	for (int cpu = 0; cpu < NR_CPUS_HERE; cpu++)
		pthread_join(threads[cpu], NULL);
	assert_int_equal(shared.status_seen, 0xf0f);
	assert_int_equal(readl(shared.base + RIG_EDU_IRQ_STATUS), 0);
	assert_true(shared.interrupts >= RINGS);
	assert_int_equal(shared.machine->check->failures, 0);
	free_irq(EDU_IRQ, &shared);
	kfree(shared.last);
	iounmap(shared.base);
	rig_machine_destroy(shared.machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interrupt_is_lost_between_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
