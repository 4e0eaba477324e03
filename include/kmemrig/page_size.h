/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of a page: 4096 bytes, unless the build says otherwise (scons page_shift=N). */
#ifndef KMEMRIG_PAGE_SIZE_H
#define KMEMRIG_PAGE_SIZE_H

#ifndef RIG_PAGE_SHIFT
#define RIG_PAGE_SHIFT 12
#endif

#define PAGE_SHIFT RIG_PAGE_SHIFT
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(address) (((address) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGNED(address) (((unsigned long)(address) & (PAGE_SIZE - 1)) == 0)

#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PHYS_PFN(x) ((unsigned long)((x) >> PAGE_SHIFT))

#endif
