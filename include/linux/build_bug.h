/* SPDX-License-Identifier: GPL-2.0-only */
/* Conditions that the compiler checks. */
#ifndef _LINUX_BUILD_BUG_H_RIG
#define _LINUX_BUILD_BUG_H_RIG

#include <linux/compiler.h>

/* Where the compiler does not know the condition, it is not refused. An expression. */
#define BUILD_BUG_ON(condition)                                                                    \
	((void)sizeof(char[1 - 2 * !!(__builtin_constant_p(condition) && (condition))]))
#define BUILD_BUG_ON_MSG(condition, message) BUILD_BUG_ON(condition)
#define BUILD_BUG_ON_INVALID(e) ((void)(sizeof((long)(e))))
#define BUILD_BUG() ((void)0)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || ((n) & ((n)-1)) != 0)
#define __BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON(((n) & ((n)-1)) != 0)
#define BUILD_BUG_ON_ZERO(e) ((int)sizeof(struct { int : (-!!(e)); }))
#ifndef static_assert
#define RIG_STATIC_ASSERT(expression, message, ...) _Static_assert(expression, message)
#define static_assert(expression, ...) RIG_STATIC_ASSERT(expression, ##__VA_ARGS__, #expression)
#endif

#endif
