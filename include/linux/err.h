/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers in pointers: the last 4095 addresses are -errno and never memory. */
#ifndef _LINUX_ERR_H_RIG
#define _LINUX_ERR_H_RIG

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

#define MAX_ERRNO 4095

#define IS_ERR_VALUE(x) unlikely((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)

static inline void *__must_check ERR_PTR(long error)
{
	return (void *)error;
}

static inline long __must_check PTR_ERR(__force const void *pointer)
{
	return (long)pointer;
}

static inline bool __must_check IS_ERR(__force const void *pointer)
{
	return IS_ERR_VALUE(pointer);
}

static inline bool __must_check IS_ERR_OR_NULL(__force const void *pointer)
{
	return !pointer || IS_ERR_VALUE(pointer);
}

/* The same error as a pointer of another type. */
static inline void *__must_check ERR_CAST(__force const void *pointer)
{
	return (void *)pointer;
}

static inline int __must_check PTR_ERR_OR_ZERO(__force const void *pointer)
{
	return IS_ERR(pointer) ? (int)PTR_ERR(pointer) : 0;
}

#endif
