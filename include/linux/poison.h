/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that mark dead or foreign memory; the numbers are those of Linux 6.1 on x86-64. */
#ifndef _LINUX_POISON_H_RIG
#define _LINUX_POISON_H_RIG

#define POISON_POINTER_DELTA 0xdead000000000000UL
#define LIST_POISON1 ((void *)(0x100UL + POISON_POINTER_DELTA))
#define LIST_POISON2 ((void *)(0x122UL + POISON_POINTER_DELTA))

#define PAGE_POISON 0xaa

#define SLUB_RED_INACTIVE 0xbb /* red zone of a free object */
#define SLUB_RED_ACTIVE 0xcc   /* red zone of an object in use */
#define RED_INACTIVE 0x09F911029D74E35BULL
#define RED_ACTIVE 0xD84156C5635688C0ULL
#define POISON_INUSE 0x5a /* memory before its first use */
#define POISON_FREE 0x6b  /* memory after its last use */
#define POISON_END 0xa5	  /* last byte of poisoned memory */

#endif
