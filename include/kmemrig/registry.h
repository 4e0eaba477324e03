/* SPDX-License-Identifier: GPL-2.0-only */
/* The backends that this build holds; the tables are written by the build. NULL ends each. */
#ifndef KMEMRIG_REGISTRY_H
#define KMEMRIG_REGISTRY_H

struct page_backend;
struct slab_backend;

extern const struct page_backend *const rig_page_backends[];
extern const struct slab_backend *const rig_slab_backends[];

#endif
