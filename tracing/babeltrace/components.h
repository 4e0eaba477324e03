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

#endif
