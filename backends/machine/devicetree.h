/* SPDX-License-Identifier: GPL-2.0-only */
/* What the readers of a device tree share. */
#ifndef RIG_DEVICETREE_H
#define RIG_DEVICETREE_H

#include <libfdt.h>

#include <kmemrig/devicetree.h>
#include <linux/kernel.h>

struct walk {
	const void *fdt;
	struct rig_devicetree *tree;
	int nr_nodes; /* one above the highest node named so far */
	bool failed;  /* error is written */
	char *error;
	size_t error_size;
};

/* A pair of a reg property, in the parent's address space. */
struct reg {
	u64 base, size;
};

/* "FILE: /path/of/node: property: text"; node -1 and property NULL: none. The first one counts. */
void rig_tree_fail(struct walk *walk, int node, const char *property, const char *format, ...)
	__printf(4, 5);

/* A number of @cells cells. */
u64 rig_tree_read_cells(const void *value, int cells);

/*
 * Pair @index of a property with the parent's #address-cells and #size-cells. False: there is none
 * (the property may be missing), or it makes no sense and the walk failed.
 */
bool rig_tree_reg(struct walk *walk, int node, const char *property, int index, struct reg *reg);

/* From the node's parent's addresses to physical ones, by the ranges on the way up. */
bool rig_tree_translate(struct walk *walk, int node, struct reg *reg);

/* The first interrupt's number; 0: none. */
unsigned int rig_tree_interrupt(struct walk *walk, int node);

bool rig_tree_add_memory(struct walk *walk, const struct rig_memory_range *range);

/* Children of /reserved-memory that have a size but no place get one. */
void rig_tree_place_reservations(struct walk *walk, int parent);

#endif
