/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of addresses and numbers that a device has: its registers, its interrupt. */
#ifndef _LINUX_IOPORT_H_RIG
#define _LINUX_IOPORT_H_RIG

#include <linux/bits.h>
#include <linux/types.h>

struct resource {
	resource_size_t start, end; /* end is the last one */
	const char *name;
	unsigned long flags; /* IORESOURCE_* */
	unsigned long desc;
	struct resource *parent, *sibling, *child;
};

#define IORESOURCE_TYPE_BITS 0x00001f00
#define IORESOURCE_IO 0x00000100
#define IORESOURCE_MEM 0x00000200
#define IORESOURCE_REG 0x00000300
#define IORESOURCE_IRQ 0x00000400
#define IORESOURCE_DMA 0x00000800
#define IORESOURCE_MEM_NONPOSTED 0x00400000
#define IORESOURCE_BUSY 0x80000000

#define DEFINE_RES_NAMED(begin, size, label, kind)                                                 \
	{                                                                                          \
		.start = (begin), .end = (begin) + (size)-1, .name = (label), .flags = (kind)      \
	}
#define DEFINE_RES_MEM(begin, size) DEFINE_RES_NAMED(begin, size, NULL, IORESOURCE_MEM)
#define DEFINE_RES_IRQ(irq) DEFINE_RES_NAMED(irq, 1, NULL, IORESOURCE_IRQ)

static inline resource_size_t resource_size(const struct resource *resource)
{
	return resource->end - resource->start + 1;
}

static inline unsigned long resource_type(const struct resource *resource)
{
	return resource->flags & IORESOURCE_TYPE_BITS;
}

static inline bool resource_contains(const struct resource *outer, const struct resource *inner)
{
	return resource_type(outer) == resource_type(inner) && outer->start <= inner->start &&
	       outer->end >= inner->end;
}

/*
 * Claims I/O memory for a driver, on the machine that the thread drives: NULL when part of it is
 * claimed already, or there is no memory. What is claimed is kept in kmalloc memory, so that a
 * region never released shows as a leak.
 */
struct resource *request_mem_region(resource_size_t start, resource_size_t size, const char *name);
void release_mem_region(resource_size_t start, resource_size_t size);

#endif
