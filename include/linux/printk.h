/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log of kernel code: lines go to the log of the machine that the thread drives. */
#ifndef _LINUX_PRINTK_H_RIG
#define _LINUX_PRINTK_H_RIG

#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/types.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c"

/*
 * Prints a line (printf's conversions; the newline at its end is optional) to the log of the
 * current CPU's machine, to stderr where the thread drives none. Levels are accepted and not
 * shown. Returns the line's length. May be called anywhere.
 */
int printk(const char *format, ...) __printf(1, 2);

#ifndef pr_fmt
#define pr_fmt(format) format
#endif

#define no_printk(format, ...)                                                                     \
	({                                                                                         \
		if (0)                                                                             \
			printk(format, ##__VA_ARGS__);                                             \
		0;                                                                                 \
	})
#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...) printk(KERN_CONT pr_fmt(format), ##__VA_ARGS__)
#define pr_debug(format, ...) no_printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)
#define pr_devel(format, ...) no_printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)
#define printk_once(format, ...)                                                                   \
	({                                                                                         \
		static bool _printed;                                                              \
		if (!__atomic_exchange_n(&_printed, true, __ATOMIC_RELAXED))                       \
			printk(format, ##__VA_ARGS__);                                             \
	})
#define pr_err_once(format, ...) printk_once(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn_once(format, ...) printk_once(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice_once(format, ...) printk_once(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info_once(format, ...) printk_once(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_warning pr_warn

/* The stack that leads here, into the log. */
void dump_stack(void);

/* Bytes as hex digits, @rowsize (16 or 32) a line. */
enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };
void print_hex_dump(const char *level, const char *prefix, int prefix_type, int rowsize,
		    int groupsize, const void *buffer, size_t size, bool ascii);

#endif
