/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The component classes of the babeltrace2 plugin for a program that links them in, as the fuzzer
 * does. Each call makes one; the caller puts its reference. They abort where memory is short.
 */
#ifndef KMEMRIG_COMPONENTS_H
#define KMEMRIG_COMPONENTS_H

#include <babeltrace2/babeltrace.h>

const bt_component_class_source *rig_linked_source(void); /* source.kmemrig.ftrace */

/* filter.kmemrig.NAME, in the order decode, pair, attribute, lttng. */
#define RIG_LINKED_FILTERS 4
const bt_component_class_filter *rig_linked_filter(int number);

const bt_component_class_sink *rig_linked_summary(void); /* sink.kmemrig.summary */

#endif
