// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where scripts begin. The recorded kernels had been running for a while when the op scripts ran
 * in them: kmalloc's size classes had slabs in use, and on SLOB all partly used pages had been
 * filled on purpose. A machine fresh from boot is brought to the same place: in each size class,
 * objects are taken until the next one lies where the kernel's next one lay.
 */
#include <kmemrig/backend.h>
#include <kmemrig/kmem.h>
#include <kmemrig/op.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>
#include <string.h>

/* The next object of a size class: its offset in the slab, bytes. */
struct start {
	const char *backend;
	size_t size;
	unsigned long offset;
};

static const struct start starts[] = {
	{ "slab", 32, 0x120 },	  { "slab", 64, 0x80 },	    { "slab", 96, 0x900 },
	{ "slab", 128, 0xc80 },	  { "slab", 192, 0xc0 },    { "slab", 256, 0x600 },
	{ "slab", 512, 0x800 },	  { "slab", 1024, 0xc00 },  { "slab", 2048, 0x800 },
	{ "slub", 8, 0x588 },	  { "slub", 16, 0xfb0 },    { "slub", 32, 0x20 },
	{ "slub", 64, 0x880 },	  { "slub", 96, 0x240 },    { "slub", 128, 0xe80 },
	{ "slub", 192, 0xd80 },	  { "slub", 256, 0x900 },   { "slub", 512, 0xa00 },
	{ "slub", 1024, 0x1000 }, { "slub", 2048, 0x1000 }, { "slub", 4096, 0x1000 },
	{ "slub", 8192, 0x4000 },
};

#define MAX_OBJECTS 2048 /* a class without such an offset is left as it is after so many */

static unsigned long slab_offset(struct rig_machine *machine, void *object)
{
	struct page *page = compound_head(rig_virt_to_page(machine, object));

	return (unsigned long)((u8 *)object - (u8 *)rig_page_address(machine, page));
}

static void start_class(struct rig_cpu *cpu, const struct start *start)
{
	for (int i = 0; i < MAX_OBJECTS; i++) {
		void *object = rig_kmalloc(cpu, start->size, GFP_KERNEL, NUMA_NO_NODE, 0);

		if (!object)
			return;
		if (slab_offset(cpu->machine, object) == start->offset) {
			/* the object freed last is handed out first */
			rig_kfree(cpu, object, 0);
			return;
		}
	}
}

void rig_ops_start_as_recorded(struct rig_machine *machine)
{
	struct rig_cpu *before = rig_cpu_enter(&machine->cpus[0]);

	if (machine->slab->use_up)
		machine->slab->use_up(machine);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (strcmp(starts[i].backend, machine->slab->name) == 0)
			start_class(&machine->cpus[0], &starts[i]);
	rig_cpu_enter(before);
}
