// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of field classes and fields. A sequence's length and a variant's tag are numbers that
 * stand before it in the same structure: when the whole structure of a scope is copied, its copies
 * are tied to the copies of these, as sink.ctf.fs of babeltrace 2.0.4 can't write a variant
 * without. Copied alone they know their own length and choice.
 */
#include "copy.h"

/* names too long for a line */
#define selector_path bt_field_class_variant_with_selector_field_borrow_selector_field_path_const
#define unsigned_option                                                                            \
	bt_field_class_variant_with_selector_field_integer_unsigned_borrow_option_by_index_const
#define unsigned_ranges                                                                            \
	bt_field_class_variant_with_selector_field_integer_unsigned_option_borrow_ranges_const
#define append_unsigned bt_field_class_variant_with_selector_field_integer_unsigned_append_option
#define signed_option                                                                              \
	bt_field_class_variant_with_selector_field_integer_signed_borrow_option_by_index_const
#define signed_ranges                                                                              \
	bt_field_class_variant_with_selector_field_integer_signed_option_borrow_ranges_const
#define append_signed bt_field_class_variant_with_selector_field_integer_signed_append_option
#define length_path bt_field_class_array_dynamic_with_length_field_borrow_length_field_path_const

#define MAX_NUMBERS 256

/* One call of rig_copy_scope_class(). */
struct copier {
	bt_trace_class *trace_class;
	const bt_field_class *root; /* NULL: no scope's */
	bt_field_path_scope scope;
	unsigned int nr_numbers;
	struct {
		const bt_field_class *in;
		bt_field_class *out; /* the structure that it went into keeps it */
	} numbers[MAX_NUMBERS];
};

static bt_field_class *copy_class(struct copier *copier, const bt_field_class *in);

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

/* What @path leads to in the scope that is copied; NULL: it leads elsewhere. */
static const bt_field_class *follow(const struct copier *copier, const bt_field_path *path)
{
	const bt_field_class *class = copier->root;

	if (!class || !path || bt_field_path_get_root_scope(path) != copier->scope)
		return NULL;
	for (u64 i = 0; i < bt_field_path_get_item_count(path); i++) {
		const bt_field_path_item *item = bt_field_path_borrow_item_by_index_const(path, i);
		bt_field_class_type type = bt_field_class_get_type(class);

		if (bt_field_path_item_get_type(item) ==
			    BT_FIELD_PATH_ITEM_TYPE_CURRENT_ARRAY_ELEMENT &&
		    is(type, BT_FIELD_CLASS_TYPE_ARRAY))
			class = bt_field_class_array_borrow_element_field_class_const(class);
		else if (bt_field_path_item_get_type(item) == BT_FIELD_PATH_ITEM_TYPE_INDEX &&
			 is(type, BT_FIELD_CLASS_TYPE_STRUCTURE))
			class = bt_field_class_structure_member_borrow_field_class_const(
				bt_field_class_structure_borrow_member_by_index_const(
					class, bt_field_path_item_index_get_index(item)));
		else
			return NULL;
	}
	return class;
}

/* The copy of the number that @path leads to, or NULL. */
static bt_field_class *copy_of(const struct copier *copier, const bt_field_path *path)
{
	const bt_field_class *in = follow(copier, path);

	for (unsigned int i = 0; in && i < copier->nr_numbers; i++)
		if (copier->numbers[i].in == in)
			return copier->numbers[i].out;
	return NULL;
}

static bt_field_class *copy_integer(struct copier *copier, const bt_field_class *in,
				    bt_field_class_type type)
{
	bt_trace_class *trace_class = copier->trace_class;
	bool enumeration = is(type, BT_FIELD_CLASS_TYPE_ENUMERATION);
	bt_field_class *out = is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)
				      ? copy_unsigned(trace_class, in, enumeration)
				      : copy_signed(trace_class, in, enumeration);

	bt_field_class_integer_set_field_value_range(
		out, bt_field_class_integer_get_field_value_range(in));
	bt_field_class_integer_set_preferred_display_base(
		out, bt_field_class_integer_get_preferred_display_base(in));
	if (copier->root && copier->nr_numbers < MAX_NUMBERS) {
		copier->numbers[copier->nr_numbers].in = in;
		copier->numbers[copier->nr_numbers++].out = out;
	}
	return out;
}

static bt_field_class *copy_structure(struct copier *copier, const bt_field_class *in)
{
	bt_field_class *out = bt_field_class_structure_create(copier->trace_class);

	for (u64 i = 0; i < bt_field_class_structure_get_member_count(in); i++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_index_const(in, i);

		rig_append(
			out, bt_field_class_structure_member_get_name(member),
			copy_class(copier, bt_field_class_structure_member_borrow_field_class_const(
						   member)));
	}
	return out;
}

static bt_field_class *copy_array(struct copier *copier, const bt_field_class *in,
				  bt_field_class_type type)
{
	bt_field_class *element =
		copy_class(copier, bt_field_class_array_borrow_element_field_class_const(in));
	bt_field_class *out, *length = NULL;

	if (is(type, BT_FIELD_CLASS_TYPE_STATIC_ARRAY)) {
		out = bt_field_class_array_static_create(
			copier->trace_class, element, bt_field_class_array_static_get_length(in));
	} else {
		if (is(type, BT_FIELD_CLASS_TYPE_DYNAMIC_ARRAY_WITH_LENGTH_FIELD))
			length = copy_of(copier, length_path(in));
		out = bt_field_class_array_dynamic_create(copier->trace_class, element, length);
	}
	bt_field_class_put_ref(element);
	return out;
}

static bt_field_class *copy_variant(struct copier *copier, const bt_field_class *in,
				    bt_field_class_type type)
{
	bool by_unsigned =
		is(type, BT_FIELD_CLASS_TYPE_VARIANT_WITH_UNSIGNED_INTEGER_SELECTOR_FIELD);
	bool by_signed = is(type, BT_FIELD_CLASS_TYPE_VARIANT_WITH_SIGNED_INTEGER_SELECTOR_FIELD);
	bt_field_class *tag = by_unsigned || by_signed ? copy_of(copier, selector_path(in)) : NULL;
	bt_field_class *out = bt_field_class_variant_create(copier->trace_class, tag);

	for (u64 i = 0; i < bt_field_class_variant_get_option_count(in); i++) {
		const bt_field_class_variant_option *option =
			bt_field_class_variant_borrow_option_by_index_const(in, i);
		const char *name = bt_field_class_variant_option_get_name(option);
		bt_field_class *class = copy_class(
			copier, bt_field_class_variant_option_borrow_field_class_const(option));

		if (!tag)
			(void)!bt_field_class_variant_without_selector_append_option(out, name,
										     class);
		else if (by_unsigned)
			(void)!append_unsigned(out, name, class,
					       unsigned_ranges(unsigned_option(in, i)));
		else
			(void)!append_signed(out, name, class, signed_ranges(signed_option(in, i)));
		bt_field_class_put_ref(class);
	}
	return out;
}

static bt_field_class *copy_class(struct copier *copier, const bt_field_class *in)
{
	bt_field_class_type type = bt_field_class_get_type(in);
	bt_trace_class *trace_class = copier->trace_class;
	bt_field_class *content, *out;

	if (is(type, BT_FIELD_CLASS_TYPE_BOOL))
		return bt_field_class_bool_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_BIT_ARRAY))
		return bt_field_class_bit_array_create(trace_class,
						       bt_field_class_bit_array_get_length(in));
	if (is(type, BT_FIELD_CLASS_TYPE_INTEGER))
		return copy_integer(copier, in, type);
	if (is(type, BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL))
		return bt_field_class_real_single_precision_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL))
		return bt_field_class_real_double_precision_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_STRING))
		return bt_field_class_string_create(trace_class);
	if (is(type, BT_FIELD_CLASS_TYPE_STRUCTURE))
		return copy_structure(copier, in);
	if (is(type, BT_FIELD_CLASS_TYPE_ARRAY))
		return copy_array(copier, in, type);
	if (is(type, BT_FIELD_CLASS_TYPE_VARIANT))
		return copy_variant(copier, in, type);
	content = copy_class(copier, bt_field_class_option_borrow_field_class_const(in));
	out = bt_field_class_option_without_selector_create(trace_class, content);
	bt_field_class_put_ref(content);
	return out;
}

bt_field_class *rig_copy_field_class(bt_trace_class *trace_class, const bt_field_class *in)
{
	struct copier copier = { .trace_class = trace_class };

	return copy_class(&copier, in);
}

bt_field_class *rig_copy_scope_class(bt_trace_class *trace_class, const bt_field_class *in,
				     bt_field_path_scope scope)
{
	struct copier copier = { .trace_class = trace_class, .root = in, .scope = scope };

	return copy_class(&copier, in);
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
