// SPDX-License-Identifier: GPL-2.0-only
/*
 * Platform devices and drivers: two lists a machine, and what binds one to the other. Where the
 * kernel's driver core would look after a driver, so does this: a failed probe's resources are
 * released, what a driver leaves mapped for DMA is reported.
 *
 * Drivers come and go in process context on one CPU of the machine at a time.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/machine.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include <kmemrig/drivers.h>
#include "private.h"

static struct rig_drivers *this_drivers(void)
{
	return rig_this_cpu()->machine->drivers;
}

/* --- binding */

static bool matches(struct platform_driver *driver, struct platform_device *device)
{
	if (of_match_node(driver->driver.of_match_table, device->dev.of_node))
		return true;
	for (const struct platform_device_id *id = driver->id_table; id && id->name[0]; id++)
		if (strcmp(id->name, device->name) == 0) {
			device->id_entry = id;
			return true;
		}
	return !driver->id_table && strcmp(driver->driver.name, device->name) == 0;
}

/* The driver is no longer there for the device: its managed resources go. */
static void let_go(struct platform_device *device)
{
	devres_release_all(&device->dev);
	rig_dma_driver_gone(rig_this_cpu(), &device->dev);
	device->dev.driver = NULL;
	dev_set_drvdata(&device->dev, NULL);
}

static int bind(struct platform_driver *driver, struct platform_device *device)
{
	int code;

	if (!list_empty(&device->dev.devres_head)) {
		dev_crit(&device->dev, "Resources present before probing");
		return -EBUSY;
	}
	device->dev.driver = &driver->driver;
	code = driver->probe ? driver->probe(device) : 0;
	if (code == 0)
		return 0;
	if (code != -EPROBE_DEFER && code != -ENODEV && code != -ENXIO)
		pr_warn("%s: probe of %s failed with error %d", driver->driver.name,
			dev_name(&device->dev), code);
	let_go(device);
	return code;
}

static void unbind(struct platform_driver *driver, struct platform_device *device)
{
	int code = driver->remove ? driver->remove(device) : 0;

	if (code)
		dev_warn(&device->dev,
			 "remove callback returned a non-zero value. This will be ignored.");
	let_go(device);
}

static struct platform_driver *driver_of(const struct platform_device *device)
{
	return device->dev.driver ? container_of(device->dev.driver, struct platform_driver, driver)
				  : NULL;
}

/* Drivers for devices that have none, until no more can be bound. @wanted NULL: any driver. */
static void bind_all(struct platform_driver *wanted)
{
	struct rig_drivers *drivers = this_drivers();
	struct platform_device *device, *next;
	struct platform_driver *driver;
	bool again;

	do {
		bool deferred = false, bound = false;

		list_for_each_entry_safe (device, next, &drivers->devices, node)
			list_for_each_entry (driver, &drivers->drivers, node) {
				int code;

				if (device->dev.driver || !matches(driver, device) ||
				    (wanted && wanted != driver && !device->deferred))
					continue;
				code = bind(driver, device);
				device->deferred = code == -EPROBE_DEFER;
				deferred |= device->deferred;
				bound |= code == 0;
			}
		again = bound && deferred;
	} while (again);
}

int __platform_driver_register(struct platform_driver *driver, struct module *owner)
{
	struct rig_drivers *drivers = this_drivers();
	int code = populate_devices(rig_this_cpu()->machine);

	might_sleep();
	if (code)
		return code;
	driver->driver.owner = owner;
	list_add_tail(&driver->node, &drivers->drivers);
	bind_all(driver);
	return 0;
}

static bool is_bound(const struct platform_driver *driver)
{
	struct platform_device *device;

	list_for_each_entry (device, &this_drivers()->devices, node)
		if (driver_of(device) == driver)
			return true;
	return false;
}

int platform_driver_probe(struct platform_driver *driver,
			  int (*probe)(struct platform_device *device))
{
	int code;

	driver->probe = probe;
	code = platform_driver_register(driver);
	if (code || is_bound(driver))
		return code;
	platform_driver_unregister(driver);
	return -ENODEV;
}

void platform_driver_unregister(struct platform_driver *driver)
{
	struct platform_device *device;

	might_sleep();
	list_for_each_entry (device, &this_drivers()->devices, node)
		if (driver_of(device) == driver)
			unbind(driver, device);
	list_del(&driver->node);
}

/* --- devices that code makes */

int platform_device_add(struct platform_device *device)
{
	int code = populate_devices(rig_this_cpu()->machine);

	if (code)
		return code;
	if (device->id == PLATFORM_DEVID_NONE)
		dev_set_name(&device->dev, "%s", device->name);
	else
		dev_set_name(&device->dev, "%s.%d", device->name, max(device->id, 0));
	if (!device->dev.dma_mask) {
		device->platform_dma_mask = DMA_BIT_MASK(32);
		device->dev.dma_mask = &device->platform_dma_mask;
	}
	if (!device->dev.coherent_dma_mask)
		device->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	list_add_tail(&device->node, &this_drivers()->devices);
	bind_all(NULL);
	return 0;
}

void platform_device_del(struct platform_device *device)
{
	if (device->dev.driver)
		unbind(driver_of(device), device);
	list_del(&device->node);
}

int platform_device_register(struct platform_device *device)
{
	device_initialize(&device->dev);
	return platform_device_add(device);
}

struct platform_device *platform_device_alloc(const char *name, int id)
{
	size_t length = strlen(name) + 1;
	struct platform_device *device = kzalloc(sizeof(*device) + length, GFP_KERNEL);

	if (!device)
		return NULL;
	device->name = memcpy(device + 1, name, length);
	device->id = id;
	device->allocated = true;
	device_initialize(&device->dev);
	return device;
}

void platform_device_put(struct platform_device *device)
{
	if (!IS_ERR_OR_NULL(device) && device->allocated) {
		kfree(device->resource);
		kfree(device);
	}
}

void platform_device_unregister(struct platform_device *device)
{
	if (IS_ERR_OR_NULL(device))
		return;
	platform_device_del(device);
	platform_device_put(device);
}

struct platform_device *platform_device_register_simple(const char *name, int id,
							const struct resource *resources,
							unsigned int nr)
{
	struct platform_device *device = platform_device_alloc(name, id);
	int code = -ENOMEM;

	if (!device)
		return ERR_PTR(-ENOMEM);
	if (nr) {
		device->resource = kmemdup(resources, nr * sizeof(*resources), GFP_KERNEL);
		if (!device->resource)
			goto put;
		device->num_resources = nr;
	}
	code = platform_device_add(device);
	if (!code)
		return device;
put:
	platform_device_put(device);
	return ERR_PTR(code);
}

/* --- what a driver asks of its device */

struct resource *platform_get_resource(struct platform_device *device, unsigned int type,
				       unsigned int nr)
{
	for (u32 i = 0; i < device->num_resources; i++)
		if (resource_type(&device->resource[i]) == type && nr-- == 0)
			return &device->resource[i];
	return NULL;
}

struct resource *platform_get_resource_byname(struct platform_device *device, unsigned int type,
					      const char *name)
{
	for (u32 i = 0; i < device->num_resources; i++)
		if (resource_type(&device->resource[i]) == type && device->resource[i].name &&
		    strcmp(device->resource[i].name, name) == 0)
			return &device->resource[i];
	return NULL;
}

int platform_get_irq_optional(struct platform_device *device, unsigned int nr)
{
	struct resource *resource = platform_get_resource(device, IORESOURCE_IRQ, nr);

	return resource ? (int)resource->start : -ENXIO;
}

int platform_get_irq(struct platform_device *device, unsigned int nr)
{
	int irq = platform_get_irq_optional(device, nr);

	return irq < 0 ? dev_err_probe(&device->dev, irq, "IRQ index %u not found", nr) : irq;
}

int platform_irq_count(struct platform_device *device)
{
	int count = 0;

	while (platform_get_irq_optional(device, (unsigned int)count) >= 0)
		count++;
	return count;
}

void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *device,
						     unsigned int nr, struct resource **resource)
{
	struct resource *found = platform_get_resource(device, IORESOURCE_MEM, nr);

	if (resource)
		*resource = found;
	return devm_ioremap_resource(&device->dev, found);
}

void __iomem *devm_platform_ioremap_resource(struct platform_device *device, unsigned int nr)
{
	return devm_platform_get_and_ioremap_resource(device, nr, NULL);
}

const struct of_device_id *of_match_device(const struct of_device_id *table,
					   const struct device *dev)
{
	return of_match_node(table, dev->of_node);
}

const void *of_device_get_match_data(const struct device *dev)
{
	const struct of_device_id *match =
		dev->driver ? of_match_device(dev->driver->of_match_table, dev) : NULL;

	return match ? match->data : NULL;
}

struct platform_device *of_find_device_by_node(struct device_node *node)
{
	struct platform_device *device;

	list_for_each_entry (device, &this_drivers()->devices, node)
		if (node && device->dev.of_node == node)
			return device;
	return NULL;
}

/* --- claimed regions */

struct claim {
	struct resource resource;
	struct list_head node;
};

struct resource *request_mem_region(resource_size_t start, resource_size_t size, const char *name)
{
	struct rig_drivers *drivers = this_drivers();
	struct claim *claim = kzalloc(sizeof(*claim), GFP_KERNEL), *other;
	bool taken = !size || start + size < start;

	if (!claim)
		return NULL;
	claim->resource = (struct resource){
		.start = start,
		.end = start + size - 1,
		.name = name,
		.flags = IORESOURCE_MEM | IORESOURCE_BUSY,
	};
	rig_spin_lock(&drivers->lock);
	list_for_each_entry (other, &drivers->regions, node)
		taken |= other->resource.start <= claim->resource.end &&
			 claim->resource.start <= other->resource.end;
	if (!taken)
		list_add_tail(&claim->node, &drivers->regions);
	rig_spin_unlock(&drivers->lock);
	if (!taken)
		return &claim->resource;
	kfree(claim);
	return NULL;
}

void release_mem_region(resource_size_t start, resource_size_t size)
{
	struct rig_drivers *drivers = this_drivers();
	struct claim *claim, *found = NULL;

	rig_spin_lock(&drivers->lock);
	list_for_each_entry (claim, &drivers->regions, node)
		if (claim->resource.start == start && resource_size(&claim->resource) == size) {
			found = claim;
			break;
		}
	if (found)
		list_del(&found->node);
	rig_spin_unlock(&drivers->lock);
	if (!found)
		pr_warn("Trying to free nonexistent resource <%016llx-%016llx>",
			(unsigned long long)start, (unsigned long long)(start + size - 1));
	kfree(found);
}

/* --- a part of the machine */

int rig_drivers_init(struct rig_machine *machine)
{
	struct rig_drivers *drivers = calloc(1, sizeof(*drivers));

	if (!drivers)
		return -ENOMEM;
	spin_lock_init(&drivers->lock);
	INIT_LIST_HEAD(&drivers->devices);
	INIT_LIST_HEAD(&drivers->drivers);
	INIT_LIST_HEAD(&drivers->regions);
	machine->drivers = drivers;
	return 0;
}

void rig_drivers_fini(struct rig_machine *machine)
{
	struct platform_device *device, *next;

	/* Those that code made are its own, and memory of the machine. */
	list_for_each_entry_safe (device, next, &machine->drivers->devices, node)
		if (device->dev.of_node)
			free_tree_device(device);
	free(machine->drivers);
	machine->drivers = NULL;
}
