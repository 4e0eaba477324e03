/* SPDX-License-Identifier: GPL-2.0-only */
/* LTTng-UST provider "vmscan": steps of reclaim under the kernel's names. Fields come from the
 * event table. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER vmscan

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "provider_vmscan.h"

#if !defined(PROVIDER_VMSCAN_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_VMSCAN_H

#include <kmemrig/event.h>
#include <kmemrig/event_codes.h>
#include <lttng/tracepoint.h>

#include "fields.h"
#include "gfp_enum.h"

RIG_LTTNG_ENUMS(vmscan)
RIG_VMSCAN_EVENTS(RIG_LTTNG_EVENT)
#endif

#include <lttng/tracepoint-event.h>
