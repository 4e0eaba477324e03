/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef RIG_MEMPOOL_PRIVATE_H
#define RIG_MEMPOOL_PRIVATE_H

#include <linux/mempool.h>

/*
 * poison.c: the memory of an element that goes into the reserve is filled, and looked at when the
 * element leaves it, where the machine asks for such checks; AddressSanitizer is told either way.
 */
void element_poison(mempool_t *pool, void *element);
void element_unpoison(mempool_t *pool, void *element);
bool element_is_poisoned(mempool_t *pool, void *element);

#endif
