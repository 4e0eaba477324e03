/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef RIG_IOREMAP_PRIVATE_H
#define RIG_IOREMAP_PRIVATE_H

#include <kmemrig/device.h>
#include <kmemrig/machine.h>
#include <linux/spinlock.h>

/* The built-in models; NULL ends the list. */
extern const struct rig_device_model *const device_models[];
extern const struct rig_device_model edu_model;

/* Cache modes, numbered as x86's page attributes are in the kernel's messages. */
enum cache_mode { CACHE_WB, CACHE_WC, CACHE_UC_MINUS };

/* I/O memory that is mapped somewhere; areas with the same addresses share a mode. */
struct io_mapping {
	phys_addr_t base;
	u64 size;
	enum cache_mode mode;
	const struct vm_struct *area;
	struct io_mapping *next;
};

struct rig_ioremap {
	spinlock_t lock;
	struct io_mapping *mappings;
};

struct rig_devices {
	struct rig_device *list; /* by base; changes while the CPUs are at rest */
};

/* Is the physical address in memory / is there memory in the range? Known from boot. */
bool is_memory(const struct rig_machine *machine, phys_addr_t address);
bool has_memory(const struct rig_machine *machine, phys_addr_t base, u64 size);

#endif
