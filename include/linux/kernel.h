/* SPDX-License-Identifier: GPL-2.0-only */
/* What nearly all kernel code uses: arithmetic, types, numbers from text, formatted text. */
#ifndef _LINUX_KERNEL_H_RIG
#define _LINUX_KERNEL_H_RIG

#include <limits.h>
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define upper_16_bits(n) ((u16)((u32)(n) >> 16))
#define lower_16_bits(n) ((u16)(n))

#define REPEAT_BYTE(x) (~0UL / 0xff * (x))
#define PTR_IF(condition, pointer) ((condition) ? (pointer) : NULL)
#define u64_to_user_ptr(x) ((void __user *)(unsigned long)(x))

/*
 * Numbers from text; @base 0 takes 0x and 0 as prefixes. All of the text but one newline at its
 * end has to be the number: 0, -EINVAL, or -ERANGE where it does not fit.
 */
int kstrtoull(const char *text, unsigned int base, unsigned long long *result);
int kstrtoll(const char *text, unsigned int base, long long *result);
int kstrtoul(const char *text, unsigned int base, unsigned long *result);
int kstrtol(const char *text, unsigned int base, long *result);
int kstrtouint(const char *text, unsigned int base, unsigned int *result);
int kstrtoint(const char *text, unsigned int base, int *result);
int kstrtou16(const char *text, unsigned int base, u16 *result);
int kstrtos16(const char *text, unsigned int base, s16 *result);
int kstrtos8(const char *text, unsigned int base, s8 *result);
int kstrtou8(const char *text, unsigned int base, u8 *result);
/* y, Y, 1, on, n, N, 0, off. */
int kstrtobool(const char *text, bool *result);
#define kstrtou64(text, base, result) kstrtoull(text, base, (unsigned long long *)(result))
#define kstrtos64(text, base, result) kstrtoll(text, base, (long long *)(result))
#define kstrtou32(text, base, result) kstrtouint(text, base, result)
#define kstrtos32(text, base, result) kstrtoint(text, base, result)

unsigned long long simple_strtoull(const char *text, char **end, unsigned int base);
unsigned long simple_strtoul(const char *text, char **end, unsigned int base);
long simple_strtol(const char *text, char **end, unsigned int base);

/* As snprintf and vsnprintf, but the value is what was written, without the 0 at the end. */
int scnprintf(char *buffer, size_t size, const char *format, ...) __printf(3, 4);
int vscnprintf(char *buffer, size_t size, const char *format, va_list args) __printf(3, 0);

/* Text in kmalloc memory; NULL when there is none. */
char *kasprintf(gfp_t gfp, const char *format, ...) __printf(2, 3);
char *kvasprintf(gfp_t gfp, const char *format, va_list args) __printf(2, 0);
/* @format itself where it is constant text without conversions or "%s" of such: kfree_const. */
const char *kvasprintf_const(gfp_t gfp, const char *format, va_list args) __printf(2, 0);

/* Misuse that ends the run (check "kernel.panic"). */
void panic(const char *format, ...) __printf(1, 2) __attribute__((noreturn));

/* Marks the kernel as no longer trustworthy; here a line in the log for each new reason. */
enum { TAINT_WARN = 9, TAINT_TEST = 18, LOCKDEP_STILL_OK = 1, LOCKDEP_NOW_UNRELIABLE = 0 };
static inline void add_taint(unsigned int flag, int lockdep)
{
}

enum system_states { SYSTEM_BOOTING, SYSTEM_SCHEDULING, SYSTEM_FREEING_INITMEM, SYSTEM_RUNNING };
#define system_state SYSTEM_RUNNING
#define oops_in_progress 0

#include <linux/might_sleep.h>

#endif
