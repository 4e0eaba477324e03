/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiplicative hashing: a number times 2^64 (2^32) divided by the golden ratio, of which the
 * highest bits count.
 */
#ifndef _LINUX_HASH_H_RIG
#define _LINUX_HASH_H_RIG

#include <linux/compiler.h>
#include <linux/types.h>

#define GOLDEN_RATIO_32 0x61C88647u
#define GOLDEN_RATIO_64 0x61C8864680B583EBull
#define GOLDEN_RATIO_PRIME GOLDEN_RATIO_64

static inline u32 __hash_32(u32 val)
{
	return val * GOLDEN_RATIO_32;
}

/* @bits: 1 .. 32. */
static inline u32 hash_32(u32 val, unsigned int bits)
{
	return __hash_32(val) >> (32 - bits);
}

static inline u32 hash_64(u64 val, unsigned int bits)
{
	return (u32)(val * GOLDEN_RATIO_64 >> (64 - bits));
}

#define hash_long(val, bits) hash_64((u64)(val), bits)

static inline u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return hash_long((unsigned long)ptr, bits);
}

static inline u32 hash32_ptr(const void *ptr)
{
	unsigned long value = (unsigned long)ptr;

	return (u32)(value ^ (value >> 32));
}

#endif
