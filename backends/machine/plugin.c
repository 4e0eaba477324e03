// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends from shared objects: loading, and the checks that keep a wrong one from crashing later.
 *
 * An object is never unloaded: machines, and events that a sink has kept, may refer to its strings.
 * The loader counts references itself, so loading twice is harmless and needs no list here.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <kmemrig/plugin.h>

bool rig_is_plugin(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') || (length > 3 && strcmp(name + length - 3, ".so") == 0);
}

/* The address that @symbol has in the object; NULL and @error. */
static void *find_symbol(const char *path, const char *symbol, char *error, size_t error_size)
{
	char full[4096];
	void *handle, *address;

	/* the loader would look for a bare name in the system's folders */
	snprintf(full, sizeof(full), "%s%s", strchr(path, '/') ? "" : "./", path);
	handle = dlopen(full, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!handle) {
		snprintf(error, error_size, "%s", dlerror());
		return NULL;
	}
	address = dlsym(handle, symbol);
	if (!address)
		snprintf(error, error_size, "%s: does not export %s()", path, symbol);
	dlclose(handle); /* RTLD_NODELETE keeps it */
	return address;
}

/* What each kind of backend begins with; true: the caller may look at the rest. */
static bool good_start(const char *path, const void *table, unsigned int abi, const char *name,
		       char *error, size_t error_size)
{
	if (abi != RIG_BACKEND_ABI) {
		snprintf(error, error_size,
			 "%s: was built for backend ABI %u, this program has ABI %u", path, abi,
			 RIG_BACKEND_ABI);
		return false;
	}
	if (!name || !*name) {
		snprintf(error, error_size, "%s: its backend has no name", path);
		return false;
	}
	return true;
}

static const void *no_table(const char *path, char *error, size_t error_size)
{
	snprintf(error, error_size, "%s: exports no backend (NULL)", path);
	return NULL;
}

static const void *lacks(const char *path, const char *member, char *error, size_t error_size)
{
	snprintf(error, error_size, "%s: its backend has no %s()", path, member);
	return NULL;
}

#define NEED(member)                                                                               \
	do {                                                                                       \
		if (!backend->member)                                                              \
			return lacks(path, #member, error, error_size);                            \
	} while (0)

const struct slab_backend *rig_load_slab_backend(const char *path, char *error, size_t error_size)
{
	const struct slab_backend *(*get)(void) =
		find_symbol(path, "kmemrig_slab_backend", error, error_size);
	const struct slab_backend *backend;

	if (!get)
		return NULL;
	backend = get();
	if (!backend)
		return no_table(path, error, error_size);
	if (!good_start(path, backend, backend->abi, backend->name, error, error_size))
		return NULL;
	NEED(cache_init);
	NEED(cache_fini);
	NEED(cache_shutdown);
	NEED(cache_shrink);
	NEED(alloc);
	NEED(free);
	if (backend->kmalloc) {
		NEED(kfree);
		NEED(ksize);
	}
	return backend;
}

const struct page_backend *rig_load_page_backend(const char *path, char *error, size_t error_size)
{
	const struct page_backend *(*get)(void) =
		find_symbol(path, "kmemrig_page_backend", error, error_size);
	const struct page_backend *backend;

	if (!get)
		return NULL;
	backend = get();
	if (!backend)
		return no_table(path, error, error_size);
	if (!good_start(path, backend, backend->abi, backend->name, error, error_size))
		return NULL;
	NEED(init);
	NEED(fini);
	NEED(free_boot_range);
	NEED(alloc);
	NEED(alloc_bulk);
	NEED(free);
	NEED(free_list);
	NEED(drain);
	return backend;
}
