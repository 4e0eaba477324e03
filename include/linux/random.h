/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers for kernel code: from the machine's seed, so that a run repeats. linux/prandom.h's
 * generators of their own state are here too.
 */
#ifndef _LINUX_RANDOM_H_RIG
#define _LINUX_RANDOM_H_RIG

#include_next <linux/random.h>
#include <kmemrig/machine.h>
#include <linux/prandom.h>

static inline u64 get_random_u64(void)
{
	return rig_random(rig_this_cpu()->machine);
}

static inline u32 get_random_u32(void)
{
	return (u32)(get_random_u64() >> 32);
}

static inline u16 get_random_u16(void)
{
	return (u16)(get_random_u64() >> 48);
}

static inline u8 get_random_u8(void)
{
	return (u8)(get_random_u64() >> 56);
}

static inline unsigned int get_random_int(void)
{
	return get_random_u32();
}

static inline unsigned long get_random_long(void)
{
	return get_random_u64();
}

/* 0 .. @ceil - 1. */
static inline u32 get_random_u32_below(u32 ceil)
{
	return (u32)(((u64)get_random_u32() * ceil) >> 32);
}

static inline u32 prandom_u32(void)
{
	return get_random_u32();
}

static inline u32 prandom_u32_max(u32 ceil)
{
	return get_random_u32_below(ceil);
}

void get_random_bytes(void *buffer, size_t size);
#define prandom_bytes(buffer, size) get_random_bytes((buffer), (size))
#define get_random_bytes_wait(buffer, size) (get_random_bytes((buffer), (size)), 0)
#define get_random_once(buffer, size) get_random_bytes((buffer), (size))
#define add_device_randomness(buffer, size) ((void)(buffer), (void)(size))

#endif
