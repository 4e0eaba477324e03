/* SPDX-License-Identifier: GPL-2.0-only */
/* From the events of a recording to those of the event table. */
#ifndef RIG_READER_H
#define RIG_READER_H

#include <kmemrig/trace_event.h>

/* A field of an event, from the event table. */
struct rig_trace_field {
	const char *name;
	size_t offset;	   /* in struct rig_event */
	unsigned int size; /* bytes: 1, 4, 8 */
	bool is_string;
};

/* Fields of an event; ends with a NULL name. */
const struct rig_trace_field *rig_trace_fields(enum rig_event_id id);

/* Stores a number into a field of @event. */
void rig_trace_store(struct rig_event *event, const struct rig_trace_field *field, u64 value);

/* gfp flags of an event as 6.1 numbers them; @table: the traced kernel's, or NULL. */
struct rig_gfp_table;
void rig_trace_translate_gfp(const struct rig_gfp_table *table, struct rig_event *event);

#endif
