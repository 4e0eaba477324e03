/* SPDX-License-Identifier: GPL-2.0-only */
/* LTTng-UST provider "kmemrig": the rig's own events. Fields come from the event table. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER kmemrig

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "provider_kmemrig.h"

#if !defined(PROVIDER_KMEMRIG_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_KMEMRIG_H

#include <kmemrig/event.h>
#include <kmemrig/event_codes.h>
#include <lttng/tracepoint.h>

#include "fields.h"
#include "gfp_enum.h"

RIG_LTTNG_ENUMS(kmemrig)
RIG_OWN_EVENTS(RIG_LTTNG_EVENT)

/*
 * Whom a simulated CPU works for from here on: sent when the CPU, pid or name of a stream's events
 * changes, because the events themselves have the kernel's fields and no others.
 */
LTTNG_UST_TRACEPOINT_EVENT(kmemrig, task,
			   LTTNG_UST_TP_ARGS(int, cpu_arg, int, pid_arg, const char *, comm_arg),
			   LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, cpu, cpu_arg)
						       lttng_ust_field_integer(int, pid, pid_arg)
							       lttng_ust_field_string(comm,
										      comm_arg)))

/* The host's calls that led to the event that follows: functions, and the lines where they call. */
LTTNG_UST_TRACEPOINT_EVENT(kmemrig, callstack,
			   LTTNG_UST_TP_ARGS(const char *, stack_arg, const char *, lines_arg),
			   LTTNG_UST_TP_FIELDS(lttng_ust_field_string(stack, stack_arg)
						       lttng_ust_field_string(lines, lines_arg)))
#endif

#include <lttng/tracepoint-event.h>
