// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an input event class to the event class of LTTng: fields of the layout first, in its order
 * and with its types, then what else the input has. Fields that the input lacks are left out.
 *
 * An event that LTTng doesn't have stays as it is, but for its name's prefix (kmem_ instead of
 * kmem:, none for vmscan: and compaction:).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "lttng_export.h"

#define MAX_INPUT_MEMBERS 1024

static bt_field_class *layout_class(bt_trace_class *trace_class,
				    const struct rig_lttng_field *field)
{
	bt_field_class *class;

	if (field->type == RIG_LTTNG_STRING)
		return bt_field_class_string_create(trace_class);
	class = field->type == RIG_LTTNG_SIGNED
			? bt_field_class_integer_signed_create(trace_class)
			: bt_field_class_integer_unsigned_create(trace_class);
	bt_field_class_integer_set_field_value_range(class, field->bits);
	if (field->type == RIG_LTTNG_HEX)
		bt_field_class_integer_set_preferred_display_base(
			class, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
	return class;
}

/* The member of @payload with that name and a fitting type; -1: none. */
static int find_member(const bt_field_class *payload, const char *name, bool string,
		       bool *is_signed)
{
	u64 count = payload ? bt_field_class_structure_get_member_count(payload) : 0;

	for (u64 i = 0; name && i < count && i < MAX_INPUT_MEMBERS; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(payload, i);
		bt_field_class_type type = bt_field_class_get_type(
			bt_field_class_structure_member_borrow_field_class_const(member));

		if (strcmp(bt_field_class_structure_member_get_name(member), name) != 0 ||
		    !bt_field_class_type_is(type, string ? BT_FIELD_CLASS_TYPE_STRING
							 : BT_FIELD_CLASS_TYPE_INTEGER))
			continue;
		*is_signed = bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
		return (int)i;
	}
	return -1;
}

static void add_layout(struct rig_export_trace *trace, struct rig_export_plan *plan,
		       const bt_field_class *in, bt_field_class *out,
		       const struct rig_lttng_event *event, bool *used)
{
	const char *name = bt_event_class_get_name(plan->in);
	bool from_kernel = strcmp(name, event->kernel_name) == 0;

	for (const struct rig_lttng_field *field = event->fields; field->name; field++) {
		bool is_signed, string = field->type == RIG_LTTNG_STRING;
		int i = find_member(in, field->name, string, &is_signed);

		if (i < 0)
			i = find_member(in, field->kernel_name, string, &is_signed);
		if (i < 0)
			continue;
		used[i] = true;
		plan->members[plan->nr_members++] =
			(struct rig_export_member){ .in = (u16)i,
						    .in_signed = is_signed,
						    .add = from_kernel ? field->add : 0,
						    .layout = field };
		rig_append(out, field->name, layout_class(trace->class, field));
	}
}

/* sink.ctf.fs of babeltrace 2.0.4 can't write one without its tag: it is left out. */
static bool holds_variant(const bt_field_class *class)
{
	bt_field_class_type type = bt_field_class_get_type(class);

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY))
		return holds_variant(bt_field_class_array_borrow_element_field_class_const(class));
	if (!bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRUCTURE))
		return bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_VARIANT);
	for (u64 i = 0; i < bt_field_class_structure_get_member_count(class); i++)
		if (holds_variant(bt_field_class_structure_member_borrow_field_class_const(
			    bt_field_class_structure_borrow_member_by_index_const(class, i))))
			return true;
	return false;
}

static bt_field_class *make_payload(struct rig_export_trace *trace, struct rig_export_plan *plan,
				    const bt_field_class *in, const struct rig_lttng_event *event)
{
	bt_field_class *out = bt_field_class_structure_create(trace->class);
	u64 count = in ? bt_field_class_structure_get_member_count(in) : 0;
	bool used[MAX_INPUT_MEMBERS] = { false };

	add_layout(trace, plan, in, out, event, used);
	for (u64 i = 0; i < count && i < MAX_INPUT_MEMBERS; i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(in, i);
		const bt_field_class *class =
			bt_field_class_structure_member_borrow_field_class_const(member);

		if (used[i] || plan->nr_members == RIG_EXPORT_MEMBERS || holds_variant(class))
			continue;
		plan->members[plan->nr_members++] = (struct rig_export_member){ .in = (u16)i };
		rig_append(out, bt_field_class_structure_member_get_name(member),
			   rig_copy_field_class(trace->class, class));
	}
	return out;
}

bt_field_class *rig_export_switch_payload(struct rig_export_trace *trace)
{
	bt_field_class *out = bt_field_class_structure_create(trace->class);

	for (const struct rig_lttng_field *field = rig_lttng_switch_fields; field->name; field++)
		rig_append(out, field->name, layout_class(trace->class, field));
	return out;
}

/* For an event that isn't in the table; may use @text. */
static const char *name_like_lttng(const char *name, char *text, size_t size)
{
	static const struct {
		const char *system, *prefix;
	} prefixes[] = { { "kmem:", "kmem_" }, { "vmscan:", "" }, { "compaction:", "" } };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i].system);

		if (strncmp(name, prefixes[i].system, length) != 0)
			continue;
		snprintf(text, size, "%s%s", prefixes[i].prefix, name + length);
		return text;
	}
	return name;
}

/* What such events say is in the contexts of the others. */
static bool tells_of_tasks_only(enum rig_kind kind)
{
	return kind == RIG_KIND_TASK || kind == RIG_KIND_PERF_COMM || kind == RIG_KIND_PERF_FORK;
}

struct rig_export_plan *rig_export_plan_create(struct rig_export_trace *trace,
					       const bt_event_class *in)
{
	const char *name = bt_event_class_get_name(in);
	const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(in);
	const struct rig_lttng_event *event = name ? rig_lttng_event(name) : NULL;
	struct rig_export_plan *plan = calloc(1, sizeof(*plan));
	bt_field_class *class;
	char text[256];
	bool is_signed;

	if (!plan)
		abort();
	plan->in = in;
	bt_event_class_get_ref(in);
	if (name && tells_of_tasks_only(rig_kind_of(name)))
		return plan;
	plan->is_switch = event && event->fields == rig_lttng_switch_fields;
	plan->next_pid = find_member(payload, "next_pid", false, &is_signed);
	if (plan->next_pid < 0)
		plan->next_pid = find_member(payload, "next_tid", false, &is_signed);
	plan->next_comm = find_member(payload, "next_comm", true, &is_signed);
	if (event)
		class = make_payload(trace, plan, payload, event);
	else if (payload)
		class = rig_copy_scope_class(trace->class, payload,
					     BT_FIELD_PATH_SCOPE_EVENT_PAYLOAD);
	else
		class = bt_field_class_structure_create(trace->class);
	plan->whole = !event && payload;
	plan->out = bt_event_class_create(trace->stream_class);
	(void)!bt_event_class_set_name(plan->out, event	 ? event->name
						  : name ? name_like_lttng(name, text, sizeof(text))
							 : "(unnamed)");
	(void)!bt_event_class_set_payload_field_class(plan->out, class);
	bt_field_class_put_ref(class);
	return plan;
}

void rig_export_plan_destroy(struct rig_export_plan *plan)
{
	bt_event_class_put_ref(plan->out);
	bt_event_class_put_ref(plan->in);
	free(plan);
}

u64 rig_export_number(const bt_field *in)
{
	return bt_field_class_type_is(bt_field_get_class_type(in),
				      BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)
		       ? (u64)bt_field_integer_signed_get_value(in)
		       : bt_field_integer_unsigned_get_value(in);
}

/* Numbers wider than LTTng's field lose their upper bits: gfp flags of 64, which hold 32. */
static void set_layout(const struct rig_export_member *member, const bt_field *in, bt_field *out)
{
	const struct rig_lttng_field *field = member->layout;
	u64 number;

	if (field->type == RIG_LTTNG_STRING) {
		(void)!bt_field_string_set_value(out, bt_field_string_get_value(in));
		return;
	}
	number = (member->in_signed ? (u64)bt_field_integer_signed_get_value(in)
				    : bt_field_integer_unsigned_get_value(in)) +
		 (u64)(s64)member->add;
	if (field->type == RIG_LTTNG_SIGNED)
		bt_field_integer_signed_set_value(out, (s64)(number << (64 - field->bits)) >>
							       (64 - field->bits));
	else
		bt_field_integer_unsigned_set_value(out, number << (64 - field->bits) >>
								 (64 - field->bits));
}

void rig_export_fields(const struct rig_export_plan *plan, const bt_field *in, bt_field *out)
{
	if (plan->whole)
		rig_copy_members(in, out);
	for (unsigned int i = 0; i < plan->nr_members; i++) {
		const struct rig_export_member *member = &plan->members[i];
		const bt_field *from =
			bt_field_structure_borrow_member_field_by_index_const(in, member->in);
		bt_field *to = bt_field_structure_borrow_member_field_by_index(out, i);

		if (member->layout)
			set_layout(member, from, to);
		else
			rig_copy_field(from, to);
	}
}
