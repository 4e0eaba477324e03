/* SPDX-License-Identifier: GPL-2.0-only */
/* The smaller, the larger, and what lies between. Each argument is evaluated once. */
#ifndef _LINUX_MINMAX_H_RIG
#define _LINUX_MINMAX_H_RIG

/* Of constants it is one itself; what is not chosen here is not evaluated. */
#define RIG_EITHER(name, a, compare, b)                                                            \
	__builtin_choose_expr(__builtin_constant_p(a) && __builtin_constant_p(b),                  \
			      (a)compare(b) ? (a) : (b), ({                                        \
				      __auto_type _##name##_a = (a);                               \
				      __auto_type _##name##_b = (b);                               \
				      _##name##_a compare _##name##_b ? _##name##_a : _##name##_b; \
			      }))
#define min(a, b) RIG_EITHER(min, a, <, b)
#define max(a, b) RIG_EITHER(max, a, >, b)
#define min3(a, b, c)                                                                              \
	({                                                                                         \
		__auto_type _min_ab = min(a, b);                                                   \
		__auto_type _min_c = (c);                                                          \
		_min_ab < _min_c ? _min_ab : _min_c;                                               \
	})
#define max3(a, b, c)                                                                              \
	({                                                                                         \
		__auto_type _max_ab = max(a, b);                                                   \
		__auto_type _max_c = (c);                                                          \
		_max_ab > _max_c ? _max_ab : _max_c;                                               \
	})
/* 0 counts as "none": the other one. */
#define min_not_zero(a, b)                                                                         \
	({                                                                                         \
		__auto_type _nz_a = (a);                                                           \
		__auto_type _nz_b = (b);                                                           \
		_nz_a == 0 || (_nz_b != 0 && _nz_b < _nz_a) ? _nz_b : _nz_a;                       \
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(val, lo, hi) min((__typeof__(val))max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#define clamp_val(val, lo, hi) clamp_t(__typeof__(val), val, lo, hi)
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) _swap = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = _swap;                                                                       \
	} while (0)

#endif
