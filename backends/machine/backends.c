// SPDX-License-Identifier: GPL-2.0-only
/* Finding a backend by the name of its folder. */
#include <string.h>

#include "parts.h"
#include <kmemrig/registry.h>

const struct page_backend *rig_find_page_backend(const char *name)
{
	for (const struct page_backend *const *backend = rig_page_backends; *backend; backend++)
		if (strcmp((*backend)->name, name) == 0)
			return *backend;
	return NULL;
}

const struct slab_backend *rig_find_slab_backend(const char *name)
{
	for (const struct slab_backend *const *backend = rig_slab_backends; *backend; backend++)
		if (strcmp((*backend)->name, name) == 0)
			return *backend;
	return NULL;
}
