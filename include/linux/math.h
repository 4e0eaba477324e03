/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounding and small arithmetic on integers of any type. */
#ifndef _LINUX_MATH_H_RIG
#define _LINUX_MATH_H_RIG

#include <linux/types.h>
#include <stdlib.h> /* its abs() before ours */

#define __ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
/* The next multiple of the power of two @a at or above / below @x. */
#define ALIGN(x, a) __ALIGN_MASK(x, (__typeof__(x))(a)-1)
#define __ALIGN_KERNEL(x, a) ALIGN(x, a)
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a) ((__typeof__(p))ALIGN_DOWN((unsigned long)(p), (a)))
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))(y)-1)) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))(y)-1))

/* Any divisor. */
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((unsigned long long)(n), (unsigned long long)(d))
#define DIV_ROUND_UP_SECTOR_T(n, d) DIV_ROUND_UP_ULL(n, d)
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (d))
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#define rounddown(x, y) ((x) - ((x) % (y)))
/* To the nearest; halves away from zero. A negative @x only where the divisor is signed too. */
#define DIV_ROUND_CLOSEST(x, divisor)                                                              \
	({                                                                                         \
		__auto_type _round_x = (x);                                                        \
		__auto_type _round_d = (divisor);                                                  \
		((__typeof__(x))-1 < 0 && _round_x < 0) !=                                         \
				((__typeof__(divisor))-1 < 0 && _round_d < 0)                      \
			? (_round_x - _round_d / 2) / _round_d                                     \
			: (_round_x + _round_d / 2) / _round_d;                                    \
	})
#define DIV_ROUND_CLOSEST_ULL(x, divisor)                                                          \
	DIV_ROUND_CLOSEST((unsigned long long)(x), (unsigned long long)(divisor))
#define abs(x)                                                                                     \
	({                                                                                         \
		__auto_type _abs = (x);                                                            \
		_abs < 0 ? -_abs : _abs;                                                           \
	})
#define abs_diff(a, b)                                                                             \
	({                                                                                         \
		__auto_type _diff_a = (a);                                                         \
		__auto_type _diff_b = (b);                                                         \
		_diff_a > _diff_b ? _diff_a - _diff_b : _diff_b - _diff_a;                         \
	})

/* @val scaled from 0 .. 2^32 to 0 .. @ep_ro - 1. */
static inline u32 reciprocal_scale(u32 val, u32 ep_ro)
{
	return (u32)(((u64)val * ep_ro) >> 32);
}

#endif
