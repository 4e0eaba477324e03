// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory pressure as text: what failed, what was free and who held the rest when it failed first,
 * and how fragmented free memory was over time.
 *
 * What is free is what the trace has shown to be free: frames that no event named count as taken.
 */
#include <stdlib.h>

#include "text.h"

#define INTERVALS 16 /* rows of the table over time */

typedef unsigned long long ull;

static double seconds_after(const struct rig_output *output, s64 ns)
{
	return (double)(ns - output->analysis->first_ns) / 1e9;
}

static void put_failed_requests(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_failures(output);
	char names[RIG_GFP_TEXT_SIZE];

	fprintf(file, "%8s %5s %10s %10s  %-22s %s\n", "failed", "order", "first", "last",
		"first by", "gfp_flags");
	for (size_t i = 0; i < analysis->nr_failures; i++) {
		const struct rig_failure *failure = &analysis->failures[order[i]];
		const struct rig_task *task = &analysis->tasks[failure->first_task];
		char who[64];

		snprintf(who, sizeof(who), "%s (%d)", task->comm[0] ? task->comm : "-", task->pid);
		fprintf(file, "%8llu %5u %9.3fs %9.3fs  %-22s %s\n", (ull)failure->count,
			failure->order, seconds_after(output, failure->first_ns),
			seconds_after(output, failure->last_ns), who,
			rig_gfp_text(output, failure->gfp, names, sizeof(names)));
	}
	free(order);
}

static void put_free(const u64 *free_by_order, FILE *file)
{
	fprintf(file, "  %-22s", "order");
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		fprintf(file, " %6u", order);
	fprintf(file, "\n  %-22s", "free blocks (known)");
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		fprintf(file, " %6llu", (ull)free_by_order[order]);
	fprintf(file, "\n  %-22s", "unusable space index");
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		fprintf(file, " %6.3f", rig_unusable_index(free_by_order, order));
	fputc('\n', file);
}

static void put_page_holders(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *requests = rig_sorted_requests(output, true);
	char text[RIG_GFP_TEXT_SIZE];

	fprintf(file, "\n  Who held pages then (of those allocated in the trace):\n");
	for (size_t i = 0; i < analysis->nr_requests && i < RIG_HOLDERS; i++) {
		const struct rig_request *request = &analysis->requests[requests[i]];
		const struct rig_task *task = &analysis->tasks[request->task];
		u64 pages = request->live_at_failure << (request->order & 15);
		char who[64];

		if (!pages)
			break;
		snprintf(who, sizeof(who), "%s (%d)", task->comm[0] ? task->comm : "-", task->pid);
		fprintf(file, "  %10llu pages  %-22s order %-2u  %s\n", (ull)pages, who,
			request->order, rig_gfp_text(output, request->gfp, text, sizeof(text)));
	}
	free(requests);
}

static void put_object_holders(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *sites = rig_sites_at_failure(output);
	char text[128];

	fprintf(file, "\n  Which call sites held objects then:\n");
	for (size_t i = 0; i < analysis->nr_sites && i < RIG_HOLDERS; i++) {
		const struct rig_site *site = &analysis->sites[sites[i]];

		if (!site->live_bytes_at_failure)
			break;
		fprintf(file, "  %10llu bytes  %s\n", (ull)site->live_bytes_at_failure,
			rig_site_text(output, site, text, sizeof(text)));
	}
	free(sites);
}

static void put_first_failure(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	const struct rig_failure *first = analysis->failures;
	const struct rig_task *task = &analysis->tasks[first->first_task];
	char names[RIG_GFP_TEXT_SIZE];

	fprintf(file, "\nThe first: order %u, %s\n", first->order,
		rig_gfp_text(output, first->gfp, names, sizeof(names)));
	fprintf(file, "  %.3f s after the first event (at %lld.%09lld), by %s (pid %d)\n",
		seconds_after(output, first->first_ns), (long long)(first->first_ns / 1000000000),
		(long long)(first->first_ns % 1000000000), task->comm, task->pid);
	fprintf(file,
		"  live then, of what the trace saw allocated: %llu pages, %llu bytes of objects\n",
		(ull)first->live_pages, (ull)first->live_slab_bytes);
	put_free(first->free_by_order, file);
	put_page_holders(output, file);
	if (analysis->slab.allocs)
		put_object_holders(output, file);
}

/* What the slab layer could not give, by call site. */
static void put_failed_objects(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *sites = rig_sites_failed(output), shown = 0;
	char text[128];

	if (analysis->slab.failed) {
		rig_text_title(file, "FAILED OBJECT ALLOCATIONS");
		fprintf(file, "%8s %10s %12s  %s\n", "failed", "of", "live bytes", "call site");
	}
	for (size_t i = 0; i < analysis->nr_sites; i++) {
		const struct rig_site *site = &analysis->sites[sites[i]];

		if (!site->failed)
			break;
		if (shown++ < rig_rows(output, analysis->nr_sites))
			fprintf(file, "%8llu %10llu %12llu  %s\n", (ull)site->failed,
				(ull)site->allocs, (ull)site->live_bytes,
				rig_site_text(output, site, text, sizeof(text)));
	}
	if (shown)
		rig_text_more(file, output, shown);
	free(sites);
}

void rig_text_failures(const struct rig_output *output, FILE *file)
{
	if (output->analysis->nr_failures) {
		rig_text_title(file, "FAILED PAGE ALLOCATIONS");
		put_failed_requests(output, file);
		put_first_failure(output, file);
	}
	put_failed_objects(output, file);
}

/* A row: the counts of some buckets together, the gauges when the last of them ended. */
static void put_interval(const struct rig_output *output, FILE *file, unsigned int from,
			 unsigned int to)
{
	const struct rig_analysis *analysis = output->analysis;
	u64 requests = 0, failures = 0, fallbacks = 0, free_pages = 0, free_by_order[RIG_ORDERS];
	static const unsigned int shown[] = { 1, 2, 3, 4, 9 };
	double until;

	for (unsigned int i = from; i < to; i++) {
		for (unsigned int order = 0; order < RIG_ORDERS; order++)
			requests += analysis->allocs_by_order_over_time[order][i];
		failures += analysis->failures_over_time[i];
		fallbacks += analysis->extfrag_over_time[i];
	}
	for (unsigned int order = 0; order < RIG_ORDERS; order++) {
		s64 blocks = analysis->free_by_order[order].value[to - 1];

		free_by_order[order] = blocks > 0 ? (u64)blocks : 0;
		free_pages += free_by_order[order] << order;
	}
	until = seconds_after(output, analysis->timeline.begin_ns) +
		(double)analysis->timeline.width_ns * to / 1e9;
	fprintf(file, "%9.3fs %10llu %9llu %10llu %12lld %12llu  ", until, (ull)requests,
		(ull)failures, (ull)fallbacks, (long long)analysis->page_count.value[to - 1],
		(ull)free_pages);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		fprintf(file, " %6.3f", rig_unusable_index(free_by_order, shown[i]));
	fputc('\n', file);
}

void rig_text_fragmentation(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	unsigned int used = analysis->timeline.used;
	unsigned int step = (used + INTERVALS - 1) / INTERVALS;

	if (!used || !(analysis->pages.allocs || analysis->pages.frees))
		return;
	rig_text_title(file, "PAGES AND FRAGMENTATION OVER TIME");
	fprintf(file, "%10s %10s %9s %10s %12s %12s   %s\n", "until", "requests", "failed",
		"fallbacks", "live pages", "free (known)",
		"unusable free space index: order 1, 2, 3, 4, 9");
	for (unsigned int from = 0; from < used; from += step)
		put_interval(output, file, from, from + step < used ? from + step : used);
}
