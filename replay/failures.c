// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failed page allocations of a replay: see failures.h.
 *
 * A sink on the machine's own mm_page_alloc, which comes while the memory still is as the
 * allocation found it. Requests are few (order and flags), so plain arrays do.
 */
#include <kmemrig/gfp_table.h>

#include <stdlib.h>
#include <string.h>

#include "failures.h"

#define FAILED_PFN (~0ULL)

struct request {
	unsigned int order;
	gfp_t gfp;
	u64 here, traced;
};

/* Failures of one request for the same reasons. */
struct group {
	unsigned int order;
	gfp_t gfp;
	enum rig_zone_refusal refusals[RIG_FAILURE_ZONES];
	u64 nr;
	struct rig_event first;
	char comm[16];
	struct rig_zone_answer zones[RIG_FAILURE_ZONES]; /* at the first */
	int nr_zones;
};

struct rig_failures {
	struct rig_event_sink sink;
	struct rig_machine *machine;
	bool watching;
	struct group *groups;
	size_t nr; /* in the order of their first */
};

static bool same_group(const struct group *a, const struct group *b)
{
	return a->order == b->order && a->gfp == b->gfp && a->nr_zones == b->nr_zones &&
	       !memcmp(a->refusals, b->refusals, sizeof(a->refusals));
}

static void count(struct rig_failures *failures, const struct group *failure)
{
	struct group *groups;

	for (size_t i = 0; i < failures->nr; i++)
		if (same_group(&failures->groups[i], failure)) {
			failures->groups[i].nr++;
			return;
		}
	groups = realloc(failures->groups, (failures->nr + 1) * sizeof(*groups));
	if (!groups)
		abort();
	failures->groups = groups;
	groups[failures->nr] = *failure;
	groups[failures->nr++].nr = 1;
}

static void see(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct rig_failures *failures = (struct rig_failures *)sink;
	struct rig_cpu *cpu = &failures->machine->cpus[event->cpu];
	struct group failure = { .order = event->mm_page_alloc.order,
				 .gfp = (gfp_t)event->mm_page_alloc.gfp_flags,
				 .first = *event };

	if (event->mm_page_alloc.pfn != FAILED_PFN)
		return;
	failure.nr_zones = rig_page_explain(cpu, failure.gfp, failure.order, NUMA_NO_NODE,
					    failure.zones, RIG_FAILURE_ZONES);
	for (int i = 0; i < failure.nr_zones; i++)
		failure.refusals[i] = failure.zones[i].refusal;
	snprintf(failure.comm, sizeof(failure.comm), "%s", event->comm ? event->comm : "");
	count(failures, &failure);
}

struct rig_failures *rig_failures_watch(struct rig_machine *machine)
{
	struct rig_failures *failures = calloc(1, sizeof(*failures));

	if (!failures)
		return NULL;
	failures->sink.emit = see;
	failures->sink.wanted = RIG_WANT(mm_page_alloc);
	failures->machine = machine;
	failures->watching = true;
	rig_event_attach(machine, &failures->sink);
	return failures;
}

void rig_failures_stop(struct rig_failures *failures)
{
	if (failures && failures->watching)
		rig_event_detach(failures->machine, &failures->sink);
	if (failures)
		failures->watching = false;
}

void rig_failures_free(struct rig_failures *failures)
{
	if (!failures)
		return;
	rig_failures_stop(failures);
	free(failures->groups);
	free(failures);
}

/* --- telling */

struct requests {
	struct request *entries;
	size_t nr;
};

static struct request *find_request(struct requests *requests, unsigned int order, gfp_t gfp)
{
	struct request *entries;

	for (size_t i = 0; i < requests->nr; i++)
		if (requests->entries[i].order == order && requests->entries[i].gfp == gfp)
			return &requests->entries[i];
	entries = realloc(requests->entries, (requests->nr + 1) * sizeof(*entries));
	if (!entries)
		abort();
	requests->entries = entries;
	entries[requests->nr] = (struct request){ .order = order, .gfp = gfp };
	return &entries[requests->nr++];
}

static int most_first(const void *a, const void *b)
{
	const struct request *left = a, *right = b;
	u64 left_nr = max(left->here, left->traced), right_nr = max(right->here, right->traced);

	if (left_nr != right_nr)
		return left_nr > right_nr ? -1 : 1;
	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	return left->gfp < right->gfp ? -1 : 1;
}

static struct requests list_requests(const struct rig_failures *failures,
				     const struct rig_trace_log *log)
{
	struct requests requests = { 0 };

	for (size_t i = 0; i < failures->nr; i++)
		find_request(&requests, failures->groups[i].order, failures->groups[i].gfp)->here +=
			failures->groups[i].nr;
	for (size_t i = log->first; i < log->end; i++) {
		const struct rig_event *event = &log->events[i];

		if (event->id == RIG_EVENT_mm_page_alloc && event->mm_page_alloc.pfn == FAILED_PFN)
			find_request(&requests, event->mm_page_alloc.order,
				     (gfp_t)event->mm_page_alloc.gfp_flags)
				->traced++;
	}
	if (requests.nr)
		qsort(requests.entries, requests.nr, sizeof(*requests.entries), most_first);
	return requests;
}

static void gfp_text(gfp_t gfp, char *text)
{
	rig_gfp_format(rig_gfp_table(NULL), (u64)gfp, text, RIG_GFP_TEXT_SIZE);
}

static void print_reasons(const struct group *group, FILE *out)
{
	fprintf(out, "  %12s %9llu  ", "", (unsigned long long)group->nr);
	for (int i = 0; i < group->nr_zones; i++)
		fprintf(out, "%s%s %s", i ? "; " : "", group->zones[i].zone->name,
			rig_zone_refusal_text(group->refusals[i]));
	if (!group->nr_zones)
		fprintf(out, "no zone for it");
	fputc('\n', out);
}

static void print_zone(const struct rig_zone_answer *zone, unsigned int order, FILE *out)
{
	fprintf(out, "  node %d %-8s %s: %ld pages free", zone->zone->node, zone->zone->name,
		rig_zone_refusal_text(zone->refusal), zone->free_pages);
	if (zone->unusable)
		fprintf(out, ", %ld of them kept for others", zone->unusable);
	fprintf(out, "; it may leave %ld", zone->watermark);
	if (zone->lowmem_reserve)
		fprintf(out, " and the %ld reserved for requests that have only this zone",
			zone->lowmem_reserve);
	if (zone->largest_order < 0)
		fprintf(out, "; no free block it may have");
	else if (order)
		fprintf(out, "; largest free block it may have: order %d", zone->largest_order);
	fprintf(out, "\n%18sfree blocks by order:", "");
	for (int i = 0; i < MAX_ORDER; i++)
		fprintf(out, " %lu", zone->nr_free[i]);
	fputc('\n', out);
}

static void print_first(const struct group *group, FILE *out)
{
	char gfp[RIG_GFP_TEXT_SIZE];

	gfp_text(group->gfp, gfp);
	fprintf(out, "the first here, at %llu.%06llu s, CPU %d, %s-%d: order %u, %s\n",
		(unsigned long long)(group->first.time_ns / 1000000000),
		(unsigned long long)(group->first.time_ns % 1000000000 / 1000), group->first.cpu,
		group->comm, group->first.pid, group->order, gfp);
	for (int i = 0; i < group->nr_zones; i++)
		print_zone(&group->zones[i], group->order, out);
}

void rig_failures_print(const struct rig_failures *failures, const struct rig_trace_log *log,
			FILE *out)
{
	struct requests requests = list_requests(failures, log);

	if (requests.nr)
		fprintf(out, "\nfailed page allocations\n  %12s %9s  %s\n", "in the trace", "here",
			"request, and why it failed here");
	for (size_t i = 0; i < requests.nr; i++) {
		const struct request *request = &requests.entries[i];
		char gfp[RIG_GFP_TEXT_SIZE];

		gfp_text(request->gfp, gfp);
		fprintf(out, "  %12llu %9llu  order %u, %s\n", (unsigned long long)request->traced,
			(unsigned long long)request->here, request->order, gfp);
		for (size_t j = 0; j < failures->nr; j++)
			if (failures->groups[j].order == request->order &&
			    failures->groups[j].gfp == request->gfp)
				print_reasons(&failures->groups[j], out);
	}
	if (failures->nr)
		print_first(&failures->groups[0], out);
	free(requests.entries);
}

static json_t *zone_json(const struct rig_zone_answer *zone)
{
	json_t *blocks = json_array();

	for (int i = 0; i < MAX_ORDER; i++)
		json_array_append_new(blocks, json_integer((json_int_t)zone->nr_free[i]));
	return json_pack("{s:i,s:s,s:s,s:I,s:I,s:I,s:I,s:i,s:o}", "node", zone->zone->node, "zone",
			 zone->zone->name, "refusal", rig_zone_refusal_text(zone->refusal),
			 "free_pages", (json_int_t)zone->free_pages, "unusable",
			 (json_int_t)zone->unusable, "watermark", (json_int_t)zone->watermark,
			 "lowmem_reserve", (json_int_t)zone->lowmem_reserve, "largest_order",
			 zone->largest_order, "free_blocks", blocks);
}

static json_t *group_json(const struct group *group)
{
	json_t *zones = json_array();

	for (int i = 0; i < group->nr_zones; i++)
		json_array_append_new(zones, zone_json(&group->zones[i]));
	return json_pack("{s:I,s:I,s:i,s:i,s:s,s:o}", "count", (json_int_t)group->nr, "first_ns",
			 (json_int_t)group->first.time_ns, "cpu", group->first.cpu, "pid",
			 group->first.pid, "comm", group->comm, "zones", zones);
}

json_t *rig_failures_json(const struct rig_failures *failures, const struct rig_trace_log *log)
{
	struct requests requests = list_requests(failures, log);
	json_t *array = json_array();

	for (size_t i = 0; i < requests.nr; i++) {
		const struct request *request = &requests.entries[i];
		json_t *reasons = json_array();
		char gfp[RIG_GFP_TEXT_SIZE];

		gfp_text(request->gfp, gfp);
		for (size_t j = 0; j < failures->nr; j++)
			if (failures->groups[j].order == request->order &&
			    failures->groups[j].gfp == request->gfp)
				json_array_append_new(reasons, group_json(&failures->groups[j]));
		json_array_append_new(
			array, json_pack("{s:i,s:I,s:s,s:I,s:I,s:o}", "order", (int)request->order,
					 "gfp", (json_int_t)request->gfp, "gfp_flags", gfp,
					 "traced", (json_int_t)request->traced, "here",
					 (json_int_t)request->here, "reasons", reasons));
	}
	free(requests.entries);
	return array;
}
