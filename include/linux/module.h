/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules as programs: module_init() names what the kernel would call when the module is
 * loaded. A program that links a module calls init_module() on a thread that drives a CPU.
 */
#ifndef _LINUX_MODULE_H_RIG
#define _LINUX_MODULE_H_RIG

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/stringify.h>

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "module"
#endif

struct module;
struct kernel_param;

#define try_module_get(module) ((void)(module), true)
#define module_put(module) ((void)(module))
#define __module_get(module) ((void)(module))
#define module_is_live(module) true

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

#define MODULE_DEVICE_TABLE(type, table)                                                           \
	static const void *const rig_table_##table __attribute__((unused)) = (table)
#define MODULE_SOFTDEP(text) _Static_assert(sizeof(text) > 1, "a dependency")
#define MODULE_FIRMWARE(text) _Static_assert(sizeof(text) > 1, "a file")
#define MODULE_IMPORT_NS(namespace) _Static_assert(sizeof(#namespace) > 1, "a namespace")
#define MODULE_INFO(tag, text) _Static_assert(sizeof(text) > 1, "information")

/* A module that does nothing but register its driver, and nothing at its end but unregister it. */
#define module_driver(driver, registration, unregistration, ...)                                   \
	int init_module(void)                                                                      \
	{                                                                                          \
		return registration(&(driver), ##__VA_ARGS__);                                     \
	}                                                                                          \
	void cleanup_module(void)                                                                  \
	{                                                                                          \
		unregistration(&(driver), ##__VA_ARGS__);                                          \
	}

#endif
