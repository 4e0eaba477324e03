/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Variables of which each CPU has its own. A pointer to one stands for all copies: this_cpu_ptr()
 * and per_cpu_ptr() lead to one of them. Those that a program defines are shared by its machines
 * (as all its globals are); those that it allocates belong to the machine, and come from chunks of
 * vmalloc memory with one unit a CPU, as the kernel's percpu allocator has them.
 */
#ifndef _LINUX_PERCPU_H_RIG
#define _LINUX_PERCPU_H_RIG

#include <kmemrig/cpu.h>
#include <linux/gfp_types.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/types.h>

#define RIG_PERCPU_SECTION __attribute__((section("rig_percpu")))
#define DEFINE_PER_CPU(type, name) RIG_PERCPU_SECTION __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern RIG_PERCPU_SECTION __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU_ALIGNED(type, name) DECLARE_PER_CPU(type, name)

#define EXPORT_PER_CPU_SYMBOL(name) _Static_assert(sizeof(#name) > 1, "a symbol")
#define EXPORT_PER_CPU_SYMBOL_GPL(name) EXPORT_PER_CPU_SYMBOL(name)

#define PCPU_MIN_ALLOC_SIZE 4
#define PCPU_MIN_UNIT_SIZE (32 << 10) /* bytes; the largest allocation */

/* The copy of @cpu, a number. */
void *rig_per_cpu_address(struct rig_cpu *cpu, const void __percpu *ptr, int of);

#define per_cpu_ptr(ptr, cpu)                                                                      \
	((__typeof__(ptr))rig_per_cpu_address(rig_this_cpu(), (const void *)(ptr), (cpu)))
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, rig_this_cpu()->id)
#define raw_cpu_ptr(ptr) this_cpu_ptr(ptr)
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))
#define __this_cpu_ptr(ptr) this_cpu_ptr(ptr)
/* With preemption off between the two. */
#define get_cpu_var(var)                                                                           \
	(*({                                                                                       \
		preempt_disable();                                                                 \
		this_cpu_ptr(&(var));                                                              \
	}))
#define put_cpu_var(var) preempt_enable()
#define get_cpu_ptr(ptr)                                                                           \
	({                                                                                         \
		preempt_disable();                                                                 \
		this_cpu_ptr(ptr);                                                                 \
	})
#define put_cpu_ptr(ptr) preempt_enable()

#define this_cpu_read(var) READ_ONCE(*this_cpu_ptr(&(var)))
#define this_cpu_write(var, value) WRITE_ONCE(*this_cpu_ptr(&(var)), value)
#define this_cpu_add(var, value) ((void)(*this_cpu_ptr(&(var)) += (value)))
#define this_cpu_sub(var, value) ((void)(*this_cpu_ptr(&(var)) -= (value)))
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_sub(var, 1)
#define this_cpu_add_return(var, value) (*this_cpu_ptr(&(var)) += (value))
#define this_cpu_sub_return(var, value) (*this_cpu_ptr(&(var)) -= (value))
#define this_cpu_dec_return(var) this_cpu_sub_return(var, 1)
#define this_cpu_inc_return(var) this_cpu_add_return(var, 1)
#define this_cpu_xchg(var, value) xchg(this_cpu_ptr(&(var)), value)
#define this_cpu_cmpxchg(var, old, new) cmpxchg(this_cpu_ptr(&(var)), old, new)
#define __this_cpu_read(var) this_cpu_read(var)
#define __this_cpu_write(var, value) this_cpu_write(var, value)
#define __this_cpu_add(var, value) this_cpu_add(var, value)
#define __this_cpu_sub(var, value) this_cpu_sub(var, value)
#define __this_cpu_add_return(var, value) this_cpu_add_return(var, value)
#define __this_cpu_sub_return(var, value) this_cpu_sub_return(var, value)
#define __this_cpu_inc_return(var) this_cpu_inc_return(var)
#define __this_cpu_dec_return(var) this_cpu_dec_return(var)
#define __this_cpu_inc(var) this_cpu_inc(var)
#define __this_cpu_dec(var) this_cpu_dec(var)
#define raw_cpu_read(var) this_cpu_read(var)
#define raw_cpu_write(var, value) this_cpu_write(var, value)

/*
 * Zeroed memory of @size bytes for each CPU. NULL, with a line in the log: a size or alignment
 * that is not granted (0, above PCPU_MIN_UNIT_SIZE, alignment above a page), or no memory. May
 * sleep where @gfp says so.
 */
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp);
void __percpu *__alloc_percpu(size_t size, size_t align);
/* NULL is allowed. Any context. */
void free_percpu(void __percpu *ptr);

#define alloc_percpu_gfp(type, gfp)                                                                \
	((__typeof__(type) __percpu *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), gfp))
#define alloc_percpu(type)                                                                         \
	((__typeof__(type) __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))

#endif
