// SPDX-License-Identifier: GPL-2.0-only
/* What all devices have: names, the log of a failed probe, text of attributes. */
#include <stdarg.h>
#include <stdio.h>

#include <linux/device.h>
#include <linux/kernel.h>

void device_initialize(struct device *dev)
{
	spin_lock_init(&dev->devres_lock);
	spin_lock_init(&dev->dma_mappings.lock);
	INIT_LIST_HEAD(&dev->devres_head);
	INIT_LIST_HEAD(&dev->dma_pools);
	mutex_init(&dev->mutex);
	dev->numa_node = NUMA_NO_NODE;
}

int dev_set_name(struct device *dev, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(dev->name, sizeof(dev->name), format, args);
	va_end(args);
	return 0;
}

static void free_device(struct device *dev)
{
	kfree(dev);
}

struct device *root_device_register(const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev_set_name(dev, "%s", name);
	dev->release = free_device;
	return dev;
}

void device_unregister(struct device *dev)
{
	devres_release_all(dev);
	rig_dma_driver_gone(rig_this_cpu(), dev);
	if (dev->release)
		dev->release(dev);
}

int dev_err_probe(const struct device *dev, int error, const char *format, ...)
{
	char text[400];
	va_list args;

	if (error == -EPROBE_DEFER)
		return error;
	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	dev_err(dev, "error %d: %s", error, text);
	return error;
}

int sysfs_emit_at(char *buf, int at, const char *format, ...)
{
	va_list args;
	int length;

	if (at < 0 || at >= (int)PAGE_SIZE)
		return 0;
	va_start(args, format);
	length = vscnprintf(buf + at, PAGE_SIZE - (size_t)at, format, args);
	va_end(args);
	return length;
}

int sysfs_emit(char *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vscnprintf(buf, PAGE_SIZE, format, args);
	va_end(args);
	return length;
}
