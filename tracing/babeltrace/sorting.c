// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders of tables. Each sort is stable in the end: equal rows stand in the order in which
 * the trace introduced them, so that the same trace gives the same output.
 */
#include <stdlib.h>
#include <string.h>

#include "output.h"

const char *const rig_sort_names[RIG_NR_SORTS] = { "bytes", "hits",	 "live",    "waste",
						   "frag",  "ping-pong", "lifetime" };

const char *const rig_migratetype_names[RIG_MIGRATETYPES] = { "unmovable",   "movable",
							      "reclaimable", "highatomic",
							      "cma",	     "isolate" };

double rig_percent(u64 part, u64 whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

size_t rig_rows(const struct rig_output *output, size_t nr)
{
	return output->limit && output->limit < nr ? output->limit : nr;
}

double rig_unusable_index(const u64 *free_by_order, unsigned int order)
{
	u64 total = 0, usable = 0;

	for (unsigned int i = 0; i < RIG_ORDERS; i++) {
		total += free_by_order[i] << i;
		if (i >= order)
			usable += free_by_order[i] << i;
	}
	return total ? (double)(total - usable) / (double)total : 0;
}

const char *rig_site_text(const struct rig_output *output, const struct rig_site *site, char *text,
			  size_t size)
{
	if (site->symbol)
		return site->symbol;
	return rig_symbols_text(output->symbols, site->address, text, size);
}

const char *rig_gfp_text(const struct rig_output *output, u64 gfp, char *text, size_t size)
{
	rig_gfp_format(output->gfp, gfp, text, size);
	return text;
}

/* The value that a site, cache or task is sorted by. */
struct ranked {
	size_t index;
	double value;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static size_t *take_order(struct ranked *ranked, size_t nr)
{
	size_t *order = calloc(nr + 1, sizeof(*order));

	if (!order)
		abort();
	qsort(ranked, nr, sizeof(*ranked), by_value);
	for (size_t i = 0; i < nr; i++)
		order[i] = ranked[i].index;
	free(ranked);
	return order;
}

static struct ranked *new_ranking(size_t nr)
{
	struct ranked *ranked = calloc(nr + 1, sizeof(*ranked));

	if (!ranked)
		abort();
	for (size_t i = 0; i < nr; i++)
		ranked[i].index = i;
	return ranked;
}

static double site_value(const struct rig_site *site, enum rig_sort sort)
{
	switch (sort) {
	case RIG_SORT_HITS:
		return (double)site->allocs;
	case RIG_SORT_LIVE:
		return (double)site->live_bytes;
	case RIG_SORT_WASTE:
		return (double)site->bytes_alloc - (double)site->bytes_req;
	case RIG_SORT_FRAG:
		return 100 - rig_percent(site->bytes_req, site->bytes_alloc);
	case RIG_SORT_PING_PONG:
		return (double)site->ping_pong;
	case RIG_SORT_LIFETIME:
		return site->frees ? (double)site->lifetime_ns / (double)site->frees : 0;
	default:
		return (double)site->bytes_alloc;
	}
}

size_t *rig_sorted_sites(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_sites);

	for (size_t i = 0; i < analysis->nr_sites; i++)
		ranked[i].value = site_value(&analysis->sites[i], output->sort);
	return take_order(ranked, analysis->nr_sites);
}

size_t *rig_sites_at_failure(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_sites);

	for (size_t i = 0; i < analysis->nr_sites; i++)
		ranked[i].value = (double)analysis->sites[i].live_bytes_at_failure;
	return take_order(ranked, analysis->nr_sites);
}

size_t *rig_sites_failed(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_sites);

	for (size_t i = 0; i < analysis->nr_sites; i++)
		ranked[i].value = (double)analysis->sites[i].failed;
	return take_order(ranked, analysis->nr_sites);
}

size_t *rig_sorted_caches(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_caches);

	for (size_t i = 0; i < analysis->nr_caches; i++) {
		const struct rig_cache *cache = &analysis->caches[i];

		ranked[i].value = (double)(output->sort == RIG_SORT_HITS   ? cache->allocs
					   : output->sort == RIG_SORT_LIVE ? cache->live_bytes
									   : cache->bytes_alloc);
	}
	return take_order(ranked, analysis->nr_caches);
}

size_t *rig_sorted_tasks(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_tasks);

	for (size_t i = 0; i < analysis->nr_tasks; i++) {
		const struct rig_task *task = &analysis->tasks[i];

		if (output->sort == RIG_SORT_LIVE)
			ranked[i].value =
				(double)task->live_slab_bytes + 4096.0 * (double)task->live_pages;
		else if (output->sort == RIG_SORT_HITS)
			ranked[i].value = (double)(task->slab_allocs + task->page_allocs);
		else
			ranked[i].value = (double)task->slab_bytes + 4096.0 * (double)task->pages;
	}
	return take_order(ranked, analysis->nr_tasks);
}

size_t *rig_sorted_requests(const struct rig_output *output, bool at_failure)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_requests);

	for (size_t i = 0; i < analysis->nr_requests; i++) {
		const struct rig_request *request = &analysis->requests[i];
		u64 blocks = at_failure			     ? request->live_at_failure
			     : output->sort == RIG_SORT_LIVE ? request->live
							     : request->allocs;

		ranked[i].value = (double)(blocks << (request->order & 15));
	}
	return take_order(ranked, analysis->nr_requests);
}

size_t *rig_sorted_failures(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	struct ranked *ranked = new_ranking(analysis->nr_failures);

	for (size_t i = 0; i < analysis->nr_failures; i++)
		ranked[i].value = (double)analysis->failures[i].count;
	return take_order(ranked, analysis->nr_failures);
}
