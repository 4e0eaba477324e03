// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory pools: min_nr elements in reserve, for those who can't go on without one.
 *
 *	elements   [ e0 | e1 | e2 |    |    ]        curr_nr 3, min_nr 5: the last in goes first
 *
 * An allocation asks the pool's allocator first, without direct reclaim, I/O, warnings or the
 * page allocator's own emergency reserves; then takes from the reserve; then asks again with all
 * its flags allow; then sleeps until an element comes back. A free refills the reserve as long as
 * that is short. So while every user gives its element back some time, no one waits for ever.
 *
 * Invariants: "mempool.count" (0 <= curr_nr <= min_nr, and all elements in reserve are there),
 * "mempool.twice" (no element twice in reserve), "mempool.poison". pool->lock guards the reserve;
 * the pool's functions are called outside of it.
 */
#include <errno.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "private.h"

static void add_element(mempool_t *pool, void *element)
{
	BUG_ON(pool->curr_nr >= pool->min_nr);
	element_poison(pool, element);
	pool->elements[pool->curr_nr] = element;
	WRITE_ONCE(pool->curr_nr, pool->curr_nr + 1);
}

static void *remove_element(mempool_t *pool)
{
	void *element;

	BUG_ON(pool->curr_nr <= 0);
	WRITE_ONCE(pool->curr_nr, pool->curr_nr - 1);
	element = pool->elements[pool->curr_nr];
	element_unpoison(pool, element);
	return element;
}

void mempool_exit(mempool_t *pool)
{
	while (pool->curr_nr) {
		void *element = remove_element(pool);

		pool->free(element, pool->pool_data);
	}
	kfree(pool->elements);
	pool->elements = NULL;
}

void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	mempool_exit(pool);
	kfree(pool);
}

int mempool_init_node(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn,
		      mempool_free_t *free_fn, void *pool_data, gfp_t gfp_mask, int nid)
{
	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->wait);
	pool->min_nr = min_nr;
	pool->curr_nr = 0;
	pool->object_size = 0;
	pool->pool_data = pool_data;
	pool->alloc = alloc_fn;
	pool->free = free_fn;
	pool->elements = kmalloc_array_node((size_t)min_nr, sizeof(void *), gfp_mask, nid);
	if (!pool->elements)
		return -ENOMEM;
	while (pool->curr_nr < pool->min_nr) {
		void *element = pool->alloc(gfp_mask, pool->pool_data);

		if (!element) {
			mempool_exit(pool);
			return -ENOMEM;
		}
		add_element(pool, element);
	}
	return 0;
}

int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
		 void *pool_data)
{
	return mempool_init_node(pool, min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL,
				 NUMA_NO_NODE);
}

mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			       void *pool_data, gfp_t gfp_mask, int nid)
{
	mempool_t *pool = kzalloc_node(sizeof(*pool), gfp_mask, nid);

	if (!pool)
		return NULL;
	if (mempool_init_node(pool, min_nr, alloc_fn, free_fn, pool_data, gfp_mask, nid)) {
		kfree(pool);
		return NULL;
	}
	return pool;
}

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			  void *pool_data)
{
	return mempool_create_node(min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL, NUMA_NO_NODE);
}

static void shrink(mempool_t *pool, int new_min_nr)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	while (new_min_nr < pool->curr_nr) {
		void *element = remove_element(pool);

		spin_unlock_irqrestore(&pool->lock, flags);
		pool->free(element, pool->pool_data);
		spin_lock_irqsave(&pool->lock, flags);
	}
	WRITE_ONCE(pool->min_nr, new_min_nr);
	spin_unlock_irqrestore(&pool->lock, flags);
}

/* Puts an element into the reserve; false: it is full. */
static bool offer(mempool_t *pool, void *element)
{
	unsigned long flags;
	bool wanted;

	spin_lock_irqsave(&pool->lock, flags);
	wanted = pool->curr_nr < pool->min_nr;
	if (wanted)
		add_element(pool, element);
	spin_unlock_irqrestore(&pool->lock, flags);
	return wanted;
}

static void fill(mempool_t *pool)
{
	while (READ_ONCE(pool->curr_nr) < READ_ONCE(pool->min_nr)) {
		void *element = pool->alloc(GFP_KERNEL, pool->pool_data);

		if (!element)
			return;
		if (!offer(pool, element)) {
			pool->free(element, pool->pool_data);
			return;
		}
	}
}

int mempool_resize(mempool_t *pool, int new_min_nr)
{
	void **larger, **old = NULL;
	unsigned long flags;

	BUG_ON(new_min_nr <= 0);
	might_sleep();
	if (new_min_nr <= READ_ONCE(pool->min_nr)) {
		shrink(pool, new_min_nr);
		return 0;
	}
	larger = kmalloc_array((size_t)new_min_nr, sizeof(*larger), GFP_KERNEL);
	if (!larger)
		return -ENOMEM;
	spin_lock_irqsave(&pool->lock, flags);
	if (new_min_nr > pool->min_nr) {
		old = pool->elements;
		memcpy(larger, old, (size_t)pool->curr_nr * sizeof(*larger));
		pool->elements = larger;
		WRITE_ONCE(pool->min_nr, new_min_nr);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (!old) {
		kfree(larger); /* another resize was faster and does our work */
		return 0;
	}
	kfree(old);
	fill(pool);
	return 0;
}

static void *take_from_reserve(mempool_t *pool)
{
	void *element = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->curr_nr)
		element = remove_element(pool);
	spin_unlock_irqrestore(&pool->lock, flags);
	/* Pairs with the barrier of mempool_free: the element is seen after the count. */
	smp_wmb();
	return element;
}

/* The allocator, then the reserve. */
static void *try_alloc(mempool_t *pool, gfp_t gfp)
{
	void *element = pool->alloc(gfp, pool->pool_data);

	return element ? element : take_from_reserve(pool);
}

void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask)
{
	struct rig_cpu *cpu = rig_this_cpu();
	struct rig_waiter waiter;
	void *element;
	gfp_t gently;

	WARN_ON_ONCE(gfp_mask & __GFP_ZERO);
	might_alloc(gfp_mask);
	gfp_mask |= __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	gently = gfp_mask & ~(__GFP_DIRECT_RECLAIM | __GFP_IO);
	element = try_alloc(pool, gently);
	if (!element && gently != gfp_mask)
		element = try_alloc(pool, gfp_mask);
	if (element || !(gfp_mask & __GFP_DIRECT_RECLAIM))
		return element;
	waiter = rig_wait_begin(cpu);
	__atomic_fetch_add(&pool->wait.waiters, 1, __ATOMIC_ACQ_REL);
	/* Something happened, or nothing can any more: look once more in either case. */
	for (bool waits = true; waits && !element;) {
		waits = rig_wait_step(cpu, &waiter);
		element = try_alloc(pool, gfp_mask);
	}
	__atomic_fetch_sub(&pool->wait.waiters, 1, __ATOMIC_ACQ_REL);
	return element;
}

void mempool_free(void *element, mempool_t *pool)
{
	if (!element)
		return;
	/*
	 * The count that is read next may not be older than the allocation of the element:
	 * otherwise the last one to come back could miss that the reserve is short.
	 */
	smp_rmb();
	if (READ_ONCE(pool->curr_nr) < READ_ONCE(pool->min_nr) && offer(pool, element)) {
		wake_up(&pool->wait);
		return;
	}
	pool->free(element, pool->pool_data);
}

void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data)
{
	return rig_kmem_cache_alloc(rig_this_cpu(), pool_data, gfp_mask, NUMA_NO_NODE, _RET_IP_);
}

void mempool_free_slab(void *element, void *pool_data)
{
	rig_kmem_cache_free(rig_this_cpu(), pool_data, element, _RET_IP_);
}

void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data)
{
	return rig_kmalloc(rig_this_cpu(), (size_t)pool_data, gfp_mask, NUMA_NO_NODE, _RET_IP_);
}

void mempool_kfree(void *element, void *pool_data)
{
	rig_kfree(rig_this_cpu(), element, _RET_IP_);
}

void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data)
{
	return alloc_pages(gfp_mask, (unsigned int)(unsigned long)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned int)(unsigned long)pool_data);
}

bool rig_mempool_check(mempool_t *pool, int tier, struct rig_verdict *verdict)
{
	verdict->name = NULL;
	if (pool->curr_nr < 0 || pool->curr_nr > pool->min_nr || !pool->elements)
		return rig_fails(verdict, "mempool.count", "%d in reserve of %d", pool->curr_nr,
				 pool->min_nr);
	for (int i = 0; tier >= 2 && i < pool->curr_nr; i++) {
		if (!pool->elements[i])
			return rig_fails(verdict, "mempool.count", "element %d is not there", i);
		for (int j = 0; j < i; j++)
			if (pool->elements[i] == pool->elements[j])
				return rig_fails(verdict, "mempool.twice", "elements %d and %d", j,
						 i);
		if (!element_is_poisoned(pool, pool->elements[i]))
			return rig_fails(verdict, "mempool.poison", "element %d was written to", i);
	}
	return true;
}
