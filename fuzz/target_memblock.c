// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: memblock against a naive model. The model is an array of cells of 1 KiB that say for
 * each what it is (memory, flags, node, reserved); expected regions are its runs of equal cells.
 * After each call the region arrays must be exactly those, memblock's own check must hold, and an
 * allocation must be the very address that first fit from the top (or bottom) gives on the cells.
 *
 * Input: byte 0: bottom_up (bit 0), may resize (1), initial memory or none (2), movable_node (3);
 * then ops of a byte and their arguments.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/memblock.h>
#include <linux/kernel.h>

#include "bytes.h"
#include "run.h"

#define CELL 1024UL
#define NR_CELLS 3072UL /* 3 MiB of physical address space */
#define SPACE (CELL * NR_CELLS)
#define CELLS_PER_PAGE (PAGE_SIZE / CELL)
#define MAX_CALLS 600

struct cell {
	bool memory;
	u8 flags;
	u16 nid;
	bool reserved;
};

struct model {
	struct rig_memblock mb;
	struct cell cells[NR_CELLS];
	struct cell before[NR_CELLS];
	struct memblock_region *memory_array, *reserved_array; /* where they were before the call */
	unsigned long memory_max, reserved_max;
	bool movable_node;
};

/* What region arrays that double are put into: physical address 0 is its first byte. */
static u8 space[SPACE] __attribute__((aligned(65536)));

static void fail(const char *check, const char *format, ...) __printf(2, 3)
	__attribute__((noreturn));

static void fail(const char *check, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "broken invariant: %s: ", check);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* --- what the regions should be */

static bool same_memory(const struct cell *a, const struct cell *b)
{
	return a->memory == b->memory && a->flags == b->flags && a->nid == b->nid;
}

/* Ends of the run of cells of one memory region from @from on. */
static unsigned long memory_run_end(const struct cell *cells, unsigned long from)
{
	unsigned long to = from;

	while (to < NR_CELLS && same_memory(&cells[to], &cells[from]))
		to++;
	return to;
}

static unsigned long reserved_run_end(const struct cell *cells, unsigned long from)
{
	unsigned long to = from;

	while (to < NR_CELLS && cells[to].reserved == cells[from].reserved)
		to++;
	return to;
}

static void expect_region(const struct memblock_type *type, unsigned long index, unsigned long from,
			  unsigned long to, unsigned int flags, int nid)
{
	const struct memblock_region *region = &type->regions[index];

	if (index >= type->cnt || region->base != from * CELL ||
	    region->size != (to - from) * CELL || region->flags != flags || region->nid != nid)
		fail("memblock.regions",
		     "%s[%lu]: expected [%#lx, +%#lx) flags %u node %d; of %lu there is [%#llx, "
		     "+%#llx) flags %u node %d",
		     type->name, index, from * CELL, (to - from) * CELL, flags, nid, type->cnt,
		     (unsigned long long)region->base, (unsigned long long)region->size,
		     region->flags, region->nid);
}

static void expect_count(const struct memblock_type *type, unsigned long count)
{
	/* an empty array holds one region of size 0 */
	if (type->cnt != max(count, 1UL) || (!count && type->regions[0].size))
		fail("memblock.regions", "%s: %lu regions, expected %lu", type->name, type->cnt,
		     count);
}

static void compare(const struct model *model)
{
	const struct memblock_type *memory = &model->mb.map->memory;
	const struct memblock_type *reserved = &model->mb.map->reserved;
	struct rig_verdict verdict;
	unsigned long n = 0, next;

	for (unsigned long at = 0; at < NR_CELLS; at = next) {
		const struct cell *cell = &model->cells[at];

		next = memory_run_end(model->cells, at);
		if (cell->memory)
			expect_region(memory, n++, at, next, cell->flags, cell->nid);
	}
	expect_count(memory, n);
	n = 0;
	for (unsigned long at = 0; at < NR_CELLS; at = next) {
		next = reserved_run_end(model->cells, at);
		if (model->cells[at].reserved)
			expect_region(reserved, n++, at, next, MEMBLOCK_NONE, MAX_NUMNODES);
	}
	expect_count(reserved, n);
	if (!rig_memblock_check(&model->mb, &verdict))
		fail(verdict.name, "%s", verdict.detail);
}

/* --- arrays that double: the one change that the model learns instead of foretelling */

static bool in_space(const void *address)
{
	return (const u8 *)address >= space && (const u8 *)address < space + SPACE;
}

static unsigned long cell_of(const void *address)
{
	return (unsigned long)((const u8 *)address - space) / CELL;
}

static unsigned long array_cells(unsigned long max_regions)
{
	return PAGE_ALIGN(max_regions * sizeof(struct memblock_region)) / CELL;
}

/* [from, to): the range that the call itself is about. */
static void follow_array(struct model *model, const struct memblock_type *type,
			 struct memblock_region **array, unsigned long *array_max,
			 unsigned long from, unsigned long to)
{
	unsigned long start, nr;

	if (type->regions == *array)
		return;
	if (!in_space(type->regions))
		fail("memblock.array_place", "%s: its array is in no memory", type->name);
	start = cell_of(type->regions);
	nr = array_cells(type->max);
	for (unsigned long i = start; i < start + nr; i++) {
		const struct cell *was = &model->before[i];

		if (i >= NR_CELLS || !was->memory || was->reserved || (i >= from && i < to))
			fail("memblock.array_place",
			     "%s: the new array [%#lx, +%#lx) overlaps what is taken at %#lx",
			     type->name, start * CELL, nr * CELL, i * CELL);
		model->cells[i].reserved = true;
	}
	if (in_space(*array))
		for (unsigned long i = 0; i < array_cells(*array_max); i++)
			model->cells[cell_of(*array) + i].reserved = false;
	*array = type->regions;
	*array_max = type->max;
}

static void follow_arrays(struct model *model, unsigned long from, unsigned long to)
{
	follow_array(model, &model->mb.map->memory, &model->memory_array, &model->memory_max, from,
		     to);
	follow_array(model, &model->mb.map->reserved, &model->reserved_array, &model->reserved_max,
		     from, to);
}

/* An array of so many regions may need to grow: a range can fall into a gap of each. */
static bool nearly_full(const struct memblock_type *type)
{
	return 2 * type->cnt + 2 > type->max;
}

/* A call failed: it may change nothing, and must have had too small an array. */
static void expect_full(const struct model *model, int code)
{
	const struct memblock *map = model->mb.map;

	if (code != -ENOMEM || (!nearly_full(&map->memory) && !nearly_full(&map->reserved)))
		fail("memblock.spurious_failure", "%d with %lu and %lu regions", code,
		     map->memory.cnt, map->reserved.cnt);
}

/* --- calls */

struct range {
	unsigned long from, to; /* cells */
};

static struct range read_range(struct fuzz_bytes *bytes)
{
	unsigned long from = fuzz_u16(bytes) % NR_CELLS;
	u8 code = fuzz_u8(bytes);
	/* mostly short ranges; some of a megabyte and more */
	unsigned long nr = code < 0xc0 ? code & 15 : (code & 63UL) << 6;

	return (struct range){ from, min(from + nr, NR_CELLS) };
}

static void call_add(struct model *model, struct fuzz_bytes *bytes)
{
	struct range range = read_range(bytes);
	u8 bits = fuzz_u8(bytes);
	int nid = bits & 4 ? MAX_NUMNODES : bits & 3;
	unsigned int flags = bits & 8 ? MEMBLOCK_HOTPLUG : MEMBLOCK_NONE;
	int code = rig_memblock_add_node(&model->mb, range.from * CELL,
					 (range.to - range.from) * CELL, nid, flags, 0);

	if (code) {
		expect_full(model, code);
		return;
	}
	for (unsigned long i = range.from; i < range.to; i++)
		if (!model->cells[i].memory)
			model->cells[i] = (struct cell){ true, (u8)flags, (u16)nid,
							 model->cells[i].reserved };
	follow_arrays(model, range.from, range.to);
}

static void call_remove(struct model *model, struct fuzz_bytes *bytes)
{
	struct range range = read_range(bytes);
	int code = rig_memblock_remove(&model->mb, range.from * CELL,
				       (range.to - range.from) * CELL, 0);

	if (code) {
		expect_full(model, code);
		return;
	}
	for (unsigned long i = range.from; i < range.to; i++)
		model->cells[i] = (struct cell){ .reserved = model->cells[i].reserved };
	follow_arrays(model, range.from, range.to);
}

/* True where the region arrays themselves lie: nobody may free those. */
static bool holds_array(const struct model *model, struct range range)
{
	const struct memblock_region *arrays[] = { model->memory_array, model->reserved_array };
	const unsigned long sizes[] = { model->memory_max, model->reserved_max };

	for (int i = 0; i < 2; i++) {
		unsigned long start;

		if (!in_space(arrays[i]))
			continue;
		start = cell_of(arrays[i]);
		if (range.from < start + array_cells(sizes[i]) && start < range.to)
			return true;
	}
	return false;
}

static void reserve_range(struct model *model, struct range range, bool reserve)
{
	phys_addr_t base = range.from * CELL, size = (range.to - range.from) * CELL;
	int code;

	if (!reserve && holds_array(model, range))
		return;
	code = reserve ? rig_memblock_reserve(&model->mb, base, size, 0)
		       : rig_memblock_phys_free(&model->mb, base, size, 0);
	if (code) {
		expect_full(model, code);
		return;
	}
	/* an old array may lie in the range: it is freed first, then reserved with the range */
	follow_arrays(model, range.from, reserve ? range.to : range.from);
	for (unsigned long i = range.from; i < range.to; i++)
		model->cells[i].reserved = reserve;
}

static void call_reserve(struct model *model, struct fuzz_bytes *bytes, bool reserve)
{
	reserve_range(model, read_range(bytes), reserve);
}

/* Every other cell: fills an array, so that it has to double. */
static void call_comb(struct model *model, struct fuzz_bytes *bytes)
{
	struct range all = read_range(bytes);

	for (unsigned long at = all.from; at < min(all.to, all.from + 200); at += 2) {
		memcpy(model->before, model->cells, sizeof(model->cells));
		reserve_range(model, (struct range){ at, at + 1 }, true);
	}
}

static void call_mark(struct model *model, struct fuzz_bytes *bytes)
{
	struct range range = read_range(bytes);
	u8 bits = fuzz_u8(bytes);
	enum memblock_flags flag = bits & 1 ? MEMBLOCK_HOTPLUG : MEMBLOCK_NOMAP;
	phys_addr_t base = range.from * CELL, size = (range.to - range.from) * CELL;
	int code = bits & 2 ? rig_memblock_mark(&model->mb, base, size, flag)
			    : rig_memblock_clear(&model->mb, base, size, flag);

	if (code) {
		expect_full(model, code);
		return;
	}
	for (unsigned long i = range.from; i < range.to; i++) {
		struct cell *cell = &model->cells[i];

		if (cell->memory)
			cell->flags = (u8)(bits & 2 ? cell->flags | flag : cell->flags & ~flag);
	}
	follow_arrays(model, range.from, range.from);
}

static void call_set_node(struct model *model, struct fuzz_bytes *bytes)
{
	struct range range = read_range(bytes);
	int nid = fuzz_below(bytes, 4);
	int code =
		rig_memblock_set_node(&model->mb, range.from * CELL, (range.to - range.from) * CELL,
				      &model->mb.map->memory, nid);

	if (code) {
		expect_full(model, code);
		return;
	}
	for (unsigned long i = range.from; i < range.to; i++)
		if (model->cells[i].memory)
			model->cells[i].nid = (u16)nid;
	follow_arrays(model, range.from, range.from);
}

/* --- allocation */

struct wish {
	phys_addr_t size, align, start, end;
	int nid; /* NUMA_NO_NODE: any */
};

static bool usable(const struct model *model, const struct cell *cell, int nid)
{
	return cell->memory && !cell->reserved && !(cell->flags & MEMBLOCK_NOMAP) &&
	       !((cell->flags & MEMBLOCK_HOTPLUG) && model->movable_node) &&
	       (nid == NUMA_NO_NODE || cell->nid == nid);
}

/* Where the wish goes in the free run of cells [from, to); 0: it does not fit. */
static phys_addr_t place(const struct wish *wish, unsigned long from, unsigned long to,
			 bool bottom_up)
{
	phys_addr_t start = clamp(from * CELL, wish->start, wish->end);
	phys_addr_t end = clamp(to * CELL, wish->start, wish->end);
	phys_addr_t at;

	if (bottom_up) {
		at = round_up(start, wish->align);
		return at < end && end - at >= wish->size ? at : 0;
	}
	if (end < wish->size)
		return 0;
	at = round_down(end - wish->size, wish->align);
	return at >= start ? at : 0;
}

static phys_addr_t foretell_on(const struct model *model, const struct wish *wish, int nid)
{
	bool bottom_up = model->mb.map->bottom_up;
	phys_addr_t best = 0;
	unsigned long next;

	for (unsigned long at = 0; at < NR_CELLS; at = next) {
		phys_addr_t here;

		next = min(memory_run_end(model->cells, at), reserved_run_end(model->cells, at));
		if (!usable(model, &model->cells[at], nid))
			continue;
		here = place(wish, at, next, bottom_up);
		if (here && bottom_up)
			return here;
		if (here)
			best = here;
	}
	return best;
}

static phys_addr_t foretell(const struct model *model, struct wish wish, bool exact)
{
	phys_addr_t at;

	if (wish.end == MEMBLOCK_ALLOC_ACCESSIBLE)
		wish.end = model->mb.map->current_limit;
	wish.start = max(wish.start, (phys_addr_t)PAGE_SIZE);
	wish.end = max(wish.start, wish.end);
	at = foretell_on(model, &wish, wish.nid);
	if (!at && wish.nid != NUMA_NO_NODE && !exact)
		at = foretell_on(model, &wish, NUMA_NO_NODE);
	return at;
}

static void call_alloc(struct model *model, struct fuzz_bytes *bytes)
{
	struct wish wish = { .size = (1 + fuzz_u8(bytes) % 64) * CELL,
			     .align = CELL << fuzz_below(bytes, 8) };
	u8 bits = fuzz_u8(bytes);
	bool exact = bits & 1;
	phys_addr_t expected, got;
	bool resized;

	wish.nid = bits & 2 ? NUMA_NO_NODE : bits >> 2 & 3;
	wish.start = bits & 0x10 ? fuzz_u16(bytes) % NR_CELLS * CELL : 0;
	wish.end = bits & 0x20 ? fuzz_u16(bytes) % NR_CELLS * CELL : MEMBLOCK_ALLOC_ACCESSIBLE;
	expected = foretell(model, wish, exact);
	got = rig_memblock_alloc_range_nid(&model->mb, wish.size, wish.align, wish.start, wish.end,
					   wish.nid, exact);
	resized = model->mb.map->reserved.regions != model->reserved_array;
	if (got != expected && (got || !nearly_full(&model->mb.map->reserved)))
		fail("memblock.alloc_place",
		     "%#llx bytes, align %#llx, [%#llx, %#llx) node %d%s%s: expected %#llx, got "
		     "%#llx",
		     (unsigned long long)wish.size, (unsigned long long)wish.align,
		     (unsigned long long)wish.start, (unsigned long long)wish.end, wish.nid,
		     exact ? " exactly" : "", resized ? " (the array moved)" : "",
		     (unsigned long long)expected, (unsigned long long)got);
	for (unsigned long i = 0; got && i < wish.size / CELL; i++)
		model->cells[got / CELL + i].reserved = true;
	follow_arrays(model, got / CELL, got ? (got + wish.size) / CELL : got / CELL);
}

static void call_limit(struct model *model, struct fuzz_bytes *bytes)
{
	u16 cells = fuzz_u16(bytes);

	model->mb.map->current_limit = cells ? cells % NR_CELLS * CELL : ~(phys_addr_t)0;
}

/* Free ranges as the iterator gives them are the runs of the model. */
static void call_iterate(struct model *model, struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);
	int nid = bits & 4 ? NUMA_NO_NODE : bits & 3;
	phys_addr_t start, end;
	unsigned long at = 0;
	u64 i;

	rig_for_each_free_mem_range(&model->mb, i, nid, MEMBLOCK_NONE, &start, &end, NULL)
	{
		unsigned long next;

		while (at < NR_CELLS && !usable(model, &model->cells[at], nid))
			at++;
		next = at < NR_CELLS ? min(memory_run_end(model->cells, at),
					   reserved_run_end(model->cells, at))
				     : at;
		if (at >= NR_CELLS || start != at * CELL || end != next * CELL)
			fail("memblock.iterate", "[%#llx, %#llx), expected [%#lx, %#lx)",
			     (unsigned long long)start, (unsigned long long)end, at * CELL,
			     next * CELL);
		at = next;
	}
	for (; at < NR_CELLS; at++)
		if (usable(model, &model->cells[at], nid))
			fail("memblock.iterate", "free memory at %#lx is missing", at * CELL);
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 16) {
	case 0 ... 2:
		call_add(model, bytes);
		break;
	case 3:
		call_remove(model, bytes);
		break;
	case 4 ... 6:
		call_reserve(model, bytes, true);
		break;
	case 7:
	case 8:
		call_reserve(model, bytes, false);
		break;
	case 9:
		call_mark(model, bytes);
		break;
	case 10:
		call_set_node(model, bytes);
		break;
	case 11:
		call_limit(model, bytes);
		break;
	case 12:
		call_iterate(model, bytes);
		break;
	case 13:
		call_comb(model, bytes);
		break;
	default:
		call_alloc(model, bytes);
	}
}

static void swallow(void *data, const char *line)
{
}

static const struct rig_memblock_ops quiet = { .print = swallow };

static void start(struct model *model, u8 bits)
{
	rig_memblock_init(&model->mb, (unsigned long)space);
	model->mb.ops = &quiet;
	model->mb.map->bottom_up = bits & 1;
	model->mb.can_resize = bits & 2;
	model->movable_node = bits & 8;
	*model->mb.movable_node = model->movable_node;
	if (bits & 4)
		return;
	if (rig_memblock_add_node(&model->mb, 0, SPACE, 0, MEMBLOCK_NONE, 0) != 0)
		fail("memblock.spurious_failure", "the first region");
	for (unsigned long i = 0; i < NR_CELLS; i++)
		model->cells[i].memory = true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size, 0 };
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		abort();
	start(model, fuzz_u8(&bytes));
	model->memory_array = model->mb.map->memory.regions;
	model->reserved_array = model->mb.map->reserved.regions;
	model->memory_max = model->mb.map->memory.max;
	model->reserved_max = model->mb.map->reserved.max;
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&bytes); i++) {
		memcpy(model->before, model->cells, sizeof(model->cells));
		call(model, &bytes);
		compare(model);
	}
	free(model);
	return 0;
}
