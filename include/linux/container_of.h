/* SPDX-License-Identifier: GPL-2.0-only */
/* From a member to the structure that holds it. */
#ifndef _LINUX_CONTAINER_OF_H_RIG
#define _LINUX_CONTAINER_OF_H_RIG

#include <stddef.h>

#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#endif
#define container_of_safe(ptr, type, member)                                                       \
	({                                                                                         \
		__auto_type _member = (ptr);                                                       \
		IS_ERR_OR_NULL(_member) ? ERR_CAST(_member) : container_of(_member, type, member); \
	})
#define typeof_member(type, member) __typeof__(((type *)0)->member)

#endif
