/* SPDX-License-Identifier: GPL-2.0-only */
/* Properties of devices, wherever they are described: here always in the device tree. */
#ifndef _LINUX_PROPERTY_H_RIG
#define _LINUX_PROPERTY_H_RIG

#include <linux/device.h>
#include <linux/of.h>

#define device_property_read_bool(dev, name) of_property_read_bool((dev)->of_node, name)
#define device_property_present(dev, name) of_property_read_bool((dev)->of_node, name)
#define device_property_read_u32(dev, name, value) of_property_read_u32((dev)->of_node, name, value)
#define device_property_read_u32_array(dev, name, values, count)                                   \
	of_property_read_u32_array((dev)->of_node, name, values, count)
#define device_property_read_u64(dev, name, value) of_property_read_u64((dev)->of_node, name, value)
#define device_property_read_string(dev, name, text)                                               \
	of_property_read_string((dev)->of_node, name, text)

#endif
