/* SPDX-License-Identifier: GPL-2.0-only */
/* Hints to the compiler, under the kernel's names. */
#ifndef _LINUX_COMPILER_H_RIG
#define _LINUX_COMPILER_H_RIG

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")

/* Untorn accesses that may race; relaxed atomics, so that ThreadSanitizer knows them for such. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), (val), __ATOMIC_RELAXED)
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer knows no fences: an exchange with a common word orders as much, and more. */
static inline void rig_fence(void)
{
	static unsigned int word;

	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
}
#define smp_mb() rig_fence()
#define smp_rmb() rig_fence()
#define smp_wmb() rig_fence()
#else
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#define mb() smp_mb()
#define rmb() smp_rmb()
#define wmb() smp_wmb()
#define dma_rmb() smp_rmb()
#define dma_wmb() smp_wmb()
#define smp_store_mb(var, value) __atomic_store_n(&(var), (value), __ATOMIC_SEQ_CST)

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef noinline
#define noinline __attribute__((noinline))
#endif
#define noinline_for_stack noinline
#define __noreturn __attribute__((noreturn))
#define __weak __attribute__((weak))
#define __cold __attribute__((cold))
#define __used __attribute__((used))
#define __section(name) __attribute__((section(name)))
#define __malloc __attribute__((malloc))
#define __alloc_size(x, ...) __attribute__((alloc_size(x, ##__VA_ARGS__)))
#define __assume_aligned(a, ...) __attribute__((assume_aligned(a, ##__VA_ARGS__)))
#define __designated_init
#define __nonstring __attribute__((nonstring))
#define __deprecated
#define __scanf(a, b) __attribute__((format(scanf, a, b)))
#define __pure __attribute__((pure))
#ifndef __attribute_const__
#define __attribute_const__ __attribute__((const))
#endif
#define __always_unused __attribute__((unused))
#define __read_mostly
#define __ro_after_init
#define __visible
#define __latent_entropy
#define __randomize_layout
#define __no_sanitize_address __attribute__((no_sanitize_address))
#define notrace
#define asmlinkage
#define unreachable() __builtin_unreachable()
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __is_constexpr(x) __builtin_constant_p(x)
/* The compiler forgets where the value comes from. */
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "+r"(var))
#define RELOC_HIDE(ptr, off) ((__typeof__(ptr))((unsigned long)(ptr) + (off)))
#define barrier_data(ptr) __asm__ __volatile__("" : : "r"(ptr) : "memory")
#define data_race(expression) (expression)
#define ASSERT_EXCLUSIVE_WRITER(var) ((void)0)
#define ASSERT_EXCLUSIVE_ACCESS(var) ((void)0)
#define ASSERT_EXCLUSIVE_BITS(var, mask) ((void)0)
#define RIG_JOIN_2(a, b) a##b
#define RIG_JOIN(a, b) RIG_JOIN_2(a, b)
#define __PASTE(a, b) RIG_JOIN(a, b)
#define __UNIQUE_ID(prefix) RIG_JOIN(RIG_JOIN(unique_id_, prefix), __COUNTER__)
#define __stringify_1(...) #__VA_ARGS__
#define __stringify(...) __stringify_1(__VA_ARGS__)

/* For sparse: which locks a function takes, gives back, needs. */
#ifdef __CHECKER__
#define __acquires(x) __attribute__((context(x, 0, 1)))
#define __releases(x) __attribute__((context(x, 1, 0)))
#define __must_hold(x) __attribute__((context(x, 1, 1)))
#define __acquire(x) __context__(x, 1)
#define __release(x) __context__(x, -1)
#else
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#endif
#define __cond_lock(x, condition) (condition)
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __aligned(x) __attribute__((aligned(x)))
#define __packed __attribute__((packed))
#define fallthrough __attribute__((fallthrough))

#define _RET_IP_ ((unsigned long)__builtin_return_address(0))
#define _THIS_IP_                                                                                  \
	({                                                                                         \
		__label__ _here;                                                                   \
	_here:                                                                                     \
		(unsigned long)&&_here;                                                            \
	})

#include <linux/kconfig.h>

#endif
