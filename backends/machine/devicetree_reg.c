// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers in device trees: addresses and sizes of as many cells as the parent says, their
 * translation by ranges, interrupts, and the placing of reservations that have none.
 */
#include <stdlib.h>

#include <kmemrig/memblock.h>

#include "devicetree.h"

#define DEFAULT_ADDRESS_CELLS 2
#define DEFAULT_SIZE_CELLS 1

/* Interrupts of three cells (ARM's GIC): kind, number, flags. */
#define GIC_FIRST_SHARED 32
#define GIC_FIRST_PRIVATE 16

u64 rig_tree_read_cells(const void *value, int cells)
{
	const fdt32_t *cell = value;
	u64 number = 0;

	for (int i = 0; i < cells; i++)
		number = number << 32 | fdt32_ld(&cell[i]);
	return number;
}

static int get_cells(struct walk *walk, int node, const char *property, int missing)
{
	int length;
	const fdt32_t *value = fdt_getprop(walk->fdt, node, property, &length);

	if (!value)
		return missing;
	if (length == 4 && fdt32_ld(value) <= 3)
		return (int)fdt32_ld(value);
	rig_tree_fail(walk, node, property, "0 to 3 are possible");
	return missing;
}

bool rig_tree_reg(struct walk *walk, int node, const char *property, int index, struct reg *reg)
{
	int parent = fdt_parent_offset(walk->fdt, node), length;
	int address_cells = get_cells(walk, parent, "#address-cells", DEFAULT_ADDRESS_CELLS);
	int size_cells = get_cells(walk, parent, "#size-cells", DEFAULT_SIZE_CELLS);
	const u8 *value = fdt_getprop(walk->fdt, node, property, &length);
	int pair = 4 * (address_cells + size_cells);

	if (!value || walk->failed)
		return false;
	if (address_cells == 0 || size_cells == 0 || length % pair) {
		rig_tree_fail(walk, node, property, "%d bytes are not pairs of %d and %d cells",
			      length, address_cells, size_cells);
		return false;
	}
	if (index >= length / pair)
		return false;
	value += index * pair;
	reg->base = rig_tree_read_cells(value, address_cells);
	reg->size = rig_tree_read_cells(value + 4 * address_cells, size_cells);
	if (reg->base + reg->size < reg->base) {
		rig_tree_fail(walk, node, property, "%#llx bytes at %#llx wrap around",
			      (unsigned long long)reg->size, (unsigned long long)reg->base);
		return false;
	}
	return true;
}

/* One bus: @reg becomes an address of the bus's parent. */
static bool translate_bus(struct walk *walk, int node, int bus, struct reg *reg)
{
	int parent = fdt_parent_offset(walk->fdt, bus), length;
	int child_cells = get_cells(walk, bus, "#address-cells", DEFAULT_ADDRESS_CELLS);
	int size_cells = get_cells(walk, bus, "#size-cells", DEFAULT_SIZE_CELLS);
	int parent_cells = get_cells(walk, parent, "#address-cells", DEFAULT_ADDRESS_CELLS);
	const u8 *ranges = fdt_getprop(walk->fdt, bus, "ranges", &length);
	int triple = 4 * (child_cells + parent_cells + size_cells);

	if (ranges && length == 0)
		return true; /* the same addresses */
	if (!ranges || !triple || length % triple) {
		rig_tree_fail(walk, bus, "ranges", ranges ? "not triples" : "missing");
		return false;
	}
	for (const u8 *end = ranges + length; ranges < end; ranges += triple) {
		u64 from = rig_tree_read_cells(ranges, child_cells);
		u64 to = rig_tree_read_cells(ranges + 4 * child_cells, parent_cells);
		u64 size =
			rig_tree_read_cells(ranges + 4 * (child_cells + parent_cells), size_cells);

		if (reg->base < from || reg->base - from >= size ||
		    reg->size > size - (reg->base - from))
			continue;
		reg->base = reg->base - from + to;
		return true;
	}
	rig_tree_fail(walk, node, "reg", "%#llx is in no range of its bus",
		      (unsigned long long)reg->base);
	return false;
}

bool rig_tree_translate(struct walk *walk, int node, struct reg *reg)
{
	for (int bus = fdt_parent_offset(walk->fdt, node); bus > 0;
	     bus = fdt_parent_offset(walk->fdt, bus))
		if (!translate_bus(walk, node, bus, reg))
			return false;
	return !walk->failed;
}

/* The interrupt controller of a node: named by it or by the nearest node above; -1: none. */
static int interrupt_parent(const struct walk *walk, int node)
{
	for (; node >= 0; node = fdt_parent_offset(walk->fdt, node)) {
		int length;
		const fdt32_t *phandle = fdt_getprop(walk->fdt, node, "interrupt-parent", &length);

		if (phandle && length == 4)
			return fdt_node_offset_by_phandle(walk->fdt, fdt32_ld(phandle));
	}
	return -1;
}

unsigned int rig_tree_interrupt(struct walk *walk, int node)
{
	int length, controller, cells = 1;
	const fdt32_t *value = fdt_getprop(walk->fdt, node, "interrupts", &length);

	if (!value)
		return 0;
	controller = interrupt_parent(walk, node);
	if (controller >= 0)
		cells = get_cells(walk, controller, "#interrupt-cells", 1);
	if (cells == 0 || length < 4 * cells) {
		rig_tree_fail(walk, node, "interrupts", "%d bytes: %d cells are wanted", length,
			      cells);
		return 0;
	}
	if (cells < 3)
		return fdt32_ld(&value[0]);
	return fdt32_ld(&value[1]) +
	       (fdt32_ld(&value[0]) == 0 ? GIC_FIRST_SHARED : GIC_FIRST_PRIVATE);
}

/* --- reservations without a place */

static bool fill(struct walk *walk, struct rig_memblock *mb)
{
	const struct rig_machine_config *config = &walk->tree->config;

	for (size_t i = 0; i < config->nr_memory; i++) {
		const struct rig_memory_range *range = &config->memory[i];
		int code = range->flags & RIG_MEMORY_RESERVED
				   ? rig_memblock_reserve(mb, range->base, range->size, RIG_HERE)
				   : rig_memblock_add(mb, range->base, range->size, RIG_HERE);

		if (code) {
			rig_tree_fail(walk, -1, NULL, "too many memory ranges");
			return false;
		}
	}
	return true;
}

static u64 one_size(struct walk *walk, int node, const char *property, int cells, u64 missing)
{
	int length;
	const void *value = fdt_getprop(walk->fdt, node, property, &length);

	if (!value)
		return missing;
	if (length != 4 * cells) {
		rig_tree_fail(walk, node, property, "%d bytes: %d cells are wanted", length, cells);
		return missing;
	}
	return rig_tree_read_cells(value, cells);
}

/* In the first of alloc-ranges that has room; anywhere when there is no such property. */
static phys_addr_t place(struct walk *walk, int node, struct rig_memblock *mb, u64 size, u64 align)
{
	phys_addr_t found = 0;
	struct reg reg;

	if (!fdt_getprop(walk->fdt, node, "alloc-ranges", NULL))
		return rig_memblock_phys_alloc_range(mb, size, align, 0, MEMBLOCK_ALLOC_ANYWHERE,
						     RIG_HERE);
	for (int i = 0; !found && rig_tree_reg(walk, node, "alloc-ranges", i, &reg); i++)
		found = rig_memblock_phys_alloc_range(mb, size, align, reg.base,
						      reg.base + reg.size, RIG_HERE);
	return found;
}

static void place_one(struct walk *walk, int node, int size_cells, struct rig_memblock *mb)
{
	u64 size = one_size(walk, node, "size", size_cells, 0);
	u64 align = one_size(walk, node, "alignment", size_cells, PAGE_SIZE);
	struct rig_memory_range range = {
		.size = size,
		.flags = RIG_MEMORY_RESERVED |
			 (fdt_getprop(walk->fdt, node, "no-map", NULL) ? RIG_MEMORY_NOMAP : 0),
		.name = fdt_getprop(walk->fdt, node, "label", NULL),
	};

	if (walk->failed)
		return;
	if (!size || !is_power_of_2(align)) {
		rig_tree_fail(walk, node, size ? "alignment" : "size",
			      size ? "not a power of two" : "0 bytes");
		return;
	}
	range.base = place(walk, node, mb, size, align);
	if (range.base)
		rig_tree_add_memory(walk, &range);
	else
		rig_tree_fail(walk, node, "size", "no room for %#llx bytes",
			      (unsigned long long)size);
}

static void *host_alloc(void *data, size_t size, int nid)
{
	return malloc(size);
}

static void host_free(void *data, void *memory)
{
	free(memory);
}

void rig_tree_place_reservations(struct walk *walk, int parent)
{
	static const struct rig_memblock_ops ops = { .slab_alloc = host_alloc,
						     .slab_free = host_free };
	int size_cells = get_cells(walk, parent, "#size-cells", DEFAULT_SIZE_CELLS), node;
	struct rig_memblock *mb = malloc(sizeof(*mb));

	if (!mb) {
		rig_tree_fail(walk, -1, NULL, "no host memory");
		return;
	}
	rig_memblock_init(mb, 0);
	mb->ops = &ops;
	mb->can_resize = mb->arrays_in_slab = true;
	if (fill(walk, mb))
		fdt_for_each_subnode(node, walk->fdt, parent)
		{
			if (!fdt_getprop(walk->fdt, node, "reg", NULL) &&
			    fdt_getprop(walk->fdt, node, "size", NULL))
				place_one(walk, node, size_cells, mb);
		}
	rig_memblock_discard(mb);
	free(mb);
}
