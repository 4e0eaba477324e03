/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/io.h. */
#ifndef _ASM_IO_H_RIG
#define _ASM_IO_H_RIG

#include <linux/io.h>

#endif
