// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program that `kmemrig fault` is tried on: a driver's probe with four allocations and the
 * usual ladder of labels, in which one rung may be wrong.
 */
#include "driver.h"

#include <errno.h>
#include <stdio.h>

#include <kmemrig/machine.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct driver {
	char *name;
	struct page *ring;
	void *table;
};

static noinline int probe(struct driver **result, enum driver_bug bug)
{
	struct driver *driver = kzalloc(sizeof(*driver), GFP_KERNEL);

	if (!driver)
		return -ENOMEM;
	driver->name = kmalloc(32, GFP_KERNEL);
	if (!driver->name)
		goto free_driver;
	driver->ring = alloc_pages(GFP_ATOMIC, 2);
	if (!driver->ring && bug != DRIVER_DEREFERENCES) {
		if (bug == DRIVER_LEAKS)
			goto free_driver; /* the name is forgotten */
		goto free_name;
	}
	*(char *)page_address(driver->ring) = 1;
	driver->table = vmalloc(3 * PAGE_SIZE);
	if (!driver->table)
		goto free_ring;
	*result = driver;
	return 0;

free_ring:
	__free_pages(driver->ring, 2);
	if (bug == DRIVER_FREES_TWICE)
		kfree(driver->name);
free_name:
	kfree(driver->name);
free_driver:
	kfree(driver);
	return -ENOMEM;
}

static void remove_driver(struct driver *driver)
{
	vfree(driver->table);
	__free_pages(driver->ring, 2);
	kfree(driver->name);
	kfree(driver);
}

int driver_main(enum driver_bug bug)
{
	static const struct rig_memory_range memory[] = { { .base = SZ_1M, .size = 31 * SZ_1M } };
	struct rig_machine_config config = { .name = "driver", .memory = memory, .nr_memory = 1 };
	char error[200] = "";
	struct rig_machine *machine = rig_machine_create(&config, error, sizeof(error));
	struct driver *driver;
	int code;

	if (!machine) {
		fprintf(stderr, "%s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	code = probe(&driver, bug);
	if (code == 0)
		remove_driver(driver);
	rig_machine_destroy(machine);
	return code ? 1 : 0;
}
