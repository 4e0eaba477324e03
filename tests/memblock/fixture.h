/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A memblock for tests. Physical address 0 is the first byte of an array, so memory can really be
 * used, and region arrays that double have a place.
 */
#ifndef TESTS_MEMBLOCK_FIXTURE_H
#define TESTS_MEMBLOCK_FIXTURE_H

#include <kmemrig/memblock.h>
#include <linux/sizes.h>

#define K 1024UL
#define SPACE (4 * SZ_1M)

extern u8 space[SPACE];
extern char printed[65536]; /* what was logged since fresh_memblock() */

/* Empties it; one at a time. */
struct rig_memblock *fresh_memblock(void);

/* For operations of their own. */
void keep_line(void *data, const char *line);

/* These fail the test when the call does not succeed. */
void add(struct rig_memblock *mb, u64 base, u64 size);
void reserve(struct rig_memblock *mb, u64 base, u64 size);

/* All invariants hold; the one of that name is the first that does not. */
void expect_good(const struct rig_memblock *mb);
void expect_bad(const struct rig_memblock *mb, const char *name);

/* The regions are "base+size base+size ...", in KiB, and all invariants hold. */
void expect_regions(const struct rig_memblock *mb, const struct memblock_type *type,
		    const char *wanted);

#define expect_mapped(mb, wanted) expect_regions(mb, &(mb)->map->memory, wanted)
#define expect_reserved(mb, wanted) expect_regions(mb, &(mb)->map->reserved, wanted)

#endif
