// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages: who asked for them how, what failed, which of them hold slab objects.
 *
 * An allocation is known by its first page frame; a free names the same one. Failed allocations
 * have the frame number -1. Events of pages name no call site, so requests are told apart by
 * flags, order and task.
 *
 * A page is a slab page when the next slab event of the same CPU lies inside of it: the slab
 * allocator has just fetched it for that object.
 */
#include <string.h>

#include "analysis.h"

static unsigned int find_request(struct rig_analysis *analysis, const struct rig_record *record,
				 unsigned int task)
{
	u64 gfp = record->number[RIG_SLOT_GFP] & 0xffffffff;
	unsigned int order = (unsigned int)record->number[RIG_SLOT_ORDER];
	unsigned int *index;
	bool made;

	index = rig_table_put(&analysis->request_index, gfp << 32 ^ (u64)order << 28 ^ task, &made);
	if (made) {
		struct rig_request *request;

		*index = (unsigned int)analysis->nr_requests;
		request = rig_grow((void **)&analysis->requests, &analysis->nr_requests,
				   sizeof(*request));
		request->gfp = gfp;
		request->order = order;
		request->task = task;
		request->migratetype = (s32)record->number[RIG_SLOT_MIGRATETYPE];
	}
	return *index;
}

/* What holds memory when the first allocation fails is what the person who asks "why" needs. */
static void note_holders(struct rig_analysis *analysis)
{
	for (size_t i = 0; i < analysis->nr_sites; i++)
		analysis->sites[i].live_bytes_at_failure = analysis->sites[i].live_bytes;
	for (size_t i = 0; i < analysis->nr_classes; i++)
		analysis->classes[i].live_bytes_at_failure = analysis->classes[i].live_bytes;
	for (size_t i = 0; i < analysis->nr_requests; i++)
		analysis->requests[i].live_at_failure = analysis->requests[i].live;
}

static void add_failure(struct rig_analysis *analysis, const struct rig_record *record,
			struct rig_request *request)
{
	unsigned int bucket = rig_timeline_bucket(analysis, record->time_ns);
	struct rig_failure *failure = NULL;

	if (!analysis->nr_failures)
		note_holders(analysis);
	for (size_t i = 0; i < analysis->nr_failures && !failure; i++)
		if (analysis->failures[i].gfp == request->gfp &&
		    analysis->failures[i].order == request->order)
			failure = &analysis->failures[i];
	if (!failure) {
		failure = rig_grow((void **)&analysis->failures, &analysis->nr_failures,
				   sizeof(*failure));
		failure->gfp = request->gfp;
		failure->order = request->order;
		failure->migratetype = request->migratetype;
		failure->first_ns = record->time_ns;
		failure->first_task = request->task;
		failure->live_pages = analysis->pages.live_pages;
		failure->live_slab_bytes = analysis->slab.live_bytes;
		memcpy(failure->free_by_order, rig_buddy_free_by_order(analysis->buddy),
		       sizeof(failure->free_by_order));
	}
	failure->count++;
	failure->last_ns = record->time_ns;
	analysis->failures_over_time[bucket]++;
	if (request->order < RIG_ORDERS)
		analysis->failures_by_order_over_time[request->order][bucket]++;
}

static void note_time(struct rig_analysis *analysis, s64 time_ns)
{
	const u64 *free_by_order = rig_buddy_free_by_order(analysis->buddy);
	unsigned int bucket = rig_timeline_bucket(analysis, time_ns);

	analysis->page_count.value[bucket] = (s64)analysis->pages.live_pages;
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		analysis->free_by_order[order].value[bucket] = (s64)free_by_order[order];
}

static void end_page(struct rig_analysis *analysis, const struct rig_page *page, s64 now_ns)
{
	struct rig_request *request = &analysis->requests[page->request];
	u64 pages = 1ULL << page->order;

	request->frees++;
	request->live--;
	analysis->tasks[request->task].live_pages -= pages;
	analysis->pages.live--;
	analysis->pages.live_pages -= pages;
	analysis->pages.slab_pages -= page->slab ? pages : 0;
	rig_lifetime_add(&analysis->pages.lifetimes, now_ns - page->time_ns);
}

static void begin_page(struct rig_analysis *analysis, const struct rig_record *record,
		       unsigned int request_number)
{
	struct rig_request *request = &analysis->requests[request_number];
	u64 pfn = record->number[RIG_SLOT_PFN];
	struct rig_page *page;
	bool made;

	page = rig_table_put(&analysis->live_pages, pfn, &made);
	if (!made)
		end_page(analysis, page, record->time_ns);
	*page = (struct rig_page){ .order = (u8)request->order,
				   .migratetype = (s8)request->migratetype,
				   .cpu = record->cpu,
				   .request = request_number,
				   .time_ns = record->time_ns };
	request->live++;
	analysis->tasks[request->task].live_pages += 1ULL << request->order;
	analysis->pages.live++;
	analysis->pages.live_pages += 1ULL << request->order;
	rig_buddy_allocated(analysis->buddy, pfn, request->order);
	if ((unsigned int)record->cpu < 1024)
		analysis->pending_pfn[record->cpu] = pfn + 1;
}

void rig_analysis_add_page_alloc(struct rig_analysis *analysis, const struct rig_record *record)
{
	unsigned int task_number = rig_analysis_task(analysis, record);
	unsigned int request_number;
	struct rig_request *request;
	u64 order = record->number[RIG_SLOT_ORDER];
	u64 migratetype = record->number[RIG_SLOT_MIGRATETYPE];
	u64 bytes;

	if (order > 63 - analysis->options.page_shift)
		return;
	bytes = 1ULL << (order + analysis->options.page_shift);
	request_number = find_request(analysis, record, task_number);
	request = &analysis->requests[request_number];
	request->allocs++;
	analysis->pages.allocs++;
	analysis->pages.alloc_bytes += bytes;
	analysis->tasks[task_number].page_allocs++;
	if (order < RIG_ORDERS)
		analysis->allocs_by_order_over_time[order][rig_timeline_bucket(analysis,
									       record->time_ns)]++;
	if (record->number[RIG_SLOT_PFN] == RIG_PFN_NONE) {
		request->failures++;
		analysis->pages.failures++;
		analysis->pages.failed_bytes += bytes;
		analysis->tasks[task_number].failures++;
		add_failure(analysis, record, request);
		return;
	}
	analysis->tasks[task_number].pages += 1ULL << order;
	if (order < RIG_ORDERS && migratetype < RIG_MIGRATETYPES)
		analysis->pages.by_order[order][migratetype]++;
	begin_page(analysis, record, request_number);
	note_time(analysis, record->time_ns);
}

void rig_analysis_add_page_free(struct rig_analysis *analysis, const struct rig_record *record)
{
	u64 pfn = record->number[RIG_SLOT_PFN];
	u64 order = record->number[RIG_SLOT_ORDER];
	struct rig_page *page;
	unsigned int task;
	u64 bytes;

	if (order > 63 - analysis->options.page_shift)
		return;
	bytes = 1ULL << (order + analysis->options.page_shift);
	analysis->pages.frees++;
	analysis->pages.free_bytes += bytes;
	task = rig_analysis_task(analysis, record);
	analysis->tasks[task].page_frees++;
	page = rig_table_find(&analysis->live_pages, pfn);
	if (page) {
		end_page(analysis, page, record->time_ns);
		rig_table_remove(&analysis->live_pages, pfn);
	} else {
		analysis->pages.unknown_frees++;
		analysis->pages.unknown_free_bytes += bytes;
	}
	rig_buddy_freed(analysis->buddy, pfn, (unsigned int)order);
	note_time(analysis, record->time_ns);
}

void rig_analysis_add_extfrag(struct rig_analysis *analysis, const struct rig_record *record)
{
	u64 from = record->number[RIG_SLOT_FALLBACK_MIGRATETYPE];
	u64 to = record->number[RIG_SLOT_MIGRATETYPE];

	analysis->pages.extfrag++;
	analysis->pages.extfrag_stolen += record->number[RIG_SLOT_CHANGE_OWNERSHIP] != 0;
	if (from < RIG_MIGRATETYPES && to < RIG_MIGRATETYPES)
		analysis->pages.extfrag_by_type[to][from]++;
	analysis->extfrag_over_time[rig_timeline_bucket(analysis, record->time_ns)]++;
}

void rig_analysis_attribute_page(struct rig_analysis *analysis, const struct rig_record *record)
{
	unsigned int shift = analysis->options.page_shift;
	u64 offset = record->number[RIG_SLOT_PTR] - analysis->options.page_offset;
	u64 *pending, first;
	struct rig_page *page;

	if ((unsigned int)record->cpu >= 1024)
		return;
	pending = &analysis->pending_pfn[record->cpu];
	if (!*pending)
		return;
	first = *pending - 1;
	*pending = 0;
	if (offset >> shift < first)
		return;
	/* larger ones of kmalloc are pages without a slab */
	if (record->kind == RIG_KIND_KMALLOC &&
	    record->number[RIG_SLOT_BYTES_ALLOC] > 2ULL << shift)
		return;
	page = rig_table_find(&analysis->live_pages, first);
	if (!page || (offset >> shift) - first >= 1ULL << page->order || page->slab)
		return;
	page->slab = true;
	analysis->pages.slab_pages += 1ULL << page->order;
}
