// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of spans: sound after every step of a long random life, and its answers are those of a
 * linear search where the alignment does not matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/kernel.h>

#include "../../backends/vmalloc/tree.h"

#define NR_CELLS 512
#define STEPS 20000

static u64 chance_state;

static u64 chance(u64 below)
{
	chance_state = chance_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (chance_state >> 33) % below;
}

/* Each cell of addresses is a span of its own, in the tree or not. */
static struct span cells[NR_CELLS];
static bool present[NR_CELLS];

static const struct span *first_of(u64 size, u64 from)
{
	for (size_t i = 0; i < NR_CELLS; i++)
		if (present[i] && span_size(&cells[i]) >= size && cells[i].start >= from)
			return &cells[i];
	return NULL;
}

static void the_tree_stays_sound_and_finds_the_lowest(void **state)
{
	struct span_tree tree;

	span_tree_init(&tree);
	chance_state = 1;
	for (u64 i = 0; i < NR_CELLS; i++) {
		cells[i].start = 1000 + i * 100;
		cells[i].end = cells[i].start + 1 + i * 37 % 99;
		INIT_LIST_HEAD(&cells[i].list);
	}
	for (int step = 0; step < STEPS; step++) {
		u64 i = chance(NR_CELLS), size = 1 + chance(110), from = 1000 + chance(512) * 100;

		if (present[i]) {
			span_erase(&tree, &cells[i]);
			present[i] = false;
		} else {
			assert_true(span_insert(&tree, &cells[i]));
			assert_false(span_insert(&tree, &(struct span){ .start = cells[i].start,
									.end = cells[i].end }));
			present[i] = true;
		}
		assert_true(span_tree_is_sound(&tree));
		assert_ptr_equal(span_lowest_fit(&tree, size, 1, from, false),
				 first_of(size, from));
		assert_ptr_equal(span_find(&tree, cells[i].end - 1), present[i] ? &cells[i] : NULL);
		assert_null(span_find(&tree, cells[i].start + 99));
	}
}

/* The check must be able to fail: each member of a node, broken, is seen. */
static void broken_nodes_are_seen(void **state)
{
	struct span_tree tree;
	struct span spans[7] = { 0 };

	span_tree_init(&tree);
	for (u64 i = 0; i < 7; i++) {
		spans[i].start = i * 10;
		spans[i].end = i * 10 + 5;
		assert_true(span_insert(&tree, &spans[i]));
	}
	assert_true(span_tree_is_sound(&tree));
	spans[6].subtree_max++;
	assert_false(span_tree_is_sound(&tree));
	spans[6].subtree_max--;
	spans[3].red = !spans[3].red;
	assert_false(span_tree_is_sound(&tree));
	spans[3].red = !spans[3].red;
	spans[6].start = 0;
	assert_false(span_tree_is_sound(&tree));
	spans[6].start = 60;
	assert_true(span_tree_is_sound(&tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_stays_sound_and_finds_the_lowest),
		cmocka_unit_test(broken_nodes_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
