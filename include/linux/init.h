/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks of code and data that a kernel drops after boot; here they mean nothing. */
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

#endif
