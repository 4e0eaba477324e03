// SPDX-License-Identifier: GPL-2.0-only
/*
 * Performs ops: one op is one call of the allocators' core functions on the stream's CPU. What
 * makes no sense is skipped, so that every sequence of ops, a fuzzer's too, is a correct caller;
 * what goes wrong then is the allocators' fault.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/context.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/kmem.h>
#include <kmemrig/page.h>
#include <kmemrig/vmalloc.h>
#include <linux/mm.h>

#include "op_slots.h"

#define DEFAULT_SLOTS 1024
#define DEFAULT_CACHES 64
#define DEFAULT_MAX_SIZE (16UL << 20)
/* One step of time; more is many steps. */
#define MAX_TIME_NS (3600ULL * 1000000000ULL)
/* Flags that a caller may give a cache: what kmem_cache_create() permits. */
#define PERMITTED_FLAGS                                                                            \
	(SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_RECLAIM_ACCOUNT |           \
	 SLAB_TYPESAFE_BY_RCU | SLAB_ACCOUNT | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER |     \
	 SLAB_CONSISTENCY_CHECKS | SLAB_FAILSLAB | SLAB_NO_USER_FLAGS)

struct rig_ops *rig_ops_create(struct rig_machine *machine, const struct rig_ops_config *config)
{
	struct rig_ops *ops = calloc(1, sizeof(*ops));

	if (!ops)
		return NULL;
	ops->machine = machine;
	ops->config = *config;
	if (!ops->config.slots)
		ops->config.slots = DEFAULT_SLOTS;
	ops->config.slots = min(ops->config.slots, RIG_OP_MAX_SLOTS);
	if (!ops->config.caches)
		ops->config.caches = DEFAULT_CACHES;
	if (!ops->config.max_size)
		ops->config.max_size = DEFAULT_MAX_SIZE;
	ops->cpu = &machine->cpus[0];
	ops->slots = calloc(ops->config.slots, sizeof(*ops->slots));
	ops->caches = calloc(ops->config.caches, sizeof(*ops->caches));
	ops->pools = calloc(ops->config.caches, sizeof(*ops->pools));
	ops->task.pid = 1;
	ops->task.tgid = 1;
	snprintf(ops->task.comm, sizeof(ops->task.comm), "ops");
	if (ops->slots && ops->caches && ops->pools)
		return ops;
	rig_ops_destroy(ops);
	return NULL;
}

void rig_ops_destroy(struct rig_ops *ops)
{
	if (!ops)
		return;
	free(ops->slots);
	free(ops->caches);
	free(ops->pools);
	free(ops);
}

struct rig_cpu *rig_ops_cpu(const struct rig_ops *ops)
{
	return ops->cpu;
}

void *rig_ops_slot(const struct rig_ops *ops, unsigned int slot)
{
	if (slot >= ops->config.slots || ops->slots[slot].kind == SLOT_EMPTY ||
	    ops->slots[slot].kind == SLOT_IOREMAP)
		return NULL;
	return ops->slots[slot].address;
}

struct kmem_cache *rig_ops_cache(const struct rig_ops *ops, unsigned int id)
{
	return id < ops->config.caches ? ops->caches[id].cache : NULL;
}

/* While ops are performed the thread drives the stream's CPU, which works for the stream's task. */
struct entered {
	struct rig_cpu *cpu;
	struct rig_cpu *before;
	struct task_struct *task;
	unsigned long call_site;
};

/* What events say called: an address a kind of op, the same in every run (a host's would not be).
 */
#define OPS_CALL_SITE 0xffffffff81000000UL
#define OPS_CALL_SITE_STEP 16

static struct entered enter(struct rig_ops *ops, unsigned int kind)
{
	struct entered entered = { .cpu = ops->cpu,
				   .task = ops->cpu->task,
				   .call_site = ops->cpu->call_site };

	if (!ops->cpu->call_site)
		ops->cpu->call_site = OPS_CALL_SITE + kind * OPS_CALL_SITE_STEP;

	entered.before = rig_cpu_enter(ops->cpu);
	ops->cpu->task = &ops->task;
	return entered;
}

static void leave(const struct entered *entered)
{
	entered->cpu->task = entered->task;
	entered->cpu->call_site = entered->call_site;
	rig_cpu_enter(entered->before);
}

static enum rig_op_status cache_create(struct rig_ops *ops, const struct rig_op *op,
				       struct rig_op_result *result)
{
	struct op_cache *entry;
	char name[32];

	if (op->id >= ops->config.caches || ops->caches[op->id].cache || op->size == 0 ||
	    op->size > KMALLOC_MAX_SIZE || (op->align & (op->align - 1)) || op->align > PAGE_SIZE)
		return RIG_OP_SKIPPED;
	entry = &ops->caches[op->id];
	snprintf(name, sizeof(name), "ops-%u", op->id);
	entry->cache = rig_kmem_cache_create(
		ops->cpu, name, (unsigned int)op->size, op->align, op->flags & PERMITTED_FLAGS, 0,
		0,
		/* scripts ask for caches that are told apart: it keeps them from merging */
		op->yes ? op_constructor : NULL);
	entry->constructed = op->yes;
	entry->objects = 0;
	entry->pools = 0;
	if (!entry->cache)
		return RIG_OP_FAILED;
	result->size = entry->cache->object_size;
	return RIG_OP_DONE;
}

static enum rig_op_status cache_destroy(struct rig_ops *ops, const struct rig_op *op)
{
	struct op_cache *entry = op_live_cache(ops, op->id);

	if (!entry || entry->objects || entry->pools)
		return RIG_OP_SKIPPED;
	if (rig_kmem_cache_destroy(ops->cpu, entry->cache, 0))
		return RIG_OP_FAILED;
	entry->cache = NULL;
	return RIG_OP_DONE;
}

/* A constructed object is not zeroed: no caller may ask for both. */
static gfp_t cache_gfp(const struct op_cache *entry, const struct rig_op *op)
{
	gfp_t gfp = op_sane_gfp(op->gfp);

	return entry->constructed ? gfp & ~__GFP_ZERO : gfp;
}

static void hold_object(struct rig_ops *ops, struct slot *slot, unsigned int id, void *object,
			gfp_t gfp)
{
	slot->kind = SLOT_OBJECT;
	slot->id = id;
	slot->address = object;
	slot->size = ops->caches[id].cache->object_size;
	ops->caches[id].objects++;
	op_fill(ops, slot, gfp);
}

static enum rig_op_status cache_alloc(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result)
{
	struct op_cache *entry = op_live_cache(ops, op->id);
	struct slot *slot = op_empty_slot(ops, op->slot);
	void *object;

	if (!entry || !slot)
		return RIG_OP_SKIPPED;
	object = rig_kmem_cache_alloc(ops->cpu, entry->cache, cache_gfp(entry, op), op->node, 0);
	if (!object)
		return RIG_OP_FAILED;
	op_locate(ops, object, result);
	hold_object(ops, slot, op->id, object, cache_gfp(entry, op));
	return RIG_OP_DONE;
}

/* Are @count slots from @first on all empty? */
static bool slots_empty(const struct rig_ops *ops, unsigned int first, unsigned int count)
{
	if (count == 0 || count > RIG_OP_MAX_BULK || first >= ops->config.slots ||
	    count > ops->config.slots - first)
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (ops->slots[first + i].kind != SLOT_EMPTY)
			return false;
	return true;
}

static enum rig_op_status cache_alloc_bulk(struct rig_ops *ops, const struct rig_op *op,
					   struct rig_op_result *result)
{
	struct op_cache *entry = op_live_cache(ops, op->id);
	void *objects[RIG_OP_MAX_BULK] = { NULL };
	size_t got;

	if (!entry || !slots_empty(ops, op->slot, op->count))
		return RIG_OP_SKIPPED;
	got = rig_kmem_cache_alloc_bulk(ops->cpu, entry->cache, cache_gfp(entry, op), op->count,
					objects);
	result->value = (s64)got;
	for (size_t i = 0; i < got; i++)
		hold_object(ops, op_empty_slot(ops, op->slot + (unsigned int)i), op->id, objects[i],
			    cache_gfp(entry, op));
	return got ? RIG_OP_DONE : RIG_OP_FAILED;
}

static void hold_kmalloc(struct rig_ops *ops, struct slot *slot, const struct rig_op *op,
			 void *object, gfp_t gfp, struct rig_op_result *result)
{
	slot->kind = SLOT_KMALLOC;
	slot->address = object;
	slot->size = op->size;
	result->zero_size = object == ZERO_SIZE_PTR;
	if (result->zero_size)
		return;
	op_locate(ops, object, result);
	result->size = rig_ksize(ops->cpu, object);
	op_fill(ops, slot, gfp);
}

static enum rig_op_status do_kmalloc(struct rig_ops *ops, const struct rig_op *op,
				     struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	void *object;

	if (!slot || op->size > ops->config.max_size)
		return RIG_OP_SKIPPED;
	object = rig_kmalloc(ops->cpu, op->size, op_sane_gfp(op->gfp), op->node, 0);
	if (!object)
		return RIG_OP_FAILED;
	hold_kmalloc(ops, slot, op, object, op_sane_gfp(op->gfp), result);
	/* nothing is held: a free of it would be one of the script's own */
	if (result->zero_size)
		slot->kind = SLOT_EMPTY;
	return RIG_OP_DONE;
}

static enum rig_op_status do_krealloc(struct rig_ops *ops, const struct rig_op *op,
				      struct rig_op_result *result)
{
	struct slot *slot = op_used_slot(ops, op->slot);
	struct rig_verdict *verdict = &result->verdict;
	u64 kept;
	void *object;

	if (!slot || slot->kind != SLOT_KMALLOC || op->size == 0 || op->size > ops->config.max_size)
		return RIG_OP_SKIPPED;
	if (!op_contents_hold(ops, slot, verdict))
		return RIG_OP_BROKEN;
	object = rig_krealloc(ops->cpu, slot->address, op->size, op_sane_gfp(op->gfp), 0);
	if (!object)
		return RIG_OP_FAILED;
	kept = min(slot->size, op->size);
	slot->address = object;
	slot->size = kept;
	if (!op_contents_hold(ops, slot, verdict))
		return RIG_OP_BROKEN;
	/* what was kept is not zero */
	hold_kmalloc(ops, slot, op, object, 0, result);
	return RIG_OP_DONE;
}

static void hold_pages(struct rig_ops *ops, struct slot *slot, struct page *page,
		       unsigned int order, gfp_t gfp)
{
	unsigned long pfn = rig_page_to_pfn(ops->machine, page);

	slot->kind = SLOT_PAGES;
	slot->page = page;
	slot->order = order;
	slot->size = PAGE_SIZE << order;
	if (pfn < ops->machine->max_low_pfn)
		slot->address = rig_page_address(ops->machine, page);
	op_fill(ops, slot, gfp);
}

static enum rig_op_status page_alloc(struct rig_ops *ops, const struct rig_op *op,
				     struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	struct page *page;

	if (!slot || op->order >= MAX_ORDER || op->node >= ops->machine->nr_nodes)
		return RIG_OP_SKIPPED;
	page = rig_alloc_pages(ops->cpu, op_sane_gfp(op->gfp), op->order, op->node, NULL);
	if (!page)
		return RIG_OP_FAILED;
	result->pfn = rig_page_to_pfn(ops->machine, page);
	result->address = RIG_PAGE_OFFSET + PFN_PHYS(result->pfn);
	result->order = op->order;
	hold_pages(ops, slot, page, op->order, op_sane_gfp(op->gfp));
	return RIG_OP_DONE;
}

static enum rig_op_status page_alloc_bulk(struct rig_ops *ops, const struct rig_op *op,
					  struct rig_op_result *result)
{
	struct page *pages[RIG_OP_MAX_BULK] = { NULL };
	unsigned long got;

	if (!slots_empty(ops, op->slot, op->count) || op->node >= ops->machine->nr_nodes)
		return RIG_OP_SKIPPED;
	got = rig_alloc_pages_bulk(ops->cpu, op_sane_gfp(op->gfp), op->node, NULL, op->count,
				   pages);
	result->value = (s64)got;
	for (unsigned int i = 0; i < got; i++)
		hold_pages(ops, op_empty_slot(ops, op->slot + i), pages[i], 0,
			   op_sane_gfp(op->gfp));
	return got ? RIG_OP_DONE : RIG_OP_FAILED;
}

static enum rig_op_status page_alloc_exact(struct rig_ops *ops, const struct rig_op *op,
					   struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	/* its result is an address, so no highmem; and it is not compound */
	gfp_t gfp = op_sane_gfp(op->gfp) & ~(__GFP_HIGHMEM | __GFP_COMP);
	void *address;

	if (!slot || op->size == 0 || op->size > (PAGE_SIZE << (MAX_ORDER - 1)))
		return RIG_OP_SKIPPED;
	address = rig_alloc_pages_exact(ops->cpu, op->size, gfp, NUMA_NO_NODE);
	if (!address)
		return RIG_OP_FAILED;
	op_locate(ops, address, result);
	slot->kind = SLOT_EXACT;
	slot->address = address;
	slot->size = op->size;
	op_fill(ops, slot, gfp);
	return RIG_OP_DONE;
}

/* release_pages: single pages that are freed as one batch. */
static enum rig_op_status page_free_list(struct rig_ops *ops, const struct rig_op *op,
					 struct rig_op_result *result)
{
	LIST_HEAD(pages);
	bool held = true;

	if (op->count == 0 || op->count > RIG_OP_MAX_BULK || op->slot >= ops->config.slots ||
	    op->count > ops->config.slots - op->slot)
		return RIG_OP_SKIPPED;
	for (unsigned int i = 0; i < op->count; i++) {
		struct slot *slot = &ops->slots[op->slot + i];

		if (slot->kind != SLOT_PAGES || slot->order || slot->mappings ||
		    PageCompound(slot->page))
			continue;
		held &= op_contents_hold(ops, slot, &result->verdict);
		put_page_testzero(slot->page);
		list_add_tail(&slot->page->lru, &pages);
		slot->kind = SLOT_EMPTY;
	}
	rig_free_page_list(ops->cpu, &pages);
	return held ? RIG_OP_DONE : RIG_OP_BROKEN;
}

static enum rig_op_status do_free(struct rig_ops *ops, const struct rig_op *op,
				  struct rig_op_result *result)
{
	struct slot *slot = op_used_slot(ops, op->slot);

	if (!slot || slot->mappings)
		return RIG_OP_SKIPPED;
	return op_free_slot(ops, slot, &result->verdict) ? RIG_OP_DONE : RIG_OP_BROKEN;
}

static enum rig_op_status do_vmalloc(struct rig_ops *ops, const struct rig_op *op,
				     struct rig_op_result *result)
{
	struct slot *slot = op_empty_slot(ops, op->slot);
	/* vmalloc sleeps and maps wherever its pages are: only these are the caller's to choose */
	gfp_t gfp = GFP_KERNEL | ((gfp_t)op->gfp & (__GFP_ZERO | __GFP_NOWARN | __GFP_HIGHMEM));
	void *address;

	if (!slot || op->size > ops->config.max_size)
		return RIG_OP_SKIPPED;
	address = rig_vmalloc(ops->cpu, op->size, 1, gfp, 0, NUMA_NO_NODE, 0);
	if (!address)
		return RIG_OP_FAILED;
	result->address = rig_kernel_address(ops->machine, address);
	slot->kind = SLOT_VMALLOC;
	slot->address = address;
	slot->size = op->size;
	op_fill(ops, slot, gfp);
	return RIG_OP_DONE;
}

static enum rig_op_status set_cpu(struct rig_ops *ops, const struct rig_op *op)
{
	if (op->cpu >= (unsigned int)ops->machine->nr_cpus || !ops->machine->cpus[op->cpu].online)
		return RIG_OP_SKIPPED;
	ops->cpu = &ops->machine->cpus[op->cpu];
	return RIG_OP_DONE;
}

static enum rig_op_status fault_attribute(struct rig_ops *ops, const struct rig_op *op)
{
	char error[128];

	return rig_fault_set(ops->machine, op->attribute, op->text, error, sizeof(error))
		       ? RIG_OP_FAILED
		       : RIG_OP_DONE;
}

static enum rig_op_status check(struct rig_ops *ops, int tier, struct rig_op_result *result)
{
	return rig_machine_check(ops->machine, tier, &result->verdict) ? RIG_OP_DONE
								       : RIG_OP_BROKEN;
}

static enum rig_op_status perform(struct rig_ops *ops, const struct rig_op *op,
				  struct rig_op_result *result)
{
	struct rig_machine *machine = ops->machine;

	switch (op->kind) {
	case RIG_OP_CACHE_CREATE:
		return cache_create(ops, op, result);
	case RIG_OP_CACHE_ALLOC:
		return cache_alloc(ops, op, result);
	case RIG_OP_CACHE_ALLOC_BULK:
		return cache_alloc_bulk(ops, op, result);
	case RIG_OP_KMALLOC:
		return do_kmalloc(ops, op, result);
	case RIG_OP_KREALLOC:
		return do_krealloc(ops, op, result);
	case RIG_OP_FREE:
		return do_free(ops, op, result);
	case RIG_OP_CACHE_DESTROY:
		return cache_destroy(ops, op);
	case RIG_OP_CACHE_SHRINK:
		if (!op_live_cache(ops, op->id))
			return RIG_OP_SKIPPED;
		result->value = rig_kmem_cache_shrink(ops->cpu, ops->caches[op->id].cache);
		return RIG_OP_DONE;
	case RIG_OP_PAGE_ALLOC:
		return page_alloc(ops, op, result);
	case RIG_OP_PAGE_ALLOC_BULK:
		return page_alloc_bulk(ops, op, result);
	case RIG_OP_PAGE_ALLOC_EXACT:
		return page_alloc_exact(ops, op, result);
	case RIG_OP_PAGE_FREE_LIST:
		return page_free_list(ops, op, result);
	case RIG_OP_DRAIN:
		rig_drain_local_pages(ops->cpu, NULL);
		return RIG_OP_DONE;
	case RIG_OP_VMALLOC:
		return do_vmalloc(ops, op, result);
	case RIG_OP_VMALLOC_PURGE:
		rig_vm_unmap_aliases(ops->cpu);
		return RIG_OP_DONE;
	case RIG_OP_VMALLOC_USED:
		return rig_vmalloc_occupy(machine, op->offset, op->size, VM_ALLOC, NULL)
			       ? RIG_OP_FAILED
			       : RIG_OP_DONE;
	case RIG_OP_CPU:
		return set_cpu(ops, op);
	case RIG_OP_TIME:
		rig_sleep(ops->cpu, min(op->offset, (u64)MAX_TIME_NS));
		return RIG_OP_DONE;
	case RIG_OP_FAULT_ATTRIBUTE:
		return fault_attribute(ops, op);
	case RIG_OP_MAKE_IT_FAIL:
		rig_fault_make_it_fail(machine, &ops->task, op->yes);
		return RIG_OP_DONE;
	case RIG_OP_FAIL_NTH:
		result->value = rig_fault_fail_nth(machine, &ops->task, op->count);
		return RIG_OP_DONE;
	case RIG_OP_CHECK:
		return check(ops, (int)min(op->tier, 3U), result);
	default:
		return op_perform_mapping(ops, op, result);
	}
}

enum rig_op_status rig_op_perform(struct rig_ops *ops, const struct rig_op *op,
				  struct rig_op_result *result)
{
	struct entered entered = enter(ops, min((unsigned int)op->kind, (unsigned int)RIG_NR_OPS));
	char text[160];

	memset(result, 0, sizeof(*result));
	ops->performed++;
	ops->found.name = NULL;
	if (rig_event_enabled(&ops->machine->events, RIG_EVENT_op_begin))
		RIG_TRACE(entered.cpu, op_begin, .number = ops->performed,
			  .op = rig_op_format(op, text, sizeof(text)));
	if ((unsigned int)op->kind < RIG_NR_OPS)
		result->status = perform(ops, op, result);
	else
		result->status = RIG_OP_SKIPPED;
	if (ops->found.name) {
		result->verdict = ops->found;
		result->status = RIG_OP_BROKEN;
	}
	RIG_TRACE(entered.cpu, op_end, .number = ops->performed, .result = result->status);
	leave(&entered);
	if (ops->config.check_tier && result->status != RIG_OP_BROKEN &&
	    check(ops, ops->config.check_tier, result) == RIG_OP_BROKEN)
		result->status = RIG_OP_BROKEN;
	return result->status;
}

void rig_ops_clear(struct rig_ops *ops)
{
	struct entered entered = enter(ops, RIG_OP_FREE);
	struct rig_verdict verdict;

	for (unsigned int i = 0; i < ops->config.slots; i++) {
		struct slot *slot = &ops->slots[i];
		struct rig_op unmap = { .kind = RIG_OP_KUNMAP, .slot = i };
		struct rig_op_result result;

		while (slot->kind != SLOT_EMPTY && slot->mappings)
			op_perform_mapping(ops, &unmap, &result);
		if (slot->kind != SLOT_EMPTY && !op_free_slot(ops, slot, &verdict))
			rig_broken(ops->machine, &verdict);
	}
	op_destroy_pools(ops);
	for (unsigned int i = 0; i < ops->config.caches; i++)
		if (ops->caches[i].cache) {
			rig_kmem_cache_destroy(ops->cpu, ops->caches[i].cache, 0);
			ops->caches[i].cache = NULL;
		}
	leave(&entered);
}
