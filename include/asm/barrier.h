/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/compiler.h. */
#ifndef _ASM_BARRIER_H_RIG
#define _ASM_BARRIER_H_RIG

#include <linux/compiler.h>

#endif
