/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers at any address. */
#ifndef _ASM_UNALIGNED_H_RIG
#define _ASM_UNALIGNED_H_RIG

#include <asm/byteorder.h>
#include <linux/types.h>
#include <string.h>

#define get_unaligned(ptr)                                                                         \
	({                                                                                         \
		__typeof__(*(ptr)) _unaligned;                                                     \
		memcpy(&_unaligned, (ptr), sizeof(_unaligned));                                    \
		_unaligned;                                                                        \
	})
#define put_unaligned(val, ptr)                                                                    \
	do {                                                                                       \
		__typeof__(*(ptr)) _unaligned = (val);                                             \
		memcpy((ptr), &_unaligned, sizeof(_unaligned));                                    \
	} while (0)

#define RIG_UNALIGNED(order, bits)                                                                 \
	static inline u##bits get_unaligned_##order##bits(const void *at)                          \
	{                                                                                          \
		u##bits value;                                                                     \
		memcpy(&value, at, sizeof(value));                                                 \
		return order##bits##_to_cpu(value);                                                \
	}                                                                                          \
	static inline void put_unaligned_##order##bits(u##bits value, void *at)                    \
	{                                                                                          \
		value = cpu_to_##order##bits(value);                                               \
		memcpy(at, &value, sizeof(value));                                                 \
	}
RIG_UNALIGNED(le, 16)
RIG_UNALIGNED(le, 32)
RIG_UNALIGNED(le, 64)
RIG_UNALIGNED(be, 16)
RIG_UNALIGNED(be, 32)
RIG_UNALIGNED(be, 64)
#undef RIG_UNALIGNED

#endif
