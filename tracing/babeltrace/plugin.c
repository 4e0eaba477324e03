// SPDX-License-Identifier: GPL-2.0-only
/* The babeltrace2 plugin "kmemrig": what it offers. */
#include "components.h"

BT_PLUGIN_MODULE();

BT_PLUGIN(kmemrig);
BT_PLUGIN_DESCRIPTION("Memory allocation events of Linux kernels and of kmemrig machines");
BT_PLUGIN_LICENSE("GPL-2.0-only");

BT_PLUGIN_SINK_COMPONENT_CLASS(summary, rig_sink_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(
	summary, "Who allocated what, what is live, what failed and why: text or JSON");
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(summary, rig_summary_initialize);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(summary, rig_sink_finalize);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(summary, rig_sink_graph_is_configured);

BT_PLUGIN_SINK_COMPONENT_CLASS(report, rig_sink_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(report, "The same as one HTML file that opens offline");
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(report, rig_report_initialize);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(report, rig_sink_finalize);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(report, rig_sink_graph_is_configured);

BT_PLUGIN_SOURCE_COMPONENT_CLASS(ftrace, rig_source_next);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_DESCRIPTION(ftrace,
					     "trace-cmd's trace.dat, ftrace text and perf.data");
BT_PLUGIN_SOURCE_COMPONENT_CLASS_INITIALIZE_METHOD(ftrace, rig_source_initialize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_FINALIZE_METHOD(ftrace, rig_source_finalize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_QUERY_METHOD(ftrace, rig_source_query);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	ftrace, rig_source_iterator_initialize);
BT_PLUGIN_SOURCE_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	ftrace, rig_source_iterator_finalize);

BT_PLUGIN_FILTER_COMPONENT_CLASS(decode, rig_filter_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(
	decode, "Adds the names of gfp flags, migrate types and call sites");
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(decode, rig_decode_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_FINALIZE_METHOD(decode, rig_filter_finalize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	decode, rig_filter_iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	decode, rig_filter_iterator_finalize);

BT_PLUGIN_FILTER_COMPONENT_CLASS(pair, rig_filter_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(
	pair, "Adds lifetimes to frees, marks unknown ones, and tells what was never freed");
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(pair, rig_pair_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_FINALIZE_METHOD(pair, rig_filter_finalize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	pair, rig_filter_iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	pair, rig_filter_iterator_finalize);

BT_PLUGIN_FILTER_COMPONENT_CLASS(attribute, rig_filter_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(attribute, "Tells which pages hold objects");
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(attribute, rig_attribute_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_FINALIZE_METHOD(attribute, rig_filter_finalize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	attribute, rig_filter_iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	attribute, rig_filter_iterator_finalize);

BT_PLUGIN_FILTER_COMPONENT_CLASS(lttng, rig_lttng_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(
	lttng, "Makes of any input the trace that LTTng's kernel tracer would have written");
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(lttng, rig_lttng_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(
	lttng, rig_lttng_iterator_initialize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(
	lttng, rig_lttng_iterator_finalize);
