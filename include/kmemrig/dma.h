/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mapped for a device's DMA: see linux/dma-mapping.h. */
#ifndef KMEMRIG_DMA_H
#define KMEMRIG_DMA_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct rig_cpu;
struct rig_dma_mapping;

struct rig_dma_mappings {
	spinlock_t lock;
	struct rig_dma_mapping *list; /* newest first; in host memory */
};

/*
 * Reports what is still mapped ("dma.pending") and forgets it: called when a driver has let go of
 * its device.
 */
void rig_dma_driver_gone(struct rig_cpu *cpu, struct device *dev);

#endif
