// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caches of a machine: making them, merging them, ending them (mm/slab_common.c of the kernel).
 *
 * All caches are on one list, newest first, under the front end's lock; a cache may be made for
 * several users who asked for nearly the same objects (find_mergeable), each with a name that is
 * remembered as an alias.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/rcu.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

#include "kmem_private.h"

#define CACHE_LINE_SIZE 64U

/* Flags that forbid merging, and those in which merged caches have to agree. */
#define SLAB_NEVER_MERGE                                                                           \
	(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE | SLAB_TYPESAFE_BY_RCU |       \
	 SLAB_NOLEAKTRACE | SLAB_FAILSLAB)
#define SLAB_MERGE_SAME (SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_ACCOUNT)

/* Flags that kmem_cache_create takes at all (SLAB_FLAGS_PERMITTED). */
#define SLAB_FLAGS_PERMITTED                                                                       \
	(SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC |                     \
	 SLAB_TYPESAFE_BY_RCU | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE |       \
	 SLAB_CONSISTENCY_CHECKS | SLAB_MEM_SPREAD | SLAB_NOLEAKTRACE | SLAB_RECLAIM_ACCOUNT |     \
	 SLAB_ACCOUNT | SLAB_NO_USER_FLAGS)

/* As the kernel's function: cache lines are split as long as an object fits into half of one. */
static unsigned int calculate_alignment(slab_flags_t flags, unsigned int align, unsigned int size)
{
	if (flags & SLAB_HWCACHE_ALIGN) {
		unsigned int line = CACHE_LINE_SIZE;

		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	align = max_t(unsigned int, align, ARCH_SLAB_MINALIGN);
	return ALIGN(align, (unsigned int)sizeof(void *));
}

static bool unmergeable(const struct kmem_cache *cache)
{
	return (cache->flags & SLAB_NEVER_MERGE) || cache->ctor || cache->usersize ||
	       cache->refcount < 0;
}

static struct kmem_cache *find_mergeable(struct rig_kmem *kmem, unsigned int size,
					 unsigned int align, slab_flags_t flags, const char *name,
					 void (*ctor)(void *))
{
	const struct slab_backend *backend = kmem->machine->slab;
	struct kmem_cache *cache;

	if (!backend->merges || kmem->nomerge || ctor)
		return NULL;
	size = ALIGN(size, (unsigned int)sizeof(void *));
	align = calculate_alignment(flags, align, size);
	size = ALIGN(size, align);
	if (backend->cache_flags)
		flags = backend->cache_flags(kmem->machine, size, flags, name);
	if (flags & SLAB_NEVER_MERGE)
		return NULL;
	list_for_each_entry_reverse (cache, &kmem->caches, list) {
		if (unmergeable(cache) || size > cache->size)
			continue;
		if ((flags & SLAB_MERGE_SAME) != (cache->flags & SLAB_MERGE_SAME))
			continue;
		if ((cache->size & ~(align - 1)) != cache->size)
			continue;
		if (cache->size - size >= sizeof(void *))
			continue;
		if (backend->merge_compares_align && (align > cache->align || cache->align % align))
			continue;
		return cache;
	}
	return NULL;
}

static struct kmem_cache *join(struct rig_kmem *kmem, struct kmem_cache *cache, const char *name,
			       unsigned int size)
{
	struct kmem_alias *alias = malloc(sizeof(*alias) + strlen(name) + 1);

	if (!alias)
		return NULL;
	strcpy(alias->name, name);
	alias->cache = cache;
	list_add_tail(&alias->list, &kmem->aliases);
	cache->refcount++;
	/* kzalloc has to clear the largest user's object. */
	cache->object_size = max(cache->object_size, size);
	if (cache->backend->cache_alias)
		cache->backend->cache_alias(cache, size);
	return cache;
}

static u8 take_id(struct rig_kmem *kmem)
{
	u8 id = kmem->next_id;

	kmem->next_id = id == KMEM_LIVE_OWN_KMALLOC - 1 ? 1 : (u8)(id + 1);
	return id;
}

static void free_cache(struct kmem_cache *cache)
{
	free(cache->name);
	free(cache);
}

/* What every cache has, before sizes and flags. */
static struct kmem_cache *new_cache(struct rig_kmem *kmem, const char *name)
{
	struct rig_machine *machine = kmem->machine;
	struct kmem_cache *cache = aligned_alloc(64, ALIGN(sizeof(*cache), 64UL));

	if (!cache)
		return NULL;
	memset(cache, 0, ALIGN(sizeof(*cache), 64UL));
	cache->name = strdup(name);
	if (!cache->name) {
		free(cache);
		return NULL;
	}
	cache->machine = machine;
	cache->backend = machine->slab;
	cache->alloc = machine->slab->alloc;
	cache->free = machine->slab->free;
	cache->live_id = take_id(kmem);
	cache->live = kmem->live_bias;
	INIT_LIST_HEAD(&cache->list);
	return cache;
}

/* A cache and the backend's part of it; on no list yet. */
struct kmem_cache *kmem_create_cache(struct rig_kmem *kmem, const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     unsigned int useroffset, unsigned int usersize,
				     void (*ctor)(void *), int *error)
{
	struct rig_machine *machine = kmem->machine;
	struct kmem_cache *cache = new_cache(kmem, name);

	*error = -ENOMEM;
	if (!cache)
		return NULL;
	cache->size = cache->object_size = cache->usable_size = size;
	cache->align = align;
	cache->flags = flags;
	cache->ctor = ctor;
	cache->useroffset = useroffset;
	cache->usersize = usersize;
	if (kmem->cache_cache) {
		cache->self = rig_kmem_cache_alloc(rig_kmem_cpu(machine), kmem->cache_cache,
						   GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, 0);
		if (!cache->self)
			goto out;
	}
	*error = machine->slab->cache_init(cache);
	cache->fault_inject = cache->flags & SLAB_FAILSLAB ? 1 : 0;
	cache->special = cache->wants_caller || kmem->init_on_alloc || kmem->init_on_free;
	if (cache->special)
		cache->cpu_lists = NULL;
	if (!*error)
		return cache;
	if (cache->self)
		rig_kmem_cache_free(rig_kmem_cpu(machine), kmem->cache_cache, cache->self, 0);
out:
	free_cache(cache);
	return NULL;
}

struct kmem_cache *rig_kmem_restore_cache(struct rig_machine *machine, const char *name)
{
	struct rig_kmem *kmem = kmem_of(machine);
	struct kmem_cache *cache = new_cache(kmem, name);

	if (cache)
		list_add(&cache->list, &kmem->caches);
	return cache;
}

bool rig_kmem_restore_done(struct rig_machine *machine)
{
	struct rig_kmem *kmem = kmem_of(machine);

	kmem->cache_cache = rig_kmem_cache_find(machine, "kmem_cache");
	kmem->up = true;
	return kmem_adopt_classes(kmem);
}

struct kmem_cache *rig_kmem_boot_cache(struct rig_machine *machine, const char *name,
				       unsigned int size, slab_flags_t flags)
{
	struct rig_kmem *kmem = kmem_of(machine);
	unsigned int align = ARCH_KMALLOC_MINALIGN;
	struct kmem_cache *cache;
	int error;

	/* kmalloc promises natural alignment for powers of two. */
	if (is_power_of_2(size))
		align = max(align, size);
	cache = kmem_create_cache(kmem, name, size, calculate_alignment(flags, align, size), flags,
				  0, flags & SLAB_KMALLOC ? size : 0, NULL, &error);
	if (!cache)
		return NULL;
	cache->refcount = -1;
	list_add(&cache->list, &kmem->caches);
	return cache;
}

void rig_kmem_account_caches_in(struct rig_machine *machine, struct kmem_cache *cache)
{
	kmem_of(machine)->cache_cache = cache;
}

static int check_request(struct rig_cpu *cpu, const char *name, unsigned int size,
			 slab_flags_t flags, void (*ctor)(void *))
{
	if (!name || size > KMALLOC_MAX_SIZE || (size == 0 && !ctor) ||
	    (cpu->preempt_count & (HARDIRQ_MASK | SOFTIRQ_MASK))) {
		rig_log(cpu->machine, "kmem_cache_create(%s) integrity check failed",
			name ? name : "(null)");
		return -EINVAL;
	}
	return flags & ~SLAB_FLAGS_PERMITTED ? -EINVAL : 0;
}

static struct kmem_cache *create_or_join(struct rig_kmem *kmem, const char *name, unsigned int size,
					 unsigned int align, slab_flags_t flags,
					 unsigned int useroffset, unsigned int usersize,
					 void (*ctor)(void *), int *error)
{
	struct kmem_cache *cache = NULL;

	/* A window outside of the object counts as none. */
	if ((!usersize && useroffset) || size < usersize || size - usersize < useroffset)
		useroffset = usersize = 0;
	if (!usersize)
		cache = find_mergeable(kmem, size, align, flags, name, ctor);
	if (cache) {
		cache = join(kmem, cache, name, size);
		*error = cache ? 0 : -ENOMEM;
		return cache;
	}
	cache = kmem_create_cache(kmem, name, size, calculate_alignment(flags, align, size), flags,
				  useroffset, usersize, ctor, error);
	if (cache) {
		cache->refcount = 1;
		rig_spin_lock(&kmem->list_lock);
		list_add(&cache->list, &kmem->caches);
		rig_spin_unlock(&kmem->list_lock);
	}
	return cache;
}

struct kmem_cache *rig_kmem_cache_create(struct rig_cpu *cpu, const char *name, unsigned int size,
					 unsigned int align, slab_flags_t flags,
					 unsigned int useroffset, unsigned int usersize,
					 void (*ctor)(void *))
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);
	struct kmem_cache *cache = NULL;
	int error = check_request(cpu, name, size, flags, ctor);

	if (!error) {
		rig_spin_lock(&kmem->lock);
		cache = create_or_join(kmem, name, size, align,
				       flags & cpu->machine->slab->create_mask, useroffset,
				       usersize, ctor, &error);
		rig_spin_unlock(&kmem->lock);
	}
	if (cache)
		return cache;
	if (flags & SLAB_PANIC)
		rig_misuse(cpu, "slab.create_panic",
			   "kmem_cache_create_usercopy: Failed to create slab '%s'. Error %d",
			   name ? name : "(null)", error);
	else
		rig_log(cpu->machine, "kmem_cache_create_usercopy(%s) failed with error %d",
			name ? name : "(null)", error);
	return NULL;
}

static void forget_aliases(struct rig_kmem *kmem, const struct kmem_cache *cache)
{
	struct kmem_alias *alias, *next;

	list_for_each_entry_safe (alias, next, &kmem->aliases, list) {
		if (cache && alias->cache != cache)
			continue;
		list_del(&alias->list);
		free(alias);
	}
}

/* Ends a cache: its objects are free, or the machine ends. */
void kmem_drop_cache(struct rig_kmem *kmem, struct kmem_cache *cache)
{
	void *self = cache->self;

	rig_spin_lock(&kmem->list_lock);
	list_del(&cache->list);
	rig_spin_unlock(&kmem->list_lock);
	forget_aliases(kmem, cache);
	cache->backend->cache_fini(cache);
	free_cache(cache);
	if (self && kmem->cache_cache)
		rig_kmem_cache_free(rig_kmem_cpu(kmem->machine), kmem->cache_cache, self, 0);
}

int rig_kmem_cache_destroy(struct rig_cpu *cpu, struct kmem_cache *cache, unsigned long call_site)
{
	struct rig_kmem *kmem = kmem_of(cpu->machine);
	bool last, empty = true;

	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		rig_rcu_run(cpu);
	rig_spin_lock(&kmem->lock);
	last = --cache->refcount == 0;
	if (last)
		empty = cache->backend->cache_shutdown(cache);
	if (last && (cache->flags & SLAB_TYPESAFE_BY_RCU))
		rig_rcu_run(cpu); /* slabs that the shutdown let go */
	if (last && empty)
		kmem_drop_cache(kmem, cache);
	rig_spin_unlock(&kmem->lock);
	if (empty)
		return 0;
	rig_misuse(cpu, "slab.destroy_in_use",
		   "kmem_cache_destroy %s: Slab cache still has objects when called from %#lx",
		   cache->name, call_site);
	return -EBUSY;
}

int rig_kmem_cache_shrink(struct rig_cpu *cpu, struct kmem_cache *cache)
{
	return cache->backend->cache_shrink(cache);
}

struct kmem_cache *rig_kmem_cache_next(struct rig_machine *machine, struct kmem_cache *cache)
{
	struct rig_kmem *kmem = kmem_of(machine);
	struct list_head *next;

	if (!kmem)
		return NULL;
	next = cache ? cache->list.next : kmem->caches.next;
	return next == &kmem->caches ? NULL : list_entry(next, struct kmem_cache, list);
}

struct kmem_cache *rig_kmem_cache_find(struct rig_machine *machine, const char *name)
{
	struct rig_kmem *kmem = kmem_of(machine);
	struct kmem_cache *cache;
	struct kmem_alias *alias;

	list_for_each_entry (cache, &kmem->caches, list)
		if (strcmp(cache->name, name) == 0)
			return cache;
	list_for_each_entry (alias, &kmem->aliases, list)
		if (strcmp(alias->name, name) == 0)
			return alias->cache;
	return NULL;
}
