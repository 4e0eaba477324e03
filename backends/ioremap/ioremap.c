// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O memory: addresses for it, and what an access does.
 *
 *	ioremap(0xfe000000, ..)                      readl(address)
 *	  └> area of the vmalloc space, VM_IOREMAP     └> area by address ─> physical ─> device's
 *model nothing mapped in the host
 *
 * As on x86, memory that is mapped twice has one cache mode: a second mapping gets that of the
 * first, unless it asked for one without caches and would get a cached one.
 *
 * The time an access takes passes on the virtual clock, so that a driver that polls makes the
 * time go by which its device needs. io->lock guards the list of mappings.
 */
#include <errno.h>
#include <stdlib.h>

#include <kmemrig/check.h>
#include <kmemrig/context.h>
#include <kmemrig/vmalloc.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>

#include "private.h"

#define PHYSICAL_BITS 46
#define ACCESS_NS 1000
#define ALL_ONES(size) (~0ULL >> (64 - 8 * (size)))

int rig_ioremap_init(struct rig_machine *machine)
{
	machine->ioremap = calloc(1, sizeof(*machine->ioremap));
	if (!machine->ioremap)
		return -ENOMEM;
	spin_lock_init(&machine->ioremap->lock);
	return 0;
}

void rig_ioremap_fini(struct rig_machine *machine)
{
	struct rig_ioremap *io = machine->ioremap;

	while (io && io->mappings) {
		struct io_mapping *next = io->mappings->next;

		free(io->mappings);
		io->mappings = next;
	}
	free(io);
	machine->ioremap = NULL;
}

/* Does the range hold memory that is not reserved? A hole between memory does not. */
static bool has_usable_memory(const struct rig_machine *machine, u64 first, u64 last)
{
	for (unsigned long pfn = PHYS_PFN(first); pfn <= PHYS_PFN(last); pfn++) {
		if (pfn >= machine->max_pfn)
			return false;
		if (is_memory(machine, PFN_PHYS(pfn)) &&
		    !PageReserved(rig_pfn_to_page(machine, pfn)))
			return true;
	}
	return false;
}

static bool is_refused(enum cache_mode wanted, enum cache_mode got)
{
	return wanted != CACHE_WB && got == CACHE_WB;
}

/* The mode that the range is mapped with already; @mode where it is not. Under the lock. */
static enum cache_mode mode_of_range(const struct rig_ioremap *io, u64 base, u64 size,
				     enum cache_mode mode)
{
	for (const struct io_mapping *at = io->mappings; at; at = at->next)
		if (at->base < base + size && base < at->base + at->size)
			return at->mode;
	return mode;
}

static bool sane_range(struct rig_cpu *cpu, phys_addr_t base, unsigned long size)
{
	u64 last = base + size - 1;

	if (!size || last < base)
		return false;
	if (last >> PHYSICAL_BITS) {
		rig_log(cpu->machine, "ioremap: invalid physical address %llx",
			(unsigned long long)base);
		return false;
	}
	if (has_usable_memory(cpu->machine, base, last)) {
		rig_log(cpu->machine, "WARNING: ioremap on RAM at 0x%016llx - 0x%016llx",
			(unsigned long long)base, (unsigned long long)last);
		return false;
	}
	return true;
}

/* Notes the mapping with the mode it gets; false: refused. */
static bool reserve_mode(struct rig_cpu *cpu, struct io_mapping *mapping)
{
	struct rig_ioremap *io = cpu->machine->ioremap;
	enum cache_mode wanted = mapping->mode;

	rig_spin_lock(&io->lock);
	mapping->mode = mode_of_range(io, mapping->base, mapping->size, wanted);
	if (!is_refused(wanted, mapping->mode)) {
		mapping->next = io->mappings;
		io->mappings = mapping;
		rig_spin_unlock(&io->lock);
		return true;
	}
	rig_spin_unlock(&io->lock);
	rig_log(cpu->machine, "ioremap error for 0x%llx-0x%llx, requested 0x%x, got 0x%x",
		(unsigned long long)mapping->base,
		(unsigned long long)(mapping->base + mapping->size), wanted, mapping->mode);
	return false;
}

/* Takes the area's mapping off the list (NULL: none has that area). */
static struct io_mapping *forget(struct rig_ioremap *io, const struct io_mapping *which,
				 const struct vm_struct *area)
{
	struct io_mapping **link = &io->mappings, *found;

	rig_spin_lock(&io->lock);
	while (*link && *link != which && !(area && (*link)->area == area))
		link = &(*link)->next;
	found = *link;
	if (found)
		*link = found->next;
	rig_spin_unlock(&io->lock);
	return found;
}

void __iomem *rig_ioremap(struct rig_cpu *cpu, phys_addr_t base, unsigned long size,
			  enum rig_io_cache cache, unsigned long caller)
{
	static const enum cache_mode modes[] = {
		[RIG_IO_UNCACHED] = CACHE_UC_MINUS,
		[RIG_IO_WRITE_COMBINE] = CACHE_WC,
		[RIG_IO_CACHED] = CACHE_WB,
	};
	u64 offset = base & ~PAGE_MASK;
	struct io_mapping *mapping;
	struct vm_struct *area;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!sane_range(cpu, base, size))
		return NULL;
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return NULL;
	mapping->base = base & PAGE_MASK;
	mapping->size = PAGE_ALIGN(base + size) - mapping->base;
	mapping->mode = modes[cache];
	if (!reserve_mode(cpu, mapping)) {
		free(mapping);
		return NULL;
	}
	area = rig_get_vm_area(cpu, mapping->size, VM_IOREMAP, caller);
	if (!area) {
		free(forget(cpu->machine->ioremap, mapping, NULL));
		return NULL;
	}
	area->phys_addr = mapping->base;
	mapping->area = area;
	return (__force void __iomem *)((u8 *)area->addr + offset);
}

static struct vm_struct *io_area(struct rig_machine *machine, const volatile void __iomem *address)
{
	struct vm_struct *area = rig_find_vm_area(machine, (__force const void *)address);

	return area && (area->flags & VM_IOREMAP) ? area : NULL;
}

void rig_iounmap(struct rig_cpu *cpu, const volatile void __iomem *address)
{
	struct vm_struct *area;
	const void *start = (__force const void *)((u64)address & PAGE_MASK);

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!address)
		return;
	area = io_area(cpu->machine, address);
	if (!area || area->addr != start) {
		rig_misuse(cpu, "io.unmap", "iounmap: bad address %016llx",
			   (unsigned long long)rig_kernel_address(cpu->machine,
								  (__force const void *)address));
		return;
	}
	free(forget(cpu->machine->ioremap, NULL, area));
	rig_free_vm_area(cpu, area);
}

/* Where an access goes: its device (NULL: none answers) and the offset there. false: nowhere. */
static bool find_target(struct rig_cpu *cpu, const volatile void __iomem *address,
			unsigned int size, struct rig_device **device, u64 *offset)
{
	struct rig_machine *machine = cpu->machine;
	const void *host = (__force const void *)address;
	const struct vm_struct *area = io_area(machine, address);
	u64 in_area = area ? (u64)((const u8 *)host - (const u8 *)area->addr) : 0;

	if (!area || in_area + size > area->size - PAGE_SIZE) {
		rig_misuse(cpu, "io.unmapped", "access of %u bytes to %016llx: not ioremapped",
			   size, (unsigned long long)rig_kernel_address(machine, host));
		return false;
	}
	if ((area->phys_addr + in_area) % size != 0) {
		rig_misuse(cpu, "io.size", "access of %u bytes to %#llx: not aligned", size,
			   (unsigned long long)(area->phys_addr + in_area));
		return false;
	}
	*device = rig_device_at(machine, area->phys_addr + in_area);
	*offset = *device ? area->phys_addr + in_area - (*device)->base : 0;
	return true;
}

static void complain(struct rig_cpu *cpu, const struct rig_device *device, const char *what,
		     u64 offset, unsigned int size, enum rig_io_answer answer)
{
	if (answer == RIG_IO_WRONG_SIZE)
		rig_misuse(cpu, "io.size", "%s of %u bytes at offset %#llx of %s: wrong size", what,
			   size, (unsigned long long)offset, device->name);
	else if (answer == RIG_IO_NO_REGISTER)
		rig_misuse(cpu, "io.register", "%s of %u bytes at offset %#llx of %s: no register",
			   what, size, (unsigned long long)offset, device->name);
}

u64 rig_io_read(struct rig_cpu *cpu, const volatile void __iomem *address, unsigned int size)
{
	struct rig_device *device;
	u64 offset, value = ALL_ONES(size);
	enum rig_io_answer answer;

	if (!find_target(cpu, address, size, &device, &offset))
		return value;
	rig_time_pass(cpu, ACCESS_NS);
	if (!device)
		return value;
	__atomic_fetch_add(&device->reads, 1, __ATOMIC_RELAXED);
	answer = device->model->read(cpu, device, offset, size, &value);
	complain(cpu, device, "read", offset, size, answer);
	return answer == RIG_IO_DONE ? value & ALL_ONES(size) : ALL_ONES(size);
}

void rig_io_write(struct rig_cpu *cpu, volatile void __iomem *address, unsigned int size, u64 value)
{
	struct rig_device *device;
	u64 offset;

	if (!find_target(cpu, address, size, &device, &offset))
		return;
	rig_time_pass(cpu, ACCESS_NS);
	if (!device)
		return;
	__atomic_fetch_add(&device->writes, 1, __ATOMIC_RELAXED);
	complain(cpu, device, "write", offset, size,
		 device->model->write(cpu, device, offset, size, value));
}

/* Bytes up to a word's start, words, bytes. */
static size_t piece(const volatile void __iomem *at, size_t size)
{
	return (u64)at % sizeof(u32) == 0 && size >= sizeof(u32) ? sizeof(u32) : 1;
}

void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size)
{
	for (size_t at = 0, step; at < size; at += step) {
		u32 value;

		step = piece(from + at, size - at);
		value = (u32)rig_io_read(rig_this_cpu(), from + at, (unsigned int)step);
		__builtin_memcpy((u8 *)to + at, &value, step);
	}
}

void memcpy_toio(volatile void __iomem *to, const void *from, size_t size)
{
	for (size_t at = 0, step; at < size; at += step) {
		u32 value = 0;

		step = piece(to + at, size - at);
		__builtin_memcpy(&value, (const u8 *)from + at, step);
		rig_io_write(rig_this_cpu(), to + at, (unsigned int)step, value);
	}
}

void memset_io(volatile void __iomem *at, int value, size_t size)
{
	u32 word = (u8)value * 0x01010101u;

	for (size_t done = 0, step; done < size; done += step) {
		step = piece(at + done, size - done);
		rig_io_write(rig_this_cpu(), at + done, (unsigned int)step,
			     step == 1 ? (u8)value : word);
	}
}
