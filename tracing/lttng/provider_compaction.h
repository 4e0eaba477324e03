/* SPDX-License-Identifier: GPL-2.0-only */
/* LTTng-UST provider "compaction": steps of compaction under the kernel's names. Fields come from
 * the event table. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER compaction

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "provider_compaction.h"

#if !defined(PROVIDER_COMPACTION_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_COMPACTION_H

#include <kmemrig/event.h>
#include <kmemrig/event_codes.h>
#include <lttng/tracepoint.h>

#include "fields.h"
#include "gfp_enum.h"

RIG_LTTNG_ENUMS(compaction)
RIG_COMPACTION_EVENTS(RIG_LTTNG_EVENT)
#endif

#include <lttng/tracepoint-event.h>
