// SPDX-License-Identifier: GPL-2.0-only
/* A backend without what every backend must have (here: free). It must be refused. */
#include <kmemrig/backend.h>

static int cache_init(struct kmem_cache *cache)
{
	return 0;
}

static void cache_fini(struct kmem_cache *cache)
{
}

static bool cache_shutdown(struct kmem_cache *cache)
{
	return true;
}

static int cache_shrink(struct kmem_cache *cache)
{
	return 0;
}

static void *alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	return NULL;
}

static const struct slab_backend backend = {
	.abi = RIG_BACKEND_ABI,
	.name = "incomplete",
	.cache_init = cache_init,
	.cache_fini = cache_fini,
	.cache_shutdown = cache_shutdown,
	.cache_shrink = cache_shrink,
	.alloc = alloc,
};

const struct slab_backend *kmemrig_slab_backend(void);

const struct slab_backend *kmemrig_slab_backend(void)
{
	return &backend;
}
