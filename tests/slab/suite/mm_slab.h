/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lib/slub_kunit.c of the kernel wants of mm/slab.h, the allocators' private header there: the
 * fields of struct kmem_cache, the validation of SLUB, and KASAN's switch, which has nothing to
 * switch here.
 */
#ifndef MM_SLAB_H_RIG
#define MM_SLAB_H_RIG

#include <kmemrig/kmem_cache.h>
#include <kmemrig/slub.h>

static inline long validate_slab_cache(struct kmem_cache *cache)
{
	return rig_slub_validate(cache);
}

static inline void kasan_disable_current(void)
{
}

static inline void kasan_enable_current(void)
{
}

#endif
