// SPDX-License-Identifier: GPL-2.0-only
/*
 * Baselines to compare with: the host's own malloc, and mimalloc where it is installed. Each object
 * is a block of the host, outside of simulated memory: events show host addresses (which differ
 * from run to run), pages are neither taken nor given back, nodes and zones mean nothing. The front
 * end is the same as for the others: faults, events, and the contracts of callers.
 *
 * A library is loaded when a machine wants it; where it is missing the machine does not start.
 * Objects that are in use when the machine ends stay the host's.
 *
 * Locking: the host's. Counters are atomic.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include <kmemrig/asan.h>
#include <kmemrig/backend.h>
#include <kmemrig/kmem.h>
#include <kmemrig/kmem_cache.h>
#include <linux/slab.h>

#if RIG_ASAN
#include <sanitizer/lsan_interface.h>
#endif

/* The functions of a library; those of the host itself need no loading. */
struct library {
	void *(*alloc)(size_t align, size_t size);
	void (*free)(void *memory);
	size_t (*usable)(void *memory);
};

struct host_cache {
	unsigned long live;
};

static const struct library *library_of(const struct rig_machine *machine)
{
	return machine->slab_private;
}

static void *host_alloc(size_t align, size_t size)
{
	void *memory;

	/* aligned_alloc goes another, slower way, even for what malloc gives anyway */
	memory = align <= __alignof__(max_align_t) ? malloc(size)
						   : aligned_alloc(align, ALIGN(size, align));
#if RIG_ASAN
	/* what a machine has in use when it ends is no leak of the rig's */
	if (memory)
		__lsan_ignore_object(memory);
#endif
	return memory;
}

static const __maybe_unused struct library host_library = { host_alloc, free, malloc_usable_size };

static int malloc_init(struct rig_machine *machine)
{
#ifdef __SANITIZE_THREAD__
	/* the shadow of live objects would have to cover all of the address space */
	return -EOPNOTSUPP;
#else
	machine->slab_private = (void *)&host_library;
	return 0;
#endif
}

#define MIMALLOC_SURE_ALIGN 128

static void *(*mi_malloc_aligned)(size_t size, size_t align);

static void *mimalloc_alloc(size_t align, size_t size)
{
	/* 2.0.9 forgets larger alignments where they are the size (its own padding breaks them) */
	return mi_malloc_aligned(align > MIMALLOC_SURE_ALIGN ? size + sizeof(u64) : size, align);
}

static int mimalloc_init(struct rig_machine *machine)
{
	static struct library library = { .alloc = mimalloc_alloc };
	void *handle;

	if (malloc_init(machine))
		return -EOPNOTSUPP;
	handle = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return -ENOENT;
	mi_malloc_aligned = dlsym(handle, "mi_malloc_aligned");
	library.free = dlsym(handle, "mi_free");
	library.usable = dlsym(handle, "mi_usable_size");
	if (!mi_malloc_aligned || !library.free || !library.usable)
		return -ENOSYS;
	machine->slab_private = &library;
	return 0;
}

static int cache_init(struct kmem_cache *cache)
{
	cache->backend_data = calloc(1, sizeof(struct host_cache));
	cache->size = max(cache->object_size, 1u);
	return cache->backend_data ? 0 : -ENOMEM;
}

static void cache_fini(struct kmem_cache *cache)
{
	free(cache->backend_data);
}

static bool cache_shutdown(struct kmem_cache *cache)
{
	const struct host_cache *data = cache->backend_data;

	if (data->live == 0)
		return true;
	rig_log(cache->machine, "Objects remaining in %s on shutdown: %lu", cache->name,
		data->live);
	return false;
}

static int cache_shrink(struct kmem_cache *cache)
{
	return 0;
}

static void *alloc(struct kmem_cache *cache, gfp_t gfp, int node, struct rig_cpu *cpu)
{
	struct host_cache *data = cache->backend_data;
	void *object = library_of(cache->machine)->alloc(cache->align, cache->size);

	if (!object)
		return NULL;
	__atomic_fetch_add(&data->live, 1, __ATOMIC_RELAXED);
	if (cache->ctor) {
		rig_asan_unpoison(object, cache->size);
		cache->ctor(object);
	}
	return object;
}

/* AddressSanitizer knows the host's blocks itself, with both stacks; other libraries' not at all.
 */
static void give_back(const struct library *library, void *object)
{
	if (RIG_ASAN)
		rig_asan_unpoison(object, library->usable(object));
	library->free(object);
}

static void free_object(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct host_cache *data = cache->backend_data;

	__atomic_fetch_sub(&data->live, 1, __ATOMIC_RELAXED);
	give_back(library_of(cache->machine), object);
}

static void *own_kmalloc(struct rig_machine *machine, size_t size, gfp_t gfp, int node,
			 struct rig_cpu *cpu, size_t *bytes_alloc)
{
	const struct library *library = library_of(machine);
	bool power_of_2 = (size & (size - 1)) == 0;
	void *object = library->alloc(power_of_2 ? max(size, 8UL) : 8, size);

	if (object)
		*bytes_alloc = library->usable(object);
	return object;
}

static void own_kfree(struct rig_machine *machine, void *object, struct rig_cpu *cpu)
{
	give_back(library_of(machine), object);
}

static size_t own_ksize(struct rig_machine *machine, const void *object)
{
	return library_of(machine)->usable((void *)object);
}

static void slabinfo(struct kmem_cache *cache, struct slabinfo *info)
{
	const struct host_cache *data = cache->backend_data;

	*info = (struct slabinfo){ .active_objs = data->live, .num_objs = data->live };
}

#define BASELINE                                                                                   \
	.abi = RIG_BACKEND_ABI, .cache_init = cache_init, .cache_fini = cache_fini,                \
	.cache_shutdown = cache_shutdown, .cache_shrink = cache_shrink, .alloc = alloc,            \
	.free = free_object, .kmalloc = own_kmalloc, .kfree = own_kfree, .ksize = own_ksize,       \
	.kmalloc_min_size = 8, .slabinfo = slabinfo, .host_memory = true,                          \
	.create_mask = SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC |       \
		       SLAB_NOLEAKTRACE | SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT

const struct slab_backend malloc_backend = {
	.name = "malloc",
	.init = malloc_init,
	BASELINE,
};

const struct slab_backend mimalloc_backend = {
	.name = "mimalloc",
	.init = mimalloc_init,
	BASELINE,
};
