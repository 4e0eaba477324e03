// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of gfp flags by kernel version, as __print_flags() shows them in the kernel's events.
 *
 * A version is a numbering of single flags and an order of names; names of combinations come
 * first, so that they are found before their parts. Only the numbering is written down, the
 * combinations follow from it: the macro GFP_NAMES lists the order that 5.10 to 6.13 share.
 *
 * What changed:
 *	5.14  __GFP_ZEROTAGS and __GFP_SKIP_KASAN_POISON; the latter is part of GFP_HIGHUSER_MOVABLE
 *	5.18  the KASAN flags exist only with hardware tags
 *	6.3   __GFP_ATOMIC removed, GFP_ATOMIC is __GFP_HIGH|__GFP_KSWAPD_RECLAIM
 *	6.8   GFP_NOWAIT includes __GFP_NOWARN
 *	6.14  single flags are printed in the order of their bits
 *
 * Constant data: no locking.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/gfp_table.h>
#include <linux/gfp_types.h>
#include <linux/kernel.h>

#define SKIP_KASAN_POISON_5_14 0x1000000u

#define HIGHUSER_MOVABLE(extra) (GFP_HIGHUSER_MOVABLE | (extra))
#define TRANSHUGE_LIGHT(extra) (GFP_TRANSHUGE_LIGHT | (extra))
#define TRANSHUGE(extra) (GFP_TRANSHUGE | (extra))

#define NAME(flag)                                                                                 \
	{                                                                                          \
		(flag), #flag                                                                      \
	}

/* @extra: what GFP_HIGHUSER_MOVABLE has besides. */
#define COMBINED_NAMES(extra, atomic, nowait)                                                      \
	{ TRANSHUGE(extra), "GFP_TRANSHUGE" }, { TRANSHUGE_LIGHT(extra), "GFP_TRANSHUGE_LIGHT" },  \
		{ HIGHUSER_MOVABLE(extra), "GFP_HIGHUSER_MOVABLE" }, NAME(GFP_HIGHUSER),           \
		NAME(GFP_USER), NAME(GFP_KERNEL_ACCOUNT), NAME(GFP_KERNEL), NAME(GFP_NOFS),        \
		{ (atomic), "GFP_ATOMIC" }, NAME(GFP_NOIO), { (nowait), "GFP_NOWAIT" },            \
		NAME(GFP_DMA)

#define SINGLE_NAMES_1 NAME(__GFP_HIGHMEM), NAME(GFP_DMA32), NAME(__GFP_HIGH)

#define SINGLE_NAMES_2                                                                             \
	NAME(__GFP_IO), NAME(__GFP_FS), NAME(__GFP_NOWARN), NAME(__GFP_RETRY_MAYFAIL),             \
		NAME(__GFP_NOFAIL), NAME(__GFP_NORETRY), NAME(__GFP_COMP), NAME(__GFP_ZERO),       \
		NAME(__GFP_NOMEMALLOC), NAME(__GFP_MEMALLOC), NAME(__GFP_HARDWALL),                \
		NAME(__GFP_THISNODE), NAME(__GFP_RECLAIMABLE), NAME(__GFP_MOVABLE),                \
		NAME(__GFP_ACCOUNT), NAME(__GFP_WRITE), NAME(__GFP_RECLAIM),                       \
		NAME(__GFP_DIRECT_RECLAIM), NAME(__GFP_KSWAPD_RECLAIM)

#define END                                                                                        \
	{                                                                                          \
		0, NULL                                                                            \
	}

static const struct rig_gfp_name names_5_10[] = { COMBINED_NAMES(0, GFP_ATOMIC, GFP_NOWAIT),
						  SINGLE_NAMES_1, NAME(__GFP_ATOMIC),
						  SINGLE_NAMES_2, END };

static const struct rig_gfp_name names_5_14[] = {
	COMBINED_NAMES(SKIP_KASAN_POISON_5_14, GFP_ATOMIC, GFP_NOWAIT),
	SINGLE_NAMES_1,
	NAME(__GFP_ATOMIC),
	SINGLE_NAMES_2,
	NAME(__GFP_ZEROTAGS),
	{ SKIP_KASAN_POISON_5_14, "__GFP_SKIP_KASAN_POISON" },
	END
};

static const struct rig_gfp_name names_5_18[] = { COMBINED_NAMES(0, GFP_ATOMIC, GFP_NOWAIT),
						  SINGLE_NAMES_1,
						  NAME(__GFP_ATOMIC),
						  SINGLE_NAMES_2,
						  NAME(__GFP_ZEROTAGS),
						  END };

#define ATOMIC_6_3 (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define NOWAIT_6_8 (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)

static const struct rig_gfp_name names_6_3[] = { COMBINED_NAMES(0, ATOMIC_6_3, GFP_NOWAIT),
						 SINGLE_NAMES_1, SINGLE_NAMES_2,
						 NAME(__GFP_ZEROTAGS), END };

static const struct rig_gfp_name names_6_8[] = { COMBINED_NAMES(0, ATOMIC_6_3, NOWAIT_6_8),
						 SINGLE_NAMES_1, SINGLE_NAMES_2,
						 NAME(__GFP_ZEROTAGS), END };

static const struct rig_gfp_name names_6_14[] = { COMBINED_NAMES(0, ATOMIC_6_3, NOWAIT_6_8),
						  NAME(GFP_DMA32),
						  NAME(__GFP_RECLAIM),
						  NAME(__GFP_DMA),
						  NAME(__GFP_HIGHMEM),
						  NAME(__GFP_DMA32),
						  NAME(__GFP_MOVABLE),
						  NAME(__GFP_RECLAIMABLE),
						  NAME(__GFP_HIGH),
						  NAME(__GFP_IO),
						  NAME(__GFP_FS),
						  NAME(__GFP_ZERO),
						  NAME(__GFP_DIRECT_RECLAIM),
						  NAME(__GFP_KSWAPD_RECLAIM),
						  NAME(__GFP_WRITE),
						  NAME(__GFP_NOWARN),
						  NAME(__GFP_RETRY_MAYFAIL),
						  NAME(__GFP_NOFAIL),
						  NAME(__GFP_NORETRY),
						  NAME(__GFP_MEMALLOC),
						  NAME(__GFP_COMP),
						  NAME(__GFP_NOMEMALLOC),
						  NAME(__GFP_HARDWALL),
						  NAME(__GFP_THISNODE),
						  NAME(__GFP_ACCOUNT),
						  NAME(__GFP_ZEROTAGS),
						  END };

/* Oldest first. */
static const struct rig_gfp_table tables[] = {
	{ 5, 10, names_5_10 }, { 5, 14, names_5_14 }, { 5, 18, names_5_18 },
	{ 6, 3, names_6_3 },   { 6, 8, names_6_8 },   { 6, 14, names_6_14 },
};

const struct rig_gfp_table *rig_gfp_table(const char *release)
{
	unsigned int major, minor;
	const struct rig_gfp_table *found = &tables[0];

	if (!release || sscanf(release, "%u.%u", &major, &minor) != 2) {
		major = 6;
		minor = 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct rig_gfp_table *table = &tables[i];

		if (table->major < major || (table->major == major && table->minor <= minor))
			found = table;
	}
	return found;
}

static void put(char *buffer, size_t size, size_t *used, const char *text, size_t length)
{
	if (*used + 1 < size) {
		size_t room = size - *used - 1;
		size_t taken = length < room ? length : room;

		memcpy(buffer + *used, text, taken);
		buffer[*used + taken] = '\0';
	}
	*used += length;
}

int rig_gfp_format(const struct rig_gfp_table *table, u64 flags, char *buffer, size_t size)
{
	size_t used = 0;

	if (size)
		buffer[0] = '\0';
	if (!flags) {
		put(buffer, size, &used, "none", 4);
		return (int)used;
	}
	for (const struct rig_gfp_name *name = table->names; name->name && flags; name++) {
		if ((flags & name->mask) != name->mask)
			continue;
		flags &= ~(u64)name->mask;
		if (used)
			put(buffer, size, &used, "|", 1);
		put(buffer, size, &used, name->name, strlen(name->name));
	}
	if (flags) {
		char rest[24];
		int length = snprintf(rest, sizeof(rest), "%s0x%llx", used ? "|" : "",
				      (unsigned long long)flags);

		put(buffer, size, &used, rest, (size_t)length);
	}
	return (int)used;
}

static int parse_word(const struct rig_gfp_table *table, const char *word, size_t length,
		      u64 *flags)
{
	char number[24];
	char *end;

	if (length == 4 && strncmp(word, "none", 4) == 0)
		return 0;
	for (const struct rig_gfp_name *name = table->names; name->name; name++) {
		if (strlen(name->name) == length && strncmp(name->name, word, length) == 0) {
			*flags |= name->mask;
			return 0;
		}
	}
	if (!length || !isdigit((unsigned char)word[0]) || length >= sizeof(number))
		return -EINVAL;
	memcpy(number, word, length);
	number[length] = '\0';
	*flags |= strtoull(number, &end, 0);
	return *end ? -EINVAL : 0;
}

int rig_gfp_parse(const struct rig_gfp_table *table, const char *text, size_t length, u64 *flags)
{
	const char *end = text + length;

	*flags = 0;
	while (text <= end) {
		const char *bar = memchr(text, '|', (size_t)(end - text));
		size_t word = (size_t)((bar ? bar : end) - text);
		int error = parse_word(table, text, word, flags);

		if (error)
			return error;
		text += word + 1;
	}
	return 0;
}

/* A single flag's bit in @table, or 0. "GFP_DMA" stands for "__GFP_DMA" where only that is listed.
 */
static u32 find_single(const struct rig_gfp_table *table, const char *name)
{
	for (const struct rig_gfp_name *entry = table->names; entry->name; entry++)
		if (is_power_of_2(entry->mask) &&
		    (strcmp(entry->name, name) == 0 ||
		     (strncmp(name, "__", 2) == 0 && strcmp(entry->name, name + 2) == 0)))
			return entry->mask;
	return 0;
}

u64 rig_gfp_translate(const struct rig_gfp_table *from, u64 flags, const struct rig_gfp_table *to)
{
	u64 result = 0, left = flags;

	if (from == to)
		return flags;
	for (const struct rig_gfp_name *name = from->names; name->name; name++) {
		u32 bit;

		if (!is_power_of_2(name->mask) || !(left & name->mask))
			continue;
		/* a combination of one bit (GFP_NOWAIT) is that flag under another name */
		bit = find_single(to, name->name);
		if (strncmp(name->name, "GFP_", 4) == 0 && strncmp(name->name, "GFP_DMA", 7) != 0)
			continue;
		result |= bit ? bit : name->mask;
		left &= ~(u64)name->mask;
	}
	result |= left;
	if (!find_single(from, "__GFP_ATOMIC") && find_single(to, "__GFP_ATOMIC") &&
	    (flags & __GFP_HIGH) && !(flags & __GFP_DIRECT_RECLAIM))
		result |= __GFP_ATOMIC;
	if (find_single(from, "__GFP_ATOMIC") && !find_single(to, "__GFP_ATOMIC"))
		result &= ~(u64)__GFP_ATOMIC;
	return result;
}
