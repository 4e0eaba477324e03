// SPDX-License-Identifier: GPL-2.0-only
/* Sets of bits: linux/bitmap.h. Word by word; the last word's bits beyond the size don't count. */
#include <errno.h>

#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>

/* Bits of word @i that belong to a map of @nbits. */
static unsigned long word_mask(unsigned int i, unsigned int nbits)
{
	return (i + 1) * BITS_PER_LONG > nbits ? BITMAP_LAST_WORD_MASK(nbits) : ~0UL;
}

/* Bits of word @i within [start, end). */
static unsigned long range_mask(unsigned int i, unsigned int start, unsigned int end)
{
	unsigned int first = i * BITS_PER_LONG;
	unsigned long mask = ~0UL;

	if (start > first)
		mask &= BITMAP_FIRST_WORD_MASK(start);
	if (end < first + BITS_PER_LONG)
		mask &= BITMAP_LAST_WORD_MASK(end);
	return mask;
}

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits)
{
	unsigned int end = start + nbits;

	for (unsigned int i = BIT_WORD(start); nbits && i < BITS_TO_LONGS(end); i++)
		map[i] |= range_mask(i, start, end);
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits)
{
	unsigned int end = start + nbits;

	for (unsigned int i = BIT_WORD(start); nbits && i < BITS_TO_LONGS(end); i++)
		map[i] &= ~range_mask(i, start, end);
}

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits)
{
	unsigned int weight = 0;

	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		weight += (unsigned int)hweight_long(src[i] & word_mask(i, nbits));
	return weight;
}

bool bitmap_equal(const unsigned long *one, const unsigned long *two, unsigned int nbits)
{
	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		if ((one[i] ^ two[i]) & word_mask(i, nbits))
			return false;
	return true;
}

bool bitmap_intersects(const unsigned long *one, const unsigned long *two, unsigned int nbits)
{
	return find_next_and_bit(one, two, nbits, 0) < nbits;
}

bool bitmap_subset(const unsigned long *one, const unsigned long *two, unsigned int nbits)
{
	return find_next_andnot_bit(one, two, nbits, 0) == nbits;
}

bool bitmap_and(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		unsigned int nbits)
{
	unsigned long any = 0;

	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		any |= dst[i] = one[i] & two[i] & word_mask(i, nbits);
	return any != 0;
}

bool bitmap_andnot(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		   unsigned int nbits)
{
	unsigned long any = 0;

	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		any |= dst[i] = one[i] & ~two[i] & word_mask(i, nbits);
	return any != 0;
}

void bitmap_or(unsigned long *dst, const unsigned long *one, const unsigned long *two,
	       unsigned int nbits)
{
	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = one[i] | two[i];
}

void bitmap_xor(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		unsigned int nbits)
{
	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = one[i] ^ two[i];
}

void bitmap_complement(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	for (unsigned int i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = ~src[i];
}

/* Word @i of the map as if it went on with zeros on both sides. */
static unsigned long word_at(const unsigned long *src, long i, unsigned int nbits)
{
	if (i < 0 || i >= (long)BITS_TO_LONGS(nbits))
		return 0;
	return src[i] & word_mask((unsigned int)i, nbits);
}

void bitmap_shift_right(unsigned long *dst, const unsigned long *src, unsigned int shift,
			unsigned int nbits)
{
	long words = shift / BITS_PER_LONG;
	unsigned int bits = shift % BITS_PER_LONG;

	for (long i = 0; i < (long)BITS_TO_LONGS(nbits); i++) {
		unsigned long low = word_at(src, i + words, nbits);
		unsigned long high = word_at(src, i + words + 1, nbits);

		dst[i] = bits ? low >> bits | high << (BITS_PER_LONG - bits) : low;
	}
}

void bitmap_shift_left(unsigned long *dst, const unsigned long *src, unsigned int shift,
		       unsigned int nbits)
{
	long words = shift / BITS_PER_LONG;
	unsigned int bits = shift % BITS_PER_LONG;

	for (long i = (long)BITS_TO_LONGS(nbits) - 1; i >= 0; i--) {
		unsigned long high = word_at(src, i - words, nbits);
		unsigned long low = word_at(src, i - words - 1, nbits);

		dst[i] = bits ? high << bits | low >> (BITS_PER_LONG - bits) : high;
	}
}

unsigned long bitmap_find_next_zero_area_off(unsigned long *map, unsigned long size,
					     unsigned long start, unsigned int nr,
					     unsigned long align_mask, unsigned long align_offset)
{
	for (;;) {
		unsigned long first = find_next_zero_bit(map, size, start), taken;

		first = __ALIGN_MASK(first + align_offset, align_mask) - align_offset;
		if (first + nr > size)
			return size + 1;
		taken = find_next_bit(map, first + nr, first);
		if (taken >= first + nr)
			return first;
		start = taken + 1;
	}
}

int bitmap_find_free_region(unsigned long *map, unsigned int bits, int order)
{
	unsigned int step = 1U << order;

	for (unsigned int pos = 0; pos + step <= bits; pos += step)
		if (bitmap_allocate_region(map, pos, order) == 0)
			return (int)pos;
	return -ENOMEM;
}

void bitmap_release_region(unsigned long *map, unsigned int pos, int order)
{
	bitmap_clear(map, pos, 1U << order);
}

int bitmap_allocate_region(unsigned long *map, unsigned int pos, int order)
{
	unsigned int end = pos + (1U << order);

	if (find_next_bit(map, end, pos) < end)
		return -EBUSY;
	bitmap_set(map, pos, 1U << order);
	return 0;
}

unsigned long *bitmap_alloc(unsigned int nbits, gfp_t flags)
{
	return kmalloc_array(BITS_TO_LONGS(nbits), sizeof(unsigned long), flags);
}

unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t flags)
{
	return bitmap_alloc(nbits, flags | __GFP_ZERO);
}

unsigned long *bitmap_alloc_node(unsigned int nbits, gfp_t flags, int node)
{
	return kmalloc_array_node(BITS_TO_LONGS(nbits), sizeof(unsigned long), flags, node);
}

unsigned long *bitmap_zalloc_node(unsigned int nbits, gfp_t flags, int node)
{
	return bitmap_alloc_node(nbits, flags | __GFP_ZERO, node);
}

void bitmap_free(const unsigned long *bitmap)
{
	kfree(bitmap);
}
