// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each filter adds.
 *
 *	decode		gfp_names, migratetype_name, call_site_symbol: for people
 *	pair		to frees: status (paired, unknown, null), lifetime_ns, alloc_call_site;
 *			at the end an event kmemrig:leak for each object that is left
 *	attribute	to allocations of objects: slab_pfn, the page that was fetched for it or 0;
 *			to frees of pages: slab, 1 when the page held objects
 */
#include <stdio.h>
#include <string.h>

#include "copy.h"

static bt_field *member(bt_field *structure, u64 index)
{
	return bt_field_structure_borrow_member_field_by_index(structure, index);
}

static bool is_alloc(enum rig_kind kind)
{
	return kind == RIG_KIND_SLAB_ALLOC || kind == RIG_KIND_KMALLOC;
}

static bool is_free(enum rig_kind kind)
{
	return kind == RIG_KIND_SLAB_FREE || kind == RIG_KIND_KFREE;
}

static bool has_gfp(enum rig_kind kind)
{
	return is_alloc(kind) || kind == RIG_KIND_PAGE_ALLOC;
}

static bool has_migratetype(enum rig_kind kind)
{
	return kind == RIG_KIND_PAGE_ALLOC || kind == RIG_KIND_ZONE_LOCKED ||
	       kind == RIG_KIND_PCPU_DRAIN || kind == RIG_KIND_EXTFRAG;
}

static void append_string(bt_trace_class *trace_class, bt_field_class *payload, const char *name)
{
	rig_append(payload, name, bt_field_class_string_create(trace_class));
}

static void append_number(bt_trace_class *trace_class, bt_field_class *payload, const char *name,
			  bool hex)
{
	bt_field_class *class = bt_field_class_integer_unsigned_create(trace_class);

	if (hex)
		bt_field_class_integer_set_preferred_display_base(
			class, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
	rig_append(payload, name, class);
}

static void decode_add(bt_trace_class *trace_class, enum rig_kind kind, bt_field_class *payload)
{
	if (has_gfp(kind))
		append_string(trace_class, payload, "gfp_names");
	if (has_migratetype(kind))
		append_string(trace_class, payload, "migratetype_name");
	if (is_alloc(kind) || is_free(kind))
		append_string(trace_class, payload, "call_site_name");
}

static void decode_set(struct rig_filter_state *state, enum rig_kind kind,
		       const struct rig_record *record, bt_field *out, u64 next)
{
	static const char *const types[] = { "unmovable",  "movable", "reclaimable",
					     "highatomic", "cma",     "isolate" };
	char text[RIG_GFP_TEXT_SIZE] = "";

	if (!state->gfp)
		state->gfp = rig_gfp_table(rig_reader_environment(state->reader, "kernel_release"));
	if (has_gfp(kind)) {
		if (record)
			rig_gfp_format(state->gfp, record->number[RIG_SLOT_GFP] & 0xffffffff, text,
				       sizeof(text));
		(void)!bt_field_string_set_value(member(out, next++), text);
	}
	if (has_migratetype(kind)) {
		u64 type = record ? record->number[RIG_SLOT_MIGRATETYPE] : 6;

		(void)!bt_field_string_set_value(member(out, next++), type < 6 ? types[type] : "");
	}
	if (is_alloc(kind) || is_free(kind)) {
		const char *symbol = record ? rig_record_text(record, RIG_SLOT_SYMBOL) : "";

		if (record && (!symbol || !*symbol))
			symbol =
				rig_symbols_text(state->symbols, record->number[RIG_SLOT_CALL_SITE],
						 text, sizeof(text));
		(void)!bt_field_string_set_value(member(out, next++), symbol);
	}
}

const struct rig_filter rig_filter_decode = { .add_fields = decode_add, .set_fields = decode_set };

static void pair_add(bt_trace_class *trace_class, enum rig_kind kind, bt_field_class *payload)
{
	if (!is_free(kind))
		return;
	append_string(trace_class, payload, "status");
	append_number(trace_class, payload, "lifetime_ns", false);
	append_number(trace_class, payload, "alloc_call_site", true);
}

static void remember(struct rig_filter_state *state, const struct rig_record *record)
{
	struct rig_paired *object =
		rig_table_put(&state->objects, record->number[RIG_SLOT_PTR], NULL);

	*object = (struct rig_paired){ .time_ns = record->time_ns,
				       .call_site = record->number[RIG_SLOT_CALL_SITE],
				       .bytes_alloc = record->number[RIG_SLOT_BYTES_ALLOC],
				       .cpu = record->cpu,
				       .pid = record->pid };
}

static void pair_set(struct rig_filter_state *state, enum rig_kind kind,
		     const struct rig_record *record, bt_field *out, u64 next)
{
	const struct rig_paired *object = NULL;
	const char *status = "unknown";
	u64 lifetime = 0, site = 0;

	if (is_alloc(kind) && record && record->number[RIG_SLOT_PTR])
		remember(state, record);
	if (!is_free(kind))
		return;
	if (record && !record->number[RIG_SLOT_PTR])
		status = "null";
	else if (record)
		object = rig_table_find(&state->objects, record->number[RIG_SLOT_PTR]);
	if (object) {
		status = "paired";
		lifetime = record->time_ns > object->time_ns
				   ? (u64)(record->time_ns - object->time_ns)
				   : 0;
		site = object->call_site;
		rig_table_remove(&state->objects, record->number[RIG_SLOT_PTR]);
	}
	(void)!bt_field_string_set_value(member(out, next), status);
	bt_field_integer_unsigned_set_value(member(out, next + 1), lifetime);
	bt_field_integer_unsigned_set_value(member(out, next + 2), site);
}

const struct rig_filter rig_filter_pair = { .add_fields = pair_add,
					    .set_fields = pair_set,
					    .leaks = true };

static void attribute_add(bt_trace_class *trace_class, enum rig_kind kind, bt_field_class *payload)
{
	if (is_alloc(kind))
		append_number(trace_class, payload, "slab_pfn", true);
	else if (kind == RIG_KIND_PAGE_FREE)
		append_number(trace_class, payload, "slab", false);
}

/* The page that this CPU took last, when the object lies in it; it is asked for once. */
static u64 take_pending(struct rig_filter_state *state, const struct rig_record *record)
{
	u64 pfn = (record->number[RIG_SLOT_PTR] - state->page_offset) >> 12;
	u64 *pending, first;
	const u8 *order;

	if ((unsigned int)record->cpu >= 1024)
		return 0;
	pending = &state->pending_pfn[record->cpu];
	if (!*pending)
		return 0;
	first = *pending - 1;
	*pending = 0;
	order = rig_table_find(&state->pages, first);
	if (!order || pfn < first || pfn - first >= 1ULL << (*order & 15) ||
	    (record->kind == RIG_KIND_KMALLOC && record->number[RIG_SLOT_BYTES_ALLOC] > 8192))
		return 0;
	*(u8 *)rig_table_put(&state->pages, first, NULL) |= 0x80;
	return first;
}

static void attribute_set(struct rig_filter_state *state, enum rig_kind kind,
			  const struct rig_record *record, bt_field *out, u64 next)
{
	if (is_alloc(kind)) {
		bt_field_integer_unsigned_set_value(member(out, next),
						    record ? take_pending(state, record) : 0);
	} else if (kind == RIG_KIND_PAGE_ALLOC && record &&
		   record->number[RIG_SLOT_PFN] != RIG_PFN_NONE) {
		*(u8 *)rig_table_put(&state->pages, record->number[RIG_SLOT_PFN], NULL) =
			record->number[RIG_SLOT_ORDER] & 15;
		if ((unsigned int)record->cpu < 1024)
			state->pending_pfn[record->cpu] = record->number[RIG_SLOT_PFN] + 1;
	} else if (kind == RIG_KIND_PAGE_FREE) {
		const u8 *page =
			record ? rig_table_find(&state->pages, record->number[RIG_SLOT_PFN]) : NULL;

		bt_field_integer_unsigned_set_value(member(out, next), page && *page & 0x80);
		if (page)
			rig_table_remove(&state->pages, record->number[RIG_SLOT_PFN]);
	}
}

const struct rig_filter rig_filter_attribute = { .add_fields = attribute_add,
						 .set_fields = attribute_set };
