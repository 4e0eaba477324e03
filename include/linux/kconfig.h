/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions about the configuration. A rig's kernel is x86-64 with SMP, NUMA and a device tree;
 * what is configured is a macro CONFIG_... of value 1, given to the compiler (-DCONFIG_X=1).
 */
#ifndef _LINUX_KCONFIG_H_RIG
#define _LINUX_KCONFIG_H_RIG

#ifndef CONFIG_64BIT
#define CONFIG_64BIT 1
#endif
#ifndef CONFIG_SMP
#define CONFIG_SMP 1
#endif
#ifndef CONFIG_NUMA
#define CONFIG_NUMA 1
#endif
#ifndef CONFIG_MMU
#define CONFIG_MMU 1
#endif
#ifndef CONFIG_HAS_IOMEM
#define CONFIG_HAS_IOMEM 1
#endif
#ifndef CONFIG_HAS_DMA
#define CONFIG_HAS_DMA 1
#endif
#ifndef CONFIG_BASE_SMALL
#define CONFIG_BASE_SMALL 0
#endif
#ifndef CONFIG_OF
#define CONFIG_OF 1
#endif

/*
 * 1 where @option is defined as 1, otherwise 0: a defined one turns into an extra argument, which
 * moves the 1 into second place. Works in expressions and in #if.
 */
#define RIG_CONFIG_ARGUMENT_1 0,
#define RIG_CONFIG_SECOND(first, second, ...) second
#define RIG_CONFIG_PICK(argument) RIG_CONFIG_SECOND(argument 1, 0, 0)
#define RIG_CONFIG_JOIN(value) RIG_CONFIG_PICK(RIG_CONFIG_ARGUMENT_##value)
#define IS_BUILTIN(option) RIG_CONFIG_JOIN(option)
#define IS_MODULE(option) 0
#define IS_REACHABLE(option) IS_BUILTIN(option)
#define IS_ENABLED(option) IS_BUILTIN(option)

#endif
