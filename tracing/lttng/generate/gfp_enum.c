// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs during the build: writes the gfp values that get a name in CTF, as enumerators for the
 * LTTng-UST provider. An enumeration costs nothing when an event is recorded and leaves the plain
 * number in the trace, so that a person reads GFP_KERNEL|__GFP_ZERO in babeltrace2's output and a
 * program 3520; a string field would cost more than the rest of the event. Values are
 * what callers ask for (the kernel's combinations with up to two modifiers), what recordings
 * of real machines hold besides, and each flag alone, from which babeltrace2 2.1 makes the names of
 * any other value ("A | B"). 2.0 shows <unknown> and the number there, and filter.kmemrig.decode
 * names it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <kmemrig/gfp_table.h>
#include <linux/gfp_types.h>
#include <linux/kernel.h>

#define MAX_VALUES 4096

static u64 values[MAX_VALUES];
static size_t nr_values;

static const u32 bases[] = { GFP_KERNEL,	   GFP_ATOMIC, GFP_NOWAIT, GFP_NOFS,
			     GFP_HIGHUSER_MOVABLE, GFP_NOIO,   GFP_USER,   GFP_HIGHUSER };
#define NR_COMMON_BASES 5 /* the first ones: these get pairs of modifiers */

static const u32 modifiers[] = {
	__GFP_ZERO,    __GFP_NOWARN,	 __GFP_NORETRY, __GFP_COMP,
	__GFP_ACCOUNT, __GFP_NOMEMALLOC, __GFP_NOFAIL,	__GFP_RECLAIMABLE
};

/* Seen on production kernels, and not covered by the rule. */
static const u32 seen[] = {
	GFP_NOFS | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_HARDWALL,
	GFP_NOFS | __GFP_HIGHMEM | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_HARDWALL |
		__GFP_MOVABLE,
	GFP_NOFS | __GFP_NOFAIL | __GFP_ZERO | __GFP_ACCOUNT,
	GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_WRITE,
	GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC,
	GFP_NOWAIT | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP,
	GFP_NOWAIT | __GFP_FS | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC,
	GFP_NOWAIT | __GFP_FS | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_NOFS | __GFP_NOFAIL | __GFP_COMP | __GFP_HARDWALL | __GFP_MOVABLE,
	GFP_NOFS | __GFP_NOFAIL | __GFP_COMP | __GFP_HARDWALL,
	GFP_KERNEL | __GFP_NOWARN | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_NOFS | __GFP_NOWARN | __GFP_NORETRY | __GFP_RECLAIMABLE,
	__GFP_IO | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_RECLAIMABLE,
	GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_COMP | __GFP_ZERO,
	GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_ZERO,
	GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_RECLAIMABLE,
	__GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_TRANSHUGE,
	GFP_TRANSHUGE_LIGHT,
	GFP_KERNEL | __GFP_RETRY_MAYFAIL,
	GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL,
	GFP_KERNEL | GFP_DMA,
	GFP_KERNEL | GFP_DMA32,
	GFP_ATOMIC | GFP_DMA,
	GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN | __GFP_ZERO,
	GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NOMEMALLOC,
	GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_NOWAIT | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_COMP | __GFP_ACCOUNT,
	__GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC |
		__GFP_RECLAIMABLE,
	GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY | __GFP_RECLAIMABLE,
	GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY | __GFP_RECLAIMABLE,
	GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_NOMEMALLOC,
	GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | __GFP_RECLAIMABLE,
	GFP_NOWAIT | __GFP_NOWARN | __GFP_COMP | __GFP_RECLAIMABLE,
	GFP_TRANSHUGE_LIGHT | __GFP_NORETRY | __GFP_THISNODE,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP,
	GFP_HIGHUSER | __GFP_COMP | __GFP_ZERO,
	GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY | __GFP_ZERO,
	GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | __GFP_COMP | __GFP_RECLAIMABLE,
};

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void add(u64 value)
{
	values[nr_values++] = value;
}

int main(void)
{
	const struct rig_gfp_table *table = rig_gfp_table("6.1");
	char name[RIG_GFP_TEXT_SIZE];

	add(0);
	for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
		add(bases[b]);
		for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++) {
			add(bases[b] | modifiers[i]);
			for (size_t j = 0; b < NR_COMMON_BASES && j < i; j++)
				add(bases[b] | modifiers[i] | modifiers[j]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		add(seen[i]);
	for (u64 bit = 1; bit & __GFP_BITS_MASK; bit <<= 1)
		add(bit);
	qsort(values, nr_values, sizeof(values[0]), compare);
	printf("/* Written by the build: tracing/lttng/generate/gfp_enum.c. */\n"
	       "#undef RIG_GFP_ENUM_VALUES\n#define RIG_GFP_ENUM_VALUES");
	for (size_t i = 0; i < nr_values; i++) {
		if (i && values[i] == values[i - 1])
			continue;
		rig_gfp_format(table, values[i], name, sizeof(name));
		/* a bit that no flag uses */
		if (isdigit((unsigned char)name[0]))
			continue;
		printf(" \\\n\tlttng_ust_field_enum_value(\"%s\", %lluULL)", name,
		       (unsigned long long)values[i]);
	}
	printf("\n");
	return 0;
}
