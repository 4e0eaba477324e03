// SPDX-License-Identifier: GPL-2.0-only
/*
 * The component side of our filters: parameters, ports, the message iterator, and pair's leaks.
 *
 * Parameters: kallsyms (a file with the kernel's symbols, decode), kernel-release (whose gfp flags,
 * decode), page-offset (of the direct map, attribute).
 *
 * Leaks come after the last message of the input, in a stream of their own ("leaks") of the
 * first trace, stamped with the time of the last event; oldest first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components.h"
#include "copy.h"

#define DEFAULT_PAGE_OFFSET 0xffff888000000000ULL

struct filter {
	const struct rig_filter *kind;
	char *kallsyms;
	char *release;
	u64 page_offset;
};

enum leak_step { LEAKS_BEGIN, LEAKS_EVENTS, LEAKS_DONE };

struct leak {
	u64 ptr;
	struct rig_paired object;
};

struct iterator {
	struct rig_copy copy;
	bt_message_iterator *upstream;
	bool ended;
	enum leak_step step;
	bt_stream *leak_stream;
	bt_event_class *leak_class;
	struct leak *leaks;
	size_t nr_leaks, next_leak;
};

static char *string_parameter(const bt_value *params, const char *name)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(params, name);

	return value && bt_value_is_string(value) ? strdup(bt_value_string_get(value)) : NULL;
}

static bt_component_class_initialize_method_status initialize(bt_self_component_filter *component,
							      const bt_value *params,
							      const struct rig_filter *kind)
{
	const bt_value *offset = bt_value_map_borrow_entry_value_const(params, "page-offset");
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	filter->kind = kind;
	filter->kallsyms = string_parameter(params, "kallsyms");
	filter->release = string_parameter(params, "kernel-release");
	filter->page_offset = DEFAULT_PAGE_OFFSET;
	if (offset && bt_value_is_unsigned_integer(offset))
		filter->page_offset = bt_value_integer_unsigned_get(offset);
	bt_self_component_set_data(bt_self_component_filter_as_self_component(component), filter);
	if (bt_self_component_filter_add_input_port(component, "in", NULL, NULL) !=
		    BT_SELF_COMPONENT_ADD_PORT_STATUS_OK ||
	    bt_self_component_filter_add_output_port(component, "out", NULL, NULL) !=
		    BT_SELF_COMPONENT_ADD_PORT_STATUS_OK)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

#define INITIALIZE(name)                                                                           \
	bt_component_class_initialize_method_status rig_##name##_initialize(                       \
		bt_self_component_filter *component,                                               \
		bt_self_component_filter_configuration *configuration, const bt_value *params,     \
		void *data)                                                                        \
	{                                                                                          \
		return initialize(component, params, &rig_filter_##name);                          \
	}
INITIALIZE(decode)
INITIALIZE(pair)
INITIALIZE(attribute)

void rig_filter_finalize(bt_self_component_filter *component)
{
	struct filter *filter =
		bt_self_component_get_data(bt_self_component_filter_as_self_component(component));

	if (!filter)
		return;
	free(filter->kallsyms);
	free(filter->release);
	free(filter);
}

static bool open_symbols(struct iterator *iterator, const struct filter *filter)
{
	char error[RIG_INPUT_ERROR];

	if (!filter->kallsyms)
		return true;
	iterator->copy.state.symbols = rig_symbols_open(filter->kallsyms, error);
	if (!iterator->copy.state.symbols)
		fprintf(stderr, "kmemrig: %s\n", error);
	return iterator->copy.state.symbols != NULL;
}

bt_message_iterator_class_initialize_method_status
rig_filter_iterator_initialize(bt_self_message_iterator *self,
			       bt_self_message_iterator_configuration *configuration,
			       bt_self_component_port_output *port)
{
	bt_self_component *component = bt_self_message_iterator_borrow_component(self);
	const struct filter *filter = bt_self_component_get_data(component);
	struct iterator *iterator = calloc(1, sizeof(*iterator));

	if (!iterator)
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	iterator->copy.filter = filter->kind;
	iterator->copy.self = self;
	iterator->copy.component = component;
	iterator->copy.state.reader = rig_reader_create();
	if (filter->release)
		iterator->copy.state.gfp = rig_gfp_table(filter->release);
	iterator->copy.state.page_offset = filter->page_offset;
	rig_table_init(&iterator->copy.state.objects, sizeof(struct rig_paired));
	rig_table_init(&iterator->copy.state.pages, sizeof(u8));
	rig_copy_init(&iterator->copy);
	bt_self_message_iterator_set_data(self, iterator);
	if (!open_symbols(iterator, filter) ||
	    bt_message_iterator_create_from_message_iterator(
		    self,
		    bt_self_component_filter_borrow_input_port_by_index(
			    (bt_self_component_filter *)component, 0),
		    &iterator->upstream) !=
		    BT_MESSAGE_ITERATOR_CREATE_FROM_MESSAGE_ITERATOR_STATUS_OK) {
		/* nobody finalizes what was not initialized */
		rig_filter_iterator_finalize(self);
		bt_self_message_iterator_set_data(self, NULL);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void rig_filter_iterator_finalize(bt_self_message_iterator *self)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);

	if (!iterator)
		return;
	bt_message_iterator_put_ref(iterator->upstream);
	bt_event_class_put_ref(iterator->leak_class);
	bt_stream_put_ref(iterator->leak_stream);
	rig_copy_fini(&iterator->copy);
	rig_reader_destroy(iterator->copy.state.reader);
	rig_symbols_close(iterator->copy.state.symbols);
	rig_table_fini(&iterator->copy.state.objects);
	rig_table_fini(&iterator->copy.state.pages);
	free(iterator->leaks);
	free(iterator);
}

static int by_age(const void *a, const void *b)
{
	const struct leak *x = a, *y = b;

	if (x->object.time_ns != y->object.time_ns)
		return x->object.time_ns < y->object.time_ns ? -1 : 1;
	return x->ptr < y->ptr ? -1 : x->ptr > y->ptr;
}

static void collect_leaks(struct iterator *iterator)
{
	const struct rig_table *objects = &iterator->copy.state.objects;
	const struct rig_paired *object;
	size_t position = 0;
	u64 ptr;

	iterator->leaks = calloc(objects->count + 1, sizeof(*iterator->leaks));
	while ((object = rig_table_next(objects, &position, &ptr)))
		iterator->leaks[iterator->nr_leaks++] = (struct leak){ ptr, *object };
	qsort(iterator->leaks, iterator->nr_leaks, sizeof(*iterator->leaks), by_age);
}

static const char *const leak_fields[] = {
	"ptr", "call_site", "bytes_alloc", "age_ns", "cpu", "tid"
};

/* A stream class of its own in the first trace, without packets and contexts. */
static bool open_leak_stream(struct iterator *iterator)
{
	struct rig_copy *copy = &iterator->copy;
	struct rig_pairing *trace, *trace_class, *clock;
	bt_stream_class *stream_class;
	bt_field_class *payload;
	size_t position = 0;
	u64 key;

	trace = rig_table_next(&copy->traces, &position, &key);
	if (!trace)
		return false;
	trace_class = rig_table_find(&copy->trace_classes,
				     (u64)(uintptr_t)bt_trace_borrow_class_const(trace->in));
	position = 0;
	clock = rig_table_next(&copy->clock_classes, &position, &key);
	stream_class = bt_stream_class_create_with_id(trace_class->out, 0x6c65616b);
	(void)!bt_stream_class_set_name(stream_class, "leaks");
	if (clock)
		(void)!bt_stream_class_set_default_clock_class(stream_class, clock->out);
	iterator->leak_class = bt_event_class_create(stream_class);
	(void)!bt_event_class_set_name(iterator->leak_class, "kmemrig:leak");
	payload = bt_field_class_structure_create(trace_class->out);
	for (size_t i = 0; i < sizeof(leak_fields) / sizeof(leak_fields[0]); i++) {
		bt_field_class *class = bt_field_class_integer_unsigned_create(trace_class->out);

		if (i < 2)
			bt_field_class_integer_set_preferred_display_base(
				class, BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL);
		rig_append(payload, leak_fields[i], class);
	}
	(void)!bt_event_class_set_payload_field_class(iterator->leak_class, payload);
	bt_field_class_put_ref(payload);
	iterator->leak_stream = bt_stream_create(stream_class, trace->out);
	bt_stream_class_put_ref(stream_class);
	return iterator->leak_stream != NULL;
}

static const bt_message *leak_event(struct iterator *iterator)
{
	const struct leak *leak = &iterator->leaks[iterator->next_leak++];
	s64 age = iterator->copy.last_ns - leak->object.time_ns;
	u64 values[] = { leak->ptr,
			 leak->object.call_site,
			 leak->object.bytes_alloc,
			 age > 0 ? (u64)age : 0,
			 (u64)leak->object.cpu,
			 (u64)(u32)leak->object.pid };
	bt_message *message;
	bt_field *payload;

	if (bt_stream_class_borrow_default_clock_class_const(
		    bt_stream_borrow_class_const(iterator->leak_stream)))
		message = bt_message_event_create_with_default_clock_snapshot(
			iterator->copy.self, iterator->leak_class, iterator->leak_stream,
			iterator->copy.last_value);
	else
		message = bt_message_event_create(iterator->copy.self, iterator->leak_class,
						  iterator->leak_stream);
	payload = bt_event_borrow_payload_field(bt_message_event_borrow_event(message));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		bt_field_integer_unsigned_set_value(
			bt_field_structure_borrow_member_field_by_index(payload, i), values[i]);
	return message;
}

static const bt_message *next_leak_message(struct iterator *iterator)
{
	switch (iterator->step) {
	case LEAKS_BEGIN:
		collect_leaks(iterator);
		if (!iterator->nr_leaks || !open_leak_stream(iterator)) {
			iterator->step = LEAKS_DONE;
			return NULL;
		}
		iterator->step = LEAKS_EVENTS;
		return bt_message_stream_beginning_create(iterator->copy.self,
							  iterator->leak_stream);
	case LEAKS_EVENTS:
		if (iterator->next_leak < iterator->nr_leaks)
			return leak_event(iterator);
		iterator->step = LEAKS_DONE;
		return bt_message_stream_end_create(iterator->copy.self, iterator->leak_stream);
	default:
		return NULL;
	}
}

static bt_message_iterator_class_next_method_status
next_leaks(struct iterator *iterator, bt_message_array_const messages, u64 capacity, u64 *count)
{
	const bt_message *message;

	while (iterator->copy.filter->leaks && *count < capacity &&
	       (message = next_leak_message(iterator)))
		messages[(*count)++] = message;
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK
		      : BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}

bt_message_iterator_class_next_method_status rig_filter_next(bt_self_message_iterator *self,
							     bt_message_array_const messages,
							     u64 capacity, u64 *count)
{
	struct iterator *iterator = bt_self_message_iterator_get_data(self);
	bt_message_iterator_next_status status;
	bt_message_array_const input;
	u64 nr;

	*count = 0;
	if (iterator->ended)
		return next_leaks(iterator, messages, capacity, count);
	status = bt_message_iterator_next(iterator->upstream, &input, &nr);
	if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_END) {
		iterator->ended = true;
		return next_leaks(iterator, messages, capacity, count);
	}
	if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
		return (bt_message_iterator_class_next_method_status)status;
	/* the library gives all arrays the same capacity */
	for (u64 i = 0; i < nr; i++) {
		messages[(*count)++] = rig_copy_message(&iterator->copy, input[i]);
		bt_message_put_ref(input[i]);
	}
	return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK;
}
