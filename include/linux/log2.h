/* SPDX-License-Identifier: GPL-2.0-only */
/* Powers of two and logarithms; also in constant expressions, where the argument is constant. */
#ifndef _LINUX_LOG2_H_RIG
#define _LINUX_LOG2_H_RIG

#include <linux/bitops.h>
#include <linux/types.h>

/* The whole part of the logarithm; of 0 it is undefined (here -1). */
#define ilog2(n)                                                                                   \
	((int)(__builtin_constant_p(n) ? ((n) < 2 ? 0 : 63 - __builtin_clzll((u64)(n) | 1))        \
				       : fls64((u64)(n)) - 1))
#define const_ilog2(n) ((n) < 2 ? 0 : 63 - __builtin_clzll((u64)(n) | 1))
#define __ilog2_u32(n) (fls(n) - 1)
#define __ilog2_u64(n) (fls64(n) - 1)

static inline bool is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* @n itself where it is a power of two; of 0 undefined. */
#define roundup_pow_of_two(n)                                                                      \
	((unsigned long)(n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzll(((u64)(n)-1) | 1)))
#define rounddown_pow_of_two(n) (1UL << (63 - __builtin_clzll((u64)(n))))
#define __roundup_pow_of_two(n) roundup_pow_of_two(n)
#define __rounddown_pow_of_two(n) rounddown_pow_of_two(n)

/* The order of the smallest power of two that is not below @n; 0 for 0. */
#define order_base_2(n) ((n) > 1 ? ilog2((u64)(n)-1) + 1 : 0)
/* Bits that @n needs: 1 for 0. */
#define bits_per(n) ((n) > 1 ? ilog2((u64)(n)) + 1 : 1)

#endif
