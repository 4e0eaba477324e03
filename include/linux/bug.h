/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BUG_ON and WARN_ON of kernel code. A BUG is the caller's misuse: it is reported with the
 * place and ends the run with exit code 3 (see kmemrig/check.h). A WARN is printed and counted.
 */
#ifndef _LINUX_BUG_H_RIG
#define _LINUX_BUG_H_RIG

#include <linux/compiler.h>
#include <linux/types.h>

/* Defined in backends/machine/report.c. */
void rig_bug(const char *file, int line, const char *function) __attribute__((noreturn));
void rig_warn(const char *file, int line, const char *function);

#define BUG() rig_bug(__FILE__, __LINE__, __func__)
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (unlikely(condition))                                                           \
			BUG();                                                                     \
	} while (0)
#define WARN_ON(condition)                                                                         \
	({                                                                                         \
		bool _warn = !!(condition);                                                        \
		if (unlikely(_warn))                                                               \
			rig_warn(__FILE__, __LINE__, __func__);                                    \
		unlikely(_warn);                                                                   \
	})
#define WARN_ON_ONCE(condition)                                                                    \
	({                                                                                         \
		static bool _warned;                                                               \
		bool _warn_once = !!(condition);                                                   \
		if (unlikely(_warn_once) &&                                                        \
		    !__atomic_exchange_n(&_warned, true, __ATOMIC_RELAXED))                        \
			rig_warn(__FILE__, __LINE__, __func__);                                    \
		unlikely(_warn_once);                                                              \
	})

/* The same with a text of one's own in front. */
#define WARN(condition, format...)                                                                 \
	({                                                                                         \
		bool _warn_text = !!(condition);                                                   \
		if (unlikely(_warn_text)) {                                                        \
			printk(format);                                                            \
			rig_warn(__FILE__, __LINE__, __func__);                                    \
		}                                                                                  \
		unlikely(_warn_text);                                                              \
	})
#define WARN_ONCE(condition, format...)                                                            \
	({                                                                                         \
		static bool _warned_text;                                                          \
		bool _warn_text_once = !!(condition);                                              \
		if (unlikely(_warn_text_once) &&                                                   \
		    !__atomic_exchange_n(&_warned_text, true, __ATOMIC_RELAXED))                   \
			(void)WARN(1, format);                                                     \
		unlikely(_warn_text_once);                                                         \
	})
#define WARN_TAINT(condition, taint, format...) WARN(condition, format)
#define WARN_ON_SMP(condition) WARN_ON(condition)
#define CHECK_DATA_CORRUPTION(condition, format...)                                                \
	({                                                                                         \
		bool _corrupt = !!(condition);                                                     \
		if (_corrupt) {                                                                    \
			printk(format);                                                            \
			BUG();                                                                     \
		}                                                                                  \
		_corrupt;                                                                          \
	})

#include <linux/build_bug.h>
#include <linux/printk.h>

#endif
