// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fields of the kmem events as the reader needs them: name, place in struct rig_event and type,
 * from the one event table.
 */
#include <kmemrig/gfp_table.h>

#include <string.h>

#include "reader.h"

#define DESCRIBE(type_, name_, meaning)                                                            \
	{ #name_,                                                                                  \
	  offsetof(struct rig_event, EVENT.name_),                                                 \
	  sizeof(type_),                                                                           \
	  _Generic((type_)0, const char *: true, default: false) },

#define EVENT kmem_cache_alloc
static const struct rig_trace_field kmem_cache_alloc_fields[] = { RIG_FIELDS_kmem_cache_alloc(
	DESCRIBE){ 0 } };
#undef EVENT
#define EVENT kmalloc
static const struct rig_trace_field kmalloc_fields[] = { RIG_FIELDS_kmalloc(DESCRIBE){ 0 } };
#undef EVENT
#define EVENT kfree
static const struct rig_trace_field kfree_fields[] = { RIG_FIELDS_kfree(DESCRIBE){ 0 } };
#undef EVENT
#define EVENT kmem_cache_free
static const struct rig_trace_field kmem_cache_free_fields[] = { RIG_FIELDS_kmem_cache_free(
	DESCRIBE){ 0 } };
#undef EVENT
#define EVENT mm_page_free
static const struct rig_trace_field mm_page_free_fields[] = { RIG_FIELDS_mm_page_free(DESCRIBE){
	0 } };
#undef EVENT
#define EVENT mm_page_free_batched
static const struct rig_trace_field mm_page_free_batched_fields[] = {
	RIG_FIELDS_mm_page_free_batched(DESCRIBE){ 0 }
};
#undef EVENT
#define EVENT mm_page_alloc
static const struct rig_trace_field mm_page_alloc_fields[] = { RIG_FIELDS_mm_page_alloc(DESCRIBE){
	0 } };
#undef EVENT
#define EVENT mm_page_alloc_zone_locked
static const struct rig_trace_field mm_page_alloc_zone_locked_fields[] = {
	RIG_FIELDS_mm_page_alloc_zone_locked(DESCRIBE){ 0 }
};
#undef EVENT
#define EVENT mm_page_pcpu_drain
static const struct rig_trace_field mm_page_pcpu_drain_fields[] = { RIG_FIELDS_mm_page_pcpu_drain(
	DESCRIBE){ 0 } };
#undef EVENT
#define EVENT mm_page_alloc_extfrag
static const struct rig_trace_field mm_page_alloc_extfrag_fields[] = {
	RIG_FIELDS_mm_page_alloc_extfrag(DESCRIBE){ 0 }
};
#undef EVENT
#define EVENT rss_stat
static const struct rig_trace_field rss_stat_fields[] = { RIG_FIELDS_rss_stat(DESCRIBE){ 0 } };
#undef EVENT

const struct rig_trace_field *rig_trace_fields(enum rig_event_id id)
{
	static const struct rig_trace_field none[] = { { 0 } };

	switch (id) {
#define RETURN_FIELDS(system, name)                                                                \
	case RIG_EVENT_##name:                                                                     \
		return name##_fields;
		RIG_KMEM_EVENTS(RETURN_FIELDS)
#undef RETURN_FIELDS
	default:
		return none;
	}
}

void rig_trace_store(struct rig_event *event, const struct rig_trace_field *field, u64 value)
{
	char *to = (char *)event + field->offset;

	switch (field->size) {
	case 1:
		*(u8 *)to = (u8)value;
		break;
	case 4:
		*(u32 *)to = (u32)value;
		break;
	default:
		*(u64 *)to = value;
		break;
	}
}

void rig_trace_translate_gfp(const struct rig_gfp_table *table, struct rig_event *event)
{
	const struct rig_gfp_table *ours = rig_gfp_table(NULL);
	u64 *flags;

	if (!table || table == ours)
		return;
	switch (event->id) {
	case RIG_EVENT_mm_page_alloc:
		flags = &event->mm_page_alloc.gfp_flags;
		break;
	case RIG_EVENT_kmalloc:
		flags = &event->kmalloc.gfp_flags;
		break;
	case RIG_EVENT_kmem_cache_alloc:
		flags = &event->kmem_cache_alloc.gfp_flags;
		break;
	default:
		return;
	}
	*flags = rig_gfp_translate(table, *flags, ours);
}
