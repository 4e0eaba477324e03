/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes and places of members. */
#ifndef _LINUX_STDDEF_H_RIG
#define _LINUX_STDDEF_H_RIG

#include_next <linux/stddef.h>
#include <linux/types.h>

#ifndef sizeof_field
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#endif
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))

/* The members once by their own names and once together under @name. */
#define struct_group(name, ...)                                                                    \
	union {                                                                                    \
		struct {                                                                           \
			__VA_ARGS__                                                                \
		};                                                                                 \
		struct {                                                                           \
			__VA_ARGS__                                                                \
		} name;                                                                            \
	}
/* An array without a length, where C allows none by itself (alone, or in a union). */
#define DECLARE_FLEX_ARRAY(type, name)                                                             \
	struct {                                                                                   \
		struct {                                                                           \
		} _empty_##name;                                                                   \
		type name[];                                                                       \
	}

#endif
