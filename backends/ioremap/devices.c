// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of a machine: a list by physical address, what models use (interrupt line, DMA),
 * and the table of models.
 *
 * DMA goes to the machine's physical memory as it is, lowmem or highmem, past all mappings; that
 * the memory has an owner is checked, as an IOMMU in its strictest mode would.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/check.h>
#include <kmemrig/iomem.h>
#include <kmemrig/irq.h>
#include <kmemrig/iomem.h>
#include <kmemrig/memblock.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>

#include "private.h"

const struct rig_device_model *const device_models[] = { &edu_model, NULL };

const struct rig_device_model *rig_device_model_find(const char *name)
{
	for (size_t i = 0; device_models[i]; i++)
		if (strcmp(device_models[i]->name, name) == 0)
			return device_models[i];
	return NULL;
}

int rig_devices_init(struct rig_machine *machine)
{
	machine->devices = calloc(1, sizeof(*machine->devices));
	return machine->devices ? 0 : -ENOMEM;
}

void rig_devices_fini(struct rig_machine *machine)
{
	struct rig_devices *devices = machine->devices;

	while (devices && devices->list) {
		struct rig_device *next = devices->list->next;

		if (devices->list->model->fini)
			devices->list->model->fini(devices->list);
		free(devices->list);
		devices->list = next;
	}
	free(devices);
	machine->devices = NULL;
}

struct rig_device *rig_device_at(const struct rig_machine *machine, phys_addr_t address)
{
	struct rig_device *device = machine->devices ? machine->devices->list : NULL;

	for (; device; device = device->next)
		if (address - device->base < device->size)
			return device;
	return NULL;
}

struct rig_device *rig_device_find(const struct rig_machine *machine, const char *model,
				   unsigned int nth)
{
	struct rig_device *device = machine->devices ? machine->devices->list : NULL;

	for (; device; device = device->next)
		if (strcmp(device->model->name, model) == 0 && nth-- == 0)
			return device;
	return NULL;
}

struct rig_device *rig_device_next(const struct rig_machine *machine,
				   const struct rig_device *device)
{
	if (device)
		return device->next;
	return machine->devices ? machine->devices->list : NULL;
}

bool is_memory(const struct rig_machine *machine, phys_addr_t address)
{
	return machine->memblock && rig_memblock_is_memory(machine->memblock, address);
}

bool has_memory(const struct rig_machine *machine, phys_addr_t base, u64 size)
{
	return machine->memblock &&
	       rig_memblock_overlaps_region(&machine->memblock->map->memory, base, size);
}

static bool is_taken(const struct rig_machine *machine, phys_addr_t base, u64 size)
{
	for (const struct rig_device *at = machine->devices->list; at; at = at->next)
		if (base < at->base + at->size && at->base < base + size)
			return true;
	return has_memory(machine, base, size);
}

static void insert(struct rig_devices *devices, struct rig_device *device)
{
	struct rig_device **link = &devices->list;

	while (*link && (*link)->base < device->base)
		link = &(*link)->next;
	device->next = *link;
	*link = device;
}

int rig_device_add(struct rig_machine *machine, const struct rig_device_model *model,
		   phys_addr_t base, u64 size, unsigned int irq)
{
	struct rig_device *device;
	int code;

	size = size ? size : model->size;
	if (!size || base + size < base || irq >= RIG_NR_IRQS)
		return -EINVAL;
	if (is_taken(machine, base, size))
		return -EBUSY;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->machine = machine;
	device->model = model;
	device->base = base;
	device->size = size;
	device->irq = irq;
	device->node = -1;
	snprintf(device->name, sizeof(device->name), "%.28s@%llx", model->name,
		 (unsigned long long)base);
	code = model->init ? model->init(device) : 0;
	if (code) {
		free(device);
		return code;
	}
	insert(machine->devices, device);
	return 0;
}

int rig_devices_from_config(struct rig_machine *machine, const struct rig_machine_config *config,
			    char *error, size_t error_size)
{
	for (size_t i = 0; i < config->nr_devices; i++) {
		const struct rig_device_config *wanted = &config->devices[i];
		const struct rig_device_model *model =
			wanted->model ? rig_device_model_find(wanted->model) : NULL;
		int code = -ENOENT;

		if (model)
			code = rig_device_add(machine, model, wanted->base, wanted->size,
					      wanted->irq);
		if (!code && machine->devicetree)
			rig_device_at(machine, wanted->base)->node = wanted->node;
		if (!code && !wanted->size) /* boot did not know how large it is */
			rig_iomem_add(machine, wanted->base, model->size,
				      wanted->name ? wanted->name : model->name);
		if (code) {
			snprintf(error, error_size, "device %s at %#llx: %s",
				 wanted->model ? wanted->model : "(no model)",
				 (unsigned long long)wanted->base,
				 code == -ENOENT  ? "no such model"
				 : code == -EBUSY ? "something is there already"
						  : strerror(-code));
			return code;
		}
	}
	return 0;
}

void rig_device_raise_irq(struct rig_cpu *cpu, struct rig_device *device)
{
	if (device->irq)
		rig_irq_raise(cpu, device->irq, device->name);
}

void rig_device_lower_irq(struct rig_device *device)
{
	if (device->irq)
		rig_irq_lower(device->machine, device->irq);
}

/* The range is memory, and all of it is someone's. */
static bool may_dma(struct rig_cpu *cpu, const struct rig_device *device, dma_addr_t at,
		    size_t size)
{
	const struct rig_machine *machine = device->machine;

	if (!size || at + size < at)
		return false;
	for (unsigned long pfn = PHYS_PFN(at); pfn <= PHYS_PFN(at + size - 1); pfn++) {
		const struct page *page;

		if (pfn >= machine->max_pfn || !is_memory(machine, PFN_PHYS(pfn))) {
			rig_misuse(cpu, "device.dma", "%s: DMA to %#llx: no memory is there",
				   device->name, (unsigned long long)PFN_PHYS(pfn));
			return false;
		}
		page = rig_pfn_to_page(machine, pfn);
		if (!PageReserved(page) && page_count(page) == 0) {
			rig_misuse(cpu, "device.dma", "%s: DMA to free page pfn:%lx", device->name,
				   pfn);
			return false;
		}
	}
	return true;
}

bool rig_device_dma_read(struct rig_cpu *cpu, struct rig_device *device, dma_addr_t from, void *to,
			 size_t size)
{
	return may_dma(cpu, device, from, size) &&
	       pread(device->machine->memory_fd, to, size, (off_t)from) == (ssize_t)size;
}

bool rig_device_dma_write(struct rig_cpu *cpu, struct rig_device *device, dma_addr_t to,
			  const void *from, size_t size)
{
	return may_dma(cpu, device, to, size) &&
	       pwrite(device->machine->memory_fd, from, size, (off_t)to) == (ssize_t)size;
}
