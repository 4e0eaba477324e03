/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices, and the I/O memory through which drivers reach them. A device's registers are
 * never mapped in the host: drivers ioremap() them, which gives an address in the vmalloc space,
 * and use the accessors of linux/io.h, which find the device by that address. A plain load or
 * store there faults; an access that is not ioremapped, of a wrong size, or outside of the
 * device's registers is misuse and reported ("io.unmapped", "io.size", "io.register").
 *
 * Devices come from the machine's description (rig_machine_config.devices, or device tree nodes
 * whose "compatible" is a model's name) or from rig_device_add().
 */
#ifndef KMEMRIG_DEVICE_H
#define KMEMRIG_DEVICE_H

#include <kmemrig/cpu.h>
#include <linux/types.h>

struct rig_machine;
struct rig_machine_config;
struct rig_device;

enum rig_io_answer {
	RIG_IO_DONE,
	RIG_IO_NO_REGISTER, /* nothing is there, or it can't be read / written */
	RIG_IO_WRONG_SIZE,  /* it is not accessed in that size */
};

/* What a kind of device does. Offsets are in bytes from its first register. */
struct rig_device_model {
	const char *name; /* as in a device tree's "compatible" */
	u64 size;	  /* bytes of registers */
	/* Makes device->state. -errno. May be NULL. */
	int (*init)(struct rig_device *device);
	void (*fini)(struct rig_device *device);
	/* @size is 1, 2, 4 or 8 bytes and @offset a multiple of it. */
	enum rig_io_answer (*read)(struct rig_cpu *cpu, struct rig_device *device, u64 offset,
				   unsigned int size, u64 *value);
	enum rig_io_answer (*write)(struct rig_cpu *cpu, struct rig_device *device, u64 offset,
				    unsigned int size, u64 value);
};

struct rig_device {
	struct rig_machine *machine;
	const struct rig_device_model *model;
	char name[48]; /* "model@base" */
	phys_addr_t base;
	u64 size;
	unsigned int irq; /* its line; 0: none */
	void *state;	  /* the model's */
	int node;	  /* in machine->devicetree; -1: none */
	u64 reads, writes;
	struct rig_device *next;
};

/* Parts of a machine; see backends/machine/parts.c. */
int rig_ioremap_init(struct rig_machine *machine);
void rig_ioremap_fini(struct rig_machine *machine);
int rig_devices_init(struct rig_machine *machine);
void rig_devices_fini(struct rig_machine *machine);

/*
 * Adds a device; @size 0 means the model's. -EBUSY: memory or another device is there; -EINVAL;
 * -ENOMEM.
 */
int rig_device_add(struct rig_machine *machine, const struct rig_device_model *model,
		   phys_addr_t base, u64 size, unsigned int irq);

/*
 * The devices of a machine's description. 0 or -errno, with a line in @error: a model that does
 * not exist, addresses in use.
 */
int rig_devices_from_config(struct rig_machine *machine, const struct rig_machine_config *config,
			    char *error, size_t error_size);

/* The built-in model of that name, or NULL. */
const struct rig_device_model *rig_device_model_find(const char *name);

/* The device at a physical address, or NULL. */
struct rig_device *rig_device_at(const struct rig_machine *machine, phys_addr_t address);

/* The machine's nth device of a model, counted from 0, or NULL. */
struct rig_device *rig_device_find(const struct rig_machine *machine, const char *model,
				   unsigned int nth);

/* By address; @device NULL: the first; NULL: there is no other. */
struct rig_device *rig_device_next(const struct rig_machine *machine,
				   const struct rig_device *device);

/* For models: the interrupt line, and memory as the device sees it (false: not there). */
void rig_device_raise_irq(struct rig_cpu *cpu, struct rig_device *device);
void rig_device_lower_irq(struct rig_device *device);
/* DMA to or from memory that is free is misuse ("device.dma"). */
bool rig_device_dma_read(struct rig_cpu *cpu, struct rig_device *device, dma_addr_t from, void *to,
			 size_t size);
bool rig_device_dma_write(struct rig_cpu *cpu, struct rig_device *device, dma_addr_t to,
			  const void *from, size_t size);

enum rig_io_cache { RIG_IO_UNCACHED, RIG_IO_WRITE_COMBINE, RIG_IO_CACHED };

/*
 * ioremap() of 6.1 on x86: an address for @size bytes of I/O memory at @base. NULL: size 0 or
 * wrapping, above what the machine can address, usable RAM ("ioremap on RAM"), already mapped
 * with another cache mode, or no address space. May sleep.
 */
void __iomem *rig_ioremap(struct rig_cpu *cpu, phys_addr_t base, unsigned long size,
			  enum rig_io_cache cache, unsigned long caller);

/* An address that is not of ioremap is misuse ("io.unmap"). May sleep. */
void rig_iounmap(struct rig_cpu *cpu, const volatile void __iomem *address);

/* One access of 1, 2, 4 or 8 bytes. A read of nothing gives all ones. Any context. */
u64 rig_io_read(struct rig_cpu *cpu, const volatile void __iomem *address, unsigned int size);
void rig_io_write(struct rig_cpu *cpu, volatile void __iomem *address, unsigned int size,
		  u64 value);

/*
 * QEMU's "edu" device and a little more: see backends/ioremap/edu.c. All registers are of 4 bytes,
 * those from RIG_EDU_DMA_SOURCE on may also be used as 8.
 */
#define RIG_EDU_MODEL "kmemrig,edu-like"
#define RIG_EDU_SIZE 0x100000
#define RIG_EDU_ID 0x00	       /* r: RIG_EDU_ID_VALUE */
#define RIG_EDU_LIVENESS 0x04  /* rw: reads back inverted */
#define RIG_EDU_FACTORIAL 0x08 /* rw: write n, read n! mod 2^32 */
#define RIG_EDU_SCRATCH 0x10   /* rw: keeps what is written (not in QEMU's) */
/*
 * w: raises the interrupt RIG_EDU_DOORBELL_DELAY ns later, with the value written ORed into its
 * status (not in QEMU's)
 */
#define RIG_EDU_DOORBELL 0x14
#define RIG_EDU_DOORBELL_DELAY 0x18 /* rw: ns; 0: at once */
#define RIG_EDU_STATUS 0x20	    /* rw: RIG_EDU_STATUS_* */
#define RIG_EDU_IRQ_STATUS 0x24	    /* r: why the interrupt is up; 0: it is not */
#define RIG_EDU_IRQ_RAISE 0x60	    /* w: ORs into the status and raises the interrupt */
#define RIG_EDU_IRQ_ACK 0x64	    /* w: clears these bits; the line goes down with the last */
#define RIG_EDU_DMA_SOURCE 0x80
#define RIG_EDU_DMA_TARGET 0x88
#define RIG_EDU_DMA_COUNT 0x90
#define RIG_EDU_DMA_COMMAND 0x98 /* rw: RIG_EDU_DMA_* */
#define RIG_EDU_BUFFER 0x40000	 /* the device's own memory as DMA addresses it: 4096 bytes */

#define RIG_EDU_ID_VALUE 0x010000edu
#define RIG_EDU_STATUS_COMPUTING 0x01
#define RIG_EDU_STATUS_IRQ 0x80 /* interrupt (status 1) when a factorial is done */
#define RIG_EDU_IRQ_FACTORIAL 0x01
#define RIG_EDU_IRQ_DMA 0x100
#define RIG_EDU_DMA_START 0x01
#define RIG_EDU_DMA_TO_MEMORY 0x02 /* from the buffer; without: into it */
#define RIG_EDU_DMA_IRQ 0x04	   /* interrupt (status 0x100) when done */

#endif
