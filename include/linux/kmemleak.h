/* SPDX-License-Identifier: GPL-2.0-only */
/* Hints for the kernel's leak detector; the rig counts what is left instead (kmemrig fault). */
#ifndef _LINUX_KMEMLEAK_H_RIG
#define _LINUX_KMEMLEAK_H_RIG

#include <linux/types.h>

static inline void kmemleak_alloc(const void *ptr, size_t size, int min_count, gfp_t gfp)
{
}

static inline void kmemleak_free(const void *ptr)
{
}

static inline void kmemleak_update_trace(const void *ptr)
{
}

static inline void kmemleak_not_leak(const void *ptr)
{
}

static inline void kmemleak_ignore(const void *ptr)
{
}

static inline void kmemleak_no_scan(const void *ptr)
{
}

#endif
