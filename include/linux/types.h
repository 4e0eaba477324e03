/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types of kernel code. The host's own linux/types.h is pulled in first, because
 * the C library's headers include it too and need what it defines.
 */
#ifndef _LINUX_TYPES_H_RIG
#define _LINUX_TYPES_H_RIG

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* sparse (a Debian package) checks these; compilers see plain integers. */
#ifdef __CHECKER__
#define __iomem __attribute__((noderef, address_space(__iomem)))
#define __user __attribute__((noderef, address_space(__user)))
#define __percpu __attribute__((noderef, address_space(__percpu)))
#define __rcu __attribute__((noderef, address_space(__rcu)))
#define __force __attribute__((force))
#undef __bitwise
#define __bitwise __attribute__((bitwise))
#else
#define __iomem
#define __user
#define __percpu
#define __rcu
#define __force
#ifndef __bitwise
#define __bitwise
#endif
#endif

typedef u64 phys_addr_t;
#define PHYS_ADDR_MAX (~(phys_addr_t)0)
typedef phys_addr_t resource_size_t;
typedef u64 dma_addr_t;
typedef unsigned int __bitwise gfp_t;
typedef unsigned int __bitwise slab_flags_t;
typedef unsigned int __bitwise fmode_t;
typedef unsigned short umode_t;
typedef u64 sector_t;
typedef unsigned long irq_hw_number_t;
typedef unsigned long pgoff_t;

/* Plain counters; every access goes through linux/atomic.h. */
typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef atomic_long_t atomic64_t;

/* An array of longs for @bits bits: see linux/bitmap.h. */
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define callback_head rcu_head
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

typedef void (*rcu_callback_t)(struct rcu_head *head);
typedef void (*call_rcu_func_t)(struct rcu_head *head, rcu_callback_t func);
typedef int (*cmp_func_t)(const void *a, const void *b);
typedef int (*cmp_r_func_t)(const void *a, const void *b, const void *priv);
typedef void (*swap_func_t)(void *a, void *b, int size);
typedef void (*swap_r_func_t)(void *a, void *b, int size, const void *priv);

#endif
