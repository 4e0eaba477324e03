// SPDX-License-Identifier: GPL-2.0-only
/* An analysis as text: tables of 100 columns, bytes in plain numbers as perf kmem stat has them. */
#include <stdlib.h>
#include <string.h>

#include "text.h"

typedef unsigned long long ull;

void rig_text_title(FILE *file, const char *text)
{
	fprintf(file, "\n%s\n", text);
	for (size_t i = 0; i < strlen(text); i++)
		fputc('=', file);
	fputc('\n', file);
}

void rig_text_more(FILE *file, const struct rig_output *output, size_t nr)
{
	if (rig_rows(output, nr) < nr)
		fprintf(file, "... %zu more\n", nr - rig_rows(output, nr));
}

const char *rig_text_duration(double ns, char *text, size_t size)
{
	if (ns < 1e3)
		snprintf(text, size, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(text, size, "%.1f us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(text, size, "%.1f ms", ns / 1e6);
	else
		snprintf(text, size, "%.1f s", ns / 1e9);
	return text;
}

/* What one wants to know before anything else. */
static void put_head(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	const char *release = rig_reader_environment(output->reader, "kernel_release");
	const struct rig_event_name *name;
	u64 total = 0;

	for (size_t i = 0; (name = rig_reader_name(output->reader, i)); i++)
		total += name->count;
	fprintf(file, "%s: %llu events in %.6f s%s%s\n", output->source ? output->source : "trace",
		(ull)total, (double)(analysis->last_ns - analysis->first_ns) / 1e9,
		release ? ", Linux " : "", release ? release : "");
	if (output->filtered)
		fprintf(file, "analysed: the %llu kmem events that were asked for\n",
			(ull)analysis->records);
	fprintf(file, "failed: %llu page allocations, %llu object allocations\n",
		(ull)analysis->pages.failures, (ull)analysis->slab.failed);
	if (output->discarded)
		fprintf(file, "DISCARDED by the tracer: %llu events; figures below are too low\n",
			(ull)output->discarded);
	if (output->incomplete)
		fprintf(file, "The trace was not read to its end: what comes before is analysed\n");
}

static void put_events(const struct rig_output *output, FILE *file)
{
	const struct rig_event_name *name;
	char lacking[200];

	rig_text_title(file, "EVENTS");
	for (size_t i = 0; (name = rig_reader_name(output->reader, i)); i++) {
		fprintf(file, "%12llu  %s", (ull)name->count, name->name);
		if (name->incomplete)
			fprintf(file, "   (%llu left out: no %s)", (ull)name->incomplete,
				rig_lacking_text(name, lacking, sizeof(lacking)));
		else if (name->lacking)
			fprintf(file, "   (no %s)",
				rig_lacking_text(name, lacking, sizeof(lacking)));
		fputc('\n', file);
	}
}

static void put_slab_summary(const struct rig_output *output, FILE *file)
{
	const struct rig_slab_state *slab = &output->analysis->slab;
	u64 waste = slab->bytes_alloc - slab->bytes_req;

	rig_text_title(file, "SUMMARY (SLAB allocator)");
	fprintf(file, "Total bytes requested: %llu\n", (ull)slab->bytes_req);
	fprintf(file, "Total bytes allocated: %llu\n", (ull)slab->bytes_alloc);
	fprintf(file, "Total bytes freed:     %llu\n", (ull)slab->bytes_freed);
	fprintf(file, "Net total bytes allocated: %llu (at most %llu)\n", (ull)slab->live_bytes,
		(ull)slab->max_live_bytes);
	fprintf(file, "Total bytes wasted on internal fragmentation: %llu\n", (ull)waste);
	fprintf(file, "Internal fragmentation: %f%%\n", rig_percent(waste, slab->bytes_alloc));
	fprintf(file, "Cross node allocations: %llu/%llu\n", (ull)slab->cross_node,
		(ull)slab->allocs);
	fprintf(file, "Allocations: %llu, failed: %llu, live at the end: %llu\n", (ull)slab->allocs,
		(ull)slab->failed, (ull)slab->live_objects);
	fprintf(file,
		"Frees: %llu, of objects allocated before the trace or in bulk: %llu, "
		"of NULL besides: %llu\n",
		(ull)slab->frees, (ull)slab->unknown_frees, (ull)slab->null_frees);
	fprintf(file, "Freed unseen (address allocated again while live): %llu\n",
		(ull)slab->hidden_frees);
	fprintf(file, "Freed on another CPU (ping-pong): %llu\n", (ull)slab->ping_pong);
}

static void put_lifetimes(const struct rig_lifetimes *lifetimes, const char *what, FILE *file)
{
	char low[32], text[32];
	u64 highest = 0;
	bool any = false;

	if (!lifetimes->count)
		return;
	for (unsigned int i = 0; i < RIG_LIFETIME_BINS; i++)
		if (lifetimes->bins[i] > highest)
			highest = lifetimes->bins[i];
	fprintf(file, "\nLifetimes of %s: %llu freed, mean %s, longest %s\n", what,
		(ull)lifetimes->count,
		rig_text_duration((double)lifetimes->total_ns / (double)lifetimes->count, text,
				  sizeof(text)),
		rig_text_duration((double)lifetimes->max_ns, low, sizeof(low)));
	for (unsigned int i = 0; i < RIG_LIFETIME_BINS; i++) {
		int bar = (int)(50 * lifetimes->bins[i] / highest);

		if (!lifetimes->bins[i] && !any)
			continue;
		any = true;
		if (1ULL << i > lifetimes->max_ns && i)
			break;
		fprintf(file, "%12s  %10llu  %.*s\n",
			rig_text_duration(i ? (double)(1ULL << i) : 0, low, sizeof(low)),
			(ull)lifetimes->bins[i], bar,
			"##################################################");
	}
}

static void put_sites(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_sites(output);
	char text[128];

	if (analysis->nr_sites) {
		char heading[64];

		snprintf(heading, sizeof(heading), "CALL SITES (by %s)",
			 rig_sort_names[output->sort]);
		rig_text_title(file, heading);
		fprintf(file, "%-36s %12s %12s %9s %9s %7s %11s %9s\n", "call site", "allocated",
			"requested", "hits", "ping-pong", "frag", "live bytes", "lifetime");
	}
	for (size_t i = 0; i < rig_rows(output, analysis->nr_sites); i++) {
		const struct rig_site *site = &analysis->sites[order[i]];
		char life[32] = "-";

		if (site->frees)
			rig_text_duration((double)site->lifetime_ns / (double)site->frees, life,
					  sizeof(life));
		fprintf(file, "%-36s %12llu %12llu %9llu %9llu %6.2f%% %11llu %9s\n",
			rig_site_text(output, site, text, sizeof(text)), (ull)site->bytes_alloc,
			(ull)site->bytes_req, (ull)site->allocs, (ull)site->ping_pong,
			site->bytes_alloc ? 100 - rig_percent(site->bytes_req, site->bytes_alloc)
					  : 0,
			(ull)site->live_bytes, life);
	}
	rig_text_more(file, output, analysis->nr_sites);
	free(order);
}

static void put_caches(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_caches(output);

	if (analysis->nr_caches) {
		rig_text_title(file, "CACHES");
		fprintf(file, "%-28s %6s %13s %10s %10s %10s %12s\n", "cache", "size", "allocated",
			"allocs", "frees", "unknown", "live bytes");
	}
	for (size_t i = 0; i < rig_rows(output, analysis->nr_caches); i++) {
		const struct rig_cache *cache = &analysis->caches[order[i]];

		fprintf(file, "%-28s %6u %13llu %10llu %10llu %10llu %12llu\n", cache->name,
			cache->object_size, (ull)cache->bytes_alloc, (ull)cache->allocs,
			(ull)cache->frees, (ull)cache->unknown_frees, (ull)cache->live_bytes);
	}
	rig_text_more(file, output, analysis->nr_caches);
	free(order);
}

static void put_tasks(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_tasks(output);

	if (analysis->nr_tasks) {
		rig_text_title(file, "TASKS");
		fprintf(file, "%-16s %7s %10s %13s %10s %10s %12s %10s %8s\n", "task", "pid",
			"objects", "bytes", "pages", "frees", "live bytes", "live pages", "failed");
	}
	for (size_t i = 0; i < rig_rows(output, analysis->nr_tasks); i++) {
		const struct rig_task *task = &analysis->tasks[order[i]];

		fprintf(file, "%-16s %7d %10llu %13llu %10llu %10llu %12llu %10llu %8llu\n",
			task->comm[0] ? task->comm : "-", task->pid, (ull)task->slab_allocs,
			(ull)task->slab_bytes, (ull)task->pages,
			(ull)(task->slab_frees + task->page_frees), (ull)task->live_slab_bytes,
			(ull)task->live_pages, (ull)task->failures);
	}
	rig_text_more(file, output, analysis->nr_tasks);
	free(order);
}

static void put_total(FILE *file, const char *what, u64 count, u64 bytes)
{
	fprintf(file, "%-30s: %16llu   [ %16llu KB ]\n", what, (ull)count, (ull)(bytes / 1024));
}

static void put_page_summary(const struct rig_output *output, FILE *file)
{
	const struct rig_pages_state *pages = &output->analysis->pages;
	u64 matched = pages->frees - pages->unknown_frees;
	u64 matched_bytes = pages->free_bytes - pages->unknown_free_bytes;

	rig_text_title(file, "SUMMARY (page allocator)");
	put_total(file, "Total allocation requests", pages->allocs, pages->alloc_bytes);
	put_total(file, "Total free requests", pages->frees, pages->free_bytes);
	fputc('\n', file);
	put_total(file, "Total alloc+freed requests", matched, matched_bytes);
	put_total(file, "Total alloc-only requests", pages->allocs - matched,
		  pages->alloc_bytes - matched_bytes);
	put_total(file, "Total free-only requests", pages->unknown_frees,
		  pages->unknown_free_bytes);
	fputc('\n', file);
	put_total(file, "Total allocation failures", pages->failures, pages->failed_bytes);
	fprintf(file, "Live pages at the end: %llu, of them slab pages: %llu\n",
		(ull)pages->live_pages, (ull)pages->slab_pages);
	fprintf(file,
		"Pages from zone to per-CPU lists: %llu, back: %llu, from the zone at once: %llu\n",
		(ull)pages->refills, (ull)pages->drains, (ull)pages->direct);
	fprintf(file, "Fallbacks to another migrate type: %llu, whole pageblocks taken: %llu\n",
		(ull)pages->extfrag, (ull)pages->extfrag_stolen);
	fprintf(file, "\n%5s", "Order");
	for (unsigned int type = 0; type < RIG_MIGRATETYPES; type++)
		fprintf(file, " %12s", rig_migratetype_names[type]);
	fprintf(file, "   free at the end (known)  unusable index\n");
	for (unsigned int order = 0; order < RIG_ORDERS; order++) {
		const u64 *free_by_order = rig_buddy_free_by_order(output->analysis->buddy);

		fprintf(file, "%5u", order);
		for (unsigned int type = 0; type < RIG_MIGRATETYPES; type++) {
			if (pages->by_order[order][type])
				fprintf(file, " %12llu", (ull)pages->by_order[order][type]);
			else
				fprintf(file, " %12s", ".");
		}
		fprintf(file, " %25llu %15.3f\n", (ull)free_by_order[order],
			rig_unusable_index(free_by_order, order));
	}
}

static void put_requests(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_requests(output, false);
	char names[RIG_GFP_TEXT_SIZE];

	rig_text_title(file, "PAGE REQUESTS");
	fprintf(file, "%5s %10s %10s %10s %8s  %-16s %s\n", "order", "allocs", "frees", "live",
		"failed", "task", "gfp_flags");
	for (size_t i = 0; i < rig_rows(output, analysis->nr_requests); i++) {
		const struct rig_request *request = &analysis->requests[order[i]];

		fprintf(file, "%5u %10llu %10llu %10llu %8llu  %-16s %s\n", request->order,
			(ull)request->allocs, (ull)request->frees, (ull)request->live,
			(ull)request->failures, analysis->tasks[request->task].comm,
			rig_gfp_text(output, request->gfp, names, sizeof(names)));
	}
	rig_text_more(file, output, analysis->nr_requests);
	free(order);
}

static void put_perf(const struct rig_output *output, FILE *file, bool by_site)
{
	char text[128];
	size_t nr;
	struct rig_perf_entry *entries = rig_perf_stat_sorted(output->analysis->perf, by_site, &nr);

	fprintf(file,
		"\n %-34s | Total_alloc/Per | Total_req/Per   | Hit      | Ping-pong | Frag\n",
		by_site ? "Callsite" : "Alloc Ptr");
	for (size_t i = 0; i < rig_rows(output, nr); i++) {
		const struct rig_perf_entry *entry = &entries[i];

		if (by_site)
			rig_symbols_text(output->symbols, entry->key, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%#llx", (ull)entry->key);
		fprintf(file, " %-34s | %9llu/%-5lu | %9llu/%-5lu | %8lu | %9lu | %6.3f%%\n", text,
			(ull)entry->bytes_alloc, (unsigned long)(entry->bytes_alloc / entry->hits),
			(ull)entry->bytes_req, (unsigned long)(entry->bytes_req / entry->hits),
			(unsigned long)entry->hits, (unsigned long)entry->ping_pong,
			entry->bytes_alloc ? 100 - rig_percent(entry->bytes_req, entry->bytes_alloc)
					   : 0.0);
	}
	rig_text_more(file, output, nr);
	free(entries);
}

static void put_perf_tables(const struct rig_output *output, FILE *file)
{
	const struct rig_perf_total *total = rig_perf_stat_total(output->analysis->perf);

	rig_text_title(file, "AS PERF KMEM STAT COUNTS (SLAB allocator)");
	fprintf(file, "Total bytes requested: %llu\n", (ull)total->requested);
	fprintf(file, "Total bytes allocated: %llu\n", (ull)total->allocated);
	fprintf(file, "Total bytes freed:     %llu\n", (ull)total->freed);
	if (total->allocated > total->freed)
		fprintf(file, "Net total bytes allocated: %llu\n",
			(ull)(total->allocated - total->freed));
	fprintf(file, "Total bytes wasted on internal fragmentation: %llu\n",
		(ull)(total->allocated - total->requested));
	fprintf(file, "Internal fragmentation: %f%%\n",
		rig_percent(total->allocated - total->requested, total->allocated));
	fprintf(file, "Cross CPU allocations: %llu/%llu\n", (ull)total->cross, (ull)total->allocs);
	put_perf(output, file, true);
	put_perf(output, file, false);
}

void rig_output_text(const struct rig_output *output, FILE *file)
{
	const struct rig_analysis *analysis = output->analysis;

	put_head(output, file);
	rig_text_failures(output, file);
	/* beside the failures that it explains, or at its place among the pages */
	if (analysis->nr_failures)
		rig_text_fragmentation(output, file);
	if (analysis->slab.allocs || analysis->slab.frees) {
		put_slab_summary(output, file);
		put_lifetimes(&analysis->slab.lifetimes, "objects", file);
		put_sites(output, file);
		put_caches(output, file);
	}
	if (analysis->pages.allocs || analysis->pages.frees) {
		put_page_summary(output, file);
		put_lifetimes(&analysis->pages.lifetimes, "pages", file);
		put_requests(output, file);
		if (!analysis->nr_failures)
			rig_text_fragmentation(output, file);
	}
	put_tasks(output, file);
	put_events(output, file);
	if (analysis->perf)
		put_perf_tables(output, file);
}
