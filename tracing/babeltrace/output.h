/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing an analysis: as text for people, as JSON for programs and for the HTML report. */
#ifndef RIG_BT_OUTPUT_H
#define RIG_BT_OUTPUT_H

#include <jansson.h>
#include <kmemrig/gfp_table.h>
#include <kmemrig/symbols.h>
#include <stdio.h>

#include "analysis.h"

enum rig_sort {
	RIG_SORT_BYTES,
	RIG_SORT_HITS,
	RIG_SORT_LIVE,
	RIG_SORT_WASTE,
	RIG_SORT_FRAG,
	RIG_SORT_PING_PONG,
	RIG_SORT_LIFETIME,
	RIG_NR_SORTS
};

#define RIG_HOLDERS 10 /* of memory at the first failure, that are told */

extern const char *const rig_sort_names[RIG_NR_SORTS];

struct rig_output {
	const struct rig_analysis *analysis;
	const struct rig_reader *reader;
	const struct rig_symbols *symbols; /* NULL: addresses */
	const struct rig_gfp_table *gfp;
	enum rig_sort sort;
	size_t limit;	    /* rows of a table; 0: all */
	const char *source; /* what was read, for titles; may be NULL */
	u64 discarded;	    /* events that the tracer discarded */
	bool incomplete;    /* the trace ended with an error */
	bool filtered;	    /* only some of its events are analysed */
};

void rig_output_text(const struct rig_output *output, FILE *file);

/* A new object. */
json_t *rig_output_json(const struct rig_output *output);

/* One self-contained HTML file. */
void rig_output_html(const struct rig_output *output, FILE *file);

/* What tables share. Sorted copies are the caller's to free. */
size_t *rig_sorted_sites(const struct rig_output *output);
size_t *rig_sorted_caches(const struct rig_output *output);
size_t *rig_sorted_tasks(const struct rig_output *output);
/* by live pages; @at_failure: by those when the first allocation failed */
size_t *rig_sorted_requests(const struct rig_output *output, bool at_failure);
size_t *rig_sorted_failures(const struct rig_output *output);
/* by live bytes when the first allocation failed; by failed allocations */
size_t *rig_sites_at_failure(const struct rig_output *output);
size_t *rig_sites_failed(const struct rig_output *output);
const char *rig_site_text(const struct rig_output *output, const struct rig_site *site, char *text,
			  size_t size);
const char *rig_gfp_text(const struct rig_output *output, u64 gfp, char *text, size_t size);
size_t rig_rows(const struct rig_output *output, size_t nr);
double rig_percent(u64 part, u64 whole);
/*
 * The unusable free space index: the share of free memory that a request of @order can't have
 * because its block is too small; 0 to 1.
 */
double rig_unusable_index(const u64 *free_by_order, unsigned int order);
extern const char *const rig_migratetype_names[RIG_MIGRATETYPES];

#endif
