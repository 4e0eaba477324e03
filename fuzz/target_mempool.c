// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: mempools of every kind against a naive model: how many elements the reserve has to hold
 * after each call, which nobody else touches.
 *
 *	mempool.flags		the pool's allocator was asked without the flags that keep it from
 *				the page allocator's emergency reserve, from retrying and warning
 *	mempool.reserve		the reserve is not as large as the calls so far make it
 *	mempool.floor		nothing for the caller, though the reserve had an element, or a
 *				caller that may sleep got nothing
 *	mempool.same		an element was handed out twice
 *	mempool.contents	an element does not hold what its owner wrote
 *
 * A caller that may sleep and finds nothing waits for a timer that gives an element back.
 *
 * Input: the header of plan.h, then calls of a byte and their arguments.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/context.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/irq.h>
#include <kmemrig/kmem.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "run.h"

#define NR_POOLS 4
#define NR_ELEMENTS 32
#define MAX_CALLS 400
#define MAX_MIN 12
#define OWN_BYTES 40
/* How long a caller sleeps before an element comes back. */
#define WAIT_NS (50ULL * 1000000)

enum pool_kind { POOL_SLAB, POOL_KMALLOC, POOL_PAGES, POOL_HIGH_PAGES, POOL_OWN, NR_POOL_KINDS };

struct model_pool {
	mempool_t *pool; /* NULL: none */
	enum pool_kind kind;
	unsigned int order; /* of pages */
	size_t bytes;	    /* of an object */
	struct kmem_cache *cache;
	int reserve; /* elements that it has to hold */
	void *elements[NR_ELEMENTS];
};

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct model_pool pools[NR_POOLS];
	bool refuses; /* own allocators give nothing */
	bool looks;   /* own allocators look at the flags */
	bool faults;  /* any allocation may fail */
	unsigned int own_failures;
};

static struct model model; /* the pools' functions have no other way to it */
static const struct fuzz_shape shape = { .name = "mempool", .max_cpus = 2, .max_nodes = 1 };

/* --- the pools' allocators */

static void look_at_flags(gfp_t gfp)
{
	const gfp_t wanted = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;

	if (model.looks && (gfp & wanted) != wanted)
		fuzz_fail(model.machine, "mempool.flags", "gfp %#x without %#x", (unsigned int)gfp,
			  (unsigned int)(wanted & ~gfp));
}

static void *own_alloc(gfp_t gfp, void *data)
{
	look_at_flags(gfp);
	if (model.refuses) {
		model.own_failures++;
		return NULL;
	}
	return kmalloc(OWN_BYTES, gfp);
}

static void own_free(void *element, void *data)
{
	kfree(element);
}

static void *high_alloc(gfp_t gfp, void *data)
{
	look_at_flags(gfp);
	return alloc_pages(gfp | __GFP_HIGHMEM, (unsigned int)(unsigned long)data);
}

/* --- elements */

static u8 mark_of(const struct model_pool *pool, int slot)
{
	return (u8)((pool - model.pools) * NR_ELEMENTS + slot + 1);
}

static void write_marks(struct model_pool *pool, int slot)
{
	void *element = pool->elements[slot];

	if (pool->bytes) {
		memset(element, mark_of(pool, slot), pool->bytes);
		return;
	}
	for (unsigned int i = 0; i < 1U << pool->order; i++)
		memset_page((struct page *)element + i, 0, mark_of(pool, slot), 16);
}

static bool marks_hold(const struct model_pool *pool, int slot)
{
	u8 *element = pool->elements[slot], mark = mark_of(pool, slot);

	if (pool->bytes)
		return element[0] == mark && !memcmp(element, element + 1, pool->bytes - 1);
	for (unsigned int i = 0; i < 1U << pool->order; i++) {
		const u8 *bytes = kmap_local_page((struct page *)pool->elements[slot] + i);
		bool same = bytes[0] == mark && bytes[15] == mark;

		kunmap_local(bytes);
		if (!same)
			return false;
	}
	return true;
}

static void check_reserve(const struct model_pool *pool, const char *after)
{
	struct rig_verdict verdict;

	if (pool->pool->curr_nr != pool->reserve)
		fuzz_fail(model.machine, "mempool.reserve", "after %s: %d of %d, expected %d",
			  after, pool->pool->curr_nr, pool->pool->min_nr, pool->reserve);
	if (!rig_mempool_check(pool->pool, 2, &verdict))
		fuzz_fail(model.machine, verdict.name, "%s", verdict.detail);
}

static void give_back(struct model_pool *pool, int slot)
{
	if (!marks_hold(pool, slot))
		fuzz_fail(model.machine, "mempool.contents", "element %d of pool %td", slot,
			  pool - model.pools);
	if (pool->reserve < pool->pool->min_nr)
		pool->reserve++;
	mempool_free(pool->elements[slot], pool->pool);
	pool->elements[slot] = NULL;
	check_reserve(pool, "a free");
}

/* --- waiting */

static struct {
	struct rig_timer timer;
	struct model_pool *pool;
	bool fired;
} giver;

static void give_one_back(struct rig_timer *timer)
{
	giver.fired = true;
	for (int slot = 0; slot < NR_ELEMENTS; slot++)
		if (giver.pool->elements[slot]) {
			give_back(giver.pool, slot);
			return;
		}
}

static bool has_elements_out(const struct model_pool *pool)
{
	for (int slot = 0; slot < NR_ELEMENTS; slot++)
		if (pool->elements[slot])
			return true;
	return false;
}

/* --- calls */

static struct model_pool *read_pool(struct fuzz_bytes *bytes)
{
	return &model.pools[fuzz_below(bytes, NR_POOLS)];
}

static void create(struct model_pool *pool, int min_nr)
{
	switch (pool->kind) {
	case POOL_SLAB:
		pool->cache = kmem_cache_create("fuzz-pool", (unsigned int)pool->bytes, 0, 0, NULL);
		pool->pool = pool->cache ? mempool_create_slab_pool(min_nr, pool->cache) : NULL;
		if (pool->cache && !pool->pool)
			kmem_cache_destroy(pool->cache);
		break;
	case POOL_KMALLOC:
		pool->pool = mempool_create_kmalloc_pool(min_nr, pool->bytes);
		break;
	case POOL_PAGES:
		pool->pool = mempool_create_page_pool(min_nr, (int)pool->order);
		break;
	case POOL_HIGH_PAGES:
		pool->pool = mempool_create(min_nr, high_alloc, mempool_free_pages,
					    (void *)(unsigned long)pool->order);
		break;
	default:
		pool->pool = mempool_create(min_nr, own_alloc, own_free, NULL);
	}
}

static void call_create(struct fuzz_bytes *bytes)
{
	struct model_pool *pool = read_pool(bytes);
	int min_nr = 1 + (int)fuzz_below(bytes, MAX_MIN);
	u8 bits = fuzz_u8(bytes);

	if (pool->pool)
		return;
	memset(pool, 0, sizeof(*pool));
	pool->kind = (enum pool_kind)(bits % NR_POOL_KINDS);
	pool->order = bits >> 3 & 3;
	if (pool->kind == POOL_OWN)
		pool->bytes = OWN_BYTES;
	else if (pool->kind == POOL_SLAB || pool->kind == POOL_KMALLOC)
		pool->bytes = 8 + (size_t)(bits >> 3) * 61;
	/* its reserve comes by the caller's own flags */
	model.looks = false;
	model.refuses = false;
	create(pool, min_nr);
	model.looks = true;
	if (!pool->pool)
		return;
	pool->reserve = min_nr;
	check_reserve(pool, "its creation");
}

static void call_destroy(struct fuzz_bytes *bytes)
{
	struct model_pool *pool = read_pool(bytes);

	if (!pool->pool)
		return;
	for (int slot = 0; slot < NR_ELEMENTS; slot++)
		if (pool->elements[slot])
			give_back(pool, slot);
	mempool_destroy(pool->pool);
	if (pool->kind == POOL_SLAB)
		kmem_cache_destroy(pool->cache);
	pool->pool = NULL;
}

/* Growing takes what the allocator gives; only how much that was is learnt, not foretold. */
static void call_resize(struct fuzz_bytes *bytes)
{
	struct model_pool *pool = read_pool(bytes);
	int min_nr = 1 + (int)fuzz_below(bytes, MAX_MIN), before;
	bool grows;

	if (!pool->pool)
		return;
	before = pool->reserve;
	grows = min_nr > pool->pool->min_nr;
	model.looks = false;
	if (mempool_resize(pool->pool, min_nr) == 0 && !grows)
		pool->reserve = min(before, min_nr);
	else
		pool->reserve = clamp(pool->pool->curr_nr, before, pool->pool->min_nr);
	model.looks = true;
	check_reserve(pool, "a resize");
}

static gfp_t read_gfp(struct fuzz_bytes *bytes)
{
	static const gfp_t flags[] = { GFP_ATOMIC,
				       GFP_NOWAIT,
				       GFP_KERNEL,
				       GFP_NOIO,
				       GFP_NOFS,
				       GFP_KERNEL | __GFP_MEMALLOC,
				       GFP_ATOMIC | __GFP_NOMEMALLOC,
				       GFP_KERNEL | __GFP_NOWARN };

	return flags[fuzz_below(bytes, ARRAY_SIZE(flags))];
}

static void check_new(struct model_pool *pool, const void *element)
{
	for (int i = 0; i < NR_ELEMENTS; i++)
		if (pool->elements[i] == element)
			fuzz_fail(model.machine, "mempool.same", "pool %td, element %d",
				  pool - model.pools, i);
}

static void call_alloc(struct fuzz_bytes *bytes)
{
	struct model_pool *pool = read_pool(bytes);
	int slot = (int)fuzz_below(bytes, NR_ELEMENTS), before;
	gfp_t gfp = read_gfp(bytes);
	void *element;

	if (!pool->pool || pool->elements[slot])
		return;
	/* with nothing in reserve and nothing out, nobody could give anything back */
	if (!pool->reserve && !has_elements_out(pool))
		return;
	giver.pool = pool;
	giver.fired = false;
	rig_timer_set(model.cpu, &giver.timer, model.machine->clock_ns + WAIT_NS);
	before = pool->reserve;
	element = mempool_alloc(pool->pool, gfp);
	rig_timer_cancel(model.cpu, &giver.timer);
	if (!element && (before || (gfp & __GFP_DIRECT_RECLAIM)))
		fuzz_fail(model.machine, "mempool.floor", "gfp %#x, %d in reserve",
			  (unsigned int)gfp, before);
	/* from the allocator, or from the reserve */
	if (element && pool->pool->curr_nr == pool->reserve - 1)
		pool->reserve--;
	check_reserve(pool, "an allocation");
	if (!element)
		return;
	check_new(pool, element);
	pool->elements[slot] = element;
	write_marks(pool, slot);
}

static void call_free(struct fuzz_bytes *bytes)
{
	struct model_pool *pool = read_pool(bytes);
	int slot = (int)fuzz_below(bytes, NR_ELEMENTS);

	for (int i = 0; pool->pool && i < NR_ELEMENTS; i++, slot = (slot + 1) % NR_ELEMENTS)
		if (pool->elements[slot]) {
			give_back(pool, slot);
			return;
		}
}

static void set(const char *file, unsigned int value)
{
	char text[16], error[128];

	snprintf(text, sizeof(text), "%d", (int)value);
	if (rig_fault_set(model.machine, file, text, error, sizeof(error)))
		abort();
}

/* Nothing more from the slabs and the page allocator, or all again. */
static void call_faults(struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);

	set("failslab/ignore-gfp-wait", 0);
	set("failslab/times", (unsigned int)-1);
	set("failslab/probability", bits & 1 ? 100 : 0);
	set("fail_page_alloc/ignore-gfp-wait", 0);
	set("fail_page_alloc/ignore-gfp-highmem", 0);
	set("fail_page_alloc/min-order", 0);
	set("fail_page_alloc/times", (unsigned int)-1);
	set("fail_page_alloc/probability", bits & 2 ? 100 : 0);
	model.refuses = bits & 4;
}

static void call(struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 16) {
	case 0 ... 1:
		call_create(bytes);
		break;
	case 2:
		call_destroy(bytes);
		break;
	case 3:
		call_resize(bytes);
		break;
	case 4 ... 8:
		call_alloc(bytes);
		break;
	case 9 ... 12:
		call_free(bytes);
		break;
	case 13 ... 14:
		call_faults(bytes);
		break;
	default:
		model.cpu = &model.machine->cpus[fuzz_u8(bytes) % model.machine->nr_cpus];
		rig_cpu_enter(model.cpu);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_plan plan;

	memset(&model, 0, sizeof(model));
	memset(&giver, 0, sizeof(giver));
	fuzz_plan_init(&plan, &shape, data, size);
	/* the reserve is poisoned and looked at; half of the pages need a mapping */
	plan.config.check_tier = max(plan.config.check_tier, 1);
	plan.config.lowmem_limit = plan.memory[0].size / 2 & ~((4UL << 20) - 1);
	model.machine = fuzz_machine_create(&plan, false);
	if (!model.machine)
		return 0;
	INIT_LIST_HEAD(&giver.timer.node);
	giver.timer.function = give_one_back;
	model.looks = true;
	model.cpu = &model.machine->cpus[0];
	rig_cpu_enter(model.cpu);
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&plan.bytes); i++)
		call(&plan.bytes);
	for (unsigned int i = 0; i < NR_POOLS; i++) {
		struct fuzz_bytes last = { (const u8 *)&i, 1, 0 };

		call_destroy(&last);
	}
	fuzz_machine_check(model.machine, 3);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
