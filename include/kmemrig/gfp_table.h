/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gfp flags as recorded: their bits, their names, and the order in which names are printed differ
 * between kernel versions. A table holds one version's. Tables exist for 5.10, 5.15, 6.1, 6.3,
 * 6.8 and 6.14; each serves the releases up to the next. All are for kernels built without
 * lockdep and hardware memory tags, as distributions build them for x86-64.
 */
#ifndef KMEMRIG_GFP_TABLE_H
#define KMEMRIG_GFP_TABLE_H

#include <linux/types.h>

struct rig_gfp_name {
	u32 mask;	  /* all bits of the name */
	const char *name; /* "GFP_KERNEL", "__GFP_ZERO" */
};

struct rig_gfp_table {
	unsigned int major, minor;	  /* first kernel release of this numbering */
	const struct rig_gfp_name *names; /* in the order of printing; ends with a NULL name */
};

/* Long enough for any value's names. */
#define RIG_GFP_TEXT_SIZE 512

/*
 * The table of a kernel release such as "6.1.0-56-amd64"; NULL, or what is no release: 6.1.
 * Releases before 5.10 get 5.10's.
 */
const struct rig_gfp_table *rig_gfp_table(const char *release);

/*
 * Writes the names of @flags as the kernel's events print them: the table's names in order, each
 * taking its bits away, "|" between, what is left over in hexadecimal; "none" for 0. Returns the
 * length that the whole text has, as snprintf does.
 */
int rig_gfp_format(const struct rig_gfp_table *table, u64 flags, char *buffer, size_t size);

/*
 * The way back: names, numbers, "none" joined by "|". 0, or -EINVAL when a word is unknown. For an
 * empty text (what ftrace prints with hash-ptr off) too.
 */
int rig_gfp_parse(const struct rig_gfp_table *table, const char *text, size_t length, u64 *flags);

/*
 * The same request in another kernel's numbering. Bits that have no name in @from, or whose name
 * @to does not know, stay as they are. From 6.3 on __GFP_ATOMIC is gone: __GFP_HIGH that may not
 * reclaim stands for it, and becomes both on the way to older kernels.
 */
u64 rig_gfp_translate(const struct rig_gfp_table *from, u64 flags, const struct rig_gfp_table *to);

#endif
