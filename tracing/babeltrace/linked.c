// SPDX-License-Identifier: GPL-2.0-only
/* Our component classes for a program that links them, rather than loads the plugin (plugin.c). */
#include <stdlib.h>

#include <kmemrig/components.h>
#include <linux/types.h>

#include "components.h"

static void expect(bool good)
{
	if (!good)
		abort();
}

static bt_message_iterator_class *
iterator_class(bt_message_iterator_class_next_method next,
	       bt_message_iterator_class_initialize_method initialize,
	       bt_message_iterator_class_finalize_method finalize)
{
	bt_message_iterator_class *class = bt_message_iterator_class_create(next);

	expect(class && !bt_message_iterator_class_set_initialize_method(class, initialize) &&
	       !bt_message_iterator_class_set_finalize_method(class, finalize));
	return class;
}

const bt_component_class_source *rig_linked_source(void)
{
	bt_message_iterator_class *iterator = iterator_class(
		rig_source_next, rig_source_iterator_initialize, rig_source_iterator_finalize);
	bt_component_class_source *class = bt_component_class_source_create("ftrace", iterator);

	expect(class &&
	       !bt_component_class_source_set_initialize_method(class, rig_source_initialize) &&
	       !bt_component_class_source_set_finalize_method(class, rig_source_finalize));
	bt_message_iterator_class_put_ref(iterator);
	return class;
}

static const bt_component_class_filter *
make_filter(const char *name, bt_message_iterator_class *iterator,
	    bt_component_class_filter_initialize_method initialize,
	    bt_component_class_filter_finalize_method finalize)
{
	bt_component_class_filter *class = bt_component_class_filter_create(name, iterator);

	expect(class && !bt_component_class_filter_set_initialize_method(class, initialize) &&
	       (!finalize || !bt_component_class_filter_set_finalize_method(class, finalize)));
	bt_message_iterator_class_put_ref(iterator);
	return class;
}

const bt_component_class_filter *rig_linked_filter(int number)
{
	static const struct {
		const char *name;
		bt_component_class_filter_initialize_method initialize;
	} filters[] = {
		{ "decode", rig_decode_initialize },
		{ "pair", rig_pair_initialize },
		{ "attribute", rig_attribute_initialize },
	};

	if (number < 3)
		return make_filter(filters[number].name,
				   iterator_class(rig_filter_next, rig_filter_iterator_initialize,
						  rig_filter_iterator_finalize),
				   filters[number].initialize, rig_filter_finalize);
	return make_filter("lttng",
			   iterator_class(rig_lttng_next, rig_lttng_iterator_initialize,
					  rig_lttng_iterator_finalize),
			   rig_lttng_initialize, NULL);
}

const bt_component_class_sink *rig_linked_summary(void)
{
	bt_component_class_sink *class =
		bt_component_class_sink_create("summary", rig_sink_consume);

	expect(class &&
	       !bt_component_class_sink_set_initialize_method(class, rig_summary_initialize) &&
	       !bt_component_class_sink_set_finalize_method(class, rig_sink_finalize) &&
	       !bt_component_class_sink_set_graph_is_configured_method(
		       class, rig_sink_graph_is_configured));
	return class;
}
