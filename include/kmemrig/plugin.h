/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Backends from shared objects. Where a backend's name is asked for (--backend, and the names in
 * rig_machine_config) a path to a shared object does as well: what contains a slash, or ends in
 * ".so". The object exports one of
 *
 *	const struct slab_backend *kmemrig_slab_backend(void);
 *	const struct page_backend *kmemrig_page_backend(void);
 *
 * and was built against this RIG_BACKEND_ABI. It calls back into the program that loads it, which
 * therefore has to export its symbols (-rdynamic), or use libkmemrig.so. How to write one:
 * backends/README.md.
 */
#ifndef KMEMRIG_PLUGIN_H
#define KMEMRIG_PLUGIN_H

#include <kmemrig/backend.h>
#include <linux/types.h>

/* Is @name a path to a shared object, not the name of a backend of this build? */
bool rig_is_plugin(const char *name);

/*
 * Loads the object at @path and returns its table, which stays valid until the process ends.
 * Loading it again gives the same table. NULL: a line that says why, with the path, is in @error
 * (of @error_size bytes): no such file, no such symbol, another ABI, a table without what every
 * backend must have.
 */
const struct slab_backend *rig_load_slab_backend(const char *path, char *error, size_t error_size);
const struct page_backend *rig_load_page_backend(const char *path, char *error, size_t error_size);

#endif
