/* SPDX-License-Identifier: GPL-2.0-only */
/* What a driver is for: tables of names, ended by an empty entry. */
#ifndef _LINUX_MOD_DEVICETABLE_H_RIG
#define _LINUX_MOD_DEVICETABLE_H_RIG

#include <linux/types.h>

typedef unsigned long kernel_ulong_t;

struct of_device_id {
	char name[32];
	char type[32];
	char compatible[128]; /* one of those that the device's node has */
	const void *data;     /* the driver's own */
};

#define PLATFORM_NAME_SIZE 20
struct platform_device_id {
	char name[PLATFORM_NAME_SIZE];
	kernel_ulong_t driver_data;
};

struct pci_device_id;
struct acpi_device_id;

#endif
