/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of a module: variables that who starts it may set by name, as on modprobe's command
 * line ("name=value"). All that a program links are found through one section.
 */
#ifndef _LINUX_MODULEPARAM_H_RIG
#define _LINUX_MODULEPARAM_H_RIG

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/stat.h>

enum rig_param_type {
	RIG_PARAM_bool,
	RIG_PARAM__Bool = RIG_PARAM_bool, /* what bool expands to */
	RIG_PARAM_int,
	RIG_PARAM_uint,
	RIG_PARAM_long,
	RIG_PARAM_ulong,
	RIG_PARAM_short,
	RIG_PARAM_ushort,
	RIG_PARAM_byte,
	RIG_PARAM_ullong,
	RIG_PARAM_charp,
};

struct rig_param {
	const char *name;
	enum rig_param_type type;
	void *value;
};

/*
 * Sets a parameter from "name=value" (or "name", for a bool). 0; -ENOENT: no module has it;
 * -EINVAL, -ERANGE: the value is none of its type.
 */
int rig_module_parameter(const char *text);

#define module_param_named(name, variable, type, perm)                                             \
	static struct rig_param rig_param_##name = { #name, RIG_PARAM_##type, &(variable) };       \
	static struct rig_param *const rig_param_at_##name                                         \
		__attribute__((section("rig_params"), used)) = &rig_param_##name
#define module_param(name, type, perm) module_param_named(name, name, type, perm)
#define module_param_unsafe(name, type, perm) module_param(name, type, perm)
#define core_param(name, variable, type, perm) module_param_named(name, variable, type, perm)
#define MODULE_PARM_DESC(name, text) _Static_assert(sizeof(text) > 0, "a description")

#endif
