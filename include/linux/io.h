/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O memory: the kernel's API over kmemrig/device.h, on the CPU that the thread drives. Addresses
 * are __iomem: sparse complains where one is used as plain memory.
 */
#ifndef _LINUX_IO_H_RIG
#define _LINUX_IO_H_RIG

#include <kmemrig/device.h>
#include <linux/compiler.h>
#include <linux/types.h>

/* NULL: see rig_ioremap. May sleep. */
static noinline __maybe_unused void __iomem *ioremap(resource_size_t base, unsigned long size)
{
	return rig_ioremap(rig_this_cpu(), base, size, RIG_IO_UNCACHED, _RET_IP_);
}

static noinline __maybe_unused void __iomem *ioremap_wc(resource_size_t base, unsigned long size)
{
	return rig_ioremap(rig_this_cpu(), base, size, RIG_IO_WRITE_COMBINE, _RET_IP_);
}

static noinline __maybe_unused void __iomem *ioremap_cache(resource_size_t base, unsigned long size)
{
	return rig_ioremap(rig_this_cpu(), base, size, RIG_IO_CACHED, _RET_IP_);
}

/* The name that ioremap had until 5.5, and its other uncached form. */
#define ioremap_nocache ioremap
#define ioremap_uc ioremap

static inline void iounmap(const volatile void __iomem *address)
{
	rig_iounmap(rig_this_cpu(), address);
}

#define RIG_IO_ACCESSORS(suffix, type)                                                             \
	static inline type read##suffix(const volatile void __iomem *address)                      \
	{                                                                                          \
		return (type)rig_io_read(rig_this_cpu(), address, sizeof(type));                   \
	}                                                                                          \
	static inline void write##suffix(type value, volatile void __iomem *address)               \
	{                                                                                          \
		rig_io_write(rig_this_cpu(), address, sizeof(type), value);                        \
	}

RIG_IO_ACCESSORS(b, u8)
RIG_IO_ACCESSORS(w, u16)
RIG_IO_ACCESSORS(l, u32)
RIG_IO_ACCESSORS(q, u64)
#undef RIG_IO_ACCESSORS

#define readb_relaxed readb
#define readw_relaxed readw
#define readl_relaxed readl
#define readq_relaxed readq
#define writeb_relaxed writeb
#define writew_relaxed writew
#define writel_relaxed writel
#define writeq_relaxed writeq
#define __raw_readl readl
#define __raw_writel writel

#define ioread8 readb
#define ioread16 readw
#define ioread32 readl
#define ioread64 readq
#define iowrite8 writeb
#define iowrite16 writew
#define iowrite32 writel
#define iowrite64 writeq

/* Byte by byte where ends are not aligned, in words of 4 bytes between. */
void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size);
void memcpy_toio(volatile void __iomem *to, const void *from, size_t size);
void memset_io(volatile void __iomem *at, int value, size_t size);

#endif
