/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks of code and data that a kernel drops after boot, which mean nothing here, and functions
 * that it calls while it boots: a program runs those that it links with rig_do_initcalls().
 */
#ifndef _LINUX_INIT_H_RIG
#define _LINUX_INIT_H_RIG

#include <linux/compiler.h>

#define __init
#define __exit
#define __initdata
#define __initconst
#define __meminit
#define __meminitdata
#define __ref
#define __refdata
#define __exitdata
#define __devinit

struct rig_initcall {
	int level; /* 0 .. 7, as in the kernel */
	int (*function)(void);
};

/* All of the program's, by level, then as linked. Returns the first error; the others run too. */
int rig_do_initcalls(void);

#define RIG_INITCALL(initcall_level, name)                                                         \
	static const struct rig_initcall rig_initcall_##name = { initcall_level, name };           \
	static const struct rig_initcall *const rig_initcall_at_##name                             \
		__attribute__((section("rig_initcalls"), used)) = &rig_initcall_##name
#define pure_initcall(name) RIG_INITCALL(0, name)
#define core_initcall(name) RIG_INITCALL(1, name)
#define postcore_initcall(name) RIG_INITCALL(2, name)
#define arch_initcall(name) RIG_INITCALL(3, name)
#define subsys_initcall(name) RIG_INITCALL(4, name)
#define fs_initcall(name) RIG_INITCALL(5, name)
#define device_initcall(name) RIG_INITCALL(6, name)
#define late_initcall(name) RIG_INITCALL(7, name)
#define early_initcall(name) RIG_INITCALL(0, name)

#endif
