/* SPDX-License-Identifier: GPL-2.0-only */
/* Page frame numbers and physical addresses: PFN_UP, PFN_DOWN, PFN_PHYS, PHYS_PFN. */
#ifndef _LINUX_PFN_H_RIG
#define _LINUX_PFN_H_RIG

#include <kmemrig/page_size.h>
#include <linux/types.h>

#endif
