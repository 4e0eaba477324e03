// SPDX-License-Identifier: GPL-2.0-only
/* Looking for bits in arrays of longs, a word at a time: linux/find.h. */
#include <linux/bitops.h>
#include <linux/find.h>
#include <linux/minmax.h>

/*
 * The first set bit from @offset on of the words that @word gives, an expression in the index i;
 * @size where there is none.
 */
#define FIND_FROM(size, offset, word)                                                              \
	do {                                                                                       \
		unsigned long i = BIT_WORD(offset), bits;                                          \
                                                                                                   \
		if ((offset) >= (size))                                                            \
			return size;                                                               \
		bits = (word) & (~0UL << ((offset) % BITS_PER_LONG));                              \
		while (!bits) {                                                                    \
			if (++i * BITS_PER_LONG >= (size))                                         \
				return size;                                                       \
			bits = (word);                                                             \
		}                                                                                  \
		return min(i * BITS_PER_LONG + __ffs(bits), (size));                               \
	} while (0)

unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	FIND_FROM(size, offset, addr[i]);
}

unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size,
				 unsigned long offset)
{
	FIND_FROM(size, offset, ~addr[i]);
}

unsigned long find_next_and_bit(const unsigned long *one, const unsigned long *two,
				unsigned long size, unsigned long offset)
{
	FIND_FROM(size, offset, one[i] & two[i]);
}

unsigned long find_next_andnot_bit(const unsigned long *one, const unsigned long *two,
				   unsigned long size, unsigned long offset)
{
	FIND_FROM(size, offset, one[i] & ~two[i]);
}

unsigned long find_first_bit(const unsigned long *addr, unsigned long size)
{
	return find_next_bit(addr, size, 0);
}

unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size)
{
	return find_next_zero_bit(addr, size, 0);
}

unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	for (unsigned long i = BITS_TO_LONGS(size); i-- > 0;) {
		unsigned long bits = addr[i];

		if ((i + 1) * BITS_PER_LONG > size)
			bits &= ~0UL >> (-size % BITS_PER_LONG);
		if (bits)
			return i * BITS_PER_LONG + __fls(bits);
	}
	return size;
}
