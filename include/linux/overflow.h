/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic that says when a result does not fit, and sizes of arrays that saturate at SIZE_MAX,
 * which no allocation grants.
 */
#ifndef _LINUX_OVERFLOW_H_RIG
#define _LINUX_OVERFLOW_H_RIG

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

#define is_signed_type(type) ((type)-1 < (type)1)
#define is_non_negative(a) ((a) > 0 || (a) == 0)
#define is_negative(a) (!is_non_negative(a))
#define type_max(type)                                                                             \
	((type)(is_signed_type(type) ? ~(~0ULL << (sizeof(type) * 8 - 1))                          \
				     : ~0ULL >> (64 - sizeof(type) * 8)))
#define type_min(type) ((type)((type)-type_max(type) - (type)1))

static inline bool __must_check __must_check_overflow(bool overflow)
{
	return unlikely(overflow);
}

/* true: the exact result is not *@d, which then holds it modulo the type's size. */
#define check_add_overflow(a, b, d) __must_check_overflow(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d) __must_check_overflow(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d) __must_check_overflow(__builtin_mul_overflow(a, b, d))

/* The value as computed, the shift count, and back: lost bits, bad counts and signs all count. */
#define check_shl_overflow(a, s, d)                                                                \
	__must_check_overflow(({                                                                   \
		__auto_type _shl_a = (a);                                                          \
		__auto_type _shl_s = (s);                                                          \
		__auto_type _shl_d = (d);                                                          \
		unsigned int _shl_by =                                                             \
			is_non_negative(_shl_s) && (u64)_shl_s < 8 * sizeof(*_shl_d)               \
				? (unsigned int)_shl_s                                             \
				: 0;                                                               \
		*_shl_d = (__typeof__(*_shl_d))((u64)_shl_a << _shl_by);                           \
		_shl_by != (u64)_shl_s || is_negative(*_shl_d) || is_negative(_shl_a) ||           \
			(__typeof__(_shl_a))(*_shl_d >> _shl_by) != _shl_a;                        \
	}))

/* Does the sum / the value fit the type? */
#define overflows_type(n, type)                                                                    \
	({                                                                                         \
		__typeof__(type) _fits;                                                            \
		__builtin_add_overflow((n), 0, &_fits);                                            \
	})

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

/* SIZE_MAX stays SIZE_MAX, so that sums of saturated sizes are saturated. */
static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t __must_check size_sub(size_t a, size_t b)
{
	return a == SIZE_MAX || b == SIZE_MAX || b > a ? SIZE_MAX : a - b;
}

#define array_size(a, b) size_mul(a, b)
#define array3_size(a, b, c) size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, count) size_mul(count, sizeof(*(p)->member))
/* Bytes of a structure that ends in the array @member with @count elements. */
#define struct_size(p, member, count) size_add(sizeof(*(p)), flex_array_size(p, member, count))
#define struct_size_t(type, member, count) struct_size((type *)NULL, member, count)

#endif
