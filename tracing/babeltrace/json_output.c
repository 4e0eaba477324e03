// SPDX-License-Identifier: GPL-2.0-only
/*
 * An analysis as JSON: the same figures as the text, and the values over time. 64-bit addresses and
 * flags are strings in hexadecimal, since many JSON readers keep 53 bits. Times are in
 * nanoseconds, series have one value a bucket.
 */
#include <stdlib.h>

#include "output.h"

static json_t *hex(u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	return json_string(text);
}

static void set(json_t *object, const char *name, u64 value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *text_or_hex(const char *text)
{
	json_t *string = json_string(text ? text : "");

	/* comm and names may hold bytes that are no UTF-8 */
	return string ? string : json_string("?");
}

static json_t *counts(const u64 *values, size_t nr)
{
	json_t *array = json_array();

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(array, json_integer((json_int_t)values[i]));
	return array;
}

static json_t *series(const struct rig_series *values, unsigned int used)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < used; i++)
		json_array_append_new(array, json_integer(values->value[i]));
	return array;
}

static json_t *events(const struct rig_output *output)
{
	const struct rig_event_name *name;
	json_t *object = json_object();

	for (size_t i = 0; (name = rig_reader_name(output->reader, i)); i++)
		set(object, name->name, name->count);
	return object;
}

/* Events that lack fields: left out, or analysed without. */
static json_t *incomplete_events(const struct rig_output *output)
{
	const struct rig_event_name *name;
	json_t *array = json_array();
	char lacking[200];

	for (size_t i = 0; (name = rig_reader_name(output->reader, i)); i++) {
		json_t *object;

		if (!name->lacking)
			continue;
		object = json_object();
		json_object_set_new(object, "event", text_or_hex(name->name));
		json_object_set_new(object, "lacking",
				    json_string(rig_lacking_text(name, lacking, sizeof(lacking))));
		set(object, "left_out", name->incomplete);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *lifetimes(const struct rig_lifetimes *lifetimes)
{
	json_t *object = json_object();

	set(object, "count", lifetimes->count);
	set(object, "total_ns", lifetimes->total_ns);
	set(object, "max_ns", lifetimes->max_ns);
	json_object_set_new(object, "log2_ns", counts(lifetimes->bins, RIG_LIFETIME_BINS));
	return object;
}

static json_t *slab(const struct rig_output *output)
{
	const struct rig_slab_state *state = &output->analysis->slab;
	json_t *object = json_object();

	set(object, "allocs", state->allocs);
	set(object, "bytes_requested", state->bytes_req);
	set(object, "bytes_allocated", state->bytes_alloc);
	set(object, "bytes_freed", state->bytes_freed);
	set(object, "bytes_wasted", state->bytes_alloc - state->bytes_req);
	set(object, "frees", state->frees);
	set(object, "failed", state->failed);
	set(object, "null_frees", state->null_frees);
	set(object, "unknown_frees", state->unknown_frees);
	set(object, "hidden_frees", state->hidden_frees);
	set(object, "ping_pong", state->ping_pong);
	set(object, "cross_node", state->cross_node);
	set(object, "live_objects", state->live_objects);
	set(object, "live_bytes", state->live_bytes);
	set(object, "max_live_bytes", state->max_live_bytes);
	json_object_set_new(object, "lifetimes", lifetimes(&state->lifetimes));
	return object;
}

static json_t *sites(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_sites(output);
	json_t *array = json_array();
	char text[128];

	for (size_t i = 0; i < rig_rows(output, analysis->nr_sites); i++) {
		const struct rig_site *site = &analysis->sites[order[i]];
		json_t *object = json_object();

		json_object_set_new(object, "call_site",
				    text_or_hex(rig_site_text(output, site, text, sizeof(text))));
		json_object_set_new(object, "address", hex(site->address));
		set(object, "allocs", site->allocs);
		set(object, "bytes_requested", site->bytes_req);
		set(object, "bytes_allocated", site->bytes_alloc);
		set(object, "frees", site->frees);
		set(object, "failed", site->failed);
		set(object, "ping_pong", site->ping_pong);
		set(object, "live_objects", site->live_objects);
		set(object, "live_bytes", site->live_bytes);
		set(object, "live_bytes_at_failure", site->live_bytes_at_failure);
		set(object, "lifetime_ns", site->lifetime_ns);
		json_array_append_new(array, object);
	}
	free(order);
	return array;
}

/* Cache, call site, bytes: what a flame graph of live memory is drawn from. */
static json_t *classes(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	json_t *array = json_array();
	char text[128];

	for (size_t i = 0; i < analysis->nr_classes; i++) {
		const struct rig_class *class = &analysis->classes[i];
		json_t *object;

		if (!class->live_bytes && !class->live_bytes_at_failure)
			continue;
		object = json_object();
		json_object_set_new(object, "cache",
				    text_or_hex(analysis->caches[class->cache].name));
		json_object_set_new(object, "call_site",
				    text_or_hex(rig_site_text(output, &analysis->sites[class->site],
							      text, sizeof(text))));
		set(object, "live_bytes", class->live_bytes);
		set(object, "live_bytes_at_failure", class->live_bytes_at_failure);
		set(object, "live_objects", class->live_objects);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *caches(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_caches(output);
	json_t *array = json_array();

	for (size_t i = 0; i < rig_rows(output, analysis->nr_caches); i++) {
		const struct rig_cache *cache = &analysis->caches[order[i]];
		json_t *object = json_object();

		json_object_set_new(object, "name", text_or_hex(cache->name));
		set(object, "object_size", cache->object_size);
		set(object, "allocs", cache->allocs);
		set(object, "bytes_requested", cache->bytes_req);
		set(object, "bytes_allocated", cache->bytes_alloc);
		set(object, "frees", cache->frees);
		set(object, "unknown_frees", cache->unknown_frees);
		set(object, "live_objects", cache->live_objects);
		set(object, "live_bytes", cache->live_bytes);
		if (cache->live)
			json_object_set_new(object, "live",
					    series(cache->live, analysis->timeline.used));
		json_array_append_new(array, object);
	}
	free(order);
	return array;
}

static json_t *tasks(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_tasks(output);
	json_t *array = json_array();

	for (size_t i = 0; i < rig_rows(output, analysis->nr_tasks); i++) {
		const struct rig_task *task = &analysis->tasks[order[i]];
		json_t *object = json_object();

		json_object_set_new(object, "comm", text_or_hex(task->comm));
		json_object_set_new(object, "pid", json_integer(task->pid));
		set(object, "slab_allocs", task->slab_allocs);
		set(object, "slab_bytes", task->slab_bytes);
		set(object, "slab_frees", task->slab_frees);
		set(object, "page_allocs", task->page_allocs);
		set(object, "pages", task->pages);
		set(object, "page_frees", task->page_frees);
		set(object, "failures", task->failures);
		set(object, "live_slab_bytes", task->live_slab_bytes);
		set(object, "live_pages", task->live_pages);
		json_array_append_new(array, object);
	}
	free(order);
	return array;
}

static json_t *pages(const struct rig_output *output)
{
	const struct rig_pages_state *state = &output->analysis->pages;
	json_t *object = json_object();
	json_t *orders = json_array();

	set(object, "allocs", state->allocs);
	set(object, "alloc_bytes", state->alloc_bytes);
	set(object, "frees", state->frees);
	set(object, "free_bytes", state->free_bytes);
	set(object, "free_only", state->unknown_frees);
	set(object, "free_only_bytes", state->unknown_free_bytes);
	set(object, "alloc_freed", state->frees - state->unknown_frees);
	set(object, "alloc_only", state->allocs - (state->frees - state->unknown_frees));
	set(object, "failures", state->failures);
	set(object, "failed_bytes", state->failed_bytes);
	set(object, "live", state->live);
	set(object, "live_pages", state->live_pages);
	set(object, "slab_pages", state->slab_pages);
	set(object, "refills", state->refills);
	set(object, "drains", state->drains);
	set(object, "zone_direct", state->direct);
	set(object, "extfrag", state->extfrag);
	set(object, "extfrag_pageblocks", state->extfrag_stolen);
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		json_array_append_new(orders, counts(state->by_order[order], RIG_MIGRATETYPES));
	json_object_set_new(object, "by_order_and_migratetype", orders);
	json_object_set_new(object, "free_by_order_at_end",
			    counts(rig_buddy_free_by_order(output->analysis->buddy), RIG_ORDERS));
	set(object, "on_cpu_lists_at_end", rig_buddy_on_cpu_lists(output->analysis->buddy));
	json_object_set_new(object, "lifetimes", lifetimes(&state->lifetimes));
	return object;
}

static json_t *requests(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *order = rig_sorted_requests(output, false);
	char names[RIG_GFP_TEXT_SIZE];
	json_t *array = json_array();

	for (size_t i = 0; i < rig_rows(output, analysis->nr_requests); i++) {
		const struct rig_request *request = &analysis->requests[order[i]];
		json_t *object = json_object();

		json_object_set_new(object, "gfp", hex(request->gfp));
		json_object_set_new(
			object, "gfp_flags",
			json_string(rig_gfp_text(output, request->gfp, names, sizeof(names))));
		set(object, "order", request->order);
		json_object_set_new(object, "comm",
				    text_or_hex(analysis->tasks[request->task].comm));
		json_object_set_new(object, "pid",
				    json_integer(analysis->tasks[request->task].pid));
		set(object, "allocs", request->allocs);
		set(object, "frees", request->frees);
		set(object, "live", request->live);
		set(object, "failures", request->failures);
		set(object, "live_at_failure", request->live_at_failure);
		json_array_append_new(array, object);
	}
	free(order);
	return array;
}

static json_t *failures(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	char names[RIG_GFP_TEXT_SIZE];
	json_t *array = json_array();

	for (size_t i = 0; i < analysis->nr_failures; i++) {
		const struct rig_failure *failure = &analysis->failures[i];
		json_t *object = json_object();

		json_object_set_new(object, "gfp", hex(failure->gfp));
		json_object_set_new(
			object, "gfp_flags",
			json_string(rig_gfp_text(output, failure->gfp, names, sizeof(names))));
		set(object, "order", failure->order);
		set(object, "count", failure->count);
		json_object_set_new(object, "first_ns", json_integer(failure->first_ns));
		json_object_set_new(object, "last_ns", json_integer(failure->last_ns));
		json_object_set_new(object, "first_comm",
				    text_or_hex(analysis->tasks[failure->first_task].comm));
		json_object_set_new(object, "first_pid",
				    json_integer(analysis->tasks[failure->first_task].pid));
		set(object, "live_pages", failure->live_pages);
		set(object, "live_slab_bytes", failure->live_slab_bytes);
		json_object_set_new(object, "free_by_order",
				    counts(failure->free_by_order, RIG_ORDERS));
		json_object_set_new(
			object, "unusable_index",
			json_real(rig_unusable_index(failure->free_by_order, failure->order)));
		json_array_append_new(array, object);
	}
	return array;
}

/* Who held memory when the first page allocation failed: the ten of each that held most. */
static json_t *holders(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	size_t *requests = rig_sorted_requests(output, true), *sites = rig_sites_at_failure(output);
	json_t *object = json_object(), *pages = json_array(), *objects = json_array();
	char text[RIG_GFP_TEXT_SIZE];

	for (size_t i = 0; i < analysis->nr_requests && i < RIG_HOLDERS; i++) {
		const struct rig_request *request = &analysis->requests[requests[i]];
		const struct rig_task *task = &analysis->tasks[request->task];
		json_t *holder;

		if (!request->live_at_failure)
			break;
		holder = json_object();
		json_object_set_new(holder, "comm", text_or_hex(task->comm));
		json_object_set_new(holder, "pid", json_integer(task->pid));
		set(holder, "order", request->order);
		set(holder, "pages", request->live_at_failure << (request->order & 15));
		json_object_set_new(
			holder, "gfp_flags",
			json_string(rig_gfp_text(output, request->gfp, text, sizeof(text))));
		json_array_append_new(pages, holder);
	}
	for (size_t i = 0; i < analysis->nr_sites && i < RIG_HOLDERS; i++) {
		const struct rig_site *site = &analysis->sites[sites[i]];
		json_t *holder;

		if (!site->live_bytes_at_failure)
			break;
		holder = json_object();
		json_object_set_new(holder, "call_site",
				    text_or_hex(rig_site_text(output, site, text, sizeof(text))));
		set(holder, "live_bytes", site->live_bytes_at_failure);
		json_array_append_new(objects, holder);
	}
	free(requests);
	free(sites);
	json_object_set_new(object, "pages", pages);
	json_object_set_new(object, "call_sites", objects);
	return object;
}

static json_t *timeline(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	unsigned int used = analysis->timeline.used;
	json_t *object = json_object();
	json_t *free_pages = json_array();
	json_t *orders = json_array();
	json_t *failed = json_array();

	json_object_set_new(object, "begin_ns", json_integer(analysis->timeline.begin_ns));
	json_object_set_new(object, "bucket_ns", json_integer(analysis->timeline.width_ns));
	set(object, "buckets", used);
	json_object_set_new(object, "slab_bytes", series(&analysis->slab_bytes, used));
	json_object_set_new(object, "live_pages", series(&analysis->page_count, used));
	json_object_set_new(object, "failures", counts(analysis->failures_over_time, used));
	json_object_set_new(object, "extfrag", counts(analysis->extfrag_over_time, used));
	for (unsigned int order = 0; order < RIG_ORDERS; order++) {
		json_array_append_new(free_pages, series(&analysis->free_by_order[order], used));
		json_array_append_new(orders,
				      counts(analysis->allocs_by_order_over_time[order], used));
		json_array_append_new(failed,
				      counts(analysis->failures_by_order_over_time[order], used));
	}
	json_object_set_new(object, "free_by_order", free_pages);
	json_object_set_new(object, "allocs_by_order", orders);
	json_object_set_new(object, "failures_by_order", failed);
	return object;
}

static json_t *perf_rows(const struct rig_output *output, bool by_site)
{
	json_t *array = json_array();
	char text[128];
	size_t nr;
	struct rig_perf_entry *entries = rig_perf_stat_sorted(output->analysis->perf, by_site, &nr);

	for (size_t i = 0; i < rig_rows(output, nr); i++) {
		json_t *object = json_object();

		json_object_set_new(object, "address", hex(entries[i].key));
		if (by_site)
			json_object_set_new(
				object, "call_site",
				json_string(rig_symbols_text(output->symbols, entries[i].key, text,
							     sizeof(text))));
		set(object, "bytes_allocated", entries[i].bytes_alloc);
		set(object, "bytes_requested", entries[i].bytes_req);
		set(object, "hits", entries[i].hits);
		set(object, "ping_pong", entries[i].ping_pong);
		json_array_append_new(array, object);
	}
	free(entries);
	return array;
}

static json_t *perf(const struct rig_output *output)
{
	const struct rig_perf_total *total = rig_perf_stat_total(output->analysis->perf);
	json_t *object = json_object();

	set(object, "bytes_requested", total->requested);
	set(object, "bytes_allocated", total->allocated);
	set(object, "bytes_freed", total->freed);
	set(object, "cross_cpu", total->cross);
	set(object, "allocs", total->allocs);
	json_object_set_new(object, "call_sites", perf_rows(output, true));
	json_object_set_new(object, "objects", perf_rows(output, false));
	return object;
}

json_t *rig_output_json(const struct rig_output *output)
{
	const struct rig_analysis *analysis = output->analysis;
	const char *release = rig_reader_environment(output->reader, "kernel_release");
	json_t *object = json_object();

	json_object_set_new(object, "source", text_or_hex(output->source));
	if (release)
		json_object_set_new(object, "kernel_release", text_or_hex(release));
	json_object_set_new(object, "first_ns", json_integer(analysis->first_ns));
	json_object_set_new(object, "last_ns", json_integer(analysis->last_ns));
	set(object, "discarded", output->discarded);
	json_object_set_new(object, "incomplete", json_boolean(output->incomplete));
	set(object, "analysed", analysis->records);
	json_object_set_new(object, "events", events(output));
	json_object_set_new(object, "incomplete_events", incomplete_events(output));
	json_object_set_new(object, "slab", slab(output));
	json_object_set_new(object, "call_sites", sites(output));
	json_object_set_new(object, "live_classes", classes(output));
	json_object_set_new(object, "caches", caches(output));
	json_object_set_new(object, "tasks", tasks(output));
	json_object_set_new(object, "pages", pages(output));
	json_object_set_new(object, "requests", requests(output));
	json_object_set_new(object, "failures", failures(output));
	json_object_set_new(object, "holders_at_first_failure", holders(output));
	json_object_set_new(object, "timeline", timeline(output));
	if (analysis->perf)
		json_object_set_new(object, "perf", perf(output));
	return object;
}
