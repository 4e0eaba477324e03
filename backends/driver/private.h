/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine's platform devices, drivers and claimed regions. */
#ifndef RIG_DRIVER_PRIVATE_H
#define RIG_DRIVER_PRIVATE_H

#include <linux/list.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

/* A device of the machine with its node in the device tree; in host memory. */
struct tree_device {
	struct platform_device platform;
	struct device_node node;
	struct resource resources[2]; /* registers, interrupt */
	char node_name[48], full_name[48];
};

struct rig_drivers {
	spinlock_t lock;	  /* regions */
	struct list_head devices; /* platform_device.node, in the order of adding */
	struct list_head drivers; /* platform_driver.node */
	struct list_head regions;
	bool populated; /* the machine's own devices are among them */
};

/* The machine's devices as platform devices, once. 0, -ENOMEM: no host memory. */
int populate_devices(struct rig_machine *machine);
void free_tree_device(struct platform_device *device);

#endif
