/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic counters. Operations that return a value are fully ordered, the others relaxed. */
#ifndef _LINUX_ATOMIC_H_RIG
#define _LINUX_ATOMIC_H_RIG

#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)                                                                             \
	{                                                                                          \
		(i)                                                                                \
	}
#define ATOMIC_LONG_INIT(i)                                                                        \
	{                                                                                          \
		(i)                                                                                \
	}

#define RIG_ATOMIC_OPS(prefix, type, value)                                                        \
	static inline value prefix##_read(const type *v)                                           \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);                             \
	}                                                                                          \
	static inline void prefix##_set(type *v, value i)                                          \
	{                                                                                          \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);                                \
	}                                                                                          \
	static inline void prefix##_add(value i, type *v)                                          \
	{                                                                                          \
		__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_sub(value i, type *v)                                          \
	{                                                                                          \
		__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_inc(type *v)                                                   \
	{                                                                                          \
		prefix##_add(1, v);                                                                \
	}                                                                                          \
	static inline void prefix##_dec(type *v)                                                   \
	{                                                                                          \
		prefix##_sub(1, v);                                                                \
	}                                                                                          \
	static inline value prefix##_add_return(value i, type *v)                                  \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline value prefix##_sub_return(value i, type *v)                                  \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline value prefix##_inc_return(type *v)                                           \
	{                                                                                          \
		return prefix##_add_return(1, v);                                                  \
	}                                                                                          \
	static inline value prefix##_dec_return(type *v)                                           \
	{                                                                                          \
		return prefix##_sub_return(1, v);                                                  \
	}                                                                                          \
	static inline bool prefix##_dec_and_test(type *v)                                          \
	{                                                                                          \
		return prefix##_dec_return(v) == 0;                                                \
	}                                                                                          \
	static inline value prefix##_xchg(type *v, value i)                                        \
	{                                                                                          \
		return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST);                      \
	}                                                                                          \
	static inline value prefix##_cmpxchg(type *v, value old, value new)                        \
	{                                                                                          \
		__atomic_compare_exchange_n(&v->counter, &old, new, false, __ATOMIC_SEQ_CST,       \
					    __ATOMIC_SEQ_CST);                                     \
		return old;                                                                        \
	}                                                                                          \
	static inline bool prefix##_add_unless(type *v, value i, value unless)                     \
	{                                                                                          \
		value old = prefix##_read(v);                                                      \
		do {                                                                               \
			if (old == unless)                                                         \
				return false;                                                      \
		} while (!__atomic_compare_exchange_n(&v->counter, &old, old + i, false,           \
						      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));        \
		return true;                                                                       \
	}                                                                                          \
	static inline bool prefix##_inc_not_zero(type *v)                                          \
	{                                                                                          \
		return prefix##_add_unless(v, 1, 0);                                               \
	}

RIG_ATOMIC_OPS(atomic, atomic_t, int)
RIG_ATOMIC_OPS(atomic_long, atomic_long_t, long)

#endif
