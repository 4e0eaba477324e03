/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's physical address space as a tree of resources, and /proc/iomem: memory, what
 * firmware and the kernel hold of it, devices.
 */
#ifndef KMEMRIG_IOMEM_H
#define KMEMRIG_IOMEM_H

#include <linux/types.h>

struct rig_machine;

struct rig_resource {
	u64 start, end; /* of bytes; end is the last one */
	char *name;
	struct rig_resource *child, *sibling; /* children ascend and don't overlap */
};

/*
 * Adds [start, start + size) at its place: inside what contains it, around what it contains
 * (insert_resource). 0; -EBUSY when it crosses the end of another resource; -EINVAL when it is
 * empty or wraps; -ENOMEM. The name is copied.
 */
int rig_iomem_add(struct rig_machine *machine, u64 start, u64 size, const char *name);

/* The text of /proc/iomem; the caller frees it. NULL: no host memory. */
char *rig_iomem_show(const struct rig_machine *machine);

#endif
