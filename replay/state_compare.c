// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two states of one machine, list by list. A list is identical when it holds the same blocks in the
 * same order; a list that one state has and the other has not counts as different.
 */
#include <kmemrig/state.h>

#include <stdarg.h>
#include <string.h>

struct comparison {
	struct rig_state_difference result;
	FILE *out;
	unsigned int left; /* lines that may still be shown */
};

static void show(struct comparison *comparison, const char *format, ...) __printf(2, 3);

static void show(struct comparison *comparison, const char *format, ...)
{
	va_list list;

	if (!comparison->out || !comparison->left)
		return;
	comparison->left--;
	va_start(list, format);
	vfprintf(comparison->out, format, list);
	va_end(list);
	fputc('\n', comparison->out);
}

static bool same_zone(const struct rig_state *a, unsigned int in_a, const struct rig_state *b,
		      unsigned int in_b)
{
	return a->zones[in_a].node == b->zones[in_b].node &&
	       !strcmp(a->zones[in_a].name, b->zones[in_b].name);
}

/* The list of @other that answers to @list of @state. */
static const struct rig_state_list *find_list(const struct rig_state *state,
					      const struct rig_state_list *list,
					      const struct rig_state *other)
{
	for (size_t i = 0; i < other->nr_lists; i++) {
		const struct rig_state_list *candidate = &other->lists[i];

		if (candidate->cpu == list->cpu && candidate->order == list->order &&
		    candidate->migratetype == list->migratetype &&
		    candidate->index == list->index &&
		    same_zone(state, list->zone, other, candidate->zone))
			return candidate;
	}
	return NULL;
}

static void describe(const struct rig_state *state, const struct rig_state_list *list, char *text,
		     size_t size)
{
	const struct rig_state_zone *zone = &state->zones[list->zone];

	if (list->cpu < 0)
		snprintf(text, size, "node %d zone %s: free list of order %u, migratetype %u",
			 zone->node, zone->name, list->order, list->migratetype);
	else
		snprintf(text, size, "node %d zone %s: list %u of CPU %d", zone->node, zone->name,
			 list->index, list->cpu);
}

static void compare_list(struct comparison *comparison, const struct rig_state *expected,
			 const struct rig_state_list *want, const struct rig_state_list *got)
{
	size_t got_nr = got ? got->nr : 0, same = 0;
	char name[120];

	comparison->result.lists++;
	while (same < want->nr && same < got_nr && want->pfns[same] == got->pfns[same])
		same++;
	if (same == want->nr && same == got_nr) {
		comparison->result.lists_identical++;
		return;
	}
	describe(expected, want, name, sizeof(name));
	if (same < want->nr && same < got_nr)
		show(comparison, "%s: %zu blocks expected, %zu got; entry %zu is %lx, not %lx",
		     name, want->nr, got_nr, same, got->pfns[same], want->pfns[same]);
	else
		show(comparison, "%s: %zu blocks expected, %zu got; the first %zu agree", name,
		     want->nr, got_nr, same);
}

static void compare_lists(struct comparison *comparison, const struct rig_state *expected,
			  const struct rig_state *got)
{
	for (size_t i = 0; i < expected->nr_lists; i++) {
		const struct rig_state_list *want = &expected->lists[i];
		const struct rig_state_list *have = find_list(expected, want, got);

		if (want->nr || (have && have->nr))
			compare_list(comparison, expected, want, have);
	}
	for (size_t i = 0; i < got->nr_lists; i++) {
		const struct rig_state_list *have = &got->lists[i];
		struct rig_state_list none = *have;

		none.nr = 0;
		if (have->nr && !find_list(got, have, expected))
			compare_list(comparison, got, &none, have);
	}
}

static void compare_counters(struct comparison *comparison, const struct rig_state *expected,
			     const struct rig_state *got)
{
	for (size_t i = 0; i < expected->nr_pcps; i++) {
		const struct rig_state_pcp *want = &expected->pcps[i], *have = NULL;
		const struct rig_state_zone *zone = &expected->zones[want->zone];

		for (size_t j = 0; j < got->nr_pcps && !have; j++)
			if (got->pcps[j].cpu == want->cpu &&
			    same_zone(expected, want->zone, got, got->pcps[j].zone))
				have = &got->pcps[j];
		comparison->result.lists++;
		if (have && have->count == want->count && have->high == want->high &&
		    have->batch == want->batch && have->free_factor == want->free_factor)
			comparison->result.lists_identical++;
		else if (!have)
			show(comparison, "node %d zone %s: CPU %d has no lists", zone->node,
			     zone->name, want->cpu);
		else
			show(comparison,
			     "node %d zone %s: CPU %d count %d high %d batch %d free_factor %d, "
			     "not %d %d %d %d",
			     zone->node, zone->name, want->cpu, have->count, have->high,
			     have->batch, have->free_factor, want->count, want->high, want->batch,
			     want->free_factor);
	}
}

/* Migratetype of the pageblock that begins at @pfn, or -1. */
static int migratetype_at(const struct rig_state *state, unsigned long pfn)
{
	for (size_t i = 0; i < state->nr_pageblocks; i++) {
		const struct rig_state_pageblocks *blocks = &state->pageblocks[i];
		unsigned long index = (pfn - blocks->start_pfn) >> blocks->order;

		if (pfn >= blocks->start_pfn && index < blocks->nr)
			return blocks->migratetypes[index];
	}
	return -1;
}

/* Does a zone hold a page of that pageblock? What is recorded of holes says nothing. */
static bool in_a_zone(const struct rig_state *state, unsigned long pfn, unsigned int order)
{
	for (size_t i = 0; i < state->nr_zones; i++) {
		const struct rig_state_zone *zone = &state->zones[i];

		if (pfn < zone->start_pfn + zone->spanned && pfn + (1UL << order) > zone->start_pfn)
			return true;
	}
	return false;
}

static void compare_pageblocks(struct comparison *comparison, const struct rig_state *expected,
			       const struct rig_state *got)
{
	for (size_t i = 0; i < expected->nr_pageblocks; i++) {
		const struct rig_state_pageblocks *blocks = &expected->pageblocks[i];

		for (size_t j = 0; j < blocks->nr; j++) {
			unsigned long pfn = blocks->start_pfn + (j << blocks->order);
			int have = migratetype_at(got, pfn);

			if (!in_a_zone(expected, pfn, blocks->order))
				continue;
			comparison->result.pageblocks++;
			if (have == blocks->migratetypes[j])
				comparison->result.pageblocks_identical++;
			else
				show(comparison, "pageblock at %lx: migratetype %d, not %d", pfn,
				     have, blocks->migratetypes[j]);
		}
	}
}

static const struct rig_state_slab *find_slab(const struct rig_state *state,
					      const struct rig_state_slab *slab,
					      const struct rig_state *other, size_t nth)
{
	const char *name = state->caches[slab->cache].name;

	for (size_t i = 0; i < other->nr_slabs; i++) {
		const struct rig_state_slab *candidate = &other->slabs[i];

		if (candidate->place == slab->place && candidate->where == slab->where &&
		    !strcmp(other->caches[candidate->cache].name, name) && nth-- == 0)
			return candidate;
	}
	return NULL;
}

static bool same_slab(const struct rig_state_slab *a, const struct rig_state_slab *b)
{
	return a->pfn == b->pfn && a->inuse == b->inuse && a->objects == b->objects &&
	       a->frozen == b->frozen && a->nr_free == b->nr_free &&
	       (!a->nr_free || !memcmp(a->free, b->free, a->nr_free * sizeof(*a->free)));
}

static size_t nr_slabs_of(const struct rig_state *state, const struct rig_state_slab *slab,
			  const struct rig_state *other)
{
	size_t nr = 0;

	while (find_slab(state, slab, other, nr))
		nr++;
	return nr;
}

static bool same_slab_list(const struct rig_state *expected, const struct rig_state_slab *first,
			   const struct rig_state *got)
{
	size_t nr = nr_slabs_of(expected, first, expected);

	if (nr != nr_slabs_of(expected, first, got))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (!same_slab(find_slab(expected, first, expected, i),
			       find_slab(expected, first, got, i)))
			return false;
	return true;
}

/* Full slabs are on no list, so their order means nothing; they follow from the others. */
static void compare_slabs(struct comparison *comparison, const struct rig_state *expected,
			  const struct rig_state *got)
{
	static const char *const places[] = { "slab", "free list", "partial list", "partial list",
					      "full slabs" };

	for (size_t i = 0; i < expected->nr_slabs; i++) {
		const struct rig_state_slab *slab = &expected->slabs[i];

		if (slab->place == RIG_STATE_FULL || find_slab(expected, slab, expected, 0) != slab)
			continue;
		comparison->result.slab_lists++;
		if (same_slab_list(expected, slab, got))
			comparison->result.slab_lists_identical++;
		else
			show(comparison, "cache %s: %s of %s %d differs",
			     expected->caches[slab->cache].name, places[slab->place],
			     slab->place == RIG_STATE_NODE_PARTIAL ? "node" : "CPU", slab->where);
	}
}

struct rig_state_difference rig_state_compare(const struct rig_state *expected,
					      const struct rig_state *got, FILE *out,
					      unsigned int show_lines)
{
	struct comparison comparison = { .out = out, .left = show_lines };

	compare_lists(&comparison, expected, got);
	compare_counters(&comparison, expected, got);
	compare_pageblocks(&comparison, expected, got);
	if (got->nr_slabs)
		compare_slabs(&comparison, expected, got);
	return comparison.result;
}
