// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes to a machine and ops: see plan.h for the layout. Everything here is a pure function of
 * the bytes; numbers are brought into range, never refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/device.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "plan.h"

#define MIB (1UL << 20)

_Static_assert(RIG_NR_OPS <= 30, "the header chooses kinds with 30 bits");

static const char *const slab_names[] = { "slub", "slab", "slob" };

/* --- the machine */

static u64 mix(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* What the rest of byte 1 adds to a machine. */
enum shape_extra {
	EXTRA_CMA = 1,	     /* a pageblock that is lent to movable requests */
	EXTRA_SPARSE = 2,    /* node numbers with gaps */
	EXTRA_UNALIGNED = 4, /* nodes begin and end inside a pageblock */
};

static const u8 extras[] = {
	0,
	0,
	0,
	0,
	EXTRA_CMA,
	EXTRA_SPARSE,
	EXTRA_UNALIGNED,
	EXTRA_CMA | EXTRA_SPARSE,
	EXTRA_SPARSE | EXTRA_UNALIGNED,
};

#define NODE_SIZES 29

/* The second 4 MiB of the first node; boot reserves it, and gives it to CMA when it is up. */
static void add_cma_area(struct fuzz_plan *plan, phys_addr_t node_size)
{
	phys_addr_t area = PAGE_SIZE << (MAX_ORDER - 1);

	if (node_size < 3 * area)
		return;
	plan->memory[plan->config.nr_memory++] = (struct rig_memory_range){
		.base = area, .size = area, .flags = RIG_MEMORY_RESERVED
	};
	plan->cma_start_pfn = PHYS_PFN(area);
	plan->cma_nr_pages = PHYS_PFN(area);
}

static void describe(struct fuzz_plan *plan, int nodes, phys_addr_t size, phys_addr_t end,
		     unsigned int extra)
{
	phys_addr_t lowmem = plan->config.lowmem_limit ? plan->config.lowmem_limit : end;

	snprintf(plan->description, sizeof(plan->description),
		 "%d node(s) of %llu KiB, %d CPU(s), pageblock order %u%s, lowmem %llu MiB, "
		 "movable %lu pages%s%s%s",
		 nodes, (unsigned long long)size >> 10, plan->config.nr_cpus,
		 plan->config.pageblock_order, plan->config.huge_pages ? ", huge pages" : "",
		 (unsigned long long)(lowmem / MIB), plan->config.movablecore_pages,
		 extra & EXTRA_CMA ? ", CMA" : "",
		 extra & EXTRA_SPARSE ? ", node numbers by 3" : "",
		 extra & EXTRA_UNALIGNED ? ", nodes inside pageblocks" : "");
}

/* Bytes 0 and 1. A tenth of the first node is reserved, with a hole behind each node but the last.
 */
static void read_memory(struct fuzz_plan *plan)
{
	u8 bits = fuzz_u8(&plan->bytes), size_code = fuzz_u8(&plan->bytes);
	int nodes = 1 + (bits & 3) % max(plan->shape->max_nodes, 1);
	int cpus = 1 + (bits >> 2 & 3) % max(plan->shape->max_cpus, 1);
	unsigned int extra = extras[size_code / NODE_SIZES];
	int step = extra & EXTRA_SPARSE ? 3 : 1;
	unsigned int scale = size_code % NODE_SIZES;
	/* small ones more often: they fill up */
	phys_addr_t size = (4 + scale * scale / NODE_SIZES) * MIB, at = 0;
	phys_addr_t align = PAGE_SIZE << (MAX_ORDER - 1);

	/* mostly no pageblock belongs to two zones; where one does, the kernel copes with it */
	if (extra & EXTRA_UNALIGNED) {
		size += 5 * 64 * 1024;
		align = PAGE_SIZE;
	}
	for (int nid = 0; nid < nodes; nid++) {
		plan->memory[plan->config.nr_memory++] =
			(struct rig_memory_range){ .base = at, .size = size, .nid = nid * step };
		at = ALIGN(at + size + MIB, align);
	}
	plan->memory[plan->config.nr_memory++] = (struct rig_memory_range){
		.base = MIB, .size = size / 10 & PAGE_MASK, .flags = RIG_MEMORY_RESERVED
	};
	if (extra & EXTRA_CMA)
		add_cma_area(plan, size);
	for (int cpu = 0; cpu < cpus; cpu++)
		plan->cpu_nid[cpu] = cpu % nodes * step;
	plan->config.memory = plan->memory;
	plan->config.nr_cpus = cpus;
	plan->config.cpu_nid = plan->cpu_nid;
	plan->config.pageblock_order = bits & 0x10 ? 9 : MAX_ORDER - 1;
	plan->config.huge_pages = bits & 0x20;
	plan->config.lowmem_limit = bits & 0x40 ? at * 2 / 3 & ~(4 * MIB - 1) : 0;
	plan->config.movablecore_pages = bits & 0x80 ? PHYS_PFN(size / 4) : 0;
	describe(plan, nodes, size, at, extra);
}

/* Byte 2. */
static void read_backends(struct fuzz_plan *plan)
{
	u8 bits = fuzz_u8(&plan->bytes);

	plan->config.slab_backend =
		plan->shape->backend ? plan->shape->backend : slab_names[bits % 3];
	/* the model has nothing to find in itself: now and then it serves the slab backends */
	plan->config.page_backend = (bits >> 2 & 15) == 15 ? "model" : "checked";
	/* 0: as fast as can be; 1: leaks; 2, 3: and interrupts, with more checks */
	plan->witness = bits >> 6;
	plan->interrupts = bits >> 7;
	/* an interrupt finds what it came into half done: no checks of structures there */
	plan->config.check_tier = bits >> 6 == 1 ? 2 : bits >> 6 == 3;
}

static void add_prologue(struct fuzz_plan *plan, const char *attribute, unsigned int value)
{
	struct rig_op *op = &plan->prologue[plan->nr_prologue++];

	*op = (struct rig_op){ .kind = RIG_OP_FAULT_ATTRIBUTE };
	snprintf(op->attribute, sizeof(op->attribute), "%s", attribute);
	snprintf(op->text, sizeof(op->text), "%u", value);
}

/* Byte 4: a quarter of the inputs run with faults from the start. */
static void read_faults(struct fuzz_plan *plan)
{
	u8 bits = fuzz_u8(&plan->bytes);

	if ((bits & 3) != 3 || !(plan->shape->kinds & FUZZ_OP(FAULT_ATTRIBUTE)))
		return;
	if (bits & 4) {
		add_prologue(plan, "failslab/times", (unsigned int)-1);
		add_prologue(plan, "failslab/interval", 1 + (bits >> 5));
		add_prologue(plan, "failslab/ignore-gfp-wait", 0);
		add_prologue(plan, "failslab/probability", 100);
	}
	if (bits & 8) {
		add_prologue(plan, "fail_page_alloc/times", (unsigned int)-1);
		add_prologue(plan, "fail_page_alloc/interval", 1 + (bits >> 5));
		add_prologue(plan, "fail_page_alloc/min-order", bits >> 4 & 1);
		add_prologue(plan, "fail_page_alloc/probability", 100);
	}
}

/* How often a kind comes, when it is in. */
static unsigned int kind_weight(int kind, u64 chance, bool filling)
{
	switch (kind) {
	case RIG_OP_FREE:
		return 1 + (unsigned int)(chance % (filling ? 2 : 12));
	case RIG_OP_CHECK:
	case RIG_OP_DRAIN:
	case RIG_OP_CACHE_DESTROY:
	case RIG_OP_VMALLOC_PURGE:
		return 1;
	case RIG_OP_PAGE_FREE_LIST:
	case RIG_OP_CPU:
	case RIG_OP_FAULT_ATTRIBUTE:
	case RIG_OP_FAIL_NTH:
	case RIG_OP_MAKE_IT_FAIL:
		return 1 + (unsigned int)(chance % (filling ? 1 : 4));
	default:
		return 1 + (unsigned int)(chance % 8);
	}
}

/*
 * Bytes 6 to 10. In a third of the inputs memory is to fill up: frees are rare. Frees are always
 * in; what needs a thing made by another kind brings that kind in, so that few subsets are barren.
 */
static void read_weights(struct fuzz_plan *plan)
{
	u64 state = fuzz_u8(&plan->bytes);
	u64 subset = fuzz_u32(&plan->bytes);
	unsigned int weights[RIG_NR_OPS], total = 0, filled = 0;
	bool filling = mix(&state) % 3 == 0;
	u64 kinds;

	/* the two highest bits ask for all kinds, and so does an empty choice */
	kinds = subset >> 30 == 3 ? plan->shape->kinds : plan->shape->kinds & subset;
	if (!(kinds & ~(FUZZ_OP(CHECK) | FUZZ_OP(TIME) | FUZZ_OP(CPU) | FUZZ_OP(FREE))))
		kinds = plan->shape->kinds;
	if (kinds & (FUZZ_OP(CACHE_ALLOC) | FUZZ_OP(CACHE_ALLOC_BULK) | FUZZ_OP(CACHE_SHRINK) |
		     FUZZ_OP(MEMPOOL_CREATE)))
		kinds |= FUZZ_OP(CACHE_CREATE);
	if (kinds & FUZZ_OP(MEMPOOL_ALLOC))
		kinds |= FUZZ_OP(MEMPOOL_CREATE) | FUZZ_OP(CACHE_CREATE);
	if (kinds & (FUZZ_OP(DEVICE_READ) | FUZZ_OP(DEVICE_WRITE)))
		kinds |= FUZZ_OP(IOREMAP);
	kinds |= FUZZ_OP(FREE);
	kinds &= plan->shape->kinds;
	for (int kind = 0; kind < RIG_NR_OPS; kind++) {
		u64 chance = mix(&state);

		weights[kind] = kinds >> kind & 1 ? kind_weight(kind, chance, filling) : 0;
		total += weights[kind];
	}
	for (int kind = 0; kind < RIG_NR_OPS; kind++) {
		unsigned int share = weights[kind] ? max(1u, weights[kind] * 256 / total) : 0;

		for (; share && filled < 256; share--)
			plan->kind_table[filled++] = (u8)kind;
	}
	while (filled < 256)
		plan->kind_table[filled++] = RIG_OP_FREE;
}

static phys_addr_t memory_of_nodes(const struct fuzz_plan *plan)
{
	phys_addr_t sum = 0;

	for (size_t i = 0; i < plan->config.nr_memory; i++)
		if (!(plan->memory[i].flags & RIG_MEMORY_RESERVED))
			sum += plan->memory[i].size;
	return sum;
}

static const char *const command_lines[] = {
	NULL,
	NULL,
	NULL,
	"slab_freelist_random",
	"slab_freelist_random slab_freelist_hardened",
	"slab_nomerge",
	"init_on_alloc=1 init_on_free=1",
	"slub_debug=FZPU",
};

static const u16 slot_numbers[] = {
	4, 16, 32, 64, 128, FUZZ_MAX_SLOTS, FUZZ_MAX_SLOTS, FUZZ_MAX_SLOTS
};

void fuzz_plan_init(struct fuzz_plan *plan, const struct fuzz_shape *shape, const u8 *data,
		    size_t size)
{
	u8 bits;

	memset(plan, 0, sizeof(*plan));
	plan->shape = shape;
	plan->bytes = (struct fuzz_bytes){ .data = data, .size = size };
	read_memory(plan);
	read_backends(plan);
	bits = fuzz_u8(&plan->bytes);
	if (bits & 1)
		plan->config.min_free_kbytes = (memory_of_nodes(plan) >> 10) * (bits >> 1) / 256;
	else if (bits & 2)
		plan->late_pages = bits >> 2;
	read_faults(plan);
	bits = fuzz_u8(&plan->bytes);
	plan->nr_slots = slot_numbers[bits & 7];
	plan->size_profile = bits >> 3 & 3;
	plan->config.command_line = command_lines[bits >> 5];
	read_weights(plan);
	plan->config.name = "fuzz";
	plan->device =
		(struct rig_device_config){ .model = RIG_EDU_MODEL, .base = 0xfe000000, .irq = 5 };
	if (plan->shape->kinds & FUZZ_OP(IOREMAP)) {
		plan->config.devices = &plan->device;
		plan->config.nr_devices = 1;
	}
	plan->ops_config = (struct rig_ops_config){
		.slots = plan->nr_slots, .caches = 16, .max_size = 8 * MIB, .fill = true
	};
}

/* --- the arguments of an op */

static const gfp_t base_gfp[] = {
	GFP_KERNEL,
	GFP_ATOMIC,
	GFP_NOWAIT,
	GFP_NOWAIT | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_NOWARN,
	GFP_USER,
	GFP_HIGHUSER,
	GFP_HIGHUSER_MOVABLE,
	GFP_KERNEL | __GFP_DMA,
	GFP_KERNEL | __GFP_DMA32,
	GFP_KERNEL | __GFP_RECLAIMABLE,
	GFP_TRANSHUGE_LIGHT,
	GFP_ATOMIC | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_MEMALLOC,
	GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
};

static gfp_t read_gfp(struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);
	gfp_t gfp;

	if ((bits & 15) == ARRAY_SIZE(base_gfp))
		/* with nobody to free memory a request that may not fail would hang */
		return fuzz_u32(bytes) & __GFP_BITS_MASK & ~__GFP_NOFAIL;
	gfp = base_gfp[bits & 15];
	if (bits & 0x10)
		gfp |= __GFP_ZERO;
	if (bits & 0x20)
		gfp |= __GFP_COMP;
	if (bits & 0x40)
		gfp |= __GFP_THISNODE;
	if (bits & 0x80)
		gfp |= __GFP_NORETRY | __GFP_NOWARN;
	return gfp;
}

/* Two bytes: small sizes are likely, limits of size classes and of pages are near. */
static u64 read_size(struct fuzz_plan *plan)
{
	u16 bits = fuzz_u16(&plan->bytes);
	unsigned int scale = bits >> 13;
	u64 mantissa = bits & 0x1fff;

	switch (plan->size_profile) {
	case 0: /* small */
		return mantissa & 0x3ff;
	case 1: /* around powers of two */
		return (1ULL << (scale + (mantissa >> 12 & 1) * 7)) + (mantissa & 0x1f) - 16;
	case 2: /* up to two pages */
		return mantissa;
	default: /* anything up to 16 MiB */
		return scale == 7 ? mantissa << 11 : mantissa >> (7 - scale);
	}
}

/* The fault attributes' files and what is worth writing there. */
static void read_fault(struct fuzz_plan *plan, struct rig_op *op)
{
	static const char *const files[] = {
		"failslab/probability",
		"failslab/interval",
		"failslab/times",
		"failslab/space",
		"failslab/task-filter",
		"failslab/ignore-gfp-wait",
		"failslab/cache-filter",
		"fail_page_alloc/probability",
		"fail_page_alloc/interval",
		"fail_page_alloc/times",
		"fail_page_alloc/space",
		"fail_page_alloc/task-filter",
		"fail_page_alloc/min-order",
		"fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
		"failslab/verbose",
	};
	const char *file = files[fuzz_below(&plan->bytes, ARRAY_SIZE(files))];
	u8 value = fuzz_u8(&plan->bytes);

	snprintf(op->attribute, sizeof(op->attribute), "%s", file);
	snprintf(op->text, sizeof(op->text), "%d",
		 strstr(file, "probability") ? value % 101
		 : strstr(file, "times")     ? (int)(s8)value
		 : strstr(file, "space")     ? value * 16
		 : strstr(file, "interval")  ? value
		 : strstr(file, "min-order") ? value % 11
					     : value & 1);
}

static void read_cache(struct fuzz_plan *plan, struct rig_op *op)
{
	static const unsigned int flags[] = {
		0,
		SLAB_HWCACHE_ALIGN,
		SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE,
		SLAB_RECLAIM_ACCOUNT,
		SLAB_CACHE_DMA,
		SLAB_TYPESAFE_BY_RCU,
		SLAB_POISON | SLAB_RED_ZONE,
		SLAB_RED_ZONE | SLAB_STORE_USER,
	};
	u8 bits;

	op->size = read_size(plan);
	/* objects smaller than a pointer are laid out in another way */
	if (op->size % 8 == 7)
		op->size &= 15;
	bits = fuzz_u8(&plan->bytes);
	op->align = bits & 7 ? 1u << (bits & 7) << (bits >> 3 & 1) * 4 : 0;
	op->yes = bits & 0x10;
	op->flags = flags[bits >> 5];
}

/* Registers as a driver uses them; a device that was told to write to memory would. */
static void read_register(struct fuzz_plan *plan, struct rig_op *op)
{
	static const u16 readable[] = { RIG_EDU_ID,	 RIG_EDU_LIVENESS, RIG_EDU_FACTORIAL,
					RIG_EDU_SCRATCH, RIG_EDU_STATUS,   RIG_EDU_IRQ_STATUS };
	static const u16 writable[] = { RIG_EDU_LIVENESS, RIG_EDU_FACTORIAL, RIG_EDU_SCRATCH,
					RIG_EDU_DOORBELL, RIG_EDU_STATUS,    RIG_EDU_IRQ_RAISE,
					RIG_EDU_IRQ_ACK };

	op->width = 4;
	if (op->kind == RIG_OP_DEVICE_READ) {
		op->offset = readable[fuzz_below(&plan->bytes, ARRAY_SIZE(readable))];
		return;
	}
	op->offset = writable[fuzz_below(&plan->bytes, ARRAY_SIZE(writable))];
	op->value = fuzz_u16(&plan->bytes);
}

static int read_node(struct fuzz_plan *plan)
{
	u8 bits = fuzz_u8(&plan->bytes);

	return bits < 0x80 ? NUMA_NO_NODE : (bits & 7) - 1;
}

static void read_arguments(struct fuzz_plan *plan, struct rig_op *op)
{
	struct fuzz_bytes *bytes = &plan->bytes;

	switch (op->kind) {
	case RIG_OP_CACHE_CREATE:
		read_cache(plan, op);
		break;
	case RIG_OP_CACHE_ALLOC:
		op->gfp = read_gfp(bytes);
		op->node = read_node(plan);
		break;
	case RIG_OP_CACHE_ALLOC_BULK:
	case RIG_OP_PAGE_ALLOC_BULK:
		op->count = 1 + fuzz_below(bytes, 64);
		op->gfp = read_gfp(bytes);
		op->node = op->kind == RIG_OP_PAGE_ALLOC_BULK ? read_node(plan) : NUMA_NO_NODE;
		break;
	case RIG_OP_KMALLOC:
		op->size = read_size(plan);
		op->gfp = read_gfp(bytes);
		op->node = read_node(plan);
		break;
	case RIG_OP_KREALLOC:
	case RIG_OP_PAGE_ALLOC_EXACT:
	case RIG_OP_VMALLOC:
		op->size = read_size(plan);
		op->gfp = read_gfp(bytes);
		break;
	case RIG_OP_PAGE_ALLOC: {
		u8 bits = fuzz_u8(bytes);

		/* low orders more often; now and then one that does not exist */
		op->order = bits < 0x60	  ? 0
			    : bits < 0xc0 ? bits & 3
					  : (bits & 15) % (MAX_ORDER + 1);
		op->gfp = read_gfp(bytes);
		op->node = read_node(plan);
		break;
	}
	case RIG_OP_PAGE_FREE_LIST:
		op->count = 1 + fuzz_below(bytes, 32);
		break;
	case RIG_OP_VMALLOC_USED:
		op->offset = (u64)fuzz_u16(bytes) << PAGE_SHIFT;
		op->size = (u64)fuzz_u8(bytes) << PAGE_SHIFT;
		break;
	case RIG_OP_MEMPOOL_CREATE:
		op->count = fuzz_below(bytes, 33);
		op->cache = fuzz_below(bytes, 16);
		break;
	case RIG_OP_MEMPOOL_ALLOC:
		op->gfp = read_gfp(bytes);
		break;
	case RIG_OP_IOREMAP:
		/* the device's registers, or, now and then, what is none of a driver's business */
		op->offset = plan->device.base;
		op->size = 0x100 + fuzz_u16(bytes);
		if (op->size % 16 == 15)
			op->offset = (u64)fuzz_u16(bytes) << PAGE_SHIFT;
		break;
	case RIG_OP_DEVICE_READ:
	case RIG_OP_DEVICE_WRITE:
		read_register(plan, op);
		break;
	case RIG_OP_CPU:
		op->cpu = fuzz_below(bytes, FUZZ_MAX_CPUS);
		break;
	case RIG_OP_TIME:
		op->offset = (u64)fuzz_u8(bytes) << 20;
		break;
	case RIG_OP_FAULT_ATTRIBUTE:
		read_fault(plan, op);
		break;
	case RIG_OP_MAKE_IT_FAIL:
		op->yes = fuzz_u8(bytes) & 1;
		break;
	case RIG_OP_FAIL_NTH:
		op->count = fuzz_u8(bytes) & 15;
		break;
	case RIG_OP_CHECK:
		op->tier = 3;
		break;
	default:
		break;
	}
}

static bool has_id(enum rig_op_kind kind)
{
	return FUZZ_OP(CACHE_CREATE) >> kind & 1 || FUZZ_OP(CACHE_ALLOC) >> kind & 1 ||
	       FUZZ_OP(CACHE_ALLOC_BULK) >> kind & 1 || FUZZ_OP(CACHE_DESTROY) >> kind & 1 ||
	       FUZZ_OP(CACHE_SHRINK) >> kind & 1 || FUZZ_OP(MEMPOOL_CREATE) >> kind & 1 ||
	       FUZZ_OP(MEMPOOL_ALLOC) >> kind & 1 || FUZZ_OP(MEMPOOL_DESTROY) >> kind & 1;
}

static bool has_slot(enum rig_op_kind kind)
{
	const u64 none = FUZZ_OP(CACHE_CREATE) | FUZZ_OP(CACHE_DESTROY) | FUZZ_OP(CACHE_SHRINK) |
			 FUZZ_OP(DRAIN) | FUZZ_OP(VMALLOC_PURGE) | FUZZ_OP(VMALLOC_USED) |
			 FUZZ_OP(MEMPOOL_CREATE) | FUZZ_OP(MEMPOOL_DESTROY) | FUZZ_OP(CPU) |
			 FUZZ_OP(TIME) | FUZZ_OP(FAULT_ATTRIBUTE) | FUZZ_OP(MAKE_IT_FAIL) |
			 FUZZ_OP(FAIL_NTH) | FUZZ_OP(CHECK);

	return !(none >> kind & 1);
}

enum { THOUGHT_EMPTY, THOUGHT_USED, THOUGHT_PAGE };

#define FILLS_A_SLOT                                                                               \
	(FUZZ_OP(CACHE_ALLOC) | FUZZ_OP(KMALLOC) | FUZZ_OP(PAGE_ALLOC) | FUZZ_OP(VMALLOC) |        \
	 FUZZ_OP(PAGE_ALLOC_EXACT) | FUZZ_OP(MEMPOOL_ALLOC) | FUZZ_OP(IOREMAP))
#define FILLS_MANY (FUZZ_OP(CACHE_ALLOC_BULK) | FUZZ_OP(PAGE_ALLOC_BULK))

/* The next slot from @slot on that is thought to be (not) in use; @slot when there is none. */
static unsigned int next_slot(const struct fuzz_plan *plan, unsigned int slot, bool used)
{
	for (unsigned int i = 0; i < plan->nr_slots; i++)
		if (!!plan->used[(slot + i) % plan->nr_slots] == used)
			return (slot + i) % plan->nr_slots;
	return slot;
}

/*
 * Which slots are in use when all goes well: an op that fills one is led to an empty one, any other
 * to one in use, so that few ops are skipped. What fails or does not fit makes this wrong for a
 * while, which costs no more than skipped ops.
 */
static void lead_to_slot(struct fuzz_plan *plan, struct rig_op *op)
{
	if (FILLS_A_SLOT >> op->kind & 1) {
		op->slot = next_slot(plan, op->slot, false);
		plan->used[op->slot] =
			op->kind == RIG_OP_PAGE_ALLOC && !op->order ? THOUGHT_PAGE : THOUGHT_USED;
	} else if (FILLS_MANY >> op->kind & 1) {
		op->slot = next_slot(plan, op->slot, false);
		op->count = min(op->count, plan->nr_slots - op->slot);
		for (unsigned int i = 1; i < op->count; i++)
			if (plan->used[op->slot + i])
				op->count = i;
		memset(&plan->used[op->slot],
		       op->kind == RIG_OP_PAGE_ALLOC_BULK ? THOUGHT_PAGE : THOUGHT_USED, op->count);
	} else {
		op->slot = next_slot(plan, op->slot, true);
		if (op->kind == RIG_OP_FREE)
			plan->used[op->slot] = THOUGHT_EMPTY;
		for (unsigned int i = 0; op->kind == RIG_OP_PAGE_FREE_LIST && i < op->count; i++)
			if (op->slot + i < plan->nr_slots &&
			    plan->used[op->slot + i] == THOUGHT_PAGE)
				plan->used[op->slot + i] = THOUGHT_EMPTY;
	}
}

bool fuzz_plan_next(struct fuzz_plan *plan, struct rig_op *op)
{
	if (plan->next_prologue < plan->nr_prologue) {
		*op = plan->prologue[plan->next_prologue++];
		return true;
	}
	if (!fuzz_bytes_left(&plan->bytes) || plan->nr_ops >= FUZZ_MAX_OPS)
		return false;
	plan->nr_ops++;
	memset(op, 0, sizeof(*op));
	op->kind = plan->kind_table[fuzz_u8(&plan->bytes)];
	op->node = NUMA_NO_NODE;
	if (has_slot(op->kind))
		op->slot = fuzz_below(&plan->bytes, plan->nr_slots);
	if (has_id(op->kind))
		op->id = fuzz_below(&plan->bytes, 16);
	read_arguments(plan, op);
	if (has_slot(op->kind))
		lead_to_slot(plan, op);
	return true;
}

size_t fuzz_plan_ops(struct fuzz_plan *plan, struct rig_op **ops)
{
	size_t nr = 0, room = 64;

	*ops = malloc(room * sizeof(**ops));
	while (*ops && fuzz_plan_next(plan, &(*ops)[nr])) {
		if (++nr == room) {
			room *= 2;
			*ops = realloc(*ops, room * sizeof(**ops));
		}
	}
	if (!*ops)
		abort();
	return nr;
}
