/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the program's own data lies: constant data is never freed. */
#ifndef _ASM_SECTIONS_H_RIG
#define _ASM_SECTIONS_H_RIG

#include <linux/types.h>

extern char __executable_start[] __attribute__((weak)), _end[] __attribute__((weak));

/* Is it of the program (constants and other globals) rather than allocated? */
static inline bool is_kernel_rodata(unsigned long address)
{
	return address >= (unsigned long)__executable_start && address < (unsigned long)_end;
}

#endif
