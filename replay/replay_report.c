// SPDX-License-Identifier: GPL-2.0-only
/*
 * The summary of a replay: a table for people, one JSON object for programs. Both say the same.
 */
#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#include "replay_report.h"

#define TOP 10

/* Sums by a key: the top caches, the top call sites. */
struct tally {
	const char *name;
	u64 site;
	u64 nr;
	u64 bytes;
};

struct tallies {
	struct tally *entries; /* open hash; nr 0: free */
	size_t nr_slots, used;
};

static struct tally *tally_slot(struct tally *entries, size_t nr_slots, const char *name, u64 site)
{
	size_t slot = (size_t)(((u64)(size_t)name + site) * 0x9e3779b97f4a7c15ull >> 20) % nr_slots;

	while (entries[slot].nr && (entries[slot].name != name || entries[slot].site != site))
		slot = (slot + 1) % nr_slots;
	return &entries[slot];
}

static void count(struct tallies *tallies, const char *name, u64 site, u64 bytes)
{
	struct tally *entry;

	if (tallies->used * 2 >= tallies->nr_slots) {
		size_t nr = tallies->nr_slots ? tallies->nr_slots * 2 : 1024;
		struct tally *entries = calloc(nr, sizeof(*entries));

		if (!entries)
			return;
		for (size_t i = 0; i < tallies->nr_slots; i++)
			if (tallies->entries[i].nr)
				*tally_slot(entries, nr, tallies->entries[i].name,
					    tallies->entries[i].site) = tallies->entries[i];
		free(tallies->entries);
		tallies->entries = entries;
		tallies->nr_slots = nr;
	}
	entry = tally_slot(tallies->entries, tallies->nr_slots, name, site);
	if (!entry->nr)
		tallies->used++;
	entry->name = name;
	entry->site = site;
	entry->nr++;
	entry->bytes += bytes;
}

static int by_number(const void *a, const void *b)
{
	const struct tally *left = a, *right = b;

	if (left->nr != right->nr)
		return left->nr > right->nr ? -1 : 1;
	if (left->site != right->site)
		return left->site < right->site ? -1 : 1;
	return left->name && right->name ? strcmp(left->name, right->name) : 0;
}

/* Entries by number, most first; returns how many there are. */
static size_t sort(struct tallies *tallies)
{
	size_t nr = 0;

	for (size_t i = 0; i < tallies->nr_slots; i++)
		if (tallies->entries[i].nr)
			tallies->entries[nr++] = tallies->entries[i];
	if (nr)
		qsort(tallies->entries, nr, sizeof(*tallies->entries), by_number);
	return nr;
}

/*
 * Caches by what was freed (allocations do not name theirs); call sites by allocations.
 */
static void tally(const struct rig_trace_log *log, struct tallies *caches, struct tallies *sites)
{
	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];

		switch (event->id) {
		case RIG_EVENT_kmem_cache_free:
			count(caches, event->kmem_cache_free.name, 0, 0);
			break;
		case RIG_EVENT_kmem_cache_alloc:
			count(sites, rig_trace_log_site(log, event->kmem_cache_alloc.call_site),
			      event->kmem_cache_alloc.call_site,
			      event->kmem_cache_alloc.bytes_alloc);
			break;
		case RIG_EVENT_kmalloc:
			count(sites, rig_trace_log_site(log, event->kmalloc.call_site),
			      event->kmalloc.call_site, event->kmalloc.bytes_alloc);
			break;
		default:
			break;
		}
	}
}

static double percent(u64 part, u64 whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

static void print_events(const struct rig_replay_report *report, FILE *out)
{
	const struct rig_trace_log *log = report->log;

	fprintf(out, "%-28s %12s %12s\n", "event", "trace", "replayed");
	for (int id = 0; id < RIG_NR_EVENTS; id++)
		if (log->by_id[id] || report->written[id])
			fprintf(out, "%-28s %12llu %12llu\n", rig_event_name(id),
				(unsigned long long)log->by_id[id],
				(unsigned long long)report->written[id]);
	for (size_t i = 0; i < log->nr_others; i++)
		fprintf(out, "%-28s %12llu %12s\n", log->others[i].name,
			(unsigned long long)log->others[i].nr, "-");
	fprintf(out, "%-28s %12llu", "all", (unsigned long long)log->events_read);
	if (log->marked)
		fprintf(out, "   (%zu between the marks)", log->end - log->first);
	fputs("\n\n", out);
	if (log->lost)
		fprintf(out, "The recorder lost %llu events or more.\n\n",
			(unsigned long long)log->lost);
}

static void print_hints(const struct rig_follow_result *hints, FILE *out)
{
	fprintf(out, "  told by the trace  ");
	if (!(hints->bulk + hints->boosts_ended + hints->folds + hints->reclaim_active +
	      hints->blocks_told + hints->nodes_told + hints->victims)) {
		fprintf(out, "nothing: every choice was its own\n");
		return;
	}
	fprintf(out,
		"%llu pages taken in bulk, %llu boosts ended, %llu counters folded,\n"
		"                   kswapd at work at %llu frees, %llu pageblocks, %llu nodes, %llu OOM "
		"victims;\n                   %llu allocations exact with nothing told before\n",
		(unsigned long long)hints->bulk, (unsigned long long)hints->boosts_ended,
		(unsigned long long)hints->folds, (unsigned long long)hints->reclaim_active,
		(unsigned long long)hints->blocks_told, (unsigned long long)hints->nodes_told,
		(unsigned long long)hints->victims, (unsigned long long)hints->exact_unaided);
}

/* On another machine, or with faults, no page frame and no address is expected to be the trace's.
 */
static bool compares(const struct rig_engine *engine)
{
	return engine->from_state && !engine->what_if;
}

static void print_pages(const struct rig_page_counts *page, bool compared, FILE *out)
{
	fprintf(out, "page allocations   %llu", (unsigned long long)page->allocs);
	if (compared)
		fprintf(out, ", exact %llu (%.3f%%), inferred %llu\n",
			(unsigned long long)page->exact, percent(page->exact, page->allocs),
			(unsigned long long)page->inferred);
	else
		fprintf(out, " (on another machine: page frames are its own)\n");
	fprintf(out,
		"  failures         %llu in the trace, %llu of them here too; %llu only here\n",
		(unsigned long long)page->failed_traced,
		(unsigned long long)page->failed_reproduced,
		(unsigned long long)page->failed_spurious);
	fprintf(out, "page frees         %llu, unknown %llu; drains of their own %llu\n",
		(unsigned long long)page->frees, (unsigned long long)page->frees_unknown,
		(unsigned long long)page->drains);
	if (compared)
		print_hints(&page->hints, out);
	if (compared && page->inner)
		fprintf(out, "events under lock  %llu, identical %llu (%.3f%%)\n",
			(unsigned long long)page->inner, (unsigned long long)page->inner_same,
			percent(page->inner_same, page->inner));
}

static void print_objects(const struct rig_object_counts *object, bool compared, FILE *out)
{
	fprintf(out, "object allocations %llu", (unsigned long long)object->allocs);
	if (compared)
		fprintf(out,
			", exact %llu (%.3f%%; %llu with nothing inferred before), inferred %llu\n",
			(unsigned long long)object->exact, percent(object->exact, object->allocs),
			(unsigned long long)object->exact_unaided,
			(unsigned long long)object->inferred);
	else
		fprintf(out, " (addresses are this machine's own)\n");
	fprintf(out,
		"  failures         %llu in the trace, %llu of them here too; %llu only here\n",
		(unsigned long long)object->failed_traced,
		(unsigned long long)object->failed_reproduced,
		(unsigned long long)object->failed_spurious);
	fprintf(out, "object frees       %llu, unknown %llu; page events of slabs %llu\n",
		(unsigned long long)object->frees, (unsigned long long)object->frees_unknown,
		(unsigned long long)object->slab_pages);
}

static void print_top(const struct rig_replay_report *report, FILE *out)
{
	struct tallies caches = { 0 }, sites = { 0 };
	size_t nr;

	tally(report->log, &caches, &sites);
	nr = sort(&caches);
	if (nr)
		fprintf(out, "\n%-28s %12s\n", "top caches", "frees");
	for (size_t i = 0; i < nr && i < TOP; i++)
		fprintf(out, "%-28s %12llu\n", caches.entries[i].name,
			(unsigned long long)caches.entries[i].nr);
	nr = sort(&sites);
	if (nr)
		fprintf(out, "\n%-28s %12s %12s\n", "top call sites", "allocations", "bytes");
	for (size_t i = 0; i < nr && i < TOP; i++) {
		const struct tally *site = &sites.entries[i];
		char text[128];

		fprintf(out, "%-28s %12llu %12llu\n",
			*site->name
				? site->name
				: rig_symbols_text(report->symbols, site->site, text, sizeof(text)),
			(unsigned long long)site->nr, (unsigned long long)site->bytes);
	}
	free(caches.entries);
	free(sites.entries);
}

void rig_replay_print(const struct rig_replay_report *report, FILE *out)
{
	const struct rig_state_difference *difference = &report->difference;

	print_events(report, out);
	print_pages(&report->engine->page, compares(report->engine), out);
	if (!strcmp(report->level, "object"))
		print_objects(&report->engine->object, compares(report->engine), out);
	if (report->have_difference)
		fprintf(out,
			"lists at the end   %lu, identical %lu; pageblocks %lu, identical %lu\n",
			difference->lists, difference->lists_identical, difference->pageblocks,
			difference->pageblocks_identical);
	if (difference->slab_lists)
		fprintf(out, "slab lists         %lu, identical %lu\n", difference->slab_lists,
			difference->slab_lists_identical);
	if (report->faults_injected)
		fprintf(out, "faults injected    %llu\n",
			(unsigned long long)report->faults_injected);
	if (report->have_trace)
		fprintf(out, "new trace          %llu events discarded\n",
			(unsigned long long)report->discarded);
	rig_failures_print(report->failures, report->log, out);
	print_top(report, out);
	fprintf(out, "\ntime               %.3f s reading, %.3f s replaying (%.0f events/s)\n",
		report->seconds_reading, report->seconds,
		report->seconds > 0 ? (double)report->log->nr / report->seconds : 0.0);
}

static json_t *json_events(const struct rig_trace_log *log)
{
	json_t *object = json_object();

	for (int id = 0; id < RIG_NR_EVENTS; id++)
		if (log->by_id[id])
			json_object_set_new(object, rig_event_name(id),
					    json_integer((json_int_t)log->by_id[id]));
	for (size_t i = 0; i < log->nr_others; i++)
		json_object_set_new(object, log->others[i].name,
				    json_integer((json_int_t)log->others[i].nr));
	return object;
}

static json_t *json_written(const u64 *written)
{
	json_t *object = json_object();

	for (int id = 0; id < RIG_NR_EVENTS; id++)
		if (written[id])
			json_object_set_new(object, rig_event_name(id),
					    json_integer((json_int_t)written[id]));
	return object;
}

/* What the allocator could not know and the trace told; all zero: every choice was its own. */
static json_t *json_hints(const struct rig_follow_result *hints)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "bulk_pages", (json_int_t)hints->bulk,
			 "boosts_ended", (json_int_t)hints->boosts_ended, "counters_folded",
			 (json_int_t)hints->folds, "kswapd_at_work",
			 (json_int_t)hints->reclaim_active, "pageblocks",
			 (json_int_t)hints->blocks_told, "nodes", (json_int_t)hints->nodes_told,
			 "oom_victims", (json_int_t)hints->victims);
}

static json_t *json_pages(const struct rig_page_counts *page)
{
	return json_pack("{s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "allocs",
			 (json_int_t)page->allocs, "exact_unaided",
			 (json_int_t)page->hints.exact_unaided, "hints", json_hints(&page->hints),
			 "exact", (json_int_t)page->exact, "inferred", (json_int_t)page->inferred,
			 "failed_traced", (json_int_t)page->failed_traced, "failed_reproduced",
			 (json_int_t)page->failed_reproduced, "failed_spurious",
			 (json_int_t)page->failed_spurious, "frees", (json_int_t)page->frees,
			 "frees_unknown", (json_int_t)page->frees_unknown, "drains",
			 (json_int_t)page->drains, "inner", (json_int_t)page->inner, "inner_same",
			 (json_int_t)page->inner_same);
}

static json_t *json_objects(const struct rig_object_counts *object)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "allocs",
			 (json_int_t)object->allocs, "exact_unaided",
			 (json_int_t)object->exact_unaided, "exact", (json_int_t)object->exact,
			 "inferred", (json_int_t)object->inferred, "failed_traced",
			 (json_int_t)object->failed_traced, "failed_reproduced",
			 (json_int_t)object->failed_reproduced, "failed_spurious",
			 (json_int_t)object->failed_spurious, "frees", (json_int_t)object->frees,
			 "frees_unknown", (json_int_t)object->frees_unknown, "slab_pages",
			 (json_int_t)object->slab_pages, "slab_kb_before",
			 (json_int_t)object->slab_kb_before, "slab_kb_after",
			 (json_int_t)object->slab_kb_after, "live_bytes_after",
			 (json_int_t)object->live_bytes_after);
}

static json_t *json_state(const struct rig_state_difference *difference)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "lists", (json_int_t)difference->lists,
			 "lists_identical", (json_int_t)difference->lists_identical, "pageblocks",
			 (json_int_t)difference->pageblocks, "pageblocks_identical",
			 (json_int_t)difference->pageblocks_identical, "slab_lists",
			 (json_int_t)difference->slab_lists, "slab_lists_identical",
			 (json_int_t)difference->slab_lists_identical);
}

bool rig_replay_print_json(const struct rig_replay_report *report, FILE *out)
{
	const struct rig_trace_log *log = report->log;
	json_t *root = json_pack(
		"{s:s,s:s,s:I,s:o,s:o,s:I,s:b,s:I,s:f,s:f,s:o,s:o,s:o,s:I}", "level", report->level,
		"backend", report->backend, "events_read", (json_int_t)log->events_read,
		"events_by_name", json_events(log), "events_written", json_written(report->written),
		"events_lost", (json_int_t)log->lost, "marked", log->marked, "events_counted",
		(json_int_t)(log->end - log->first), "seconds", report->seconds, "seconds_reading",
		report->seconds_reading, "page", json_pages(&report->engine->page), "state",
		json_state(&report->difference), "object", json_objects(&report->engine->object),
		"faults_injected", (json_int_t)report->faults_injected);
	bool good = root;

	if (good)
		json_object_set_new(root, "failures", rig_failures_json(report->failures, log));
	if (good && report->have_trace)
		json_object_set_new(root, "discarded", json_integer((json_int_t)report->discarded));
	good = good && !json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) &&
	       fputc('\n', out) != EOF && !fflush(out);
	json_decref(root);
	return good;
}
