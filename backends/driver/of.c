// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes of the device tree: properties are read from the flattened tree where it lies. Machines
 * described without one have nodes that know nothing but their model's name.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/device.h>
#include <kmemrig/machine.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/of.h>

#include "private.h"

const void *of_get_property(const struct device_node *node, const char *name, int *length)
{
	return node && node->tree ? fdt_getprop(node->tree, node->offset, name, length) : NULL;
}

bool of_device_is_compatible(const struct device_node *node, const char *name)
{
	if (!node)
		return false;
	if (!node->tree)
		return node->device && strcmp(node->device->model->name, name) == 0;
	return fdt_node_check_compatible(node->tree, node->offset, name) == 0;
}

const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node)
{
	for (; matches && node && (matches->compatible[0] || matches->name[0]); matches++) {
		if (matches->name[0] && strcmp(matches->name, node->name) != 0)
			continue;
		if (!matches->compatible[0] || of_device_is_compatible(node, matches->compatible))
			return matches;
	}
	return NULL;
}

/* The property with at least @bytes of value. */
static const void *find_value(const struct device_node *node, const char *name, size_t bytes,
			      int *code)
{
	int length = 0;
	const void *value = of_get_property(node, name, &length);

	*code = 0;
	if (!value)
		*code = -EINVAL;
	else if (length == 0)
		*code = -ENODATA;
	else if ((size_t)length < bytes)
		*code = -EOVERFLOW;
	return *code ? NULL : value;
}

int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *result)
{
	int code;
	const fdt32_t *value = find_value(node, name, ((size_t)index + 1) * 4, &code);

	if (value)
		*result = fdt32_ld(&value[index]);
	return code;
}

int of_property_read_u32_array(const struct device_node *node, const char *name, u32 *values,
			       size_t count)
{
	int code;
	const fdt32_t *value = find_value(node, name, count * 4, &code);

	for (size_t i = 0; value && i < count; i++)
		values[i] = fdt32_ld(&value[i]);
	return code;
}

int of_property_read_u64(const struct device_node *node, const char *name, u64 *result)
{
	int code;
	const fdt64_t *value = find_value(node, name, 8, &code);

	if (value)
		*result = fdt64_ld(value);
	return code;
}

int of_property_read_string_index(const struct device_node *node, const char *name, int index,
				  const char **text)
{
	int length, code;
	const char *found;

	if (!find_value(node, name, 1, &code))
		return code;
	found = fdt_stringlist_get(node->tree, node->offset, name, index, &length);
	if (!found)
		return length == -FDT_ERR_BADVALUE ? -EILSEQ : -ENODATA;
	*text = found;
	return 0;
}

int of_property_read_string(const struct device_node *node, const char *name, const char **text)
{
	return of_property_read_string_index(node, name, 0, text);
}

int of_property_count_strings(const struct device_node *node, const char *name)
{
	int code, count;

	if (!find_value(node, name, 1, &code))
		return code;
	count = fdt_stringlist_count(node->tree, node->offset, name);
	return count < 0 ? -EILSEQ : count;
}

int of_property_match_string(const struct device_node *node, const char *name, const char *text)
{
	int code, index;

	if (!find_value(node, name, 1, &code))
		return code;
	index = fdt_stringlist_search(node->tree, node->offset, name, text);
	return index >= 0 ? index : index == -FDT_ERR_BADVALUE ? -EILSEQ : -ENODATA;
}

int of_property_count_elems_of_size(const struct device_node *node, const char *name, int size)
{
	int length = 0;

	if (!of_get_property(node, name, &length))
		return -EINVAL;
	return length % size ? -EINVAL : length / size;
}

struct device_node *of_parse_phandle(const struct device_node *node, const char *name, int index)
{
	struct rig_drivers *drivers = rig_this_cpu()->machine->drivers;
	struct platform_device *device;
	u32 wanted;

	if (of_property_read_u32_index(node, name, (u32)index, &wanted))
		return NULL;
	list_for_each_entry (device, &drivers->devices, node) {
		struct device_node *found = device->dev.of_node;

		if (found && found->tree && fdt_get_phandle(found->tree, found->offset) == wanted)
			return found;
	}
	return NULL;
}

int of_address_to_resource(const struct device_node *node, int index, struct resource *resource)
{
	if (!node || !node->device || index != 0)
		return -EINVAL;
	*resource = (struct resource){
		.start = node->device->base,
		.end = node->device->base + node->device->size - 1,
		.name = node->full_name,
		.flags = IORESOURCE_MEM,
	};
	return 0;
}

void __iomem *of_iomap(struct device_node *node, int index)
{
	struct resource resource;

	if (of_address_to_resource(node, index, &resource))
		return NULL;
	return ioremap(resource.start, resource_size(&resource));
}

unsigned int irq_of_parse_and_map(const struct device_node *node, int index)
{
	return node && node->device && index == 0 ? node->device->irq : 0;
}

/* --- the machine's devices */

static void fill_node(struct tree_device *device, const struct rig_device *rig)
{
	struct device_node *node = &device->node;
	const char *name = NULL;

	node->device = rig;
	node->offset = rig->node;
	if (rig->node >= 0) {
		node->tree = rig->machine->devicetree;
		name = fdt_get_name(node->tree, node->offset, NULL);
	}
	snprintf(device->full_name, sizeof(device->full_name), "%.47s", name ? name : rig->name);
	snprintf(device->node_name, sizeof(device->node_name), "%.*s",
		 (int)strcspn(device->full_name, "@"), device->full_name);
	node->name = device->node_name;
	node->full_name = device->full_name;
}

static struct tree_device *make_device(const struct rig_device *rig)
{
	struct tree_device *device = calloc(1, sizeof(*device));
	struct platform_device *platform;

	if (!device)
		return NULL;
	platform = &device->platform;
	fill_node(device, rig);
	device_initialize(&platform->dev);
	dev_set_name(&platform->dev, "%llx.%.28s", (unsigned long long)rig->base,
		     device->node_name);
	platform->name = dev_name(&platform->dev);
	platform->id = PLATFORM_DEVID_NONE;
	platform->dev.of_node = &device->node;
	platform->platform_dma_mask = ~0U;
	platform->dev.dma_mask = &platform->platform_dma_mask;
	platform->dev.coherent_dma_mask = ~0U;
	of_address_to_resource(&device->node, 0, &device->resources[0]);
	platform->resource = device->resources;
	platform->num_resources = 1;
	if (rig->irq) {
		device->resources[1] = (struct resource){ .start = rig->irq,
							  .end = rig->irq,
							  .name = device->full_name,
							  .flags = IORESOURCE_IRQ };
		platform->num_resources = 2;
	}
	return device;
}

int populate_devices(struct rig_machine *machine)
{
	struct rig_drivers *drivers = machine->drivers;

	if (drivers->populated)
		return 0;
	for (struct rig_device *rig = rig_device_next(machine, NULL); rig;
	     rig = rig_device_next(machine, rig)) {
		struct tree_device *device = make_device(rig);

		if (!device)
			return -ENOMEM;
		list_add_tail(&device->platform.node, &drivers->devices);
	}
	drivers->populated = true;
	return 0;
}

void free_tree_device(struct platform_device *device)
{
	free(container_of(device, struct tree_device, platform));
}
