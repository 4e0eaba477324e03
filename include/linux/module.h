/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules as programs: module_init() names what the kernel would call when the module is
 * loaded. A program that links a module calls init_module() on a thread that drives a CPU.
 */
#ifndef _LINUX_MODULE_H_RIG
#define _LINUX_MODULE_H_RIG

#include <errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "module"
#endif

#define THIS_MODULE NULL

/* Return 0 or -errno, as the functions that module_init() names. */
int init_module(void);
void cleanup_module(void);

#define module_init(function)                                                                      \
	int init_module(void)                                                                      \
	{                                                                                          \
		return function();                                                                 \
	}
#define module_exit(function)                                                                      \
	void cleanup_module(void)                                                                  \
	{                                                                                          \
		function();                                                                        \
	}

#define MODULE_LICENSE(text) _Static_assert(sizeof(text) > 1, "a licence")
#define MODULE_AUTHOR(text) _Static_assert(sizeof(text) > 1, "an author")
#define MODULE_DESCRIPTION(text) _Static_assert(sizeof(text) > 1, "a description")
#define MODULE_VERSION(text) _Static_assert(sizeof(text) > 1, "a version")
#define MODULE_ALIAS(text) _Static_assert(sizeof(text) > 1, "an alias")

#define EXPORT_SYMBOL(symbol) _Static_assert(sizeof(#symbol) > 1, "a symbol")
#define EXPORT_SYMBOL_GPL(symbol) _Static_assert(sizeof(#symbol) > 1, "a symbol")

#endif
