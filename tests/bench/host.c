// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's allocators, each from its own shared library: loaded beside one another, their
 * functions are taken by handle, so that none takes over malloc for the program.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "bench.h"

struct library {
	const char *name;
	const char *file;
	const char *malloc;
	const char *free;
};

static const struct library libraries[] = {
	{ "jemalloc", "libjemalloc.so.2", "malloc", "free" },
	{ "mimalloc", "libmimalloc.so.2", "mi_malloc", "mi_free" },
	{ "tcmalloc", "libtcmalloc_minimal.so.4", "tc_malloc", "tc_free" },
};

#define NR_LIBRARIES (sizeof(libraries) / sizeof(libraries[0]))

static void *symbol(void *handle, const char *name)
{
	return handle ? dlsym(handle, name) : NULL;
}

size_t bench_host_allocators(const struct bench_host_allocator **allocators)
{
	static struct bench_host_allocator found[1 + NR_LIBRARIES];
	static size_t nr;

	*allocators = found;
	if (nr)
		return nr;
	found[nr++] = (struct bench_host_allocator){ "glibc", malloc, free };
	for (size_t i = 0; i < NR_LIBRARIES; i++) {
		void *handle = dlopen(libraries[i].file, RTLD_NOW | RTLD_LOCAL);
		struct bench_host_allocator own = { .name = libraries[i].name };

		*(void **)&own.malloc = symbol(handle, libraries[i].malloc);
		*(void **)&own.free = symbol(handle, libraries[i].free);
		if (own.malloc && own.free)
			found[nr++] = own;
	}
	return nr;
}
