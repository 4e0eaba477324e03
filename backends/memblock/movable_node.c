// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's parameter movable_node, for the memblock of the kernel's API. Weak and alone in its
 * object, so that a program which simulates it with a variable of that name links.
 */
#include <linux/memory_hotplug.h>

bool movable_node_enabled __attribute__((weak));
