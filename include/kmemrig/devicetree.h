/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machines described by device trees: .dtb files, .dts sources (compiled with dtc) and the machines
 * that the library ships. What is read, with the meanings that kernels give it:
 *
 *	/memory@...            device_type = "memory"; reg (or linux,usable-memory), numa-node-id,
 *	                       hotpluggable, and status
 *	/reserved-memory/...   reg, no-map; without reg: size, alignment, alloc-ranges, placed as
 *	                       a kernel would place it; label: the name in /proc/iomem
 *	/memreserve/           reserved
 *	/cpus/cpu@...          numa-node-id, status
 *	/distance-map          compatible = "numa-distance-map-v1"; distance-matrix
 *	/chosen                bootargs: the kernel's command line
 *	any node               compatible = "kmemrig,...": an emulated device of that model;
 *	                       reg (the first one, translated by the ranges above it),
 *	                       interrupts (the first one), label: the name in /proc/iomem
 *	/                      model: the machine's name
 *
 * and what kernels know without being told:
 *
 *	/memory@...            kmemrig,mirror (boolean): mirrored memory, for kernelcore=mirror
 *	/chosen                kmemrig,lowmem-limit (one or two cells, bytes): memory above it is
 *	                       ZONE_HIGHMEM
 *	                       kmemrig,pageblock-order (cell)
 *	                       kmemrig,huge-pages (boolean)
 *	                       kmemrig,min-free-kbytes, kmemrig,watermark-scale-factor (cells)
 *	                       kmemrig,movablecore (one or two cells, bytes)
 *	                       kmemrig,page-backend, kmemrig,slab-backend (strings)
 *
 * Other nodes and properties are left alone, so a board's own device tree can be used.
 */
#ifndef KMEMRIG_DEVICETREE_H
#define KMEMRIG_DEVICETREE_H

#include <kmemrig/machine.h>

struct rig_devicetree {
	/* For rig_machine_create(); a copy may be changed. What it points to belongs to the tree.
	 */
	struct rig_machine_config config;
	void *blob; /* the flattened tree */
	char *path; /* as it was named */
};

/* A machine that the library ships. */
struct rig_shipped_machine {
	const char *name;
	const unsigned char *blob;
	size_t size; /* bytes */
};

/* All of them, by name; the last has no name. */
extern const struct rig_shipped_machine rig_shipped_machines[];

/*
 * Reads a description: the name of a shipped machine, or else a file. NULL with one line in
 * @error, which names the file and the place in it: "FILE:LINE.COLUMN: ..." for sources that dtc
 * refuses, "FILE: /node: property: ..." for what makes no sense.
 */
struct rig_devicetree *rig_devicetree_open(const char *name, char *error, size_t error_size);

/* The same for a flattened tree in memory (copied); @path is for messages. */
struct rig_devicetree *rig_devicetree_parse(const void *blob, size_t size, const char *path,
					    char *error, size_t error_size);

void rig_devicetree_close(struct rig_devicetree *tree);

#endif
