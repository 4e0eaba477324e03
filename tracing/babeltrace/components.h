/* SPDX-License-Identifier: GPL-2.0-only */
/* The methods of our component classes, which plugin.c lists. */
#ifndef RIG_BT_COMPONENTS_H
#define RIG_BT_COMPONENTS_H

#include <babeltrace2/babeltrace.h>

/* sink.kmemrig.summary, sink.kmemrig.report */
bt_component_class_initialize_method_status
rig_summary_initialize(bt_self_component_sink *component,
		       bt_self_component_sink_configuration *configuration, const bt_value *params,
		       void *data);
bt_component_class_initialize_method_status
rig_report_initialize(bt_self_component_sink *component,
		      bt_self_component_sink_configuration *configuration, const bt_value *params,
		      void *data);
bt_component_class_sink_graph_is_configured_method_status
rig_sink_graph_is_configured(bt_self_component_sink *component);
bt_component_class_sink_consume_method_status rig_sink_consume(bt_self_component_sink *component);
void rig_sink_finalize(bt_self_component_sink *component);

/* source.kmemrig.ftrace */
bt_component_class_initialize_method_status
rig_source_initialize(bt_self_component_source *component,
		      bt_self_component_source_configuration *configuration, const bt_value *params,
		      void *data);
void rig_source_finalize(bt_self_component_source *component);
bt_component_class_query_method_status rig_source_query(bt_self_component_class_source *class,
							bt_private_query_executor *executor,
							const char *object, const bt_value *params,
							void *data, const bt_value **result);
bt_message_iterator_class_initialize_method_status
rig_source_iterator_initialize(bt_self_message_iterator *self,
			       bt_self_message_iterator_configuration *configuration,
			       bt_self_component_port_output *port);
void rig_source_iterator_finalize(bt_self_message_iterator *self);
bt_message_iterator_class_next_method_status rig_source_next(bt_self_message_iterator *self,
							     bt_message_array_const messages,
							     uint64_t capacity, uint64_t *count);

/* filter.kmemrig.decode, .pair, .attribute */
#define RIG_FILTER_INITIALIZE(name)                                                                \
	bt_component_class_initialize_method_status rig_##name##_initialize(                       \
		bt_self_component_filter *component,                                               \
		bt_self_component_filter_configuration *configuration, const bt_value *params,     \
		void *data)
RIG_FILTER_INITIALIZE(decode);
RIG_FILTER_INITIALIZE(pair);
RIG_FILTER_INITIALIZE(attribute);
void rig_filter_finalize(bt_self_component_filter *component);
bt_message_iterator_class_initialize_method_status
rig_filter_iterator_initialize(bt_self_message_iterator *self,
			       bt_self_message_iterator_configuration *configuration,
			       bt_self_component_port_output *port);
void rig_filter_iterator_finalize(bt_self_message_iterator *self);
bt_message_iterator_class_next_method_status rig_filter_next(bt_self_message_iterator *self,
							     bt_message_array_const messages,
							     uint64_t capacity, uint64_t *count);

/* filter.kmemrig.lttng */
RIG_FILTER_INITIALIZE(lttng);
bt_message_iterator_class_initialize_method_status
rig_lttng_iterator_initialize(bt_self_message_iterator *self,
			      bt_self_message_iterator_configuration *configuration,
			      bt_self_component_port_output *port);
void rig_lttng_iterator_finalize(bt_self_message_iterator *self);
bt_message_iterator_class_next_method_status rig_lttng_next(bt_self_message_iterator *self,
							    bt_message_array_const messages,
							    uint64_t capacity, uint64_t *count);

#endif
