// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values over time in a fixed number of buckets. A bucket starts a millisecond wide; when a time is
 * past the last bucket, pairs of buckets become one and the width doubles. A gauge keeps the
 * later value of a pair, a count their sum.
 */
#include <string.h>

#include "analysis.h"

#define INITIAL_WIDTH_NS 1000000

static void merge_series(struct rig_series *series)
{
	for (unsigned int i = 0; i < RIG_BUCKETS / 2; i++) {
		s64 second = series->value[2 * i + 1];

		series->value[i] = second >= 0 ? second : series->value[2 * i];
	}
	for (unsigned int i = RIG_BUCKETS / 2; i < RIG_BUCKETS; i++)
		series->value[i] = -1;
}

static void merge_counts(u64 *counts)
{
	for (unsigned int i = 0; i < RIG_BUCKETS / 2; i++)
		counts[i] = counts[2 * i] + counts[2 * i + 1];
	memset(counts + RIG_BUCKETS / 2, 0, RIG_BUCKETS / 2 * sizeof(*counts));
}

static void double_width(struct rig_analysis *analysis)
{
	merge_series(&analysis->slab_bytes);
	merge_series(&analysis->page_count);
	for (unsigned int order = 0; order < RIG_ORDERS; order++) {
		merge_series(&analysis->free_by_order[order]);
		merge_counts(analysis->allocs_by_order_over_time[order]);
		merge_counts(analysis->failures_by_order_over_time[order]);
	}
	for (size_t i = 0; i < analysis->nr_classes; i++)
		merge_series(analysis->classes[i].live);
	merge_counts(analysis->failures_over_time);
	merge_counts(analysis->extfrag_over_time);
	analysis->timeline.width_ns *= 2;
	analysis->timeline.used = (analysis->timeline.used + 1) / 2;
}

unsigned int rig_timeline_bucket(struct rig_analysis *analysis, s64 time_ns)
{
	struct rig_timeline *timeline = &analysis->timeline;
	s64 bucket;

	if (!timeline->started) {
		*timeline = (struct rig_timeline){ .begin_ns = time_ns,
						   .width_ns = INITIAL_WIDTH_NS,
						   .started = true };
	}
	if (time_ns < timeline->begin_ns)
		return 0;
	while ((bucket = (time_ns - timeline->begin_ns) / timeline->width_ns) >= RIG_BUCKETS)
		double_width(analysis);
	if (bucket >= timeline->used)
		timeline->used = (unsigned int)bucket + 1;
	return (unsigned int)bucket;
}

void rig_series_init(struct rig_series *series)
{
	for (unsigned int i = 0; i < RIG_BUCKETS; i++)
		series->value[i] = -1;
}

void rig_series_fill(struct rig_series *series, unsigned int used)
{
	s64 last = 0;

	for (unsigned int i = 0; i < used; i++) {
		if (series->value[i] >= 0)
			last = series->value[i];
		series->value[i] = last;
	}
}
