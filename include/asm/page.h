/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes of pages. */
#ifndef _ASM_PAGE_H_RIG
#define _ASM_PAGE_H_RIG

#include <kmemrig/page_size.h>

#endif
