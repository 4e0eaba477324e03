/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that are just there, and their drivers. Each emulated device of the machine (its device
 * tree's nodes, or rig_machine_config.devices) is one; code may add others by name. A driver that
 * registers is bound to all that it is for.
 */
#ifndef _LINUX_PLATFORM_DEVICE_H_RIG
#define _LINUX_PLATFORM_DEVICE_H_RIG

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/mod_devicetable.h>
#include <linux/of.h>

#define PLATFORM_DEVID_NONE (-1)
#define PLATFORM_DEVID_AUTO (-2)

struct platform_device {
	const char *name;
	int id;
	struct device dev;
	u32 num_resources;
	struct resource *resource;
	const struct platform_device_id *id_entry;
	u64 platform_dma_mask;
	struct list_head node; /* of the machine's devices */
	bool deferred;	       /* its driver waits for something else */
	bool allocated;	       /* by platform_device_alloc() */
};

#define to_platform_device(device) container_of(device, struct platform_device, dev)

struct platform_driver {
	int (*probe)(struct platform_device *device); /* 0 or -errno */
	int (*remove)(struct platform_device *device);
	void (*shutdown)(struct platform_device *device);
	struct device_driver driver;
	const struct platform_device_id *id_table;
	bool prevent_deferred_probe;
	struct list_head node; /* of the machine's drivers */
};

static inline void *platform_get_drvdata(const struct platform_device *device)
{
	return dev_get_drvdata(&device->dev);
}

static inline void platform_set_drvdata(struct platform_device *device, void *data)
{
	dev_set_drvdata(&device->dev, data);
}

/*
 * The driver is bound to the machine's devices whose node is compatible with its table, or that
 * have a name of its id table, or its own name: probe() is called for each. One that answers
 * -EPROBE_DEFER is asked again whenever another was bound. 0, also where there is no device.
 * Process context.
 */
int __platform_driver_register(struct platform_driver *driver, struct module *owner);
#define platform_driver_register(driver) __platform_driver_register(driver, THIS_MODULE)
/* -ENODEV: bound to none, and not registered. */
int platform_driver_probe(struct platform_driver *driver,
			  int (*probe)(struct platform_device *device));
/* remove() for each device, then its managed resources go. */
void platform_driver_unregister(struct platform_driver *driver);

#define module_platform_driver(driver)                                                             \
	module_driver(driver, platform_driver_register, platform_driver_unregister)
#define builtin_platform_driver(driver)                                                            \
	static int __init driver##_init(void)                                                      \
	{                                                                                          \
		return platform_driver_register(&(driver));                                        \
	}                                                                                          \
	device_initcall(driver##_init)

/* Devices that code makes itself. -errno. */
int platform_device_register(struct platform_device *device);
void platform_device_unregister(struct platform_device *device);
struct platform_device *platform_device_alloc(const char *name, int id);
int platform_device_add(struct platform_device *device);
void platform_device_del(struct platform_device *device);
/* Of platform_device_alloc: frees it. */
void platform_device_put(struct platform_device *device);
/* ERR_PTR. Ended with platform_device_unregister(), which frees it. */
struct platform_device *platform_device_register_simple(const char *name, int id,
							const struct resource *resources,
							unsigned int nr);

/* The @nr-th resource of a kind; NULL: there is none. */
struct resource *platform_get_resource(struct platform_device *device, unsigned int type,
				       unsigned int nr);
struct resource *platform_get_resource_byname(struct platform_device *device, unsigned int type,
					      const char *name);
/* The line; -ENXIO, with a line in the log (of _optional without). */
int platform_get_irq(struct platform_device *device, unsigned int nr);
int platform_get_irq_optional(struct platform_device *device, unsigned int nr);
int platform_irq_count(struct platform_device *device);
/* ERR_PTR: see devm_ioremap_resource. */
void __iomem *devm_platform_ioremap_resource(struct platform_device *device, unsigned int nr);
void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *device,
						     unsigned int nr, struct resource **resource);

const struct of_device_id *of_match_device(const struct of_device_id *matches,
					   const struct device *dev);
/* The data of the driver's table entry that the device matched; NULL. */
const void *of_device_get_match_data(const struct device *dev);
#define device_get_match_data(dev) of_device_get_match_data(dev)
/* The platform device of a node; NULL: there is none. */
struct platform_device *of_find_device_by_node(struct device_node *node);

#endif
