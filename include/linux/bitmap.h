/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of small numbers: arrays of longs of which @nbits bits count. Functions that write leave
 * the bits beyond @nbits in the last word as clear as the kernel's do, or clear.
 */
#ifndef _LINUX_BITMAP_H_RIG
#define _LINUX_BITMAP_H_RIG

#include <linux/bitops.h>
#include <linux/find.h>
#include <linux/gfp_types.h>
#include <linux/string.h>
#include <linux/types.h>

#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & (BITS_PER_LONG - 1)))
#define BITMAP_LAST_WORD_MASK(nbits) (~0UL >> (-(nbits) & (BITS_PER_LONG - 1)))
#define bitmap_size(nbits) (BITS_TO_LONGS(nbits) * sizeof(long))

struct device;

/* Memory for @nbits bits; NULL when there is none. */
unsigned long *bitmap_alloc(unsigned int nbits, gfp_t flags);
unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t flags);
unsigned long *bitmap_alloc_node(unsigned int nbits, gfp_t flags, int node);
unsigned long *bitmap_zalloc_node(unsigned int nbits, gfp_t flags, int node);
void bitmap_free(const unsigned long *bitmap);
/* Freed with the device's driver; see linux/device.h. */
unsigned long *devm_bitmap_alloc(struct device *dev, unsigned int nbits, gfp_t flags);
unsigned long *devm_bitmap_zalloc(struct device *dev, unsigned int nbits, gfp_t flags);

static inline void bitmap_zero(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0, bitmap_size(nbits));
}

static inline void bitmap_fill(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0xff, bitmap_size(nbits));
}

static inline void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	memcpy(dst, src, bitmap_size(nbits));
}

/* @nbits bits from @start on. */
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits);

/* How many are set. */
unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits);
bool bitmap_equal(const unsigned long *one, const unsigned long *two, unsigned int nbits);
bool bitmap_intersects(const unsigned long *one, const unsigned long *two, unsigned int nbits);
bool bitmap_subset(const unsigned long *one, const unsigned long *two, unsigned int nbits);
/* These two say whether the result has a bit. */
bool bitmap_and(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		unsigned int nbits);
bool bitmap_andnot(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		   unsigned int nbits);
void bitmap_or(unsigned long *dst, const unsigned long *one, const unsigned long *two,
	       unsigned int nbits);
void bitmap_xor(unsigned long *dst, const unsigned long *one, const unsigned long *two,
		unsigned int nbits);
void bitmap_complement(unsigned long *dst, const unsigned long *src, unsigned int nbits);
/* By @shift bits to lower / higher numbers; zeros come in. */
void bitmap_shift_right(unsigned long *dst, const unsigned long *src, unsigned int shift,
			unsigned int nbits);
void bitmap_shift_left(unsigned long *dst, const unsigned long *src, unsigned int shift,
		       unsigned int nbits);

static inline bool bitmap_empty(const unsigned long *src, unsigned int nbits)
{
	return find_first_bit(src, nbits) == nbits;
}

static inline bool bitmap_full(const unsigned long *src, unsigned int nbits)
{
	return find_first_zero_bit(src, nbits) == nbits;
}

/*
 * The first run of @nr clear bits from @start on whose index plus @align_offset is a multiple of
 * @align_mask + 1 (a power of two). More than @size: there is none.
 */
unsigned long bitmap_find_next_zero_area_off(unsigned long *map, unsigned long size,
					     unsigned long start, unsigned int nr,
					     unsigned long align_mask, unsigned long align_offset);

static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
						       unsigned long start, unsigned int nr,
						       unsigned long align_mask)
{
	return bitmap_find_next_zero_area_off(map, size, start, nr, align_mask, 0);
}

/* Takes 2^@order clear bits at a multiple of their number: the first, or -ENOMEM. */
int bitmap_find_free_region(unsigned long *map, unsigned int bits, int order);
void bitmap_release_region(unsigned long *map, unsigned int pos, int order);
/* 0, or -EBUSY: not all of them are clear. */
int bitmap_allocate_region(unsigned long *map, unsigned int pos, int order);

#endif
