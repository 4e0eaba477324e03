/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memblock asks of memory hotplug. The kernel's parameter movable_node keeps kernel memory
 * out of what may be unplugged; a program may define the variable itself.
 */
#ifndef _LINUX_MEMORY_HOTPLUG_H_RIG
#define _LINUX_MEMORY_HOTPLUG_H_RIG

#include <linux/cache.h>
#include <linux/numa.h>
#include <linux/pfn.h>
#include <linux/types.h>

extern bool movable_node_enabled;

static inline bool movable_node_is_enabled(void)
{
	return movable_node_enabled;
}

#endif
