/* SPDX-License-Identifier: GPL-2.0-only */
/* Fields of registers, named by their masks, which are runs of set bits known when compiling. */
#ifndef _LINUX_BITFIELD_H_RIG
#define _LINUX_BITFIELD_H_RIG

#include <asm/byteorder.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define __bf_shf(mask) (__builtin_ffsll((long long)(mask)) - 1)
#define FIELD_MAX(mask) ((__typeof__(mask))((mask) >> __bf_shf(mask)))
#define FIELD_FIT(mask, val) (!((((__typeof__(mask))(val)) << __bf_shf(mask)) & ~(mask)))
/* The value at its place; the field's value. */
#define FIELD_PREP(mask, val)                                                                      \
	((__typeof__(mask))(((__typeof__(mask))(val) << __bf_shf(mask)) & (mask)))
#define FIELD_GET(mask, reg) ((__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask)))

#define RIG_FIELD_HELPERS(type)                                                                    \
	static inline type type##_encode_bits(type value, type field)                              \
	{                                                                                          \
		return (type)((value << __bf_shf(field)) & field);                                 \
	}                                                                                          \
	static inline type type##_get_bits(type reg, type field)                                   \
	{                                                                                          \
		return (type)((reg & field) >> __bf_shf(field));                                   \
	}                                                                                          \
	static inline type type##_replace_bits(type old, type value, type field)                   \
	{                                                                                          \
		return (type)((old & ~field) | type##_encode_bits(value, field));                  \
	}
RIG_FIELD_HELPERS(u8)
RIG_FIELD_HELPERS(u16)
RIG_FIELD_HELPERS(u32)
RIG_FIELD_HELPERS(u64)
#undef RIG_FIELD_HELPERS

#endif
