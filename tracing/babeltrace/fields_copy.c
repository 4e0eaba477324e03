// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of field classes and fields. Lengths of arrays and selectors of variants and options
 * are copied as the plain numbers that they are too; the copy's arrays and variants know their
 * own length and choice, and are not tied to these.
 */
#include "copy.h"

static bool is(bt_field_class_type type, bt_field_class_type what)
{
	return bt_field_class_type_is(type, what);
}

void rig_append(bt_field_class *structure, const char *name, bt_field_class *member)
{
	(void)!bt_field_class_structure_append_member(structure, name, member);
	bt_field_class_put_ref(member);
}

static bt_field_class *copy_unsigned(bt_trace_class *trace_class, const bt_field_class *in,
				     bool enumeration)
{
	bt_field_class *out = enumeration ? bt_field_class_enumeration_unsigned_create(trace_class)
					  : bt_field_class_integer_unsigned_create(trace_class);

	for (u64 i = 0; enumeration && i < bt_field_class_enumeration_get_mapping_count(in); i++) {
		const bt_field_class_enumeration_unsigned_mapping *mapping =
			bt_field_class_enumeration_unsigned_borrow_mapping_by_index_const(in, i);

		(void)!bt_field_class_enumeration_unsigned_add_mapping(
			out,
			bt_field_class_enumeration_mapping_get_label(
				bt_field_class_enumeration_unsigned_mapping_as_mapping_const(
					mapping)),
			bt_field_class_enumeration_unsigned_mapping_borrow_ranges_const(mapping));
	}
	return out;
}

static bt_field_class *copy_signed(bt_trace_class *trace_class, const bt_field_class *in,
				   bool enumeration)
{
	bt_field_class *out = enumeration ? bt_field_class_enumeration_signed_create(trace_class)
					  : bt_field_class_integer_signed_create(trace_class);

	for (u64 i = 0; enumeration && i < bt_field_class_enumeration_get_mapping_count(in); i++) {
		const bt_field_class_enumeration_signed_mapping *mapping =
			bt_field_class_enumeration_signed_borrow_mapping_by_index_const(in, i);

		(void)!bt_field_class_enumeration_signed_add_mapping(
			out,
			bt_field_class_enumeration_mapping_get_label(
				bt_field_class_enumeration_signed_mapping_as_mapping_const(
					mapping)),
			bt_field_class_enumeration_signed_mapping_borrow_ranges_const(mapping));
	}
	return out;
}

static bt_field_class *copy_integer(bt_trace_class *trace_class, const bt_field_class *in,
				    bt_field_class_type type)
{
	bool enumeration = is(type, BT_FIELD_CLASS_TYPE_ENUMERATION);
	bt_field_class *out = is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)
				      ? copy_unsigned(trace_class, in, enumeration)
				      : copy_signed(trace_class, in, enumeration);

	bt_field_class_integer_set_field_value_range(
		out, bt_field_class_integer_get_field_value_range(in));
	bt_field_class_integer_set_preferred_display_base(
		out, bt_field_class_integer_get_preferred_display_base(in));
	return out;
}

static bt_field_class *copy_structure(bt_trace_class *trace_class, const bt_field_class *in)
{
	bt_field_class *out = bt_field_class_structure_create(trace_class);

	for (u64 i = 0; i < bt_field_class_structure_get_member_count(in); i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(in, i);

		rig_append(
			out, bt_field_class_structure_member_get_name(member),
			rig_copy_field_class(
				trace_class,
				bt_field_class_structure_member_borrow_field_class_const(member)));
	}
	return out;
}

static bt_field_class *copy_array(bt_trace_class *trace_class, const bt_field_class *in,
				  bool is_static)
{
	bt_field_class *element = rig_copy_field_class(
		trace_class, bt_field_class_array_borrow_element_field_class_const(in));
	bt_field_class *out =
		is_static
			? bt_field_class_array_static_create(
				  trace_class, element, bt_field_class_array_static_get_length(in))
			: bt_field_class_array_dynamic_create(trace_class, element, NULL);

	bt_field_class_put_ref(element);
	return out;
}

static bt_field_class *copy_variant(bt_trace_class *trace_class, const bt_field_class *in)
{
	bt_field_class *out = bt_field_class_variant_create(trace_class, NULL);

	for (u64 i = 0; i < bt_field_class_variant_get_option_count(in); i++) {
		const bt_field_class_variant_option *option =
			bt_field_class_variant_borrow_option_by_index_const(in, i);
		bt_field_class *class = rig_copy_field_class(
			trace_class,
			bt_field_class_variant_option_borrow_field_class_const(option));

		(void)!bt_field_class_variant_without_selector_append_option(
			out, bt_field_class_variant_option_get_name(option), class);
		bt_field_class_put_ref(class);
	}
	return out;
}

bt_field_class *rig_copy_field_class(bt_trace_class *trace_class, const bt_field_class *in)
{
	bt_field_class_type type = bt_field_class_get_type(in);
	bt_field_class *content, *out;

	if (is(type, BT_FIELD_CLASS_TYPE_BOOL))
		return bt_field_class_bool_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_BIT_ARRAY))
		return bt_field_class_bit_array_create(trace_class,
						       bt_field_class_bit_array_get_length(in));
	if (is(type, BT_FIELD_CLASS_TYPE_INTEGER))
		return copy_integer(trace_class, in, type);
	if (is(type, BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL))
		return bt_field_class_real_single_precision_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL))
		return bt_field_class_real_double_precision_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_STRING))
		return bt_field_class_string_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_STRUCTURE))
		return copy_structure(trace_class, in);
	if (is(type, BT_FIELD_CLASS_TYPE_ARRAY))
		return copy_array(trace_class, in, is(type, BT_FIELD_CLASS_TYPE_STATIC_ARRAY));
	if (is(type, BT_FIELD_CLASS_TYPE_VARIANT))
		return copy_variant(trace_class, in);
	content = rig_copy_field_class(trace_class,
				       bt_field_class_option_borrow_field_class_const(in));
	out = bt_field_class_option_without_selector_create(trace_class, content);
	bt_field_class_put_ref(content);
	return out;
}

void rig_copy_members(const bt_field *in, bt_field *out)
{
	u64 count = bt_field_class_structure_get_member_count(bt_field_borrow_class_const(in));

	for (u64 i = 0; i < count; i++)
		rig_copy_field(bt_field_structure_borrow_member_field_by_index_const(in, i),
			       bt_field_structure_borrow_member_field_by_index(out, i));
}

static void copy_elements(const bt_field *in, bt_field *out)
{
	u64 length = bt_field_array_get_length(in);

	if (is(bt_field_get_class_type(in), BT_FIELD_CLASS_TYPE_DYNAMIC_ARRAY))
		(void)!bt_field_array_dynamic_set_length(out, length);
	for (u64 i = 0; i < length; i++)
		rig_copy_field(bt_field_array_borrow_element_field_by_index_const(in, i),
			       bt_field_array_borrow_element_field_by_index(out, i));
}

void rig_copy_field(const bt_field *in, bt_field *out)
{
	bt_field_class_type type = bt_field_get_class_type(in);

	if (is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)) {
		bt_field_integer_unsigned_set_value(out, bt_field_integer_unsigned_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)) {
		bt_field_integer_signed_set_value(out, bt_field_integer_signed_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_STRING)) {
		(void)!bt_field_string_set_value(out, bt_field_string_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_STRUCTURE)) {
		rig_copy_members(in, out);
	} else if (is(type, BT_FIELD_CLASS_TYPE_ARRAY)) {
		copy_elements(in, out);
	} else if (is(type, BT_FIELD_CLASS_TYPE_BOOL)) {
		bt_field_bool_set_value(out, bt_field_bool_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_BIT_ARRAY)) {
		bt_field_bit_array_set_value_as_integer(
			out, bt_field_bit_array_get_value_as_integer(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL)) {
		bt_field_real_single_precision_set_value(
			out, bt_field_real_single_precision_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL)) {
		bt_field_real_double_precision_set_value(
			out, bt_field_real_double_precision_get_value(in));
	} else if (is(type, BT_FIELD_CLASS_TYPE_VARIANT)) {
		(void)!bt_field_variant_select_option_by_index(
			out, bt_field_variant_get_selected_option_index(in));
		rig_copy_field(bt_field_variant_borrow_selected_option_field_const(in),
			       bt_field_variant_borrow_selected_option_field(out));
	} else if (bt_field_option_borrow_field_const(in)) {
		bt_field_option_set_has_field(out, BT_TRUE);
		rig_copy_field(bt_field_option_borrow_field_const(in),
			       bt_field_option_borrow_field(out));
	} else {
		bt_field_option_set_has_field(out, BT_FALSE);
	}
}
