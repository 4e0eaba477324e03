/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer's bytes, read one after the other. Past the end everything reads as zero, so that any
 * byte string, the empty one too, is a valid input.
 */
#ifndef RIG_FUZZ_BYTES_H
#define RIG_FUZZ_BYTES_H

#include <linux/types.h>

struct fuzz_bytes {
	const u8 *data;
	size_t size;
	size_t at;
};

static inline bool fuzz_bytes_left(const struct fuzz_bytes *bytes)
{
	return bytes->at < bytes->size;
}

static inline u8 fuzz_u8(struct fuzz_bytes *bytes)
{
	return bytes->at < bytes->size ? bytes->data[bytes->at++] : 0;
}

static inline u16 fuzz_u16(struct fuzz_bytes *bytes)
{
	u16 low = fuzz_u8(bytes);

	return (u16)(low | fuzz_u8(bytes) << 8);
}

static inline u32 fuzz_u32(struct fuzz_bytes *bytes)
{
	u32 low = fuzz_u16(bytes);

	return low | (u32)fuzz_u16(bytes) << 16;
}

static inline u64 fuzz_u64(struct fuzz_bytes *bytes)
{
	u64 low = fuzz_u32(bytes);

	return low | (u64)fuzz_u32(bytes) << 32;
}

/* 0 .. @nr - 1 from one byte. */
static inline unsigned int fuzz_below(struct fuzz_bytes *bytes, unsigned int nr)
{
	return fuzz_u8(bytes) % nr;
}

#endif
