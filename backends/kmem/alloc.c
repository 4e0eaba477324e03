// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects of caches: the core functions, and the kernel's API over them (kmem_cache_alloc and its
 * relatives in mm/slub.c and mm/slab.c). The work is in hot.h; what is rarely wanted is here.
 */
#include "hot.h"

void kmem_trace_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
		      size_t bytes_req, gfp_t gfp, int node, unsigned long call_site)
{
	bool accounted = kmem_of(cpu->machine)->memcg &&
			 ((gfp & __GFP_ACCOUNT) || (cache->flags & SLAB_ACCOUNT));

	RIG_TRACE(cpu, kmem_cache_alloc, .call_site = event_site(cpu, call_site),
		  .ptr = rig_kernel_address(cpu->machine, object), .bytes_req = bytes_req,
		  .bytes_alloc = cache->size, .gfp_flags = gfp, .node = node,
		  .accounted = accounted);
}

void rig_kmem_trace_cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
			       unsigned long call_site)
{
	RIG_TRACE(cpu, kmem_cache_free, .call_site = event_site(cpu, call_site),
		  .ptr = rig_kernel_address(cpu->machine, object), .name = cache->name);
}

void *kmem_mark_live(struct rig_cpu *cpu, struct kmem_cache *cache, void *object, size_t usable)
{
	mark_live(cpu, cache, object, usable ? usable : cache->object_size);
	return object;
}

void *kmem_cache_alloc_slow(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			    unsigned long call_site)
{
	void *object = alloc_object(cpu, cache, gfp, node, cache->object_size, cache->object_size,
				    call_site);

	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmem_cache_alloc))
		kmem_trace_alloc(cpu, cache, object, cache->object_size, gfp, node, call_site);
	if (cpu->machine->check_tier)
		kmem_check_after(cpu, cache, object);
	return object;
}

void kmem_cache_free_slow(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			  unsigned long call_site)
{
	if (rig_event_enabled(&cpu->machine->events, RIG_EVENT_kmem_cache_free))
		rig_kmem_trace_cache_free(cpu, cache, object, call_site);
	if (!take_back_slow(cpu, cache, object, call_site))
		return;
	cache->free(cache, object, cpu);
	if (cpu->machine->check_tier)
		kmem_check_after(cpu, cache, object);
}

/* The CPU has no list, or it does not serve the call: the backend does. */
void *kmem_cache_alloc_plain(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			     unsigned long call_site)
{
	void *object;

	if (unlikely(cache->special))
		return kmem_cache_alloc_slow(cpu, cache, gfp, node, call_site);
	object = cache->alloc(cache, gfp, node, cpu);
	if (likely(object))
		mark_live(cpu, cache, object, cache->object_size);
	return object;
}

void kmem_cache_free_plain(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			   unsigned long call_site)
{
	if (unlikely(cache->special))
		kmem_cache_free_slow(cpu, cache, object, call_site);
	else if (take_back(cpu, cache, object, call_site))
		cache->free(cache, object, cpu);
}

void *rig_kmem_cache_alloc(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, int node,
			   unsigned long call_site)
{
	return cache_alloc(cpu, cache, gfp, node, call_site);
}

void rig_kmem_cache_free(struct rig_cpu *cpu, struct kmem_cache *cache, void *object,
			 unsigned long call_site)
{
	cache_free(cpu, cache, object, call_site);
}

static size_t alloc_one_by_one(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp, size_t nr,
			       void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		objects[i] = cache->alloc(cache, gfp, NUMA_NO_NODE, cpu);
		if (objects[i])
			continue;
		while (i-- > 0)
			cache->free(cache, objects[i], cpu);
		return 0;
	}
	return nr;
}

size_t rig_kmem_cache_alloc_bulk(struct rig_cpu *cpu, struct kmem_cache *cache, gfp_t gfp,
				 size_t nr, void **objects)
{
	const struct slab_backend *backend = cache->backend;
	size_t got;

	if (!before_alloc(cpu, cache, gfp, cache->object_size, cpu->call_site))
		return 0;
	if (backend->alloc_bulk)
		got = backend->alloc_bulk(cache, gfp, nr, objects, cpu);
	else
		got = alloc_one_by_one(cpu, cache, gfp, nr, objects);
	for (size_t i = 0; i < got && !wants_zero(cache, gfp); i++)
		mark_live(cpu, cache, objects[i], cache->object_size);
	for (size_t i = 0; i < got && wants_zero(cache, gfp); i++)
		hand_out(cpu, cache, objects[i], gfp, cache->object_size);
	if (unlikely(cpu->machine->check_tier))
		kmem_check_after(cpu, cache, NULL);
	return got;
}

/* Takes the objects back that are; closes the gaps that bad ones leave. Returns how many are. */
static size_t take_back_all(struct rig_cpu *cpu, struct kmem_cache *cache, size_t nr,
			    void **objects)
{
	size_t good = 0;

	for (size_t i = 0; i < nr; i++)
		if (take_back_slow(cpu, cache, objects[i], cpu->call_site))
			objects[good++] = objects[i];
	return good;
}

void rig_kmem_cache_free_bulk(struct rig_cpu *cpu, struct kmem_cache *cache, size_t nr,
			      void **objects)
{
	if (!cache) { /* kfree_bulk: from the end, as the kernel */
		while (nr-- > 0)
			rig_kfree_untraced(cpu, objects[nr], cpu->call_site);
		return;
	}
	nr = take_back_all(cpu, cache, nr, objects);
	if (cache->backend->free_bulk)
		cache->backend->free_bulk(cache, nr, objects, cpu);
	else
		for (size_t i = 0; i < nr; i++)
			cache->free(cache, objects[i], cpu);
	if (unlikely(cpu->machine->check_tier))
		kmem_check_after(cpu, cache, NULL);
}

/* The kernel's API. */

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc(rig_this_cpu(), cache, gfp, NUMA_NO_NODE, _RET_IP_);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	return cache_alloc(rig_this_cpu(), cache, gfp, node, _RET_IP_);
}

void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp)
{
	return cache_alloc(rig_this_cpu(), cache, gfp, NUMA_NO_NODE, _RET_IP_);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	cache_free(rig_this_cpu(), cache, object, _RET_IP_);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	return (int)rig_kmem_cache_alloc_bulk(rig_this_cpu(), cache, gfp, nr, objects);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	rig_kmem_cache_free_bulk(rig_this_cpu(), cache, nr, objects);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*ctor)(void *))
{
	return rig_kmem_cache_create(rig_this_cpu(), name, size, align, flags, 0, 0, ctor);
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, slab_flags_t flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *))
{
	return rig_kmem_cache_create(rig_this_cpu(), name, size, align, flags, useroffset, usersize,
				     ctor);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache)
		rig_kmem_cache_destroy(rig_this_cpu(), cache, _RET_IP_);
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	return rig_kmem_cache_shrink(rig_this_cpu(), cache);
}

unsigned int kmem_cache_size(struct kmem_cache *cache)
{
	return cache->object_size;
}

bool slab_is_available(void)
{
	struct rig_cpu *cpu = rig_this_cpu();

	return cpu && cpu->machine->kmem && cpu->machine->kmem->up;
}
