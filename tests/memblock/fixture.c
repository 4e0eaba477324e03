// SPDX-License-Identifier: GPL-2.0-only
/* The memblock that tests work on, and what they expect of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/kernel.h>

#include "fixture.h"

u8 space[SPACE] __attribute__((aligned(4096)));
char printed[65536];

void keep_line(void *data, const char *line)
{
	strncat(printed, line, sizeof(printed) - strlen(printed) - 2);
	strcat(printed, "\n");
}

static const struct rig_memblock_ops ops = { .print = keep_line };

struct rig_memblock *fresh_memblock(void)
{
	static struct rig_memblock mb;

	rig_memblock_init(&mb, (unsigned long)space);
	mb.ops = &ops;
	printed[0] = '\0';
	return &mb;
}

void add(struct rig_memblock *mb, u64 base, u64 size)
{
	assert_int_equal(rig_memblock_add(mb, base, size, RIG_HERE), 0);
}

void reserve(struct rig_memblock *mb, u64 base, u64 size)
{
	assert_int_equal(rig_memblock_reserve(mb, base, size, RIG_HERE), 0);
}

void expect_good(const struct rig_memblock *mb)
{
	struct rig_verdict verdict;

	if (!rig_memblock_check(mb, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

void expect_bad(const struct rig_memblock *mb, const char *name)
{
	struct rig_verdict verdict;

	assert_false(rig_memblock_check(mb, &verdict));
	assert_string_equal(verdict.name, name);
}

void expect_regions(const struct rig_memblock *mb, const struct memblock_type *type,
		    const char *wanted)
{
	char text[4096] = "";
	size_t length = 0;

	for (unsigned long i = 0; i < type->cnt && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%llu+%llu",
					   i ? " " : "",
					   (unsigned long long)(type->regions[i].base / K),
					   (unsigned long long)(type->regions[i].size / K));
	assert_string_equal(text, wanted);
	expect_good(mb);
}
