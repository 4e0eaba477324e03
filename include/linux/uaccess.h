/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies from and to user space. A rig has no user address spaces: a user pointer is a plain
 * address of the program, and NULL (or below 4096) is one that faults.
 */
#ifndef _LINUX_UACCESS_H_RIG
#define _LINUX_UACCESS_H_RIG

#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#define access_ok(address, size) ((unsigned long)(address) >= 4096)

/* Bytes that could not be copied. May sleep. */
static inline unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	might_fault();
	if (!access_ok(from, n)) {
		memset(to, 0, n);
		return n;
	}
	memcpy(to, (__force const void *)from, n);
	return 0;
}

static inline unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	might_fault();
	if (!access_ok(to, n))
		return n;
	memcpy((__force void *)to, from, n);
	return 0;
}

#define __copy_from_user(to, from, n) copy_from_user(to, from, n)
#define __copy_to_user(to, from, n) copy_to_user(to, from, n)

static inline unsigned long clear_user(void __user *to, unsigned long n)
{
	might_fault();
	if (!access_ok(to, n))
		return n;
	memset((__force void *)to, 0, n);
	return 0;
}

#define get_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) _user = 0;                                                      \
		int _fault = copy_from_user(&_user, (ptr), sizeof(_user)) ? -14 : 0;               \
		(x) = _user;                                                                       \
		_fault;                                                                            \
	})
#define put_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) _user = (x);                                                    \
		copy_to_user((ptr), &_user, sizeof(_user)) ? -14 : 0;                              \
	})
#define __get_user(x, ptr) get_user(x, ptr)
#define __put_user(x, ptr) put_user(x, ptr)

/* Page faults are as in user space here: nothing is to be kept from them. */
#define pagefault_disable() preempt_disable()
#define pagefault_enable() preempt_enable()
#define pagefault_disabled() in_atomic()
#define faulthandler_disabled() in_atomic()

#endif
