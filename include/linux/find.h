/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking for bits in arrays of longs: @size bits are looked at; where there is none the answer is
 * @size (from @offset on: also @size).
 */
#ifndef _LINUX_FIND_H_RIG
#define _LINUX_FIND_H_RIG

#include <linux/types.h>

unsigned long find_first_bit(const unsigned long *addr, unsigned long size);
unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size);
unsigned long find_last_bit(const unsigned long *addr, unsigned long size);
unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size,
				 unsigned long offset);
/* Set in both; set in the first and not in the second. */
unsigned long find_next_and_bit(const unsigned long *one, const unsigned long *two,
				unsigned long size, unsigned long offset);
unsigned long find_next_andnot_bit(const unsigned long *one, const unsigned long *two,
				   unsigned long size, unsigned long offset);

static inline unsigned long find_first_and_bit(const unsigned long *one, const unsigned long *two,
					       unsigned long size)
{
	return find_next_and_bit(one, two, size, 0);
}

/* From @offset on, then from the beginning up to it. */
static inline unsigned long find_next_bit_wrap(const unsigned long *addr, unsigned long size,
					       unsigned long offset)
{
	unsigned long bit = find_next_bit(addr, size, offset);

	if (bit < size || offset == 0)
		return bit;
	bit = find_first_bit(addr, offset);
	return bit < offset ? bit : size;
}

#define for_each_set_bit(bit, addr, size)                                                          \
	for ((bit) = find_first_bit((addr), (size)); (bit) < (size);                               \
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_set_bit_from(bit, addr, size)                                                     \
	for ((bit) = find_next_bit((addr), (size), (bit)); (bit) < (size);                         \
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit(bit, addr, size)                                                        \
	for ((bit) = find_first_zero_bit((addr), (size)); (bit) < (size);                          \
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit_from(bit, addr, size)                                                   \
	for ((bit) = find_next_zero_bit((addr), (size), (bit)); (bit) < (size);                    \
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))

#endif
