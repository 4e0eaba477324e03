/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver for the edu-like device as one in the kernel would be: see driver.c. */
#ifndef TEST_IOREMAP_DRIVER_H
#define TEST_IOREMAP_DRIVER_H

#include <linux/types.h>

struct edu_driver;

struct edu_driver_stats {
	unsigned int interrupts;
	unsigned int packets;	     /* taken from the device */
	unsigned int dropped;	     /* no memory in the handler */
	unsigned int from_reserve;   /* buffers that only the mempool had */
	unsigned int high_order;     /* blocks of the highest order that were had */
	unsigned int high_order_not; /* and that were not */
};

/* -ENODEV: not this device; -ENOMEM; -EBUSY: its line is taken. Sleeps. */
int edu_probe(phys_addr_t base, unsigned int irq, struct edu_driver **result);
void edu_remove(struct edu_driver *edu);

/* Rings @packets doorbells; the handler takes a buffer for each. Nothing is freed until flush. */
void edu_receive(struct edu_driver *edu, unsigned int packets);
void edu_flush(struct edu_driver *edu);

/* Asks for @blocks blocks of the order as a driver's ring would, and gives back what it got. */
void edu_stress_high_order(struct edu_driver *edu, unsigned int order, unsigned int blocks);

/* One DMA round trip through the device; 0, or -EIO: what came back differs. */
int edu_loopback(struct edu_driver *edu);

const struct edu_driver_stats *edu_stats(const struct edu_driver *edu);

#endif
