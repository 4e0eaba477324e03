// SPDX-License-Identifier: GPL-2.0-only
/* Performs the ops of mappings and pools: kmap, mempools, ioremap and device accesses. */
#include <kmemrig/highmem.h>
#include <linux/io.h>

#include "op_slots.h"

/* An ioremap of an op: enough for the registers of any device here. */
#define MAX_IOREMAP (1UL << 20)

static enum rig_op_status do_kmap(struct rig_ops *ops, const struct rig_op *op,
				  struct rig_op_result *result)
{
	struct slot *slot = op_used_slot(ops, op->slot);
	void *address;

	if (!slot || slot->kind != SLOT_PAGES || slot->mappings >= 8)
		return RIG_OP_SKIPPED;
	address = rig_kmap(ops->cpu, slot->page);
	if (!address)
		return RIG_OP_FAILED;
	slot->mappings++;
	result->address = rig_kernel_address(ops->machine, address);
	return RIG_OP_DONE;
}

static enum rig_op_status do_kunmap(struct rig_ops *ops, const struct rig_op *op)
{
	struct slot *slot = op_used_slot(ops, op->slot);

	if (!slot || !slot->mappings)
		return RIG_OP_SKIPPED;
	rig_kunmap(ops->cpu, slot->page);
	slot->mappings--;
	return RIG_OP_DONE;
}

static enum rig_op_status pool_create(struct rig_ops *ops, const struct rig_op *op)
{
	struct op_cache *cache = op_live_cache(ops, op->cache);

	if (op->id >= ops->config.caches || ops->pools[op->id].pool || !cache || op->count == 0 ||
	    op->count > RIG_OP_MAX_BULK || cache->constructed)
		return RIG_OP_SKIPPED; /* a pool poisons its reserve: no constructors */
	ops->pools[op->id].pool = mempool_create_slab_pool((int)op->count, cache->cache);
	if (!ops->pools[op->id].pool)
		return RIG_OP_FAILED;
	ops->pools[op->id].cache = op->cache;
	ops->pools[op->id].elements = 0;
	cache->pools++;
	return RIG_OP_DONE;
}

static enum rig_op_status pool_alloc(struct rig_ops *ops, const struct rig_op *op,
				     struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	struct op_pool *pool;
	void *element;
	/* nobody else gives elements back, so waiting for one would be for ever; no zeroing */
	gfp_t gfp = op_sane_gfp(op->gfp) & ~(__GFP_DIRECT_RECLAIM | __GFP_ZERO);

	if (!slot || op->id >= ops->config.caches || !ops->pools[op->id].pool)
		return RIG_OP_SKIPPED;
	pool = &ops->pools[op->id];
	element = mempool_alloc(pool->pool, gfp);
	if (!element)
		return RIG_OP_FAILED;
	op_locate(ops, element, result);
	slot->kind = SLOT_ELEMENT;
	slot->id = op->id;
	slot->address = element;
	slot->size = ops->caches[pool->cache].cache->object_size;
	pool->elements++;
	op_fill(ops, slot, gfp);
	return RIG_OP_DONE;
}

static enum rig_op_status pool_destroy(struct rig_ops *ops, const struct rig_op *op)
{
	struct op_pool *pool;

	if (op->id >= ops->config.caches || !ops->pools[op->id].pool || ops->pools[op->id].elements)
		return RIG_OP_SKIPPED;
	pool = &ops->pools[op->id];
	mempool_destroy(pool->pool);
	pool->pool = NULL;
	ops->caches[pool->cache].pools--;
	return RIG_OP_DONE;
}

static enum rig_op_status do_ioremap(struct rig_ops *ops, const struct rig_op *op,
				     struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	void __iomem *address;

	if (!slot || op->size == 0 || op->size > MAX_IOREMAP)
		return RIG_OP_SKIPPED;
	address = ioremap(op->offset, op->size);
	if (!address)
		return RIG_OP_FAILED;
	slot->kind = SLOT_IOREMAP;
	slot->address = (void *)address;
	slot->size = op->size;
	result->address = rig_kernel_address(ops->machine, slot->address);
	return RIG_OP_DONE;
}

/* An access of 1, 2, 4 or 8 bytes, aligned, inside the mapping. */
static struct slot *device_slot(struct rig_ops *ops, const struct rig_op *op)
{
	struct slot *slot = op_used_slot(ops, op->slot);

	if (!slot || slot->kind != SLOT_IOREMAP || op->width == 0 || op->width > 8 ||
	    (op->width & (op->width - 1)) || op->offset % op->width || op->offset >= slot->size ||
	    op->width > slot->size - op->offset)
		return NULL;
	return slot;
}

static void say_nothing(struct rig_machine *machine, const char *line, void *data)
{
}

/*
 * A driver that reads what is no register makes a mistake, which the rig reports; an op that does
 * is answered with "failed" instead. The policy is the caller's again after the access.
 */
static struct rig_check_policy begin_access(struct rig_ops *ops)
{
	struct rig_check_policy before = *ops->machine->check;

	*ops->machine->check =
		(struct rig_check_policy){ .on_failure = RIG_FAILURE_COUNT, .print = say_nothing };
	return before;
}

static enum rig_op_status end_access(struct rig_ops *ops, const struct rig_check_policy *before)
{
	bool refused = ops->machine->check->failures;

	*ops->machine->check = *before;
	return refused ? RIG_OP_FAILED : RIG_OP_DONE;
}

static enum rig_op_status device_read(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result)
{
	struct slot *slot = device_slot(ops, op);
	struct rig_check_policy before;
	void __iomem *address;

	if (!slot)
		return RIG_OP_SKIPPED;
	before = begin_access(ops);
	address = (void __iomem *)((u8 *)slot->address + op->offset);
	switch (op->width) {
	case 1:
		result->value = readb(address);
		break;
	case 2:
		result->value = readw(address);
		break;
	case 4:
		result->value = readl(address);
		break;
	default:
		result->value = (s64)readq(address);
		break;
	}
	return end_access(ops, &before);
}

static enum rig_op_status device_write(struct rig_ops *ops, const struct rig_op *op)
{
	struct slot *slot = device_slot(ops, op);
	struct rig_check_policy before;
	void __iomem *address;

	if (!slot)
		return RIG_OP_SKIPPED;
	before = begin_access(ops);
	address = (void __iomem *)((u8 *)slot->address + op->offset);
	switch (op->width) {
	case 1:
		writeb((u8)op->value, address);
		break;
	case 2:
		writew((u16)op->value, address);
		break;
	case 4:
		writel((u32)op->value, address);
		break;
	default:
		writeq(op->value, address);
		break;
	}
	return end_access(ops, &before);
}

void op_free_mapping(struct rig_ops *ops, struct slot *slot)
{
	if (slot->kind == SLOT_IOREMAP) {
		iounmap((void __iomem *)slot->address);
	} else {
		mempool_free(slot->address, ops->pools[slot->id].pool);
		ops->pools[slot->id].elements--;
	}
}

void op_destroy_pools(struct rig_ops *ops)
{
	for (unsigned int i = 0; i < ops->config.caches; i++)
		if (ops->pools[i].pool) {
			mempool_destroy(ops->pools[i].pool);
			ops->pools[i].pool = NULL;
		}
}

enum rig_op_status op_perform_mapping(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result)
{
	switch (op->kind) {
	case RIG_OP_KMAP:
		return do_kmap(ops, op, result);
	case RIG_OP_KUNMAP:
		return do_kunmap(ops, op);
	case RIG_OP_MEMPOOL_CREATE:
		return pool_create(ops, op);
	case RIG_OP_MEMPOOL_ALLOC:
		return pool_alloc(ops, op, result);
	case RIG_OP_MEMPOOL_DESTROY:
		return pool_destroy(ops, op);
	case RIG_OP_IOREMAP:
		return do_ioremap(ops, op, result);
	case RIG_OP_DEVICE_READ:
		return device_read(ops, op, result);
	case RIG_OP_DEVICE_WRITE:
		return device_write(ops, op);
	default:
		return RIG_OP_SKIPPED;
	}
}
