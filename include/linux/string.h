/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's string functions are the C library's. */
#ifndef _LINUX_STRING_H_RIG
#define _LINUX_STRING_H_RIG

#include <linux/types.h>
#include <string.h>

/* Clears memory in a way that the compiler may not leave out. */
static inline void memzero_explicit(void *start, size_t bytes)
{
	explicit_bzero(start, bytes);
}

#endif
