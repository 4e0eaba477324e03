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

/* The operations that exist in four orders; in failure a compare-and-exchange orders nothing. */
#define RIG_ATOMIC_ORDERED(prefix, type, value, suffix, order)                                     \
	static inline value prefix##_fetch_add##suffix(value i, type *v)                           \
	{                                                                                          \
		return __atomic_fetch_add(&v->counter, i, order);                                  \
	}                                                                                          \
	static inline value prefix##_fetch_sub##suffix(value i, type *v)                           \
	{                                                                                          \
		return __atomic_fetch_sub(&v->counter, i, order);                                  \
	}                                                                                          \
	static inline value prefix##_fetch_inc##suffix(type *v)                                    \
	{                                                                                          \
		return __atomic_fetch_add(&v->counter, 1, order);                                  \
	}                                                                                          \
	static inline value prefix##_fetch_dec##suffix(type *v)                                    \
	{                                                                                          \
		return __atomic_fetch_sub(&v->counter, 1, order);                                  \
	}                                                                                          \
	static inline bool prefix##_try_cmpxchg##suffix(type *v, value *old, value new)            \
	{                                                                                          \
		return __atomic_compare_exchange_n(&v->counter, old, new, false, order,            \
						   __ATOMIC_RELAXED);                              \
	}
#define RIG_ATOMIC_LOGIC(prefix, type, value, name, suffix, order)                                 \
	static inline value prefix##_fetch_##name##suffix(value i, type *v)                        \
	{                                                                                          \
		return __atomic_fetch_##name(&v->counter, i, order);                               \
	}
/* The same as without suffix, in one of the weaker orders. */
#define RIG_ATOMIC_WEAKER(prefix, type, value, suffix, order)                                      \
	static inline value prefix##_add_return##suffix(value i, type *v)                          \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, i, order);                                  \
	}                                                                                          \
	static inline value prefix##_sub_return##suffix(value i, type *v)                          \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, i, order);                                  \
	}                                                                                          \
	static inline value prefix##_inc_return##suffix(type *v)                                   \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, 1, order);                                  \
	}                                                                                          \
	static inline value prefix##_dec_return##suffix(type *v)                                   \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, 1, order);                                  \
	}                                                                                          \
	static inline value prefix##_xchg##suffix(type *v, value i)                                \
	{                                                                                          \
		return __atomic_exchange_n(&v->counter, i, order);                                 \
	}                                                                                          \
	static inline value prefix##_cmpxchg##suffix(type *v, value old, value new)                \
	{                                                                                          \
		__atomic_compare_exchange_n(&v->counter, &old, new, false, order,                  \
					    __ATOMIC_RELAXED);                                     \
		return old;                                                                        \
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
	}                                                                                          \
	static inline bool prefix##_inc_and_test(type *v)                                          \
	{                                                                                          \
		return prefix##_inc_return(v) == 0;                                                \
	}                                                                                          \
	static inline bool prefix##_sub_and_test(value i, type *v)                                 \
	{                                                                                          \
		return prefix##_sub_return(i, v) == 0;                                             \
	}                                                                                          \
	static inline bool prefix##_add_negative(value i, type *v)                                 \
	{                                                                                          \
		return prefix##_add_return(i, v) < 0;                                              \
	}                                                                                          \
	static inline value prefix##_fetch_add_unless(type *v, value i, value unless)              \
	{                                                                                          \
		value old = prefix##_read(v);                                                      \
		while (old != unless &&                                                            \
		       !__atomic_compare_exchange_n(&v->counter, &old, old + i, false,             \
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))           \
			;                                                                          \
		return old;                                                                        \
	}                                                                                          \
	static inline value prefix##_dec_if_positive(type *v)                                      \
	{                                                                                          \
		value old = prefix##_read(v);                                                      \
		while (old > 0 &&                                                                  \
		       !__atomic_compare_exchange_n(&v->counter, &old, old - 1, false,             \
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))           \
			;                                                                          \
		return old - 1;                                                                    \
	}                                                                                          \
	RIG_ATOMIC_ORDERED(prefix, type, value, , __ATOMIC_SEQ_CST)                                \
	RIG_ATOMIC_LOGIC(prefix, type, value, and, , __ATOMIC_SEQ_CST)                             \
	RIG_ATOMIC_LOGIC(prefix, type, value, or, , __ATOMIC_SEQ_CST)                              \
	RIG_ATOMIC_LOGIC(prefix, type, value, xor, , __ATOMIC_SEQ_CST)                             \
	static inline value prefix##_fetch_andnot(value i, type *v)                                \
	{                                                                                          \
		return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST);                      \
	}                                                                                          \
	RIG_ATOMIC_ORDERED(prefix, type, value, _relaxed, __ATOMIC_RELAXED)                        \
	RIG_ATOMIC_WEAKER(prefix, type, value, _relaxed, __ATOMIC_RELAXED)                         \
	RIG_ATOMIC_LOGIC(prefix, type, value, and, _relaxed, __ATOMIC_RELAXED)                     \
	RIG_ATOMIC_LOGIC(prefix, type, value, or, _relaxed, __ATOMIC_RELAXED)                      \
	RIG_ATOMIC_LOGIC(prefix, type, value, xor, _relaxed, __ATOMIC_RELAXED)                     \
	static inline value prefix##_fetch_andnot_relaxed(value i, type *v)                        \
	{                                                                                          \
		return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);                      \
	}                                                                                          \
	RIG_ATOMIC_ORDERED(prefix, type, value, _acquire, __ATOMIC_ACQUIRE)                        \
	RIG_ATOMIC_WEAKER(prefix, type, value, _acquire, __ATOMIC_ACQUIRE)                         \
	RIG_ATOMIC_LOGIC(prefix, type, value, and, _acquire, __ATOMIC_ACQUIRE)                     \
	RIG_ATOMIC_LOGIC(prefix, type, value, or, _acquire, __ATOMIC_ACQUIRE)                      \
	RIG_ATOMIC_LOGIC(prefix, type, value, xor, _acquire, __ATOMIC_ACQUIRE)                     \
	static inline value prefix##_fetch_andnot_acquire(value i, type *v)                        \
	{                                                                                          \
		return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_ACQUIRE);                      \
	}                                                                                          \
	RIG_ATOMIC_ORDERED(prefix, type, value, _release, __ATOMIC_RELEASE)                        \
	RIG_ATOMIC_WEAKER(prefix, type, value, _release, __ATOMIC_RELEASE)                         \
	RIG_ATOMIC_LOGIC(prefix, type, value, and, _release, __ATOMIC_RELEASE)                     \
	RIG_ATOMIC_LOGIC(prefix, type, value, or, _release, __ATOMIC_RELEASE)                      \
	RIG_ATOMIC_LOGIC(prefix, type, value, xor, _release, __ATOMIC_RELEASE)                     \
	static inline value prefix##_fetch_andnot_release(value i, type *v)                        \
	{                                                                                          \
		return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELEASE);                      \
	}                                                                                          \
	static inline void prefix##_and(value i, type *v)                                          \
	{                                                                                          \
		__atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_or(value i, type *v)                                           \
	{                                                                                          \
		__atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED);                               \
	}                                                                                          \
	static inline void prefix##_xor(value i, type *v)                                          \
	{                                                                                          \
		__atomic_fetch_xor(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_andnot(value i, type *v)                                       \
	{                                                                                          \
		__atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);                             \
	}                                                                                          \
	static inline value prefix##_read_acquire(const type *v)                                   \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);                             \
	}                                                                                          \
	static inline void prefix##_set_release(type *v, value i)                                  \
	{                                                                                          \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE);                                \
	}

RIG_ATOMIC_OPS(atomic, atomic_t, int)
RIG_ATOMIC_OPS(atomic_long, atomic_long_t, long)
RIG_ATOMIC_OPS(atomic64, atomic64_t, long)

#define ATOMIC64_INIT(i) ATOMIC_LONG_INIT(i)
#define atomic_cond_read_acquire(v, condition)                                                     \
	({                                                                                         \
		int VAL;                                                                           \
		while (VAL = atomic_read_acquire(v), !(condition))                                 \
			cpu_relax();                                                               \
		VAL;                                                                               \
	})

/* On any integer or pointer. */
#define xchg(ptr, value) __atomic_exchange_n((ptr), (value), __ATOMIC_SEQ_CST)
#define xchg_relaxed(ptr, value) __atomic_exchange_n((ptr), (value), __ATOMIC_RELAXED)
#define xchg_acquire(ptr, value) __atomic_exchange_n((ptr), (value), __ATOMIC_ACQUIRE)
#define xchg_release(ptr, value) __atomic_exchange_n((ptr), (value), __ATOMIC_RELEASE)
/* Returns what was there. */
#define cmpxchg(ptr, old, new)                                                                     \
	({                                                                                         \
		__typeof__(*(ptr)) _cmpxchg_old = (__typeof__(*(ptr)))(old);                       \
		__atomic_compare_exchange_n((ptr), &_cmpxchg_old, (__typeof__(*(ptr)))(new),       \
					    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);            \
		_cmpxchg_old;                                                                      \
	})
#define cmpxchg_relaxed(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg_acquire(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg_release(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg64(ptr, old, new) cmpxchg(ptr, old, new)
/* true: exchanged; otherwise *@old_ptr is what was there. */
#define try_cmpxchg(ptr, old_ptr, new)                                                             \
	__atomic_compare_exchange_n((ptr), (old_ptr), (new), false, __ATOMIC_SEQ_CST,              \
				    __ATOMIC_SEQ_CST)
#define try_cmpxchg_release(ptr, old_ptr, new) try_cmpxchg(ptr, old_ptr, new)
#define try_cmpxchg_acquire(ptr, old_ptr, new) try_cmpxchg(ptr, old_ptr, new)

#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()

#endif
