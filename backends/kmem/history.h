/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds with AddressSanitizer remember, for each place where an object ever started, who allocated
 * and who freed it last. The sanitizer's reports about simulated memory end with both stacks.
 * Other builds have none of this.
 */
#ifndef KMEM_HISTORY_H
#define KMEM_HISTORY_H

#include <kmemrig/asan.h>
#include <kmemrig/machine.h>

struct kmem_history;

#if RIG_ASAN
/* NULL: no host memory; then nothing is remembered. */
struct kmem_history *kmem_history_create(const struct rig_machine *machine);
void kmem_history_destroy(struct kmem_history *history);
/* @object of @size bytes is handed out, by the caller of the caller. @cache: name, or NULL:
 * kmalloc. */
void kmem_history_alloc(struct kmem_history *history, int cpu, const char *cache,
			const void *object, size_t size);
void kmem_history_free(struct kmem_history *history, int cpu, const void *object);
#else
static inline struct kmem_history *kmem_history_create(const struct rig_machine *machine)
{
	return NULL;
}

static inline void kmem_history_destroy(struct kmem_history *history)
{
}

static inline void kmem_history_alloc(struct kmem_history *history, int cpu, const char *cache,
				      const void *object, size_t size)
{
}

static inline void kmem_history_free(struct kmem_history *history, int cpu, const void *object)
{
}
#endif

#endif
