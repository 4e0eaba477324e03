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

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef noinline
#define noinline __attribute__((noinline))
#endif
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __aligned(x) __attribute__((aligned(x)))
#define __packed __attribute__((packed))
#define fallthrough __attribute__((fallthrough))

#define _RET_IP_ ((unsigned long)__builtin_return_address(0))

#endif
